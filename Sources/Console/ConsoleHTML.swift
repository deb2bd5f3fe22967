import Domain
import Mustache

/// The content type of the console's templates. The library's own misses what a combining mark follows.
struct ConsoleHTML: MustacheContentType {
    static let name = "CONSOLE_HTML"

    func escapeText(_ text: String) -> String { text.htmlEscaped }
}
