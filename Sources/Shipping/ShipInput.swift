import Foundation

/// A file to ship, or standard input: its bytes in pieces.
public struct ShipInput: Sendable {
    /// The name as given; `-` for standard input.
    public let name: String
    /// Bytes in all; nil for a pipe.
    public let size: Int64?

    private let descriptor: Int32
    private let isOwned: Bool

    /// Opens a file.
    /// - Parameter name: a path, or `-` for standard input.
    /// - Throws: `ShipError.unreadable`.
    public init(name: String) throws {
        guard name != "-" else {
            self.init(name: name, descriptor: STDIN_FILENO, isOwned: false)
            return
        }
        let descriptor = open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ShipError.unreadable(file: name, String(cString: strerror(errno))) }
        self.init(name: name, descriptor: descriptor, isOwned: true)
    }

    /// Reads from a descriptor that is already open.
    /// - Parameters:
    ///   - name: for messages.
    ///   - descriptor: open for reading.
    ///   - isOwned: whether `close()` closes it.
    public init(name: String, descriptor: Int32, isOwned: Bool) {
        self.name = name
        self.descriptor = descriptor
        self.isOwned = isOwned
        var information = stat()
        let isRegular = fstat(descriptor, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
        size = isRegular ? Int64(information.st_size) : nil
    }

    /// Reads the next piece: whatever is there, so that a slow pipe is passed on as it comes.
    /// - Parameter limit: bytes at most.
    /// - Returns: empty at the end.
    /// - Throws: `ShipError.unreadable`.
    func read(upTo limit: Int) throws -> [UInt8] {
        while true {
            var count = 0
            var code: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
                count = Foundation.read(descriptor, buffer.baseAddress, limit)
                code = errno
                filled = max(count, 0)
            }
            guard count < 0 else { return piece }
            guard code == EINTR else { throw ShipError.unreadable(file: name, String(cString: strerror(code))) }
        }
    }

    /// Closes the file. Standard input stays open.
    func close() {
        if isOwned { _ = Foundation.close(descriptor) }
    }
}
