import Domain

/// Ways to look at a list, of which one is chosen.
public struct Tabs: Component {
    /// One way.
    public struct Tab: ViewModel {
        let words: String
        let path: String
        let isCurrent: Bool

        /// Describes a way.
        /// - Parameters:
        ///   - words: what it shows.
        ///   - path: where it is.
        ///   - isCurrent: whether it is the one that is shown.
        public init(_ words: String, path: String, isCurrent: Bool) {
            self.words = words.visible
            self.path = path
            self.isCurrent = isCurrent
        }
    }

    let name: String
    let tabs: [Tab]

    /// Makes the links.
    /// - Parameters:
    ///   - name: what is chosen, for those who have it read to them.
    ///   - tabs: in their order.
    public init(_ name: String, _ tabs: [Tab]) {
        self.name = name.visible
        self.tabs = tabs
    }

    /// The partial that shows it.
    public static let template = """
        <nav class="tabs" aria-label="{{name}}">{{#tabs}}<a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}>\
        {{words}}</a>{{/tabs}}</nav>
        """
}
