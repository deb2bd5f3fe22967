import Transfer

extension HTTPTransferStream.Body {
    /// Reads to the end.
    func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self { bytes += chunk }
        return bytes
    }
}

extension TransferError {
    /// The case's name, for errors whose words are libcurl's.
    var kind: String { String("\(Mirror(reflecting: self).children.first?.label ?? "shutDown")") }
}

/// Bytes that show where a piece is missing or came twice.
func numbered(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) } }

/// For transfers that are to end by themselves, also on a machine that is busy with the other tests.
let patience = Duration.seconds(300)
