public import Domain
public import Foundation
import Postgres

/// What whoever holds a link may do with it.
extension ShareStore {
    /// A share, as one of its recipients' links opens it.
    public struct Link: Sendable {
        /// Whose call.
        public var tenant: TenantID
        /// The tenant's name.
        public var tenantName: String
        /// The share, without its recipients.
        public var share: Share
        /// Whose link it is.
        public var recipient: Share.Recipient
        /// Whether it shows the call: not when the tenant no longer has call logs.
        public var isGood: Bool
        /// Whether it was used so often that it works no more: whoever has it could fill the audit log otherwise.
        public var isUsedUp: Bool
        fileprivate var passphraseHash: String?
    }

    /// Something that was done with a link.
    public struct Visit: Sendable {
        /// The method of the request.
        public var method: String
        /// What stands behind the token in its path, with a slash; empty for the page itself.
        public var part: String
        /// How it was answered.
        public var status: Int
        /// The request in words, for the timeline.
        public var what: String
        /// What else it was, beside a request, in words.
        public var steps: [(code: AuditCode, what: String, value: String?)]
        /// Where it came from.
        public var address: String
        /// Its `X-Request-Id`.
        public var requestID: String
        /// When, by `app_now()`.
        public var time: Timestamp

        /// Describes a visit; see the properties.
        public init(
            method: String, part: String, status: Int, what: String,
            steps: [(code: AuditCode, what: String, value: String?)], address: String, requestID: String,
            time: Timestamp
        ) {
            self.method = method
            self.part = part
            self.status = status
            self.what = what
            self.steps = steps
            self.address = address
            self.requestID = requestID
            self.time = time
        }
    }

    /// The share of a link.
    /// - Parameters:
    ///   - token: as it stands in the path.
    ///   - address: where the request came from: guesses are counted.
    ///   - now: by `app_now()`.
    /// - Returns: nil for a token that is none; a share that has ended is found, and says so.
    /// - Throws: `Problem` (rate_limited) when there were too many guesses; `DatabaseError`.
    public func open(_ token: String, from address: String, now: Timestamp) async throws -> Link? {
        guard SessionStore.isToken(token) else { return nil }
        let throttle = SignInThrottleStore(database: database)
        let guesser = "share links from \(address)"
        func refuse(_ seconds: Int?) throws {
            guard let seconds else { return }
            throw Problem(
                .rateLimited, "Too many links from this address do not work.", retryAfterSeconds: seconds)
        }
        try refuse(try await throttle.wait(address: guesser, now: now))
        if let link = try await link(of: token, now: now) { return link }
        try refuse(try await throttle.attempt(account: nil, address: guesser, now: now))
        return nil
    }

    private func link(of token: String, now: Timestamp) async throws -> Link? {
        let hash = SecretToken.hash(of: token)
        let width = Self.columnCount
        return try await database.query(
            """
            select \(fragment: Self.columns), s.tenant_id, t.name, t.plan, t.module, r.recipient_id, r.email, r.state,
                   r.reason, r.sent_at, r.opened_at, r.last_seen_at, r.events >= \(Self.mostEvents)
            from share_recipient r
            join share s on s.tenant_id = r.tenant_id and s.share_id = r.share_id
            join tenant t on t.tenant_id = r.tenant_id
            where r.token_hash = \(hash) or r.earlier_token_hash = \(hash)
            """, in: .everyTenant
        ) { [self] row in
            let share = try share(row, now: now)
            let id = try row.decode(TenantID.self, at: width)
            let name = try row.text(at: width + 1) ?? ""
            let tenant = Tenant(
                id: id, name: name, plan: Plan(rawValue: try row.text(at: width + 2) ?? ""),
                module: Module(rawValue: try row.text(at: width + 3) ?? ""))
            return Link(
                tenant: id, tenantName: name, share: share, recipient: try Self.recipient(row, from: width + 4),
                isGood: share.state == .active && tenant.missingForCallLogs == nil,
                isUsedUp: try row.decode(Bool.self, at: width + 11),
                passphraseHash: try row.text(at: 7))
        }.first
    }

    /// The call of a share.
    /// - Parameters:
    ///   - link: a good one.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it is kept no longer.
    /// - Throws: `DatabaseError`; `Problem` when the bodies can't be read.
    public func call(of link: Link, now: Timestamp) async throws -> CallLogStore.Detail? {
        try await calls.find(link.share.callLogID, tenant: link.tenant, now: now)
    }

    /// Whether a passphrase is the share's.
    /// - Parameters:
    ///   - passphrase: as typed.
    ///   - link: a good one whose share has a passphrase.
    ///   - address: where the request came from.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (rate_limited) after too many wrong ones; `DatabaseError`.
    public func accepts(
        _ passphrase: String, of link: Link, from address: String, now: Timestamp
    ) async throws -> Bool {
        let throttle = SignInThrottleStore(database: database)
        let account = "share \(link.tenant) \(link.share.id.uuidString)"
        if let seconds = try await throttle.attempt(
            account: account, address: "passphrases from \(address)", now: now)
        {
            throw Problem(
                .rateLimited, "Too many passphrases that were not the right one.", retryAfterSeconds: seconds)
        }
        guard try await PasswordHash.matches(passphrase, link.passphraseHash) else { return false }
        try await throttle.forget(account: account)
        return true
    }

    /// Notes what was done with a link, in the audit log and in the share's timeline.
    /// - Parameters:
    ///   - visit: what was done.
    ///   - link: with which.
    /// - Throws: `DatabaseError`; then nothing was noted, and nothing is to be shown.
    public func note(_ visit: Visit, of link: Link) async throws {
        let (share, recipient, tenant) = (link.share.id, link.recipient, link.tenant)
        var call = Self.entry(.shareCall, of: visit, link)
        call.status = Int16(clamping: visit.status)
        let entries =
            [call]
            + visit.steps.map { step in
                var entry = Self.entry(step.code, of: visit, link)
                entry.value = step.value
                return entry
            }
        let lines = [Step(.shareCall, visit.what)] + visit.steps.map { Step($0.code, $0.what) }
        let isUse = visit.steps.contains { $0.code != .emailOpened }
        let opens = visit.steps.contains { $0.code == .urlOpened }
        try await database.transaction(in: .tenant(tenant)) { transaction in
            if isUse {
                try transaction.execute(
                    """
                    update share_recipient
                    set opened_at = case when \(opens) then coalesce(opened_at, \(visit.time)) else opened_at end,
                        last_seen_at = greatest(last_seen_at, \(visit.time))
                    where tenant_id = \(tenant) and share_id = \(share) and recipient_id = \(recipient.id)
                    """)
            }
            try Self.add(
                lines, to: share, tenant: tenant, recipient: recipient.id, from: visit.address, at: visit.time,
                transaction)
            try AuditLog.append(entries, tenant: tenant, transaction)
        }
    }

    /// Notes that the mail with a link was opened.
    /// - Parameters:
    ///   - recipient: whose mail.
    ///   - tenant: whose share.
    ///   - address: where the image was asked for.
    ///   - requestID: of that request.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func noteMailOpened(
        recipient: UUID, tenant: TenantID, address: String, requestID: String, now: Timestamp
    ) async throws {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            let found = try transaction.first(
                """
                select share_id, email from share_recipient
                where tenant_id = \(tenant) and recipient_id = \(recipient) and state <> 'queued'
                """
            ) { row in try row.decode(UUID.self, String.self) }
            guard let (share, email) = found else { return }
            let hasRoom = try Self.add(
                [Step(.emailOpened, "Mail opened")], to: share, tenant: tenant, recipient: recipient, from: address,
                at: now, transaction)
            guard hasRoom else { return }
            var entry = Self.entry(.emailOpened, share: share, by: email, at: now)
            entry.remoteAddress = address
            entry.requestID = requestID
            entry.value = email
            try AuditLog.append([entry], tenant: tenant, transaction)
        }
    }

    /// The path holds the share's id where the request had the token, which is a secret.
    private static func entry(_ code: AuditCode, of visit: Visit, _ link: Link) -> NewAuditEntry {
        var entry = entry(code, share: link.share.id, by: link.recipient.email, at: visit.time)
        entry.method = visit.method
        entry.path = "/s/\(link.share.id.uuidString.lowercased())\(visit.part)"
        entry.remoteAddress = visit.address
        entry.requestID = visit.requestID
        return entry
    }

    static func entry(_ code: AuditCode, share: UUID, by email: String, at time: Timestamp) -> NewAuditEntry {
        var entry = NewAuditEntry(code, at: time)
        entry.relatedModel = AuditEntity.share.rawValue
        entry.relationKey = share.uuidString.lowercased()
        entry.sender = email
        return entry
    }
}
