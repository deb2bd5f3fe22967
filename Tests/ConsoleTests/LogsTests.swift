import Domain
import Foundation
import Testing

@testable import Console

@Suite struct LogAddressTests {
    private func address(_ values: [String: [String]]) -> LogAddress { LogAddress { values[$0] ?? [] } }

    @Test func formsBecomeShortAddresses() {
        let sent = address([
            "status": ["error"], "method": ["GET", "POST,GET"], "q": [" a b&c "], "bot": [""],
            "from": ["", "2026-11-20"],
            "unknown": ["x"],
        ])
        #expect(sent.path == "/logs?from=2026-11-20&status=error&method=GET,POST&q=a%20b%26c")
        #expect(sent.without("method", "GET").path == "/logs?from=2026-11-20&status=error&method=POST&q=a%20b%26c")
        #expect(address([:]).path == "/logs" && !address([:]).isFiltered)
        #expect(!address(["cursor": ["x"]]).isFiltered && sent.isFiltered)
    }

    @Test func ownPeriodsReplacePresets() {
        #expect(address(["period": ["24h"], "from": ["2026-11-20"]]).path == "/logs?from=2026-11-20")
        #expect(address(["from": ["2026-11-20"], "cursor": ["x"]]).period("1h").path == "/logs?period=1h")
    }

    @Test func anotherFilterBeginsAtTheStart() {
        #expect(address(["cursor": ["x"], "q": ["a"]]).without("q", "a").path == "/logs")
    }
}

@Suite struct JSONNodeTests {
    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "[1 2]", "tru", "\"a", "[] x", "{\"a\":\\}", "\"\\",
        String(repeating: "[", count: 300_000), String(repeating: "[", count: 200) + String(repeating: "]", count: 200),
    ]) func otherTextsAreNone(text: String) { #expect(JSONNode(Array(text.utf8)) == nil, "\(text.prefix(20))") }

    @Test func keepsWhatWasWritten() {
        let text = #" {"b":1.50e3,"a":[true,null,"x\n\u00fc\u202e"],"b":{},"n":12345678901234567890} "#
        let tree = JSONNode(Array(text.utf8)).map { JSONTree.markup($0, size: 10).markup.html } ?? ""
        for part in [
            "1.50e3", "12345678901234567890", #"&quot;x\nü\u202e&quot;"#.replacing("ü\\u202e", with: "\\u00fc\\u202e"),
            "{}",
        ] {
            #expect(tree.contains(part), "\(part)")
        }
        #expect(tree.ranges(of: "&quot;b&quot;").count == 2)
    }

    @Test func largeOnesAreShort() throws {
        let elements = (0..<5000).map {
            #"{"id":\#($0),"deep":{"a":{"b":[1,2,3]}},"text":"\#(String(repeating: "x", count: 900))"}"#
        }
        let bytes = Array(("[" + elements.joined(separator: ",") + "]").utf8)
        let node = try #require(JSONNode(bytes))
        let (markup, isShort) = JSONTree.markup(node, size: bytes.count)
        #expect(isShort && markup.html.utf8.count < 60_000)
    }

    @Test func markupIsText() {
        let text = #"{"<b>":"</span><script>\u202e","x":["<i>"]}"#
        let html = JSONNode(Array(text.utf8)).map { JSONTree.markup($0, size: 10).markup.html } ?? ""
        #expect(!html.contains("<b>") && !html.contains("<script>") && !html.contains("<i>"))
    }
}

@Suite struct CallReportTests {
    private let now = Timestamp(microseconds: 1_795_000_000_000_000)

    private func report(
        code: Int16 = 503, status: CallStatus = .error, connection: String? = nil, template: String? = nil,
        text: String = "Create ticket", body: CapturedBody? = nil
    ) -> String {
        let log = CallLog(
            id: UUID(), occurredAt: now, application: .zendesk, bot: BotReference(id: "b", name: text),
            source: .flow(path: text, nodeID: text), user: EndUser(id: text, name: text), method: .post,
            url: "https://a.example/\(text)", statusCode: code, status: status, durationMilliseconds: 812,
            error: CallError(type: nil, message: text), connectionID: connection)
        let message = CapturedMessage(headers: [.init(name: text, value: text)], body: body)
        return CallReport(
            .init(log: log, sourceURLTemplate: template),
            CallExchange(clientID: text, request: message, response: message),
            curl: "curl \(text)", address: LogAddress(), zone: .utc, now: now, retentionDays: 30
        ).html()
    }

    @Test func templatesOfOthersMakeNoScripts() {
        for template in ["javascript:alert('{path}')", "data:text/html,{path}", "//evil.example", "https:///x", " "] {
            #expect(!report(template: template).contains("rel=\"noopener"), "\(template)")
        }
        #expect(
            report(template: "https://flows.example/{path}").contains("href=\"https://flows.example/Create%20ticket\""))
    }

    @Test func hostileTextsStayTexts() {
        let text = "<script>\"'{{id}}\u{202E}"
        let html = report(
            template: "https://flows.example/{path}", text: text, body: CapturedBody(bytes: Array(text.utf8)))
        #expect(!html.contains("<script>") && html.contains("{{id}}"))
        let override: Unicode.Scalar = "\u{202E}"
        #expect(!html.unicodeScalars.contains(override))
    }

    @Test func reauthoriseWhereThatIsTheCure() {
        let id = UUID()
        #expect(report(code: 401, connection: id.uuidString).contains("/connections/\(id.uuidString.lowercased())"))
        #expect(report(code: 403, connection: "theirs-7").contains("href=\"/connections\""))
        #expect(!report(code: 503, connection: id.uuidString).contains("/connections/"))
        #expect(!report(code: 200, status: .success, connection: id.uuidString).contains("class=\"reading\""))
    }

    @Test func saysWhatWasLeftOut() {
        let body = CapturedBody(
            bytes: Array("[redacted len=40 fp=9f2c41]".utf8), originalSize: 3 << 20, truncated: true, sanitized: true)
        let html = report(body: body)
        #expect(html.contains("2 secrets were redacted") && html.contains("was 3 MiB; its first 27 bytes are kept"))
        #expect(html.contains("that are no text were replaced"))
    }

    @Test func remainingTime() {
        let day: Int64 = 86_400
        #expect(CallReport.remaining(now, now, 30) == "Disappears in 30 days")
        #expect(CallReport.remaining(now.advanced(bySeconds: -29 * day), now, 30) == "Disappears in 24 hours")
        #expect(CallReport.remaining(now.advanced(bySeconds: -31 * day), now, 30) == "Disappears within the hour")
    }

    @Test func fewBarsHoweverLongThePeriod() {
        let start = now.hour
        let buckets = (0..<720).map { index in
            CallLogHistogram.Bucket(
                start: start.advanced(bySeconds: Int64(index) * 3600), successes: index, errors: index % 7)
        }
        let histogram = CallLogHistogram(
            interval: .hour, period: start..<start.advanced(bySeconds: 720 * 3600), buckets: buckets, scannedTo: nil)
        let html = Histogram(histogram, address: LogAddress(), zone: .utc).html()
        #expect(html.ranges(of: "<a ").count == 48 && html.utf8.count < 26_000)
    }

    @Test func noCallsAreCalledSo() {
        let histogram = CallLogHistogram(
            interval: .hour, period: now.hour..<now.hour.advanced(bySeconds: 3600),
            buckets: [.init(start: now.hour, successes: 0, errors: 0)], scannedTo: nil)
        let html = Histogram(histogram, address: LogAddress(), zone: .utc).html()
        #expect(html.contains(">No calls</span>"))
    }
}
