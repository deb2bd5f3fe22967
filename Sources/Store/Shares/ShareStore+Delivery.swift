public import Domain
import Foundation
import Postgres

/// Getting the links to people.
extension ShareStore {
    /// A mail that is to be sent.
    public struct PendingMail: Sendable {
        /// Whose call.
        public var tenant: TenantID
        /// The tenant's name.
        public var tenantName: String
        /// The share, without its recipients.
        public var share: Share
        /// Who gets it.
        public var recipient: Share.Recipient
        /// The link's secret; known to nobody else.
        public var token: String
        /// Tries that may have got through though nobody said so.
        public var uncertainties: Int
    }

    /// Begins a try: makes the link.
    ///
    /// The link of the try before is good no more, unless that mail may have got through: then both are. When the last
    /// try was begun and never ended, its worker was lost at a moment when the mail may have been out.
    /// - Parameters:
    ///   - job: whose mail.
    ///   - tenant: whose share.
    ///   - lease: the job that sends it.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it is over already.
    /// - Throws: `LeaseLost`; `DatabaseError`.
    public func begin(
        _ job: ShareMailJob, tenant: TenantID, lease: JobLease, now: Timestamp
    ) async throws -> PendingMail? {
        let width = Self.columnCount
        let pending: SQL = """
            select \(fragment: Self.columns), t.name, r.recipient_id, r.email, r.state, r.reason, r.sent_at,
                   r.opened_at, r.last_seen_at, r.uncertainties
            from share_recipient r
            join share s on s.tenant_id = r.tenant_id and s.share_id = r.share_id
            join tenant t on t.tenant_id = r.tenant_id
            where r.tenant_id = \(tenant) and r.share_id = \(job.share) and r.recipient_id = \(job.recipient)
              and r.state in ('queued', 'sending', 'uncertain')
            for update of r
            """
        return try await database.transaction(in: .everyTenant) { [self] transaction in
            try JobStore.hold(lease, transaction)
            let found = try transaction.first(pending) { row in
                let wasLost = try row.text(at: width + 3) == "sending"
                return PendingMail(
                    tenant: tenant, tenantName: try row.text(at: width) ?? "", share: try share(row, now: now),
                    recipient: try Self.recipient(row, from: width + 1), token: SecretToken.generate().text,
                    uncertainties: Int(try row.int16(at: width + 8) ?? 0) + (wasLost ? 1 : 0))
            }
            guard let mail = found else { return nil }
            // no third link: what may have been sent twice is not sent again
            guard mail.uncertainties < 2 else { return mail }
            try transaction.execute(
                """
                update share_recipient
                set state = 'sending', uncertainties = \(Int16(mail.uncertainties)),
                    earlier_token_hash = case when state in ('sending', 'uncertain') then token_hash
                                              else earlier_token_hash end,
                    token_hash = \(SecretToken.hash(of: mail.token))
                where tenant_id = \(tenant) and share_id = \(job.share) and recipient_id = \(job.recipient)
                """)
            return mail
        }
    }

    /// The call that a mail is about.
    /// - Parameters:
    ///   - mail: which.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it is kept no longer.
    /// - Throws: `DatabaseError`; `Problem` when it can't be read.
    public func log(of mail: PendingMail, now: Timestamp) async throws -> CallLog? {
        try await calls.find(mail.share.callLogID, tenant: mail.tenant, now: now)?.item.log
    }

    /// Notes that the mail server took a mail, and ends its job.
    /// - Parameters:
    ///   - mail: which.
    ///   - lease: the job that sent it.
    ///   - now: by `app_now()`.
    /// - Throws: `LeaseLost`: somebody else has the job, and what they find counts; `DatabaseError`.
    public func finish(_ mail: PendingMail, lease: JobLease, now: Timestamp) async throws {
        let (share, recipient, tenant) = (mail.share, mail.recipient, mail.tenant)
        // two processes' clocks differ by milliseconds: nothing was sent before it was shared
        let now = max(now, share.createdAt)
        try await database.transaction(in: .everyTenant) { transaction in
            try JobStore.finish(lease, transaction)
            try transaction.execute(
                """
                update share_recipient set state = 'sent', reason = null, sent_at = \(now)
                where tenant_id = \(tenant) and share_id = \(share.id) and recipient_id = \(recipient.id)
                """)
            try Self.add(
                [Step(.requestSent, "Link mailed")], to: share.id, tenant: tenant, recipient: recipient.id, at: now,
                transaction)
            var entry = Self.entry(.requestSent, share: share.id, by: share.createdByEmail, at: now)
            entry.userID = share.createdBy
            entry.value = recipient.email
            try AuditLog.append([entry], tenant: tenant, transaction)
        }
    }

    /// Notes that a mail is not sent any more.
    /// - Parameters:
    ///   - mail: which.
    ///   - lease: the job that was to send it.
    ///   - reason: in words.
    ///   - keepsJob: true leaves the job to the caller, to be kept as dead.
    /// - Throws: `LeaseLost`; `DatabaseError`.
    public func giveUp(_ mail: PendingMail, lease: JobLease, reason: String, keepsJob: Bool) async throws {
        try await database.transaction(in: .everyTenant) { transaction in
            if keepsJob { try JobStore.hold(lease, transaction) } else { try JobStore.finish(lease, transaction) }
            try Self.set("failed", of: mail, reason: reason, transaction)
        }
    }

    /// Puts a mail back before another try.
    /// - Parameters:
    ///   - mail: which.
    ///   - lease: the job that sends it.
    ///   - reason: why it was not sent.
    ///   - isUncertain: whether it may have got through.
    /// - Throws: `LeaseLost`; `DatabaseError`.
    public func putBack(_ mail: PendingMail, lease: JobLease, reason: String, isUncertain: Bool) async throws {
        try await database.transaction(in: .everyTenant) { transaction in
            try JobStore.hold(lease, transaction)
            try Self.set(
                isUncertain ? "uncertain" : "queued", of: mail, reason: reason, uncertainties: isUncertain ? 1 : 0,
                transaction)
        }
    }

    private static func set(
        _ state: String, of mail: PendingMail, reason: String, uncertainties: Int16 = 0,
        _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute(
            """
            update share_recipient
            set state = \(state), reason = \(reason.plainLine(longest: 500)),
                uncertainties = uncertainties + \(uncertainties)
            where tenant_id = \(mail.tenant) and share_id = \(mail.share.id) and recipient_id = \(mail.recipient.id)
            """)
    }
}
