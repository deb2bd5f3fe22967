import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Store

/// The audit log: searching it, exporting it, and recording what happens on a tenant's own pages.
struct LogEntryRoutes: Sendable {
    let store: AuditStore
    let log: AuditLog
    let clock: DatabaseClock
    /// Bytes of a request that records: more than other commands have, since it may be a batch.
    let bodies = BodyReader(limit: 1 << 20, totalLimit: 16 << 20)

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/logentry/search", requires: .auditRead, search),
            Endpoint(.get, "/v1/logentry/export", requires: .auditRead, export),
            Endpoint(.get, "/v1/logentry/codes", requires: .auditRead, codes),
            Endpoint(.post, "/v1/logentry", requires: .auditWrite, record),
        ]
    }

    private func search(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: AuditQuery.parameters.union(["limit", "cursor"]))
        let query = try AuditQuery(parameters)
        let binding = CursorBinding.of(request.tenant, parameters, AuditQuery.parameters)
        let position = try parameters["cursor"].map { text throws(Problem) in
            try AuditCursor.decode(text, binding: binding)
        }
        let page = try await store.page(
            query, tenant: request.tenant, after: position, limit: try parameters.limit(), now: clock.now
        ) { row in try LogEntryJSON.object(row).utf8() }
        return .json { json in
            json.object { object in
                object.key("results")
                object.array { results in
                    for entry in page.entries { results.raw(utf8: entry) }
                }
                object.key("next")
                object.value(page.next.map { AuditCursor.encode($0, binding: binding) })
            }
        }
    }

    private func export(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: AuditQuery.parameters.union(["format"]))
        guard let format = try parameters.choice("format", of: LogEntryExport.Format.self) else {
            throw Problem.parameter("format", "it is csv or ndjson")
        }
        let export = LogEntryExport(
            store: store, query: try AuditQuery(parameters), tenant: request.tenant, now: clock.now)
        return export.response(format)
    }

    private func codes(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        return .json { json in
            json.object { object in
                object.key("data")
                object.array { array in
                    for code in AuditCode.allCases {
                        array.object { member in
                            member.key("code")
                            member.value(code.rawValue)
                            member.key("description")
                            member.value(code.sentence)
                            member.key("recordable")
                            member.value(code.isRecordedByPages)
                        }
                    }
                }
            }
        }
    }

    private func record(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let type = request.request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        guard type == "application/json" else { throw Problem(.unsupportedMediaType, "Send application/json.") }
        let given = try await bodies.withBody(of: request.request) { body in
            try LogEntryReader(request).entries(of: body)
        }
        try await refuseForeign(given.entries, isBatch: given.isBatch, tenant: request.tenant)
        try await log.append(given.entries.map { .init(tenant: request.tenant, entry: $0) })
        return .json(.created) { json in
            json.object { object in
                if given.isBatch {
                    object.key("accepted")
                    object.value(given.entries.count)
                    object.key("ids")
                    object.array { array in for entry in given.entries { array.value(entry.id) } }
                } else {
                    object.key("id")
                    object.value(given.entries.first?.id.uuidString.lowercased())
                }
            }
        }
    }

    /// What an entry is about is the tenant's own, where it is something that this service keeps.
    private func refuseForeign(_ entries: [NewAuditEntry], isBatch: Bool, tenant: TenantID) async throws {
        let relations = entries.map { entry -> AuditStore.Relation? in
            guard let model = entry.relatedModel.flatMap(AuditEntity.init(rawValue:)), let key = entry.relationKey
            else { return nil }
            return AuditStore.Relation(model, key)
        }
        let known = try await store.known(Set(relations.compactMap(\.self)), tenant: tenant)
        for case (let index, let relation?) in relations.enumerated() where !known.contains(relation) {
            let pointer = (isBatch ? "/\(index)" : "") + "/relation_key"
            let detail = "there is no \(relation.entity.rawValue) with this id"
            throw Problem(
                .invalidParameter, "The body can't be used; errors says why.",
                issues: [.init(.pointer(pointer), code: "unknown", detail: detail)])
        }
    }
}
