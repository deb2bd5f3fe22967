import Domain
import Foundation
import Hummingbird
import Store

/// The bots that have sent calls.
struct BotRoutes: Sendable {
    let store: BotStore

    var endpoints: [Endpoint] {
        [Endpoint(.get, "/v1/bots", requires: .callLogsRead, list)]
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: ["limit", "cursor"])
        let limit = try parameters.limit()
        let after = try parameters["cursor"].map { text throws(Problem) in
            guard let data = Data(base64Encoded: text), let id = String(data: data, encoding: .utf8), !id.contains("\0")
            else {
                throw Problem.parameter("cursor", "it is not one that was given out")
            }
            return id
        }
        let bots = try await store.list(tenant: request.tenant, after: after, limit: limit + 1)
        let next = bots.count > limit ? Data(bots[limit - 1].id.utf8).base64EncodedString() : nil
        return .json { json in
            json.object { object in
                object.key("data")
                object.array { array in
                    for bot in bots.prefix(limit) { array.object { Self.write(bot, into: &$0) } }
                }
                object.key("pagination")
                object.object { pagination in
                    pagination.key("limit")
                    pagination.value(limit)
                    pagination.key("next")
                    pagination.value(next)
                }
            }
        }
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
