/// Links that people get, below the address by which their browsers know this server.
struct PublicLinks: Sendable {
    /// Without a slash at its end.
    let base: String

    init(publicURL: String) { base = publicURL }

    /// Where a new person chooses a password.
    func setup(_ token: String) -> String { "\(base)/setup/\(token)" }

    /// Where somebody who forgot their password chooses another.
    func reset(_ token: String) -> String { "\(base)/reset/\(token)" }

    /// Where an invited person joins.
    func invitation(_ token: String) -> String { "\(base)/invitation/\(token)" }
}
