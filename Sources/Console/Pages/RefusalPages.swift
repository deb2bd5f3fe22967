public import Domain

/// Says that a role does not include a page, and who can change that.
public enum NoPermissionPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - permission: what is missing.
    ///   - role: what the person is.
    ///   - tenant: where.
    public static func content(_ permission: Permission, role: Role, tenant: Tenant) -> any Component {
        let roles = Role.allCases.filter { permission.isGranted(to: $0) }.map { $0.words.lowercased() }
        return EmptyState(
            "Your role does not include this page",
            """
            You are \(role.article) in \(tenant.name); this page is for \(listed(roles)). An owner of \(tenant.name) \
            can give you another role.
            """,
            actions: role == .agent
                ? [LinkButton("Your notifications", path: Section.notifications.path)]
                : [LinkButton("To the logs", path: Section.logs.path)])
    }

    private static func listed(_ words: [String]) -> String {
        guard let last = words.last else { return "nobody" }
        return words.count == 1 ? "the \(last)" : words.dropLast().joined(separator: ", ") + " and " + last
    }
}

/// Says that a tenant's plan does not include a page, and what it takes.
public enum NoPlanPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - missing: what the tenant lacks, in words.
    ///   - tenant: which.
    public static func content(missing: String, tenant: Tenant) -> any Component {
        EmptyState(
            "\(tenant.name.visible) does not have call logs yet",
            "They need \(missing). An owner can ask whoever runs this service to change it. Until then calls that are sent in are refused."
        )
    }
}

extension Role {
    fileprivate var article: String { (self == .owner || self == .agent ? "an " : "a ") + words.lowercased() }
}
