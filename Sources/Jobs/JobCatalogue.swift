public import Store

/// Every kind of job there is.
public enum JobCatalogue {
    /// The jobs that run by the clock.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: how long calls are kept.
    public static func scheduled(database: Database, retentionDays: Int) -> [any ScheduledJob] {
        let partitions = PartitionStore(database: database)
        let maintenance = MaintenanceStore(database: database)
        return [
            PartitionJob(partitions: partitions, maintenance: maintenance),
            RetentionJob(partitions: partitions, maintenance: maintenance, retentionDays: retentionDays),
            SessionSweepJob(sessions: SessionStore(database: database)),
        ]
    }
}
