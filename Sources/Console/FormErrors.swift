/// What is wrong with a form that was sent.
public struct FormErrors: Sendable {
    private var words: [String: String] = [:]
    /// What is wrong with the whole of it.
    public var general: String?

    /// Nothing is wrong.
    public init() {}

    /// What is wrong with a field.
    public subscript(_ name: String) -> String? {
        get { words[name] }
        set { words[name] = newValue }
    }

    /// As a notice above the form: what concerns the whole of it.
    public var notices: [Notice] { general.map { [Notice($0, .error)] } ?? [] }
}
