public import Foundation

/// Sends the entries of files to the server in batches, and adds up what became of them.
public struct Shipper: Sendable {
    /// Sends a body of NDJSON. Whatever it throws counts as "no answer".
    public typealias Send = @Sendable (_ body: [UInt8], _ idempotencyKey: String) async throws -> ShipAnswer
    /// Waits.
    public typealias Pause = @Sendable (Duration) async throws -> Void

    private let send: Send
    private let policy: RetryPolicy
    private let concurrency: Int
    private let runID: String
    private let isTransient: @Sendable (any Error) -> Bool
    private let pause: Pause
    private let luck: @Sendable () -> Double

    /// Sets up a shipment.
    /// - Parameters:
    ///   - policy: when to try again.
    ///   - concurrency: requests under way at once, at least 1.
    ///   - runID: begins every idempotency key. It differs from run to run, so that shipping a file again tells of
    ///     duplicates instead of replaying the first answer.
    ///   - isTransient: whether an error of `send` may pass; others stop the shipment.
    ///   - pause: waits between attempts.
    ///   - luck: 0..<1, spreads the pauses.
    ///   - send: sends one batch.
    public init(
        policy: RetryPolicy = RetryPolicy(),
        concurrency: Int = 3,
        runID: String = UUID().uuidString,
        isTransient: @escaping @Sendable (any Error) -> Bool = { _ in true },
        pause: @escaping Pause = { try await Task.sleep(for: $0) },
        luck: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        send: @escaping Send
    ) {
        self.policy = policy
        self.concurrency = max(concurrency, 1)
        self.runID = runID
        self.isTransient = isTransient
        self.pause = pause
        self.luck = luck
        self.send = send
    }

    /// Ships files, in their order.
    /// - Parameters:
    ///   - inputs: opened; they are closed when read.
    ///   - har: what HAR files do not say about their entries.
    ///   - report: told after every batch.
    /// - Returns: what became of the entries.
    /// - Throws: `ShipFailure` with what had been done until then.
    public func ship(
        _ inputs: [ShipInput],
        har: HARImport = HARImport(),
        report: (ShipProgress) -> Void = { _ in }
    ) async throws -> ShipSummary {
        var summary = ShipSummary()
        do {
            try await ship(ShipReader(inputs: inputs, har: har), into: &summary, report: report)
            return summary
        } catch {
            throw ShipFailure(cause: error, summary: summary)
        }
    }

    private func ship(
        _ reader: consuming ShipReader,
        into summary: inout ShipSummary,
        report: (ShipProgress) -> Void
    ) async throws {
        var reader = reader
        let start = ContinuousClock.now
        let bytesTotal = reader.bytesTotal
        try await withThrowingTaskGroup(of: (ShipSummary, Int64).self) { group in
            var number = 0
            var underWay = 0
            var bytesRead: Int64 = 0
            var readingFailure: (any Error)?
            while true {
                if underWay < concurrency, readingFailure == nil {
                    do {
                        if let batch = try reader.next() {
                            number += 1
                            underWay += 1
                            let key = "\(runID)-\(number)"
                            group.addTask { (try await deliver(batch, key: key), batch.bytesRead) }
                            continue
                        }
                    } catch {
                        // What was read before is still to be answered for.
                        readingFailure = error
                    }
                }
                guard let (part, bytes) = try await group.next() else { break }
                underWay -= 1
                summary.add(part)
                bytesRead = max(bytesRead, bytes)
                let elapsed = ContinuousClock.now - start
                report(
                    ShipProgress(bytesRead: bytesRead, bytesTotal: bytesTotal, entries: summary.total, elapsed: elapsed)
                )
            }
            if let readingFailure { throw readingFailure }
        }
    }

    /// Sends a batch until the server has answered for each of its entries.
    private func deliver(_ batch: ShipBatch, key: String) async throws -> ShipSummary {
        guard !batch.places.isEmpty else { return batch.known }
        let answer = try await firstFinalAnswer(to: batch, key: key)
        if var summary = answer.summary(of: batch) {
            summary.add(batch.known)
            return summary
        }
        switch answer.status {
        case 401, 403:
            throw ShipError.refused(status: answer.status, answer.words)
        case 413:
            guard let (first, second) = batch.halves() else { return tooLarge(batch, answer) }
            var summary = try await deliver(first, key: key + "a")
            summary.add(try await deliver(second, key: key + "b"))
            return summary
        default:
            throw ShipError.unexpectedAnswer(status: answer.status, answer.words)
        }
    }

    private func tooLarge(_ batch: ShipBatch, _ answer: ShipAnswer) -> ShipSummary {
        var summary = batch.known
        summary.rejected += batch.places.count
        for place in batch.places { summary.note(ShipIssue(place: place, code: "too_large", detail: answer.words)) }
        return summary
    }

    private func firstFinalAnswer(to batch: ShipBatch, key: String) async throws -> ShipAnswer {
        var attempt = 0
        while true {
            attempt += 1
            var retryAfter: Duration?
            let words: String
            do {
                let answer = try await send(batch.body, key)
                guard answer.isTransient else { return answer }
                retryAfter = answer.retryAfter
                words = "\(answer.status) \(answer.words)"
            } catch {
                try Task.checkCancellation()
                guard !(error is CancellationError), isTransient(error) else { throw error }
                words = "\(error)"
            }
            guard let wait = policy.pause(afterAttempt: attempt, retryAfter: retryAfter, luck: luck()) else {
                throw ShipError.gaveUp(attempts: attempt, words)
            }
            try await pause(wait)
        }
    }
}
