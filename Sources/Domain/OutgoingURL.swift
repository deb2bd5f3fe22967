import Foundation

/// A URL that the service may be asked to call: http or https, with a host, without user information.
///
/// It is read strictly, so that whoever calls it can't understand another host than the one that was looked at: the host
/// holds letters, digits, `.`, `-` and `_`, or is an IPv6 address in brackets, and the whole is printable ASCII without `\`.
public struct OutgoingURL: Sendable, Hashable {
    /// Why a text is no such URL.
    public struct Refusal: Error, Hashable, CustomStringConvertible {
        /// In words.
        public let description: String
    }

    /// The most characters of a URL.
    public static let longest = 2000

    /// As it was given.
    public let text: String
    /// `http` or `https`.
    public let scheme: String
    /// In lower case, without brackets.
    public let host: String
    /// The port, when one is given.
    public let port: Int?

    /// Reads a URL.
    /// - Parameters:
    ///   - text: absolute.
    ///   - longest: characters that it may have.
    /// - Throws: `Refusal`.
    public init(_ text: String, longest: Int = Self.longest) throws(Refusal) {
        guard text.utf8.count <= longest else {
            throw Refusal(description: "it has more than \(longest) characters")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw Refusal(description: "it holds a character that must be written another way in a URL")
        }
        guard let colons = text.firstRange(of: "://") else { throw Refusal(description: "it is not absolute") }
        scheme = text[..<colons.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw Refusal(description: "it is neither http nor https") }
        let authority = text[colons.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { throw Refusal(description: "it holds a user name or a password") }
        (host, port) = try Self.parts(of: authority)
        self.text = text
    }

    /// Scheme, host and port: what may be shown of a URL whose path is a secret.
    public var origin: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "")
    }

    /// The host's address where the host is one, in numeric form; nil for a name.
    public var address: String? { Self.address(ofHost: host) }

    private static func parts(of authority: Substring) throws(Refusal) -> (host: String, port: Int?) {
        var host = authority
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
                (1...65_535).contains(number)
            else { throw Refusal(description: "its port is not one from 1 to 65535") }
            host = authority[..<colon]
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast()).lowercased()
            guard inner.contains(":"), IPAddress(inner) != nil else {
                throw Refusal(description: "its host is no address")
            }
            return (inner, port)
        }
        guard !host.isEmpty else { throw Refusal(description: "it has no host") }
        guard isHostName(String(host)) else { throw Refusal(description: "its host is no host name") }
        return (host.lowercased(), port)
    }

    /// Whether a text has the form of a host name.
    static func isHostName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The address that a host is, in numeric form. IPv4 addresses are understood in all the ways that the system's own
    /// functions, and so whoever connects, understand them: `127.1`, `0x7f000001`, `017700000001`.
    static func address(ofHost host: String) -> String? {
        if IPAddress(host) != nil { return host }
        var parsed = in_addr()
        // one dot at the end is the root's
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        guard inet_aton(name, &parsed) != 0 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
        guard inet_ntop(AF_INET, &parsed, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
