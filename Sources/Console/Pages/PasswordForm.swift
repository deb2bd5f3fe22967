/// The form by which people choose a password.
public enum PasswordForm {
    /// What stands in the page.
    /// - Parameters:
    ///   - words: whose password it is.
    ///   - button: what sending it does.
    ///   - error: what is wrong with the password that was chosen.
    public static func content(words: String, button: String, error: String? = nil) -> [any Component] {
        [
            Paragraph(words),
            Form(
                action: nil,
                fields: [
                    Field(
                        "password", label: "Password", kind: .password, hint: "12 characters or more.", error: error,
                        autocomplete: "new-password", isRequired: true, longest: 128)
                ], buttons: [Button(button)]),
        ]
    }
}
