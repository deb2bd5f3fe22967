import Crypto
public import Domain
public import Foundation
import Postgres

/// Tenants and the people who own them.
public struct TenantStore: Sendable {
    /// An owner as a new tenant gets one.
    public struct NewOwner: Sendable {
        /// The person.
        public var userID: UUID
        /// Lower case.
        public var email: String
        /// The secret of the one-time link to set a password; nil when a password was given.
        public var setupToken: String?
    }

    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Makes a tenant, its owner (who may have an account already) and, without a password, a link to set one.
    /// - Parameters:
    ///   - name: 1…200 characters.
    ///   - plan: what it subscribes to.
    ///   - module: the module it uses.
    ///   - ownerEmail: the owner's address.
    ///   - ownerPassword: nil gives a setup link instead.
    /// - Throws: `Problem` for an address or name that can't be used, `DatabaseError`.
    public func create(
        name: String, plan: Plan, module: Module, ownerEmail: String, ownerPassword: String?
    ) async throws -> (Tenant, NewOwner) {
        guard let email = EmailAddress(ownerEmail) else {
            throw Problem(.invalidParameter, "The owner's address is not an e-mail address.")
        }
        let passwordHash: String? = if let ownerPassword { try await PasswordHash.make(ownerPassword) } else { nil }
        let token = SecretToken.generate()
        let redactionKey = (0..<32).map { _ in UInt8.random(in: 0...255) }
        do {
            return try await database.transaction(in: .everyTenant) { transaction in
                let id = try transaction.first(
                    """
                    insert into tenant (name, plan, module, redaction_key)
                    values (\(name), \(plan.rawValue), \(module.rawValue), \(redactionKey)) returning tenant_id
                    """
                ) { row in try row.decode(TenantID.self, at: 0) }
                guard let id else { throw Problem(.internalError, "The tenant was not created.") }
                let person = try MemberStore.register(
                    email, name: "", passwordHash: passwordHash, tenant: id, authority: .operator, transaction)
                try transaction.execute(
                    """
                    insert into membership (tenant_id, user_id, role, is_creator)
                    values (\(id), \(person.userID), 'owner', true)
                    """)
                var owner = NewOwner(userID: person.userID, email: email.text, setupToken: nil)
                if !person.hasPassword {
                    try OneTimeLinkStore.insert(
                        token, for: person.userID, purpose: .setup, handedTo: nil,
                        secondsToLive: OneTimeLinkStore.setupSeconds,
                        transaction)
                    owner.setupToken = token.text
                }
                try AuditLog.record(
                    [
                        (.created(.tenant, id.description, label: name), id),
                        (.created(.user, person.userID, label: email.text), id),
                    ], transaction)
                return (Tenant(id: id, name: name, plan: plan, module: module), owner)
            }
        } catch let error as DatabaseError {
            throw Self.problem(error)
        }
    }

    /// Every tenant, oldest first.
    /// - Throws: `DatabaseError`.
    public func list() async throws -> [Tenant] {
        try await database.query(
            "select tenant_id, name, plan, module from tenant order by tenant_id", in: .everyTenant, Self.tenant)
    }

    /// A tenant by its number.
    /// - Parameter id: its number.
    /// - Throws: `DatabaseError`.
    public func find(_ id: TenantID) async throws -> Tenant? {
        try await database.query(
            "select tenant_id, name, plan, module from tenant where tenant_id = \(id)", in: .everyTenant, Self.tenant
        ).first
    }

    /// Changes what a tenant has; no data is touched.
    /// - Parameters:
    ///   - id: the tenant.
    ///   - plan: nil leaves it.
    ///   - module: nil leaves it.
    /// - Returns: the tenant as it is now; nil when there is none.
    /// - Throws: `Problem` for a plan or module of bad form, `DatabaseError`.
    public func update(_ id: TenantID, plan: Plan?, module: Module?) async throws -> Tenant? {
        do {
            return try await database.transaction(in: .everyTenant) { transaction in
                let before = try transaction.first(
                    """
                    select tenant_id, name, plan, module from tenant where tenant_id = \(id) for no key update
                    """, Self.tenant)
                let tenant = try transaction.first(
                    """
                    update tenant set plan = coalesce(\(plan?.rawValue), plan), module = coalesce(\(module?.rawValue), module)
                    where tenant_id = \(id) returning tenant_id, name, plan, module
                    """, Self.tenant)
                guard let before, let tenant else { return nil }
                let fields =
                    (before.plan == tenant.plan ? [] : ["plan"]) + (before.module == tenant.module ? [] : ["module"])
                try AuditLog.record(
                    .updated(.tenant, id.description, label: tenant.name, fields: fields), tenant: id, transaction)
                return tenant
            }
        } catch let error as DatabaseError {
            throw Self.problem(error)
        }
    }

    private static func tenant(_ row: Row) throws -> Tenant {
        let (id, name, plan, module) = try row.decode(TenantID.self, String.self, String.self, String.self)
        return Tenant(id: id, name: name, plan: Plan(rawValue: plan), module: Module(rawValue: module))
    }

    private static func problem(_ error: DatabaseError) -> any Error {
        switch error.constraint {
        case "tenant_name_length": Problem(.invalidParameter, "A tenant's name has 1 to 200 characters.")
        case "tenant_plan_form": Problem(.invalidParameter, "A plan is a word of lower-case letters, digits, - and _.")
        case "tenant_module_form":
            Problem(.invalidParameter, "A module is a word of lower-case letters, digits, - and _.")
        default: error
        }
    }
}
