import Domain
import Foundation
import Testing

@Suite struct FirstErrorNewsTests {
    private func news(_ change: (inout CallLog) -> Void = { _ in }) throws -> FirstErrorNews {
        let occurredAt = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
        var log = CallLog(
            id: try #require(UUID(uuidString: "018F0000-0000-7000-8000-00000000ABCD")), occurredAt: occurredAt,
            application: .zendesk, bot: BotReference(id: "support bot", name: "Support"),
            source: .flow(path: "Main flow / Create ticket", nodeID: "n-42"), method: .post,
            url: "https://acme.zendesk.com/api/v2/tickets.json", statusCode: 503, status: .error,
            durationMilliseconds: 812, error: CallError(type: "provider_down", message: "Down."))
        change(&log)
        let openedAt = occurredAt.advanced(bySeconds: 1)
        return FirstErrorNews(
            log, tenantName: "Acme", reading: "The server is down.",
            cycle: ErrorCycle(openedAt: openedAt, until: openedAt.advanced(bySeconds: ErrorCycle.seconds)),
            links: PublicLinks(publicURL: "https://logs.example.com"))
    }

    @Test func itSaysWhatHappened() throws {
        let news = try news()
        #expect(news.tenantName == "Acme" && news.reading == "The server is down.")
        #expect(news.botID == "support bot" && news.botName == "Support")
        #expect(news.application == "zendesk" && news.applicationName == Application.zendesk.name)
        #expect(news.statusCode == 503 && news.method == "POST" && news.durationMs == 812)
        #expect(news.errorType == "provider_down" && news.errorMessage == "Down.")
        #expect(news.occurredAt == "2026-11-20T06:58:16.698000Z" || news.occurredAt == "2026-11-20T06:58:16.698Z")
        #expect(news.source == "Main flow / Create ticket")
        #expect(news.urlHost == "acme.zendesk.com/api/v2/tickets.json")
        #expect(news.entryURL == "https://logs.example.com/logs/018f0000-0000-7000-8000-00000000abcd")
        #expect(news.botLogsURL == "https://logs.example.com/logs?bot=support%20bot")
        #expect(Timestamp(rfc3339: news.cycleUntil) == Timestamp(rfc3339: "2026-11-21T06:58:17.698Z"))
        #expect(news.previousErrors == nil && news.recoveredAt == nil)
    }

    @Test func theSourceIsWhatNamesItBest() throws {
        #expect(try news { $0.source = .flow(path: nil, nodeID: "n-42") }.source == "n-42")
        #expect(try news { $0.source = .inbox(agentName: "Ann", agentEmail: "ann@example.com") }.source == "Ann")
        #expect(try news { $0.source = .inbox(agentName: nil, agentEmail: "a@example.com") }.source == "a@example.com")
        #expect(try news { $0.source = nil }.source == nil)
    }

    @Test func itIsKeptAsJSONAndReadBackWhole() throws {
        var news = try news { $0.error?.message = "\u{2028}\"\\é🤖</script>" }
        news.previousErrors = 7
        news.previousSince = news.occurredAt
        news.previousUntil = news.occurredAt
        news.recoveredAt = news.occurredAt
        let data = try JSONEncoder().encode(news)
        #expect(try JSONDecoder().decode(FirstErrorNews.self, from: data) == news)
        let members = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(members.keys.allSatisfy { $0 == $0.lowercased() })
        #expect(members["previous_errors"] as? Int == 7)
    }

    // MARK: - Error messages

    @Test func aMessageIsCutToThreeHundredCharacters() throws {
        #expect(try news { $0.error?.message = String(repeating: "x", count: 300) }.errorMessage?.count == 300)
        #expect(try news { $0.error?.message = String(repeating: "x", count: 100_000) }.errorMessage?.count == 300)
        #expect(try news { $0.error?.message = nil }.errorMessage == nil)
        #expect(try news { $0.error = nil }.errorMessage == nil)
    }

    @Test func itIsNotCutInsideACharacter() throws {
        let family = "👨‍👩‍👧"
        let message = try news { $0.error?.message = String(repeating: family, count: 400) }.errorMessage
        #expect(message == String(repeating: family, count: 300))
    }

    // MARK: - What of a URL is told

    @Test(arguments: [
        ("https://acme.example.com/a/b", "acme.example.com/a/b"),
        ("https://acme.example.com", "acme.example.com"),
        ("https://acme.example.com:8443/a", "acme.example.com:8443/a"),
        ("acme.example.com/a?b=c", "acme.example.com/a"),
        ("https://[2001:db8::1]:8443/a", "[2001:db8::1]:8443/a"),
        ("https://acme.example.com/users/@ann", "acme.example.com/users/@ann"),
        ("https://bücher.example/straße", "bücher.example/straße"),
        ("", ""),
    ])
    func hostAndPathAreTold(url: String, told: String) throws {
        #expect(try news { $0.url = url }.urlHost == told)
    }

    @Test(arguments: [
        "https://hidden:hidden@acme.example.com/a", "https://hidden@acme.example.com/a",
        "https://hidden@hidden@acme.example.com/a", "https://hidden:hid@hidden@acme.example.com/a",
        "hidden:hidden@acme.example.com/a", "https://:hidden@acme.example.com",
        "https://hidden%40:hidden@acme.example.com",
        "https://acme.example.com/a?hidden", "https://acme.example.com?hidden",
        "https://acme.example.com/?a=b&c=hidden",
        "https://acme.example.com/a#hidden", "https://acme.example.com#hidden",
        "https://acme.example.com/a?hidden#hidden",
        "https://acme.example.com/a#hidden?hidden", "https://acme.example.com/a??hidden",
        "https://acme.example.com/a?/hidden",
        "https://acme.example.com/a?@hidden", "https://acme.example.com?u@hidden",
        "https://acme.example.com/a?\nhidden",
        // a URL in the query of one without a scheme
        "acme.example.com/a?next=https://hidden/", "acme.example.com/a?next=https://hidden.example.com/hidden",
        "acme.example.com/a#https://hidden/", "/a?next=https://hidden/", "?next=https://hidden/",
        "https://acme.example.com/a?next=https://hidden/hidden",
        // forms that only some programs take for a URL
        "//hidden:hidden@acme.example.com/a", "https:/hidden:hidden@acme.example.com/a",
        "https:hidden:hidden@acme.example.com/a", "https:\\\\hidden:hidden@acme.example.com\\a",
        "https:///hidden:hidden@acme.example.com/a", "HTTPS://hidden:hidden@acme.example.com/a",
        "mailto:hidden@acme.example.com", " https://hidden:hidden@acme.example.com/a",
    ])
    func userQueryAndFragmentAreNot(url: String) throws {
        let told = try news { $0.url = url }.urlHost
        #expect(!told.contains("hidden"), "\(url)")
    }

    /// A mark that joins the character in front of it hides that from whoever looks at characters.
    @Test(arguments: ["https://", "http://", "HTTPS://", "ftp://", "a+b.c-d://", "", "//"])
    func nothingHiddenSurvivesInAnyCombination(scheme: String) throws {
        let users = [
            "", "hidden@\u{301}", "hidden@", "hidden:hidden@", ":hidden@", "hidden:@", "a:hidden:b@", "hidden@hidden@",
            "%00hidden@",
        ]
        let hosts = ["acme.example.com", "[::1]:80", "acme.example.com:8443", "127.0.0.1", "localhost", ""]
        let paths = ["", "/", "/a/b", "/@a", "/a:b@c", "//a", "/a;b=c", "/%3Fa", "/%23a"]
        let tails = [
            "", "?hidden", "?a=hidden&b=hidden", "#hidden", "?hidden#hidden", "#hidden?hidden", "?://hidden",
            "#://hidden@hidden", "?\u{0}hidden", "?é=hidden", "?e\u{301}hidden", "?\u{301}hidden", "#\u{301}hidden",
        ]
        var betrayed: [String] = []
        for user in users {
            for host in hosts {
                for path in paths {
                    for tail in tails {
                        let url = scheme + user + host + path + tail
                        if try news({ $0.url = url }).urlHost.contains("hidden") { betrayed.append(url) }
                    }
                }
            }
        }
        // hundreds of them would say the same
        #expect(betrayed.prefix(5) == [])
    }

    @Test func aLongURLIsCut() throws {
        let url = "https://acme.example.com/" + String(repeating: "a", count: 10_000)
        #expect(try news { $0.url = url }.urlHost.count == 200)
    }
}
