import Domain

/// The period of a list: presets that count back from now, and two days of one's own. It stands in the filters' form.
struct PeriodMenu: Component {
    let kept: [Form.Hidden]
    let periods: [FilterLink]
    let words: String
    let from: String
    let to: String

    /// Makes the menu.
    /// - Parameter address: what is chosen.
    init(_ address: some FilterAddress) {
        // what no date field can hold stays as it is
        kept = ["period", "from", "to"].flatMap { name in
            address[name].filter { Day(iso8601: $0) == nil }.map { Form.Hidden(name, $0) }
        }
        let current = address["period"].first.flatMap(LogPeriod.init)
        let isOwn = !address["from"].isEmpty || !address["to"].isEmpty
        periods =
            [FilterLink(words: "All that is kept", path: address.period(nil).path, isCurrent: current == nil && !isOwn)]
            + LogPeriod.allCases.map {
                FilterLink(words: $0.words, path: address.period($0.rawValue).path, isCurrent: $0 == current)
            }
        words = isOwn ? "Own period" : current?.words ?? "All time"
        from = Self.date(address["from"])
        to = Self.date(address["to"])
    }

    private static func date(_ values: [String]) -> String { values.first { Day(iso8601: $0) != nil } ?? "" }

    /// The partial that shows it.
    static let template = """
        {{#kept}}<input type="hidden" name="{{name}}" value="{{value}}">{{/kept}}\
        <details class="menu"><summary class="button plain">{{words}}<i class="icon i-down"></i></summary>
        <div class="pop">{{#periods}}<a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}>{{words}}</a>{{/periods}}
        <div class="dates"><label>From<input type="date" name="from" value="{{from}}"></label>\
        <label>To<input type="date" name="to" value="{{to}}"></label></div><p class="soft">Days in UTC, both included.</p>\
        <button class="button primary">Apply</button></div></details>
        """
}
