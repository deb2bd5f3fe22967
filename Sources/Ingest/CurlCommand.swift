public import Domain
import Foundation

/// Why a text is no curl command that can be read.
public struct CurlIssue: Error, Sendable, Hashable {
    /// A sentence that names the place, and no word of the command: any may be a secret.
    public var detail: String

    /// Describes an issue.
    /// - Parameter detail: a sentence that names the place, and no word of the command.
    public init(detail: String) { self.detail = detail }
}

/// A request as a curl command gives it.
public struct CurlCommand: Sendable, Hashable {
    /// As `-X` gives it, else what curl would send.
    public var method: String
    /// The one URL.
    public var url: String
    /// Those given, and those that curl adds for `-u`, `-b`, `-A`, `-e`, `--json` and bodies.
    public var headers: [HeaderField]
    /// UTF-8; a form (`-F`) is rendered as `name=value` a line.
    public var body: [UInt8]?

    /// Reads a command.
    /// - Parameter text: the command as pasted from a shell, a browser or a document.
    /// - Throws: `CurlIssue` when it is not one, or names files that only its sender has.
    public init(parsing text: String) throws(CurlIssue) {
        var words = try ShellWords.split(text)
        if words.first?.text == "$" { words.removeFirst() }
        guard let first = words.first, Self.isCurl(first.text) else {
            throw CurlIssue(detail: "The command must start with “curl”.")
        }
        var arguments = CurlArguments()
        var index = 1
        var takesOptions = true
        while index < words.count {
            let word = words[index]
            index += 1
            if takesOptions, word.text == "--" {
                takesOptions = false
            } else if takesOptions, word.text.hasPrefix("-"), word.text != "-" {
                for option in try CurlOption.options(in: word, words: words, index: &index) {
                    try arguments.apply(option)
                }
            } else {
                try arguments.addURL(word.text, position: word.position)
            }
        }
        self = try arguments.command()
    }

    init(method: String, url: String, headers: [HeaderField], body: [UInt8]?) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    private static func isCurl(_ word: String) -> Bool {
        word == "curl" || word == "curl.exe" || word.hasSuffix("/curl")
    }

    /// Writes a command that sends the request again from a POSIX shell.
    /// - Parameters:
    ///   - method: the HTTP method.
    ///   - url: the URL.
    ///   - headers: in their order.
    ///   - body: UTF-8.
    /// - Returns: several lines, each but the last with a backslash at its end.
    public static func render(method: String, url: String, headers: [HeaderField], body: [UInt8]?) -> String {
        var lines = [method == "HEAD" ? "curl --head" : "curl --request \(quoted(method))"]
        // A URL that looks like an option must not become one; braces and brackets are no patterns here.
        lines.append("--globoff --url \(quoted(url))")
        // curl counts for itself, and a body that was redacted or cut has another length; “:path” is no header.
        for header in headers where header.name.lowercased() != "content-length" && !header.name.hasPrefix(":") {
            // “Name;” is how curl is told to send a header without a value.
            let text = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            lines.append("--header \(quoted(text))")
        }
        if let body, !body.isEmpty {
            // Else curl would call it a form.
            if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                lines.append("--header 'Content-Type:'")
            }
            lines.append("--data-raw \(quoted(String(decoding: body, as: UTF8.self)))")
        }
        return lines.joined(separator: " \\\n  ")
    }

    /// A word in single quotes, unless it needs none.
    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                RedactionScan.isLetterOrDigit(byte) || "-_./:".utf8.contains(byte)
            }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
