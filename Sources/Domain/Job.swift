/// What a job works on; one type for each kind of job, so that whoever enqueues and whoever runs agree at compile time.
public protocol JobPayload: Codable, Sendable {
    /// The kind's word in the database and the log; unique, lower case with underscores.
    static var kind: String { get }
    /// How soon it is wanted, unless whoever enqueues says otherwise.
    static var priority: JobPriority { get }
}

extension JobPayload {
    /// Neither soon nor late.
    public static var priority: JobPriority { .normal }
}

/// Which jobs of a kind go first.
public enum JobPriority: Int16, Sendable, CaseIterable {
    /// Somebody waits for it.
    case high = 0
    case normal = 1
    /// Housekeeping.
    case low = 2
}

/// A job to be enqueued.
public struct NewJob<Payload: JobPayload>: Sendable {
    /// What it works on.
    public var payload: Payload
    /// Whose job it is; nil when it is nobody's in particular.
    public var tenant: TenantID?
    /// How soon it is wanted.
    public var priority: JobPriority
    /// Not before this, by `app_now()`; nil for at once.
    public var runAt: Timestamp?
    /// While a job of the kind with the same key waits or runs, this one is not enqueued.
    public var uniqueKey: String?

    /// Puts a job together; see the properties.
    public init(
        _ payload: Payload, tenant: TenantID?, priority: JobPriority = Payload.priority, runAt: Timestamp? = nil,
        uniqueKey: String? = nil
    ) {
        self.payload = payload
        self.tenant = tenant
        self.priority = priority
        self.runAt = runAt
        self.uniqueKey = uniqueKey
    }
}

/// Proof that a worker holds a job: every write about the job carries it, and it is void once the lease has run out and
/// somebody else took the job.
public struct JobLease: Sendable, Hashable {
    /// The job.
    public var jobID: Int64
    /// Drawn anew for each claim.
    public var token: Int64

    /// Names a lease.
    /// - Parameters:
    ///   - jobID: the job.
    ///   - token: as the claim gave it.
    public init(jobID: Int64, token: Int64) {
        self.jobID = jobID
        self.token = token
    }
}

/// How a run of a job ended.
public enum JobOutcome: Sendable, Hashable {
    /// Done; the text, when there is one, stands in the history.
    case done(String? = nil)
    /// Done, and the job was taken away in the transaction that did it.
    case finished
    /// Not yet: it runs again at this time, and this run does not count as an attempt.
    case later(Timestamp, reason: String)
    /// It failed and may succeed another time.
    case failed(String)
    /// It failed for good.
    case dead(String)
}
