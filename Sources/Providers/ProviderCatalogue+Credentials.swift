public import Domain

/// Something that is wrong with one of the credentials.
public struct CredentialIssue: Error, Sendable, Hashable {
    /// What can be wrong; the raw value is what clients see.
    public enum Code: String, Sendable, CaseIterable {
        case required
        case unknownMember = "unknown_member"
        case duplicateMember = "duplicate_member"
        case invalidFormat = "invalid_format"
        case tooLong = "too_long"
    }

    /// The member of `credentials`; empty for all of them together.
    public var member: String
    /// What is wrong.
    public var code: Code
    /// A sentence for whoever sent it; it repeats no value.
    public var detail: String

    /// Describes an issue; see the properties.
    public init(member: String, code: Code, detail: String) {
        self.member = member
        self.code = code
        self.detail = detail
    }
}

/// All that is wrong with credentials.
public struct CredentialIssues: Error, Sendable, Hashable {
    /// At least one, by member.
    public var issues: [CredentialIssue]
}

/// Credentials, with what is secret apart. Names are the catalogue's own, whatever alias was used.
public typealias ReadCredentials = (settings: [String: String], secrets: [String: String])

extension ProviderCatalogue {
    /// Reads what was typed in for a connection, strictly.
    /// - Parameters:
    ///   - credentials: by name or alias.
    ///   - application: whose they are.
    ///   - auth: how they prove who calls.
    /// - Returns: what was given, sorted by whether it is secret; or all that is wrong.
    public func read(
        credentials: [String: String], for application: Application, auth: ConnectionAuth
    ) -> Result<ReadCredentials, CredentialIssues> {
        let provider = self[application]
        guard let method = provider.method(auth) else {
            let ways = provider.methods.map(\.auth.rawValue).joined(separator: ", ")
            let detail = "\(application.name) is not called with \(auth.rawValue), but with \(ways)."
            return .failure(CredentialIssues(issues: [.init(member: "", code: .invalidFormat, detail: detail)]))
        }
        var settings: [String: String] = [:]
        var secrets: [String: String] = [:]
        var issues: [CredentialIssue] = []
        var seen: Set<String> = []
        for (member, value) in credentials.sorted(by: { $0.key < $1.key }) {
            guard let field = method.field(named: member) else {
                issues.append(Self.unknown(member, of: method))
                continue
            }
            guard seen.insert(field.name).inserted else {
                let detail = "It stands there under two names, of which one is \(field.name)."
                issues.append(.init(member: member, code: .duplicateMember, detail: detail))
                continue
            }
            if let issue = Self.issue(with: value, as: member, of: field) {
                issues.append(issue)
            } else if field.isSecret {
                secrets[field.name] = value
            } else {
                settings[field.name] = value
            }
        }
        for field in method.fields where field.isRequired && !seen.contains(field.name) {
            issues.append(.init(member: field.name, code: .required, detail: field.description))
        }
        if seen.contains("client_secret"), !seen.contains("client_id") {
            let detail = "A client_secret is of no use without the client_id that it belongs to."
            issues.append(.init(member: "client_id", code: .required, detail: detail))
        }
        return issues.isEmpty ? .success((settings, secrets)) : .failure(CredentialIssues(issues: issues))
    }

    private static func issue(with value: String, as member: String, of field: CredentialField) -> CredentialIssue? {
        guard value.utf8.count <= CredentialFormat.longest else {
            let detail = "It has more than \(CredentialFormat.longest) bytes."
            return CredentialIssue(member: member, code: .tooLong, detail: detail)
        }
        return field.format.refusal(of: value).map {
            CredentialIssue(member: member, code: .invalidFormat, detail: $0)
        }
    }

    private static func unknown(_ member: String, of method: AuthMethod) -> CredentialIssue {
        let names = method.fields.map(\.name).joined(separator: ", ")
        let detail =
            names.isEmpty
            ? "Nothing has to be typed in here: it is authorised in the browser." : "It may be one of: \(names)."
        return CredentialIssue(member: member.plainLine(longest: 60), code: .unknownMember, detail: detail)
    }
}
