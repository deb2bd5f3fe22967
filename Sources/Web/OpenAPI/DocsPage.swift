/// The page on which people read the published API: the document in HTML, without script.
struct DocsPage {
    /// The whole page.
    let html: String

    /// Renders a document.
    init(_ document: OpenAPIDocument) {
        var page = HTMLWriter()
        page.element("html", ["lang": "en"]) { page in
            page.element("head") { head in
                head.void("meta", ["charset": "utf-8"])
                head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.void("meta", ["name": "color-scheme", "content": "light dark"])
                head.element("title", document.title)
                head.style(DocsStyle.style)
            }
            page.element("body") { body in
                body.element("a", ["class": "skip", "href": "#content"], "Skip to the content")
                Self.writeNavigation(of: document, into: &body)
                body.element("main", ["id": "content"]) { main in
                    Self.writeIntroduction(of: document, into: &main)
                    for tag in document.tags { Self.write(tag, of: document, into: &main) }
                }
            }
        }
        html = page.text + "\n"
    }

    /// Allows nothing but the page's own style sheet.
    var contentSecurityPolicy: String {
        "default-src 'none'; style-src \(DocsStyle.style.source); base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'"
    }

    private static func writeNavigation(of document: OpenAPIDocument, into html: inout HTMLWriter) {
        html.element("nav", ["aria-label": "Operations"]) { nav in
            nav.element("p", ["class": "title"]) { $0.element("a", ["href": "#content"], document.title) }
            // closed at first, so that a small screen begins with the content; wide ones show it always
            nav.element("details") { details in
                details.element("summary", "Operations")
                Self.writeIndex(of: document, into: &details)
            }
            nav.element("div", ["class": "index"]) { Self.writeIndex(of: document, into: &$0) }
        }
    }

    private static func writeIndex(of document: OpenAPIDocument, into html: inout HTMLWriter) {
        for tag in document.tags {
            html.element("p", ["class": "tag"], tag.name)
            html.element("ul") { list in
                for operation in tag.operations {
                    list.element("li") { item in
                        item.element("a", ["href": "#\(operation.id)"]) { link in
                            Self.writeMethod(operation.method, into: &link)
                            link.write(operation.summary)
                        }
                    }
                }
            }
        }
    }

    private static func writeIntroduction(of document: OpenAPIDocument, into html: inout HTMLWriter) {
        html.element("header") { header in
            header.element("h1", document.title)
            header.element("p", ["class": "note"]) { line in
                line.write("Version \(document.version) · ")
                line.element("a", ["href": "openapi.json"], "openapi.json")
            }
            for paragraph in document.introduction { header.element("p", paragraph) }
        }
    }

    private static func write(
        _ tag: OpenAPIDocument.Tag, of document: OpenAPIDocument, into html: inout HTMLWriter
    ) {
        html.element("section") { section in
            section.element("h2", tag.name)
            section.element("p", tag.description)
            for operation in tag.operations {
                section.element("article", ["id": operation.id]) { article in
                    DocsOperation(operation, of: document).write(into: &article)
                }
            }
        }
    }

    static func writeMethod(_ method: String, into html: inout HTMLWriter) {
        html.element("span", ["class": "method \(method.lowercased())"], method)
        html.write(" ")
    }
}
