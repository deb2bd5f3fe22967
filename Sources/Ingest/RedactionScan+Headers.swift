/// Values of headers.
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
}
