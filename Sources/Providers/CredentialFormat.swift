import Domain

/// What a field may hold.
enum CredentialFormat: Sendable {
    /// Any text on one line.
    case text
    /// Printable ASCII without spaces: what a header can carry.
    case token
    /// Letters, digits, `-` and `_`: what needs no escaping in a URL.
    case identifier
    /// A user name of Basic authentication, which ends at a colon (RFC 7617).
    case userName
    /// Any text on one line; spaces count.
    case password
    /// One label of a host name.
    case subdomain
    /// A URL.
    case url
    /// A URL that paths can be put behind.
    case baseURL
    /// The name of a header that a key may travel in.
    case headerName
    /// What stands before a key in its header; may be empty.
    case headerPrefix
    /// Scopes with spaces between them.
    case scopes
    /// One of some words.
    case oneOf([String])
    /// A host at which Salesforce signs people in.
    case salesforceHost

    /// The most bytes of a value.
    static let longest = 8_192

    /// Why a value can't be; nil when it can.
    func refusal(of value: String) -> String? {
        if value.isEmpty, !mayBeEmpty { return "It is empty." }
        guard !value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            return "It holds a line break or another control character."
        }
        switch self {
        case .text, .password: return nil
        case .token, .scopes, .headerPrefix: return asciiRefusal(of: value)
        case .identifier:
            return value.utf8.allSatisfy(\.isIdentifierByte) ? nil : "It may hold letters, digits, - and _ only."
        case .userName: return value.contains(":") ? "It holds a colon." : nil
        case .subdomain:
            return Self.isSubdomain(value) ? nil : "It is the first part of the host name alone: a-z, 0-9 and -."
        case .url, .baseURL: return urlRefusal(of: value)
        case .headerName: return headerNameRefusal(of: value)
        case .oneOf(let words): return words.contains(value) ? nil : "It is one of: " + words.joined(separator: ", ")
        case .salesforceHost:
            return Self.isSalesforceHost(value)
                ? nil : "It is login.salesforce.com, test.salesforce.com or a host that ends in .my.salesforce.com."
        }
    }

    private var mayBeEmpty: Bool {
        if case .headerPrefix = self { true } else { false }
    }

    private func asciiRefusal(of value: String) -> String? {
        let mayHoldSpaces =
            switch self {
            case .scopes, .headerPrefix: true
            default: false
            }
        let lowest: UInt8 = mayHoldSpaces ? 0x20 : 0x21
        return value.utf8.allSatisfy { (lowest..<0x7F).contains($0) } ? nil : "It holds a character that can't be sent."
    }

    private func urlRefusal(of value: String) -> String? {
        let url: OutgoingURL
        do { url = try OutgoingURL(value) } catch { return "It can't be used as a URL: \(error)." }
        if case .baseURL = self { return BaseURL.refusal(of: url).map { "It can't be used as a base: \($0)." } }
        return value.contains("#") ? "A URL that is called has no part behind #." : nil
    }

    private func headerNameRefusal(of value: String) -> String? {
        guard value.utf8.allSatisfy(\.isHeaderNameByte) else { return "It is no header name." }
        let name = value.lowercased()
        return Self.reservedHeaders.contains(name) || name.hasPrefix("proxy-")
            ? "This header belongs to the connection itself." : nil
    }

    private static let reservedHeaders: Set<String> = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive",
        "te", "trailer", "upgrade", "expect", "range", "accept-encoding",
    ]

    static func isSubdomain(_ value: String) -> Bool {
        (1...63).contains(value.utf8.count) && !value.hasPrefix("-") && !value.hasSuffix("-")
            && value.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    static func isSalesforceHost(_ value: String) -> Bool {
        if value == "login.salesforce.com" || value == "test.salesforce.com" { return true }
        let suffix = ".my.salesforce.com"
        guard value.hasSuffix(suffix) else { return false }
        return value.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
            .allSatisfy { isSubdomain(String($0)) }
    }
}

extension UInt8 {
    /// A letter, a digit, `-` or `_`.
    var isIdentifierByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// A byte that stands for itself in a URL (RFC 3986, section 2.3).
    var isUnreservedByte: Bool { isIdentifierByte || self == UInt8(ascii: ".") || self == UInt8(ascii: "~") }

    /// A byte of a token as RFC 9110, section 5.6.2, defines it.
    var isHeaderNameByte: Bool { isIdentifierByte || "!#$%&'*+.^`|~".utf8.contains(self) }
}
