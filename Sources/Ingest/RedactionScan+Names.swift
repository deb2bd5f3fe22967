/// Secrets by name: `"name": "value"` at any depth of escaping, `name=value`, `<name>value</name>`.
extension RedactionScan {
    /// A JSON member, a header line, or a URL's scheme.
    mutating func visitColon(_ position: Int) -> Int? {
        if isAt(position + 1, "/") || isAt(position + 1, "\\"), let start = authorityStart(position + 1) {
            return visitAuthority(start)
        }
        var end = position
        while end > 0, position - end < 4, bytes[end - 1] == 0x20 { end -= 1 }
        guard end > 0 else { return nil }
        let last = bytes[end - 1]
        if last == UInt8(ascii: "\"") || last == UInt8(ascii: "'") {
            let escapes = backslashes(before: end - 1)
            let nameEnd = end - 1 - escapes
            guard SecretName.canEnd(bytes, at: nameEnd) else { return nil }
            let name = name(endingAt: nameEnd)
            if let kind = SecretName.kind(name) {
                return redactMember(kind, from: position + 1, quote: last, escapes: escapes)
            }
            guard name.count == 5, SecretName.equals(name, "value"),
                let kind = kindOfPair(before: nameEnd - 6 - escapes, quote: last, escapes: escapes)
            else { return nil }
            return redactMember(kind, from: position + 1, quote: last, escapes: escapes)
        }
        guard SecretName.canEnd(bytes, at: end) else { return nil }
        return visitLine(nameEnd: end, valueStart: position + 1)
    }

    /// `name=value` in a query, a form, a cookie or a text.
    mutating func visitAssignment(nameEnd: Int, valueStart: Int) -> Int? {
        guard nameEnd > 0, !isAt(valueStart, "=") else { return nil }
        let last = bytes[nameEnd - 1]
        // The query parameters `sig` and `key` are secrets, members and fields of that name are not.
        let isShort = last | 0x20 == UInt8(ascii: "g") || last | 0x20 == UInt8(ascii: "y")
        guard isShort || SecretName.canEnd(bytes, at: nameEnd) else { return nil }
        let name = name(endingAt: nameEnd)
        guard SecretName.kind(name) != nil || (isShort && isShortSecret(name, start: nameEnd - name.count))
        else { return nil }
        let escapes = runEnd(valueStart, limit: 8) { $0 == UInt8(ascii: "\\") } - valueStart
        if let quote = byte(valueStart + escapes), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            guard !endsString(valueStart + escapes) else { return nil }
            return redactString(from: valueStart + escapes + 1, quote: quote, escapes: escapes)
        }
        // A marker holds spaces; what follows one belongs to the value, or a forged one would hide a secret.
        let end = runEnd(markerEnd(valueStart) ?? valueStart) { !Self.endsParameter($0) }
        redact(valueStart..<end)
        return end
    }

    private func isShortSecret(_ name: UnsafeBufferPointer<UInt8>, start: Int) -> Bool {
        let isParameter = isAt(start - 1, "?") || isAt(start - 1, "&")
        if SecretName.equals(name, "sig") { return isParameter }
        return SecretName.equals(name, "key") && (context == .url ? isParameter : isAt(start - 1, "?"))
    }

    /// A percent-encoded `=`: a URL within a URL.
    mutating func visitPercent(_ position: Int) -> Int? {
        guard isAt(position + 1, "3"), let second = byte(position + 2), second | 0x20 == UInt8(ascii: "d"),
            SecretName.canEnd(bytes, at: position),
            SecretName.kind(name(endingAt: position)) != nil
        else { return nil }
        var end = markerEnd(position + 3) ?? position + 3
        while end < bytes.count, !Self.endsParameter(bytes[end]), !isAt(end, "%26") { end += 1 }
        redact((position + 3)..<end)
        return end
    }

    /// An XML element's content.
    mutating func visitElement(_ position: Int) -> Int? {
        guard SecretName.canEnd(bytes, at: position) else { return nil }
        let name = name(endingAt: position)
        let before = position - name.count - 1
        guard isAt(before, "<") || isAt(before, ":"), SecretName.kind(name) != nil else { return nil }
        let end = runEnd(position + 1) { $0 != UInt8(ascii: "<") }
        redact((position + 1)..<end)
        return end
    }

    /// The value of a JSON member: a string, a number, or a container, of which all strings go.
    @inline(never)
    private mutating func redactMember(_ kind: SecretName.Kind, from start: Int, quote: UInt8, escapes: Int) -> Int? {
        let value = runEnd(start, while: Self.isWhiteSpace)
        guard let first = byte(value) else { return nil }
        if escapes == runEnd(value, limit: escapes + 1, while: { $0 == UInt8(ascii: "\\") }) - value,
            byte(value + escapes) == quote
        {
            let content = value + escapes + 1
            let end = stringEnd(from: content, quote: quote, escapes: escapes)
            redactHeader(kind, in: content..<end.content)
            return end.next
        }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            let end = runEnd(value) { Self.isLetterOrDigit($0) || "+-.".utf8.contains($0) }
            redact(value..<end, quotes: Array(repeating: UInt8(ascii: "\\"), count: escapes) + [quote])
            return end
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return redactContainer(from: value, quote: quote, escapes: escapes)
        default: return nil
        }
    }

    private mutating func redactContainer(from start: Int, quote: UInt8, escapes: Int) -> Int {
        var depth = 0
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return position + 1 }
            case quote:
                // Fewer backslashes end the string in which this JSON stands.
                guard backslashes(before: position) >= escapes else { return position }
                let end = stringEnd(from: position + 1, quote: quote, escapes: escapes)
                let following = runEnd(end.next, while: Self.isWhiteSpace)
                if !isAt(following, ":") { redact((position + 1)..<end.content) }
                position = end.next
                continue
            default: break
            }
            position += 1
        }
        return position
    }

    mutating func redactString(from start: Int, quote: UInt8, escapes: Int) -> Int {
        let end = stringEnd(from: start, quote: quote, escapes: escapes)
        redact(start..<end.content)
        return end.next
    }

    /// Where a string ends.
    ///
    /// Text escaped k times has 2^k − 1 backslashes before each quote that delimits its strings. A quote with n of them
    /// delimits, too, when n modulo twice their number plus two is that number: the others are the content's own.
    /// - Returns: the end of the content, and the position behind the quote.
    private func stringEnd(from start: Int, quote: UInt8, escapes: Int) -> (content: Int, next: Int) {
        var position = start
        while position < bytes.count {
            // An apostrophe without its partner must not hide the end of the string of JSON in which it stands.
            if bytes[position] == UInt8(ascii: "\""), quote == UInt8(ascii: "'"),
                case let count = min(backslashes(before: position), position - start), count.isMultiple(of: 2),
                endsString(position)
            {
                return (position - count, position)
            }
            if bytes[position] == quote {
                let count = min(backslashes(before: position), position - start)
                // Within a string that is itself in a string each quote has an odd number: here the outer one ends.
                if count < escapes || (escapes > 0 && count.isMultiple(of: 2)) { return (position - count, position) }
                if count % (2 * (escapes + 1)) == escapes { return (position - escapes, position + 1) }
            }
            position += 1
        }
        return (position, position)
    }

    /// Whether what follows a quote shows that it ends a string of JSON, rather than starts a value.
    func endsString(_ quote: Int) -> Bool {
        guard let following = byte(runEnd(quote + 1, limit: 64, while: Self.isWhiteSpace)) else { return true }
        switch following {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ":"), UInt8(ascii: "\""): return true
        default: return false
        }
    }

    @inline(__always)
    func backslashes(before position: Int) -> Int {
        var count = 0
        while count < position, bytes[position - count - 1] == UInt8(ascii: "\\") { count += 1 }
        return count
    }

    static func endsParameter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"):
            true
        default: isWhiteSpace(byte)
        }
    }
}
