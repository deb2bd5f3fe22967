import Domain
import Testing

@Suite struct HTMLEscapedTests {
    @Test(arguments: [
        ("", ""), ("plain ü 文", "plain ü 文"),
        ("<a b=\"c\" d='e'>&amp;", "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;"),
        // a quotation mark and its combining mark are one character
        ("\"\u{0301}>\u{0301}", "&quot;\u{0301}&gt;\u{0301}"),
    ]) func escapesEveryScalar(text: String, escaped: String) {
        #expect(Array(text.htmlEscaped.unicodeScalars) == Array(escaped.unicodeScalars))
    }
}
