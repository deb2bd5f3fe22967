import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The audit log: entries as sentences, filters, and whether the chain is intact.
struct AuditPages: Sendable {
    let pages: ConsolePages
    let store: AuditStore
    let verifications: AuditVerificationStore
    let members: MemberStore
    let keys: APIKeyStore

    /// Entries on a page.
    private static let limit = 50
    /// People and keys in their menus; the others are reached from their entries.
    private static let choices = 100

    var endpoints: [Endpoint] {
        [
            pages.page(.get, "/audit", requires: .auditRead, section: .audit, list),
            pages.page(.post, "/audit/verify", requires: .auditRead, section: .audit, verify),
        ]
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let address = try AuditAddress(FormFields(visit.request.request.uri.query ?? "").all)
        do {
            return try await page(visit, address)
        } catch let problem as Problem where problem.code == .invalidParameter {
            return visit.page(
                "Audit log", status: .badRequest,
                [
                    EmptyState(
                        "This filter can't be used", problem.detail,
                        actions: [LinkButton("Clear all", path: "/audit", kind: .primary)])
                ])
        }
    }

    private func page(_ visit: ConsoleVisit, _ address: AuditAddress) async throws -> Response {
        let (query, parameters) = try Self.query(address, now: visit.now)
        let binding = CursorBinding.of(visit.tenant, parameters, AuditQuery.parameters)
        let position = try address["cursor"].first.map { text throws(Problem) in
            try AuditCursor.decode(text, binding: binding)
        }
        async let standing = verifications.standing(of: visit.tenant)
        async let verification = verifications.last(of: visit.tenant)
        async let people = members.list(tenant: visit.tenant, after: nil, limit: Self.choices)
        async let programs = keys.list(tenant: visit.tenant, after: nil, limit: Self.choices)
        let page = try await store.page(
            query, tenant: visit.tenant, after: position, limit: Self.limit, now: visit.now)
        let older = page.next.map { AuditCursor.encode($0, binding: binding) }
        let list: any Component =
            page.entries.isEmpty
            ? AuditLogPage.nothing(address, scannedTo: page.scannedTo, older: older, zone: visit.zone)
            : AuditList(page, address: address, older: older, now: visit.now, zone: visit.zone)
        let last = try await verification
        return visit.page(
            "Audit log",
            refreshSeconds: last?.isUnderWay ?? false ? 5 : nil,
            AuditLogPage.content(
                exportQuery: Self.exportQuery(address, query),
                proof: AuditProof(try await standing, last, zone: visit.zone),
                filters: AuditFilters(
                    address, people: try await people.map { .init($0.userID, $0.email) },
                    keys: try await programs.map { .init($0.id, $0.name) }),
                list: list))
    }

    /// The query for the store, read as strictly as the API's.
    private static func query(
        _ address: AuditAddress, now: Timestamp
    ) throws(Problem) -> (query: AuditQuery, parameters: QueryParameters) {
        let parameters = try QueryParameters(address.query(AuditQuery.parameters), allowing: AuditQuery.parameters)
        var query = try AuditQuery(parameters)
        if let start = try LogPeriod.start(in: address, now: now) { query.from = start }
        return (query, parameters)
    }

    /// The filters as the export takes them, which knows no period that counts back from now.
    private static func exportQuery(_ address: AuditAddress, _ query: AuditQuery) -> String {
        let own = address.query(AuditQuery.parameters)
        guard !address["period"].isEmpty, let from = query.from else { return own }
        return (own.isEmpty ? "" : own + "&") + "from=" + FormFields.encoded(from.description)
    }

    private func verify(_ visit: ConsoleVisit) async throws -> Response {
        try await verifications.verify(tenant: visit.tenant, askedBy: visit.session.email, now: visit.now)
        return visit.redirect(to: "/audit")
    }
}
