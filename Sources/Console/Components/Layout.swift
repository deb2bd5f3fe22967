/// Things below each other where there is room for one: in a cell of a table.
public struct Lines: Component {
    let content: [any Component]

    /// Puts things below each other.
    /// - Parameter content: from top to bottom.
    public init(_ content: any Component...) { self.content = content }

    init(of content: [any Component]) { self.content = content }

    /// The partial that shows it.
    public static let template = """
        <div class="lines">{{#content}}<div>{{>*partial}}</div>{{/content}}</div>
        """
}

/// Two columns; where there is no room for two, the second follows the first.
public struct Columns: Component {
    let first: [any Component]
    let second: [any Component]
    let kind: String

    /// Makes the columns.
    /// - Parameters:
    ///   - first: the wider one.
    ///   - second: what is looked at less often.
    ///   - isEven: whether both are as wide as each other.
    public init(_ first: [any Component], _ second: [any Component], isEven: Bool = false) {
        self.first = first
        self.second = second
        kind = isEven ? "columns even" : "columns"
    }

    /// The partial that shows it.
    public static let template = """
        <div class="{{kind}}"><div>{{#first}}{{>*partial}}{{/first}}</div>\
        <div>{{#second}}{{>*partial}}{{/second}}</div></div>
        """
}
