import Domain
import Store

/// The numbers of connections and partitions.
struct DatabaseMetrics: MetricsSource {
    let database: Database
    let partitions: PartitionStore
    let clock: DatabaseClock

    func write(into text: inout PrometheusText) async {
        let pool = database.connectionCounts
        text.metric("calltrail_pool_connections", "gauge", "Connections to the database.")
        text.sample("calltrail_pool_connections", ["state": "idle"], Double(pool.idle))
        text.sample("calltrail_pool_connections", ["state": "in_use"], Double(pool.inUse))
        text.single("calltrail_pool_waiting", "gauge", "Tasks that wait for a connection.", pool.waiting)
        text.single("calltrail_pool_connections_opened_total", "counter", "Connections opened.", pool.opened)
        let ahead = try? await partitions.daysAhead(today: clock.now.day)
        text.single("calltrail_database_up", "gauge", "1 when the database answers.", ahead == nil ? 0 : 1)
        if let ahead {
            text.single(
                "calltrail_partitions_ahead_days", "gauge", "Days from today on that have partitions.", ahead)
        }
    }
}
