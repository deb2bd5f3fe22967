import Domain
import Foundation
import Testing

@testable import Console

private let hostile = "<script>alert(1)</script>\"' {{title}} {{{title}}} \u{202E}evil\u{0301} \"\u{0301}>&amp;"

/// Every component, with a text of somebody else's wherever one can stand.
private func everyComponent(_ text: String) -> [any Component] {
    let now = Timestamp(microseconds: 1_795_000_000_000_000)
    let field = Field(
        "name", label: text, value: text, hint: text, error: text, autocomplete: "off", isRequired: true)
    let button = Button(text, name: "value", value: text)
    return [
        Words(text), Paragraph(text, isSoft: true), button, LinkButton(text, path: "/x"), TextLink(text, path: "/x"),
        CopyButton(text, target: "x", source: "/x"), field,
        SelectField("name", label: text, options: [.init(text, text, isChosen: true)], hint: text, error: text),
        Checkbox("name", value: text, words: text, isChecked: true, count: text),
        Form(action: "/x", hidden: [.init("x", text)], fields: [field], buttons: [button]),
        ConfirmOnce(text, question: text, action: "/x", hidden: [.init("x", text)], confirm: text),
        Badge(text, .error), Chip(text, text, path: "/x"), Notice(text, .error),
        EmptyState(text, text, actions: [button]), PageHead(text, lead: text, actions: [button]),
        Panel(text, content: [button]), Menu(text, entries: [button]), Pagination(newer: "/x", older: "/y"),
        DataTable(
            text, columns: [.init(text), .init(text, isNumber: true)], rows: [[.init(Words(text)), .init(Words(text))]]),
        Facts([.init(text, Words(text))]), CodeBlock(id: "x", title: text, text: text),
        TimeText(now, in: .utc),
    ]
}

private func framed(_ content: [any Component], text: String = "Acme") -> String {
    let tenant = Tenant(id: TenantID(rawValue: 1), name: text, plan: .business, module: .unified)
    let other = Tenant(id: TenantID(rawValue: 2), name: text, plan: .business, module: .unified)
    let viewer = Frame.Viewer(
        name: text, email: "a@example.com", role: .owner, tenant: tenant, tenants: [(tenant, .owner), (other, .agent)])
    let frame = Frame(
        section: .logs, viewer: viewer, path: "/logs?q=" + text, notices: [Notice(text, .success)], content: content)
    return Page(title: text, frame: frame, zone: .utc).html()
}

@Suite struct ConsoleTests {
    @Test func everyComponentIsRegisteredOnceAndShown() {
        let names = ConsoleTemplates.components.map { $0.partial }
        #expect(Set(names).count == names.count)
        for component in everyComponent("words") {
            #expect(names.contains(type(of: component).partial))
            #expect(!ConsoleTemplates.render(component).isEmpty, "\(type(of: component))")
        }
    }

    @Test func noTemplateWritesUnescaped() {
        for component in ConsoleTemplates.components {
            // `markup` is a `Markup`, which escapes whatever enters it
            let template = component.template.replacing("{{{markup}}}", with: "")
            #expect(!template.contains("{{{") && !template.contains("{{&"), "\(component)")
        }
    }

    @Test func storedMarkupIsText() {
        let html = framed(everyComponent(hostile), text: hostile)
        #expect(!html.contains("<script>") && !html.contains("alert(1)<"))
        #expect(html.components(separatedBy: "<script").count == 2, "the page's own script alone")
        #expect(html.contains("{{title}} {{{title}}}"), "braces are text")
        // a quotation mark with a combining mark is one character of Swift's
        let override: Unicode.Scalar = "\u{202E}"
        // what a form sends back must stay as it was
        let seen = html.replacing(/value="[^"]*"/, with: "")
        #expect(!seen.unicodeScalars.contains(override))
        let unescaped = "\"\u{0301}>"
        #expect(!html.contains(unescaped))
        #expect(html.contains("⟨U+202E⟩"), "code shows what it hides")
    }

    @Test func namesAreIsolated() {
        #expect(ConsoleTemplates.render(Words("شركة\u{202E}")) == #"<bdi class="text">شركة</bdi>"#)
        #expect(framed([], text: "شركة").contains("<bdi class=\"cut\">شركة</bdi>"))
    }

    @Test func absentValuesHideWhatStandsFurtherOut() {
        // the outer one has a hint, the inner ones have none
        let inner = Field("inner", label: "Inner")
        let outer = Panel("hint", content: [inner, SelectField("x", label: "X", options: [])])
        #expect(!ConsoleTemplates.render(outer).contains("class=\"note\""))
    }

    @Test(arguments: Role.allCases) func railShowsWhatARoleMaySee(role: Role) {
        let tenant = Tenant(id: TenantID(rawValue: 1), name: "Acme", plan: .business, module: .unified)
        let viewer = Frame.Viewer(
            name: "", email: "a@example.com", role: role, tenant: tenant, tenants: [(tenant, role)])
        let html = ConsoleTemplates.render(Frame(section: nil, viewer: viewer, path: "/", content: []))
        for section in Section.allCases {
            #expect(html.contains("href=\"\(section.path)\"") == section.permission.isGranted(to: role), "\(section)")
        }
    }

    @Test func timesAreInTheReadersZone() {
        let time = Timestamp(rfc3339: "2026-11-20T23:58:16.698Z") ?? Timestamp(microseconds: 0)
        let berlin = ReaderZone("Europe/Berlin")
        #expect(ConsoleTemplates.render(TimeText(time, in: berlin)).contains(">21 Nov 2026, 00:58:16</time>"))
        #expect(
            ConsoleTemplates.render(TimeText(time, .clock, in: berlin)).contains("title=\"20 Nov 2026, 23:58:16 UTC\""))
        #expect(ConsoleTemplates.render(TimeText(time, in: .utc)).contains(">20 Nov 2026, 23:58:16 UTC</time>"))
        for bad in ["", "x", "../../etc/passwd", "Europe/Nowhere", String(repeating: "a/", count: 100)] {
            #expect(ReaderZone(bad).identifier == "UTC")
        }
        let day = Day(iso8601: "2026-11-20") ?? Day(number: 0)
        #expect(ReaderZone.heading(day, today: day.advanced(by: 2)) == "Friday, 20 Nov 2026")
    }
}
