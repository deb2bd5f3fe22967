import Domain
import Foundation
import Jobs
import Logging
import Mail
import Postgres
import ServiceLifecycle
import Store
import Synchronization
import TestSupport
import Testing

/// Does with mails what the test says, and keeps them.
final class ScriptedTransport: MailTransport {
    /// What becomes of a mail.
    enum Answer: Sendable {
        case taken(String)
        case failed(MailFailure.Kind)
        /// It is taken, and something happens before the sender learns of it.
        case takenWhile(@Sendable () async -> Void)
    }

    struct Mail: Sendable {
        var text: String
        var message: MailMessage
    }

    private let answers: Mutex<[Answer]>
    private let sent = Mutex<[Mail]>([])

    /// - Parameter answers: for one mail each; after them all are taken.
    init(_ answers: [Answer] = []) { self.answers = Mutex(answers) }

    var mails: [Mail] { sent.withLock(\.self) }

    func send(
        _ text: String, of message: MailMessage, from sender: MailSender.Identity
    ) async throws(MailFailure) -> String {
        sent.withLock { $0.append(Mail(text: text, message: message)) }
        switch answers.withLock({ $0.isEmpty ? .taken("250 queued") : $0.removeFirst() }) {
        case .taken(let words): return words
        case .failed(let kind): throw MailFailure(kind, "the server said so")
        case .takenWhile(let body):
            await body()
            return "250 queued"
        }
    }
}

/// A tenant whose bot fails, and the kinds of jobs that tell people of it.
struct NotificationBench {
    let store: TestStore
    let database: Database
    let clock: DatabaseClock
    let writer: CallLogWriter
    let tenant: TenantID
    let transport: ScriptedTransport
    let links = PublicLinks(publicURL: "https://logs.example.com")

    init(_ name: String, _ answers: [ScriptedTransport.Answer] = []) async throws {
        store = try await TestStore.make("notify_" + name, connections: 6)
        database = store.database
        clock = store.clock
        try await clock.synchronize()
        writer = CallLogWriter(database: database, clock: clock, logger: Logger(label: "test"))
        tenant = try await store.tenant("Acme").id
        transport = ScriptedTransport(answers)
    }

    var ledger: NotificationStore { NotificationStore(database: database) }

    var firstErrors: FirstErrorKind {
        FirstErrorKind(
            store: ledger, links: links, mailDomain: "mail.example.com", logger: Logger(label: "test"))
    }

    /// - Parameter other: the bench's, unless another is given.
    func mails(_ other: ScriptedTransport? = nil) throws -> MailNotificationKind {
        let identity = try #require(MailSender.Identity("Calltrail <calltrail@mail.example.com>"))
        return MailNotificationKind(
            store: ledger, mail: MailSender(identity: identity, transport: other ?? transport), links: links,
            signer: LinkSigner(keys: [[UInt8](repeating: 7, count: 32)]), tracksOpening: true)
    }

    // MARK: - What happens

    func moveClock(_ offset: String) async throws {
        try await store.moveClock(offset)
        try await clock.synchronize()
    }

    func store(_ entries: [NewCallLog]) async throws {
        _ = try await writer.store([EntryBatch(tenant: tenant, entries: entries)])
    }

    /// - Parameter secondsAgo: before `app_now()`.
    func call(secondsAgo: Int64 = 0, isError: Bool = true) -> NewCallLog {
        .sample(
            at: clock.now.advanced(bySeconds: -secondsAgo), code: isError ? 503 : 200,
            url: "https://user:s3cr3t@acme.zendesk.com/api/v2/tickets?key=s3cr3t#s3cr3t")
    }

    func person(_ name: String, _ role: Role) async throws -> Member {
        let email = try #require(EmailAddress("\(name)@example.com"))
        return try await MemberStore(database: database).create(
            tenant: tenant, email: email, name: name, role: role, password: nil, authority: .operator, now: clock.now
        ).member
    }

    // MARK: - Running jobs

    struct Job: Sendable {
        var id: Int64
        var payload: String
    }

    /// Jobs of a kind that are not over.
    func jobs(_ kind: String) async throws -> [Job] {
        try await store.administer { connection in
            try connection.query(
                "select job_id, payload::text from job where kind = \(kind) and died_at is null order by job_id"
            ) { row in Job(id: try row.decode(Int64.self, at: 0), payload: try row.decode(String.self, at: 1)) }
        }
    }

    /// Gives a job to a worker, whoever had it.
    func claim(_ job: Job) async throws -> JobLease {
        let lease = JobLease(jobID: job.id, token: .random(in: 1...Int64.max))
        let count = try await store.administer { connection in
            try connection.execute(
                """
                update job set state = 'running', attempts = attempts + 1, lease_token = \(lease.token),
                               lease_until = app_now() + interval '1 minute'
                where job_id = \(lease.jobID)
                """)
        }
        #expect(count == 1)
        return lease
    }

    /// Runs a job as a worker that has just claimed it; what becomes of the job afterwards is left to the test.
    func run(
        _ kind: some JobKind, _ job: Job, lease: JobLease? = nil, isLast: Bool = false, at time: Timestamp? = nil
    ) async throws -> JobOutcome {
        let claimed: JobLease = if let lease { lease } else { try await claim(job) }
        return try await RunnableKind(kind).run(
            job.payload,
            JobRun(
                lease: claimed, tenant: tenant, attempt: 1, crashes: 0, isLastAttempt: isLast, now: time ?? clock.now,
                enqueuedAt: clock.now))
    }

    /// An error that opens a cycle, and everything that is decided about it.
    func decideFirstError() async throws {
        try await store([call()])
        let job = try #require(try await jobs(FirstErrorJob.kind).last)
        #expect(try await run(firstErrors, job) == .finished)
    }

    /// Lets a worker run until all that was tried stands so in the ledger, then shuts it down.
    func work(_ kinds: [RunnableKind], until state: String) async throws {
        let logger = Logger(label: "test")
        let runner = JobRunner(kinds: kinds, database: database, clock: clock, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: runner)], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for _ in 0..<15_000 {
                    // a look that fails must not keep the worker from being shut down
                    let lines = (try? await lines()) ?? []
                    if !lines.isEmpty, lines.allSatisfy({ $0.state == state && $0.attempts > 0 }) { break }
                    try? await Task.sleep(for: .milliseconds(20))
                }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    // MARK: - The ledger

    struct Line: Sendable {
        var id: UUID
        var subject: String
        var channel: String
        var recipient: String
        var state: String
        var reason: String
        var attempts: Int16
        var uncertainties: Int16
        var messageID: String?
        var facts: String
        var dueAt: Timestamp?
        var sentAt: Timestamp?
        var entryID: UUID?
    }

    /// Lines about recipients, in the order of their names.
    func lines() async throws -> [Line] {
        try await store.administer { connection in
            try connection.query(
                """
                select notification_id, subject_key, channel, recipient, state, reason, attempts, uncertainties,
                       message_id, facts::text, due_at, sent_at, entry_id
                from notification where channel <> 'none' order by created_at, recipient
                """
            ) { row in
                Line(
                    id: try row.decode(UUID.self, at: 0), subject: try row.decode(String.self, at: 1),
                    channel: try row.decode(String.self, at: 2), recipient: try row.decode(String.self, at: 3),
                    state: try row.decode(String.self, at: 4), reason: try row.decode(String.self, at: 5),
                    attempts: try row.decode(Int16.self, at: 6), uncertainties: try row.decode(Int16.self, at: 7),
                    messageID: try row.decode(String?.self, at: 8), facts: try row.decode(String.self, at: 9),
                    dueAt: try row.decode(Timestamp?.self, at: 10), sentAt: try row.decode(Timestamp?.self, at: 11),
                    entryID: try row.decode(UUID?.self, at: 12))
            }
        }
    }

    func line(_ recipient: String = "owner@example.com") async throws -> Line {
        try #require(try await lines().last { $0.recipient == recipient })
    }

    func news(_ line: Line) throws -> FirstErrorNews {
        try JSONDecoder().decode(FirstErrorNews.self, from: Data(line.facts.utf8))
    }

    func script(_ text: String) async throws {
        try await store.administer { connection in try connection.script(text) }
    }
}
