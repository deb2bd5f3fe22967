/// Secrets by shape, found from the rarest byte of what they start with.
extension RedactionScan {
    mutating func visitShape(_ position: Int) -> Int? {
        switch bytes[position] {
        case UInt8(ascii: "J"): redactWebToken(position - 2)
        case UInt8(ascii: "_"): redactUnderscored(position)
        case UInt8(ascii: "K"): redactUpperK(position)
        case UInt8(ascii: "I"): redactUpperI(position)
        case UInt8(ascii: "x"): redactSlack(position - 2)
        case UInt8(ascii: "."): redactDotted(position)
        case UInt8(ascii: "B"): redactUpperB(position)
        default: nil
        }
    }

    /// JSON Web Token (RFC 7519): `eyJ….eyJ….…`, also when the text ends within it.
    private mutating func redactWebToken(_ start: Int) -> Int? {
        guard isAt(start, "eyJ"), isStart(start) else { return nil }
        if start >= base64RunEnd { base64RunEnd = runEnd(start, while: Self.isBase64URL) }
        var end = base64RunEnd
        guard end - start >= 10 else { return nil }
        guard isAt(end, ".") else {
            guard end == bytes.count else { return nil }
            return redactShape(start..<end)
        }
        var parts = 1
        while parts < 5, isAt(end, ".") {
            let partEnd = runEnd(end + 1, while: Self.isBase64URL)
            // Only an encrypted token has an empty part, and then only the second.
            guard partEnd > end + 1 || (parts == 1 && isAt(partEnd, ".")) else { break }
            end = partEnd
            parts += 1
        }
        guard parts >= 2 else { return nil }
        return redactShape(start..<end)
    }

    /// GitHub `ghp_…` and `github_pat_…`, Stripe `sk_live_…`, our own `ct_live_…`.
    private mutating func redactUnderscored(_ position: Int) -> Int? {
        if isAt(position - 6, "github_pat_") { return redactRun(position - 6, after: 11, atLeast: 20, Self.isWord) }
        if isAt(position + 1, "live_") || isAt(position + 1, "test_"),
            isAt(position - 2, "sk") || isAt(position - 2, "rk") || isAt(position - 2, "ct")
        {
            return redactRun(position - 2, after: 8, atLeast: 10, Self.isWord)
        }
        guard isAt(position - 3, "gh"), let kind = byte(position - 1), "pousr".utf8.contains(kind) else { return nil }
        return redactRun(position - 3, after: 4, atLeast: 20, Self.isLetterOrDigit)
    }

    /// AWS `AKIA…`, and Twilio API keys `SK` with 32 hexadecimal digits (account and message ids have other letters).
    private mutating func redactUpperK(_ position: Int) -> Int? {
        if isAt(position - 1, "AKIA") { return redactRun(position - 1, after: 4, atLeast: 16, Self.isUpperOrDigit) }
        guard isAt(position - 1, "S"), isStart(position - 1) else { return nil }
        let end = runEnd(position + 1, while: Self.isLetterOrDigit)
        guard end == position + 33, bytes[(position + 1)..<end].allSatisfy(Self.isLowerHex) else { return nil }
        return redactShape((position - 1)..<end)
    }

    /// AWS `ASIA…`, Google `AIza…`.
    private mutating func redactUpperI(_ position: Int) -> Int? {
        if isAt(position - 2, "ASIA") { return redactRun(position - 2, after: 4, atLeast: 16, Self.isUpperOrDigit) }
        guard isAt(position - 1, "AIza") else { return nil }
        return redactRun(position - 1, after: 4, atLeast: 30, Self.isBase64URL)
    }

    /// Slack `xoxb-…` and its siblings.
    private mutating func redactSlack(_ start: Int) -> Int? {
        guard isAt(start, "xox"), let kind = byte(start + 3), "abeoprs".utf8.contains(kind), isAt(start + 4, "-")
        else { return nil }
        return redactRun(start, after: 5, atLeast: 10, Self.isBase64URL)
    }

    /// Google OAuth `ya29.…`, SendGrid `SG.….…`.
    private mutating func redactDotted(_ position: Int) -> Int? {
        if isAt(position - 4, "ya29") {
            return redactRun(position - 4, after: 5, atLeast: 10) { Self.isBase64URL($0) || $0 == UInt8(ascii: ".") }
        }
        guard isAt(position - 2, "SG"), isStart(position - 2) else { return nil }
        let middle = runEnd(position + 1, while: Self.isBase64URL)
        guard middle - position > 16, isAt(middle, ".") else { return nil }
        return redactRun(position - 2, after: middle + 3 - position, atLeast: 16, Self.isBase64URL)
    }

    /// `Bearer …` and `Basic …` in a text, and PEM private keys (RFC 7468).
    private mutating func redactUpperB(_ position: Int) -> Int? {
        if isAt(position - 5, "-----BEGIN ") { return redactPrivateKey(position - 5) }
        let length = isAt(position, "Bearer ") ? 7 : isAt(position, "Basic ") ? 6 : 0
        guard length > 0, isStart(position) else { return nil }
        let start = position + length
        let end = runEnd(markerEnd(start) ?? start) { Self.isBase64URL($0) || "+/=.~".utf8.contains($0) }
        guard end - start >= 8, Self.looksSecret(bytes[start..<end]) else { return nil }
        redact(start..<end)
        return end
    }

    private mutating func redactPrivateKey(_ start: Int) -> Int? {
        let labelEnd = runEnd(start + 11, limit: 40) { Self.isUpperOrDigit($0) || $0 == 0x20 }
        guard isAt(labelEnd - 11, "PRIVATE KEY-----") || isAt(labelEnd - 17, "PRIVATE KEY BLOCK-----")
        else { return nil }
        var end = labelEnd + 5
        while end < bytes.count {
            if isAt(end, "-----END ") {
                end = runEnd(end + 9, limit: 40) { $0 != UInt8(ascii: "-") }
                end = runEnd(end, limit: 5) { $0 == UInt8(ascii: "-") }
                break
            }
            // The string in which it stands ends, though the key does not.
            if bytes[end] == UInt8(ascii: "\"") { break }
            end += 1
        }
        redact(start..<end)
        return end
    }

    /// Redacts a prefix and the run behind it, when that is long enough.
    private mutating func redactRun(
        _ start: Int,
        after prefix: Int,
        atLeast minimum: Int,
        _ condition: (UInt8) -> Bool
    ) -> Int? {
        guard isStart(start) else { return nil }
        let end = runEnd(start + prefix, while: condition)
        guard end - start - prefix >= minimum || (end == bytes.count && end > start + prefix) else { return nil }
        return redactShape(start..<end)
    }

    private mutating func redactShape(_ range: Range<Int>) -> Int {
        redact(range)
        return range.upperBound
    }

    /// Whether nothing before the position belongs to the same word.
    private func isStart(_ position: Int) -> Bool {
        guard position > 0 else { return position == 0 }
        let before = bytes[position - 1]
        guard Self.isLetterOrDigit(before) else { return true }
        // The letter of an escape such as `\n`, or the digits of a `%3D`, are no part of the word.
        return isAt(position - 2, "\\") || isAt(position - 3, "%")
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isWord(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || byte == UInt8(ascii: "_") }

    private static func isUpperOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
