public import Domain

/// Code or data as text, in one direction, with a button that copies it.
public struct CodeBlock: Component {
    let id: String
    let title: String
    let text: String
    let copy: CopyButton

    /// Makes a block.
    /// - Parameters:
    ///   - id: of the element, once a page.
    ///   - title: what it is, for those who have it read to them.
    ///   - text: any; what turns its direction is shown by its number.
    ///   - copyWords: what the button says.
    ///   - source: where the exact text is fetched from when it is copied; nil copies what is shown.
    public init(id: String, title: String, text: String, copyWords: String = "Copy", source: String? = nil) {
        self.id = id
        self.title = title.visible
        self.text = text.revealed
        copy = CopyButton(copyWords, target: id, source: source)
    }

    /// The partial that shows it.
    public static let template = """
        <div class="code"><div class="tools">{{#copy}}{{>*partial}}{{/copy}}</div>\
        <pre id="{{id}}" dir="ltr" tabindex="0" role="region" aria-label="{{title}}"><code>{{text}}</code></pre></div>
        """
}

/// A time with words before it.
public struct Moment: Component {
    let words: String
    let time: TimeText

    /// Makes it.
    /// - Parameters:
    ///   - words: what was then.
    ///   - time: the time.
    ///   - form: how much of it is written.
    ///   - zone: the reader's.
    public init(_ words: String, _ time: Timestamp, _ form: TimeText.Form = .full, in zone: ReaderZone) {
        self.words = words.visible
        self.time = TimeText(time, form, in: zone)
    }

    /// The partial that shows it.
    public static let template = #"<span class="soft">{{words}} {{#time}}{{>*partial}}{{/time}}</span>"#
}

/// A time in the reader's zone; in UTC where one points at it.
public struct TimeText: Component {
    /// How much of it is written.
    public enum Form: String, Sendable {
        /// `12:04:31`.
        case clock
        /// `20 Nov 2026, 12:04:31`.
        case full
        /// `20 Nov 2026`.
        case day
    }

    let moment: String
    let text: String
    let universal: String
    let form: String

    /// Makes a time.
    /// - Parameters:
    ///   - time: the time.
    ///   - form: how much of it is written.
    ///   - zone: the reader's.
    public init(_ time: Timestamp, _ form: Form = .full, in zone: ReaderZone) {
        moment = time.description
        universal = ReaderZone.utc.full(time) + " UTC"
        self.form = form.rawValue
        text =
            switch form {
            case .clock: zone.clock(time)
            case .full: zone.full(time) + (zone.identifier == "UTC" ? " UTC" : "")
            case .day: ReaderZone.words(zone.day(time))
            }
    }

    /// Writes the time where no template does.
    func write(into markup: inout Markup) {
        markup.element("time", ["datetime": moment, "title": universal, "data-form": form], text: text)
    }

    /// The partial that shows it.
    public static let template = """
        <time datetime="{{moment}}" title="{{universal}}" data-form="{{form}}">{{text}}</time>
        """
}
