import Foundation

/// The filters of the audit log as the page's address holds them: the filter is the URL.
public struct AuditAddress: Sendable, Hashable {
    /// Every parameter, in the order in which addresses have them. All but `period`, `cursor` and `trail` are the API's.
    static let names = [
        "period", "from", "to", "code", "method", "related_model", "relation_key", "apikey_id", "user_id", "sender",
        "remote_addr", "q", "restored", "cursor", "trail",
    ]
    /// Those of which there may be several values.
    private static let several: Set<String> = ["code", "method", "trail"]
    /// Pages that one comes back to one by one; from those before, one comes back to the newest.
    private static let longestTrail = 30
    /// Stands for the first page in a trail.
    private static let start = "-"

    private var values: [String: [String]] = [:]

    /// Reads what a form or a link sent.
    /// - Parameter read: gives every value of a parameter, as it was sent: of forms also empty ones, and several.
    public init(_ read: (String) -> [String] = { _ in [] }) {
        for name in Self.names {
            var given = read(name).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            if Self.several.contains(name) {
                var seen: Set<String> = []
                given = given.flatMap { $0.split(separator: ",").map(String.init) }.filter { seen.insert($0).inserted }
            } else {
                given = Array(given.suffix(1))
            }
            if !given.isEmpty { values[name] = given }
        }
        // a period of one's own replaces one that counts back from now
        if values["from"] != nil || values["to"] != nil { values["period"] = nil }
    }

    /// The values of a parameter.
    public subscript(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether anything is filtered.
    public var isFiltered: Bool { values.keys.contains { $0 != "cursor" && $0 != "trail" } }

    /// The query: `code=ABA-0010&method=GET,POST`.
    /// - Parameter names: which parameters; nil for all.
    public func query(_ names: Set<String>? = nil) -> String {
        Self.names.compactMap { name in
            guard let given = values[name], names?.contains(name) ?? true else { return nil }
            return name + "=" + given.map(Self.encoded).joined(separator: ",")
        }.joined(separator: "&")
    }

    /// The page's address.
    public var path: String { query().isEmpty ? "/audit" : "/audit?" + query() }

    /// The first page.
    var restarted: AuditAddress { with("cursor", []).with("trail", []) }

    /// The page after this one, which remembers the way back.
    /// - Parameter cursor: where it begins.
    func older(_ cursor: String) -> AuditAddress {
        let trail = self["trail"] + [self["cursor"].first ?? Self.start]
        return with("cursor", [cursor]).with("trail", trail.suffix(Self.longestTrail))
    }

    /// The page before this one; nil on the first.
    var newer: AuditAddress? {
        guard !self["cursor"].isEmpty else { return nil }
        guard let before = self["trail"].last, before != Self.start else { return restarted }
        return with("cursor", [before]).with("trail", self["trail"].dropLast())
    }

    /// With other values of a parameter.
    func with(_ name: String, _ given: [String]) -> AuditAddress {
        var other = self
        other.values[name] = given.isEmpty ? nil : given
        return other
    }

    /// The first page with other values of a filter.
    func filtered(_ name: String, _ given: [String]) -> AuditAddress { restarted.with(name, given) }

    /// The first page with another period.
    func period(_ name: String?) -> AuditAddress {
        restarted.with("from", []).with("to", []).with("period", name.map { [$0] } ?? [])
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    private static let plain = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:")
}
