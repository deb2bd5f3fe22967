public import Domain
public import Foundation
import Postgres

extension AuditChainStore {
    /// From how much something was erased.
    public struct Erasure: Sendable, Hashable {
        /// Entries of the audit log.
        public var entries: Int64
        /// Shares.
        public var shares: Int64
    }

    /// Erases what tells of a person from a tenant's entries: who and what, where the person acted; what alone, where
    /// somebody else's entry speaks of them. The chain verifies as before. An entry says that it was done, and not of whom.
    ///
    /// Likewise from shares: who shared, whom a share is for and from where they came. Their links end.
    ///
    /// Archives that were written before keep what they hold.
    /// - Parameters:
    ///   - userID: a person with an account; nil when only an address is known.
    ///   - email: their address, as it stands in entries; nil when only the account is known.
    ///   - tenant: whose entries.
    ///   - now: by `app_now()`.
    /// - Returns: the numbers of entries and shares.
    /// - Throws: `Problem` (invalid parameter) when neither is given; `DatabaseError`. What was erased before a failure stays
    ///   erased; doing it again goes on.
    public func erase(userID: UUID?, email: String?, tenant: TenantID, now: Timestamp) async throws -> Erasure {
        let address = email?.lowercased() ?? ""
        guard userID != nil || address.contains("@") else {
            throw Problem.parameter("person", "give the id of a user or an e-mail address")
        }
        let (persons, emails): ([UUID], [String?]) = try await person(userID: userID, email: address)
        // the shares first: whoever opens a link that has ended is recorded no more
        let shares = try await erasedShares(of: persons, emails.compactMap(\.self), tenant: tenant)
        var erased: Int64 = 0
        // a day at a time: each holds its rows' locks for a short while
        let days = try await PartitionStore(database: database, family: .audit).leaves().map(\.day.start)
        let bounds = [Timestamp(microseconds: 0)] + days.sorted() + [Timestamp(microseconds: 4_102_444_800_000_000)]
        for (from, to) in zip(bounds, bounds.dropFirst()) where from < to {
            erased += try await database.transaction(in: .everyTenant) { transaction in
                try transaction.execute("set local statement_timeout = '10min'")
                return try emails.reduce(0) { count, email in
                    count
                        + (try transaction.first(
                            """
                            select calltrail_audit_erase(\(tenant.rawValue), \(from), \(to), \(persons), \(email))
                            """, timeout: .seconds(605)
                        ) { row in try row.decode(Int64.self, at: 0) } ?? 0)
                }
            }
        }
        var entry = NewAuditEntry(.entityUpdated, at: now)
        entry.relatedModel = "audit_log"
        entry.sender = "calltrail"
        entry.data = "{\"erased_entries\":\(erased),\"erased_shares\":\(shares)}"
        try await AuditLog(database: database).append([AuditLog.TenantEntry(tenant: tenant, entry: entry)])
        return Erasure(entries: erased, shares: shares)
    }

    private func erasedShares(of persons: [UUID], _ emails: [String], tenant: TenantID) async throws -> Int64 {
        try await database.query(
            "select calltrail_share_erase(\(tenant.rawValue), \(persons), \(emails))", in: .everyTenant
        ) { row in try row.decode(Int64.self, at: 0) }.first ?? 0
    }

    /// The accounts and addresses of a person, as far as one leads to the other.
    private func person(userID: UUID?, email: String) async throws -> ([UUID], [String?]) {
        let found = try await database.query(
            "select user_id, email from app_user where user_id = \(userID) or email = \(email)", in: .everyTenant
        ) { row in try row.decode(UUID.self, String.self) }
        let persons = Set(found.map(\.0)).union([userID].compactMap(\.self))
        let emails = Set(found.map(\.1)).union(email.isEmpty ? [] : [email])
        return (Array(persons), emails.isEmpty ? [nil] : emails.sorted())
    }
}
