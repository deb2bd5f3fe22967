import Domain

/// Numbers that are seen at once, each with its name.
public struct Figures: Component {
    /// A number.
    public struct Figure: ViewModel {
        let name: String
        let value: String
        let note: String?
        let kind: String
        let path: String?

        /// Makes a number.
        /// - Parameters:
        ///   - name: what it counts.
        ///   - value: the number, as people read it.
        ///   - note: what has to be known of it.
        ///   - standing: whether it is good or bad.
        ///   - path: where what it counts is listed.
        public init(
            _ name: String, _ value: String, note: String? = nil, standing: Standing = .neutral, path: String? = nil
        ) {
            self.name = name.visible
            self.value = value.visible
            self.note = note?.visible
            self.path = path
            kind = standing == .error ? "error" : "text"
        }
    }

    let figures: [Figure]

    /// Makes the row.
    /// - Parameter figures: in their order.
    public init(_ figures: [Figure]) { self.figures = figures }

    /// The partial that shows it.
    public static let template = """
        <dl class="figures">{{#figures}}<div><dt>{{name}}</dt><dd><span class="{{kind}}">\
        {{#path}}<a href="{{.}}">{{value}}</a>{{/path}}{{^path}}{{value}}{{/path}}</span>\
        {{#note}}<small>{{.}}</small>{{/note}}</dd></div>{{/figures}}</dl>
        """
}

extension Int {
    /// With its thousands apart, by a narrow space.
    public var grouped: String {
        let digits = String(self)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }
}
