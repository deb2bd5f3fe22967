import Domain

/// How things stand. Each has a colour and a sign of its own, for colour alone tells some people nothing.
public enum Standing: String, Sendable, CaseIterable {
    case success, error, warning, neutral
}

/// A state in a word or two.
public struct Badge: Component {
    let words: String
    let standing: String

    /// Makes a badge.
    /// - Parameters:
    ///   - words: the state: "Needs reauthorisation".
    ///   - standing: its colour and sign.
    public init(_ words: String, _ standing: Standing) {
        self.words = words.visible
        self.standing = standing.rawValue
    }

    /// The partial that shows it.
    public static let template = """
        <span class="badge {{standing}}"><i class="icon i-{{standing}}"></i>{{words}}</span>
        """
}

/// A filter that is in force, and the link that takes it away.
public struct Chip: Component {
    let name: String
    let value: String
    let path: String

    /// Makes a chip.
    /// - Parameters:
    ///   - name: of the filter: "Status".
    ///   - value: what is chosen.
    ///   - path: the page without it.
    public init(_ name: String, _ value: String, path: String) {
        self.name = name.visible
        self.value = value.visible.cut(at: 60)
        self.path = path
    }

    /// The partial that shows it.
    public static let template = """
        <a class="chip" href="{{path}}"><span class="unseen">Remove filter: </span>\
        <span class="soft">{{name}}</span> <bdi>{{value}}</bdi><i class="icon i-close"></i></a>
        """
}
