import Connections
import Domain
import Foundation
import Logging
import Postgres
import Providers
import ServiceLifecycle
import Store
import TestServers
import TestSupport
import Testing
import Transfer
import Vault

@testable import Jobs

/// Tenants with connections to servers on this machine, and the kinds of jobs that look after them.
struct ConnectionBench {
    let store: TestStore
    let clock: DatabaseClock
    let connections: ConnectionService
    let tenant: TenantID
    let logger = Logger(label: "test")

    init(_ name: String) async throws {
        store = try await TestStore.make("pace_" + name, connections: 16)
        clock = store.clock
        try await clock.synchronize()
        tenant = try await store.tenant("Acme").id
        let vault = Vault(keys: [try EncryptionKey(id: "k1", bytes: [UInt8](repeating: 1, count: 32))])
        let catalogue = ProviderCatalogue()
        connections = ConnectionService(
            store: ConnectionStore(database: store.database, vault: vault),
            authorizations: AuthorizationStore(database: store.database, vault: vault), catalogue: catalogue,
            client: ProviderClient(
                catalogue: catalogue, transfer: try HTTPTransfer(),
                addressGuard: try AddressGuard(allowing: "127.0.0.0/8, ::1, localhost")),
            links: PublicLinks(publicURL: "https://logs.example.com"), clock: clock, logger: logger)
    }

    var jobs: JobQueue { JobQueue(database: store.database) }

    func checks(_ pace: HostPace = HostPace()) -> ConnectionChecksKind {
        ConnectionChecksKind(connections: connections, pace: pace, logger: logger)
    }

    var signals: ConnectionSignalsKind { ConnectionSignalsKind(connections: connections, jobs: jobs) }

    // MARK: - Connections

    /// Makes connections that are due.
    func make(
        _ count: Int = 1, at url: String, of owner: TenantID? = nil
    ) async throws -> [ConnectionChecksJob.Item] {
        let owner = owner ?? tenant
        var items: [ConnectionChecksJob.Item] = []
        for _ in 0..<count {
            let connection = try await connections.store.create(
                tenant: owner,
                NewConnection(
                    name: UUID().uuidString, application: .jsonAPI, auth: .apiKey,
                    settings: ["api_url": url, "probe_url": url + "/me"], credentials: ["api_key": "opensesame"]),
                creator: nil, now: clock.now)
            items.append(.init(tenant: owner, connection: connection.id))
        }
        return items
    }

    func health(_ item: ConnectionChecksJob.Item) async throws -> ConnectionHealth {
        let tenant = TenantID(rawValue: item.tenant)
        return try #require(try await connections.store.find(item.connection, tenant: tenant)).health
    }

    func states(_ items: [ConnectionChecksJob.Item]) async throws -> [ConnectionState] {
        var states: [ConnectionState] = []
        for item in items { states.append(try await health(item).state) }
        return states
    }

    func note(_ outcome: CheckOutcome, _ item: ConnectionChecksJob.Item, secondsAgo: Int64 = 0) async throws {
        try await connections.store.note(
            outcome, id: item.connection, tenant: tenant, version: nil, now: clock.now.advanced(bySeconds: -secondsAgo),
            canAskAgain: true)
    }

    /// Whether a check is due and nobody has claimed it.
    func isClaimed(_ item: ConnectionChecksJob.Item) async throws -> Bool {
        let rows = try await store.administer { connection in
            try connection.query(
                "select check_claimed_until > app_now() from connection where connection_id = \(item.connection)"
            ) { row in try row.decode(Bool?.self, at: 0) }
        }
        return (rows.first ?? nil) ?? false
    }

    // MARK: - Calls

    /// Stores calls with a connection that were answered 401, each in a request of its own.
    func refuse(_ item: ConnectionChecksJob.Item, times: Int, by writer: CallLogWriter) async throws {
        for _ in 0..<times {
            var call = NewCallLog.sample(at: clock.now, application: .jsonAPI, code: 401)
            call.log.connectionID = item.connection.uuidString
            _ = try await writer.store([EntryBatch(tenant: tenant, entries: [call])])
        }
    }

    // MARK: - Jobs

    struct Job: Sendable {
        var kind: String
        var payload: String
        /// Seconds from when it was enqueued until it runs.
        var seconds: Double
    }

    func waiting() async throws -> [Job] {
        try await store.administer { connection in
            try connection.query(
                """
                select kind, payload::text, extract(epoch from run_at - created_at)::float8 from job
                where died_at is null order by job_id
                """
            ) { row in
                let (kind, payload, seconds) = try row.decode(String.self, String.self, Double.self)
                return Job(kind: kind, payload: payload, seconds: seconds)
            }
        }
    }

    func waiting(_ kind: String) async throws -> [Job] { try await waiting().filter { $0.kind == kind } }

    func run<Kind: JobKind>(
        _ kind: Kind, _ payload: Kind.Payload, age: Int64 = 0, after seconds: Int64 = 0
    ) async throws -> JobOutcome {
        let now = clock.now.advanced(bySeconds: seconds)
        return try await kind.run(
            payload,
            JobRun(
                lease: JobLease(jobID: 1, token: 1), tenant: tenant, attempt: 1, crashes: 0, isLastAttempt: false,
                now: now, enqueuedAt: now.advanced(bySeconds: -age)))
    }

    /// Seconds after which a job is to run again; nil when it is not.
    func delay(_ outcome: JobOutcome) -> Int64? {
        guard case .later(let time, _) = outcome else { return nil }
        return time.seconds(since: clock.now)
    }

    /// Lets a worker run until a condition holds, then interrupts it.
    /// - Returns: whether it came to hold.
    func work(_ kinds: [RunnableKind], until isDone: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        var configuration = JobRunner.Configuration()
        configuration.graceSeconds = 0
        let runner = JobRunner(
            kinds: kinds, database: store.database, clock: clock, configuration: configuration, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: runner)], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let deadline = ContinuousClock.now + .seconds(60)
            var isOver = false
            while !isOver, ContinuousClock.now < deadline {
                isOver = (try? await isDone()) == true
                if !isOver { try await Task.sleep(for: .milliseconds(20)) }
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return isOver
        }
    }
}

extension LocalServer {
    /// The same server by the machine's name: another host to whoever asks.
    var otherURL: String { "http://localhost:\(port)" }
}
