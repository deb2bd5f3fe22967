import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct NotificationSettingStoreTests {
    private func store(_ scene: NotificationScene) -> NotificationSettingStore {
        NotificationSettingStore(database: scene.store.database)
    }

    @Test func withoutSettingsTheUsualHolds() async throws {
        let scene = try await NotificationScene("usual")
        #expect(try await store(scene).settings(of: scene.tenant) == .usual)
        #expect(NotificationSettings.usual.roles(for: .firstError) == [.owner])
        #expect(NotificationSettings.usual.roles(for: .reauthorise) == [.owner])
        #expect(NotificationSettings.usual.quietHours == nil)
        #expect(try await store(scene).preferences(of: UUID(), tenant: scene.tenant) == .usual)
    }

    @Test func whatIsSetIsReadBack() async throws {
        let scene = try await NotificationScene("settings")
        let other = try await scene.store.tenant("Other").id
        for bits in 0..<16 {
            let roles = Set(Role.allCases.enumerated().filter { bits & (1 << $0.offset) != 0 }.map(\.element))
            let quiet = QuietHours(
                from: ClockTime(minutes: bits * 89), to: ClockTime(minutes: (bits * 89 + 61) % 1440),
                timeZone: "America/Argentina/Buenos_Aires")
            let settings = NotificationSettings(
                firstErrorRoles: roles, reauthoriseRoles: Set(Role.allCases).subtracting(roles),
                quietHours: bits.isMultiple(of: 3) ? nil : quiet)
            try await store(scene).set(settings, tenant: scene.tenant)
            #expect(try await store(scene).settings(of: scene.tenant) == settings)
        }
        #expect(try await store(scene).settings(of: other) == .usual)
    }

    /// Every minute of a day is kept to the minute.
    @Test(arguments: [0, 1, 59, 60, 719, 720, 1438, 1439])
    func minutesAreKept(minute: Int) async throws {
        let scene = try await NotificationScene("minutes_\(minute)")
        let quiet = QuietHours(
            from: ClockTime(minutes: minute), to: ClockTime(minutes: (minute + 1) % 1440), timeZone: "UTC")
        let settings = NotificationSettings(firstErrorRoles: [], reauthoriseRoles: [], quietHours: quiet)
        try await store(scene).set(settings, tenant: scene.tenant)
        #expect(try await store(scene).settings(of: scene.tenant) == settings)
    }

    @Test func hoursThatEndWhenTheyBeginAreRefused() async throws {
        let scene = try await NotificationScene("empty_hours")
        let quiet = QuietHours(from: ClockTime(minutes: 60), to: ClockTime(minutes: 60), timeZone: "UTC")
        let settings = NotificationSettings(firstErrorRoles: [], reauthoriseRoles: [], quietHours: quiet)
        let refusal = await #expect(throws: DatabaseError.self) {
            try await store(scene).set(settings, tenant: scene.tenant)
        }
        #expect(refusal?.constraint == "notification_setting_quiet_hours")
        #expect(try await store(scene).settings(of: scene.tenant) == .usual)
    }

    @Test func preferencesAreAPersonsOwn() async throws {
        let scene = try await NotificationScene("preferences")
        let (ann, bob) = (try await scene.person("ann"), try await scene.person("bob"))
        let other = try await scene.store.tenant("Other").id
        for (first, second) in [(false, true), (true, false), (false, false), (true, true), (false, true)] {
            let preferences = NotificationPreferences(firstError: first, reauthorise: second)
            try await store(scene).set(preferences, of: ann.userID, tenant: scene.tenant)
            #expect(try await store(scene).preferences(of: ann.userID, tenant: scene.tenant) == preferences)
        }
        #expect(try await store(scene).preferences(of: bob.userID, tenant: scene.tenant) == .usual)
        // in another tenant they may want to be told
        #expect(try await store(scene).preferences(of: ann.userID, tenant: other) == .usual)
    }

    @Test(arguments: NotificationEvent.allCases)
    func aLinkInAMailSwitchesItsEventOff(event: NotificationEvent) async throws {
        let scene = try await NotificationScene("link_\(event.rawValue)")
        let ann = try await scene.person("ann")
        let id = try await scene.line(state: .sent, event: event, to: ann)
        // a second click finds it done
        for _ in 0..<2 {
            let done = try await store(scene).unsubscribe(notification: id, tenant: scene.tenant)
            #expect(done?.event == event && done?.recipient == "ann@example.com")
            let preferences = try await store(scene).preferences(of: ann.userID, tenant: scene.tenant)
            #expect(preferences.firstError == (event != .firstError))
            #expect(preferences.reauthorise == (event != .reauthorise))
        }
    }

    @Test func aLinkSwitchesOffNothingElse() async throws {
        let scene = try await NotificationScene("link_only")
        let ann = try await scene.person("ann")
        try await store(scene).set(.init(firstError: true, reauthorise: false), of: ann.userID, tenant: scene.tenant)
        let id = try await scene.line(state: .sent, to: ann)
        _ = try await store(scene).unsubscribe(notification: id, tenant: scene.tenant)
        let preferences = try await store(scene).preferences(of: ann.userID, tenant: scene.tenant)
        #expect(preferences == .init(firstError: false, reauthorise: false))
    }

    @Test func aLinkOfNobodysDoesNothing() async throws {
        let scene = try await NotificationScene("link_nobody")
        let ann = try await scene.person("ann")
        let other = try await scene.store.tenant("Other").id
        let (mail, hook) = (try await scene.line(state: .sent, to: ann), try await scene.line(state: .sent))
        #expect(try await store(scene).unsubscribe(notification: hook, tenant: scene.tenant) == nil)
        #expect(try await store(scene).unsubscribe(notification: UUID(), tenant: scene.tenant) == nil)
        #expect(try await store(scene).unsubscribe(notification: mail, tenant: other) == nil)
        #expect(try await store(scene).preferences(of: ann.userID, tenant: scene.tenant) == .usual)
    }
}
