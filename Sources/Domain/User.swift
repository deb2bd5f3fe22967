public import Foundation

/// A person as a tenant sees them.
public struct Member: Sendable, Hashable {
    /// The person; the same in every tenant they belong to.
    public var userID: UUID
    /// Lower case.
    public var email: String
    /// The name that people read.
    public var name: String
    /// Their role in this tenant.
    public var role: Role
    /// True for the owner who created the account.
    public var isCreator: Bool
    /// False until they have set a password.
    public var isActive: Bool
    /// True while they are shut out of this tenant.
    public var isDisabled: Bool
    /// When they joined.
    public var createdAt: Timestamp

    /// Puts a member together; see the properties.
    public init(
        userID: UUID, email: String, name: String, role: Role, isCreator: Bool, isActive: Bool, isDisabled: Bool,
        createdAt: Timestamp
    ) {
        self.userID = userID
        self.email = email
        self.name = name
        self.role = role
        self.isCreator = isCreator
        self.isActive = isActive
        self.isDisabled = isDisabled
        self.createdAt = createdAt
    }
}

/// An e-mail address in the form in which it is stored and compared.
public struct EmailAddress: Sendable, Hashable {
    /// Lower case.
    public var text: String

    /// Reads an address: one `@`, something on both sides, no white space or control characters, at most 254 bytes.
    ///
    /// Deliberately simple: whether an address exists, only a mail shows. What it must never do is to carry a line break
    /// into a mail's header.
    /// - Parameter text: as typed; white space around it is dropped.
    public init?(_ text: String) {
        let trimmed = text.trimmingCharacters(in: .whitespaces).lowercased()
        let parts = trimmed.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = trimmed.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar.value != 0x7F && !scalar.properties.isWhitespace
                && !"<>,;:\"()[]\\".unicodeScalars.contains(scalar)
        }
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, trimmed.utf8.count <= 254, isPlain else {
            return nil
        }
        self.text = trimmed
    }
}

/// A person's signed-in presence.
public struct Session: Sendable {
    /// Who it is.
    public var userID: UUID
    /// Lower case.
    public var email: String
    /// The name that people read.
    public var name: String
    /// When it ends, unless it is used: twelve hours without use, seven days in all.
    public var expiresAt: Timestamp
    /// The tenant it looks at now, with the person's role there.
    public var principal: Principal

    /// Puts a session together; see the properties.
    public init(userID: UUID, email: String, name: String, expiresAt: Timestamp, principal: Principal) {
        self.userID = userID
        self.email = email
        self.name = name
        self.expiresAt = expiresAt
        self.principal = principal
    }
}
