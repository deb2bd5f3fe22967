public import Connections
public import Domain
import Foundation
public import Logging
import Store

/// Looks at a batch of one application's connections, as fast as the hosts that are asked like it.
///
/// A batch does what it finds places for. What is left is put off, and the job's place goes to others: a host that hangs
/// costs its own connections their checks, and nobody else's.
///
/// Running twice is safe: a connection that was looked at is not due any more and is passed over.
public struct ConnectionChecksKind: JobKind {
    /// Places at hosts last as long as an answer: what is begun ends well before the timeout.
    public let limits = JobLimits {
        $0.attempts = 5
        $0.timeout = .seconds(240)
        $0.concurrency = 12
        $0.backoff = Backoff(first: 10, factor: 3, longest: 600)
        $0.keepsHistory = false
    }
    /// Connections of a batch that are looked at together.
    private static let together = 10
    /// After so long a batch begins nothing more.
    private static let longestRun = Duration.seconds(120)
    /// How long a batch with nothing else to do waits for a place at a host that answers within a second.
    private static let patience = Duration.seconds(2)
    /// Between looks for such a place.
    private static let look = Duration.milliseconds(20)
    /// Seconds after which places are looked for again, at least and at most.
    private static let putOff: ClosedRange<Int64> = 2...60

    private let connections: ConnectionService
    private let pace: HostPace
    private let logger: Logger

    /// Prepares to check.
    /// - Parameters:
    ///   - connections: what can be done with them.
    ///   - pace: how fast each host is asked.
    ///   - logger: for connections that could not be looked at.
    public init(connections: ConnectionService, pace: HostPace, logger: Logger) {
        self.connections = connections
        self.pace = pace
        self.logger = logger
    }

    /// Checks a batch.
    public func run(_ payload: ConnectionChecksJob, _ run: JobRun) async throws -> JobOutcome {
        guard let application = Application(rawValue: payload.application) else {
            return .dead("there is no application \(payload.application)")
        }
        let began = ContinuousClock.now
        var batch = Batch(began: began)
        for item in payload.items { try await add(item, to: &batch) }
        try await work(&batch, run.now)
        guard !batch.left.isEmpty else { return .done() }
        let ended = ContinuousClock.now
        let time = run.now.advanced(bySeconds: (ended - began).components.seconds)
        let age = max(time.seconds(since: run.enqueuedAt), 0)
        let seconds = batch.wait(at: ended, age: age, spread: Double.random(in: 0...1))
        // past it the claims run out: the sweep takes up what is due still, behind what has waited longer
        guard age + seconds < ConnectionStore.checkSeconds else { return .done() }
        return .later(
            time.advanced(bySeconds: seconds),
            reason: "\(batch.left.count) connections to \(application.name) wait for hosts that are busy or at rest")
    }

    /// A connection and whom it asks; nobody when there is nothing to ask.
    private struct Candidate {
        var item: ConnectionChecksJob.Item
        var lane: PaceState.Lane?
    }

    /// What is left of a batch, and why.
    private struct Batch {
        let began: ContinuousClock.Instant
        var left: [Candidate] = []
        /// Lately something found no place.
        var isFull = false
        /// And it will in a moment.
        var isBrisk = false
        /// When the first rest is over.
        var restsUntil: ContinuousClock.Instant?

        /// Seconds until it is worth looking again: the longer the job has waited, the longer.
        func wait(at now: ContinuousClock.Instant, age: Int64, spread: Double) -> Int64 {
            let busy = min(max(age, ConnectionChecksKind.putOff.lowerBound), ConnectionChecksKind.putOff.upperBound)
            let spreadOut = busy + Int64(Double(busy) * spread / 2)
            guard let restsUntil else { return spreadOut }
            // a host that has rested is tried by one request: the others need not come at the same moment
            let rest = max((restsUntil - now).components.seconds, 0) + 1 + Int64(4 * spread)
            return isFull ? min(rest, spreadOut) : rest
        }
    }

    private func add(_ item: ConnectionChecksJob.Item, to batch: inout Batch) async throws {
        let tenant = TenantID(rawValue: item.tenant)
        await guarded(item) {
            let host = try await connections.checkHost(item.connection, tenant: tenant)
            batch.left.append(
                Candidate(item: item, lane: host.map { PaceState.Lane(host: $0, tenant: tenant) }))
        }
        try Task.checkCancellation()
    }

    /// Does what there are places for. Waits idly only where a place will be free in a moment.
    private func work(_ batch: inout Batch, _ now: Timestamp) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            var idleUntil: ContinuousClock.Instant?
            while true {
                let time = ContinuousClock.now
                if time - batch.began < Self.longestRun {
                    let begun = begin(&batch, Self.together - running, now)
                    for check in begun { group.addTask { try await check() } }
                    running += begun.count
                }
                if running > 0 {
                    try await group.next()
                    running -= 1
                    idleUntil = nil
                    continue
                }
                let deadline = idleUntil ?? time + Self.patience
                idleUntil = deadline
                guard !batch.left.isEmpty, batch.isBrisk, time < deadline else { return }
                try await Task.sleep(for: Self.look)
            }
        }
    }

    /// Takes what there are places for out of a batch.
    private func begin(
        _ batch: inout Batch, _ most: Int, _ now: Timestamp
    ) -> [@Sendable () async throws -> Void] {
        var begun: [@Sendable () async throws -> Void] = []
        var left: [Candidate] = []
        (batch.isFull, batch.isBrisk, batch.restsUntil) = (false, false, nil)
        for candidate in batch.left {
            guard begun.count < most else {
                left.append(candidate)
                continue
            }
            let item = candidate.item
            guard let lane = candidate.lane else {
                begun.append { try await check(item, nil, now) }
                continue
            }
            switch pace.enter(lane) {
            case .entered(let place):
                begun.append { try await check(item, place, now) }
                continue
            case .full(let isBrisk):
                batch.isFull = true
                batch.isBrisk = batch.isBrisk || isBrisk
            case .resting(let until): batch.restsUntil = min(batch.restsUntil ?? until, until)
            }
            left.append(candidate)
        }
        batch.left = left
        return begun
    }

    private func check(_ item: ConnectionChecksJob.Item, _ place: PaceState.Place?, _ now: Timestamp) async throws {
        var result = PaceState.Result.nothing
        defer { if let place { pace.leave(place, result) } }
        await guarded(item) {
            let tenant = TenantID(rawValue: item.tenant)
            result = .init(try await connections.checkIfDue(item.connection, tenant: tenant, now: now))
        }
        try Task.checkCancellation()
    }

    /// One that can't be looked at must not keep the others from it; it comes again when its claim runs out.
    private func guarded(_ item: ConnectionChecksJob.Item, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch let problem as Problem where problem.code == .notFound {
            return
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "a connection could not be checked",
                metadata: ["connection": "\(item.connection)", "because": "\(error)"])
        }
    }
}

extension PaceState.Result {
    /// What a check tells of the host that was asked.
    fileprivate init(_ outcome: CheckOutcome?) {
        switch outcome {
        case .ok, .rejected: self = .answered
        case .unavailable(_, let seconds?): self = .limited(seconds: seconds)
        case .unavailable(_, nil): self = .failed
        case nil: self = .nothing
        }
    }
}
