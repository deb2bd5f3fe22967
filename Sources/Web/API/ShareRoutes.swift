import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Sharing calls with people outside, and seeing what they did with the links.
struct ShareRoutes: Sendable {
    let shares: ShareStore
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/v1/call-logs/{id}/shares", requires: .callLogsShare, records: .created(.share), create),
            Endpoint(.get, "/v1/shares", requires: .callLogsShare, list),
            Endpoint(.get, "/v1/shares/{id}", requires: .callLogsShare, find),
            Endpoint(.delete, "/v1/shares/{id}", requires: .callLogsShare, records: .deleted(.share), revoke),
        ]
    }

    private func create(_ request: TenantRequest) async throws -> Response {
        let call = try request.pathID("id", "call")
        var members = try await request.incoming.members(
            allowing: ["recipients", "expires_in_hours", "message", "passphrase"])
        let new = try Self.share(of: call, &members)
        guard let person = request.userID else {
            throw Problem(.forbidden, "Calls are shared by people, not by keys.")
        }
        guard let share = try await shares.create(new, tenant: request.tenant, by: person, now: clock.now) else {
            throw Problem(.notFound, "There is no call with this id.")
        }
        return .json(.created) { json in json.object { Self.write(share, into: &$0) } }
    }

    /// Reads with whom a call is to be shared and how, and ends the reading.
    /// - Throws: `Problem` when there were issues.
    static func share(of call: UUID, _ members: inout BodyMembers) throws(Problem) -> NewShare {
        let recipients = members.emails("recipients", Share.recipients)
        let hours = members.integer("expires_in_hours", Share.hours) ?? Share.usualHours
        let message = members.lines("message", longest: Share.longestMessage)
        let passphrase = members.text("passphrase", longest: Share.passphraseLength.upperBound)
        if let passphrase, passphrase.count < Share.passphraseLength.lowerBound {
            members.issue(
                "passphrase", "out_of_range", "it has \(Share.passphraseLength.lowerBound) characters or more")
        }
        try members.finish()
        return NewShare(
            callLogID: call, recipients: recipients, hours: hours, message: message, passphrase: passphrase)
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let query = try request.incoming.query(allowing: ["limit", "cursor", "call_log"])
        let page = try ListPage(query)
        let call: UUID? = try query["call_log"].map { text throws(Problem) in
            guard let id = UUID(uuidString: text) else { throw .parameter("call_log", "it is the id of a call") }
            return id
        }
        let found = try await shares.list(
            tenant: request.tenant, callLogID: call, after: try page.afterID(), limit: page.limit + 1, now: clock.now)
        return .json { json in
            page.write(found, key: \.id.uuidString, into: &json) { Self.write($0, into: &$1) }
        }
    }

    private func find(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let id = try request.pathID("id", "share")
        guard let (share, events) = try await shares.find(id, tenant: request.tenant, now: clock.now) else {
            throw Self.unknown
        }
        return .json { json in
            json.object { object in
                Self.write(share, into: &object)
                object.key("events")
                object.array { array in
                    for event in events { array.object { Self.write(event, into: &$0) } }
                }
            }
        }
    }

    private func revoke(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let id = try request.pathID("id", "share")
        guard try await shares.revoke(id, tenant: request.tenant, by: request.userID, now: clock.now) else {
            throw Self.unknown
        }
        return Response(status: .noContent)
    }

    private static let unknown = Problem(.notFound, "There is no share with this id.")

    private static func write(_ share: Share, into object: inout JSONWriter) {
        object.key("id")
        object.value(share.id)
        object.key("call_log_id")
        object.value(share.callLogID)
        object.key("created_at")
        object.value(share.createdAt)
        object.key("created_by")
        object.object { person in
            person.key("id")
            person.value(share.createdBy)
            person.key("email")
            person.value(share.createdByEmail)
        }
        object.key("expires_at")
        object.value(share.expiresAt)
        object.key("revoked_at")
        object.value(optional: share.revokedAt)
        object.key("state")
        object.value(share.state.rawValue)
        object.key("has_passphrase")
        object.value(share.hasPassphrase)
        object.key("message")
        object.value(share.message)
        object.key("recipients")
        object.array { array in
            for recipient in share.recipients { array.object { write(recipient, into: &$0) } }
        }
    }

    private static func write(_ recipient: Share.Recipient, into object: inout JSONWriter) {
        object.key("email")
        object.value(recipient.email)
        object.key("state")
        object.value(recipient.state.rawValue)
        object.key("reason")
        object.value(recipient.reason)
        object.key("sent_at")
        object.value(optional: recipient.sentAt)
        object.key("opened_at")
        object.value(optional: recipient.openedAt)
        object.key("last_seen_at")
        object.value(optional: recipient.lastSeenAt)
    }

    private static func write(_ event: ShareEvent, into object: inout JSONWriter) {
        object.key("code")
        object.value(event.code.rawValue)
        object.key("what")
        object.value(event.what)
        object.key("occurred_at")
        object.value(event.occurredAt)
        object.key("recipient")
        object.value(event.recipient)
        object.key("remote_addr")
        object.value(event.remoteAddress)
    }
}
