public import Domain
public import Foundation
import Postgres

/// Shares: calls that people outside may look at for a while, whom each is for, and what was done with it.
public struct ShareStore: Sendable {
    /// Days for which a share is listed after its links have ended.
    static let keptDays: Int64 = 30

    let database: Database
    /// The shared calls.
    let calls: CallLogStore

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: how long calls are kept.
    public init(database: Database, retentionDays: Int) {
        self.database = database
        calls = CallLogStore(database: database, retentionDays: retentionDays)
    }

    /// When a call is kept no longer.
    func end(ofCallAt time: Timestamp) -> Timestamp { time.advanced(bySeconds: Int64(calls.retentionDays) * 86_400) }

    /// Makes a share and asks for the mails with its links.
    /// - Parameters:
    ///   - new: what to share with whom.
    ///   - tenant: whose call.
    ///   - person: who shares it.
    ///   - now: by `app_now()`.
    ///   - id: the new share's, so that it is made once; nil for one of its own.
    /// - Returns: nil when this tenant has no such call. A share that was made under this id before.
    /// - Throws: `Problem` (rate_limited) when there were too many within the hour; `DatabaseError`.
    public func create(
        _ new: NewShare, tenant: TenantID, by person: UUID, now: Timestamp, id given: UUID? = nil
    ) async throws -> Share? {
        if let given, let made = try await find(given, tenant: tenant, now: now)?.share { return made }
        guard let call = try await calls.find(new.callLogID, tenant: tenant, now: now)?.item.log else { return nil }
        // before the passphrase is hashed, which takes its time; what counts is asked again under the lock
        let mayMake = try await database.transaction(in: .everyTenant) { transaction in
            try Self.isNew(given, by: person, tenant, now: now, transaction)
        }
        if let given, !mayMake { return try await find(given, tenant: tenant, now: now)?.share }
        let passphraseHash: String? =
            if let passphrase = new.passphrase { try await PasswordHash.encode(passphrase) } else { nil }
        let expiresAt = min(now.advanced(bySeconds: Int64(new.hours) * 3600), end(ofCallAt: call.occurredAt))
        guard expiresAt > now else { return nil }
        let id = given ?? .version7(at: now)
        try await database.transaction(in: .everyTenant) { transaction in
            // another request with this id came first: its share is the answer
            guard try Self.isNew(given, by: person, tenant, now: now, transaction) else { return }
            let made = try transaction.first(
                """
                insert into share (tenant_id, share_id, call_log_id, call_occurred_at, created_by, created_by_email,
                                   created_by_name, message, passphrase_hash, created_at, expires_at)
                select \(tenant), \(id), \(call.id), \(call.occurredAt), user_id, email, name, \(new.message),
                       \(passphraseHash), \(now), \(expiresAt)
                from app_user where user_id = \(person)
                returning created_by_email
                """
            ) { row in try row.decode(String.self, at: 0) }
            guard let sharer = made else { throw Problem(.internalError, "Whoever shares is not known.") }
            // in the order given: they are listed by their ids
            let ids = new.recipients.map { _ in UUID.version7(at: now) }.sorted { $0.uuidString < $1.uuidString }
            let recipients = zip(ids, new.recipients).map { (id: $0, email: $1.text) }
            try transaction.execute(
                """
                insert into share_recipient (tenant_id, share_id, recipient_id, email, state)
                select \(tenant), \(id), recipient_id, email, 'queued'
                from unnest(\(recipients.map(\.id)), \(recipients.map(\.email))) as given (recipient_id, email)
                """)
            let jobs = recipients.map { NewJob(ShareMailJob(share: id, recipient: $0.id), tenant: tenant) }
            try JobQueue.enqueue(jobs, transaction)
            let step = Step(.entityCreated, "Shared by \(sharer)")
            try Self.add([step], to: id, tenant: tenant, at: now, transaction)
            let label = recipients.map(\.email).joined(separator: ", ")
            try AuditLog.record(.created(.share, id, label: label), tenant: tenant, transaction)
        }
        database.jobSignal.send()
        return try await find(id, tenant: tenant, now: now)?.share
    }

    /// A page of a tenant's shares, newest first.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - callLogID: those of one call; nil for all.
    ///   - after: the id of the last share of the page before.
    ///   - limit: the most to give.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func list(
        tenant: TenantID, callLogID: UUID?, after: UUID?, limit: Int, now: Timestamp
    ) async throws -> [Share] {
        // ids are UUIDv7: their order is that of time
        let shares: SQL = """
            select \(fragment: Self.columns) from share s
            where s.tenant_id = \(tenant)
              and (\(after)::uuid is null or s.share_id < \(after))
              and (\(callLogID)::uuid is null or s.call_log_id = \(callLogID))
            order by s.share_id desc limit \(Int64(limit))
            """
        return try await database.transaction(in: .tenant(tenant)) { [self] transaction in
            let found = try transaction.query(shares) { row in try share(row, now: now) }
            return try Self.withRecipients(found, tenant: tenant, transaction)
        }
    }

    /// A share and what was done with it, in the order in which it was noted.
    /// - Parameters:
    ///   - id: the share.
    ///   - tenant: whose.
    ///   - now: by `app_now()`.
    /// - Returns: nil when this tenant has no such share.
    /// - Throws: `DatabaseError`.
    public func find(
        _ id: UUID, tenant: TenantID, now: Timestamp
    ) async throws -> (share: Share, events: [ShareEvent])? {
        try await database.transaction(in: .tenant(tenant)) { [self] transaction in
            let found = try transaction.query(
                "select \(fragment: Self.columns) from share s where s.tenant_id = \(tenant) and s.share_id = \(id)"
            ) { row in try share(row, now: now) }
            guard let share = try Self.withRecipients(found, tenant: tenant, transaction).first else { return nil }
            return (share, try Self.events(of: id, tenant: tenant, transaction))
        }
    }

    /// Ends a share at once. One that somebody ended before stays as it is.
    /// - Parameters:
    ///   - id: the share.
    ///   - tenant: whose.
    ///   - person: who ends it.
    ///   - now: by `app_now()`.
    /// - Returns: false when this tenant has no such share.
    /// - Throws: `DatabaseError`.
    public func revoke(_ id: UUID, tenant: TenantID, by person: UUID?, now: Timestamp) async throws -> Bool {
        try await database.transaction(in: .everyTenant) { transaction in
            let found = try transaction.first(
                """
                select revoked_at is null from share where tenant_id = \(tenant) and share_id = \(id) for update
                """
            ) { row in try row.decode(Bool.self, at: 0) }
            guard let isGood = found else { return false }
            guard isGood else { return true }
            try transaction.execute(
                """
                update share set revoked_at = greatest(created_at, \(now))
                where tenant_id = \(tenant) and share_id = \(id)
                """)
            let email = try transaction.first("select email from app_user where user_id = \(person)") { row in
                try row.decode(String.self, at: 0)
            }
            let step = Step(.entityDeleted, "Revoked by \(email ?? "somebody")")
            try Self.add([step], to: id, tenant: tenant, at: now, transaction)
            try AuditLog.record(.deleted(.share, id), tenant: tenant, transaction)
            return true
        }
    }

    /// Deletes shares that ended long ago, with all that was done with them.
    /// - Parameter now: by `app_now()`.
    /// - Returns: how many went.
    /// - Throws: `DatabaseError`.
    public func prune(now: Timestamp) async throws -> Int {
        let time = now.advanced(bySeconds: -Self.keptDays * 86_400)
        var gone = 0
        while true {
            // what a share holds goes with it, up to some thousand lines each
            let batch = try await database.execute(
                """
                delete from share where (tenant_id, share_id) in (
                    select tenant_id, share_id from share where expires_at < \(time) order by expires_at limit 100)
                """, in: .everyTenant)
            gone += batch
            guard batch == 100 else { return gone }
            try Task.checkCancellation()
        }
    }

    /// Whether a share is still to be made; if so, refuses it when there were too many. One at a time makes shares of a
    /// tenant, or many at once could be more than may be, and one id be taken twice.
    private static func isNew(
        _ id: UUID?, by person: UUID, _ tenant: TenantID, now: Timestamp, _ transaction: isolated PostgresConnection
    ) throws -> Bool {
        try transaction.execute("select pg_advisory_xact_lock(hashtext('calltrail.share'), \(tenant))")
        let isMade = try transaction.first(
            "select exists (select from share where tenant_id = \(tenant) and share_id = \(id))"
        ) { row in try row.decode(Bool.self, at: 0) }
        guard isMade != true else { return false }
        try refuseTooMany(of: person, tenant, now: now, transaction)
        return true
    }

    private static func refuseTooMany(
        of person: UUID, _ tenant: TenantID, now: Timestamp, _ transaction: isolated PostgresConnection
    ) throws {
        let hourAgo = now.advanced(bySeconds: -3600)
        let counts = try transaction.first(
            """
            select count(*), count(*) filter (where created_by = \(person)), min(created_at)
            from share where tenant_id = \(tenant) and created_at > \(hourAgo)
            """
        ) { row in try row.decode(Int64.self, Int64.self, Timestamp?.self) }
        guard let (ofTenant, ofPerson, first) = counts,
            ofTenant >= Share.mostPerTenant || ofPerson >= Share.mostPerPerson
        else { return }
        let wait = ((first ?? now).microseconds - hourAgo.microseconds) / 1_000_000 + 1
        throw Problem(
            .rateLimited, "At most \(Share.mostPerPerson) calls are shared within an hour.",
            retryAfterSeconds: Int(max(1, wait)))
    }
}
