import Mustache

/// Every mail's templates, parsed once.
enum MailTemplates {
    private static let library: MustacheLibrary = {
        MustacheContentTypes.register(MailHTML(), named: "MAIL_HTML")
        var library = MustacheLibrary()
        do {
            try library.register(MailLayout.html, named: "layout")
            try library.register(FirstErrorTemplate.html, named: "first-error.html")
            try library.register(FirstErrorTemplate.text, named: "first-error.text")
            try library.register(ConnectionTemplate.html, named: "connection.html")
            try library.register(ConnectionTemplate.text, named: "connection.text")
            try library.register(ShareTemplate.html, named: "share.html")
            try library.register(ShareTemplate.text, named: "share.text")
            try library.register(NoticeTemplate.html, named: "notice.html")
            try library.register(NoticeTemplate.text, named: "notice.text")
        } catch {
            // The templates are constants, and tests render each of them.
            preconditionFailure("a mail's template cannot be parsed: \(error)")
        }
        return library
    }()

    /// Fills a mail's two forms.
    /// - Parameters:
    ///   - name: the template's.
    ///   - page: what it shows.
    static func render(_ name: String, _ page: Any) -> (text: String, html: String) {
        let text = library.render(page, withTemplate: "\(name).text") ?? ""
        let html = library.render(page, withTemplate: "\(name).html") ?? ""
        return (text, html)
    }
}

/// Escapes scalar by scalar. The library's own HTML escapes character by character, and misses a quotation mark or an
/// angle bracket that a combining mark follows.
struct MailHTML: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
