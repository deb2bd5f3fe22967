import Domain
import Hummingbird
import Ingest
import Store

/// The process's numbers in Prometheus' text format.
struct MetricsPage: Sendable {
    let database: Database
    let partitions: PartitionStore
    let clock: DatabaseClock
    let ingest: IngestService
    let writer: IngestWriter
    let http: HTTPMetrics

    func render() async -> String {
        var text = PrometheusText()
        writeIngest(into: &text)
        writeHTTP(into: &text)
        await writeDatabase(into: &text)
        return text.text
    }

    private func writeIngest(into text: inout PrometheusText) {
        let counts = ingest.counts
        text.metric("calltrail_ingest_entries_total", "counter", "Entries received, by what became of them.")
        text.sample("calltrail_ingest_entries_total", ["result": "accepted"], Double(counts.accepted))
        text.sample("calltrail_ingest_entries_total", ["result": "duplicate"], Double(counts.duplicates))
        text.sample("calltrail_ingest_entries_total", ["result": "unreachable"], Double(counts.unreachable))
        text.sample("calltrail_ingest_entries_total", ["result": "rejected"], Double(counts.rejected))
        let statistics = writer.statistics
        text.single("calltrail_ingest_queue_entries", "gauge", "Entries that wait to be stored.", statistics.waitingEntries)
        text.single("calltrail_ingest_queue_bytes", "gauge", "Bytes that wait to be stored.", statistics.waitingBytes)
        text.single("calltrail_ingest_refused_total", "counter", "Requests refused by a full queue.", statistics.refused)
        text.single("calltrail_ingest_groups_total", "counter", "Transactions that stored entries.", statistics.groups)
        text.single(
            "calltrail_ingest_failed_groups_total", "counter", "Transactions that failed.", statistics.failedGroups)
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

    private func writeDatabase(into text: inout PrometheusText) async {
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

extension HTTPMetrics.Key {
    fileprivate var sortKey: String { "\(route) \(method) \(status)" }
}

/// Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    /// A metric's head.
    mutating func metric(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// A value of the metric.
    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double) {
        let list = labels.map { label, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(label)=\"\(escaped)\""
        }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
        text += list.isEmpty ? "\(name) \(number)\n" : "\(name){\(list)} \(number)\n"
    }

    /// A metric that has one value.
    mutating func single(_ name: String, _ type: String, _ help: String, _ value: Int) {
        metric(name, type, help)
        sample(name, [:], Double(value))
    }
}
