import Domain
import Foundation

/// How connections look in answers. Nothing of their secrets can be written here: they are not in `Connection`.
enum ConnectionJSON {
    /// Writes a connection's members.
    static func write(_ connection: Connection, into object: inout JSONWriter) {
        object.key("id")
        object.value(connection.id)
        object.key("name")
        object.value(connection.name)
        object.key("application")
        object.value(connection.application.rawValue)
        object.key("application_name")
        object.value(connection.application.name)
        object.key("auth")
        object.value(connection.auth.rawValue)
        object.key("state")
        object.value(connection.health.state.rawValue)
        object.key("state_reason")
        object.value(connection.health.reason)
        object.key("state_since")
        object.value(connection.health.since)
        object.key("last_checked_at")
        object.value(optional: connection.health.lastCheckedAt)
        object.key("last_ok_at")
        object.value(optional: connection.health.lastOKAt)
        object.key("next_check_at")
        object.value(optional: connection.nextCheckAt)
        object.key("expires_at")
        object.value(optional: connection.expiresAt)
        object.key("authorised_at")
        object.value(optional: connection.authorisedAt)
        object.key("account")
        object.value(connection.account)
        object.key("settings")
        object.object { settings in
            for (name, value) in connection.settings.sorted(by: { $0.key < $1.key }) {
                settings.member(name)
                settings.value(value)
            }
        }
        object.key("created_at")
        object.value(connection.createdAt)
        object.key("nodes")
        object.array { array in for node in connection.nodes { array.object { write(node, into: &$0) } } }
    }

    private static func write(_ node: ConnectionNode, into object: inout JSONWriter) {
        object.key("bot_id")
        object.value(node.botID)
        object.key("node_id")
        object.value(node.nodeID.isEmpty ? nil : node.nodeID)
        object.key("path")
        object.value(node.path)
        object.key("state")
        object.value(node.state.rawValue)
        object.key("learnt")
        object.value(node.isLearnt)
    }

    /// Writes what is hit, or null.
    static func write(_ impact: ConnectionImpact?, into json: inout JSONWriter) {
        guard let impact else { return json.raw("null") }
        json.object { object in
            object.key("since")
            object.value(impact.since)
            object.key("failed_calls")
            object.value(impact.failedCalls)
            object.key("users")
            object.value(impact.users)
            object.key("bots")
            object.array { array in
                for bot in impact.bots {
                    array.object { member in
                        member.key("id")
                        member.value(bot.id)
                        member.key("name")
                        member.value(bot.name)
                        member.key("failed_calls")
                        member.value(bot.failedCalls)
                    }
                }
            }
            object.key("lower_bound")
            object.value(impact.isLowerBound)
        }
    }

    /// Writes an event's members.
    static func write(_ event: ConnectionEvent, into object: inout JSONWriter) {
        object.key("kind")
        object.value(event.kind.rawValue)
        object.key("at")
        object.value(event.at)
        object.key("detail")
        object.value(event.detail)
        object.key("user_id")
        object.value(event.userID?.uuidString.lowercased())
    }
}
