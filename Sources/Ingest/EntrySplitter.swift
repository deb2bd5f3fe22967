import Domain
import Foundation

/// Finds where each entry of a request begins and ends, so that they can be parsed one by one: the parser's memory stays
/// that of one entry, and a bad one leaves the others alone.
struct EntrySplitter {
    /// The most entries in a request.
    static let maximumEntries = 10_000

    private let text: UnsafeBufferPointer<UInt8>

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// The lines that are not blank, without their ends.
    func lines() throws(RequestIssue) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = startOfText
        while start < text.count {
            let end = position(of: UInt8(ascii: "\n"), from: start) ?? text.count
            let line = trimmed(start..<end)
            if !line.isEmpty {
                guard lines.count < Self.maximumEntries else { throw Self.tooMany }
                lines.append(line)
            }
            start = end + 1
        }
        guard !lines.isEmpty else { throw Self.empty }
        return lines
    }

    /// The entries of a JSON text: the elements of its array, or its one object.
    func elements() throws(RequestIssue) -> (ranges: [Range<Int>], isSingleObject: Bool) {
        let whole = trimmed(startOfText..<text.count)
        guard !whole.isEmpty else { throw Self.empty }
        switch text[whole.lowerBound] {
        case UInt8(ascii: "{"): return ([whole], true)
        case UInt8(ascii: "["): return (try elements(of: whole), false)
        default:
            if let place = JSONDiagnosis.firstError(in: text, range: whole) { throw issue(of: place) }
            throw RequestIssue(
                kind: .notEntries,
                detail:
                    "The body must be a JSON object (one entry), an array of them, or NDJSON as application/x-ndjson."
            )
        }
    }

    private func elements(of array: Range<Int>) throws(RequestIssue) -> [Range<Int>] {
        var elements: [Range<Int>] = []
        var depth = 0
        var start = array.lowerBound + 1
        var position = start
        scan: while position < array.upperBound {
            switch text[position] {
            case UInt8(ascii: "\""):
                guard let end = endOfString(from: position + 1) else { break scan }
                position = end
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
            case UInt8(ascii: "]"):
                depth -= 1
                guard depth < 0 else { break }
                let element = trimmed(start..<position)
                let isEmptyArray = elements.isEmpty && element.isEmpty
                guard position + 1 == array.upperBound, isEmptyArray || !element.isEmpty else { break scan }
                if !isEmptyArray { try append(element, to: &elements) }
                return elements
            case UInt8(ascii: ","):
                guard depth == 0 else { break }
                let element = trimmed(start..<position)
                guard !element.isEmpty else { break scan }
                try append(element, to: &elements)
                start = position + 1
            default: break
            }
            position += 1
        }
        throw malformed(in: array)
    }

    private func append(_ element: Range<Int>, to elements: inout [Range<Int>]) throws(RequestIssue) {
        guard elements.count < Self.maximumEntries else { throw Self.tooMany }
        elements.append(element)
    }

    /// The issue of a text that is not JSON, with its place.
    func malformed(in range: Range<Int>) -> RequestIssue {
        guard let place = JSONDiagnosis.firstError(in: text, range: trimmed(range)) else {
            return RequestIssue(kind: .malformedJSON, detail: "The body is not well-formed JSON.")
        }
        return issue(of: place)
    }

    private func issue(of place: JSONDiagnosis.Place) -> RequestIssue {
        var lines = LineCounter(text)
        return place.issue(line: lines.line(at: place.offset))
    }

    /// The range of the whole text that may hold JSON.
    var whole: Range<Int> { startOfText..<text.count }

    /// A byte order mark is no JSON, but editors leave it.
    private var startOfText: Int { text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

    private func position(of byte: UInt8, from start: Int) -> Int? {
        guard let base = text.baseAddress, start < text.count,
            let found = memchr(base + start, Int32(byte), text.count - start)
        else { return nil }
        return base.distance(to: found.assumingMemoryBound(to: UInt8.self))
    }

    /// The position of the quote that ends a string.
    private func endOfString(from start: Int) -> Int? {
        var from = start
        while let quote = position(of: UInt8(ascii: "\""), from: from) {
            var backslashes = 0
            while quote - backslashes > start, text[quote - backslashes - 1] == UInt8(ascii: "\\") { backslashes += 1 }
            if backslashes.isMultiple(of: 2) { return quote }
            from = quote + 1
        }
        return nil
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var range = range
        while let first = range.first, Self.isWhiteSpace(text[first]) { range = (first + 1)..<range.upperBound }
        while let last = range.last, Self.isWhiteSpace(text[last]) { range = range.lowerBound..<last }
        return range
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static let empty = RequestIssue(kind: .emptyBody, detail: "The body is empty: send at least one entry.")
    private static let tooMany = RequestIssue(
        kind: .tooManyEntries,
        detail: "A request may have at most \(maximumEntries) entries: send the rest in further ones."
    )
}
