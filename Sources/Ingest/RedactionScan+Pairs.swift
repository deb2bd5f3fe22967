/// Pairs such as `{"name":"X-Api-Key","value":"…"}`, as HAR and other formats write headers and fields.
extension RedactionScan {
    /// How far the members of a pair may be apart: pretty-printed JSON is indented.
    private static let maximumGap = 64

    /// The kind of the name that stands in the member before a member `value`; nil when there is no such pair.
    /// - Parameters:
    ///   - start: where the member `value` starts.
    ///   - quote: what delimits strings.
    ///   - escapes: the backslashes before each quote.
    /// - Returns: the kind of the pair's value.
    @inline(never)
    func kindOfPair(before start: Int, quote: UInt8, escapes: Int) -> SecretName.Kind? {
        let comma = gapStart(start) - 1
        // Most members before a value are numbers.
        guard isAt(comma, ","), comma > 0, bytes[comma - 1] &- UInt8(ascii: "0") > 9,
            let name = string(endingAt: gapStart(comma), quote: quote, escapes: escapes),
            let kind = SecretName.kind(UnsafeBufferPointer(rebasing: bytes[name]))
        else { return nil }
        let colon = gapStart(name.lowerBound - 1 - escapes) - 1
        guard isAt(colon, ":"), let label = string(endingAt: gapStart(colon), quote: quote, escapes: escapes)
        else { return nil }
        let word = UnsafeBufferPointer(rebasing: bytes[label])
        return SecretName.equals(word, "name") || SecretName.equals(word, "key") ? kind : nil
    }

    /// The content of a string that is one name.
    private func string(endingAt end: Int, quote: UInt8, escapes: Int) -> Range<Int>? {
        guard end > 0, byte(end - 1) == quote, backslashes(before: end - 1) == escapes else { return nil }
        let contentEnd = end - 1 - escapes
        let contentStart = contentEnd - name(endingAt: contentEnd).count
        guard byte(contentStart - 1) == quote, backslashes(before: contentStart - 1) == escapes else { return nil }
        return contentStart..<contentEnd
    }

    /// Where the white space before a position starts, also when it is written as escapes in a string of JSON.
    private func gapStart(_ position: Int) -> Int {
        var start = position
        while start > 0, position - start < Self.maximumGap {
            switch bytes[start - 1] {
            case 0x09...0x0D, 0x20: start -= 1
            case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                guard isAt(start - 2, "\\") else { return start }
                start -= 1 + min(backslashes(before: start - 1), Self.maximumGap)
            default: return start
            }
        }
        return start
    }
}
