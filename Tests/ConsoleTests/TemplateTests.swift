import Testing

@testable import Console

@Suite struct TemplateTests {
    private struct Inner: ViewModel {
        let name: String
        var note: String?
    }

    private struct Outer: ViewModel {
        let name = "<outer>"
        let note: String? = "a note"
        let count = 3
        let isThere = true
        let isNot = false
        let words = ["a", "b"]
        let nothing: [Inner] = []
        let inner = Inner(name: "inner")
        let more = [Inner(name: "one", note: "first"), Inner(name: "two")]
        let markup = Markup()
    }

    private func shown(_ text: String) throws -> String {
        var renderer = TemplateRenderer()
        renderer.show(try Template(text), of: Outer())
        return renderer.html
    }

    @Test(arguments: [
        ("{{name}} {{count}} {{unknown}}.", "&lt;outer&gt; 3 ."),
        ("{{#isThere}}yes{{/isThere}}{{^isThere}}no{{/isThere}}{{#isNot}}yes{{/isNot}}{{^isNot}}no{{/isNot}}", "yesno"),
        ("{{#words}}{{.}},{{/words}}{{#nothing}}x{{/nothing}}{{^nothing}}none{{/nothing}}", "a,b,none"),
        ("{{#inner}}{{name}} {{count}}{{/inner}} {{inner.name}} {{inner.count}}.", "inner 3 inner ."),
        // a value that is nil hides what stands further out
        ("{{#more}}{{name}}{{#note}} ({{.}}){{/note}};{{/more}}{{note}}", "one (first);two;a note"),
        ("{{#markup}}some{{/markup}}{{^markup}}no markup{{/markup}}{{{markup}}}", "no markup"),
        ("a\n  {{#isThere}}\n  b {{name}}\n{{/isThere}}\nc", "a\nb &lt;outer&gt;\nc"),
        ("{{#words}}{{.}}\n{{/words}}\n", "a\nb\n"),
        ("{{#note}}{{#words}}{{.}}{{/words}}{{.}}{{/note}}", "aba note"),
    ]) func templatesAreFilled(text: String, expected: String) throws {
        #expect(try shown(text) == expected)
    }

    @Test(arguments: [
        ("{{name", Template.Failure.unfinishedTag), ("{{{markup}}", .unfinishedTag),
        ("{{#words}}", .missingEnd(of: "words")), ("{{#words}}{{/name}}", .unexpectedEnd(of: "name")),
        ("{{/words}}", .unexpectedEnd(of: "words")), ("{{&name}}", .unknownTag("&name")),
        ("{{{name}}}", .unknownTag("{name")), ("{{! comment}}", .unknownTag("! comment")), ("{{}}", .unknownTag("")),
    ]) func whatIsNoTemplateIsRefused(text: String, failure: Template.Failure) {
        #expect(throws: failure) { try Template(text) }
    }
}
