import Domain
import Foundation
import Jobs
import Logging
import Postgres
import Store
import Synchronization
import TestServers
import TestSupport
import Testing
import Transfer
import Vault

/// A tenant with a channel at a local server, and what it takes to deliver to it.
private struct Scene {
    let store: TestStore
    let tenant: Tenant
    let channels: NotificationChannelStore
    let channel: NotificationChannel
    let server: LocalServer
    let vault: Vault

    init(
        _ name: String, kind: NotificationChannel.Kind = .webhook, answer: @escaping @Sendable () -> LocalServer.Answer
    ) async throws {
        store = try await TestStore.make("hooks_" + name)
        tenant = try await store.tenant()
        vault = Vault(keys: [try EncryptionKey(id: "k1", bytes: [UInt8](repeating: 7, count: 32))])
        channels = NotificationChannelStore(database: store.database, vault: vault)
        server = try LocalServer { _ in answer() }
        channel = try await channels.create(
            tenant: tenant.id, kind: kind, name: "Hook", url: try OutgoingURL(server.url + "/secret/path"),
            events: [.firstError], creator: nil
        ).channel
    }

    var now: Timestamp { Timestamp(Date()) }

    /// What is listed.
    func listed() async throws -> NotificationChannel {
        try #require(try await channels.list(tenant: tenant.id, after: nil, limit: 10).first)
    }

    /// A first error of the channel, queued; its job is left to the test.
    func firstError(facts: String = #"{"bot_name":"Bot"}"#) async throws -> UUID {
        let (id, number, channel) = (UUID.version7(at: now), tenant.id.rawValue, channel)
        try await store.administer { connection in
            try connection.execute(
                """
                insert into notification (tenant_id, notification_id, event, subject_key, channel, recipient, channel_id,
                                          state, reason, facts)
                values (\(number), \(id), 'first_error', \("cycle:\(id)"), \(channel.kind.rawValue), 'Hook', \(channel.id),
                        'queued', 'channel Hook', \(facts)::text::jsonb)
                """)
        }
        return id
    }

    /// Runs the job of a notification, as a worker that has just claimed it.
    func run(
        _ id: UUID, attempt: Int16 = 1, isLast: Bool = false, at time: Timestamp? = nil,
        allowing exceptions: String = "127.0.0.1", vault: Vault? = nil
    ) async throws -> JobOutcome {
        let (number, token) = (tenant.id.rawValue, Int64.random(in: 1...Int64.max))
        let jobID = try await store.administer { connection in
            try connection.execute("delete from job")
            return try connection.first(
                """
                insert into job (kind, tenant_id, state, attempts, lease_token, lease_until)
                values ('hook_notification', \(number), 'running', \(attempt), \(token), app_now() + interval '1 minute')
                returning job_id
                """
            ) { row in try row.decode(Int64.self, at: 0) }
        }
        let kind = HookNotificationKind(
            notifications: NotificationStore(database: store.database),
            channels: NotificationChannelStore(database: store.database, vault: vault ?? self.vault),
            sender: HookSender(transfer: try HTTPTransfer(), addressGuard: try AddressGuard(allowing: exceptions)))
        return try await kind.run(
            HookNotificationJob(notification: id),
            JobRun(
                lease: JobLease(jobID: try #require(jobID), token: token), tenant: tenant.id, attempt: attempt,
                crashes: 0,
                isLastAttempt: isLast, now: time ?? now, enqueuedAt: now))
    }

    /// State, reason and attempts in the ledger.
    func ledger(_ id: UUID) async throws -> (state: String, reason: String, attempts: Int16) {
        let found = try await store.administer { connection in
            try connection.first("select state, reason, attempts from notification where notification_id = \(id)") {
                row in
                try row.decode(String.self, String.self, Int16.self)
            }
        }
        return try #require(found)
    }
}

@Suite(.timeLimit(.minutes(10))) struct HookNotificationKindTests {
    @Test func isSentOnce() async throws {
        let scene = try await Scene("sent") { LocalServer.Answer() }
        let id = try await scene.firstError()
        #expect(try await scene.run(id) == .finished)
        #expect(try await scene.ledger(id) == ("sent", "it was taken", 1))
        #expect(try await scene.listed().lastOKAt != nil)
        let left = try await scene.store.administer { connection in
            try connection.query("select 1 from job") { row in try row.decode(Int32.self, at: 0) }
        }
        #expect(left.isEmpty)
        // a job that comes twice finds it over
        #expect(try await scene.run(id) == .done("it was over already"))
        let requests = scene.server.requests
        #expect(requests.count == 1)
        #expect(requests.first?.path == "/secret/path")
        #expect(requests.first?.headers["webhook-id"] == id.uuidString.lowercased())
        #expect(requests.first?.headers["webhook-signature"]?.hasPrefix("v1,") == true)
    }

    @Test func failuresAreTriedAgainWithTheSameID() async throws {
        let scene = try await Scene("again") { LocalServer.Answer(status: "503 Busy") }
        let id = try await scene.firstError()
        for attempt in 1...3 {
            #expect(try await scene.run(id, attempt: Int16(attempt)) == .failed("it answered 503"))
            #expect(try await scene.ledger(id) == ("queued", "it answered 503", Int16(attempt)))
        }
        #expect(try await scene.run(id, attempt: 4, isLast: true) == .finished)
        #expect(try await scene.ledger(id) == ("dead", "given up after 4 attempts; the last time: it answered 503", 4))
        let requests = scene.server.requests
        #expect(requests.count == 4)
        #expect(Set(requests.map { $0.headers["webhook-id"] }).count == 1)
        #expect(Set(requests.map(\.body)).count == 1)
        let listed = try await scene.listed()
        #expect(listed.failures == 4 && listed.failingSince != nil && listed.disabledAt == nil)
    }

    @Test func waitsAsLongAsItIsAskedTo() async throws {
        let scene = try await Scene("patience") {
            LocalServer.Answer(status: "429 Slow down", headers: ["Retry-After: 1000"])
        }
        let id = try await scene.firstError()
        let began = scene.now
        for attempt in 1...11 {
            guard case .later(let time, "it answered 429") = try await scene.run(id, at: began) else {
                Issue.record("attempt \(attempt)")
                return
            }
            #expect(time >= began.advanced(bySeconds: 1000))
            if attempt > 8 { #expect(time >= began.advanced(bySeconds: 10_000), "the usual wait is longer by now") }
        }
        // such waits are no attempts of the job, but the ledger counts them
        #expect(try await scene.run(id) == .finished)
        #expect(try await scene.ledger(id).state == "dead")
        #expect(try await scene.ledger(id).attempts == 12)
    }

    @Test func goneDisablesTheChannel() async throws {
        let scene = try await Scene("gone") { LocalServer.Answer(status: "410 Gone") }
        let id = try await scene.firstError()
        #expect(try await scene.run(id) == .finished)
        #expect(try await scene.ledger(id) == ("dead", "it answered 410", 1))
        #expect(try await scene.listed().disabledReason == "it answered 410")
        // what is still queued is not sent any more
        let next = try await scene.firstError()
        #expect(try await scene.run(next) == .finished)
        #expect(try await scene.ledger(next) == ("suppressed", "the channel is disabled: it answered 410", 1))
        #expect(scene.server.requests.count == 1)
        // a test still is
        let test = try #require(
            try await scene.channels.test(scene.channel.id, tenant: scene.tenant.id, person: nil, now: scene.now))
        #expect(try await scene.run(test) == .finished)
        #expect(try await scene.ledger(test).state == "dead")
        #expect(scene.server.requests.count == 2)
    }

    @Test func refusalsAreFinal() async throws {
        let scene = try await Scene("refused") { LocalServer.Answer(status: "404 Not Found") }
        let id = try await scene.firstError()
        #expect(try await scene.run(id) == .finished)
        #expect(try await scene.ledger(id) == ("dead", "it answered 404", 1))
        let listed = try await scene.listed()
        #expect(listed.failures == 1 && listed.disabledAt == nil)
    }

    @Test func privateAddressesAreNotReached() async throws {
        let scene = try await Scene("private") { LocalServer.Answer() }
        let id = try await scene.firstError()
        #expect(try await scene.run(id, allowing: "") == .finished)
        #expect(try await scene.ledger(id) == ("dead", "the address 127.0.0.1 must not be reached", 1))
        #expect(scene.server.connectionCount == 0)
    }

    @Test func whatMayHaveArrivedIsUncertain() async throws {
        let scene = try await Scene("uncertain") { LocalServer.Answer(isDropped: true) }
        let id = try await scene.firstError()
        guard case .failed = try await scene.run(id) else {
            Issue.record("a dropped connection")
            return
        }
        #expect(try await scene.ledger(id).state == "uncertain")
        #expect(try await scene.run(id, attempt: 2, isLast: true) == .finished)
        let (state, reason, attempts) = try await scene.ledger(id)
        #expect(state == "uncertain" && attempts == 2 && reason.hasPrefix("given up after 2 attempts"))
    }

    @Test func aRemovedChannelGetsNothing() async throws {
        let scene = try await Scene("removed") { LocalServer.Answer() }
        let id = try await scene.firstError()
        #expect(try await scene.channels.remove(scene.channel.id, tenant: scene.tenant.id))
        #expect(try await scene.run(id) == .finished)
        #expect(try await scene.ledger(id) == ("suppressed", "the channel was removed", 1))
        #expect(scene.server.connectionCount == 0)
    }

    @Test func withoutItsKeyItWaits() async throws {
        let scene = try await Scene("key") { LocalServer.Answer() }
        let id = try await scene.firstError()
        let other = Vault(keys: [try EncryptionKey(id: "k2", bytes: [UInt8](repeating: 8, count: 32))])
        guard case .failed(let reason) = try await scene.run(id, vault: other) else {
            Issue.record("the key is unknown")
            return
        }
        #expect(reason.contains("k1"))
        #expect(try await scene.ledger(id).state == "queued")
        #expect(try await scene.run(id) == .finished)
        #expect(try await scene.ledger(id).state == "sent")
    }

    @Test func aLostLeaseChangesNothing() async throws {
        let scene = try await Scene("lease") { LocalServer.Answer() }
        let id = try await scene.firstError()
        let kind = HookNotificationKind(
            notifications: NotificationStore(database: scene.store.database), channels: scene.channels,
            sender: HookSender(transfer: try HTTPTransfer(), addressGuard: AddressGuard()))
        let run = JobRun(
            lease: JobLease(jobID: 1, token: 1), tenant: scene.tenant.id, attempt: 1, crashes: 0, isLastAttempt: false,
            now: scene.now, enqueuedAt: scene.now)
        await #expect(throws: LeaseLost.self) { try await kind.run(HookNotificationJob(notification: id), run) }
        #expect(try await scene.ledger(id).state == "queued")
        #expect(scene.server.connectionCount == 0)
    }

    @Test func slackGetsAMessageWithoutCalls() async throws {
        let scene = try await Scene("slack", kind: .slack) { LocalServer.Answer(body: Array("ok".utf8)) }
        let id = try await scene.firstError(facts: #"{"bot_name":"<!channel>","status_code":500}"#)
        #expect(try await scene.run(id) == .finished)
        let request = try #require(scene.server.requests.first)
        let text = String(decoding: request.body, as: UTF8.self)
        #expect(text.contains(#""text":"First error of &lt;!channel&gt;""#) && !text.contains("<!"))
        #expect(request.headers["webhook-signature"] == nil)
    }
}
