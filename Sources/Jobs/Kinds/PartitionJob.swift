public import Domain
public import Store

/// Makes the partitions of the days to come.
///
/// Running twice is safe: a day that has its partitions is left alone, under an advisory lock.
public struct PartitionJob: ScheduledJob {
    /// Days made ahead.
    public static let daysAhead: Int32 = 7

    /// Its name in the database and the log.
    public let kind = "partitions"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600

    private let families: [PartitionStore]
    private let maintenance: MaintenanceStore

    /// Prepares the job.
    /// - Parameters:
    ///   - families: make them.
    ///   - maintenance: remembers what was made.
    public init(families: [PartitionStore], maintenance: MaintenanceStore) {
        self.families = families
        self.maintenance = maintenance
    }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let days = (0...Self.daysAhead).map { now.day.advanced(by: $0) }
        var done: [String] = []
        for partitions in families {
            for day in try await partitions.create(days) {
                try await maintenance.record(action: "created", subject: "\(partitions.name) of \(day)")
                done.append("created the \(partitions.name) of \(day)")
            }
        }
        return DutyOutcome(done: done)
    }
}
