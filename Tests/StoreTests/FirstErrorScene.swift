import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport

/// A server process, as far as storing goes: it shares nothing with the others but the database.
struct ServerProcess: Sendable {
    let database: Database
    let clock: DatabaseClock
    let writer: CallLogWriter

    init(_ store: TestStore, connections: Int = 3) async throws {
        let logger = Logger(label: "test")
        database = Database(configuration: store.database.configuration, connections: connections, logger: logger)
        clock = DatabaseClock(database: database, logger: logger)
        try await clock.synchronize()
        writer = CallLogWriter(database: database, clock: clock, logger: logger)
    }

    func store(_ entries: [NewCallLog], tenant: TenantID) async throws {
        _ = try await writer.store([EntryBatch(tenant: tenant, entries: entries)])
    }
}

/// A bot's cycle as it stands in the database.
struct StoredCycle: Sendable, Hashable {
    var tenant: TenantID
    var bot: String
    var openedAt: Timestamp
    var until: Timestamp
    var entry: UUID
    var previousOpenedAt: Timestamp?
    var previousUntil: Timestamp?
}

extension TestStore {
    func cycles() async throws -> [StoredCycle] {
        try await administer { connection in
            try connection.query(
                """
                select c.tenant_id, b.bot_id, c.opened_at, c.until, c.entry_id, c.previous_opened_at, c.previous_until
                from error_cycle c join bot b using (tenant_id, bot_key) order by c.tenant_id, b.bot_id
                """
            ) { row in
                StoredCycle(
                    tenant: try row.decode(TenantID.self, at: 0), bot: try row.decode(String.self, at: 1),
                    openedAt: try row.decode(Timestamp.self, at: 2), until: try row.decode(Timestamp.self, at: 3),
                    entry: try row.decode(UUID.self, at: 4),
                    previousOpenedAt: try row.decode(Timestamp?.self, at: 5),
                    previousUntil: try row.decode(Timestamp?.self, at: 6))
            }
        }
    }

    /// Jobs that decide, as `tenant bot` of what they are about.
    func jobs() async throws -> [String] {
        try await administer { connection in
            try connection.query(
                """
                select j.tenant_id || ' ' || b.bot_id from job j
                left join bot b on b.tenant_id = j.tenant_id and b.bot_key = (j.payload ->> 'botKey')::integer
                where j.kind = 'first_error' order by j.job_id
                """
            ) { row in try row.decode(String.self, at: 0) }
        }
    }

    /// Lines that say that further errors are kept quiet, as `tenant bot state channel reason`.
    func quietLines() async throws -> [String] {
        try await administer { connection in
            try connection.query(
                """
                select n.tenant_id || ' ' || b.bot_id || ' ' || n.state || ' ' || n.channel || ' ' || n.reason
                from notification n join bot b using (tenant_id, bot_key) where n.event = 'first_error'
                order by 1
                """
            ) { row in try row.decode(String.self, at: 0) }
        }
    }

    func count(_ table: String) async throws -> Int64? {
        try await administer { connection in
            try connection.first("select count(*) from \(identifier: table)") { row in
                try row.decode(Int64.self, at: 0)
            }
        }
    }

    /// Whether there is neither a cycle nor a job nor a line about an error.
    func knowsOfNoError() async throws -> Bool {
        let (cycles, jobs, lines) = (try await cycles(), try await jobs(), try await quietLines())
        return cycles.isEmpty && jobs.isEmpty && lines.isEmpty
    }
}
