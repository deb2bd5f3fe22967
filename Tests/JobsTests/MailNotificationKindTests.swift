import Domain
import Foundation
import Jobs
import Mail
import Postgres
import Store
import TestSupport
import Testing

/// Getting notifications to people by mail, whatever the mail server does.
@Suite(.serialized, .timeLimit(.minutes(10))) struct MailNotificationKindTests {
    /// A first error of which the owner is to be told.
    private func bench(
        _ name: String, _ answers: [ScriptedTransport.Answer] = []
    ) async throws -> (NotificationBench, NotificationBench.Job) {
        let bench = try await NotificationBench("mail_" + name, answers)
        try await bench.decideFirstError()
        return (bench, try #require(try await bench.jobs(MailNotificationJob.kind).first))
    }

    /// The Message-IDs under which mails went out.
    private func messageIDs(_ bench: NotificationBench) -> [String] {
        bench.transport.mails.flatMap { mail in
            mail.text.split(separator: "\r\n").filter { $0.hasPrefix("Message-ID: ") }.map { String($0.dropFirst(12)) }
        }
    }

    private func expect(
        _ bench: NotificationBench, _ state: String, _ reason: String, attempts: Int16, uncertainties: Int16 = 0,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let line = try await bench.line()
        #expect(line.state == state, sourceLocation: location)
        #expect(line.reason == reason, sourceLocation: location)
        #expect(line.attempts == attempts, sourceLocation: location)
        #expect(line.uncertainties == uncertainties, sourceLocation: location)
        #expect((line.sentAt != nil) == (state == "sent"), sourceLocation: location)
    }

    private func hasJob(_ bench: NotificationBench) async throws -> Bool {
        try await !bench.jobs(MailNotificationJob.kind).isEmpty
    }

    // MARK: - What the server says

    @Test func aMailIsSentOnce() async throws {
        let (bench, job) = try await bench("sent")
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(bench, "sent", "250 queued", attempts: 1)
        #expect(try await !hasJob(bench))
        let mail = try #require(bench.transport.mails.first)
        #expect(mail.message.recipient.text == "owner@example.com")
        let unsubscribe = try #require(mail.message.unsubscribeURL)
        #expect(unsubscribe.hasPrefix("https://logs.example.com/n/") && unsubscribe.hasSuffix("/unsubscribe"))
        let token = String(unsubscribe.dropFirst(27).dropLast(12))
        let signed = LinkSigner(keys: [[UInt8](repeating: 7, count: 32)]).verify(token, purpose: .unsubscribe)
        let line = try await bench.line()
        #expect(signed?.tenant == bench.tenant && signed?.id == line.id)
        #expect(messageIDs(bench) == [try #require(line.messageID)])
        #expect(!mail.text.contains("s3cr3t") && !mail.message.text.contains("s3cr3t"))
        // a job that comes twice finds it over
        try await bench.script(
            "insert into job (kind, tenant_id, payload) values ('mail_notification', \(bench.tenant), '\(job.payload)')"
        )
        let again = try #require(try await bench.jobs(MailNotificationJob.kind).first)
        #expect(try await bench.run(try bench.mails(), again) == .done("it is over already"))
        #expect(bench.transport.mails.count == 1)
    }

    @Test(arguments: [MailFailure.Kind.transient, .configuration])
    func whatMayPassIsTriedAgain(kind: MailFailure.Kind) async throws {
        let (bench, job) = try await bench("again_\(kind.rawValue)", [.failed(kind), .failed(kind)])
        for attempt in 1...2 {
            #expect(try await bench.run(try bench.mails(), job) == .failed("the server said so"))
            try await expect(bench, "queued", "not sent yet: the server said so", attempts: Int16(attempt))
            #expect(try await hasJob(bench))
        }
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(bench, "sent", "250 queued", attempts: 3)
        #expect(Set(messageIDs(bench)).count == 1 && messageIDs(bench).count == 3)
    }

    @Test(arguments: [MailFailure.Kind.transient, .configuration])
    func theLastTryIsTheLast(kind: MailFailure.Kind) async throws {
        let (bench, job) = try await bench("last_\(kind.rawValue)", [.failed(kind)])
        #expect(try await bench.run(try bench.mails(), job, isLast: true) == .dead("the server said so"))
        try await expect(bench, "dead", "the server said so", attempts: 1)
        #expect(try await hasJob(bench))
    }

    @Test func whatIsRefusedIsDeadAndItsJobIsKept() async throws {
        let (bench, job) = try await bench("refused", [.failed(.permanent)])
        #expect(try await bench.run(try bench.mails(), job) == .dead("refused: the server said so"))
        try await expect(bench, "dead", "refused: the server said so", attempts: 1)
        #expect(try await hasJob(bench))
        #expect(bench.transport.mails.count == 1)
    }

    @Test func aWorkerKeepsTheDeadJob() async throws {
        let (bench, job) = try await bench("kept", [.failed(.permanent)])
        try await bench.work([RunnableKind(try bench.mails())], until: "dead")
        let found = try await bench.store.administer { connection in
            try connection.first("select state, last_error, died_at is not null from job where job_id = \(job.id)") {
                row in try row.decode(String.self, String.self, Bool.self)
            }
        }
        #expect(try #require(found) == ("dead", "refused: the server said so", true))
    }

    // MARK: - What nobody knows

    @Test func whatMayHaveBeenSentIsSentOnceMore() async throws {
        let (bench, job) = try await bench("uncertain", [.failed(.uncertain)])
        guard case .failed = try await bench.run(try bench.mails(), job) else {
            Issue.record("it is to be tried again")
            return
        }
        try await expect(
            bench, "uncertain", "perhaps sent: the server said so; tried once more", attempts: 1, uncertainties: 1)
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(bench, "sent", "250 queued; it may have been sent twice", attempts: 2, uncertainties: 1)
        #expect(messageIDs(bench) == Array(repeating: try #require(try await bench.line().messageID), count: 2))
    }

    @Test func twiceUncertainIsTheEndOfIt() async throws {
        let (bench, job) = try await bench("uncertain_twice", [.failed(.uncertain), .failed(.uncertain)])
        _ = try await bench.run(try bench.mails(), job)
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        let line = try await bench.line()
        #expect(line.state == "uncertain" && line.reason == "perhaps sent: the server said so; not tried again")
        #expect(bench.transport.mails.count == 2 && Set(messageIDs(bench)).count == 1)
        #expect(try await !hasJob(bench))
    }

    /// Busy in between does not make it known.
    @Test func whatMayHaveBeenSentIsNeverSentAThirdTime() async throws {
        let (bench, job) = try await bench(
            "uncertain_between", [.failed(.uncertain), .failed(.transient), .failed(.uncertain)])
        for _ in 0..<2 { _ = try await bench.run(try bench.mails(), job) }
        try await expect(bench, "queued", "not sent yet: the server said so", attempts: 2, uncertainties: 1)
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        #expect(try await bench.line().state == "uncertain")
        #expect(try await !hasJob(bench))
    }

    /// Dead is what was not sent; of this nobody knows.
    @Test func theLastTryMayHaveBeenSent() async throws {
        let (bench, job) = try await bench("uncertain_last", [.failed(.uncertain)])
        _ = try await bench.run(try bench.mails(), job, isLast: true)
        #expect(try await bench.line().state == "uncertain")
    }

    /// An earlier try may have got through, though nothing more could be done in time.
    @Test(arguments: [false, true])
    func whatMayHaveBeenSentIsNotDead(isTooOld: Bool) async throws {
        let (bench, job) = try await bench(
            "uncertain_\(isTooOld ? "old" : "busy")", [.failed(.uncertain), .failed(.transient)])
        _ = try await bench.run(try bench.mails(), job)
        let time = bench.clock.now.advanced(bySeconds: isTooOld ? 86_401 : 0)
        _ = try await bench.run(try bench.mails(), job, isLast: !isTooOld, at: time)
        #expect(try await bench.line().state == "uncertain")
    }

    @Test func aWorkerThatIsLostWhileItSendsMayHaveSent() async throws {
        let (bench, job) = try await bench("crash")
        for uncertainties in 0..<3 {
            // the worker is lost after it began
            let lease = try await bench.claim(job)
            let id = try await bench.line().id
            let begun = try await bench.ledger.begin(id, tenant: bench.tenant, lease: lease, now: bench.clock.now)
            #expect(begun?.uncertainties == uncertainties)
        }
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(
            bench, "uncertain", "it may have been sent twice; not tried again", attempts: 4, uncertainties: 3)
        #expect(bench.transport.mails.isEmpty)
    }

    @Test func whoLosesTheJobWhileSendingSaysNothing() async throws {
        let (bench, job) = try await bench("lease")
        let slow = ScriptedTransport([
            .takenWhile {
                // somebody else takes the job
                do { _ = try await bench.claim(job) } catch { Issue.record(error) }
            }
        ])
        await #expect(throws: LeaseLost.self) { try await bench.run(try bench.mails(slow), job) }
        try await expect(bench, "sending", "role owner", attempts: 1)
        // who has the job now knows that it may have been sent, and sends it once more
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(bench, "sent", "250 queued; it may have been sent twice", attempts: 2, uncertainties: 1)
        #expect(slow.mails.first?.message.id == bench.transport.mails.first?.message.id)
    }

    // MARK: - What must not be sent

    @Test func whatIsTooOldIsDead() async throws {
        let (bench, job) = try await bench("old")
        let created = try await bench.ledger.list(
            tenant: bench.tenant, filter: .init(), after: nil, limit: 1
        ).first?.createdAt
        let time = try #require(created).advanced(bySeconds: 86_401)
        #expect(try await bench.run(try bench.mails(), job, at: time) == .dead("it could not be sent within 24 hours"))
        try await expect(bench, "dead", "it could not be sent within 24 hours", attempts: 1)
        #expect(bench.transport.mails.isEmpty)
        #expect(try await hasJob(bench))
    }

    /// Quiet hours do not make it old.
    @Test func ageCountsFromWhenItWasDue() async throws {
        let (bench, job) = try await bench("due")
        try await bench.script("update notification set due_at = created_at + interval '9 hours'")
        let due = try #require(try await bench.line().dueAt)
        #expect(try await bench.run(try bench.mails(), job, at: due.advanced(bySeconds: 86_400)) == .finished)
        #expect(try await bench.line().state == "sent")
    }

    /// The first try was put off when it was decided on; a later one may fall into quiet hours too.
    @Test func aRetryWaitsForQuietHoursToEnd() async throws {
        let (bench, job) = try await bench("quiet", [.failed(.transient)])
        let now = bench.clock.now
        let minute = Int(now.microseconds / 60_000_000 % 1440)
        let quiet = QuietHours(
            from: ClockTime(minutes: (minute + 1430) % 1440), to: ClockTime(minutes: (minute + 90) % 1440),
            timeZone: "UTC")
        let end = try #require(quiet.end(holding: now))
        _ = try await bench.run(try bench.mails(), job, at: now)
        try await NotificationSettingStore(database: bench.database).set(
            NotificationSettings(firstErrorRoles: [.owner], reauthoriseRoles: [], quietHours: quiet),
            tenant: bench.tenant)
        let outcome = try await bench.run(try bench.mails(), job, at: now)
        guard case .later(let time, _) = outcome else {
            Issue.record("it does not wait: \(outcome)")
            return
        }
        #expect(time == end)
        #expect(try await bench.line().state == "queued")
        #expect(bench.transport.mails.count == 1)
        #expect(try await bench.run(try bench.mails(), job, at: end) == .finished)
        #expect(try await bench.line().state == "sent")
    }

    @Test func whoUnsubscribedGetsNothing() async throws {
        let (bench, job) = try await bench("unsubscribed", [.failed(.transient)])
        _ = try await bench.run(try bench.mails(), job)
        let id = try await bench.line().id
        _ = try await NotificationSettingStore(database: bench.database).unsubscribe(
            notification: id, tenant: bench.tenant)
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(bench, "suppressed", "switched off by the recipient", attempts: 2)
        #expect(bench.transport.mails.count == 1)
        #expect(try await !hasJob(bench))
    }

    @Test(arguments: ["recipient = 'no address'", "event = 'reauthorise'"])
    func whatIsNoMailIsDead(change: String) async throws {
        let (bench, job) = try await bench(change.hasPrefix("event") ? "event" : "address")
        try await bench.script("update notification set \(change)")
        #expect(try await bench.run(try bench.mails(), job) == .dead("there is no mail for this event"))
        let line = try #require(try await bench.lines().first)
        #expect(line.state == "dead" && bench.transport.mails.isEmpty)
    }

    @Test func aJobWithoutATenantIsDead() async throws {
        let (bench, _) = try await bench("tenantless")
        let run = JobRun(
            lease: JobLease(jobID: 1, token: 1), tenant: nil, attempt: 1, crashes: 0, isLastAttempt: false,
            now: bench.clock.now, enqueuedAt: bench.clock.now)
        let job = MailNotificationJob(notification: UUID())
        #expect(try await bench.mails().run(job, run) == .dead("a notification without a tenant"))
    }

    /// The mail goes out with links of its own: one that ends such mails, and the dot.
    @Test(arguments: [ConnectionHealth.Change.broken, .recovered])
    func aConnectionIsToldOf(change: ConnectionHealth.Change) async throws {
        let (bench, job) = try await bench("connection_" + change.rawValue)
        let facts = """
            {"tenant_name": "Acme", "connection_id": "0193e2a1-7c1a-7000-8000-000000000001",
             "connection_name": "support desk", "application": "zendesk", "application_name": "Zendesk",
             "change": "\(change.rawValue)", "state": "\(change == .broken ? "needs_reauth" : "healthy")",
             "since": "2026-11-20T06:58:16.698Z", "broken_since": "2026-11-20T04:58:16.698Z", "bots": ["Support bot"],
             "more_bots": 0, "nodes": [], "more_nodes": 0, "users": 1, "failed_calls": 2,
             "connection_url": "https://logs.example.com/connections/0193e2a1-7c1a-7000-8000-000000000001"}
            """
        try await bench.script("update notification set event = 'reauthorise', facts = '\(facts)'")
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        try await expect(bench, "sent", "250 queued", attempts: 1)
        let message = try #require(bench.transport.mails.first?.message)
        #expect(
            message.subject
                == (change == .broken ? "Reauthorise Zendesk: support desk" : "Zendesk works again: support desk"))
        #expect(message.text.contains("https://logs.example.com/connections/0193e2a1-7c1a-7000-8000-000000000001"))
        #expect(message.text.contains("https://logs.example.com/settings/notifications"))
        #expect(message.html?.contains("/opened.gif\"") == true)
        let token = String(try #require(message.unsubscribeURL).dropFirst(27).dropLast(12))
        let signed = LinkSigner(keys: [[UInt8](repeating: 7, count: 32)]).verify(token, purpose: .unsubscribe)
        let line = try await bench.line()
        #expect(signed?.tenant == bench.tenant && signed?.id == line.id)
    }

    @Test func aTestIsSentToo() async throws {
        let (bench, job) = try await bench("test")
        try await bench.script("update notification set event = 'test', facts = '{}'")
        #expect(try await bench.run(try bench.mails(), job) == .finished)
        #expect(try await bench.line().state == "sent")
        #expect(bench.transport.mails.first?.message.text.contains("Acme") == true)
    }
}
