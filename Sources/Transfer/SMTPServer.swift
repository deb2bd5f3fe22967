/// A mail server to hand mails to, and the account to do it with.
///
/// Read from a URL: `smtp://user:password@mail.example.com:587` or `smtps://…`. User and password are percent-encoded
/// where they hold `@ : / ? # %`. A path is the name to greet the server with, in place of the machine's own.
public struct SMTPServer: Sendable {
    /// How the connection is protected.
    public enum Protection: Sendable, Hashable {
        /// `smtps://`: TLS from the first byte.
        case tls
        /// `smtp://`: TLS by STARTTLS, and nothing is said before it. A server that does not offer it is refused.
        case startTLS
        /// `smtp://…?tls=off`: none. Mails, user and password are readable by whoever is on the way: for a server on
        /// the same machine or network only.
        case none
    }

    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    public let host: String
    /// 587 when the URL named none, 465 for `smtps`.
    public let port: Int
    /// How the connection is protected.
    public let protection: Protection
    /// Nil when the server asks for no login.
    public let user: String?
    /// The name for EHLO; nil for the machine's own.
    public let greetingName: String?
    let password: String

    /// Why a URL names no mail server. It never holds a part of the URL, which may be a part of the password.
    public struct Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// Reads a URL.
    /// - Parameter url: as the type describes it.
    /// - Throws: `Invalid`.
    public init(url: String) throws(Invalid) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Invalid(description: "it holds a character to percent-encode: a space, a control or a non-ASCII one")
        }
        let (isImplicit, rest) = try Self.scheme(of: url)
        let authorityEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let tail = rest[authorityEnd...]
        guard !tail.contains("@") else {
            throw Invalid(description: "/, ? and # in a user or password are written %2F, %3F and %23")
        }
        let authority = rest[..<authorityEnd]
        let at = authority.lastIndex(of: "@")
        (user, password) = try Self.account(at.map { authority[..<$0] })
        (host, port) = try Self.address(at.map { authority[authority.index(after: $0)...] } ?? authority, isImplicit)
        greetingName = try Self.greetingName(tail.prefix { $0 != "?" && $0 != "#" })
        protection = try Self.protection(tail.drop { $0 != "?" && $0 != "#" }, isImplicit)
    }

    private static func scheme(of url: String) throws(Invalid) -> (isImplicit: Bool, rest: Substring) {
        let lower = url.lowercased()
        if lower.hasPrefix("smtps://") { return (true, url.dropFirst(8)) }
        if lower.hasPrefix("smtp://") { return (false, url.dropFirst(7)) }
        throw Invalid(description: "it starts with neither smtp:// nor smtps://")
    }

    private static func account(_ text: Substring?) throws(Invalid) -> (user: String?, password: String) {
        guard let text else { return (nil, "") }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = percentDecoded(parts[0]), let password = percentDecoded(parts[1]) else {
            throw Invalid(description: "before the @ there is no user:password, percent-encoded UTF-8")
        }
        guard !user.isEmpty, !password.isEmpty else { throw Invalid(description: "the user or the password is empty") }
        guard (user + password).unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Invalid(description: "the user or the password holds a control character")
        }
        return (user, password)
    }

    private static func address(
        _ text: Substring, _ isImplicit: Bool
    ) throws(Invalid) -> (host: String, port: Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            let close = text.firstIndex(of: "]") ?? text.startIndex
            host = text[..<close].dropFirst()
            let rest = text[text.index(after: close)...]
            let isAddress = !host.isEmpty && host.allSatisfy { $0.isHexDigit || ":.".contains($0) }
            guard isAddress, rest.isEmpty || rest.hasPrefix(":") else {
                throw Invalid(description: "the IPv6 address cannot be read")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, text.hasPrefix("[") || isHostName(host) else {
            throw Invalid(description: "there is no host name")
        }
        guard let port else { return (String(host), isImplicit ? 465 : 587) }
        guard let number = Int(port), (1...65_535).contains(number) else {
            throw Invalid(description: "the port is no number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func greetingName(_ path: Substring) throws(Invalid) -> String? {
        guard path.count > 1 else { return nil }
        guard isHostName(path.dropFirst()) else {
            throw Invalid(description: "the path is no host name to greet the server with")
        }
        return String(path.dropFirst())
    }

    private static func protection(_ query: Substring, _ isImplicit: Bool) throws(Invalid) -> Protection {
        switch query {
        case "", "?": return isImplicit ? .tls : .startTLS
        case "?tls=off" where !isImplicit: return .none
        case "?tls=off": throw Invalid(description: "tls=off contradicts smtps://")
        default: throw Invalid(description: "after the ? only tls=off is known")
        }
    }

    private static func isHostName(_ text: Substring) -> Bool {
        text.utf8.count <= 253 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}

extension SMTPServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without the password.
    public var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let path = greetingName.map { "/\($0)" } ?? ""
        let account = user.map { "\($0)@" } ?? ""
        return "\(scheme)://\(account)\(name):\(port)\(path)\(protection == .none ? "?tls=off" : "")"
    }

    /// The URL without the password.
    public var debugDescription: String { description }

    /// Shows what `description` shows: a dump holds no password either.
    public var customMirror: Mirror { Mirror(self, children: ["server": description]) }

    var scheme: String { protection == .tls ? "smtps" : "smtp" }

    /// What libcurl connects to: user and password travel apart from it.
    var plainURL: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(name):\(port)/\(greetingName ?? "")"
    }
}
