/// The bytes of an input, buffered, with a look ahead.
final class ByteSource {
    let input: ShipInput
    /// What has been read and not yet taken starts at `position`.
    private(set) var buffer: [UInt8] = []
    var position = 0
    private var bytesRead: Int64 = 0
    private var isAtEnd = false

    private static let pieceSize = 1 << 20

    init(_ input: ShipInput) { self.input = input }

    /// Bytes taken so far.
    var bytesTaken: Int64 { bytesRead - Int64(buffer.count - position) }

    deinit { input.close() }

    /// Reads one more piece behind what is buffered; what was taken is dropped.
    /// - Returns: false at the end of the input.
    func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        let piece = try input.read(upTo: Self.pieceSize)
        isAtEnd = piece.isEmpty
        bytesRead += Int64(piece.count)
        if buffer.isEmpty { buffer = piece } else { buffer += piece }
        return !isAtEnd
    }

    /// The next byte, not taken; nil at the end.
    func peek() throws -> UInt8? {
        while position == buffer.count {
            guard try fill() else { return nil }
        }
        return buffer[position]
    }

    /// The bytes up to a line break or the end, not taken, without the break.
    /// - Parameters:
    ///   - offset: where to start, from `position`.
    ///   - limit: bytes at most.
    /// - Returns: nil when the line is longer than the limit; `next` is the offset behind the line break.
    /// - Throws: `ShipError.unreadable`.
    func peekLine(from offset: Int, limit: Int) throws -> (line: ArraySlice<UInt8>, next: Int, isLast: Bool)? {
        var scanned = offset
        while true {
            let end = buffer[min(position + scanned, buffer.count)...].firstIndex(of: UInt8(ascii: "\n"))
            if let end {
                guard end - position - offset <= limit else { return nil }
                return (buffer[(position + offset)..<end], end + 1 - position, false)
            }
            scanned = max(buffer.count - position, offset)
            guard scanned - offset <= limit else { return nil }
            guard try fill() else {
                let start = min(position + offset, buffer.count)
                return (buffer[start...], buffer.count - position, true)
            }
        }
    }

    /// Takes everything up to the end of the line, however long it is.
    func skipLine() throws {
        while true {
            if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                position = end + 1
                return
            }
            position = buffer.count
            guard try fill() else { return }
        }
    }

    /// All that is left, taken; nil when it is longer than the limit.
    func rest(limit: Int) throws -> ArraySlice<UInt8>? {
        repeat {
            guard buffer.count - position <= limit else { return nil }
        } while try fill()
        defer { position = buffer.count }
        return buffer[position...]
    }
}

extension UInt8 {
    /// White space of JSON (RFC 8259, section 2).
    var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}

extension ArraySlice<UInt8> {
    /// Without white space at both ends.
    var trimmed: ArraySlice<UInt8> {
        guard let first = firstIndex(where: { !$0.isJSONSpace }), let last = lastIndex(where: { !$0.isJSONSpace })
        else {
            return []
        }
        return self[first...last]
    }
}
