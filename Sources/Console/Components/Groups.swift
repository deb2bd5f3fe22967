import Domain

/// Buttons, links and forms beside each other.
public struct ActionRow: Component {
    let content: [any Component]

    /// Makes a row.
    /// - Parameter content: what can be done, what is wanted most often first.
    public init(_ content: [any Component]) { self.content = content }

    /// The partial that shows it.
    public static let template = """
        <div class="actions">{{#content}}{{>*partial}}{{/content}}</div>
        """
}

/// A name and below it what belongs to it, such as a person and their address.
public struct NameLines: Component {
    let name: String
    let path: String?
    let detail: String?
    let mark: String?

    /// Makes the lines.
    /// - Parameters:
    ///   - name: stands first.
    ///   - path: where it leads; nil for nowhere.
    ///   - detail: the second line.
    ///   - mark: a word behind the name: "you".
    public init(_ name: String, path: String? = nil, detail: String? = nil, mark: String? = nil) {
        self.name = name.visible
        self.path = path
        self.detail = detail?.visible
        self.mark = mark
    }

    /// The partial that shows it.
    public static let template = """
        <span class="lines"><span>{{#path}}<a href="{{.}}"><bdi>{{name}}</bdi></a>{{/path}}\
        {{^path}}<bdi>{{name}}</bdi>{{/path}}{{#mark}} <span class="mark">{{.}}</span>{{/mark}}</span>\
        {{#detail}}<bdi class="soft">{{.}}</bdi>{{/detail}}</span>
        """
}

/// Short texts as they are written in code, beside each other.
public struct CodeWords: Component {
    let words: [String]

    /// Shows texts.
    /// - Parameter words: in their order.
    public init(_ words: [String]) { self.words = words.map(\.visible) }

    /// The partial that shows it.
    public static let template = #"<span class="codes">{{#words}}<code>{{.}}</code>{{/words}}</span>"#
}
