/// Where and why a text is not JSON.
///
/// The fast parser only says that it is not. This one runs when it said so, once a request, and finds the place; it uses
/// no recursion, so depth costs a bit of memory and nothing else. What `JSONRepair` mends counts as well-formed.
struct JSONDiagnosis {
    /// The first error of a text.
    struct Place: Equatable {
        /// The byte, from the start of the text.
        var offset: Int
        /// The element of the outermost array in which it is, from 0.
        var elementIndex: Int?
        /// What was expected, or what stands there.
        var reason: String

        /// The issue of a whole request.
        /// - Parameter line: the line of `offset`, from 1.
        /// - Returns: the issue, with the place in words.
        func issue(line: Int) -> RequestIssue {
            let element = elementIndex.map { "entry \($0), " } ?? ""
            return RequestIssue(
                kind: .malformedJSON,
                detail: "The body is not well-formed JSON: \(reason) (\(element)byte \(offset), line \(line)).",
                offset: offset,
                entryIndex: elementIndex
            )
        }
    }

    private struct Failure: Error {
        var offset: Int
        var reason: String
    }

    private let text: UnsafeBufferPointer<UInt8>
    private let end: Int
    private var position: Int
    /// One per open container: true for an object.
    private var containers: [Bool] = []
    private var elementIndex = 0
    private var isOutermostArray = false

    private init(_ text: UnsafeBufferPointer<UInt8>, range: Range<Int>) {
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    /// Finds the first error.
    /// - Parameters:
    ///   - text: the whole body.
    ///   - range: the part of it that should be one JSON text, without white space around it.
    /// - Returns: nil when the part is well-formed.
    static func firstError(in text: UnsafeBufferPointer<UInt8>, range: Range<Int>) -> Place? {
        var diagnosis = JSONDiagnosis(text, range: range)
        do throws(Failure) {
            try diagnosis.document()
            return nil
        } catch {
            return Place(
                offset: error.offset,
                elementIndex: diagnosis.isOutermostArray ? diagnosis.elementIndex : nil,
                reason: error.reason
            )
        }
    }

    private mutating func document() throws(Failure) {
        isOutermostArray = position < end && text[position] == UInt8(ascii: "[")
        try value()
        while let isObject = containers.last {
            skipWhiteSpace()
            switch (peek, isObject) {
            case (UInt8(ascii: "}"), true), (UInt8(ascii: "]"), false):
                position += 1
                containers.removeLast()
            case (UInt8(ascii: ","), _):
                position += 1
                if containers.count == 1 { elementIndex += 1 }
                skipWhiteSpace()
                if isObject { try key() }
                try value()
            default:
                throw failure(expected: isObject ? "“,” or “}” after a member" : "“,” or “]” after an element")
            }
        }
        skipWhiteSpace()
        guard position == end else {
            isOutermostArray = false
            let hint = peek == UInt8(ascii: "{") ? "; for an object a line use Content-Type application/x-ndjson" : ""
            throw Failure(offset: position, reason: "there is more text after its end\(hint)")
        }
    }

    /// Reads a scalar or a container's start; after the start of one that is not empty, its first value follows.
    private mutating func value() throws(Failure) {
        while true {
            skipWhiteSpace()
            switch peek {
            case UInt8(ascii: "{"):
                position += 1
                skipWhiteSpace()
                if peek == UInt8(ascii: "}") {
                    position += 1
                    return
                }
                containers.append(true)
                try key()
            case UInt8(ascii: "["):
                position += 1
                skipWhiteSpace()
                if peek == UInt8(ascii: "]") {
                    position += 1
                    return
                }
                containers.append(false)
            case UInt8(ascii: "\""): return try string()
            case UInt8(ascii: "t"): return try word("true")
            case UInt8(ascii: "f"): return try word("false")
            case UInt8(ascii: "n"): return try word("null")
            case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
            default: throw failure(expected: "a value")
            }
        }
    }

    private mutating func key() throws(Failure) {
        guard peek == UInt8(ascii: "\"") else { throw failure(expected: "a member name in double quotes") }
        try string()
        skipWhiteSpace()
        guard peek == UInt8(ascii: ":") else { throw failure(expected: "“:” after a member name") }
        position += 1
    }

    private mutating func string() throws(Failure) {
        let start = position
        position += 1
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0x01..<0x20: throw failure("a raw control character stands in a string; write it as an escape")
            default: position += 1
            }
        }
        throw Failure(offset: start, reason: "a string that starts here does not end")
    }

    private mutating func escape() throws(Failure) {
        let start = position
        position += 1
        switch peek {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = peek, Character(Unicode.Scalar(digit)).isHexDigit else {
                    throw Failure(offset: start, reason: "“\\u” needs four hexadecimal digits")
                }
                position += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw Failure(offset: start, reason: "an unknown escape stands in a string")
        }
    }

    private mutating func word(_ word: String) throws(Failure) {
        guard text[position..<end].starts(with: word.utf8) else { throw failure(expected: "a value") }
        position += word.utf8.count
    }

    private mutating func number() throws(Failure) {
        let start = position
        guard let length = JSONNumber.length(in: text[position..<end]) else {
            throw Failure(offset: start, reason: "a number is not written as JSON wants it")
        }
        position += length
    }

    private var peek: UInt8? { position < end ? text[position] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private func failure(_ reason: String) -> Failure { Failure(offset: position, reason: reason) }

    private func failure(expected: String) -> Failure {
        guard position < end else { return failure("it ends where \(expected) is expected") }
        return failure("\(expected) is expected")
    }
}

/// Tells lines of places that are asked for from front to back, in one pass over the text however many they are.
struct LineCounter {
    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var line = 1

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// The line of a byte, from 1.
    mutating func line(at offset: Int) -> Int {
        let end = min(max(offset, position), text.count)
        line += text[position..<end].count { $0 == UInt8(ascii: "\n") }
        position = end
        return line
    }
}

/// The grammar of JSON numbers (RFC 8259, section 6).
enum JSONNumber {
    /// The bytes of the number that a text starts with; nil when it starts with none.
    static func length(in text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        var rest = text[...]
        func digits() -> Int {
            let count = rest.prefix { $0 &- UInt8(ascii: "0") <= 9 }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let integerDigits = digits()
        guard integerDigits > 0, !isZero || integerDigits == 1 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return nil }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return nil }
        }
        return text.count - rest.count
    }
}
