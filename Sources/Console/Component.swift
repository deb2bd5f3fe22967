public import Mustache

/// Something that templates read: the names in them are its stored properties.
///
/// Nothing but stored properties is found, and a property that is nil hides what stands further out under the same
/// name: a template never shows a neighbour's value by accident.
public protocol ViewModel: MustacheParent, Sendable {}

/// A part of a page that looks the same wherever it stands: a view model and the partial that shows it.
///
/// Templates show a component that stands under `x` by `{{#x}}{{>*partial}}{{/x}}`, whatever component it is.
public protocol Component: ViewModel {
    /// The partial (mustache). White space at the beginning of its lines is dropped.
    static var template: String { get }
}

extension ViewModel {
    /// A stored property by its name.
    public func child(named name: String) -> Any? { Self.property(name, of: self) }

    fileprivate static func property(_ name: String, of model: Any) -> Any? {
        for (label, value) in Mirror(reflecting: model).children where label == name {
            guard let optional = value as? any AnyOptional else { return value }
            return optional.wrapped ?? Absent()
        }
        return nil
    }
}

extension Component {
    /// The component in HTML.
    public func html() -> String { ConsoleTemplates.render(self) }

    /// The partial's name: that of the type.
    static var partial: String { String(describing: Self.self) }

    /// A stored property by its name, or the name of the component's own partial.
    public func child(named name: String) -> Any? {
        name == "partial" ? Self.partial : Self.property(name, of: self)
    }
}

/// Stands for nil, so that the search for a name ends at it.
struct Absent: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}

private protocol AnyOptional {
    var wrapped: Any? { get }
}

extension Optional: AnyOptional {
    fileprivate var wrapped: Any? { self }
}
