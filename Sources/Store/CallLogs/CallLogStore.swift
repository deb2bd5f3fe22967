import BodyBlocks
public import Domain
public import Foundation
import Postgres

/// Calls as they are read: pages by filter, and one call with its bodies.
public struct CallLogStore: Sendable {
    /// A call with everything that is kept of it.
    public struct Detail: Sendable {
        /// The call and what the tenant says of its bot.
        public var item: CallLogPage.Item
        /// Headers and bodies.
        public var exchange: CallExchange
    }

    let database: Database
    let retentionDays: Int
    /// Filtered lists may have to look at many rows: few at a time, so that connections stay for the rest.
    let searches = Gate(capacity: 4, longestLine: 32)

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: older calls are not shown, though their day's partition may still be there.
    public init(database: Database, retentionDays: Int) {
        self.database = database
        self.retentionDays = retentionDays
    }

    /// The oldest time that is still shown.
    /// - Parameter now: by `app_now()`.
    public func firstKept(now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: -Int64(retentionDays) * 86_400)
    }

    /// One call.
    ///
    /// The id holds the call's time, so the day stands in the statement's text: planning prunes to one leaf, and its plan
    /// takes 6 relation locks where a parameter would take those of 30 days.
    /// - Parameters:
    ///   - id: the call.
    ///   - tenant: whose call.
    ///   - now: by `app_now()`.
    /// - Returns: nil when this tenant has no such call.
    /// - Throws: `DatabaseError`; `Problem` when the bodies can't be read.
    public func find(_ id: UUID, tenant: TenantID, now: Timestamp) async throws -> Detail? {
        guard let time = id.version7Time, time >= firstKept(now: now), time < now.advanced(bySeconds: 86_400) else {
            return nil
        }
        let day = time.day
        let found = try await database.query(
            """
            select \(fragment: Self.itemColumns), d.payload, c.body_position, d.directory, c.body_block
            from call_log c
            join bot b on b.tenant_id = c.tenant_id and b.bot_key = c.bot_key
            cross join lateral (
                select payload, directory from call_body
                where tenant_id = \(tenant) and occurred_on = \(unescaped: "date '\(day)'")
                  and block_id <= c.body_block and last_block >= c.body_block
                order by block_id desc limit 1
            ) d
            where c.tenant_id = \(tenant)
              and c.occurred_at >= \(unescaped: "timestamptz '\(day.start)'")
              and c.occurred_at < \(unescaped: "timestamptz '\(day.advanced(by: 1).start)'")
              and c.occurred_at = \(time) and c.id = \(id)
            """, in: .tenant(tenant)
        ) { row in
            (
                try Self.item(row), try row.decode([UInt8].self, at: Self.itemColumnCount),
                try row.int16(at: Self.itemColumnCount + 1) ?? 0,
                try row.decode([UInt8]?.self, at: Self.itemColumnCount + 2),
                try row.decode(Int64.self, at: Self.itemColumnCount + 3)
            )
        }.first
        guard let (item, payload, position, directory, block) = found else { return nil }
        do {
            let start = try directory.map { try Self.start(of: block, in: $0) } ?? 0
            return Detail(item: item, exchange: try BodyBlock.exchange(at: start + Int(position), in: payload))
        } catch {
            throw Problem(.internalError, "The bodies of this call can't be read.", cause: error)
        }
    }

    /// Where the exchanges of a block begin that was merged into another one.
    private static func start(of block: Int64, in directory: [UInt8]) throws -> Int {
        guard let start = try BodyBlockDirectory(bytes: directory).start(of: block) else {
            throw BodyBlockError.corrupt("the directory does not name block \(block)")
        }
        return start
    }

    static let itemColumns: SQL = """
        c.id, c.occurred_at, c.duration_ms, c.status_code, c.attempt, c.is_error, c.method, c.application, c.url, \
        c.source_type, c.source_path, c.source_node_id, c.agent_name, c.agent_email, c.user_id, c.user_name, \
        c.error_type, c.error_message, c.connection_id, b.bot_id, b.name, b.source_url_template
        """
    static let itemColumnCount = 22

    static func item(_ row: Row) throws -> CallLogPage.Item {
        let (id, occurredAt, duration, code, attempt, isError) = try (
            row.decode(UUID.self, at: 0), row.decode(Timestamp.self, at: 1), row.int32(at: 2),
            row.decode(Int16.self, at: 3), row.int16(at: 4), row.decode(Bool.self, at: 5)
        )
        func text(_ column: Int) throws -> String? { try row.text(at: column) }
        guard let method = CallMethod(rawValue: try text(6) ?? ""),
            let application = Application(rawValue: try text(7) ?? "")
        else { throw Problem(.internalError, "A call has a method or application that this version does not know.") }
        let source: CallSource? =
            switch try text(9) {
            case "flow": .flow(path: try text(10), nodeID: try text(11))
            case "inbox": .inbox(agentName: try text(12), agentEmail: try text(13))
            default: nil
            }
        let user = EndUser(id: try text(14), name: try text(15))
        let error = CallError(type: try text(16), message: try text(17))
        let name = try text(20)
        let log = CallLog(
            id: id, occurredAt: occurredAt, application: application,
            bot: BotReference(id: try text(19) ?? "", name: name == "" ? nil : name), source: source,
            user: user.id == nil && user.name == nil ? nil : user, method: method, url: try text(8) ?? "",
            statusCode: code, status: isError ? .error : .success, durationMilliseconds: duration,
            error: error.type == nil && error.message == nil ? nil : error, connectionID: try text(18), attempt: attempt
        )
        return CallLogPage.Item(log: log, sourceURLTemplate: try text(21))
    }
}

extension UUID {
    /// The time in a UUIDv7 (RFC 9562): its first 48 bits are milliseconds since 1970. Nil for other versions.
    public var version7Time: Timestamp? {
        let bytes = uuid
        guard bytes.6 >> 4 == 7 else { return nil }
        let milliseconds =
            Int64(bytes.0) << 40 | Int64(bytes.1) << 32 | Int64(bytes.2) << 24 | Int64(bytes.3) << 16
            | Int64(bytes.4) << 8 | Int64(bytes.5)
        return Timestamp(microseconds: milliseconds * 1000)
    }
}
