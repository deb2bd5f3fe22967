public import Domain
import Foundation

/// The filters of the logs: a menu for each with its values and their counts, the period, the search; below them what is
/// chosen, each of which can be taken away.
public struct FilterBar: Component {
    /// A menu of values.
    struct Choice: ViewModel {
        let title: String
        let chosen: String?
        let boxes: [Checkbox]
    }

    /// A period that counts back from now.
    struct Period: ViewModel {
        let words: String
        let path: String
        let isCurrent: Bool
    }

    let choices: [Choice]
    let kept: [Form.Hidden]
    let periods: [Period]
    let periodWords: String
    let from: String
    let to: String
    let text: String
    let chips: [Chip]
    let hasChips: Bool
    let clear = "/logs"

    /// Makes the bar.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - facets: what can be chosen.
    ///   - areCountsExact: whether the counts hold under all filters; else none are shown.
    public init(address: LogAddress, facets: CallLogFacets?, areCountsExact: Bool) {
        func choice(_ title: String, _ name: String, _ values: [CallLogFacets.Value]) -> Choice {
            let chosen = address[name]
            var listed = values.map { value in
                Checkbox(
                    name, value: value.value, words: Self.words(name, value), isChecked: chosen.contains(value.value),
                    count: areCountsExact ? Self.grouped(value.count) : nil)
            }
            for value in chosen where !values.contains(where: { $0.value == value }) {
                listed.append(Checkbox(name, value: value, words: value.cut(at: 60), isChecked: true))
            }
            return Choice(title: title, chosen: chosen.isEmpty ? nil : String(chosen.count), boxes: listed)
        }
        choices = [
            choice("Status", "status", facets?.statuses ?? []),
            choice("Code", "code", (facets?.codeClasses.filter { $0.count > 0 } ?? []) + (facets?.codes ?? [])),
            choice("Method", "method", facets?.methods ?? []),
            choice("Application", "application", facets?.applications ?? []),
            choice("Bot", "bot", facets?.bots ?? []),
        ]
        // what has no field of its own here stays as it is
        kept =
            ["source", "user", "connection", "min_duration_ms"].flatMap { name in
                address[name].map { Form.Hidden(name, $0) }
            }
            + ["period", "from", "to"].flatMap { name in
                address[name].filter { Day(iso8601: $0) == nil }.map { Form.Hidden(name, $0) }
            }
        let current = address["period"].first.flatMap(LogPeriod.init)
        let isOwn = !address["from"].isEmpty || !address["to"].isEmpty
        periods =
            [Period(words: "All that is kept", path: address.period(nil).path, isCurrent: current == nil && !isOwn)]
            + LogPeriod.allCases.map {
                Period(words: $0.words, path: address.period($0.rawValue).path, isCurrent: $0 == current)
            }
        periodWords = isOwn ? "Own period" : current?.words ?? "All time"
        from = Self.date(address["from"])
        to = Self.date(address["to"])
        text = address["q"].first ?? ""
        chips = Self.chips(address, facets)
        hasChips = !chips.isEmpty
    }

    private static func date(_ values: [String]) -> String { values.first { Day(iso8601: $0) != nil } ?? "" }

    private static func words(_ name: String, _ value: CallLogFacets.Value) -> String {
        switch (name, value.value) {
        case ("status", "success"): "Success"
        case ("status", "error"): "Error"
        default: (value.name ?? value.value).cut(at: 60)
        }
    }

    /// Thousands apart, by a narrow space.
    static func grouped(_ number: Int) -> String {
        let digits = String(number)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }

    static let titles = [
        "from": "From", "to": "To", "status": "Status", "code": "Code", "method": "Method",
        "application": "Application", "bot": "Bot", "source": "Source", "user": "User", "connection": "Connection",
        "min_duration_ms": "At least", "q": "Text", "period": "Period",
    ]

    private static func chips(_ address: LogAddress, _ facets: CallLogFacets?) -> [Chip] {
        LogAddress.names.flatMap { name -> [Chip] in
            guard let title = titles[name] else { return [] }
            return address[name].map { value in
                let known: [CallLogFacets.Value] =
                    switch name {
                    case "bot": facets?.bots ?? []
                    case "application": facets?.applications ?? []
                    default: []
                    }
                var words = known.first { $0.value == value }?.name ?? value
                if name == "status" { words = value.prefix(1).uppercased() + value.dropFirst() }
                if name == "min_duration_ms" { words += " ms" }
                if name == "period" { words = LogPeriod(rawValue: value)?.words ?? value }
                return Chip(title, words, path: address.without(name, value).path)
            }
        }
    }

    /// The partial that shows it.
    public static let template = """
        <form class="filters" method="get" action="/logs" role="search" aria-label="Filter calls">
        {{#kept}}<input type="hidden" name="{{name}}" value="{{value}}">{{/kept}}
        <div class="seek"><i class="icon i-search"></i><label class="unseen" for="seek">Search in URL, source, user and error</label>\
        <input id="seek" class="search" type="search" name="q" value="{{text}}" maxlength="200" \
        placeholder="URL, source, user, error"></div>
        {{#choices}}<details class="menu"><summary class="button plain">{{title}}{{#chosen}}<span class="chosen">\
        <span class="unseen">, chosen: </span>{{.}}</span>{{/chosen}}<i class="icon i-down"></i></summary>
        <div class="pop"><fieldset><legend class="unseen">{{title}}</legend>{{#boxes}}{{>*partial}}{{/boxes}}</fieldset>\
        <button class="button primary">Apply</button></div></details>{{/choices}}
        <details class="menu"><summary class="button plain">{{periodWords}}<i class="icon i-down"></i></summary>
        <div class="pop">{{#periods}}<a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}>{{words}}</a>{{/periods}}
        <div class="dates"><label>From<input type="date" name="from" value="{{from}}"></label>\
        <label>To<input type="date" name="to" value="{{to}}"></label></div><p class="soft">Days in UTC, both included.</p>\
        <button class="button primary">Apply</button></div></details>
        <button class="button plain">Search</button>
        </form>
        {{#hasChips}}<div class="chips">{{#chips}}{{>*partial}}{{/chips}}<a class="clear" href="{{clear}}">Clear all</a></div>{{/hasChips}}
        """
}
