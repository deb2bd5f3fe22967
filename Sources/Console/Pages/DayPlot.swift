import Domain

/// A bar for each day, drawn by the server; the numbers stand in a table of the same page.
struct DayPlot: Component {
    /// A day.
    struct Bar {
        var day: Day
        var good: Int
        var bad: Int
        var words: String
    }

    /// A colour and what it means.
    struct Meaning: ViewModel {
        let words: String
        let kind: String

        init(_ words: String, _ kind: String) {
            self.words = words
            self.kind = kind
        }
    }

    /// The drawing's height and the width of a day, in its own units.
    private static let height = 140, step = 10

    let markup: Markup
    let legend: [Meaning]
    let top: String
    let middle: String
    let first: String
    let last: String

    /// Draws bars.
    /// - Parameters:
    ///   - title: what is drawn.
    ///   - days: oldest first.
    ///   - unit: a number of what is drawn, in words.
    ///   - legend: what the colours mean.
    init(title: String, days: [Bar], unit: (Int) -> String, legend: [Meaning]) {
        let highest = Self.roundedUp(days.map { $0.good + $0.bad }.max() ?? 0)
        var drawing = Markup()
        drawing.element(
            "svg",
            [
                "viewBox": "0 0 \(max(1, days.count) * Self.step) \(Self.height)", "preserveAspectRatio": "none",
                "role": "img", "aria-labelledby": "plot-title plot-words",
            ]
        ) { svg in
            svg.element("title", ["id": "plot-title"], text: title)
            svg.element("desc", ["id": "plot-words"], text: Self.words(days, unit))
            for part in 1...3 {
                let y = String(Self.height * part / 4)
                svg.element("path", ["class": "rule", "d": "M0 \(y)H\(max(1, days.count) * Self.step)"]) { _ in }
            }
            for (index, bar) in days.enumerated() { Self.draw(bar, index, highest, into: &svg) }
        }
        markup = drawing
        self.legend = legend
        top = unit(highest)
        middle = unit(highest / 2)
        first = days.first.map { ReaderZone.words($0.day) } ?? ""
        last = days.last.map { ReaderZone.words($0.day) } ?? ""
    }

    private static func draw(_ bar: Bar, _ index: Int, _ highest: Int, into svg: inout Markup) {
        svg.element("g") { group in
            group.element("title", text: "\(ReaderZone.words(bar.day)): \(bar.words)")
            group.element("rect", place(index, "slot", from: 0, to: height)) { _ in }
            let bad = length(bar.bad, of: highest)
            let good = length(bar.good, of: highest)
            if good > 0 {
                group.element("rect", place(index, "good", from: height - bad - good, to: height - bad)) { _ in }
            }
            if bad > 0 { group.element("rect", place(index, "bad", from: height - bad, to: height)) { _ in } }
        }
    }

    /// What occurred is seen, however much more there is elsewhere.
    private static func length(_ count: Int, of highest: Int) -> Int {
        count == 0 ? 0 : max(2, count * (height - 4) / max(1, highest))
    }

    private static func place(
        _ index: Int, _ kind: String, from top: Int, to bottom: Int
    ) -> KeyValuePairs<StaticString, String> {
        let isSlot = kind == "slot"
        return [
            "class": kind, "x": String(index * step + (isSlot ? 0 : 2)), "y": String(max(0, top)),
            "width": String(isSlot ? step : step - 4), "height": String(bottom - max(0, top)),
        ]
    }

    /// To a number that people read at a glance: 1, 2, 4 or 10 times a power of ten.
    private static func roundedUp(_ number: Int) -> Int {
        var power = 1
        while power * 10 < number { power *= 10 }
        return [1, 2, 4, 6, 8, 10].map { $0 * power }.first { $0 >= number } ?? number
    }

    private static func words(_ days: [Bar], _ unit: (Int) -> String) -> String {
        guard let most = days.max(by: { $0.good + $0.bad < $1.good + $1.bad }), let first = days.first,
            let last = days.last
        else { return "No days." }
        return "From \(ReaderZone.words(first.day)) to \(ReaderZone.words(last.day)); most on "
            + "\(ReaderZone.words(most.day)): \(most.words). The table “Day by day” has all numbers."
    }

    static let template = """
        <figure class="days"><figcaption>{{#legend}}<span><i class="dot {{kind}}"></i>{{words}}</span>{{/legend}}</figcaption>\
        <div class="plot"><div class="scale" aria-hidden="true"><span>{{top}}</span><span>{{middle}}</span><span>0</span></div>\
        <div class="drawing">{{{markup}}}</div></div>\
        <div class="span soft"><span>{{first}}</span><span>{{last}}</span></div></figure>
        """
}
