import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Vault

@Suite(.timeLimit(.minutes(10))) struct NotificationChannelStoreTests {
    private let vault: Vault
    private let now = Timestamp(Date())

    init() throws { vault = Vault(keys: [try EncryptionKey(id: "k1", bytes: [UInt8](repeating: 7, count: 32))]) }

    private func make(
        _ channels: NotificationChannelStore, _ tenant: TenantID, name: String = "Hook",
        kind: NotificationChannel.Kind = .webhook, url: String = "https://hooks.example.com/T0/secret?key=hidden"
    ) async throws -> NotificationChannelStore.NewChannel {
        try await channels.create(
            tenant: tenant, kind: kind, name: name, url: try OutgoingURL(url), events: [.firstError], creator: nil)
    }

    @Test func secretsAreSealed() async throws {
        let store = try await TestStore.make("channels_sealed")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let tenant = try await store.tenant().id
        let made = try await make(channels, tenant)
        #expect(made.channel.origin == "https://hooks.example.com")
        let secret = try #require(made.secret)
        #expect(secret.hasPrefix("whsec_") && Data(base64Encoded: String(secret.dropFirst(6)))?.count == 32)
        #expect(try await channels.list(tenant: tenant, after: nil, limit: 10) == [made.channel])
        let row = try await store.administer { connection in
            try connection.first("select row_to_json(c)::text, sealed_url, sealed_secret from notification_channel c") {
                row in
                try row.decode(String.self, [UInt8].self, [UInt8].self)
            }
        }
        let (text, url, sealed) = try #require(row)
        let plain = text + String(decoding: url + sealed, as: UTF8.self)
        for hidden in ["/T0", "hidden", String(secret.dropFirst(6))] { #expect(!plain.contains(hidden)) }
        let opened = try #require(try await channels.findForDelivery(made.channel.id, tenant: tenant))
        #expect(opened.url == "https://hooks.example.com/T0/secret?key=hidden" && opened.secret == secret)

        // what was moved to another row does not open
        let other = try await make(channels, tenant, name: "Other")
        let id = other.channel.id
        try await store.administer { connection in
            try connection.execute("update notification_channel set sealed_url = \(url) where channel_id = \(id)")
        }
        await #expect(throws: VaultError.doesNotOpen(keyID: "k1")) {
            try await channels.findForDelivery(id, tenant: tenant)
        }

        let rotated = try await channels.rotateSecret(made.channel.id, tenant: tenant)
        let again = try #require(rotated)
        #expect(again != secret)
        #expect(try await channels.findForDelivery(made.channel.id, tenant: tenant)?.secret == again)
        #expect(try await channels.rotateSecret(UUID(), tenant: tenant) == nil)
        let slack = try await make(channels, tenant, name: "Slack", kind: .slack)
        #expect(slack.secret == nil)
        await #expect(throws: Problem.self) { try await channels.rotateSecret(slack.channel.id, tenant: tenant) }
    }

    @Test func anotherTenantSeesNothing() async throws {
        let store = try await TestStore.make("channels_tenants")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let (mine, theirs) = (try await store.tenant("Mine").id, try await store.tenant("Theirs").id)
        let id = try await make(channels, mine).channel.id
        #expect(try await channels.list(tenant: theirs, after: nil, limit: 10).isEmpty)
        #expect(try await channels.update(id, tenant: theirs, .init(), now: now) == nil)
        #expect(try await channels.rotateSecret(id, tenant: theirs) == nil)
        #expect(try await channels.findForDelivery(id, tenant: theirs) == nil)
        #expect(try await channels.test(id, tenant: theirs, person: nil, now: now) == nil)
        #expect(try await !channels.remove(id, tenant: theirs))
        #expect(try await channels.list(tenant: mine, after: nil, limit: 10).count == 1)
        #expect(try await channels.remove(id, tenant: mine))
        #expect(try await !channels.remove(id, tenant: mine))
    }

    @Test func thereAreAtMostTwenty() async throws {
        let store = try await TestStore.make("channels_limit")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let tenant = try await store.tenant().id
        let made = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<30 {
                group.addTask { (try? await make(channels, tenant, name: "Hook \(number)")) != nil }
            }
            return await group.filter(\.self).reduce(0) { count, _ in count + 1 }
        }
        #expect(made == 20)
        var seen: [UUID] = []
        while true {
            let page = try await channels.list(tenant: tenant, after: seen.last, limit: 7)
            seen += page.map(\.id)
            if page.count < 7 { break }
        }
        #expect(Set(seen).count == 20 && seen.count == 20)
    }

    @Test func namesAreOnce() async throws {
        let store = try await TestStore.make("channels_names")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let tenant = try await store.tenant().id
        _ = try await make(channels, tenant)
        let taken = await #expect(throws: Problem.self) { try await make(channels, tenant, kind: .slack) }
        #expect(taken?.code == .conflict)
        let other = try await make(channels, tenant, name: "Other").channel
        func rename(to name: String) async throws {
            var change = NotificationChannelStore.Change()
            change.name = name
            _ = try await channels.update(other.id, tenant: tenant, change, now: now)
        }
        let renamed = await #expect(throws: Problem.self) { try await rename(to: "Hook") }
        #expect(renamed?.code == .conflict)
        let long = String(repeating: "e\u{301}", count: 150)
        #expect(await #expect(throws: Problem.self) { try await rename(to: long) }?.code == .invalidParameter)
    }

    @Test func changesAreThoseThatWereAskedFor() async throws {
        let store = try await TestStore.make("channels_changes")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let tenant = try await store.tenant().id
        let made = try await make(channels, tenant).channel
        func change(_ set: (inout NotificationChannelStore.Change) -> Void) async throws -> NotificationChannel {
            var change = NotificationChannelStore.Change()
            set(&change)
            return try #require(try await channels.update(made.id, tenant: tenant, change, now: now))
        }
        #expect(try await change { _ in } == made)
        #expect(try await change { $0.name = "New" }.name == "New")
        #expect(try await change { $0.events = [.reauthorise] }.events == [.reauthorise])
        let url = try OutgoingURL("http://other.example.com:8080/x")
        #expect(try await change { $0.url = url }.origin == "http://other.example.com:8080")
        #expect(try await channels.findForDelivery(made.id, tenant: tenant)?.url == url.text)
        let disabled = try await change { $0.isEnabled = false }
        #expect(disabled.disabledReason == "switched off" && disabled.disabledAt == now)
        let enabled = try await change { $0.isEnabled = true }
        #expect(enabled.disabledReason == nil && enabled.disabledAt == nil)
    }

    @Test func whatFailsForDaysIsDisabled() async throws {
        let store = try await TestStore.make("channels_failing")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let tenant = try await store.tenant().id
        let id = try await make(channels, tenant).channel.id
        func fail(afterHours hours: Int64, isGone: Bool = false) async throws -> NotificationChannel {
            try await channels.noteFailure(
                id, tenant: tenant, reason: "it answered 500", isGone: isGone,
                now: now.advanced(bySeconds: hours * 3600))
            return try #require(try await channels.list(tenant: tenant, after: nil, limit: 1).first)
        }
        // many failures in less than three days are not enough, nor are three days with few
        for hour in 0..<20 { #expect(try await fail(afterHours: Int64(hour)).disabledAt == nil) }
        #expect(try await fail(afterHours: 71).failures == 21)
        try await channels.noteSuccess(id, tenant: tenant, now: now.advanced(bySeconds: 71 * 3600))
        for hour in 0..<9 { #expect(try await fail(afterHours: Int64(72 + hour * 12)).disabledAt == nil, "\(hour)") }
        let disabled = try await fail(afterHours: 72 + 9 * 12)
        #expect(disabled.failures == 10)
        #expect(disabled.disabledReason == "nothing was taken in 3 days; the last time: it answered 500")

        // enabling forgets what failed
        var change = NotificationChannelStore.Change()
        change.isEnabled = true
        let enabled = try #require(try await channels.update(id, tenant: tenant, change, now: now))
        #expect(enabled.failures == 0 && enabled.failingSince == nil && enabled.disabledAt == nil)
        #expect(try await fail(afterHours: 500).disabledAt == nil)
        #expect(try await fail(afterHours: 501, isGone: true).disabledReason == "it answered 500")
    }

    @Test func aTestIsQueuedWithItsJob() async throws {
        let store = try await TestStore.make("channels_test")
        let channels = NotificationChannelStore(database: store.database, vault: vault)
        let tenant = try await store.tenant().id
        let id = try await make(channels, tenant, kind: .slack).channel.id
        let owner = try await store.administer { connection in
            try connection.first("select user_id from membership") { row in try row.decode(UUID.self, at: 0) }
        }
        let notification = try #require(try await channels.test(id, tenant: tenant, person: owner, now: now))
        let lines = try await NotificationStore(database: store.database).list(
            tenant: tenant, filter: .init(), after: nil, limit: 10)
        let line = try #require(lines.first)
        #expect(lines.count == 1 && line.id == notification)
        #expect((line.event, line.medium, line.state) == (.test, .slack, .queued))
        #expect(line.recipient == "Hook" && line.reason == "a test by owner@example.com" && line.createdAt == now)
        #expect(line.messageID == notification.uuidString.lowercased())
        let jobs = try await store.administer { connection in
            try connection.query("select kind, payload ->> 'notification', tenant_id from job") { row in
                try row.decode(String.self, String.self, Int32.self)
            }
        }
        #expect(jobs.count == 1)
        #expect(jobs.first?.0 == "hook_notification" && jobs.first?.2 == tenant.rawValue)
        #expect(jobs.first.flatMap { UUID(uuidString: $0.1) } == notification)
    }
}
