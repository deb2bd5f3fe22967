import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct NotificationStoreTests {
    // MARK: - Deciding

    @Test func whatWasDecidedIsNotDecidedAgain() async throws {
        let scene = try await NotificationScene("once")
        let people = [try await scene.person("ann"), try await scene.person("bob", .agent)]
        let hook = NotificationPlan.Hook(
            id: UUID(), medium: .webhook, name: "Hook", events: ["first_error"], disabledReason: nil)
        try await scene.record(scene.plan(people, hooks: [hook]), lease: try await scene.lease())
        let first = try await scene.lines()
        #expect(first.count == 3)
        let mail = try #require(first.first { $0.recipient == "ann@example.com" })
        #expect(mail.state == .queued && mail.reason == "role owner" && mail.attempts == 0)
        #expect(mail.messageID == "<\(mail.id.uuidString.lowercased())@logs.example.com>")
        let called = try #require(first.first { $0.medium == .webhook })
        #expect(called.messageID == called.id.uuidString.lowercased())
        let suppressed = try #require(first.first { $0.state == .suppressed })
        #expect(suppressed.recipient == "bob@example.com" && suppressed.messageID == nil)
        let mails = [mail.id.uuidString.lowercased()]
        #expect(try await scene.payloads("mail_notification") == mails)
        #expect(try await scene.payloads("hook_notification") == [called.id.uuidString.lowercased()])

        // another worker decides otherwise, and one person came in addition
        let cleo = try await scene.person("cleo", .agent)
        let second = try await scene.lease()
        try await scene.record(scene.plan(people + [cleo], hooks: [hook], roles: [.agent]), lease: second)
        let lines = try await scene.lines()
        #expect(lines.count == 4)
        for line in first {
            let same = lines.first { $0.id == line.id }
            #expect(same?.state == line.state && same?.reason == line.reason && same?.messageID == line.messageID)
        }
        #expect(try await scene.payloads("mail_notification").count == 2)
        #expect(try await scene.payloads("hook_notification").count == 1)
        // both jobs ended with what they decided
        #expect(try await scene.payloads("test").isEmpty)
        // something else is decided on its own
        try await scene.record(scene.plan(people), subject: "another", lease: try await scene.lease())
        #expect(try await scene.lines().count == 6)
    }

    @Test func manyWorkersDecideOnce() async throws {
        let scene = try await NotificationScene("race")
        var people: [Member] = []
        for name in ["ann", "bob", "cleo"] { people.append(try await scene.person(name)) }
        let plan = scene.plan(people)
        var leases: [JobLease] = []
        for _ in 0..<12 { leases.append(try await scene.lease()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lease in leases { group.addTask { try await scene.record(plan, lease: lease) } }
            try await group.waitForAll()
        }
        #expect(try await scene.lines().count == 3)
        #expect(try await scene.payloads("mail_notification").count == 3)
    }

    @Test func quietHoursPutJobsOff() async throws {
        let scene = try await NotificationScene("quiet")
        let minute = Int(scene.now.microseconds / 60_000_000 % 1440)
        let quiet = QuietHours(
            from: ClockTime(minutes: (minute + 1439) % 1440), to: ClockTime(minutes: (minute + 90) % 1440),
            timeZone: "UTC")
        let person = try await scene.person("ann")
        try await scene.record(scene.plan([person], quietHours: quiet), lease: try await scene.lease())
        let due = try #require(quiet.end(holding: scene.now))
        let line = try #require(try await scene.lines().first)
        #expect(line.state == .queued && line.dueAt == due)
        let runAt = try await scene.store.administer { connection in
            try connection.query("select run_at from job") { row in try row.decode(Timestamp.self, at: 0) }
        }
        #expect(runAt == [due])
    }

    @Test func whoLostTheJobDecidesNothing() async throws {
        let scene = try await NotificationScene("decide_late")
        let lease = try await scene.lostLease()
        let plan = scene.plan([try await scene.person("ann")])
        await #expect(throws: LeaseLost.self) { try await scene.record(plan, lease: lease) }
        #expect(try await scene.lines().isEmpty)
        #expect(try await scene.payloads("mail_notification").isEmpty)
    }

    // MARK: - Sending

    @Test(arguments: [
        (NotificationState.queued, Int16(0), Int16(0)), (.sending, 0, 1), (.sending, 1, 2), (.uncertain, 1, 1),
    ])
    func beginningCountsATry(state: NotificationState, uncertainties: Int16, expected: Int16) async throws {
        let scene = try await NotificationScene("begin_\(state.rawValue)_\(uncertainties)")
        let person = try await scene.person("ann")
        let id = try await scene.line(state: state, to: person, uncertainties: uncertainties)
        let lease = try await scene.lease()
        let begun = try await scene.ledger.begin(id, tenant: scene.tenant, lease: lease, now: scene.now)
        let pending = try #require(begun)
        #expect(pending.id == id && pending.tenant == scene.tenant && pending.tenantName == "Test")
        #expect(pending.event == .firstError && pending.medium == .mail && pending.subjectKey == "subject:\(id)")
        #expect(pending.recipient == "ann@example.com" && pending.userID == person.userID && pending.channelID == nil)
        #expect(pending.attempts == 4 && pending.uncertainties == Int(expected))
        #expect(pending.createdAt == scene.now && pending.dueAt == nil && pending.objection == nil)
        #expect(
            try await scene.standing(id)
                == .init(state: "sending", reason: "as before", attempts: 4, uncertainties: expected))
        #expect(try await scene.holds(lease))
    }

    @Test(arguments: [NotificationState.sent, .suppressed, .dead])
    func whatIsOverIsNotBegun(state: NotificationState) async throws {
        let scene = try await NotificationScene("over_\(state.rawValue)")
        let id = try await scene.line(state: state)
        let lease = try await scene.lease()
        #expect(try await scene.ledger.begin(id, tenant: scene.tenant, lease: lease, now: scene.now) == nil)
        #expect(
            try await scene.standing(id)
                == .init(state: state.rawValue, reason: "as before", attempts: 3, uncertainties: 0))
        #expect(try await scene.ledger.begin(UUID(), tenant: scene.tenant, lease: lease, now: scene.now) == nil)
        let other = try await scene.store.tenant("Other").id
        let open = try await scene.line()
        #expect(try await scene.ledger.begin(open, tenant: other, lease: lease, now: scene.now) == nil)
        #expect(try await scene.standing(open).state == "queued")
    }

    @Test(arguments: [NotificationState.sent, .uncertain, .suppressed, .dead], [false, true])
    func endingSaysHow(state: NotificationState, keepsJob: Bool) async throws {
        let scene = try await NotificationScene("finish_\(state.rawValue)_\(keepsJob)")
        let id = try await scene.line(state: .sending)
        let lease = try await scene.lease()
        try await scene.ledger.finish(
            id, tenant: scene.tenant, lease: lease, state: state,
            reason: "550 no\u{0}\r\n such user " + String(repeating: "é", count: 2000), now: scene.now,
            keepsJob: keepsJob)
        let standing = try await scene.standing(id)
        #expect(standing.state == state.rawValue && standing.attempts == 3)
        #expect(standing.reason.hasPrefix("550 no    such user é") && standing.reason.count == 500)
        #expect(standing.sentAt == (state == .sent ? scene.now : nil))
        #expect(try await scene.holds(lease) == keepsJob)
    }

    @Test(arguments: [false, true])
    func puttingBackLeavesItToAnotherTry(isUncertain: Bool) async throws {
        let scene = try await NotificationScene("back_\(isUncertain)")
        let id = try await scene.line(state: .sending, uncertainties: 1)
        let lease = try await scene.lease()
        try await scene.ledger.putBack(
            id, tenant: scene.tenant, lease: lease, reason: "busy\n", isUncertain: isUncertain)
        #expect(
            try await scene.standing(id)
                == .init(
                    state: isUncertain ? "uncertain" : "queued", reason: "busy ", attempts: 3,
                    uncertainties: isUncertain ? 2 : 1))
        #expect(try await scene.holds(lease))
    }

    @Test func whoLostTheJobChangesNothing() async throws {
        let scene = try await NotificationScene("late")
        let (queued, sending) = (try await scene.line(), try await scene.line(state: .sending))
        let lease = try await scene.lostLease()
        let (ledger, tenant, now) = (scene.ledger, scene.tenant, scene.now)
        await #expect(throws: LeaseLost.self) { try await ledger.begin(queued, tenant: tenant, lease: lease, now: now) }
        for keepsJob in [false, true] {
            await #expect(throws: LeaseLost.self) {
                try await ledger.finish(
                    sending, tenant: tenant, lease: lease, state: .sent, reason: "", now: now, keepsJob: keepsJob)
            }
        }
        await #expect(throws: LeaseLost.self) {
            try await ledger.putBack(sending, tenant: tenant, lease: lease, reason: "late", isUncertain: true)
        }
        #expect(try await scene.standing(queued).state == "queued")
        #expect(
            try await scene.standing(sending)
                == .init(state: "sending", reason: "as before", attempts: 3, uncertainties: 0))
        // the other worker's job is not touched
        #expect(try await scene.holds(JobLease(jobID: lease.jobID, token: lease.token &- 1)))
    }

    // MARK: - Who must not be told any more

    private func objection(_ scene: NotificationScene, _ id: UUID) async throws -> String? {
        let lease = try await scene.lease()
        let begun = try await scene.ledger.begin(id, tenant: scene.tenant, lease: lease, now: scene.now)
        return try #require(begun).objection
    }

    @Test func peopleWhoLeftAreNotTold() async throws {
        let scene = try await NotificationScene("left")
        let members = MemberStore(database: scene.store.database)
        let (removed, disabled) = (try await scene.person("ann", .agent), try await scene.person("bob", .agent))
        let (shutOut, back) = (try await scene.person("cleo", .agent), try await scene.person("dan", .agent))
        var ids: [UUID: UUID] = [:]
        for person in [removed, disabled, shutOut, back] { ids[person.userID] = try await scene.line(to: person) }
        #expect(try await members.remove(removed.userID, tenant: scene.tenant))
        var change = MemberStore.Change()
        change.isDisabled = true
        for person in [shutOut, back] {
            _ = try await members.update(person.userID, tenant: scene.tenant, change, now: scene.now)
        }
        change.isDisabled = false
        _ = try await members.update(back.userID, tenant: scene.tenant, change, now: scene.now)
        try await scene.store.administer { connection in
            try connection.execute("update app_user set disabled_at = now() where user_id = \(disabled.userID)")
        }
        for person in [removed, disabled, shutOut] {
            let id = try #require(ids[person.userID])
            #expect(try await objection(scene, id) == "no longer a member", "\(person.email)")
        }
        #expect(try await objection(scene, try #require(ids[back.userID])) == nil)
    }

    /// Who is a member elsewhere is nobody here.
    @Test func membersOfAnotherTenantAreNotTold() async throws {
        let scene = try await NotificationScene("elsewhere")
        let person = try await scene.person("ann", .agent)
        let id = try await scene.line(to: person)
        let other = try await scene.store.tenant("Other").id
        try await scene.store.administer { connection in
            try connection.execute(
                "update membership set tenant_id = \(other.rawValue) where user_id = \(person.userID)")
        }
        #expect(try await objection(scene, id) == "no longer a member")
    }

    @Test func eachSwitchIsForItsEvent() async throws {
        let scene = try await NotificationScene("switches")
        let settings = NotificationSettingStore(database: scene.store.database)
        let person = try await scene.person("ann")
        let events: [NotificationEvent] = [.firstError, .reauthorise, .test]
        for (first, second) in [(true, true), (false, true), (true, false), (false, false)] {
            let preferences = NotificationPreferences(firstError: first, reauthorise: second)
            try await settings.set(preferences, of: person.userID, tenant: scene.tenant)
            for event in events {
                let id = try await scene.line(event: event, to: person)
                let expected = preferences.wants(event) ? nil : "switched off by the recipient"
                #expect(try await objection(scene, id) == expected, "\(event) \(preferences)")
            }
        }
        // hooks are nobody's to switch off there
        #expect(try await objection(scene, try await scene.line()) == nil)
    }

    @Test func whoUnsubscribedMeanwhileIsNotTold() async throws {
        let scene = try await NotificationScene("unsubscribed")
        let settings = NotificationSettingStore(database: scene.store.database)
        let (ann, bob) = (try await scene.person("ann"), try await scene.person("bob"))
        let earlier = try await scene.line(state: .sent, to: ann)
        let (mine, theirs) = (try await scene.line(to: ann), try await scene.line(to: bob))
        let done = try await settings.unsubscribe(notification: earlier, tenant: scene.tenant)
        #expect(done?.recipient == "ann@example.com")
        #expect(try await objection(scene, mine) == "switched off by the recipient")
        #expect(try await objection(scene, theirs) == nil)
    }
}
