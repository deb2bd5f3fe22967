import Domain
import Foundation
import Testing

@Suite struct NotificationPlanTests {
    private let now = Timestamp(microseconds: 1_782_903_600_000_000)  // 2026-07-01T11:00:00Z
    private let night = QuietHours(
        from: ClockTime(minutes: 10 * 60), to: ClockTime(minutes: 12 * 60 + 30), timeZone: "UTC")

    private func person(
        _ name: String, _ role: Role, isDisabled: Bool = false, preferences: NotificationPreferences = .usual
    ) -> NotificationPlan.Person {
        NotificationPlan.Person(
            member: Member(
                userID: UUID(), email: "\(name)@example.com", name: name, role: role, isCreator: false, isActive: true,
                isDisabled: isDisabled, createdAt: now),
            preferences: preferences)
    }

    private func hook(
        _ name: String, _ medium: NotificationMedium = .webhook, events: [String] = ["first_error"],
        disabledReason: String? = nil
    ) -> NotificationPlan.Hook {
        NotificationPlan.Hook(id: UUID(), medium: medium, name: name, events: events, disabledReason: disabledReason)
    }

    private func settings(_ roles: Set<Role>, quietHours: QuietHours? = nil) -> NotificationSettings {
        NotificationSettings(firstErrorRoles: roles, reauthoriseRoles: [.agent], quietHours: quietHours)
    }

    private func decide(
        _ event: NotificationEvent = .firstError, people: [NotificationPlan.Person] = [],
        hooks: [NotificationPlan.Hook] = [], _ settings: NotificationSettings
    ) -> [NotificationPlan.Decision] {
        NotificationPlan(event, people: people, hooks: hooks, settings: settings, now: now).decisions
    }

    private let everyRole = Role.allCases

    @Test func theUsualIsThatOwnersAreTold() {
        let people = everyRole.map { person($0.rawValue, $0) }
        let decisions = decide(people: people, .usual)
        #expect(decisions.count == 4)
        for (person, role) in zip(people, everyRole) {
            let decision = decisions.first { $0.userID == person.member.userID }
            #expect(decision?.medium == .mail && decision?.recipient == person.member.email)
            #expect(decision?.channelID == nil && decision?.dueAt == nil)
            #expect(decision?.state == (role == .owner ? .queued : .suppressed))
            #expect(decision?.reason == (role == .owner ? "role owner" : "role switched off: \(role.rawValue)"))
        }
    }

    /// Whatever roles are on: everybody has one line, and it says what their role is set to.
    @Test func everySetOfRoles() {
        let people = everyRole.flatMap { role in (0..<3).map { person("\(role.rawValue)\($0)", role) } }
        for bits in 0..<16 {
            let enabled = Set(everyRole.enumerated().filter { bits & (1 << $0.offset) != 0 }.map(\.element))
            let decisions = decide(people: people, settings(enabled))
            #expect(Set(decisions.compactMap(\.userID)) == Set(people.map(\.member.userID)))
            #expect(decisions.count == people.count)
            for person in people {
                let state = decisions.first { $0.userID == person.member.userID }?.state
                #expect(state == (enabled.contains(person.member.role) ? .queued : .suppressed))
            }
        }
    }

    @Test func eachEventHasItsRoles() {
        let people = everyRole.map { person($0.rawValue, $0) }
        let queued = decide(.reauthorise, people: people, settings([.owner])).filter { $0.state == .queued }
        #expect(queued.map(\.recipient) == ["agent@example.com"])
    }

    @Test func peopleWhoSwitchedItOffAreNotTold() {
        let off = NotificationPreferences(firstError: false, reauthorise: true)
        let other = NotificationPreferences(firstError: true, reauthorise: false)
        let people = [person("off", .owner, preferences: off), person("other", .owner, preferences: other)]
        let decisions = decide(people: people, settings([.owner], quietHours: night))
        #expect(decisions.map(\.state) == [.suppressed, .queued])
        #expect(decisions.map(\.reason).first == "switched off by the recipient")
        #expect(decisions.first?.dueAt == nil)
    }

    @Test func peopleWhoAreShutOutAreNotTold() {
        let off = NotificationPreferences(firstError: false, reauthorise: false)
        let people = [
            person("out", .owner, isDisabled: true), person("both", .owner, isDisabled: true, preferences: off),
        ]
        let decisions = decide(people: people, settings([.owner], quietHours: night))
        #expect(decisions.map(\.state) == [.suppressed, .suppressed])
        #expect(decisions.map(\.reason) == ["shut out of the tenant", "shut out of the tenant"])
        #expect(decisions.allSatisfy { $0.dueAt == nil })
    }

    @Test func inQuietHoursPeopleAndChatsWaitAndMachinesDoNot() {
        let hooks = [hook("Hook"), hook("Chat", .slack)]
        let decisions = decide(people: [person("a", .owner)], hooks: hooks, settings([.owner], quietHours: night))
        let end = now.advanced(bySeconds: 90 * 60)
        #expect(decisions.map(\.medium) == [.mail, .webhook, .slack])
        #expect(decisions.map(\.state) == [.queued, .queued, .queued])
        #expect(decisions.map(\.dueAt) == [end, nil, end])
        #expect(
            decisions.map(\.reason)
                == ["quiet hours until 12:30 (UTC)", "channel Hook", "quiet hours until 12:30 (UTC)"])
        #expect(decisions.map(\.channelID) == [nil] + hooks.map(\.id))
    }

    @Test func outsideQuietHoursNobodyWaits() {
        let ended = QuietHours(from: ClockTime(minutes: 0), to: ClockTime(minutes: 11 * 60), timeZone: "UTC")
        let decisions = decide(
            people: [person("a", .owner)], hooks: [hook("Hook"), hook("Chat", .slack)],
            settings([.owner], quietHours: ended))
        #expect(decisions.allSatisfy { $0.dueAt == nil && $0.state == .queued })
        #expect(decisions.map(\.reason) == ["role owner", "channel Hook", "channel Chat"])
    }

    @Test(arguments: [0, 1, 20, 21, 500])
    func ofManyWhoseRoleIsOffThereIsOneLine(count: Int) {
        let people = (0..<count).map { person("agent\($0)", .agent) } + [person("owner", .owner)]
        let decisions = decide(people: people, settings([.owner]))
        let suppressed = decisions.filter { $0.state == .suppressed }
        #expect(decisions.count - suppressed.count == 1)
        guard count > 20 else {
            #expect(suppressed.map(\.recipient) == people.dropLast().map(\.member.email))
            #expect(suppressed.map(\.userID) == people.dropLast().map(\.member.userID))
            return
        }
        #expect(suppressed.map(\.recipient) == ["all \(count) with role agent"])
        #expect(suppressed.map(\.reason) == ["role switched off: agent"])
        #expect(suppressed.map(\.userID) == [nil])
    }

    /// Of a role that is on, everybody has a line, however many they are.
    @Test func everybodyWhoseRoleIsOnIsTold() {
        let people = (0..<500).map { person("agent\($0)", .agent) }
        let decisions = decide(people: people, settings([.agent]))
        #expect(Set(decisions.map(\.recipient)).count == 500)
        #expect(decisions.allSatisfy { $0.state == .queued })
    }

    @Test func aHookThatIsSwitchedOffIsNotCalledAndTheLedgerSaysWhy() throws {
        let off = hook("Off", .slack, disabledReason: "it answered 404")
        let decision = try #require(decide(hooks: [off], settings([], quietHours: night)).first)
        #expect(decision.state == .suppressed && decision.medium == .slack && decision.channelID == off.id)
        #expect(decision.reason == "switched off: it answered 404")
        #expect(decision.dueAt == nil)
    }

    @Test func aHookThatDoesNotListenHasNoLine() {
        let hooks = [
            hook("Other", events: ["reauthorise"]), hook("None", events: []),
            hook("Both", events: ["reauthorise", "first_error"]),
            hook("Off", events: ["reauthorise"], disabledReason: "off"),
        ]
        #expect(decide(hooks: hooks, settings([])).map(\.recipient) == ["Both"])
    }

    @Test func whereNobodyIsThereIsNothingToDecide() {
        #expect(decide(people: [], settings(Set(everyRole), quietHours: night)).isEmpty)
        #expect(decide(people: [], settings([])).isEmpty)
    }
}
