public import Domain
import Foundation

/// The filters of the logs: a menu for each with its values and their counts, the period, the search; below them what is
/// chosen, each of which can be taken away.
public struct FilterBar: Component {
    let choices: [FilterMenu]
    let kept: [Form.Hidden]
    let period: PeriodMenu
    let text: String
    let chips: FilterChips?

    /// Makes the bar.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - facets: what can be chosen.
    ///   - areCountsExact: whether the counts hold under all filters; else none are shown.
    public init(address: LogAddress, facets: CallLogFacets?, areCountsExact: Bool) {
        func choice(_ title: String, _ name: String, _ values: [CallLogFacets.Value]) -> FilterMenu {
            let chosen = address[name]
            var listed = values.map { value in
                Checkbox(
                    name, value: value.value, words: Self.words(name, value), isChecked: chosen.contains(value.value),
                    count: areCountsExact ? value.count.grouped : nil)
            }
            for value in chosen where !values.contains(where: { $0.value == value }) {
                listed.append(Checkbox(name, value: value, words: value.cut(at: 60), isChecked: true))
            }
            return FilterMenu(title, chosen: chosen.count, boxes: listed)
        }
        choices = [
            choice("Status", "status", facets?.statuses ?? []),
            choice("Code", "code", (facets?.codeClasses.filter { $0.count > 0 } ?? []) + (facets?.codes ?? [])),
            choice("Method", "method", facets?.methods ?? []),
            choice("Application", "application", facets?.applications ?? []),
            choice("Bot", "bot", facets?.bots ?? []),
        ]
        // what has no field of its own here stays as it is
        kept = ["source", "user", "connection", "min_duration_ms"].flatMap { name in
            address[name].map { Form.Hidden(name, $0) }
        }
        period = PeriodMenu(address)
        text = address["q"].first ?? ""
        chips = FilterChips(address, titles: Self.titles) { Self.words($0, $1, facets) }
    }

    private static func words(_ name: String, _ value: CallLogFacets.Value) -> String {
        switch (name, value.value) {
        case ("status", "success"): "Success"
        case ("status", "error"): "Error"
        default: (value.name ?? value.value).cut(at: 60)
        }
    }

    static let titles = [
        "from": "From", "to": "To", "status": "Status", "code": "Code", "method": "Method",
        "application": "Application", "bot": "Bot", "source": "Source", "user": "User", "connection": "Connection",
        "min_duration_ms": "At least", "q": "Text", "period": "Period",
    ]

    /// What people read of a value that is chosen.
    private static func words(_ name: String, _ value: String, _ facets: CallLogFacets?) -> String {
        switch name {
        case "bot": facets?.bots.first { $0.value == value }?.name ?? value
        case "application": facets?.applications.first { $0.value == value }?.name ?? value
        case "status": value.prefix(1).uppercased() + value.dropFirst()
        case "min_duration_ms": value + " ms"
        default: value
        }
    }

    /// The partial that shows it.
    public static let template = """
        <form class="filters" method="get" action="/logs" role="search" aria-label="Filter calls">
        {{#kept}}<input type="hidden" name="{{name}}" value="{{value}}">{{/kept}}
        <div class="seek"><i class="icon i-search"></i><label class="unseen" for="seek">Search in URL, source, user and error</label>\
        <input id="seek" class="search" type="search" name="q" value="{{text}}" maxlength="200" \
        placeholder="URL, source, user, error"></div>
        {{#choices}}{{>*partial}}{{/choices}}
        {{#period}}{{>*partial}}{{/period}}
        <button class="button plain">Search</button>
        </form>
        {{#chips}}{{>*partial}}{{/chips}}
        """
}
