import Domain
import Foundation

extension JSONValue {
    /// The same bytes for the same value, each time: what is signed is what is sent.
    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
