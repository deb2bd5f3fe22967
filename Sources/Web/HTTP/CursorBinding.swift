import Domain

/// Ties a cursor to its tenant and filters: with others it would silently skip elements.
enum CursorBinding {
    /// A number for a tenant and the values of some parameters.
    /// - Parameters:
    ///   - tenant: whose list.
    ///   - parameters: of the request.
    ///   - names: the filters among them.
    static func of(_ tenant: TenantID, _ parameters: QueryParameters, _ names: Set<String>) -> UInt32 {
        var text = "\(tenant)"
        for name in names.sorted() {
            if let value = parameters[name] { text += "\u{1}\(name)\u{2}\(value)" }
        }
        // FNV-1a, 32 bits: against mix-ups, not against anybody; what a cursor may show is decided by the tenant's locks
        return text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }
}
