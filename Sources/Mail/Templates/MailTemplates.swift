import Domain
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

/// The content type of the mails' templates. The library's own misses what a combining mark follows.
struct MailHTML: MustacheContentType {
    func escapeText(_ text: String) -> String { text.htmlEscaped }
}
