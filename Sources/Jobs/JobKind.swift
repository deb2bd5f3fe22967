public import Domain

/// A kind of job: what running one does, and within which bounds.
///
/// Running a job twice must be safe: a worker may be lost between doing and noting. Each kind says why it is.
public protocol JobKind: Sendable {
    /// What its jobs work on.
    associatedtype Payload: JobPayload

    /// The bounds of its runs.
    var limits: JobLimits { get }

    /// Runs one job.
    /// - Parameters:
    ///   - payload: what to work on.
    ///   - run: which run this is.
    /// - Returns: how it ended.
    /// - Throws: whatever keeps it from being done: it counts as `failed`.
    func run(_ payload: Payload, _ run: JobRun) async throws -> JobOutcome
}

/// The bounds of a kind's runs.
public struct JobLimits: Sendable {
    /// Runs that may fail before a job is dead.
    public var attempts: Int16 = 10
    /// After this a run is cancelled and counts as failed.
    public var timeout: Duration = .seconds(60)
    /// Runs at a time in one worker.
    public var concurrency: Int = 8
    /// How long to wait after a failure.
    public var backoff = Backoff()
    /// Whether each run leaves a line in the history, or only what failed.
    public var keepsHistory: Bool = true

    /// Sixty seconds, ten attempts, eight at a time.
    public init() {}

    /// Bounds that differ from the usual.
    /// - Parameter change: sets what differs.
    public init(_ change: (inout JobLimits) -> Void) { change(&self) }
}

/// How long a job waits after a failure: exponentially longer, with jitter, so that many that failed together do not come
/// back together.
public struct Backoff: Sendable, Hashable {
    /// Seconds after the first failure.
    public var first: Double
    /// Each further wait is so many times longer.
    public var factor: Double
    /// Seconds at the most.
    public var longest: Double
    /// The share of a wait that is random: 0.25 is a quarter more or less.
    public var jitter: Double

    /// Describes waits; 10 s, then three times longer each time, up to an hour.
    public init(first: Double = 10, factor: Double = 3, longest: Double = 3600, jitter: Double = 0.25) {
        self.first = first
        self.factor = factor
        self.longest = longest
        self.jitter = jitter
    }

    /// Seconds to wait.
    /// - Parameters:
    ///   - attempts: failures so far, at least 1.
    ///   - random: 0…1, drawn by the caller.
    public func seconds(after attempts: Int, random: Double) -> Double {
        var wait = first
        // not by a power: a thousand attempts would be infinite
        for _ in 1..<max(attempts, 1) where wait < longest { wait *= factor }
        return min(wait, longest) * (1 + jitter * (2 * random - 1))
    }
}

/// One run of a job.
public struct JobRun: Sendable {
    /// Proof that this worker holds the job.
    public var lease: JobLease
    /// Whose job it is.
    public var tenant: TenantID?
    /// 1 for the first.
    public var attempt: Int16
    /// Workers that were lost while they held the job.
    public var crashes: Int16
    /// Whether a failure of this run is final.
    public var isLastAttempt: Bool
    /// `app_now()` when the run began.
    public var now: Timestamp
    /// When the job was enqueued.
    public var enqueuedAt: Timestamp

    /// Describes a run; see the properties.
    public init(
        lease: JobLease, tenant: TenantID?, attempt: Int16, crashes: Int16, isLastAttempt: Bool, now: Timestamp,
        enqueuedAt: Timestamp
    ) {
        self.lease = lease
        self.tenant = tenant
        self.attempt = attempt
        self.crashes = crashes
        self.isLastAttempt = isLastAttempt
        self.now = now
        self.enqueuedAt = enqueuedAt
    }
}

/// Does something to its end though the task that asks for it was cancelled: what was found out must be written down.
/// - Parameter body: what to do; short.
func uncancelled<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await Task { try await body() }.value
}
