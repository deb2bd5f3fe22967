public import Domain
public import Foundation
import Postgres

/// The people of a tenant.
public struct MemberStore: Sendable {
    /// A person who was just made a member.
    public struct NewMember: Sendable {
        /// The member.
        public var member: Member
        /// The secret of the one-time link to set a password; nil when the person has one.
        public var setupToken: String?
    }

    let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// A page of a tenant's people, in the order of their addresses.
    /// - Parameters:
    ///   - tenant: whose people.
    ///   - after: the address of the last one of the page before.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func list(tenant: TenantID, after: String?, limit: Int) async throws -> [Member] {
        try await database.query(
            """
            select \(fragment: Self.columns) from membership m join app_user u on u.user_id = m.user_id
            where m.tenant_id = \(tenant) and u.email > \(after ?? "") order by u.email limit \(Int64(limit))
            """, in: .everyTenant, Self.member
        ).compactMap(\.self)
    }

    /// Makes a person a member.
    ///
    /// Somebody who is known already joins with the password they have, unless another tenant's owner chose it, or it is
    /// not chosen yet: then somebody else could come in by it, and only an invitation, which reaches the person, lets them.
    /// - Parameters:
    ///   - tenant: where.
    ///   - email: whose.
    ///   - name: for people; empty leaves a known person's name.
    ///   - role: in this tenant.
    ///   - password: for a new person; nil gives a setup link.
    ///   - authority: who makes them a member.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (conflict) when they are a member already, or must be invited; `DatabaseError`.
    public func create(
        tenant: TenantID, email: EmailAddress, name: String, role: Role, password: String?, authority: Authority,
        now: Timestamp
    ) async throws -> NewMember {
        let passwordHash: String? = if let password { try await PasswordHash.make(password) } else { nil }
        let link = SecretToken.generate()
        return try await database.transaction(in: .everyTenant) { transaction in
            let person = try Self.register(
                email, name: name, passwordHash: passwordHash, tenant: tenant, authority: authority, transaction)
            if try Self.find(person.userID, tenant: tenant, transaction) != nil {
                throw Problem(.conflict, "\(email.text) is a member already.")
            }
            if authority == .owner, !person.isNew, !person.hasOwnPassword(in: tenant) {
                throw Problem(.conflict, "\(email.text) has an account that they have not taken over yet; invite them.")
            }
            let joined = try transaction.execute(
                """
                insert into membership (tenant_id, user_id, role, created_at)
                values (\(tenant), \(person.userID), \(role.rawValue), \(now)) on conflict do nothing
                """)
            guard joined == 1 else { throw Problem(.conflict, "\(email.text) is a member already.") }
            guard let member = try Self.find(person.userID, tenant: tenant, transaction) else {
                throw Problem(.internalError, "The member was not created.")
            }
            if !member.isActive {
                try OneTimeLinkStore.insert(
                    link, for: person.userID, purpose: .setup, handedTo: authority == .owner ? tenant : nil,
                    secondsToLive: OneTimeLinkStore.setupSeconds, transaction)
            }
            try AuditLog.record(.created(.user, person.userID, label: email.text), tenant: tenant, transaction)
            return NewMember(member: member, setupToken: member.isActive ? nil : link.text)
        }
    }

    /// Who makes somebody a member.
    public enum Authority: Sendable {
        /// The operator, by command.
        case `operator`
        /// An owner of the tenant.
        case owner
    }

    /// What to change of a member; nil leaves it.
    public struct Change: Sendable {
        /// Another role.
        public var role: Role?
        /// Another name.
        public var name: String?
        /// Shut out of, or let back into, this tenant.
        public var isDisabled: Bool?

        /// Changes nothing.
        public init() {}
    }

    /// Changes a member. A change of role, and being shut out, end the member's sessions in this tenant.
    /// - Parameters:
    ///   - userID: the person.
    ///   - tenant: where.
    ///   - change: what to change.
    ///   - now: by `app_now()`.
    /// - Returns: the member as they are now; nil when there is none.
    /// - Throws: `Problem` (conflict) when the tenant would lose its last owner; `DatabaseError`.
    public func update(_ userID: UUID, tenant: TenantID, _ change: Change, now: Timestamp) async throws -> Member? {
        try await database.transaction(in: .everyTenant) { transaction in
            try Self.lockTeam(of: tenant, transaction)
            guard let before = try Self.find(userID, tenant: tenant, transaction) else { return nil }
            let losesOwnership = change.role.map { $0 != .owner } ?? false || change.isDisabled == true
            if before.role == .owner, losesOwnership {
                if before.isCreator, change.role.map({ $0 != .owner }) ?? false {
                    throw Problem(.conflict, "The owner who created the account stays an owner.")
                }
                try Self.keepAnOwner(besides: userID, tenant: tenant, transaction)
            }
            let disabledAt: Timestamp? = change.isDisabled == true ? now : nil
            try transaction.execute(
                """
                update membership set role = coalesce(\(change.role?.rawValue), role),
                    disabled_at = case when \(change.isDisabled) is null then disabled_at else \(disabledAt) end
                where tenant_id = \(tenant) and user_id = \(userID)
                """)
            if let name = change.name {
                let renamed = try transaction.execute(
                    """
                    update app_user set name = \(name) where user_id = \(userID) and not exists (
                        select from membership m where m.user_id = \(userID) and m.tenant_id <> \(tenant))
                    """)
                guard renamed == 1 else {
                    throw Problem(.conflict, "They belong to other tenants too, so their name is theirs to change.")
                }
            }
            if change.role.map({ $0 != before.role }) ?? false || change.isDisabled == true {
                try Self.endSessions(of: userID, tenant: tenant, transaction)
            }
            guard let after = try Self.find(userID, tenant: tenant, transaction) else { return nil }
            try AuditLog.record(
                .updated(.user, userID, label: after.email, fields: before.fieldsChanged(in: after)), tenant: tenant,
                transaction)
            return after
        }
    }

    /// Takes a member out of a tenant; the person and their other tenants stay.
    /// - Parameters:
    ///   - userID: the person.
    ///   - tenant: where.
    /// - Returns: false when there is no such member.
    /// - Throws: `Problem` (conflict) for the creator or the last owner; `DatabaseError`.
    public func remove(_ userID: UUID, tenant: TenantID) async throws -> Bool {
        try await database.transaction(in: .everyTenant) { transaction in
            try Self.lockTeam(of: tenant, transaction)
            guard let member = try Self.find(userID, tenant: tenant, transaction) else { return false }
            if member.isCreator {
                throw Problem(.conflict, "The owner who created the account can be disabled, not removed.")
            }
            if member.role == .owner { try Self.keepAnOwner(besides: userID, tenant: tenant, transaction) }
            try Self.endSessions(of: userID, tenant: tenant, transaction)
            try transaction.execute("delete from membership where tenant_id = \(tenant) and user_id = \(userID)")
            try AuditLog.record(.deleted(.user, userID, label: member.email), tenant: tenant, transaction)
            return true
        }
    }

    /// A person, as far as joining a tenant goes.
    struct Person: Sendable {
        var userID: UUID
        /// True when they were made just now.
        var isNew: Bool
        var hasPassword: Bool
        /// The tenant whose owner chose the password; nil when the person or the operator did.
        var passwordChosenBy: TenantID?

        /// Whether nobody outside this tenant knows the password.
        func hasOwnPassword(in tenant: TenantID) -> Bool {
            hasPassword && (passwordChosenBy == nil || passwordChosenBy == tenant)
        }
    }

    /// The person with an address, made when there is none.
    static func register(
        _ email: EmailAddress, name: String, passwordHash: String?, tenant: TenantID?, authority: Authority,
        _ transaction: isolated PostgresConnection
    ) throws -> Person {
        let chosenBy = authority == .owner && passwordHash != nil ? tenant : nil
        let made = try transaction.first(
            """
            insert into app_user (user_id, email, name, password_hash, password_chosen_by)
            values (\(UUID()), \(email.text), \(name), \(passwordHash), \(chosenBy))
            on conflict (email) do nothing returning user_id
            """
        ) { row in try row.decode(UUID.self, at: 0) }
        if let made {
            return Person(userID: made, isNew: true, hasPassword: passwordHash != nil, passwordChosenBy: chosenBy)
        }
        let known = try transaction.first(
            """
            select user_id, password_hash is not null, password_chosen_by from app_user
            where email = \(email.text) for update
            """
        ) { row in try row.decode(UUID.self, Bool.self, TenantID?.self) }
        guard let (userID, hasPassword, knownBy) = known else {
            throw Problem(.conflict, "\(email.text) was removed just now; try again.")
        }
        var person = Person(userID: userID, isNew: false, hasPassword: hasPassword, passwordChosenBy: knownBy)
        guard authority == .operator else { return person }
        if hasPassword, knownBy != nil, knownBy != tenant {
            // another tenant's owner knows it: the person chooses anew, by the link that the operator gets
            try transaction.execute(
                "update app_user set password_hash = null, password_chosen_by = null where user_id = \(userID)")
            try transaction.execute("delete from session where user_id = \(userID)")
            person.hasPassword = false
            person.passwordChosenBy = nil
        }
        if passwordHash != nil, person.hasPassword {
            throw Problem(.conflict, "\(email.text) is known and has a password; leave the password out.")
        }
        // links that another tenant's owner holds must not open this one
        try transaction.execute(
            """
            update one_time_link set used_at = app_now()
            where user_id = \(userID) and used_at is null and handed_to is not null
            """)
        if let passwordHash {
            try transaction.execute(
                "update app_user set password_hash = \(passwordHash) where user_id = \(userID)")
            person.hasPassword = true
        }
        return person
    }

    static let columns: SQL = """
        u.user_id, u.email, u.name, m.role, m.is_creator, u.password_hash is not null, m.disabled_at is not null, \
        m.created_at
        """

    static func find(
        _ userID: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> Member? {
        try transaction.first(
            """
            select \(fragment: columns) from membership m join app_user u on u.user_id = m.user_id
            where m.tenant_id = \(tenant) and m.user_id = \(userID)
            """, member
        ) ?? nil
    }

    /// Lets one change at a time decide about a tenant's owners, so that two who remove each other at the same time don't both
    /// succeed, whatever their roles were when they were read.
    private static func lockTeam(of tenant: TenantID, _ transaction: isolated PostgresConnection) throws {
        try transaction.execute("select from tenant where tenant_id = \(tenant) for no key update")
    }

    private static func keepAnOwner(
        besides userID: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws {
        let owners = try transaction.query(
            """
            select user_id from membership
            where tenant_id = \(tenant) and role = 'owner' and disabled_at is null
            """
        ) { row in try row.decode(UUID.self, at: 0) }
        guard owners.contains(where: { $0 != userID }) else {
            throw Problem(.conflict, "A tenant needs an owner; make somebody else one first.")
        }
    }

    private static func endSessions(
        of userID: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute("delete from session where user_id = \(userID) and tenant_id = \(tenant)")
    }

    /// Every member of a tenant, in the order of their addresses.
    static func all(of tenant: TenantID, _ transaction: isolated PostgresConnection) throws -> [Member] {
        try transaction.query(
            """
            select \(fragment: columns) from membership m join app_user u on u.user_id = m.user_id
            where m.tenant_id = \(tenant) order by u.email
            """, member
        ).compactMap(\.self)
    }

    private static func member(_ row: Row) throws -> Member? {
        let (id, email, name, role, isCreator, isActive, isDisabled, createdAt) = try row.decode(
            UUID.self, String.self, String.self, String.self, Bool.self, Bool.self, Bool.self, Timestamp.self)
        return Role(rawValue: role).map { role in
            Member(
                userID: id, email: email, name: name, role: role, isCreator: isCreator, isActive: isActive,
                isDisabled: isDisabled, createdAt: createdAt)
        }
    }
}

extension Member {
    /// The names of the fields that differ.
    fileprivate func fieldsChanged(in after: Member) -> [String] {
        var fields: [String] = []
        if name != after.name { fields.append("name") }
        if role != after.role { fields.append("role") }
        if isDisabled != after.isDisabled { fields.append("disabled") }
        return fields
    }
}
