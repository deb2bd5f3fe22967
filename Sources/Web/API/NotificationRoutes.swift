import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The ledger of notifications.
struct NotificationRoutes: Sendable {
    let store: NotificationStore

    var endpoints: [Endpoint] {
        [Endpoint(.get, "/v1/notifications", requires: .ownNotificationPreferences, list)]
    }

    /// Whoever manages the settings sees every decision, others those about themselves.
    private func list(_ request: TenantRequest) async throws -> Response {
        let query = try request.incoming.query(allowing: ["limit", "cursor", "state", "event", "bot"])
        let page = try ListPage(query)
        var filter = NotificationStore.Filter()
        filter.states = Array(try query.list("state", of: NotificationState.self))
        if let text = query["event"] {
            guard let event = NotificationEvent(rawValue: text) else {
                let known = NotificationEvent.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.parameter("event", "it is one of \(known)")
            }
            filter.event = event
        }
        filter.botID = query["bot"]
        if !request.principal.has(.notificationSettingsManage) { filter.userID = request.userID }
        let after = try page.afterID()
        let entries = try await store.list(
            tenant: request.tenant, filter: filter, after: after, limit: page.limit + 1)
        return .json { json in
            page.write(entries, key: \.id.uuidString, into: &json) { Self.write($0, into: &$1) }
        }
    }

    private static func write(_ entry: NotificationStore.Entry, into object: inout JSONWriter) {
        object.key("id")
        object.value(entry.id)
        object.key("event")
        object.value(entry.event.rawValue)
        object.key("channel")
        object.value(entry.medium == .none ? nil : entry.medium.rawValue)
        object.key("recipient")
        object.value(entry.recipient.isEmpty ? nil : entry.recipient)
        object.key("state")
        object.value(entry.state.rawValue)
        object.key("reason")
        object.value(entry.reason)
        object.key("message_id")
        object.value(entry.messageID)
        object.key("bot_id")
        object.value(entry.botID)
        object.key("call_log_id")
        object.value(entry.entryID?.uuidString.lowercased())
        object.key("connection_id")
        object.value(entry.connectionID?.uuidString.lowercased())
        object.key("attempts")
        object.value(Int(entry.attempts))
        object.key("created_at")
        object.value(entry.createdAt)
        object.key("due_at")
        object.value(optional: entry.dueAt)
        object.key("sent_at")
        object.value(optional: entry.sentAt)
        object.key("opened_at")
        object.value(optional: entry.openedAt)
    }
}
