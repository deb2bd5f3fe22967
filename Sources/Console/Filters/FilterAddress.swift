import Foundation

/// The filters of a list as its page's address holds them: the filter is the URL.
public protocol FilterAddress: Sendable, Hashable {
    /// Every parameter, in the order in which addresses have them.
    static var names: [String] { get }
    /// Those of which there may be several values.
    static var several: Set<String> { get }
    /// Those that tell the place in the list: they filter nothing, and another filter begins without them.
    static var place: Set<String> { get }
    /// The list's path without a query.
    static var page: String { get }

    /// What is set, by the parameters' names; no entry is empty.
    var values: [String: [String]] { get }

    /// Holds values that are in this form already; others are read by `init(_:)`.
    init(values: [String: [String]])
}

extension FilterAddress {
    /// No filter.
    public init() { self.init(values: [:]) }

    /// Reads what a form or a link sent.
    /// - Parameter read: gives every value of a parameter, as it was sent: of forms also empty ones, and several.
    public init(_ read: (String) -> [String]) {
        var values: [String: [String]] = [:]
        for name in Self.names {
            var given = read(name).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            if Self.several.contains(name) {
                var seen: Set<String> = []
                given = given.flatMap { $0.split(separator: ",").map(String.init) }.filter { seen.insert($0).inserted }
            } else {
                // the date field stands behind what it replaces
                given = Array(given.suffix(1))
            }
            if !given.isEmpty { values[name] = given }
        }
        // a period of one's own replaces one that counts back from now
        if values["from"] != nil || values["to"] != nil { values["period"] = nil }
        self.init(values: values)
    }

    /// The values of a parameter.
    public subscript(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether anything is filtered.
    public var isFiltered: Bool { values.keys.contains { !Self.place.contains($0) } }

    /// The query: `status=error&method=GET,POST`.
    /// - Parameter names: which parameters; nil for all.
    public func query(_ names: Set<String>? = nil) -> String {
        Self.names.compactMap { name in
            guard let given = values[name], names?.contains(name) ?? true else { return nil }
            return name + "=" + given.map(\.inQuery).joined(separator: ",")
        }.joined(separator: "&")
    }

    /// The list's address.
    public var path: String { addressed(Self.page) }

    /// A path with these filters as its query.
    func addressed(_ path: String) -> String { values.isEmpty ? path : path + "?" + query() }

    /// At the start of the list.
    var restarted: Self { Self(values: values.filter { !Self.place.contains($0.key) }) }

    /// With other values of a parameter.
    func with(_ name: String, _ given: [String]) -> Self {
        var values = values
        values[name] = given.isEmpty ? nil : given
        return Self(values: values)
    }

    /// The start of the list with other values of a filter.
    func filtered(_ name: String, _ given: [String]) -> Self { restarted.with(name, given) }

    /// The start of the list without one value of a filter.
    func without(_ name: String, _ value: String) -> Self { filtered(name, self[name].filter { $0 != value }) }

    /// The start of the list with another period.
    /// - Parameter name: of one that counts back from now; nil for all that is kept.
    func period(_ name: String?) -> Self {
        filtered("from", []).with("to", []).with("period", name.map { [$0] } ?? [])
    }
}

extension String {
    /// As a value of a query; a colon stays, since times are read by people.
    fileprivate var inQuery: String { addingPercentEncoding(withAllowedCharacters: .plainInQuery) ?? "" }
}

extension CharacterSet {
    fileprivate static let plainInQuery = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:")
}
