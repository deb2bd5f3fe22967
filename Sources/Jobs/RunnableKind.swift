public import Domain
import Foundation

/// A kind of job as the runner sees it: without the type of its payload.
public struct RunnableKind: Sendable {
    /// Its word in the database and the log.
    public var name: String
    /// How soon its jobs are wanted.
    public var priority: JobPriority
    /// The bounds of its runs.
    public var limits: JobLimits
    /// Runs one job, given its payload as JSON.
    public var run: @Sendable (_ payload: String, _ run: JobRun) async throws -> JobOutcome

    /// Takes the type off a kind.
    /// - Parameter kind: what its jobs do.
    public init<Kind: JobKind>(_ kind: Kind) {
        name = Kind.Payload.kind
        priority = Kind.Payload.priority
        limits = kind.limits
        // decoding takes longer than running the smallest jobs, and theirs is always the same
        let empty = try? Self.decode("{}") as Kind.Payload
        run = { payload, run in
            if payload == "{}", let empty { return try await kind.run(empty, run) }
            let decoded: Kind.Payload
            do { decoded = try Self.decode(payload) } catch { return .dead("the payload can't be read: \(error)") }
            return try await kind.run(decoded, run)
        }
    }

    init(
        name: String, priority: JobPriority, limits: JobLimits,
        run: @escaping @Sendable (_ payload: String, _ run: JobRun) async throws -> JobOutcome
    ) {
        self.name = name
        self.priority = priority
        self.limits = limits
        self.run = run
    }

    private static func decode<Payload: JobPayload>(_ text: String) throws -> Payload {
        try JSONDecoder().decode(Payload.self, from: Data(text.utf8))
    }
}
