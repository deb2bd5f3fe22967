public import Domain
import Foundation

/// A person's own account: who they are, their password, where they are signed in, where they belong.
public enum AccountPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - email: the person's.
    ///   - name: theirs, or as it was typed.
    ///   - sessions: theirs, the last used first.
    ///   - tenants: to which they belong.
    ///   - current: the tenant that they look at.
    ///   - errors: what is wrong with what was sent.
    ///   - zone: the reader's.
    public static func content(
        email: String, name: String, sessions: [OpenSession], tenants: [(tenant: Tenant, role: Role)],
        current: TenantID, errors: FormErrors = .init(), zone: ReaderZone
    ) -> [any Component] {
        [
            PageHead("Account", lead: email),
            Panel(
                "Name",
                content: [
                    Form(
                        action: "/account/name",
                        fields: [
                            Field(
                                "name", label: "Name", value: name, hint: "As others read it, wherever you belong.",
                                error: errors["name"], autocomplete: "name", isRequired: true, longest: 200)
                        ], buttons: [Button("Save name", kind: .plain)])
                ]),
            Panel("Password", content: [passwordForm(email, errors)]),
            Panel("Where you are signed in", content: [list(sessions, zone)] + endOthers(sessions)),
            Panel(
                "Where you belong",
                content: [
                    DataTable(
                        "Tenants", columns: [.init("Tenant"), .init("Role"), .init("")],
                        rows: tenants.map { tenant, role in
                            [
                                .init(NameLines(tenant.name)), .init(Words(role.words)),
                                .init(ActionRow([turn(to: tenant, isCurrent: tenant.id == current)])),
                            ]
                        })
                ]),
        ]
    }

    private static func passwordForm(_ email: String, _ errors: FormErrors) -> Form {
        Form(
            action: "/account/password",
            // for the browser's own keeper of passwords
            hidden: [.init("username", email)],
            fields: [
                Field(
                    "current_password", label: "The password you have", kind: .password,
                    error: errors["current_password"], autocomplete: "current-password", isRequired: true,
                    longest: 128),
                Field(
                    "password", label: "New password", kind: .password,
                    hint: "12 characters or more. You stay signed in here, and are signed out everywhere else.",
                    error: errors["password"], autocomplete: "new-password", isRequired: true, longest: 128),
            ], buttons: [Button("Change password", kind: .plain)])
    }

    private static func list(_ sessions: [OpenSession], _ zone: ReaderZone) -> DataTable {
        DataTable(
            "Sessions", columns: [.init("Last used"), .init("Begun"), .init("Tenant"), .init("")],
            rows: sessions.map { session in
                let end = Form(
                    action: "/account/sessions/\(session.id.uuidString.lowercased())/end", fields: [],
                    buttons: [Button("Sign out", kind: .plain)])
                return [
                    .init(TimeText(session.lastUsedAt, in: zone)), .init(TimeText(session.createdAt, in: zone)),
                    .init(Words(session.tenantName)),
                    .init(ActionRow([session.isCurrent ? Badge("This one", .success) : end])),
                ]
            })
    }

    private static func endOthers(_ sessions: [OpenSession]) -> [any Component] {
        guard sessions.count > 2 else { return [] }
        return [
            ConfirmOnce(
                "Sign out everywhere else", question: "Every session but this one ends.",
                action: "/account/sessions/end-others", confirm: "Sign out everywhere else")
        ]
    }

    private static func turn(to tenant: Tenant, isCurrent: Bool) -> any Component {
        guard !isCurrent else { return Badge("You are here", .success) }
        return Form(
            action: "/session/tenant",
            hidden: [.init("tenant_id", tenant.id.description), .init("return_to", "/logs")], fields: [],
            buttons: [Button("Switch", kind: .plain)])
    }
}
