import Domain
import Foundation
import Synchronization
import TestServers
import Testing
import Transfer

@testable import Providers

/// Where proxied calls can go, and which addresses nothing goes to.
@Suite(.timeLimit(.minutes(5))) struct CallTests {
    private func call(_ path: String, query: String? = nil, base: String = "https://api.example.com/v1") throws
        -> String
    {
        let transfer = try HTTPTransfer()
        defer { transfer.shutDown() }
        let client = ProviderClient(
            catalogue: ProviderCatalogue(), transfer: transfer, addressGuard: AddressGuard())
        let target = ProviderTarget.made(
            .jsonAPI, .apiKey, settings: ["api_url": base], credentials: ["api_key": "k"])
        let call = try client.call(target, path: path, query: query)
        #expect(call.headers == [HTTPTransferHeader("Authorization", "Bearer k")])
        return call.url.text
    }

    @Test(arguments: [
        "..", "../admin", "/../admin", "a/../../admin", "a/..", "./a", "a/./b", ".", "/.", "//evil.com", "//evil.com/x",
        "a//b", "%2e%2e/admin", "%2E%2E/admin", ".%2e/admin", "a/%2e%2e", "%2e", "%2f%2fevil.com", "a%2f..%2fb",
        "a%2Fb",
        "a%5cb", "%5c%5cevil.com", "\\evil.com", "a\\..\\b", "%252e%252e/admin", "a%252fb", "a%25255cb",
        "%25252525252e%25252525252e/x", "..;/admin", "a/..;x=y/b", "..%3b/admin", "%c0%ae%c0%ae/admin", "%ff",
        "%ef%bc%8e%ef%bc%8e/admin", "..%ef%bc%8fadmin", "%e2%80%a5/admin", "a%00b", "a%0d%0aX: y", "a\r\nb", "a b",
        "a\tb",
        "a\u{7F}b", "a%7fb", "ä", "a?b", "a#b", "a%", "a%2", "a%zz", "%+1", "a\"b", "<a>", "{a}", "a|b", "a^b", "a`b",
        "a%09b", "a/%2e%2e%3b/b", String(repeating: "a", count: 8_200),
    ]) func hostilePathsAreRefused(_ path: String) {
        do {
            let url = try call(path)
            Issue.record("\(path) became \(url)")
        } catch {
            guard case .misconfigured(let reason) = error as? ProviderFailure else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.hasPrefix("This can't be called: "))
        }
    }

    @Test(arguments: [
        ("", "https://api.example.com/v1"), ("/", "https://api.example.com/v1"), ("a", "https://api.example.com/v1/a"),
        ("/a/b/", "https://api.example.com/v1/a/b/"), ("@evil.com", "https://api.example.com/v1/@evil.com"),
        ("a:b@c", "https://api.example.com/v1/a:b@c"), (":80", "https://api.example.com/v1/:80"),
        ("https:evil.com", "https://api.example.com/v1/https:evil.com"),
        ("calendars/anna%40example.com/events", "https://api.example.com/v1/calendars/anna%40example.com/events"),
        ("values/A1:B2", "https://api.example.com/v1/values/A1:B2"), ("...", "https://api.example.com/v1/..."),
        ("..a/b..", "https://api.example.com/v1/..a/b.."), ("50%25", "https://api.example.com/v1/50%25"),
        ("%C3%A4", "https://api.example.com/v1/%C3%A4"), (".well-known/x", "https://api.example.com/v1/.well-known/x"),
        ("a;b=c,d!$&'()*+", "https://api.example.com/v1/a;b=c,d!$&'()*+"),
        ("%252525", "https://api.example.com/v1/%252525"),
    ]) func otherPathsStayAsTheyAre(_ path: String, _ url: String) throws {
        #expect(try call(path) == url)
        #expect(ProviderClient.refusal(ofPath: path) == nil)
    }

    @Test func queriesStayAsTheyAre() throws {
        #expect(try call("a", query: "x=../..&y=%2F//?") == "https://api.example.com/v1/a?x=../..&y=%2F//?")
        #expect(try call("", query: "q=1", base: "https://api.example.com") == "https://api.example.com?q=1")
        #expect(try call("a", query: "", base: "https://api.example.com/") == "https://api.example.com/a?")
        for query in ["a#b", "a b", "a\r\nX: y", "a\\b", "ä", "a\u{0}"] {
            #expect(throws: ProviderFailure.self) { try call("a", query: query) }
        }
    }

    @Test func authorityCanNotBeExtended() throws {
        for path in [":8080", ".evil.com", "@evil.com"] {
            let url = try OutgoingURL(try call(path, base: "https://api.example.com"))
            #expect(url.host == "api.example.com" && url.port == nil)
        }
    }

    @Test(arguments: [
        "https://api.example.com/?a=b", "https://api.example.com/#a", "https://a/../b", "nonsense", "https://u@h/",
    ])
    func badBasesAreRefused(_ base: String) {
        #expect(throws: ProviderFailure.self) { try call("a", base: base) }
    }

    @Test func callsGoWhereTheGrantSays() throws {
        let transfer = try HTTPTransfer()
        defer { transfer.shutDown() }
        let client = ProviderClient(
            catalogue: ProviderCatalogue(), transfer: transfer, addressGuard: AddressGuard())
        let target = ProviderTarget.authorised(.salesforce, extras: ["instance_url": "https://na1.my.salesforce.com/"])
        let call = try client.call(target, path: "/services/data", query: nil)
        #expect(call.url.text == "https://na1.my.salesforce.com/services/data")
        #expect(call.headers == [HTTPTransferHeader("Authorization", "Bearer access-1")])
        #expect(throws: ProviderFailure.misconfigured("Salesforce can't be called without instance_url.")) {
            try client.call(.authorised(.salesforce), path: "/", query: nil)
        }
        #expect(throws: ProviderFailure.self) {
            try client.call(
                .authorised(.salesforce, extras: ["instance_url": "http://169.254.169.254"]), path: "/", query: nil)
        }
        #expect(throws: ProviderFailure.rejected("Nobody has authorised it yet.")) {
            try client.call(.made(.salesforce, .oauth2), path: "/", query: nil)
        }
        #expect(throws: ProviderFailure.self) {
            try client.call(.made(.c2e, .apiKey, credentials: ["api_key": "k"]), path: "/", query: nil)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct AddressTests {
    static let spellings = [
        "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.1", "2130706433", "017700000001", "0177.0.0.1", "0",
        "0.0.0.0",
        "127.0.0.1.", "127.255.255.254", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[0:0:0:0:0:0:0:1]", "localhost", "LOCALHOST", "a.localhost",
        "10.0.0.1",
        "172.16.0.1", "192.168.1.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "[fd00:ec2::254]", "[fe80::1]",
        "100.100.100.200", "192.0.0.192", "[::ffff:169.254.169.254]", "224.0.0.1", "255.255.255.255",
    ]

    @Test(arguments: spellings) func ownAddressesAreRefused(_ host: String) async throws {
        let stub = try ProviderStub(#"{"access_token":"a","id":1}"#)
        defer { stub.stop() }
        let root = "http://\(host):\(stub.server.port)"
        let file = try ProvidersFile(
            yaml: """
                zendesk:
                  client_id: i
                  token_url: "\(root)/token"
                  revoke_url: "\(root)/revoke"
                  probe_url: "\(root)/probe"
                  api_url: "\(root)/api"
                """)
        let client = ProviderClient(
            catalogue: ProviderCatalogue(overrides: file), transfer: stub.transfer, addressGuard: AddressGuard())
        let target = ProviderTarget.authorised()
        guard case .unavailable(let reason, _) = await client.probe(target).outcome else {
            Issue.record("\(host) was asked")
            return
        }
        #expect(reason.contains("must not be reached"), "\(reason)")
        await #expect(throws: ProviderFailure.self) { try await client.refresh(target, now: now) }
        await #expect(throws: ProviderFailure.self) { try await client.revoke(target) }
        #expect(throws: ProviderFailure.self) { try client.call(target, path: "/", query: nil) }
        #expect(stub.server.connectionCount == 0)
    }

    /// A name that led to a public address when it was looked at, and to a private one when it is used.
    @Test func anAddressThatFlipsIsRefused() async throws {
        let stub = try ProviderStub(#"{"id":1}"#)
        defer { stub.stop() }
        let asked = Mutex(0)
        let client = ProviderClient(
            catalogue: try stub.catalogue(), transfer: stub.transfer,
            addressGuard: try AddressGuard(allowing: "127.0.0.1"),
            allowsAddress: { _, _ in
                asked.withLock { count in
                    count += 1
                    return count == 1
                }
            })
        guard case .unavailable(let reason, nil) = await client.probe(.authorised()).outcome else {
            Issue.record("it was asked")
            return
        }
        #expect(reason == "Zendesk could not be asked: the address 127.0.0.1 must not be reached.")
        #expect(stub.server.requests.isEmpty)
    }

    @Test func redirectsToOwnAddressesAreNotFollowed() async throws {
        let inner = try ProviderStub(#"{"id":1}"#)
        defer { inner.stop() }
        let stub = try ProviderStub("", status: "302 Found", headers: ["Location: \(inner.server.url)/"])
        defer { stub.stop() }
        guard case .unavailable = try await stub.client().probe(.authorised()).outcome else {
            Issue.record("it was followed")
            return
        }
        #expect(inner.server.connectionCount == 0)
    }

    @Test func whatIsAllowedIsReached() async throws {
        let stub = try ProviderStub(#"{"id":1}"#)
        defer { stub.stop() }
        #expect(try await stub.client(allowing: "127.0.0.0/8").probe(.authorised()).outcome == .ok)
    }
}
