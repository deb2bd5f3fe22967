import Ingest
import Store

/// The numbers of taking entries in and of serving requests.
struct RequestMetrics: MetricsSource {
    let ingest: IngestService
    let writer: IngestWriter
    let http: HTTPMetrics
    let audit: AuditRecorder
    let database: DatabaseMetrics

    func write(into text: inout PrometheusText) async {
        writeIngest(into: &text)
        writeHTTP(into: &text)
        writeAudit(into: &text)
        await database.write(into: &text)
    }

    private func writeIngest(into text: inout PrometheusText) {
        let counts = ingest.counts
        text.metric("calltrail_ingest_entries_total", "counter", "Entries received, by what became of them.")
        text.sample("calltrail_ingest_entries_total", ["result": "accepted"], Double(counts.accepted))
        text.sample("calltrail_ingest_entries_total", ["result": "duplicate"], Double(counts.duplicates))
        text.sample("calltrail_ingest_entries_total", ["result": "unreachable"], Double(counts.unreachable))
        text.sample("calltrail_ingest_entries_total", ["result": "rejected"], Double(counts.rejected))
        let statistics = writer.statistics
        text.single(
            "calltrail_ingest_queue_entries", "gauge", "Entries that wait to be stored.", statistics.waitingEntries)
        text.single("calltrail_ingest_queue_bytes", "gauge", "Bytes that wait to be stored.", statistics.waitingBytes)
        text.single(
            "calltrail_ingest_refused_total", "counter", "Requests refused by a full queue.", statistics.refused)
        text.single("calltrail_ingest_groups_total", "counter", "Transactions that stored entries.", statistics.groups)
        text.single(
            "calltrail_ingest_failed_groups_total", "counter", "Transactions that failed.", statistics.failedGroups)
    }

    private func writeAudit(into text: inout PrometheusText) {
        let numbers = audit.numbers
        text.single("calltrail_audit_recorded_total", "counter", "Calls recorded in the audit log.", numbers.recorded)
        text.single("calltrail_audit_queue_entries", "gauge", "Calls that wait to be recorded.", numbers.waiting)
        text.single(
            "calltrail_audit_failures_total", "counter", "Attempts at recording that failed and are repeated.",
            numbers.failures)
        text.single(
            "calltrail_audit_lost_total", "counter", "Calls that the database refused to record.", numbers.lost)
    }

    private func writeHTTP(into text: inout PrometheusText) {
        let snapshot = http.snapshot
        text.metric("calltrail_http_requests_total", "counter", "Requests answered.")
        for (key, count) in snapshot.requests.sorted(by: { $0.key.sortKey < $1.key.sortKey }) {
            text.sample(
                "calltrail_http_requests_total",
                ["route": key.route, "method": key.method, "status": String(key.status)], Double(count))
        }
        let name = "calltrail_http_request_duration_seconds"
        text.metric(name, "histogram", "Time from a request's head to its answer.")
        for (route, durations) in snapshot.durations.sorted(by: { $0.key < $1.key }) {
            var cumulative = 0
            for (bound, count) in zip(HTTPMetrics.bounds, durations.buckets) {
                cumulative += count
                text.sample(name + "_bucket", ["route": route, "le": "\(bound)"], Double(cumulative))
            }
            text.sample(name + "_bucket", ["route": route, "le": "+Inf"], Double(durations.count))
            text.sample(name + "_sum", ["route": route], durations.sumSeconds)
            text.sample(name + "_count", ["route": route], Double(durations.count))
        }
    }
}

extension HTTPMetrics.Key {
    fileprivate var sortKey: String { "\(route) \(method) \(status)" }
}
