import Domain
import Foundation
import Postgres

extension AuditStore {
    /// How a query finds its rows.
    struct Plan {
        /// Codes with a range of an index each; empty when the whole of the period is walked.
        private let codes: [AuditCode]
        private let tables: [String]
        /// Whether an index has the rows of each code in order.
        private let walksCodes: Bool
        /// Whether rows that do not match have to be walked over.
        let needsSearch: Bool
        /// All but time and codes.
        let conditions: [SQL]

        init(_ query: AuditQuery) {
            tables = query.includesRestored ? ["audit_log", "audit_restored"] : ["audit_log"]
            conditions = Self.conditions(query)
            let hasIndex = query.apiKeyID != nil || !query.codes.isEmpty && !query.codes.contains(.apiCall)
            // a key without codes is looked for under each of them: the index has the code before the time
            let wanted = query.codes.isEmpty ? Set(AuditCode.allCases) : query.codes
            codes = hasIndex || !query.codes.isEmpty ? wanted.sorted { $0.rawValue < $1.rawValue } : []
            let others = conditions.count - (query.apiKeyID == nil ? 0 : 1)
            needsSearch = hasIndex ? others > 0 : others > 0 || !query.codes.isEmpty
            walksCodes = hasIndex && others == 0
        }

        /// The rows, at least the newest `limit` of them: each code by itself where an index has them in order.
        func rows(_ conditions: [SQL], limit: Int) -> SQL {
            let all = SQL("*")
            guard walksCodes else {
                let isAnyCode = codes.isEmpty || codes.count == AuditCode.allCases.count
                let byCode: [SQL] = isAnyCode ? [] : ["code = any(\(codes.map(\.rawValue)))"]
                return source(conditions + byCode, columns: all, limit: limit)
            }
            let parts = codes.map { code in
                // spelt out, so that the partial index of events is known to hold it
                source(
                    conditions + ["code = \(unescaped: "'\(code.rawValue)'")"], columns: all, limit: limit)
            }
            let each: [SQL] = parts.map { "select * from \(fragment: $0) c" }
            return "(\(fragment: each.joined(separator: " union all ")))"
        }

        /// The newest rows under some conditions, from the log and, where asked, from what was brought back.
        func source(_ conditions: [SQL], columns: SQL, limit: Int) -> SQL {
            let condition = conditions.joined(separator: " and ")
            let parts: [SQL] = tables.map { table in
                """
                (select \(fragment: columns), \(unescaped: table == "audit_log" ? "false" : "true") as is_restored
                 from \(unescaped: table) where \(fragment: condition)
                 order by occurred_at desc, seq desc limit \(Int64(limit)))
                """
            }
            return parts.count == 1 ? parts[0] : "(\(fragment: parts.joined(separator: " union all ")))"
        }

        private static func conditions(_ query: AuditQuery) -> [SQL] {
            var conditions: [SQL] = []
            if let id = query.apiKeyID { conditions.append("apikey_id = \(id)") }
            if !query.methods.isEmpty { conditions.append("method = any(\(query.methods.sorted()))") }
            if let id = query.userID { conditions.append("user_id = \(id)") }
            if let model = query.relatedModel { conditions.append("related_model = \(model)") }
            if let key = query.relationKey { conditions.append("relation_key = \(key)") }
            if let address = query.remoteAddress { conditions.append("remote_addr = \(address)") }
            if let sender = query.sender { conditions.append("sender = \(sender)") }
            if let text = query.text {
                let escaped = text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
                let pattern = "%" + escaped + "%"
                conditions.append(
                    """
                    (path ilike \(pattern) or query ilike \(pattern) or value ilike \(pattern) or data ilike \(pattern))
                    """)
            }
            return conditions
        }
    }
}
