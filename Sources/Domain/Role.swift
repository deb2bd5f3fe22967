/// What a person is within a tenant.
public enum Role: String, Sendable, CaseIterable {
    case owner
    case supervisor
    case botBuilder = "bot_builder"
    case agent

    /// What people of this role may do.
    public var permissions: Set<Permission> {
        Set(Permission.allCases.filter { $0.isGranted(to: self) })
    }
}
