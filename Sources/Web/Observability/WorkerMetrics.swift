import Domain
import Store

/// The numbers of jobs.
struct WorkerMetrics: MetricsSource {
    let jobs: @Sendable () -> JobNumbers
    let store: JobStore
    let connections: ConnectionStore
    let database: DatabaseMetrics

    func write(into text: inout PrometheusText) async {
        let numbers = jobs()
        let kinds = numbers.kinds.sorted { $0.key < $1.key }
        text.metric("calltrail_job_runs_total", "counter", "Runs of jobs that ended, by how.")
        for (kind, runs) in kinds {
            text.sample("calltrail_job_runs_total", ["kind": kind, "outcome": "done"], Double(runs.done))
            text.sample("calltrail_job_runs_total", ["kind": kind, "outcome": "failed"], Double(runs.failed))
            text.sample("calltrail_job_runs_total", ["kind": kind, "outcome": "dead"], Double(runs.dead))
        }
        text.metric("calltrail_job_wait_seconds_total", "counter", "Time jobs waited since they were due, summed up.")
        for (kind, runs) in kinds {
            text.sample("calltrail_job_wait_seconds_total", ["kind": kind], runs.waitedSeconds)
        }
        text.single(
            "calltrail_job_leases_lost_total", "counter", "Runs whose lease ran out before they ended.", numbers.lost)
        if let backlog = try? await store.backlog() {
            text.single("calltrail_jobs_dead", "gauge", "Jobs that were given up and are kept.", backlog.dead)
            text.metric("calltrail_job_oldest_due_seconds", "gauge", "How long the job that is due longest has waited.")
            text.sample("calltrail_job_oldest_due_seconds", [:], backlog.oldestDueSeconds)
        }
        if let states = try? await connections.numbers() {
            text.metric("calltrail_connections", "gauge", "Connections, by how they are.")
            for state in ConnectionState.allCases {
                text.sample("calltrail_connections", ["state": state.rawValue], Double(states[state] ?? 0))
            }
        }
        await database.write(into: &text)
    }
}
