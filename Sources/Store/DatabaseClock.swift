public import Domain
import Foundation
public import Logging
import Postgres
public import ServiceLifecycle
import Synchronization

/// The database's `app_now()`, known in the process without asking each time.
///
/// PostgreSQL gives a changed `calltrail.clock_offset` to new sessions only. This service notices the change within a
/// second and recycles the pool's connections, so that the whole process moves in time together.
public final class DatabaseClock: Sendable, Service {
    private struct Reading {
        /// The setting as the database holds it.
        var offsetText: String
        /// app_now() minus this machine's clock, microseconds.
        var difference: Int64
    }

    private let database: Database
    private let others: [Database]
    private let logger: Logger
    private let reading = Mutex<Reading?>(nil)

    /// Knows nothing yet: `now` is this machine's clock until the first reading.
    /// - Parameters:
    ///   - database: whose clock counts.
    ///   - others: further pools whose connections are recycled when the clock is moved.
    ///   - logger: for moves of the clock.
    public init(database: Database, others: [Database] = [], logger: Logger) {
        self.database = database
        self.others = others
        self.logger = logger
    }

    /// `app_now()`, at most about a second behind a change of its setting.
    public var now: Timestamp {
        let machine = Timestamp(Date())
        let difference = reading.withLock { $0?.difference } ?? 0
        return Timestamp(microseconds: machine.microseconds + difference)
    }

    /// `app_now()`, read once, for commands.
    /// - Parameter database: a migrated one.
    /// - Throws: `DatabaseError`.
    public static func read(_ database: Database) async throws -> Timestamp {
        let clock = DatabaseClock(database: database, logger: database.logger)
        try await clock.synchronize()
        return clock.now
    }

    /// Reads the database's clock once.
    /// - Throws: `DatabaseError`.
    public func synchronize() async throws {
        let sql: SQL = """
            with setting as (
                select coalesce((
                    select substr(entry, length('calltrail.clock_offset=') + 1)
                    from pg_db_role_setting s
                    join pg_database d on d.oid = s.setdatabase and d.datname = current_database()
                    cross join unnest(s.setconfig) entry
                    where s.setrole = 0 and entry like 'calltrail.clock_offset=%'), '') as value
            )
            select value, clock_timestamp() + coalesce(nullif(value, ''), '0')::interval from setting
            """
        let before = Timestamp(Date())
        let found = try await database.pool.withConnection { connection in
            try connection.first(sql) { row in try row.decode(String.self, Timestamp.self) }
        }
        guard let (text, time) = found else { return }
        let after = Timestamp(Date())
        let middle = (before.microseconds + after.microseconds) / 2
        let previous = reading.withLock { reading in
            defer { reading = Reading(offsetText: text, difference: time.microseconds - middle) }
            return reading?.offsetText
        }
        if let previous, previous != text {
            logger.notice("the clock offset changed", metadata: ["from": "\(previous)", "to": "\(text)"])
            for database in [database] + others { database.pool.recycle() }
        }
    }

    /// Reads the database's clock every second.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await self.synchronize() } catch {
                    self.logger.debug("the database's clock could not be read", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}
