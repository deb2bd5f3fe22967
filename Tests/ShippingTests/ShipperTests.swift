import Foundation
import Synchronization
import Testing

@testable import Shipping

/// A server that takes NDJSON, gives prepared answers first, and then counts.
private final class FakeServer: Sendable {
    private struct State {
        var prepared: [Result<ShipAnswer, TestError>]
        var requests: [(lines: [String], key: String)] = []
        var pauses: [Duration] = []
    }

    struct TestError: Error {}

    private let state: Mutex<State>

    init(_ prepared: [Result<ShipAnswer, TestError>] = []) { state = Mutex(State(prepared: prepared)) }

    var requests: [(lines: [String], key: String)] { state.withLock { $0.requests } }
    var pauses: [Duration] { state.withLock { $0.pauses } }

    func shipper(concurrency: Int = 1, policy: RetryPolicy = RetryPolicy(), isTransient: Bool = true) -> Shipper {
        Shipper(
            policy: policy,
            concurrency: concurrency,
            runID: "run",
            isTransient: { _ in isTransient },
            pause: { pause in self.state.withLock { $0.pauses.append(pause) } },
            luck: { 0.5 }
        ) { body, key in try self.answer(body, key) }
    }

    private func answer(_ body: [UInt8], _ key: String) throws -> ShipAnswer {
        let lines = body.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let prepared = state.withLock { state in
            state.requests.append((lines, key))
            return state.prepared.isEmpty ? nil : state.prepared.removeFirst()
        }
        if let prepared { return try prepared.get() }
        let broken = lines.indices.filter { !lines[$0].hasSuffix("}") }
        let errors = broken.map {
            "{\"index\":\($0),\"pointer\":\"\",\"code\":\"malformed_json\",\"detail\":\"Not JSON\"}"
        }
        let json = """
            {"accepted":\(lines.count - broken.count),"duplicates":0,"unreachable":0,"rejected":\(broken.count),\
            "errors":[\(errors.joined(separator: ","))]}
            """
        return ShipAnswer(status: broken.isEmpty ? 200 : 207, body: Array(json.utf8))
    }
}

@Suite("Shipping")
struct ShipperTests {
    private func problem(_ status: Int, _ title: String = "Busy", retryAfter: String? = nil) -> ShipAnswer {
        ShipAnswer(
            status: status,
            headers: retryAfter.map { [("retry-after", $0)] } ?? [],
            body: Array("{\"title\":\"\(title)\",\"status\":\(status),\"detail\":\"in detail\"}".utf8)
        )
    }

    @Test("counts add up, and a broken line is reported with file and line")
    func summary() async throws {
        let lines = (1...2500).map { $0 == 1700 ? "{broken" : "{\"n\":\($0)}" }
        let file = try TemporaryFile(lines.joined(separator: "\n"))
        let server = FakeServer()
        let progress = Mutex<[ShipProgress]>([])
        let summary = try await server.shipper(concurrency: 3).ship([try file.input(), pipeInput("{\"n\":0}")]) {
            step in
            progress.withLock { $0.append(step) }
        }
        #expect(summary.accepted == 2500)
        #expect(summary.rejected == 1)
        #expect(summary.issues.map(\.description) == ["\(file.path):1700: malformed_json: Not JSON"])
        #expect(server.requests.map(\.lines.count).sorted() == [501, 1000, 1000])
        #expect(Set(server.requests.map(\.key)) == ["run-1", "run-2", "run-3"])
        #expect(progress.withLock { $0.last?.entries } == 2501)
    }

    @Test("a busy or unreachable server is asked again with the same key, after growing pauses")
    func retries() async throws {
        let server = FakeServer([
            .success(problem(503)), .failure(FakeServer.TestError()), .success(problem(429, retryAfter: "7")),
            .success(problem(502)),
        ])
        let summary = try await server.shipper().ship([pipeInput("{\"n\":1}")])
        #expect(summary.accepted == 1)
        #expect(server.requests.map(\.key) == Array(repeating: "run-1", count: 5))
        #expect(server.pauses == [.milliseconds(375), .milliseconds(750), .milliseconds(7250), .milliseconds(3000)])
    }

    @Test("a server that stays away is given up on, with what was done before")
    func givesUp() async throws {
        let lines = (1...1001).map { "{\"n\":\($0)}" }.joined(separator: "\n")
        let good = ShipAnswer(
            status: 200,
            body: Array("{\"accepted\":990,\"duplicates\":10,\"unreachable\":0,\"rejected\":0}".utf8)
        )
        let server = FakeServer([.success(good)] + Array(repeating: .failure(FakeServer.TestError()), count: 3))
        let failure = await #expect(throws: ShipFailure.self) {
            try await server.shipper(policy: RetryPolicy(maximumAttempts: 3)).ship([pipeInput(lines)])
        }
        #expect(failure?.summary.accepted == 990)
        #expect(failure?.summary.duplicates == 10)
        #expect(failure?.cause as? ShipError == .gaveUp(attempts: 3, "TestError()"))
        #expect(server.pauses.count == 2)
    }

    @Test("a refused key stops at once, in the server's words", arguments: [401, 403])
    func refused(status: Int) async throws {
        let server = FakeServer([.success(problem(status, "No"))])
        let failure = await #expect(throws: ShipFailure.self) {
            try await server.shipper().ship([pipeInput("{\"n\":1}")])
        }
        #expect(failure?.cause as? ShipError == .refused(status: status, "No: in detail"))
        #expect(server.requests.count == 1)
        #expect(server.pauses.isEmpty)
    }

    @Test("an error that does not pass is not tried again")
    func permanentError() async throws {
        let server = FakeServer([.failure(FakeServer.TestError())])
        let failure = await #expect(throws: ShipFailure.self) {
            try await server.shipper(isTransient: false).ship([pipeInput("{\"n\":1}")])
        }
        #expect(failure?.cause is FakeServer.TestError)
        #expect(server.requests.count == 1)
    }

    @Test("an answer that says nothing of entries stops", arguments: [200, 400, 404, 500])
    func unexpected(status: Int) async throws {
        let server = FakeServer([.success(ShipAnswer(status: status, body: Array("<html>".utf8)))])
        let failure = await #expect(throws: ShipFailure.self) {
            try await server.shipper().ship([pipeInput("{\"n\":1}")])
        }
        #expect(
            failure?.cause as? ShipError
                == .unexpectedAnswer(status: status, "no problem description in 6 bytes")
        )
    }

    @Test("a batch too large for the server goes in halves, and one entry too large is an issue")
    func halves() async throws {
        let tooLarge = Result<ShipAnswer, FakeServer.TestError>.success(problem(413, "Too large"))
        let server = FakeServer([tooLarge, tooLarge, tooLarge])
        let summary = try await server.shipper().ship([pipeInput("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}")])
        #expect(summary.accepted == 3)
        #expect(summary.rejected == 1)
        #expect(summary.issues.first?.place.number == 1)
        #expect(server.requests.map(\.lines.count) == [4, 2, 1, 1, 2])
        #expect(server.requests.map(\.key) == ["run-1", "run-1a", "run-1aa", "run-1ab", "run-1b"])
    }

    @Test("what was read before an unreadable file is shipped all the same")
    func unreadableFile() async throws {
        let good = try TemporaryFile("{\"n\":1}\n")
        let bad = try TemporaryFile("a;b\n")
        let server = FakeServer()
        let failure = await #expect(throws: ShipFailure.self) {
            try await server.shipper().ship([try good.input(), try bad.input()])
        }
        #expect(failure?.summary.accepted == 1)
        #expect(failure?.description.contains("neither NDJSON") == true)
    }

    @Test("nothing to ship asks nothing of the server")
    func nothing() async throws {
        let server = FakeServer()
        #expect(try await server.shipper().ship([pipeInput("\n")]).total == 0)
        #expect(server.requests.isEmpty)
    }

    @Test("a cancelled shipment stops")
    func cancelled() async throws {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let shipper = Shipper { _, _ in
            ask.yield()
            for await _ in AsyncStream<Void>.makeStream().stream {}
            try Task.checkCancellation()
            return ShipAnswer(status: 200)
        }
        let task = Task { try await shipper.ship([pipeInput("{\"n\":1}")]) }
        for await _ in asked { break }
        task.cancel()
        let failure = await #expect(throws: ShipFailure.self) { try await task.value }
        #expect(failure?.cause is CancellationError)
    }
}
