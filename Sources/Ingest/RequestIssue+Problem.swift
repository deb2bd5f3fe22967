import Domain

extension RequestIssue {
    /// What the request is answered with.
    var problem: Problem {
        switch kind {
        case .emptyBody, .malformedJSON, .notEntries: Problem(.malformedJSON, detail)
        case .tooManyEntries: Problem(.bodyTooLarge, detail)
        case .outOfMemory: Problem(.unavailable, detail, retryAfterSeconds: 5)
        }
    }
}

extension DecompressionError {
    /// What the request is answered with.
    var problem: Problem {
        switch self {
        case .truncated:
            Problem(.malformedJSON, "The compressed body ends early: send all of it, with its last frame closed.")
        case .corrupt:
            Problem(.malformedJSON, "The body is not in the encoding that Content-Encoding names, or is damaged.")
        case .tooLarge:
            Problem(.bodyTooLarge, "The body holds more than \(Decompressor.defaultLimit >> 20) MiB when decompressed.")
        case .outOfMemory:
            Problem(.unavailable, "There is no memory to decompress the body with; try again.", retryAfterSeconds: 5)
        case .unsupportedEncoding(let encoding):
            Problem(
                .unsupportedMediaType,
                "The Content-Encoding “\(encoding.cut(toBytes: 32))” is not understood; there are gzip and zstd."
            )
        }
    }
}
