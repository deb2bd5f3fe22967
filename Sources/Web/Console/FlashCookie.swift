import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// A sentence that an answer leaves for the next page, which shows it once.
struct FlashCookie: Sendable {
    private let name: String
    private let attributes: String

    /// - Parameter cookies: tells whether the service is known by https.
    init(_ cookies: SessionCookie) {
        // the prefix keeps neighbouring hosts from putting words into this one's mouth
        name = cookies.isSecure ? "__Host-calltrail-notice" : "calltrail-notice"
        attributes = "Path=/; HttpOnly; SameSite=Lax" + (cookies.isSecure ? "; Secure" : "")
    }

    /// Leaves a sentence, for a minute at the most.
    /// - Parameters:
    ///   - words: the sentence.
    ///   - standing: its colour and sign.
    func set(_ words: String, _ standing: Standing = .success) -> HTTPField {
        let text = standing.rawValue + "\n" + words
        return HTTPField(
            name: .setCookie, value: "\(name)=\(Base64URL.encode(Data(text.utf8))); \(attributes); Max-Age=60")
    }

    /// Takes it back.
    var clear: HTTPField { HTTPField(name: .setCookie, value: "\(name)=; \(attributes); Max-Age=0") }

    /// The sentence that was left.
    func read(_ headers: HTTPFields) -> Notice? {
        guard let value = headers.cookie(name), value.utf8.count <= 2000, let data = Base64URL.decode(value),
            let text = String(bytes: data, encoding: .utf8), let end = text.firstIndex(of: "\n"),
            let standing = Standing(rawValue: String(text[..<end]))
        else { return nil }
        return Notice(String(text[text.index(after: end)...]), standing)
    }
}

extension HTTPFields {
    /// A cookie's value; of several of one name the first.
    func cookie(_ name: String) -> String? {
        for header in self[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == name else { continue }
                return parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return nil
    }
}

extension Request {
    /// The zone of whoever reads, as the console's script told.
    var readerZone: ReaderZone { ReaderZone(headers.cookie("calltrail-zone")?.removingPercentEncoding) }
}
