import Foundation
import NIOCore
import Testing

@testable import Web

@Suite struct JSONWriterTests {
    /// Foundation's parser is the oracle.
    @Test(arguments: [
        "", "plain", "quote \" backslash \\ slash /", "line\nfeed\r\ttab", "\u{0}\u{1}\u{1F}\u{7F}", "äöü 🙂 \u{2028}",
        "</script>",
    ])
    func textsSurvive(text: String) throws {
        var writer = JSONWriter()
        writer.object { object in
            object.key("a")
            object.value(text)
            object.member(text)
            object.array { array in
                array.value(text)
                array.value(Int?.none)
                array.value(-7)
                array.value(true)
            }
        }
        let parsed = try JSONSerialization.jsonObject(with: Data(writer.buffer.readableBytesView)) as? [String: Any]
        #expect(parsed?["a"] as? String == text)
        let array = try #require(parsed?[text] as? [Any])
        #expect(array[0] as? String == text)
        #expect(array[1] is NSNull)
        #expect(array[2] as? Int == -7)
        #expect(array[3] as? Bool == true)
    }
}
