import Domain
import Foundation
import Testing

@Suite struct PublicLinksTests {
    private let links = PublicLinks(publicURL: "https://logs.example.com/calls")

    @Test func linksStandBelowTheAddress() throws {
        let id = try #require(UUID(uuidString: "018F0000-0000-7000-8000-00000000ABCD"))
        #expect(links.setup("t-1") == "https://logs.example.com/calls/setup/t-1")
        #expect(links.reset("t-1") == "https://logs.example.com/calls/reset/t-1")
        #expect(links.invitation("t-1") == "https://logs.example.com/calls/invitation/t-1")
        #expect(links.entry(id) == "https://logs.example.com/calls/logs/018f0000-0000-7000-8000-00000000abcd")
        #expect(links.notificationSettings == "https://logs.example.com/calls/settings/notifications")
        #expect(links.unsubscribe("t-1") == "https://logs.example.com/calls/n/t-1/unsubscribe")
        #expect(links.opened("t-1") == "https://logs.example.com/calls/n/t-1/opened.gif")
    }

    /// A bot's id is the client's: it may neither end the value nor the link, nor break a line of a mail.
    @Test(arguments: [
        "support-bot", "a b", "a&status=success", "a#b", "a?b=c", "100%", "%2e%2e", "a+b", "a/../b", "é", "e\u{301}",
        "機械",
        "🤖", "\"><script>", "a\r\nBcc: b@example.com", "\u{202E}tob", "a;b,c", "",
    ])
    func botsAreNamedWhateverTheyAreCalled(bot: String) throws {
        let link = links.calls(ofBot: bot)
        let prefix = "https://logs.example.com/calls/logs?bot="
        #expect(link.hasPrefix(prefix))
        let value = link.dropFirst(prefix.count)
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")
        #expect(value.allSatisfy(plain.contains))
        let read = try #require(URLComponents(string: link)?.queryItems)
        #expect(read.map(\.name) == ["bot"])
        #expect(ExactText(read.first?.value ?? "") == ExactText(bot))
    }
}
