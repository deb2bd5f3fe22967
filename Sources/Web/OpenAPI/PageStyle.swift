import Console
import Crypto
import Foundation

/// The style of a page that loads no file: it stands in the page, and its hash in the page's policy.
struct PageStyle: Sendable {
    /// The rules, byte for byte as they stand in the page.
    let sheet: String
    /// The source that a content security policy allows: `'sha256-…'`.
    let source: String

    /// Takes rules of the program's own: what somebody sent can't get here.
    /// - Parameters:
    ///   - rules: the page's.
    ///   - usesTokens: whether the console's colours and measures stand before them.
    init(_ rules: StaticString, usesTokens: Bool = false) {
        sheet = (usesTokens ? ConsoleAssets.tokens : "") + rules.description
        source = "'sha256-" + Data(SHA256.hash(data: Data(sheet.utf8))).base64EncodedString() + "'"
    }
}
