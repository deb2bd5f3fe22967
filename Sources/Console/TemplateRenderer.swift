import Domain
import Synchronization

/// Fills templates into one text.
///
/// A name means the stored property of the innermost model that has one of this name. A model's properties are read
/// together, when the first name is looked up in it; where each stands is found out once for each type.
struct TemplateRenderer {
    private(set) var html = ""
    private var frames: [Frame] = []

    /// What names are looked up in.
    private struct Frame {
        let value: TemplateValue
        let layout: ModelLayout?
        let properties: [Any]

        init(_ value: TemplateValue) {
            self.value = value
            guard case .model(let model) = value else {
                (layout, properties) = (nil, [])
                return
            }
            let mirror = Mirror(reflecting: model)
            layout = ModelLayout.of(model, mirror)
            properties = mirror.children.map(\.value)
        }

        /// Nil where there is no such property; one that is nil hides what stands further out under the same name.
        func property(_ name: String) -> TemplateValue? {
            layout?.positions[name].map { TemplateValue(properties[$0]) }
        }
    }

    /// Fills a template.
    /// - Parameters:
    ///   - template: what to fill.
    ///   - model: where its names are looked up.
    mutating func show(_ template: Template, of model: any ViewModel) {
        within(.model(model)) { $0.show(template.parts) }
    }

    private mutating func show(_ parts: [Template.Part]) {
        for part in parts {
            switch part {
            case .text(let text): html += text
            case .value(let path): write(value(path))
            case .section(let path, let content): showSection(value(path), content)
            case .inverted(let path, let content): if !value(path).isShown { show(content) }
            case .partial(let name): show(ConsoleTemplates.templates[name]?.parts ?? [])
            case .ownPartial: showOwnPartial()
            }
        }
    }

    private mutating func showSection(_ value: TemplateValue, _ content: [Template.Part]) {
        switch value {
        case .list(let elements): for element in elements { within(TemplateValue(element)) { $0.show(content) } }
        case .flag: if value.isShown { show(content) }
        case .text, .markup, .model, .absent: if value.isShown { within(value) { $0.show(content) } }
        }
    }

    private mutating func showOwnPartial() {
        guard let template = frames.last(where: { $0.layout?.template != nil })?.layout?.template else { return }
        show(template.parts)
    }

    private mutating func within(_ value: TemplateValue, _ show: (inout Self) -> Void) {
        frames.append(Frame(value))
        show(&self)
        frames.removeLast()
    }

    private mutating func write(_ value: TemplateValue) {
        switch value {
        case .text(let text): html += text.htmlEscaped
        case .markup(let markup): html += markup.html
        case .absent, .flag, .list, .model: break
        }
    }

    private func value(_ path: [String]) -> TemplateValue {
        guard let name = path.first else { return frames.last?.value ?? .absent }
        var found = TemplateValue.absent
        for frame in frames.reversed() {
            guard let property = frame.property(name) else { continue }
            found = property
            break
        }
        for name in path.dropFirst() { found = Frame(found).property(name) ?? .absent }
        return found
    }
}

/// What a name of a template stands for.
private enum TemplateValue {
    /// Nil, or a name that nothing has.
    case absent
    case text(String)
    case flag(Bool)
    case markup(Markup)
    case model(any ViewModel)
    case list([Any])

    /// Reads a property, the most frequent types first.
    init(_ value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let flag as Bool: self = .flag(flag)
        case let number as Int: self = .text(String(number))
        case let markup as Markup: self = .markup(markup)
        case let model as any ViewModel: self = .model(model)
        case let list as any AnyList: self = .list(list.elements)
        default: self = .absent
        }
    }

    /// Whether a section of it shows anything.
    var isShown: Bool {
        switch self {
        case .absent: false
        case .flag(let flag): flag
        case .markup(let markup): !markup.html.isEmpty
        case .list(let elements): !elements.isEmpty
        case .text, .model: true
        }
    }
}

/// Where the properties of a type of models stand.
private final class ModelLayout: Sendable {
    let positions: [String: Int]
    /// That of a component.
    let template: Template?

    private static let known = Mutex<[ObjectIdentifier: ModelLayout]>([:])

    private init(_ model: any ViewModel, _ mirror: Mirror) {
        let labels = mirror.children.enumerated().compactMap { position, child in child.label.map { ($0, position) } }
        positions = Dictionary(labels) { first, _ in first }
        template = (model as? any Component).flatMap { ConsoleTemplates.templates[type(of: $0).partial] }
    }

    static func of(_ model: any ViewModel, _ mirror: Mirror) -> ModelLayout {
        let type = ObjectIdentifier(type(of: model))
        if let layout = known.withLock({ $0[type] }) { return layout }
        let layout = ModelLayout(model, mirror)
        known.withLock { $0[type] = layout }
        return layout
    }
}

private protocol AnyList {
    var elements: [Any] { get }
}

extension Array: AnyList {
    fileprivate var elements: [Any] { map { $0 } }
}
