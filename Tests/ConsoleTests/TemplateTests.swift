import Mustache
import Testing

@testable import Console

@Suite struct TemplateTests {
    private struct Inner: ViewModel {
        let name: String
        var note: String?
    }

    private struct Outer: ViewModel {
        let name = "outer"
        let note: String? = "a note"
        let count = 3
        let isThere = true
        let isNot = false
        let words = ["a", "b"]
        let nothing: [Inner] = []
        let inner = Inner(name: "inner")
        let perhaps: Inner? = Inner(name: "perhaps")
        let more = [Inner(name: "one", note: "first"), Inner(name: "two")]
        let markup = Markup()
    }

    @Test(arguments: [
        ("{{name}} {{count}} {{unknown}}.", "outer 3 ."),
        ("{{#isThere}}yes{{/isThere}}{{^isThere}}no{{/isThere}}{{#isNot}}yes{{/isNot}}{{^isNot}}no{{/isNot}}", "yesno"),
        ("{{#words}}{{.}},{{/words}}{{#nothing}}x{{/nothing}}{{^nothing}}none{{/nothing}}", "a,b,none"),
        ("{{#inner}}{{name}} {{count}}{{/inner}} {{inner.name}} {{inner.count}}.", "inner 3 inner ."),
        ("{{#perhaps}}{{name}}{{/perhaps}} {{perhaps.name}}", "perhaps perhaps"),
        // a value that is nil hides what stands further out
        ("{{#more}}{{name}}{{#note}} ({{.}}){{/note}};{{/more}}{{note}}", "one (first);two;a note"),
        ("{{#markup}}some{{/markup}}{{^markup}}no markup{{/markup}}{{{markup}}}", "no markup"),
        ("{{#note}}{{#words}}{{.}}{{/words}}{{.}}{{/note}}", "aba note"),
    ]) func templatesSeeTheStoredProperties(text: String, expected: String) throws {
        #expect(try MustacheTemplate(string: text).render(ShownModel(Outer())) == expected)
    }
}
