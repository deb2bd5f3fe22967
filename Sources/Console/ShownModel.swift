import Mustache
import Synchronization

/// A model as templates see it: its stored properties by their names.
///
/// The library reflects upon a value for each name that it looks for, in every model around the place as well; that took four
/// fifths of the time of a page with a table. Here the properties are read once, and where each stands is found out once for
/// each type.
struct ShownModel: MustacheParent {
    private let layout: ModelLayout
    private let properties: [Any]

    /// Reads a model.
    init(_ model: any ViewModel) {
        let mirror = Mirror(reflecting: model)
        layout = ModelLayout.of(model, mirror)
        properties = mirror.children.map(\.value)
    }

    /// A stored property by its name, or the name of the component's own partial.
    func child(named name: String) -> Any? {
        if let position = layout.positions[name] { return Self.shown(properties[position]) }
        return name == "partial" ? layout.partial : nil
    }

    /// A value as the library takes it, the most frequent types first.
    private static func shown(_ value: Any) -> Any {
        switch value {
        case let text as String: text
        case let flag as Bool: flag
        case let model as any ViewModel: ShownModel(model)
        case let markup as Markup: markup
        case let list as any AnyList: list.elements.map(shown)
        case let optional as any AnyOptional: optional.wrapped ?? Absent()
        default: value
        }
    }
}

/// Where the properties of a type of models stand.
private final class ModelLayout: Sendable {
    let positions: [String: Int]
    /// The name of a component's template.
    let partial: String?

    private static let known = Mutex<[ObjectIdentifier: ModelLayout]>([:])

    private init(_ model: any ViewModel, _ mirror: Mirror) {
        let labels = mirror.children.enumerated().compactMap { position, child in child.label.map { ($0, position) } }
        positions = Dictionary(labels) { first, _ in first }
        partial = (model as? any Component).map { type(of: $0).partial }
    }

    static func of(_ model: any ViewModel, _ mirror: Mirror) -> ModelLayout {
        let type = ObjectIdentifier(type(of: model))
        if let layout = known.withLock({ $0[type] }) { return layout }
        let layout = ModelLayout(model, mirror)
        known.withLock { $0[type] = layout }
        return layout
    }
}

/// Stands for nil, so that the search for a name ends at it.
private struct Absent: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}

private protocol AnyOptional {
    var wrapped: Any? { get }
}

extension Optional: AnyOptional {
    fileprivate var wrapped: Any? { self }
}

private protocol AnyList {
    var elements: [Any] { get }
}

extension Array: AnyList {
    fileprivate var elements: [Any] { map { $0 } }
}
