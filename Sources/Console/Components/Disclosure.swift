import Domain

/// Something that is shown once its name is pressed; without script too.
public struct Disclosure: Component {
    let id: String
    let words: String
    let isOpen: Bool
    let content: [any Component]

    /// Makes it.
    /// - Parameters:
    ///   - words: its name.
    ///   - id: of the element, once a page, for links that lead to it.
    ///   - isOpen: whether it is open from the start.
    ///   - content: what it shows.
    public init(_ words: String, id: String, isOpen: Bool = false, content: [any Component]) {
        self.words = words.visible
        self.id = id
        self.isOpen = isOpen
        self.content = content
    }

    /// The partial that shows it.
    public static let template = """
        <details class="part" id="{{id}}"{{#isOpen}} open{{/isOpen}}><summary>{{words}}</summary>\
        <div class="inside">{{#content}}{{>*partial}}{{/content}}</div></details>
        """
}
