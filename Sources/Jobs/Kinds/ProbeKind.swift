public import Domain
public import Store

/// Does nothing, so that somebody sees that a worker is at work: `calltrail doctor`, and whoever measures.
///
/// Running twice is safe: there is nothing to repeat but the reply.
public struct ProbeKind: JobKind {
    /// Thousands at a time, none of which is worth remembering.
    public let limits = JobLimits {
        $0.attempts = 3
        $0.timeout = .seconds(10)
        $0.concurrency = 2000
        $0.keepsHistory = false
    }

    private let signal: @Sendable (String) async throws -> Void

    /// Prepares to reply.
    /// - Parameter database: where whoever waits for the reply listens.
    public init(database: Database) {
        signal = { channel in try await database.notify(channel) }
    }

    /// Replies, when somebody listens.
    public func run(_ payload: ProbeJob, _ run: JobRun) async throws -> JobOutcome {
        if let channel = payload.reply { try await signal(channel) }
        return .done()
    }
}
