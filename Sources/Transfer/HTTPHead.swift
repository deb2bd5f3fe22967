/// The head of an answer as libcurl hands it over, line by line. Pure.
struct HTTPHead {
    /// Of the last status line; 0 before the first.
    private(set) var status = 0
    /// In the order they came; trailers at the end.
    private(set) var headers: [HTTPTransferHeader] = []
    /// Whether the empty line after the head of the final answer has come.
    private(set) var isComplete = false
    private var byteCount = 0

    /// A peer that sends headers without end must not fill the memory.
    static let maximumBytes = 256 << 10

    /// Takes one line, of the head or of the trailers.
    /// - Returns: false when there are too many bytes of them.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        byteCount += bytes.count
        guard byteCount <= Self.maximumBytes else { return false }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/"), !isComplete {
            // The headers before this line were those of an interim answer (1xx).
            headers.removeAll()
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimmingHeaderSpace
            headers.append(HTTPTransferHeader(String(line[..<colon]), String(value)))
        } else if line.trimmingHeaderSpace.isEmpty {
            // 101 is interim by its number, but nothing of HTTP follows it.
            isComplete = isComplete || status >= 200 || status == 101
        }
        return true
    }
}

extension StringProtocol {
    /// Without spaces, tabs and line ends at both ends.
    fileprivate var trimmingHeaderSpace: SubSequence {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" || first.isNewline { rest = rest.dropFirst() }
        while let last = rest.last, last == " " || last == "\t" || last.isNewline { rest = rest.dropLast() }
        return rest
    }
}
