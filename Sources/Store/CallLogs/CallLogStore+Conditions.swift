import Domain
import Postgres

// What the filters of a query are in SQL, over the rows and over the hourly counts.
extension CallLogStore {
    /// The filters over the columns of `call_log`.
    static func rowConditions(_ query: CallLogQuery, tenant: TenantID) -> [SQL] {
        var conditions: [SQL] = []
        if query.status == .success { conditions.append("not is_error") }
        if wantsErrorsOnly(query) { conditions.append("is_error") }
        if !query.methods.isEmpty { conditions.append("method = any(\(query.methods.map(\.rawValue)))") }
        if !query.applications.isEmpty {
            conditions.append("application = any(\(query.applications.map(\.rawValue)))")
        }
        if !query.codes.isEmpty { conditions.append(codes(query.codes, column: "status_code")) }
        if !query.bots.isEmpty { conditions.append(bots(query.bots, tenant: tenant, column: "bot_key")) }
        return conditions + conditionsBeyondCounts(query)
    }

    /// The filters over the columns of `call_count n`, but for those that it knows nothing of.
    ///
    /// Errors alone are left to whoever reads `n`: see `wantsErrorsOnly`.
    static func countConditions(_ query: CallLogQuery, tenant: TenantID) -> [SQL] {
        var conditions: [SQL] = []
        if query.status == .success { conditions.append("not n.is_error") }
        if !query.methods.isEmpty { conditions.append("n.method_code = any(\(query.methods.map(\.code)))") }
        if !query.applications.isEmpty {
            conditions.append("n.application_code = any(\(query.applications.map(\.code)))")
        }
        if !query.codes.isEmpty { conditions.append(codes(query.codes, column: "n.status_code")) }
        if !query.bots.isEmpty { conditions.append(bots(query.bots, tenant: tenant, column: "n.bot_key")) }
        return conditions
    }

    /// Days in the statement's text, so that planning prunes to their leaves.
    static func pruning(_ days: ClosedRange<Day>, column: String) -> [SQL] {
        [
            "\(unescaped: column) >= \(unescaped: "timestamptz '\(days.lowerBound.start)'")",
            "\(unescaped: column) < \(unescaped: "timestamptz '\(days.upperBound.advanced(by: 1).start)'")",
        ]
    }

    /// Whole hours in the statement's text: planning prunes to their leaves, and knows how many rows they hold. By
    /// parameters a plan that is kept expects one row a leaf, and sorts what it had better hash: that took twice the time.
    static func within(_ hours: Range<Timestamp>, column: String) -> [SQL] {
        [
            "\(unescaped: column) >= \(unescaped: "timestamptz '\(hours.lowerBound)'")",
            "\(unescaped: column) < \(unescaped: "timestamptz '\(hours.upperBound)'")",
        ]
    }

    static func conditions(after position: CallLogPosition) -> [SQL] {
        guard let id = position.id else { return ["occurred_at < \(position.occurredAt)"] }
        // the row comparison is an index condition; the plain one prunes partitions
        return ["occurred_at <= \(position.occurredAt)", "(occurred_at, id) < (\(position.occurredAt), \(id))"]
    }

    /// Whether only errors can match: then the small index of errors serves.
    static func wantsErrorsOnly(_ query: CallLogQuery) -> Bool {
        query.status == .error
            || query.status == nil && !query.codes.isEmpty && query.codes.allSatisfy { $0.range.lowerBound >= 400 }
    }

    /// Filters that the hourly counts know nothing of: only reading the rows answers them.
    private static func conditionsBeyondCounts(_ query: CallLogQuery) -> [SQL] {
        var conditions: [SQL] = []
        let users = query.users.sorted()
        if !users.isEmpty { conditions.append("(user_id = any(\(users)) or user_name = any(\(users)))") }
        if !query.connections.isEmpty { conditions.append("connection_id = any(\(query.connections.sorted()))") }
        if let duration = query.minimumDuration { conditions.append("duration_ms >= \(duration)") }
        if let source = query.source {
            conditions.append(
                Self.contains(source, in: ["source_path", "source_node_id", "agent_name", "agent_email"]))
        }
        if let text = query.text {
            conditions.append(
                Self.contains(
                    text,
                    in: [
                        "url", "source_path", "source_node_id", "agent_name", "agent_email", "user_id", "user_name",
                        "error_type", "error_message",
                    ]))
        }
        return conditions
    }

    private static func contains(_ text: String, in columns: [String]) -> SQL {
        let escaped = text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
        let parts: [SQL] = columns.map { "\(unescaped: $0) ilike \("%" + escaped + "%")" }
        return "(\(fragment: parts.joined(separator: " or ")))"
    }

    private static func codes(_ codes: Set<CallLogQuery.CodeFilter>, column: String) -> SQL {
        let parts: [SQL] = codes.map(\.range).sorted { $0.lowerBound < $1.lowerBound }.map { range in
            range.count == 1
                ? "\(unescaped: column) = \(range.lowerBound)"
                : "\(unescaped: column) between \(range.lowerBound) and \(range.upperBound)"
        }
        return "(\(fragment: parts.joined(separator: " or ")))"
    }

    private static func bots(_ bots: Set<String>, tenant: TenantID, column: String) -> SQL {
        """
        \(unescaped: column) = any(array(
            select bot_key from bot where tenant_id = \(tenant) and bot_id = any(\(bots.sorted()))))
        """
    }
}
