/// Values of headers, and lines of text that look like headers.
extension RedactionScan {
    /// Authentication schemes (IANA's registry, and those that providers made up); only what follows them is secret.
    private static let schemes: [StaticString] = [
        "bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "api-key", "key", "hmac", "oauth", "mac",
        "hawk", "aws4-hmac-sha256", "sharedkey", "ssws", "geniekey", "zoho-oauthtoken", "bot", "dpop",
    ]

    /// Redacts a header's value.
    /// - Parameters:
    ///   - kind: what its name says.
    ///   - range: the value.
    mutating func redactHeader(_ kind: SecretName.Kind, in range: Range<Int>) {
        switch kind {
        case .value: redact(range)
        case .authorization:
            let wordEnd = runEnd(range.lowerBound, limit: range.count) { SecretName.isNameByte($0) }
            let word = UnsafeBufferPointer(rebasing: bytes[range.lowerBound..<wordEnd])
            let start = runEnd(wordEnd, limit: range.upperBound - wordEnd) { $0 == 0x20 }
            guard start > wordEnd, Self.schemes.contains(where: { SecretName.equals(word, $0) }) else {
                redact(range)
                return
            }
            redact(start..<range.upperBound)
        case .cookie: redactPairs(in: range, limit: .max)
        case .setCookie: redactPairs(in: range, limit: 1)
        }
    }

    private mutating func redactPairs(in range: Range<Int>, limit: Int) {
        var start = range.lowerBound
        var count = 0
        while start < range.upperBound, count < limit {
            let end = runEnd(start, limit: range.upperBound - start) { $0 != UInt8(ascii: ";") }
            let nameStart = runEnd(start, limit: end - start) { $0 == 0x20 }
            if markerEnd(nameStart) == nil, let equals = bytes[start..<end].firstIndex(of: UInt8(ascii: "=")) {
                redact((equals + 1)..<end)
            } else {
                redact(nameStart..<end)
            }
            count += 1
            start = end + 1
        }
    }

    /// Redacts `name: value` in a text that is no JSON: a header, YAML, or a sentence.
    /// - Parameters:
    ///   - kind: what the name says.
    ///   - nameStart: where the name starts.
    ///   - valueStart: behind the colon.
    /// - Returns: where to go on.
    mutating func redactLine(_ kind: SecretName.Kind, nameStart: Int, valueStart: Int) -> Int? {
        let start = runEnd(valueStart) { $0 == 0x20 || $0 == 0x09 }
        guard let first = byte(start) else { return nil }
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            let end = runEnd(start + 1) { $0 != first && $0 != 0x0A }
            redactHeader(kind, in: (start + 1)..<end)
            return end
        }
        switch kind {
        case .authorization, .cookie, .setCookie:
            let end = runEnd(start) { !Self.endsLine($0) }
            redactHeader(kind, in: start..<end)
            return end
        case .value:
            let end = runEnd(markerEnd(start) ?? start) { !Self.endsParameter($0) && !",{}[]".utf8.contains($0) }
            // In the middle of a sentence (“invalid token: expired”) a plain word is none.
            let startsLine = nameStart == 0 || "\n\r{,\"'".utf8.contains(bytes[nameStart - 1])
            guard startsLine || Self.looksSecret(bytes[start..<end]) else { return nil }
            redact(start..<end)
            return end
        }
    }

    private static func endsLine(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x0A, 0x0D, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "<"): true
        default: false
        }
    }

    static func looksSecret(_ value: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        value.count >= 24 || (value.count >= 4 && value.contains { $0 &- UInt8(ascii: "0") <= 9 })
    }
}
