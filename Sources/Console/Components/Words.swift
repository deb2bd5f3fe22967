import Domain

/// A text that somebody else may have chosen: isolated, so that its direction changes nothing around it.
public struct Words: Component {
    let text: String
    let kind: String

    /// Shows a text.
    /// - Parameters:
    ///   - text: any; what turns its direction is left out.
    ///   - isSoft: whether it is less important than its neighbours.
    public init(_ text: String, isSoft: Bool = false) {
        self.text = text.visible
        kind = isSoft ? "soft" : "text"
    }

    /// The partial that shows it.
    public static let template = #"<bdi class="{{kind}}">{{text}}</bdi>"#
}

/// A paragraph of the console's own words.
public struct Paragraph: Component {
    let text: String
    let kind: String

    /// Shows a paragraph.
    /// - Parameters:
    ///   - text: a sentence or two.
    ///   - isSoft: whether it is less important than its neighbours.
    public init(_ text: String, isSoft: Bool = false) {
        self.text = text.visible
        kind = isSoft ? "soft" : "text"
    }

    /// The partial that shows it.
    public static let template = #"<p class="{{kind}}">{{text}}</p>"#
}
