public import Foundation

/// What was done to an entity, as the audit log keeps it: the names of changed fields, never their values.
public struct AuditChange: Sendable, Hashable {
    /// Whether it was created, updated or deleted.
    public var code: AuditCode
    /// What kind of entity.
    public var entity: AuditEntity
    /// Its id.
    public var key: String
    /// What people call it, such as its name or address; personal.
    public var label: String?
    /// The names of the fields that were changed, as the API has them.
    public var fields: [String]

    /// An entity came to be.
    public static func created(_ entity: AuditEntity, _ key: String, label: String? = nil) -> AuditChange {
        AuditChange(code: .entityCreated, entity: entity, key: key, label: label, fields: [])
    }

    /// An entity came to be that is known by a UUID.
    public static func created(_ entity: AuditEntity, _ key: UUID, label: String? = nil) -> AuditChange {
        .created(entity, key.uuidString.lowercased(), label: label)
    }

    /// An entity was changed.
    public static func updated(
        _ entity: AuditEntity, _ key: String, label: String? = nil, fields: [String]
    ) -> AuditChange {
        AuditChange(code: .entityUpdated, entity: entity, key: key, label: label, fields: fields)
    }

    /// An entity was changed that is known by a UUID.
    public static func updated(
        _ entity: AuditEntity, _ key: UUID, label: String? = nil, fields: [String]
    ) -> AuditChange {
        .updated(entity, key.uuidString.lowercased(), label: label, fields: fields)
    }

    /// An entity is gone.
    public static func deleted(_ entity: AuditEntity, _ key: String, label: String? = nil) -> AuditChange {
        AuditChange(code: .entityDeleted, entity: entity, key: key, label: label, fields: [])
    }

    /// An entity is gone that was known by a UUID.
    public static func deleted(_ entity: AuditEntity, _ key: UUID, label: String? = nil) -> AuditChange {
        .deleted(entity, key.uuidString.lowercased(), label: label)
    }
}
