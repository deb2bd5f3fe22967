public import Domain

/// Takes secrets out of captured text before it is stored.
///
/// A secret becomes `[redacted len=40 fp=9f2c41]`: its length in bytes, and the first three bytes of its HMAC-SHA256
/// under the tenant's key, so that the same secret can be recognised, never read. What was redacted once stays as it is.
///
/// Secrets are found by name (headers, query parameters, JSON members, form fields, XML elements, `name: value` in
/// text) and by shape (JWT, PEM private keys, the keys of well-known providers, URL user info).
public struct Redactor: Sendable {
    /// Where a text was found.
    enum Context {
        /// A URL as a whole: a query parameter `key` is a secret there.
        case url
        /// A body, a header's value, a message.
        case text
    }

    /// One reference instead of several, because each scan holds a redactor.
    private final class Parts: Sendable {
        let fingerprint: Fingerprint
        /// Per byte: nonzero where a secret may have just begun.
        let triggers = RedactionScan.triggers

        init(key: [UInt8]) { fingerprint = Fingerprint(key: key) }
    }

    private let parts: Parts

    /// Makes a redactor.
    /// - Parameter fingerprintKey: the tenant's key for fingerprints.
    public init(fingerprintKey: [UInt8]) { parts = Parts(key: fingerprintKey) }

    /// Redacts a body.
    /// - Parameter bytes: UTF-8 of any media type.
    /// - Returns: the same array when there was nothing to redact. JSON stays well-formed.
    public func body(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { redacted($0, context: .text) } ?? bytes
    }

    /// Redacts a text such as an error message.
    /// - Parameter text: any text.
    /// - Returns: the text without secrets.
    public func text(_ text: String) -> String {
        var copy = text
        return copy.withUTF8 { redacted($0, context: .text) }.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// Redacts a URL: the password of its user info, and the parameters that carry secrets.
    /// - Parameter url: the URL.
    /// - Returns: the URL without secrets.
    public func url(_ url: String) -> String {
        var copy = url
        return copy.withUTF8 { redacted($0, context: .url) }.map { String(decoding: $0, as: UTF8.self) } ?? url
    }

    /// Redacts a header's value by its name and by shape.
    /// - Parameter field: the header.
    /// - Returns: the header without secrets; an authentication scheme and the names of cookies stay.
    public func header(_ field: HeaderField) -> HeaderField {
        var (name, value) = (field.name, field.value)
        let redacted = name.withUTF8 { name in value.withUTF8 { headerValue($0, name: name) } }
        return HeaderField(name: field.name, value: redacted)
    }

    func headerValue(_ value: UnsafeBufferPointer<UInt8>, name: UnsafeBufferPointer<UInt8>) -> String {
        guard let kind = SecretName.kind(name), !value.isEmpty else { return string(value, context: .text) }
        var scan = RedactionScan(value, context: .text, redactor: self)
        scan.redactHeader(kind, in: 0..<value.count)
        return String(decoding: scan.finish() ?? Array(value), as: UTF8.self)
    }

    func string(_ bytes: UnsafeBufferPointer<UInt8>, context: Context) -> String {
        guard let redacted = redacted(bytes, context: context) else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: redacted, as: UTF8.self)
    }

    /// The redacted bytes; nil when there was nothing to redact.
    func redacted(_ bytes: UnsafeBufferPointer<UInt8>, context: Context) -> [UInt8]? {
        guard let base = bytes.baseAddress else { return nil }
        let count = bytes.count
        return parts.triggers.withUnsafeBufferPointer { triggers in
            guard let triggers = triggers.baseAddress else { return nil }
            var position = Self.nextTrigger(base, from: 0, count: count, triggers: triggers)
            // Most names, paths and headers hold no trigger at all.
            guard position < count else { return nil }
            var scan = RedactionScan(bytes, context: context, redactor: self)
            while position < count {
                position = Self.nextTrigger(base, from: scan.visit(position), count: count, triggers: triggers)
            }
            return scan.finish()
        }
    }

    /// Four bytes a turn: here most of the time is spent, and a tight loop is at the mercy of where it is placed.
    @inline(__always)
    private static func nextTrigger(
        _ base: UnsafePointer<UInt8>,
        from start: Int,
        count: Int,
        triggers: UnsafePointer<UInt8>
    ) -> Int {
        var position = start
        while position &+ 4 <= count {
            if triggers[Int(base[position])] != 0 { return position }
            if triggers[Int(base[position &+ 1])] != 0 { return position &+ 1 }
            if triggers[Int(base[position &+ 2])] != 0 { return position &+ 2 }
            if triggers[Int(base[position &+ 3])] != 0 { return position &+ 3 }
            position &+= 4
        }
        while position < count, triggers[Int(base[position])] == 0 { position &+= 1 }
        return position
    }

    /// What stands in a secret's place.
    func marker(for secret: UnsafeBufferPointer<UInt8>) -> [UInt8] { parts.fingerprint.marker(for: secret) }
}
