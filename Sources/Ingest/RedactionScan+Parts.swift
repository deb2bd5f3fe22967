/// Parts of `multipart/form-data` (RFC 7578), as they went over the wire or in a string of JSON.
extension RedactionScan {
    /// The most bytes of a part's header behind the field's name.
    private static let maximumHeaderLength = 512
    /// RFC 2046, section 5.1.1: 70 characters and two hyphens.
    private static let maximumDelimiterLength = 72

    /// `Content-Disposition: form-data; name="password"`, a blank line, the content, and the boundary's line.
    /// - Parameters:
    ///   - headerStart: where the header starts.
    ///   - valueStart: behind its colon.
    /// - Returns: where to go on; nil when the field's name is no secret's.
    mutating func visitPart(headerStart: Int, valueStart: Int) -> Int? {
        let type = runEnd(valueStart, limit: 8) { $0 == 0x20 }
        guard isAt(type, "form-data;") else { return nil }
        let parameter = runEnd(type + 10, limit: 8) { $0 == 0x20 }
        guard isAt(parameter, "name=") else { return nil }
        let start = runEnd(parameter + 5, limit: 8) { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") }
        let end = runEnd(start, limit: 256) { SecretName.isNameByte($0) || "[]".utf8.contains($0) }
        var nameEnd = end
        while nameEnd > start, "[]".utf8.contains(bytes[nameEnd - 1]) { nameEnd -= 1 }
        guard nameEnd > start, SecretName.kind(name(endingAt: nameEnd)) != nil,
            let (content, isEscaped) = contentStart(from: end)
        else { return nil }
        let delimiter = delimiter(before: headerStart, isEscaped: isEscaped)
        let contentEnd = contentEnd(from: content, delimiter: delimiter, isEscaped: isEscaped)
        redact(content..<contentEnd)
        return contentEnd
    }

    /// Behind the blank line that ends a part's header, and whether line breaks are escapes.
    private func contentStart(from start: Int) -> (position: Int, isEscaped: Bool)? {
        let limit = min(bytes.count, start + Self.maximumHeaderLength)
        var position = start
        while position < limit {
            let isEscaped = bytes[position] == UInt8(ascii: "\\")
            let length = lineBreakLength(position, isEscaped: isEscaped)
            let second = length > 0 ? lineBreakLength(position + length, isEscaped: isEscaped) : 0
            if second > 0 { return (position + length + second, isEscaped) }
            position += max(length, isEscaped ? 2 : 1)
        }
        return nil
    }

    /// The boundary's line before a header; nil when another line stands there.
    private func delimiter(before headerStart: Int, isEscaped: Bool) -> Range<Int>? {
        let breakLength = isEscaped ? 4 : 2
        let end =
            lineBreakLength(headerStart - breakLength, isEscaped: isEscaped) == breakLength
            ? headerStart - breakLength : headerStart - breakLength / 2
        guard end > 0, end + lineBreakLength(end, isEscaped: isEscaped) == headerStart else { return nil }
        var start = end
        while start > 0, end - start < Self.maximumDelimiterLength + 1, Self.isBoundaryByte(bytes[start - 1]) {
            start -= 1
        }
        // The letter of an escaped line break looks like one of the boundary's.
        if isEscaped, isAt(start - 1, "\\"), isAt(start, "n") { start += 1 }
        return isAt(start, "--") && end - start > 2 ? start..<end : nil
    }

    private func contentEnd(from start: Int, delimiter: Range<Int>?, isEscaped: Bool) -> Int {
        var position = start
        while position < bytes.count {
            let length = lineBreakLength(position, isEscaped: isEscaped)
            if length > 0, isDelimiter(delimiter, at: position + length) { return position }
            if isEscaped, bytes[position] == UInt8(ascii: "\"") { return position }
            position += isEscaped && bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return bytes.count
    }

    private func isDelimiter(_ delimiter: Range<Int>?, at position: Int) -> Bool {
        guard let delimiter else { return isAt(position, "--") }
        guard position + delimiter.count <= bytes.count else { return false }
        return delimiter.indices.allSatisfy { bytes[position + $0 - delimiter.lowerBound] == bytes[$0] }
    }

    /// The length of CR LF or LF, or of their escapes; 0 when there is none.
    private func lineBreakLength(_ position: Int, isEscaped: Bool) -> Int {
        if isEscaped { return isAt(position, "\\r\\n") ? 4 : isAt(position, "\\n") ? 2 : 0 }
        return isAt(position, "\r\n") ? 2 : isAt(position, 0x0A) ? 1 : 0
    }

    private func isAt(_ position: Int, _ value: UInt8) -> Bool { byte(position) == value }

    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "'()+_,-./:=? ".utf8.contains(byte)
    }
}
