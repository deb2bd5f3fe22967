import Domain
import Yams

/// What an operator's file says of applications: other URLs, the clients that were registered with them, and scopes.
///
///     zendesk:
///       client_id: calltrail
///       client_secret: "…"
///       scopes: [read, write]
public struct ProvidersFile: Sendable {
    /// A place of the file that can't be used. The text names it, and no value.
    public struct Invalid: Error, Hashable, CustomStringConvertible {
        /// In words.
        public let description: String
    }

    /// What is said of one application; nil where nothing is.
    struct Block: Sendable, Hashable {
        var clientID: String?
        var clientSecret: String?
        var scopes: [String]?
        var authorizeURL: String?
        var tokenURL: String?
        var revokeURL: String?
        var probeURL: String?
        var apiURL: String?
    }

    /// By application.
    let blocks: [Application: Block]

    private static let members = [
        "client_id", "client_secret", "scopes", "authorize_url", "token_url", "revoke_url", "probe_url", "api_url",
    ]

    /// Reads a file.
    /// - Parameter yaml: its text; an empty one says nothing.
    /// - Throws: `Invalid`.
    public init(yaml: String) throws(Invalid) {
        guard yaml.utf8.count <= 1 << 20 else { throw Invalid(description: "it is longer than 1 MiB") }
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw Invalid(description: Self.words(for: error))
        }
        var blocks: [Application: Block] = [:]
        guard let root, !root.isNothing else {
            self.blocks = blocks
            return
        }
        guard case .mapping(let applications) = root else {
            throw Invalid(description: "it is not a mapping from applications")
        }
        for (key, value) in applications {
            guard let name = key.text, let application = Application(rawValue: name) else {
                let known = Application.allCases.map(\.rawValue).joined(separator: ", ")
                throw Invalid(
                    description: "\(key.place)there is no application \(key.shown); there are \(known)")
            }
            blocks[application] = try Self.block(value, of: application)
        }
        self.blocks = blocks
    }

    private static func block(_ node: Node, of key: Application) throws(Invalid) -> Block {
        let application = key.rawValue
        let known = ProviderCatalogue()[key].placeholders
        var block = Block()
        guard !node.isNothing else { return block }
        guard case .mapping(let members) = node else {
            throw Invalid(description: "\(node.place)\(application) is not a mapping")
        }
        for (key, value) in members {
            let name = key.text ?? ""
            let path = "\(value.place)\(application).\(name)"
            switch name {
            case "client_id": block.clientID = try text(value, path)
            case "client_secret": block.clientSecret = try text(value, path)
            case "scopes": block.scopes = try scopes(value, path)
            case "authorize_url": block.authorizeURL = try url(value, path, known)
            case "token_url": block.tokenURL = try url(value, path, known)
            case "revoke_url": block.revokeURL = try url(value, path, known)
            case "probe_url": block.probeURL = try url(value, path, known)
            case "api_url": block.apiURL = try url(value, path, known, isBase: true)
            default:
                throw Invalid(
                    description: "\(key.place)\(application) has no member \(key.shown); it may have "
                        + Self.members.joined(separator: ", "))
            }
        }
        guard block.clientSecret == nil || block.clientID != nil else {
            throw Invalid(description: "\(node.place)\(application) has a client_secret and no client_id")
        }
        return block
    }

    private static func text(_ node: Node, _ path: String) throws(Invalid) -> String {
        guard let text = node.text else { throw Invalid(description: "\(path) is not text; put it into quotes") }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw Invalid(description: "\(path) is empty or holds a character that can't be sent")
        }
        return text
    }

    private static func scopes(_ node: Node, _ path: String) throws(Invalid) -> [String] {
        var texts: [String] = []
        if case .sequence(let nodes) = node {
            for (index, node) in nodes.enumerated() { texts.append(try text(node, "\(path)[\(index)]")) }
        } else if node.text != nil {
            texts = [try text(node, path)]
        } else {
            throw Invalid(description: "\(path) is neither text nor a list of texts")
        }
        let scopes = texts.flatMap { $0.split(separator: " ").map(String.init) }
        // RFC 6749, section 3.3
        guard !scopes.isEmpty, scopes.allSatisfy({ !$0.contains("\"") && !$0.contains("\\") }) else {
            throw Invalid(description: "\(path) holds no scope, or one that can't be")
        }
        return scopes
    }

    /// A URL, perhaps with `{…}`; those are looked at as if something harmless stood there.
    private static func url(
        _ node: Node, _ path: String, _ known: Set<String>, isBase: Bool = false
    ) throws(Invalid) -> String {
        let text = try text(node, path)
        let template = URLTemplate(text)
        if let name = template.names.first(where: { !known.contains($0) }) {
            let words = known.isEmpty ? "none can stand there" : "known are \(known.sorted().joined(separator: ", "))"
            throw Invalid(description: "\(path) holds {\(name.plainLine(longest: 60))}; \(words)")
        }
        guard let sample = try? template.expanded(by: { $0.hasSuffix("_url") ? "https://example.com" : "x" }) else {
            throw Invalid(description: "\(path) can't be used as a URL")
        }
        let url: OutgoingURL
        do { url = try OutgoingURL(sample) } catch {
            throw Invalid(description: "\(path) can't be used as a URL: \(error)")
        }
        guard !text.contains("#") else { throw Invalid(description: "\(path) has a part behind #") }
        if isBase, let words = BaseURL.refusal(of: url) {
            throw Invalid(description: "\(path) can't be used as a base: \(words)")
        }
        return text
    }

    /// libYAML's own words tell the line; its excerpt of the file is left out, since secrets stand there.
    private static func words(for error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): it is no YAML: \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): \(duplicates.joined(separator: ", ")) stands there twice"
        default: "it is no YAML"
        }
    }
}

extension Node {
    /// A text; nil for numbers, truths and nothing, which YAML tells apart by their form.
    fileprivate var text: String? {
        guard case .scalar(let scalar) = self, tag == Tag(.str) else { return nil }
        return scalar.string
    }

    fileprivate var isNothing: Bool {
        guard case .scalar = self else { return false }
        return tag == Tag(.null)
    }

    /// As it stands in the file, cut.
    fileprivate var shown: String { (text ?? scalar?.string ?? "that is no text").plainLine(longest: 60) }

    /// The line, for a message's beginning.
    fileprivate var place: String { mark.map { "line \($0.line): " } ?? "" }
}
