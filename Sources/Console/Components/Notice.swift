import Domain

/// What has just happened, or what is wrong: read out by screen readers at once.
public struct Notice: Component {
    let words: String
    let standing: String
    let role: String

    /// Makes a notice.
    /// - Parameters:
    ///   - words: a sentence.
    ///   - standing: an error interrupts whoever has the page read to them.
    public init(_ words: String, _ standing: Standing) {
        self.words = words.visible
        self.standing = standing.rawValue
        role = standing == .error ? "alert" : "status"
    }

    /// The partial that shows it.
    public static let template = """
        <p class="notice {{standing}}" role="{{role}}"><i class="icon i-{{standing}}"></i><span>{{words}}</span></p>
        """
}

/// Says why there is nothing, and what to do next.
public struct EmptyState: Component {
    let title: String
    let words: String
    let actions: [any Component]

    /// Makes an empty state.
    /// - Parameters:
    ///   - title: what is missing.
    ///   - words: why, and what to do.
    ///   - actions: buttons and links that do it.
    public init(_ title: String, _ words: String, actions: [any Component] = []) {
        self.title = title.visible
        self.words = words.visible
        self.actions = actions
    }

    /// The partial that shows it.
    public static let template = """
        <div class="empty"><h2>{{title}}</h2><p>{{words}}</p>
        <div class="actions">{{#actions}}{{>*partial}}{{/actions}}</div></div>
        """
}
