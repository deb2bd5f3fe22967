import Foundation

@testable import Shipping

/// A file that lives as long as this object.
final class TemporaryFile {
    let path: String

    init(_ content: some Sequence<UInt8>, name: String = "content") throws {
        path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)-\(name)").path
        try Data(content).write(to: URL(filePath: path))
    }

    convenience init(_ content: String) throws { try self.init(content.utf8) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func input() throws -> ShipInput { try ShipInput(name: path) }
}

/// An input as a pipe brings it: pieces, no size.
func pipeInput(_ content: String) -> ShipInput {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    let bytes = Data(content.utf8)
    let reading = dup(pipe.fileHandleForReading.fileDescriptor)
    Thread.detachNewThread {
        writer.write(bytes)
        try? writer.close()
    }
    return ShipInput(name: "-", descriptor: reading, isOwned: true)
}

extension ShipReader {
    /// Everything that is left.
    mutating func all() throws -> [ShipBatch] {
        var batches: [ShipBatch] = []
        while let batch = try next() { batches.append(batch) }
        return batches
    }
}

extension ShipBatch {
    /// The lines as text.
    var lines: [String] { body.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) } }
}

/// Reads inputs to the end.
func read(_ inputs: ShipInput..., har: HARImport = HARImport()) throws -> [ShipBatch] {
    var reader = ShipReader(inputs: inputs, har: har)
    return try reader.all()
}
