/// Something that templates read: the names in them are its stored properties.
///
/// Nothing but stored properties is found, and a property that is nil hides what stands further out under the same
/// name: a template never shows a neighbour's value by accident.
public protocol ViewModel: Sendable {}

/// A part of a page that looks the same wherever it stands: a view model and the partial that shows it.
///
/// Templates show a component that stands under `x` by `{{#x}}{{>*partial}}{{/x}}`, whatever component it is.
public protocol Component: ViewModel {
    /// The partial (mustache). White space at the beginning of its lines is dropped.
    static var template: String { get }
}

extension Component {
    /// The component in HTML.
    public func html() -> String { ConsoleTemplates.render(self) }

    /// The partial's name: that of the type.
    static var partial: String { String(describing: Self.self) }
}
