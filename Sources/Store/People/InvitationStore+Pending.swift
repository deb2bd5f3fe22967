public import Domain
public import Foundation
import Postgres

extension InvitationStore {
    /// A page of the invitations that nobody has accepted, newest first: of several to one address the newest.
    /// - Parameters:
    ///   - tenant: where to.
    ///   - after: the last invitation of the page before.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func list(tenant: TenantID, after: UUID?, limit: Int) async throws -> [Invitation] {
        try await database.query(
            """
            select i.invitation_id, i.email, i.name, i.role, u.email, i.created_at, i.expires_at
            from invitation i left join app_user u on u.user_id = i.invited_by
            where i.tenant_id = \(tenant) and i.accepted_at is null
              and not exists (
                  select from invitation n
                  where n.tenant_id = i.tenant_id and n.email = i.email and n.accepted_at is null
                    and (n.created_at, n.invitation_id) > (i.created_at, i.invitation_id))
              and not exists (
                  select from membership m join app_user p on p.user_id = m.user_id
                  where m.tenant_id = i.tenant_id and p.email = i.email)
              and (\(after)::uuid is null or (i.created_at, i.invitation_id) < (
                  select created_at, invitation_id from invitation
                  where tenant_id = \(tenant) and invitation_id = \(after)))
            order by i.created_at desc, i.invitation_id desc limit \(Int64(limit))
            """, in: .everyTenant
        ) { row -> Invitation? in
            guard let role = Role(rawValue: try row.decode(String.self, at: 3)) else { return nil }
            return Invitation(
                id: try row.decode(UUID.self, at: 0), email: try row.decode(String.self, at: 1),
                name: try row.decode(String.self, at: 2), role: role, invitedBy: try row.decode(String?.self, at: 4),
                createdAt: try row.decode(Timestamp.self, at: 5), expiresAt: try row.decode(Timestamp.self, at: 6))
        }.compactMap(\.self)
    }

    /// Takes an invitation back, and every other one of the same tenant to the same address: no link that was mailed works
    /// any more.
    /// - Parameters:
    ///   - id: the invitation.
    ///   - tenant: where to.
    /// - Returns: whom it was for; nil when nobody waits for it any more.
    /// - Throws: `DatabaseError`.
    public func withdraw(_ id: UUID, tenant: TenantID) async throws -> String? {
        try await database.transaction(in: .everyTenant) { transaction in
            let gone = try transaction.query(
                """
                delete from invitation
                where tenant_id = \(tenant) and accepted_at is null and email = (
                    select email from invitation
                    where tenant_id = \(tenant) and invitation_id = \(id) and accepted_at is null)
                returning invitation_id, email
                """
            ) { row in try row.decode(UUID.self, String.self) }
            let changes: [(change: AuditChange, tenant: TenantID)] = gone.map { id, email in
                (.deleted(.invitation, id, label: email), tenant)
            }
            try AuditLog.record(changes, transaction)
            return gone.first?.1
        }
    }

    /// Sends an invitation again: a new link, good for seven days from now, in place of the one before.
    /// - Parameters:
    ///   - id: the invitation.
    ///   - tenant: where to.
    ///   - now: by `app_now()`.
    /// - Returns: whom it is for; nil when nobody waits for it any more.
    /// - Throws: `Problem` (rate_limited) when there were too many; `DatabaseError`.
    public func sendAgain(_ id: UUID, tenant: TenantID, now: Timestamp) async throws -> String? {
        let known = try await database.query(
            """
            select email from invitation where tenant_id = \(tenant) and invitation_id = \(id) and accepted_at is null
            """, in: .everyTenant
        ) { row in try row.decode(String.self, at: 0) }.first
        guard let email = known.flatMap(EmailAddress.init) else { return nil }
        try await admit(email, tenant: tenant, now: now)
        let isSent = try await database.transaction(in: .everyTenant) { transaction in
            let prolonged = try transaction.execute(
                """
                update invitation set expires_at = \(now.advanced(bySeconds: Self.lifetimeSeconds))
                where tenant_id = \(tenant) and invitation_id = \(id) and accepted_at is null
                """)
            guard prolonged == 1 else { return false }
            try JobQueue.enqueue([NewJob(AccountMailJob(.invitation, email: email), tenant: tenant)], transaction)
            try AuditLog.record(
                .updated(.invitation, id, label: email.text, fields: ["expires_at"]), tenant: tenant, transaction)
            return true
        }
        database.jobSignal.send()
        return isSent ? email.text : nil
    }
}
