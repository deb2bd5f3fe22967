import Domain
import Foundation
import Synchronization
import TestServers
import Testing
import Transfer

@testable import Jobs

@Suite(.timeLimit(.minutes(10))) struct HookSenderTests {
    private func post(
        to server: LocalServer, path: String = "/hook", allowing exceptions: String = "127.0.0.1",
        tellsWhy: Bool = false
    ) async throws -> HookSender.Outcome {
        let sender = HookSender(transfer: try HTTPTransfer(), addressGuard: try AddressGuard(allowing: exceptions))
        return try await sender.post(
            Array("{}".utf8), to: server.url + path, headers: [HTTPTransferHeader("webhook-id", "1")],
            tellsWhy: tellsWhy)
    }

    private func outcome(of answer: LocalServer.Answer, tellsWhy: Bool = false) async throws -> HookSender.Outcome {
        let server = try LocalServer { _ in answer }
        defer { server.stop() }
        return try await post(to: server, tellsWhy: tellsWhy)
    }

    @Test func postsJSON() async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        #expect(try await post(to: server, path: "/a/b?c=d") == .taken)
        let request = try #require(server.requests.first)
        #expect((request.method, request.path) == ("POST", "/a/b?c=d"))
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["webhook-id"] == "1")
        #expect(request.body == Array("{}".utf8))
    }

    @Test(arguments: ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Odd"])
    func takes(_ status: String) async throws {
        #expect(try await outcome(of: .init(status: status)) == .taken)
    }

    @Test(arguments: [400, 401, 403, 404, 405, 409, 413, 422, 426, 451])
    func refusals(_ status: Int) async throws {
        #expect(try await outcome(of: .init(status: "\(status) No")) == .refused("it answered \(status)"))
    }

    @Test(arguments: [408, 425, 429, 500, 502, 503, 504, 599])
    func failures(_ status: Int) async throws {
        #expect(try await outcome(of: .init(status: "\(status) Later")) == .failed("it answered \(status)"))
        let patient = LocalServer.Answer(status: "\(status) Later", headers: ["Retry-After: 90"])
        #expect(try await outcome(of: patient) == .failed("it answered \(status)", retryAfter: 90))
    }

    @Test func goneIsGone() async throws {
        #expect(try await outcome(of: .init(status: "410 Gone")) == .gone("it answered 410"))
    }

    @Test func theReasonIsToldWhereItIsAWord() async throws {
        let answer = LocalServer.Answer(status: "404 Not Found", body: Array("no_service".utf8))
        #expect(try await outcome(of: answer, tellsWhy: true) == .refused("it answered 404: no_service"))
        #expect(try await outcome(of: answer) == .refused("it answered 404"))
        let page = LocalServer.Answer(status: "404 Not Found", body: Array("<html>\n".utf8))
        #expect(try await outcome(of: page, tellsWhy: true) == .refused("it answered 404"))
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func redirectsAreNotFollowed(_ status: Int) async throws {
        let target = try LocalServer { _ in LocalServer.Answer() }
        defer { target.stop() }
        let location = "Location: \(target.url)/latest/meta-data"
        let answer = LocalServer.Answer(status: "\(status) Elsewhere", headers: [location])
        #expect(try await outcome(of: answer) == .refused("it answered \(status), and redirects are not followed"))
        #expect(target.connectionCount == 0)
    }

    @Test func privateAddressesAreRefused() async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        #expect(try await post(to: server, allowing: "") == .refused("the address 127.0.0.1 must not be reached"))
        #expect(
            try await post(to: server, allowing: "10.0.0.0/8") == .refused("the address 127.0.0.1 must not be reached"))
        #expect(server.connectionCount == 0)
        #expect(try await post(to: server, allowing: "127.0.0.0/8") == .taken)
    }

    @Test func aHostThatMayBeReachedMayBeAnywhere() async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        let transfer = try HTTPTransfer()
        let url = "http://localhost:\(server.port)/"
        let strict = HookSender(transfer: transfer, addressGuard: AddressGuard())
        guard case .refused = try await strict.post([], to: url, headers: [], tellsWhy: false) else {
            Issue.record("localhost was reached")
            return
        }
        #expect(server.connectionCount == 0)
        let allowing = HookSender(transfer: transfer, addressGuard: try AddressGuard(allowing: "LOCALHOST"))
        #expect(try await allowing.post([], to: url, headers: [], tellsWhy: false) == .taken)
    }

    @Test func anAddressThatIsPrivateInAnotherFormIsRefused() async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        let sender = HookSender(transfer: try HTTPTransfer(), addressGuard: AddressGuard())
        for host in ["127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "0"] {
            let outcome = try await sender.post([], to: "http://\(host):\(server.port)/", headers: [], tellsWhy: false)
            guard case .refused(let reason) = outcome else {
                Issue.record("\(host): \(outcome)")
                continue
            }
            #expect(reason.contains("must not be reached"), "\(host): \(reason)")
        }
        #expect(server.connectionCount == 0)
    }

    /// A name that led to a public address when it was looked at, and to a private one when it is used: the address is looked
    /// at again before each request, also on a connection that is open.
    @Test func anAddressThatFlipsIsRefused() async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        let asked = Mutex(0)
        let sender = HookSender(transfer: try HTTPTransfer()) { _, _ in
            asked.withLock { count in
                count += 1
                return count == 1
            }
        }
        let outcome = try await sender.post([], to: server.url, headers: [], tellsWhy: false)
        #expect(outcome == .refused("the address 127.0.0.1 must not be reached"))
        #expect(server.requests.isEmpty)
    }

    @Test func longAnswersAreNotRead() async throws {
        let limit = HookSender.longestAnswer
        #expect(try await outcome(of: .init(body: [UInt8](repeating: 0x61, count: limit))) == .taken)
        let outcome = try await outcome(of: .init(body: [UInt8](repeating: 0x61, count: limit + 1)))
        #expect(outcome == .unknown("the answer is longer than 65536 bytes, so whether it was taken is not known"))
    }

    @Test func brokenConnectionsMayHaveArrived() async throws {
        guard case .failed(_, nil, true) = try await outcome(of: .init(isDropped: true)) else {
            Issue.record("a dropped connection")
            return
        }
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let url = "http://127.0.0.1:\(port)/"
        let sender = HookSender(transfer: try HTTPTransfer(), addressGuard: try AddressGuard(allowing: "127.0.0.1"))
        guard case .failed(let reason, nil, false) = try await sender.post([], to: url, headers: [], tellsWhy: false)
        else {
            Issue.record("nobody listens")
            return
        }
        #expect(reason.hasPrefix("could not connect"))
    }

    @Test(arguments: ["ftp://127.0.0.1/", "http://user@127.0.0.1/", "nonsense", ""])
    func badURLsAreRefused(_ url: String) async throws {
        let sender = HookSender(transfer: try HTTPTransfer(), addressGuard: AddressGuard())
        guard case .refused = try await sender.post([], to: url, headers: [], tellsWhy: false) else {
            Issue.record("\(url)")
            return
        }
    }
}
