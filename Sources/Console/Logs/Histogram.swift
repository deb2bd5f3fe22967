public import Domain

/// How many calls succeeded and failed over time. Each bar is a link to its period; the script makes of them one thing that
/// is brushed by dragging or with the arrow keys.
public struct Histogram: Component {
    /// The most bars: each is a link that a keyboard stops at where there is no script.
    static let mostBars = 48
    /// The drawing's height, in its own units and in pixels.
    static let height = 72

    let markup: Markup
    let summary: String
    let first: String
    let last: String
    let base: String

    private struct Bar {
        var start: Timestamp
        var end: Timestamp
        var successes: Int
        var errors: Int
    }

    /// Draws a histogram.
    /// - Parameters:
    ///   - histogram: what was counted.
    ///   - address: of the list.
    ///   - zone: the reader's.
    public init(_ histogram: CallLogHistogram, address: LogAddress, zone: ReaderZone) {
        let bars = Self.bars(histogram)
        let highest = max(1, bars.map { $0.successes + $0.errors }.max() ?? 1)
        let open = address.period(nil)
        var markup = Markup()
        for (index, bar) in bars.enumerated() {
            let words = Self.words(bar, zone)
            let path = open.with("from", [Self.plain(bar.start)]).with("to", [Self.plain(bar.end)]).path
            markup.element(
                "a",
                ["href": path, "data-from": Self.plain(bar.start), "data-to": Self.plain(bar.end), "aria-label": words]
            ) { link in
                link.element("title", text: words)
                link.element("rect", Self.place(index, from: 0, to: Self.height, "slot")) { _ in }
                let failed = Self.length(bar.errors, of: highest)
                let succeeded = Self.length(bar.successes, of: highest)
                if succeeded > 0 {
                    let top = Self.height - failed - succeeded
                    link.element("rect", Self.place(index, from: max(0, top), to: Self.height - failed, "good")) { _ in
                    }
                }
                if failed > 0 {
                    link.element("rect", Self.place(index, from: Self.height - failed, to: Self.height, "bad")) { _ in }
                }
            }
        }
        var drawing = Markup()
        drawing.element(
            "svg",
            [
                "viewBox": "0 0 \(max(1, bars.count) * 10) \(Self.height)", "preserveAspectRatio": "none",
                "role": "group",
                "aria-label": "Calls over time",
            ]
        ) { $0.append(markup) }
        self.markup = drawing
        let errors = bars.reduce(0) { $0 + $1.errors }
        let total = bars.reduce(errors) { $0 + $1.successes }
        let calls = total == 1 ? "1 call" : "\(total.grouped) calls"
        var words = total == 0 ? "No calls" : "\(calls), \(errors == 0 ? "none" : errors.grouped) failed"
        if let scannedTo = histogram.scannedTo { words += "; counted back to \(zone.full(scannedTo))" }
        summary = words
        first = bars.first.map { zone.minute($0.start) } ?? ""
        last = bars.last.map { zone.minute($0.end) } ?? ""
        base = open.with("cursor", []).path
    }

    private static func bars(_ histogram: CallLogHistogram) -> [Bar] {
        let buckets = histogram.buckets
        let together = max(1, (buckets.count + mostBars - 1) / mostBars)
        return stride(from: 0, to: buckets.count, by: together).map { index in
            let group = buckets[index..<min(index + together, buckets.count)]
            let start = buckets[index].start
            return Bar(
                start: start, end: start.advanced(bySeconds: Int64(group.count) * histogram.interval.seconds),
                successes: group.reduce(0) { $0 + $1.successes }, errors: group.reduce(0) { $0 + $1.errors })
        }
    }

    /// What occurred is seen, however much more there is elsewhere.
    private static func length(_ count: Int, of highest: Int) -> Int {
        count == 0 ? 0 : max(2, count * (height - 4) / highest)
    }

    private static func place(
        _ index: Int, from top: Int, to bottom: Int, _ kind: String
    ) -> KeyValuePairs<StaticString, String> {
        let isSlot = kind == "slot"
        return [
            "class": kind, "x": String(index * 10 + (isSlot ? 0 : 1)), "y": String(top), "width": isSlot ? "10" : "8",
            "height": String(bottom - top),
        ]
    }

    private static func words(_ bar: Bar, _ zone: ReaderZone) -> String {
        "\(zone.minute(bar.start)) to \(zone.minute(bar.end)): \(bar.successes) succeeded, \(bar.errors) failed"
    }

    /// Without the milliseconds, which are none.
    private static func plain(_ time: Timestamp) -> String { time.description.prefix(19) + "Z" }

    /// The partial that shows it.
    public static let template = """
        <figure class="histogram" data-base="{{base}}"><div class="plot">{{{markup}}}</div>
        <figcaption><span class="soft">{{first}}</span><span id="counted" role="status">{{summary}}</span>\
        <span class="soft">{{last}}</span></figcaption></figure>
        """
}
