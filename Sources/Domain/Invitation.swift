public import Foundation

/// An invitation that nobody has accepted yet.
public struct Invitation: Sendable, Hashable {
    /// By which it is withdrawn.
    public var id: UUID
    /// Who is invited; lower case.
    public var email: String
    /// The name that people read; may be empty.
    public var name: String
    /// The role that they will have.
    public var role: Role
    /// The address of who invited; nil when that is not known any more.
    public var invitedBy: String?
    /// When.
    public var createdAt: Timestamp
    /// When its link ends.
    public var expiresAt: Timestamp

    /// Puts an invitation together; see the properties.
    public init(
        id: UUID, email: String, name: String, role: Role, invitedBy: String?, createdAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.email = email
        self.name = name
        self.role = role
        self.invitedBy = invitedBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
