import Foundation

/// Names whose values are secrets, wherever they stand: headers, parameters, members, fields.
enum SecretName {
    /// How the value of such a name is built.
    enum Kind {
        /// `Scheme credentials`.
        case authorization
        /// `name=value; name=value`.
        case cookie
        /// `name=value; attributes`.
        case setCookie
        /// All of it is the secret.
        case value
    }

    /// The longest name looked at.
    static let maximumLength = 64

    /// What a name that ends in `key` has before it: `x-api-key`, `private_key`, `apikey`, `secretAccessKey`.
    private static let keyQualifiers: [StaticString] = [
        "api", "private", "secret", "access", "auth", "subscription", "functions", "signing", "encryption", "shared",
        "master",
    ]

    /// The kind of a name; nil when its value is no secret.
    ///
    /// A name is a secret's when it ends in one of these words, such as `x-amz-security-token` or `clientSecret`.
    /// - Parameter name: of any case, with `-`, `_` or nothing between its words.
    /// - Returns: the kind.
    static func kind(_ name: UnsafeBufferPointer<UInt8>) -> Kind? {
        guard let last = name.last else { return nil }
        switch last | 0x20 {
        case UInt8(ascii: "n"):
            if ends(name, "token") { return .value }
            return ends(name, "authorization") ? .authorization : nil
        case UInt8(ascii: "t"): return ends(name, "secret") ? .value : nil
        case UInt8(ascii: "e"):
            if ends(name, "signature") || ends(name, "passphrase") { return .value }
            return equals(name, "cookie") ? .cookie : equals(name, "set-cookie") ? .setCookie : nil
        case UInt8(ascii: "d"):
            return ends(name, "password") || ends(name, "passwd") || ends(name, "pwd") ? .value : nil
        case UInt8(ascii: "s"): return ends(name, "credentials") ? .value : nil
        case UInt8(ascii: "6"): return ends(name, "signature-256") ? .value : nil
        case UInt8(ascii: "y"): return isKey(name) ? .value : nil
        default: return nil
        }
    }

    /// A cheap first look at the last two bytes before a position, which most names do not pass: whether what ends there
    /// can be a secret's name, or one of those that lead to one (`value`, `Content-Disposition`, `password is`).
    @inline(__always)
    static func canEnd(_ bytes: UnsafeBufferPointer<UInt8>, at end: Int) -> Bool {
        guard end > 1 else { return false }
        let previous = bytes[end - 2] | 0x20
        switch bytes[end - 1] | 0x20 {
        case UInt8(ascii: "n"): return previous == UInt8(ascii: "e") || previous == UInt8(ascii: "o")
        case UInt8(ascii: "t"), UInt8(ascii: "y"): return previous == UInt8(ascii: "e")
        case UInt8(ascii: "e"):
            return previous == UInt8(ascii: "r") || previous == UInt8(ascii: "s") || previous == UInt8(ascii: "i")
                || previous == UInt8(ascii: "u")
        case UInt8(ascii: "d"): return previous == UInt8(ascii: "r") || previous == UInt8(ascii: "w")
        case UInt8(ascii: "s"): return previous == UInt8(ascii: "l") || previous == UInt8(ascii: "i")
        case UInt8(ascii: "6"): return previous == UInt8(ascii: "5")
        default: return false
        }
    }

    /// Whether a byte can be a part of a name.
    @inline(__always)
    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    static func equals(_ name: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        name.count == word.utf8CodeUnitCount && ends(name, word)
    }

    /// Compares without regard to case, and to which of `-` and `_` joins words.
    static func ends(_ name: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard name.count >= count else { return false }
        let start = name.count - count
        for index in 0..<count {
            let byte = name[start + index]
            let folded = byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte | 0x20
            guard folded == word.utf8Start[index] else { return false }
        }
        return true
    }

    private static func isKey(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard ends(name, "key") else { return false }
        var end = name.count - 3
        if end > 0, !isLetter(name[end - 1]) { end -= 1 }
        let qualifier = UnsafeBufferPointer(rebasing: name[..<end])
        return keyQualifiers.contains { ends(qualifier, $0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
