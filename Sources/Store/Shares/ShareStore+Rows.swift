import Domain
import Foundation
import Postgres

/// How shares stand in the database.
extension ShareStore {
    /// Lines that are kept of what one recipient did: what somebody reloads for ever fills no table.
    static let mostEvents: Int32 = 1000

    static let columns: SQL = """
        s.share_id, s.call_log_id, s.call_occurred_at, s.created_by, s.created_by_email, s.created_by_name, s.message, \
        s.passphrase_hash, s.created_at, s.expires_at, s.revoked_at, \
        exists (select from call_log c where c.tenant_id = s.tenant_id and c.occurred_at = s.call_occurred_at \
                and c.id = s.call_log_id)
        """
    static let columnCount = 12

    /// Without its recipients.
    func share(_ row: Row, now: Timestamp) throws -> Share {
        let expiresAt = try row.decode(Timestamp.self, at: 9)
        let revokedAt = try row.decode(Timestamp?.self, at: 10)
        let state = Share.state(
            revokedAt: revokedAt, expiresAt: expiresAt,
            callExpiresAt: end(ofCallAt: try row.decode(Timestamp.self, at: 2)),
            isCallKept: try row.decode(Bool.self, at: 11), now: now)
        return Share(
            id: try row.decode(UUID.self, at: 0), callLogID: try row.decode(UUID.self, at: 1),
            createdBy: try row.decode(UUID.self, at: 3), createdByEmail: try row.text(at: 4) ?? "",
            createdByName: try row.text(at: 5) ?? "", message: try row.text(at: 6),
            hasPassphrase: try row.text(at: 7) != nil, createdAt: try row.decode(Timestamp.self, at: 8),
            expiresAt: expiresAt, revokedAt: revokedAt, state: state, recipients: [])
    }

    static func withRecipients(
        _ shares: [Share], tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> [Share] {
        guard !shares.isEmpty else { return [] }
        let rows = try transaction.query(
            """
            select share_id, recipient_id, email, state, reason, sent_at, opened_at, last_seen_at from share_recipient
            where tenant_id = \(tenant) and share_id = any(\(shares.map(\.id))) order by share_id, recipient_id
            """
        ) { row in (try row.decode(UUID.self, at: 0), try recipient(row, from: 1)) }
        let recipients = Dictionary(grouping: rows) { $0.0 }.mapValues { $0.map(\.1) }
        return shares.map { share in
            var share = share
            share.recipients = recipients[share.id] ?? []
            return share
        }
    }

    /// Reads recipient_id, email, state, reason, sent_at, opened_at, last_seen_at.
    static func recipient(_ row: Row, from column: Int) throws -> Share.Recipient {
        let state: Share.Recipient.State =
            switch try row.text(at: column + 2) {
            case "sent": .sent
            case "failed": .failed
            default: .queued
            }
        return Share.Recipient(
            id: try row.decode(UUID.self, at: column), email: try row.text(at: column + 1) ?? "", state: state,
            reason: try row.text(at: column + 3), sentAt: try row.decode(Timestamp?.self, at: column + 4),
            openedAt: try row.decode(Timestamp?.self, at: column + 5),
            lastSeenAt: try row.decode(Timestamp?.self, at: column + 6))
    }

    static func events(
        of id: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> [ShareEvent] {
        try transaction.query(
            """
            select e.code, e.what, e.occurred_at, r.email, e.remote_addr
            from share_event e
            left join share_recipient r on r.tenant_id = e.tenant_id and r.share_id = e.share_id
                                       and r.recipient_id = e.recipient_id
            where e.tenant_id = \(tenant) and e.share_id = \(id)
              and e.event_id in (select event_id from share_event where tenant_id = \(tenant) and share_id = \(id)
                                 order by event_id desc limit \(Int64(mostEvents)))
            order by e.event_id
            """
        ) { row -> ShareEvent? in
            guard let code = AuditCode(rawValue: try row.text(at: 0) ?? "") else { return nil }
            return ShareEvent(
                code: code, what: try row.text(at: 1) ?? "", occurredAt: try row.decode(Timestamp.self, at: 2),
                recipient: try row.text(at: 3), remoteAddress: try row.text(at: 4))
        }.compactMap(\.self)
    }

    /// One line of a share's timeline.
    struct Step: Sendable {
        var code: AuditCode
        var what: String

        init(_ code: AuditCode, _ what: String) {
            self.code = code
            self.what = what
        }
    }

    /// Adds lines to a share's timeline, unless a recipient has filled theirs.
    @discardableResult
    static func add(
        _ steps: [Step], to share: UUID, tenant: TenantID, recipient: UUID? = nil, from address: String? = nil,
        at time: Timestamp, _ transaction: isolated PostgresConnection
    ) throws -> Bool {
        if let recipient {
            let hasRoom = try transaction.first(
                """
                update share_recipient set events = events + \(Int32(steps.count))
                where tenant_id = \(tenant) and share_id = \(share) and recipient_id = \(recipient)
                  and events < \(mostEvents)
                returning true
                """
            ) { row in try row.decode(Bool.self, at: 0) }
            guard hasRoom == true else { return false }
        }
        try transaction.execute(
            """
            insert into share_event (tenant_id, share_id, occurred_at, recipient_id, code, what, remote_addr)
            select \(tenant), \(share), \(time), \(recipient), code, what, \(address)
            from unnest(\(steps.map(\.code.rawValue)), \(steps.map(\.what))) as given (code, what)
            """)
        return true
    }
}
