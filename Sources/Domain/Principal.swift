public import Foundation

/// Who is calling, and for which tenant.
public struct Principal: Sendable {
    /// Who it is.
    public enum Identity: Sendable {
        /// A program, by its key.
        case apiKey(id: UUID, scopes: Set<Scope>)
        /// A person, in the role they have in the tenant.
        case user(id: UUID, role: Role)
    }

    /// Who it is.
    public var identity: Identity
    /// The tenant whose data the request may touch.
    public var tenant: Tenant
    /// Key of the fingerprints in the tenant's redacted values.
    public var redactionKey: [UInt8]
    /// What people call them: a person's address, or a key's name.
    public var label: String?

    /// Puts a principal together; see the properties.
    public init(identity: Identity, tenant: Tenant, redactionKey: [UInt8], label: String? = nil) {
        self.identity = identity
        self.tenant = tenant
        self.redactionKey = redactionKey
        self.label = label
    }

    /// Whether this principal has a permission.
    /// - Parameter permission: what the request needs.
    public func has(_ permission: Permission) -> Bool {
        switch identity {
        case .apiKey(_, let scopes): scopes.contains { permission.isGranted(to: $0) }
        case .user(_, let role): permission.isGranted(to: role)
        }
    }
}
