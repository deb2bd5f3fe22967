import Demo
import Domain
import Foundation
import ServiceLifecycle
import Store

/// What happens in the demo: thirty days of calls at the first start, then a live one every second or two.
struct DemoScript: Service {
    /// Calls sent in one request.
    private static let batch = 1000
    /// Calls that were made before the oldest kept moment would be refused while they are sent: this much is left free.
    private static let marginSeconds: Int64 = 3600

    let client: DemoClient
    let state: DemoState
    let home: URL
    let outbox: URL?
    let calls: Int
    let once: Bool
    let clock: DatabaseClock
    let listening: AsyncStream<Void>

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                for await _ in listening {}
                try await seed()
                if once {
                    try await sendOneAndFindIt()
                } else {
                    greet()
                    try await trickle()
                }
            }
        } catch {
            // a shutdown ends the demo wherever it stands; anything else is its failure
            if !Task.isShuttingDownGracefully { throw error }
        }
    }

    private func seed() async throws {
        guard !state.isSeeded else { return }
        let now = clock.now
        let start = now.advanced(bySeconds: -30 * 86_400 + Self.marginSeconds)
        let began = ContinuousClock.now
        var lines: [UInt8] = []
        var count = 0
        var sent = 0
        for call in DemoStory(seed: 2026, from: start, to: now, count: calls) {
            // with ids: a seeding that was broken off is gone on with, not doubled
            call.appendLine(to: &lines, includeID: true)
            count += 1
            guard count == Self.batch else { continue }
            sent += try await client.send(lines)
            lines.removeAll(keepingCapacity: true)
            count = 0
        }
        if count > 0 { sent += try await client.send(lines) }
        var seeded = state
        seeded.isSeeded = true
        try seeded.save(to: home)
        say("sent \(sent) calls of the last 30 days in \(ContinuousClock.now - began)")
    }

    private func sendOneAndFindIt() async throws {
        var traffic = DemoTraffic(seed: UInt64.random(in: 0...UInt64.max))
        var lines: [UInt8] = []
        // as the answer will show it
        let call = traffic.call(at: clock.now.wholeMilliseconds)
        call.appendLine(to: &lines)
        guard try await client.send(lines) == 1 else {
            throw DemoClient.Unexpected(description: "the call was not taken")
        }
        let found = try await client.find("application=\(call.application.rawValue)&bot=\(call.bot.id)&limit=1")
        guard found.first?["url"] as? String != nil, found.first?["occurred_at"] as? String == "\(call.occurredAt)"
        else {
            throw DemoClient.Unexpected(description: "the call that was sent was not found")
        }
        say("sent one call (\(call.method.rawValue) to \(call.application.name)) and found it")
    }

    private func trickle() async throws {
        var traffic = DemoTraffic(seed: UInt64.random(in: 0...UInt64.max), incidents: DemoIncidents(before: clock.now))
        while !Task.isCancelled {
            var lines: [UInt8] = []
            traffic.call(at: clock.now).appendLine(to: &lines)
            // a database that is restarted is no reason to end the demo
            do { _ = try await client.send(lines) } catch { say("a live call was not taken: \(error)") }
            try await Task.sleep(for: .milliseconds(Int.random(in: 500...2500)))
        }
    }

    private func greet() {
        say(
            """

            Calltrail serves at \(client.url)
              logins              \(DemoState.logins.map(\.email).joined(separator: ", "))
              their password      \(state.password ?? "(made by an older version: none)")
              mails go to         \(outbox?.path ?? "nobody")
              a key that reads    \(client.readKey)
              a key that writes   \(client.writeKey)

            The newest errors:
              curl -s '\(client.url)/v1/call-logs?status=error&limit=5' -H 'Authorization: Bearer \(client.readKey)'
            Ctrl-C stops everything.

            """)
    }
}
