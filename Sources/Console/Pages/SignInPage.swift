/// The form by which people sign in.
public enum SignInPage {
    /// Which fields were left empty.
    public struct Missing: Sendable {
        var email: Bool
        var password: Bool

        /// Whether there is one.
        public var isAnything: Bool { email || password }

        /// Describes what is missing.
        public init(email: Bool, password: Bool) {
            self.email = email
            self.password = password
        }
    }

    /// What stands in the page.
    /// - Parameters:
    ///   - email: as it was typed.
    ///   - missing: what was left empty.
    ///   - returnTo: the page to which signing in leads.
    public static func content(
        email: String = "", missing: Missing = Missing(email: false, password: false), returnTo: String?
    ) -> [any Component] {
        [
            Form(
                action: "/login", hidden: returnTo.map { [.init("return_to", $0)] } ?? [],
                fields: [
                    Field(
                        "email", label: "Email", kind: .email, value: email,
                        error: missing.email ? "Your email is needed." : nil, autocomplete: "username",
                        isRequired: true),
                    Field(
                        "password", label: "Password", kind: .password,
                        error: missing.password ? "Your password is needed." : nil,
                        autocomplete: "current-password", isRequired: true, longest: 128),
                ], buttons: [Button("Sign in")]),
            TextLink("Forgot your password?", path: "/forgot-password"),
        ]
    }
}

/// The form by which people ask for a link that lets them choose another password.
public enum ForgotPasswordPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - email: as it was typed.
    ///   - error: what is wrong with it.
    public static func content(email: String = "", error: String? = nil) -> [any Component] {
        [
            Paragraph("We send you a link by which you choose a new one."),
            Form(
                action: "/forgot-password",
                fields: [
                    Field(
                        "email", label: "Email", kind: .email, value: email, error: error, autocomplete: "username",
                        isRequired: true)
                ], buttons: [Button("Send link")]),
            TextLink("Back to sign in", path: "/login"),
        ]
    }

    /// What is said however it went: who knows which addresses are known here is nobody's business.
    public static var sent: [any Component] {
        [
            Paragraph("If the address is known, a link is on its way to it. It works once, for an hour."),
            TextLink("Back to sign in", path: "/login"),
        ]
    }
}
