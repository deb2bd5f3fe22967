/// One pass over a text.
///
/// The caller steps over all bytes but a few triggers (about one in 15 of typical JSON) and hands those to `visit`,
/// which looks back for what led to them. Nothing is copied before the first secret.
struct RedactionScan {
    let bytes: UnsafeBufferPointer<UInt8>
    let context: Redactor.Context
    private let redactor: Redactor
    private var output: [UInt8]?
    /// The bytes already copied to, or replaced in, `output`.
    private var copied = 0
    /// Where the run of base64url ends that was looked at last: `eyJ-eyJ-eyJ-…` must not be run through for each `eyJ`.
    var base64RunEnd = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, context: Redactor.Context, redactor: Redactor) {
        self.bytes = bytes
        self.context = context
        self.redactor = redactor
    }

    /// The bytes at which `visit` wants to be called.
    static let triggers: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for byte in ":=>%JKI_x.B".utf8 { table[Int(byte)] = 1 }
        return table
    }()

    /// Looks at a trigger, and redacts what follows or surrounds it when that is a secret.
    /// - Parameter position: of the trigger.
    /// - Returns: where to go on.
    mutating func visit(_ position: Int) -> Int {
        let next: Int?
        switch bytes[position] {
        case UInt8(ascii: ":"): next = visitColon(position)
        case UInt8(ascii: "="): next = visitAssignment(nameEnd: position, valueStart: position + 1)
        case UInt8(ascii: "%"): next = visitPercent(position)
        case UInt8(ascii: ">"): next = visitElement(position)
        default: next = visitShape(position)
        }
        return max(next ?? 0, position + 1)
    }

    /// The redacted text; nil when nothing was.
    consuming func finish() -> [UInt8]? {
        guard var output else { return nil }
        output.append(contentsOf: bytes[copied...])
        return output
    }

    /// Replaces a range.
    /// - Parameters:
    ///   - range: the secret.
    ///   - quotes: what to put on both sides of the marker.
    mutating func redact(_ range: Range<Int>, quotes: [UInt8] = []) {
        guard !range.isEmpty, range.lowerBound >= copied, markerEnd(range.lowerBound) != range.upperBound else {
            return
        }
        var output = self.output ?? []
        self.output = nil
        if output.isEmpty { output.reserveCapacity(bytes.count + 64) }
        output.append(contentsOf: bytes[copied..<range.lowerBound])
        output.append(contentsOf: quotes)
        output.append(contentsOf: redactor.marker(for: UnsafeBufferPointer(rebasing: bytes[range])))
        output.append(contentsOf: quotes)
        self.output = output
        copied = range.upperBound
    }

    // MARK: Reading

    func byte(_ position: Int) -> UInt8? { position >= 0 && position < bytes.count ? bytes[position] : nil }

    func isAt(_ position: Int, _ character: Unicode.Scalar) -> Bool { byte(position) == UInt8(ascii: character) }

    func isAt(_ position: Int, _ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position >= 0, position + count <= bytes.count else { return false }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
        return true
    }

    /// The end of the run of bytes that satisfy a condition.
    @inline(__always)
    func runEnd(_ start: Int, limit: Int = .max, while condition: (UInt8) -> Bool) -> Int {
        var end = start
        while end < bytes.count, end - start < limit, condition(bytes[end]) { end += 1 }
        return end
    }

    /// The name that ends before a position.
    @inline(__always)
    func name(endingAt end: Int) -> UnsafeBufferPointer<UInt8> {
        var start = end
        while start > 0, end - start < SecretName.maximumLength, SecretName.isNameByte(bytes[start - 1]) { start -= 1 }
        return UnsafeBufferPointer(rebasing: bytes[start..<end])
    }

    /// The end of a marker that starts at a position: `[redacted len=40 fp=9f2c41]`.
    func markerEnd(_ start: Int) -> Int? {
        guard isAt(start, "[redacted len=") else { return nil }
        let digitsEnd = runEnd(start + 14, limit: 20) { $0 &- UInt8(ascii: "0") <= 9 }
        guard digitsEnd > start + 14, isAt(digitsEnd, " fp=") else { return nil }
        let end = runEnd(digitsEnd + 4, limit: 6, while: RedactionScan.isLowerHex)
        return end == digitsEnd + 10 && isAt(end, "]") ? end + 1 : nil
    }

    static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
