/// Secrets in lines of a text that is no JSON: headers, YAML, and sentences.
extension RedactionScan {
    /// `Name: value`, `name is: value`, or the header of a form's part.
    /// - Parameters:
    ///   - end: where the name ends.
    ///   - valueStart: behind the colon.
    /// - Returns: where to go on.
    @inline(never)
    mutating func visitLine(nameEnd end: Int, valueStart: Int) -> Int? {
        var name = name(endingAt: end)
        var nameEnd = end
        if name.count == 2, SecretName.equals(name, "is") {
            nameEnd = end - 2
            while nameEnd > 0, end - nameEnd < 6, bytes[nameEnd - 1] == 0x20 { nameEnd -= 1 }
            name = self.name(endingAt: nameEnd)
        }
        guard let kind = SecretName.kind(name) else {
            guard name.count >= 19, SecretName.ends(name, "content-disposition") else { return nil }
            return visitPart(headerStart: end - 19, valueStart: valueStart)
        }
        return redactLine(kind, nameStart: nameEnd - name.count, valueStart: valueStart)
    }

    private mutating func redactLine(_ kind: SecretName.Kind, nameStart: Int, valueStart: Int) -> Int? {
        let start = runEnd(valueStart) { $0 == 0x20 || $0 == 0x09 }
        guard let first = byte(start) else { return nil }
        let lineEnd = lineEnd(nameStart: nameStart, valueStart: start)
        let escapes = runEnd(start, limit: 8) { $0 == UInt8(ascii: "\\") } - start
        if let quote = byte(start + escapes), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            guard lineEnd != nil || !endsString(start + escapes) else { return nil }
            if lineEnd == nil, escapes > 0 {
                return redactString(from: start + escapes + 1, quote: quote, escapes: escapes)
            }
            if escapes == 0 {
                let limit = (lineEnd ?? bytes.count) - start - 1
                var end = runEnd(start + 1, limit: limit) {
                    $0 != first && $0 != 0x0A && (lineEnd != nil || $0 != UInt8(ascii: "\""))
                }
                // The backslashes of a quote belong to it.
                while end > start + 1, lineEnd == nil, bytes[end - 1] == UInt8(ascii: "\\") { end -= 1 }
                redactHeader(kind, in: (start + 1)..<end)
                return end
            }
        }
        if let lineEnd {
            // A bracket alone opens what the next lines hold.
            if lineEnd > start + 1 || !"{[".utf8.contains(first) { redactHeader(kind, in: start..<lineEnd) }
            return lineEnd
        }
        guard kind == .value else {
            let end = runEnd(start) { !Self.endsHeader($0) }
            redactHeader(kind, in: start..<end)
            return end
        }
        let end = runEnd(markerEnd(start) ?? start) { !Self.endsParameter($0) && !",{}[]".utf8.contains($0) }
        // In the middle of a sentence (“invalid token: expired”) a plain word is none.
        let isMember = nameStart > 0 && "{,".utf8.contains(bytes[nameStart - 1])
        guard isMember || Self.looksSecret(bytes[start..<end]) else { return nil }
        redact(start..<end)
        return end
    }

    static func looksSecret(_ value: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        value.count >= 24 || (value.count >= 4 && value.contains { $0 &- UInt8(ascii: "0") <= 9 })
    }

    private static func endsHeader(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x0A, 0x0D, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "<"): true
        default: false
        }
    }

    // MARK: Whole lines

    /// Where the line ends, without white space, that a name starts; nil when other words stand before the name.
    ///
    /// A line may also be one of a string of JSON: its first one, or one behind an escaped line break.
    private func lineEnd(nameStart: Int, valueStart: Int) -> Int? {
        var before = nameStart
        while before > 0, nameStart - before < 64, bytes[before - 1] == 0x20 || bytes[before - 1] == 0x09 {
            before -= 1
        }
        guard let end = untrimmedLineEnd(nameStart: nameStart, indentStart: before, valueStart: valueStart)
        else { return nil }
        var trimmed = end
        while trimmed > valueStart, Self.isWhiteSpace(bytes[trimmed - 1]) { trimmed -= 1 }
        return trimmed
    }

    private func untrimmedLineEnd(nameStart: Int, indentStart: Int, valueStart: Int) -> Int? {
        guard indentStart > 0 else { return rawLineEnd(from: valueStart) }
        let previous = bytes[indentStart - 1]
        switch previous {
        case 0x0A, 0x0D: return rawLineEnd(from: valueStart)
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            guard indentStart == nameStart else { return nil }
            return stringLineEnd(from: valueStart, quote: previous, escapes: backslashes(before: indentStart - 1))
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            guard isAt(indentStart - 2, "\\") else { return nil }
            return stringLineEnd(from: valueStart, afterEscapeWith: backslashes(before: indentStart - 1))
        case UInt8(ascii: "\\"):
            // The letter of the escape was taken for the name's first one.
            guard indentStart == nameStart, "nrt".utf8.contains(bytes[nameStart]) else { return nil }
            return stringLineEnd(from: valueStart, afterEscapeWith: backslashes(before: indentStart))
        default: return nil
        }
    }

    private func rawLineEnd(from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D {
            // A tag ends the text before it.
            if bytes[end] == UInt8(ascii: "<"), isTagStart(end + 1) { break }
            end += 1
        }
        return end
    }

    private func isTagStart(_ position: Int) -> Bool {
        guard let byte = byte(position) else { return false }
        return byte == UInt8(ascii: "/") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// An odd number of backslashes is an escape of JSON's first level; of an even one the level cannot be told.
    private func stringLineEnd(from start: Int, afterEscapeWith count: Int) -> Int {
        stringLineEnd(from: start, quote: UInt8(ascii: "\""), escapes: count.isMultiple(of: 2) ? nil : 0)
    }

    /// Where a line within a string of JSON ends: at an escaped line break, or with the string.
    ///
    /// Text escaped k times has 2^k − 1 backslashes before a quote that delimits, and 2^k before the letter of a line
    /// break. What cannot be told from a delimiter ends the line, so that the JSON around stays well-formed.
    /// - Parameters:
    ///   - quote: what delimits the string.
    ///   - escapes: the backslashes before that; nil when it is not known.
    private func stringLineEnd(from start: Int, quote: UInt8, escapes: Int?) -> Int {
        var position = start
        while position < bytes.count {
            let slashesEnd = runEnd(position) { $0 == UInt8(ascii: "\\") }
            let count = slashesEnd - position
            switch byte(slashesEnd) {
            case 0x0A, 0x0D: return slashesEnd
            case UInt8(ascii: "\""), quote:
                guard let escapes, bytes[slashesEnd] == quote, count >= escapes else { return position }
                // Quotes within a string that is itself in a string have an odd number, whatever they are.
                if escapes > 0, count.isMultiple(of: 2) { return position }
                if count % (2 * (escapes + 1)) == escapes { return slashesEnd - escapes }
            case UInt8(ascii: "n"), UInt8(ascii: "r"):
                guard count > 0 else { break }
                guard let escapes, count > escapes else { return position }
                if !(count / (escapes + 1)).isMultiple(of: 2) { return slashesEnd - escapes - 1 }
            default: break
            }
            position = slashesEnd + 1
        }
        return min(position, bytes.count)
    }
}
