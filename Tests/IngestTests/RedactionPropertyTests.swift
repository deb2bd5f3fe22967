import Foundation
import Ingest
import Testing

@Suite("Redaction of any JSON")
struct RedactionPropertyTests {
    /// What every secret holds, and nothing else does.
    private static let secretWord = "S3CRET"
    private static let secretNames = [
        "token", "access_token", "clientSecret", "password", "x-api-key", "private_key", "signature", "authorization",
    ]
    private static let plainNames = ["id", "name", "key", "tokens", "note", "a\"b", "c\\", "ü", "secretary", "n\n"]
    private static let fragments = [
        "a", "\"", "\\", "\n", "/", "é", ":", "{", "}", "=", "&", " ", "\\\"", ",", "'", "\u{1}",
    ]

    private static func text(_ generator: inout some RandomNumberGenerator) -> String {
        (0..<Int.random(in: 0...6, using: &generator)).compactMap { _ in fragments.randomElement(using: &generator) }
            .joined()
    }

    private static func value(_ depth: Int, _ generator: inout some RandomNumberGenerator) throws -> Any {
        switch Int.random(in: 0...(depth > 0 ? 6 : 3), using: &generator) {
        case 0: return text(&generator)
        case 1: return Int.random(in: -5...5, using: &generator)
        case 2: return NSNull()
        case 3: return Bool.random(using: &generator)
        case 4: return try (0..<Int.random(in: 0...3, using: &generator)).map { _ in try value(depth - 1, &generator) }
        // JSON within JSON, whose quotes are escaped once more.
        case 5: return try json(object(depth - 1, &generator), &generator)
        default: return try object(depth - 1, &generator)
        }
    }

    private static func object(_ depth: Int, _ generator: inout some RandomNumberGenerator) throws -> [String: Any] {
        var object: [String: Any] = [:]
        for name in plainNames.shuffled(using: &generator).prefix(3) { object[name] = try value(depth, &generator) }
        if Bool.random(using: &generator), let name = secretNames.randomElement(using: &generator) {
            let secret = text(&generator) + secretWord + text(&generator)
            object[name] = Bool.random(using: &generator) ? secret : ["k": [secret]]
        }
        return object
    }

    private static func json(_ object: Any, _ generator: inout some RandomNumberGenerator) throws -> String {
        let options: [JSONSerialization.WritingOptions] = [[], .prettyPrinted, .withoutEscapingSlashes]
        let chosen = options.randomElement(using: &generator) ?? []
        return String(decoding: try JSONSerialization.data(withJSONObject: object, options: chosen), as: UTF8.self)
    }

    @Test("It stays well-formed, loses its secrets, and a second pass changes nothing")
    func anyJSON() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1500 {
            let body = Array(try Self.json(Self.object(4, &generator), &generator).utf8)
            let redacted = EntryFixture.redactor.body(body)
            let (before, after) = (String(decoding: body, as: UTF8.self), String(decoding: redacted, as: UTF8.self))
            #expect(!after.contains(Self.secretWord), "\(before) became \(after)")
            #expect(throws: Never.self, "\(before) became \(after)") {
                try JSONSerialization.jsonObject(with: Data(redacted))
            }
            #expect(EntryFixture.redactor.body(redacted) == redacted, "\(before) became \(after)")
        }
    }

    private static let pieces: [String] = [
        "password: ", "\npassword: ", "\\npassword is: ", "a b ", "c1d2e3", "'", "\"", "\\\"", "\\", "\n", "\r\n",
        "\\n",
        "--X", "\r\n--X\r\n", "Content-Disposition: form-data; name=\"token\"\r\n\r\n", "\\r\\n\\r\\n",
        "{\"name\":\"token\",", "\"value\":", "\"", "}", "{", "[", ",", " ", "https://hooks.slack.com/a/b/c/",
        "https:\\/\\/discord.com\\/api\\/webhooks\\/1\\/", "https://api.telegram.org/bot1:", "/", "<b>", "=", "&",
        "Cookie: a=", ";", "Authorization: Bearer ", "token=", "[redacted len=6 fp=abcdef]",
    ]

    @Test("Of lines, parts, pairs and paths in any order, a second pass changes nothing, and strings of JSON stay such")
    func anyText() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<Self.textCount {
            let count = Int.random(in: 1...8, using: &generator)
            let text = (0..<count).compactMap { _ in Self.pieces.randomElement(using: &generator) }.joined()
            for depth in 0...2 {
                var body = text
                for _ in 0..<depth {
                    let data = try JSONSerialization.data(withJSONObject: ["t": body], options: .withoutEscapingSlashes)
                    body = String(decoding: data, as: UTF8.self)
                }
                let redacted = GoldenRedaction.body(body)
                #expect(GoldenRedaction.body(redacted) == redacted, "\(body)\n became \(redacted)")
                guard depth > 0 else { continue }
                #expect(throws: Never.self, "\(body)\n became \(redacted)") {
                    try JSONSerialization.jsonObject(with: Data(redacted.utf8))
                }
            }
        }
    }

    private static let textCount = 1000
}
