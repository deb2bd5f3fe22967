import Domain

/// How much a button asks for attention.
public enum ButtonKind: String, Sendable {
    /// What most people came for; one a page.
    case primary
    case plain
    /// Destroys something.
    case danger
}

/// A button that sends the form around it.
public struct Button: Component {
    let words: String
    let kind: String
    let name: String?
    let value: String

    /// Makes a button.
    /// - Parameters:
    ///   - words: what it does: "Revoke key".
    ///   - kind: how much it asks for attention.
    ///   - name: a field that it sends; nil for none.
    ///   - value: that field's value.
    public init(_ words: String, kind: ButtonKind = .primary, name: String? = nil, value: String = "") {
        self.words = words.visible
        self.kind = kind.rawValue
        self.name = name
        self.value = value
    }

    /// The partial that shows it.
    public static let template = """
        <button class="button {{kind}}"{{#name}} name="{{.}}" value="{{value}}"{{/name}}>{{words}}</button>
        """
}

/// A link that looks like a button.
public struct LinkButton: Component {
    let words: String
    let path: String
    let kind: String

    /// Makes a link.
    /// - Parameters:
    ///   - words: what is there.
    ///   - path: where it leads, within this server.
    ///   - kind: how much it asks for attention.
    public init(_ words: String, path: String, kind: ButtonKind = .plain) {
        self.words = words.visible
        self.path = path
        self.kind = kind.rawValue
    }

    /// The partial that shows it.
    public static let template = """
        <a class="button {{kind}}" href="{{path}}">{{words}}</a>
        """
}

/// Copies the text of an element; shown only where the script runs.
public struct CopyButton: Component {
    let words: String
    let target: String
    let source: String?

    /// Makes a button.
    /// - Parameters:
    ///   - words: "Copy as curl".
    ///   - target: the id of the element whose text is copied.
    ///   - source: where the text is fetched from instead, when what is shown is not byte for byte what is copied.
    public init(_ words: String, target: String, source: String? = nil) {
        self.words = words.visible
        self.target = target
        self.source = source
    }

    /// The partial that shows it.
    public static let template = """
        <button type="button" class="button plain small" data-copy="{{target}}"\
        {{#source}} data-copy-from="{{.}}"{{/source}} hidden>{{words}}</button>
        """
}

/// A link in plain words.
public struct TextLink: Component {
    let words: String
    let path: String

    /// Makes a link.
    /// - Parameters:
    ///   - words: what is there.
    ///   - path: where it leads, within this server.
    public init(_ words: String, path: String) {
        self.words = words.visible
        self.path = path
    }

    /// The partial that shows it.
    public static let template = #"<a href="{{path}}"><bdi>{{words}}</bdi></a>"#
}
