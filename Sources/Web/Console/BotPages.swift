import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Store

/// The bots: how their calls went, their names and the links to their flows.
struct BotPages: Sendable {
    let pages: ConsolePages
    let bots: BotStore
    let calls: CallLogStore

    private static let limit = 50
    /// How far back calls are counted, in seconds.
    private static let counted: Int64 = 86_400

    var endpoints: [Endpoint] {
        [
            pages.page(.get, "/bots", requires: .callLogsRead, section: .bots, list),
            pages.page(.get, "/bots/edit", requires: .botsManage, section: .bots) { visit in
                let query = try FormFields(visit.request.request.uri.query ?? "")
                return Self.page(try await bot(query["bot"], visit), visit)
            },
            pages.page(.post, "/bots/edit", requires: .botsManage, section: .bots, records: .updated(.bot), update),
        ]
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let query = try FormFields(visit.request.request.uri.query ?? "")
        let after = Base64URL.decode(query["cursor"]).flatMap { String(bytes: $0, encoding: .utf8) }
        let found = try await bots.list(tenant: visit.tenant, after: after, limit: Self.limit + 1)
        let shown = Array(found.prefix(Self.limit))
        async let all = counts(of: shown, status: nil, visit)
        let failed = await counts(of: shown, status: .error, visit)
        let counted = await all
        let rows = shown.map { bot in
            let entries = counted.map { $0[ExactText(bot.id)] ?? 0 }
            let errors = failed.map { $0[ExactText(bot.id)] ?? 0 }
            var calls: Usage.Calls?
            if let entries, let errors { calls = .init(entries: entries, errors: errors) }
            return BotsPage.Row(bot: bot, calls: calls)
        }
        let next = found.count > Self.limit ? shown.last.map { Self.next($0) } : nil
        return visit.page("Bots", BotsPage.content(rows, isFirst: (after ?? "").isEmpty, next: next))
    }

    private static func next(_ last: Bot) -> String { "/bots?cursor=" + Base64URL.encode(Data(last.id.utf8)) }

    /// Calls by bot; nil when not all of them could be counted, for the list is shown though they could not.
    private func counts(
        of bots: [Bot], status: CallStatus?, _ visit: ConsoleVisit
    ) async -> [ExactText: Int]? {
        guard !bots.isEmpty else { return [:] }
        var query = CallLogQuery()
        query.from = visit.now.advanced(bySeconds: -Self.counted)
        query.status = status
        // bots that are chosen are named, however many there are
        query.bots = Set(bots.map(\.id))
        do {
            let facets = try await calls.facets(query, tenant: visit.tenant, now: visit.now)
            guard facets.scannedTo == nil else { return nil }
            return Dictionary(facets.bots.map { (ExactText($0.value), $0.count) }) { first, _ in first }
        } catch {
            let context = visit.request.incoming.context
            context.logger.warning(
                "calls were not counted", metadata: ["request_id": "\(context.requestID)", "error": "\(error)"])
            return nil
        }
    }

    private func bot(_ id: String, _ visit: ConsoleVisit) async throws -> Bot {
        guard let bot = try await bots.find(id, tenant: visit.tenant) else {
            throw Problem(.notFound, "There is no bot with this id.")
        }
        return bot
    }

    private static func page(_ bot: Bot, _ visit: ConsoleVisit, refused: RefusedForm? = nil) -> Response {
        visit.page(
            bot.shownName, status: refused == nil ? .ok : .unprocessableContent, BotPage.content(bot, refused: refused))
    }

    private func update(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        let bot = try await bot(form["bot"], visit)
        do {
            var body = BodyMembers(
                [
                    "name": .text(form.trimmed("name")),
                    "source_url_template": .text(form.trimmed("source_url_template")),
                ], allowing: BodyMembers.ofBot)
            let (name, template) = try body.botChange()
            let changed = try await bots.update(bot.id, tenant: visit.tenant, name: name, sourceURLTemplate: template)
            return visit.redirect(
                to: BotsPage.edit(bot.id), notice: "\((changed ?? bot).shownName.cut(at: 80)) is saved.")
        } catch let problem as Problem {
            return Self.page(bot, visit, refused: try RefusedForm("", form, problem))
        }
    }
}
