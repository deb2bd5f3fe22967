import Domain
import Hummingbird
import Store

/// How many calls there are: by what can be filtered, and over time.
struct CallLogCountRoutes: Sendable {
    let store: CallLogStore
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/call-logs/facets", requires: .callLogsRead, facets),
            Endpoint(.get, "/v1/call-logs/histogram", requires: .callLogsRead, histogram),
        ]
    }

    private func facets(_ request: TenantRequest) async throws -> Response {
        let query = try CallLogQuery(request.incoming.query(allowing: CallLogQuery.parameters))
        let facets = try await store.facets(query, tenant: request.tenant, now: clock.now)
        return .json { json in
            json.object { object in
                object.writeCompleteness(scannedTo: facets.scannedTo)
                object.key("total")
                object.value(facets.total)
                object.key("status")
                Self.write(facets.statuses, isNamed: false, into: &object)
                object.key("method")
                Self.write(facets.methods, isNamed: false, into: &object)
                object.key("code")
                Self.write(facets.codes, isNamed: false, into: &object)
                object.key("code_class")
                Self.write(facets.codeClasses, isNamed: false, into: &object)
                object.key("bot")
                Self.write(facets.bots, isNamed: true, into: &object)
                object.key("bots_total")
                object.value(facets.botsTotal)
                object.key("application")
                Self.write(facets.applications, isNamed: true, into: &object)
            }
        }
    }

    private static func write(_ values: [CallLogFacets.Value], isNamed: Bool, into object: inout JSONWriter) {
        object.array { array in
            for value in values {
                array.object { member in
                    member.key("value")
                    member.value(value.value)
                    if isNamed {
                        member.key("name")
                        member.value(value.name)
                    }
                    member.key("count")
                    member.value(value.count)
                }
            }
        }
    }

    private func histogram(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: CallLogQuery.parameters.union(["interval"]))
        let query = try CallLogQuery(parameters)
        let interval = try parameters.choice("interval", of: CallLogHistogram.Interval.self) ?? .hour
        let histogram = try await store.histogram(query, by: interval, tenant: request.tenant, now: clock.now)
        return .json { json in
            json.object { object in
                object.key("interval")
                object.value(histogram.interval.rawValue)
                object.key("from")
                object.value(histogram.period.lowerBound)
                object.key("to")
                object.value(histogram.period.upperBound)
                object.writeCompleteness(scannedTo: histogram.scannedTo)
                object.key("data")
                object.array { array in
                    for bucket in histogram.buckets {
                        array.object { member in
                            member.key("start")
                            member.value(bucket.start)
                            member.key("success")
                            member.value(bucket.successes)
                            member.key("error")
                            member.value(bucket.errors)
                        }
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    /// `complete`, and `scanned_to` where the time budget ended a count.
    mutating func writeCompleteness(scannedTo: Timestamp?) {
        key("complete")
        value(scannedTo == nil)
        guard let scannedTo else { return }
        key("scanned_to")
        value(scannedTo)
    }
}
