import Domain
import Ingest
import Testing

/// Expected texts in which `‹secret›` stands for the marker of that secret.
enum GoldenRedaction {
    static func marker(_ secret: String) -> String {
        EntryFixture.redactor.header(HeaderField(name: "X-Api-Key", value: secret)).value
    }

    /// Replaces each `‹secret›` by its marker, or by the secret.
    static func filled(_ text: String, redacted: Bool) -> String {
        text.split(separator: "‹", omittingEmptySubsequences: false).enumerated().map { index, part in
            guard index > 0, let end = part.firstIndex(of: "›") else { return String(part) }
            let secret = String(part[..<end])
            return (redacted ? marker(secret) : secret) + part[part.index(after: end)...]
        }.joined()
    }

    /// Expects that a text becomes as given, and that a second pass changes nothing.
    static func check(
        _ text: String,
        _ redact: (String) -> String = body,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let redacted = redact(filled(text, redacted: false))
        #expect(redacted == filled(text, redacted: true), sourceLocation: location)
        #expect(redact(redacted) == redacted, "A second pass changes nothing.", sourceLocation: location)
    }

    static func body(_ text: String) -> String {
        String(decoding: EntryFixture.redactor.body(Array(text.utf8)), as: UTF8.self)
    }
}
