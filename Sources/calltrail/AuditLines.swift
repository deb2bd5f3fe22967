import AuditChain
import Foundation

/// The lines of an audit export, read as they are asked for.
struct AuditLines: AsyncSequence {
    let handle: FileHandle

    func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    struct Iterator: AsyncIteratorProtocol {
        private static let chunkSize = 1 << 20

        let handle: FileHandle
        private var buffer: [UInt8] = []
        private var position = 0
        private var isAtEnd = false

        init(handle: FileHandle) { self.handle = handle }

        mutating func next() async throws -> AuditLine? {
            while true {
                if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                    let line = Array(buffer[position..<end])
                    position = end + 1
                    if line.isEmpty { continue }
                    return try AuditLine(json: line)
                }
                guard !isAtEnd else {
                    guard position < buffer.count else { return nil }
                    throw AuditLine.Invalid(description: "the export ends in the middle of a line")
                }
                buffer.removeFirst(position)
                position = 0
                let chunk = try handle.read(upToCount: Self.chunkSize) ?? Data()
                isAtEnd = chunk.isEmpty
                buffer += chunk
            }
        }
    }
}
