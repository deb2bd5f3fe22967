public import Domain

/// Where a sealed secret stands. It is sealed together with its place, so that nobody who may write to the database can
/// move it to another row, column or tenant and have it opened there.
public struct SecretPlace: Sendable, Hashable {
    /// Whose secret it is.
    public var tenant: TenantID
    /// The table.
    public var table: String
    /// What identifies the row within the tenant.
    public var row: String
    /// The column.
    public var column: String

    /// Names a place; see the properties.
    public init(tenant: TenantID, table: String, row: String, column: String) {
        self.tenant = tenant
        self.table = table
        self.row = row
        self.column = column
    }

    /// The place as bytes. Each part is preceded by its length, so that no two places have the same bytes.
    var bytes: [UInt8] {
        [String(tenant.rawValue), table, row, column].flatMap { part in
            withUnsafeBytes(of: UInt32(clamping: part.utf8.count).bigEndian) { Array($0) } + Array(part.utf8)
        }
    }
}
