public import Domain
import Foundation
import Postgres

/// The audit log as it is read.
public struct AuditStore: Sendable {
    let database: Database
    let retentionDays: Int
    /// Filtered lists may have to look at many rows: few at a time, so that connections stay for the rest.
    let searches = Gate(capacity: 4, longestLine: 32)

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: older entries are not shown, though their day's partition may still be there.
    public init(database: Database, retentionDays: Int) {
        self.database = database
        self.retentionDays = retentionDays
    }

    /// The oldest time that is still shown.
    /// - Parameter now: by `app_now()`.
    public func firstKept(now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: -Int64(retentionDays) * 86_400)
    }
}
