import Domain
import Hummingbird
import Store

/// What a tenant's calls of the last days amount to.
struct UsageRoutes: Sendable {
    let store: CallLogStore
    let clock: DatabaseClock
    let retentionDays: Int

    var endpoints: [Endpoint] {
        [Endpoint(.get, "/v1/usage", requires: .callLogsRead, usage)]
    }

    private func usage(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: ["days"])
        let usage = try await store.usage(days: try days(parameters), tenant: request.tenant, now: clock.now)
        return .json { json in
            json.object { object in
                object.writeCompleteness(scannedTo: usage.scannedTo)
                object.key("entries")
                object.value(usage.total.entries)
                object.key("errors")
                object.value(usage.total.errors)
                object.key("days")
                object.array { array in for day in usage.days { Self.write(day, into: &array) } }
                object.key("bots_total")
                object.value(usage.botsTotal)
                object.key("failing_bots")
                Self.write(usage.failingBots, into: &object)
                object.key("failing_applications")
                Self.write(usage.failingApplications, into: &object)
                object.key("recent_durations")
                object.array { array in for durations in usage.recentDurations { Self.write(durations, into: &array) } }
            }
        }
    }

    private func days(_ parameters: QueryParameters) throws(Problem) -> Int {
        guard let text = parameters["days"] else { return min(30, retentionDays) }
        guard let days = Int(text), (1...max(1, retentionDays)).contains(days) else {
            throw .parameter("days", "it is a number from 1 to \(max(1, retentionDays)), the days that are kept")
        }
        return days
    }

    private static func write(_ day: Usage.OfDay, into array: inout JSONWriter) {
        array.object { member in
            member.key("date")
            member.value(day.day.description)
            member.key("entries")
            member.value(day.calls?.entries)
            member.key("errors")
            member.value(day.calls?.errors)
            member.key("body_bytes")
            member.value(day.bodies?.storedBytes)
            member.key("body_bytes_uncompressed")
            member.value(day.bodies?.rawBytes)
        }
    }

    private static func write(_ shares: [Usage.Share], into object: inout JSONWriter) {
        object.array { array in
            for share in shares {
                array.object { member in
                    member.key("value")
                    member.value(share.value)
                    member.key("name")
                    member.value(share.name)
                    member.key("entries")
                    member.value(share.calls.entries)
                    member.key("errors")
                    member.value(share.calls.errors)
                }
            }
        }
    }

    private static func write(_ durations: Usage.Durations, into array: inout JSONWriter) {
        array.object { member in
            member.key("value")
            member.value(durations.application.rawValue)
            member.key("name")
            member.value(durations.application.name)
            member.key("calls")
            member.value(durations.calls)
            member.key("median_ms")
            member.value(durations.median)
            member.key("p95_ms")
            member.value(durations.percentile95)
        }
    }
}
