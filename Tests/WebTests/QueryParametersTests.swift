import Domain
import Testing

@testable import Web

@Suite struct QueryParametersTests {
    private func query(_ text: String) throws -> CallLogQuery {
        try CallLogQuery(QueryParameters(text, allowing: CallLogQuery.parameters))
    }

    @Test func readsFilters() throws {
        let query = try query(
            "status=error&method=GET,C2E&code=404,5xx&bot=a%2Fb,c+d&application=zendesk&from=2026-11-20&to=2026-11-20")
        #expect(query.status == .error)
        #expect(query.methods == [.get, .c2e])
        #expect(query.codes == [.exact(404), .family(5)])
        #expect(query.bots == ["a/b", "c d"])
        #expect(query.from == Timestamp(rfc3339: "2026-11-20T00:00:00Z"))
        #expect(query.to == Timestamp(rfc3339: "2026-11-21T00:00:00Z"))
    }

    @Test func bothStatusesAreAllOfThem() throws {
        #expect(try query("status=success,error").status == nil)
        #expect(try query("").isFiltered == false)
    }

    @Test(arguments: [
        "status=ok", "method=get", "code=99", "code=600", "code=6xx", "code=abc", "application=slack", "from=yesterday",
        "from=2026-11-20T00:00:00", "from=2026-11-21&to=2026-11-20", "status=error&status=error", "min_duration_ms=-1",
        "bot=%FF", "bot=%00", "limit=5",
    ])
    func refusesWhatCanNotBeUsed(text: String) {
        #expect(throws: Problem.self) { try query(text) }
    }

    @Test(arguments: [("", 50), ("limit=1", 1), ("limit=500", 500)])
    func readsLimits(text: String, limit: Int) throws {
        #expect(try QueryParameters(text, allowing: ["limit"]).limit() == limit)
    }

    @Test(arguments: ["limit=0", "limit=501", "limit=1e3", "limit=-1"])
    func refusesLimits(text: String) {
        #expect(throws: Problem.self) { try QueryParameters(text, allowing: ["limit"]).limit() }
    }
}
