import Domain
import Hummingbird
import Store

/// The bots that have sent calls.
struct BotRoutes: Sendable {
    let store: BotStore

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/bots", requires: .callLogsRead, list),
            Endpoint(.patch, "/v1/bots/{id}", requires: .botsManage, records: .updated(.bot), update),
        ]
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let page = try ListPage(request.incoming.query(allowing: ["limit", "cursor"]))
        let bots = try await store.list(tenant: request.tenant, after: page.after, limit: page.limit + 1)
        return .json { json in page.write(bots, key: \.id, into: &json) { Self.write($0, into: &$1) } }
    }

    private func update(_ request: TenantRequest) async throws -> Response {
        var members = try await request.incoming.members(allowing: ["name", "source_url_template"])
        let name = members.text("name", longest: 256)
        let template = members.text("source_url_template", longest: 2000)
        if let template, !template.isEmpty, !template.hasPrefix("https://"), !template.hasPrefix("http://") {
            members.issue("source_url_template", "invalid_format", "it begins with https:// or http://")
        }
        try members.finish()
        let bot = try await store.update(
            request.pathParameter("id"), tenant: request.tenant, name: name, sourceURLTemplate: template)
        guard let bot else { throw Problem(.notFound, "There is no bot with this id.") }
        return .json { json in json.object { Self.write(bot, into: &$0) } }
    }

    private static func write(_ bot: Bot, into object: inout JSONWriter) {
        object.key("id")
        object.value(bot.id)
        object.key("name")
        object.value(bot.name.isEmpty ? nil : bot.name)
        object.key("source_url_template")
        object.value(bot.sourceURLTemplate)
        object.key("created_at")
        object.value(bot.createdAt)
    }
}
