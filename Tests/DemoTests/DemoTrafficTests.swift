import Domain
import Foundation
import Testing

@testable import Demo

@Suite("Demo traffic")
struct DemoTrafficTests {
    private let noon = Timestamp(microseconds: 1_795_608_000_000_000)

    private func calls(_ count: Int, seed: UInt64 = 1, incidents: DemoIncidents? = nil) -> [DemoCall] {
        var traffic = DemoTraffic(seed: seed, incidents: incidents)
        return (0..<count).map { traffic.call(at: noon.advanced(bySeconds: Int64($0))) }
    }

    @Test("the same seed makes the same calls, another seed makes others")
    func deterministic() {
        #expect(calls(500) == calls(500))
        #expect(calls(500) != calls(500, seed: 2))
    }

    @Test("every line is one JSON object in the form of an entry")
    func lines() throws {
        for call in calls(1000) {
            var bytes: [UInt8] = []
            call.appendLine(to: &bytes)
            #expect(bytes.last == UInt8(ascii: "\n"))
            #expect(bytes.filter { $0 == UInt8(ascii: "\n") }.count == 1)
            let entry = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            #expect(entry["id"] == nil)
            #expect(entry["application"] as? String == call.application.rawValue)
            #expect(entry["method"] as? String == call.method.rawValue)
            #expect(entry["status_code"] as? Int == call.statusCode)
            #expect(entry["occurred_at"] as? String == call.occurredAt.description)
            #expect((entry["bot"] as? [String: String])?["id"] == call.bot.id)
            #expect((entry["request"] as? [String: Any])?["body"] as? String == call.requestBody)
            let response = try #require(entry["response"] as? [String: Any])
            #expect(response["body"] as? String == call.responseBody)
            #expect((response["headers"] as? [String: String])?.count == call.responseHeaders.count)
            #expect((entry["outcome"] as? String == "error") == call.isError)
            #expect(call.isError == (call.error != nil))
        }
    }

    @Test("the id is sent when asked for, and lines are appended")
    func identifiers() throws {
        let call = calls(1)[0]
        var bytes: [UInt8] = []
        call.appendLine(to: &bytes)
        call.appendLine(to: &bytes, includeID: true)
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 2)
        let entry = try JSONSerialization.jsonObject(with: Data(lines[1])) as? [String: Any]
        #expect(entry?["id"] as? String == call.id)
        #expect(Set(calls(2000).map(\.id)).count == 2000)
    }

    @Test("a body is of the type its headers name")
    func bodies() throws {
        for call in calls(1500) {
            for (headers, body) in [
                (call.requestHeaders, call.requestBody), (call.responseHeaders, call.responseBody),
            ] {
                let type = headers.first { $0.name == "Content-Type" }?.value
                #expect((type == nil) == (body == nil))
                guard let body, type?.contains("json") == true else { continue }
                _ = try JSONSerialization.jsonObject(with: Data(body.utf8))
            }
        }
    }

    @Test("every application occurs, with bodies of the usual size and about two errors in a hundred")
    func proportions() {
        let calls = calls(8000)
        #expect(Set(calls.map(\.application)) == Set(Application.allCases))
        #expect((900...2000).contains(calls.reduce(0) { $0 + $1.bodySize } / calls.count))
        let errors = Double(calls.count(where: \.isError)) / Double(calls.count)
        #expect((0.015...0.026).contains(errors))
        #expect(calls.contains { $0.carriesError && $0.statusCode < 300 })
        #expect(calls.contains { if case .inbox = $0.source { true } else { false } })
        #expect(Set(calls.compactMap(\.user.id)).count == 400)
        #expect(calls.allSatisfy { ($0.application == .c2e) == ($0.method == .c2e) })
        #expect(calls.allSatisfy { (100...599).contains($0.statusCode) && $0.durationMilliseconds > 0 })
    }

    @Test("people have addresses and numbers that belong to nobody")
    func reservedAddresses() {
        let reserved = [
            "+447700900", "+120255501", "+130555501", "+141555501", "+161755501", "+4917139200", "+33639980",
        ]
        for user in DemoTraffic(seed: 3).users {
            #expect(user.email.hasSuffix("@example.com") || user.email.hasSuffix("@example.org"))
            #expect(reserved.contains { user.phone.hasPrefix($0) } || user.phone.hasPrefix("+467017406"))
        }
    }

    @Test("connections are sent under the ids given, or under their keys")
    func connectionIDs() {
        var traffic = DemoTraffic(seed: 1, connectionIDs: ["zendesk-acme": "c0ffee"])
        let calls = (0..<500).map { _ in traffic.call(at: noon) }
        #expect(calls.allSatisfy { $0.application != .zendesk || $0.connectionID == "c0ffee" })
        #expect(calls.contains { $0.connectionID == "freshdesk-acme" })
        #expect(calls.allSatisfy { ($0.application == .jsonAPI) == false || $0.connectionID == nil })
        let keys = Set(DemoCast.connections.map(\.key))
        #expect(DemoCast.bots.flatMap(\.nodes).allSatisfy { $0.connection.map(keys.contains) ?? true })
    }

    @Test("text is escaped, whatever it holds")
    func escaping() throws {
        let text = "\u{0}\u{1F}\u{8}\"\\/\n\r\tü 日本 😊\u{2028}\u{7F}"
        let data = Data(text.quoted.utf8)
        #expect(try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) as? String == text)
        #expect("a b&c=ü+".formEncoded == "a+b%26c%3D%C3%BC%2B")
    }

    @Test("the Date header is that of HTTP")
    func httpDate() {
        #expect(Timestamp(microseconds: 784_111_777_000_000).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
