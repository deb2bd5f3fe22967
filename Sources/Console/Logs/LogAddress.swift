public import Foundation

/// The filters of the logs as the page's address holds them: the filter is the URL.
public struct LogAddress: Sendable, Hashable {
    /// Every parameter, in the order in which addresses have them. All but `period` and `cursor` are the API's.
    public static let names = [
        "period", "from", "to", "status", "code", "method", "application", "bot", "source", "user", "connection",
        "min_duration_ms", "q", "cursor",
    ]
    /// Those of which there is one value.
    static let single: Set<String> = ["period", "from", "to", "source", "min_duration_ms", "q", "cursor"]

    private var values: [String: [String]] = [:]

    /// No filter.
    public init() {}

    /// Reads what a form or a link sent.
    /// - Parameter read: gives every value of a parameter, as it was sent: of forms also empty ones, and several.
    public init(_ read: (String) -> [String]) {
        for name in Self.names {
            let given = read(name).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            if Self.single.contains(name) {
                // the date field stands behind what it replaces
                if let last = given.last { values[name] = [last] }
            } else {
                var seen: Set<String> = []
                let all = given.flatMap { $0.split(separator: ",").map(String.init) }.filter {
                    seen.insert($0).inserted
                }
                if !all.isEmpty { values[name] = all }
            }
        }
        // a period of one's own replaces one that counts back from now
        if values["from"] != nil || values["to"] != nil { values["period"] = nil }
    }

    /// The values of a parameter.
    public subscript(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether anything is filtered.
    public var isFiltered: Bool { values.keys.contains { $0 != "cursor" } }

    /// The query: `status=error&method=GET,POST`.
    /// - Parameter names: which parameters; nil for all.
    public func query(_ names: Set<String>? = nil) -> String {
        Self.names.compactMap { name in
            guard let given = values[name], names?.contains(name) ?? true else { return nil }
            return name + "=" + given.map(Self.encoded).joined(separator: ",")
        }.joined(separator: "&")
    }

    /// The list's address.
    public var path: String { Self.path("/logs", query()) }

    /// A call's address, beside this list.
    public func path(of id: UUID) -> String { Self.path("/logs/\(id.uuidString.lowercased())", query()) }

    /// Without the place in the list: any other list begins at its start.
    var restarted: LogAddress { with("cursor", []) }

    /// With other values of a parameter.
    public func with(_ name: String, _ given: [String]) -> LogAddress {
        var other = self
        other.values[name] = given.isEmpty ? nil : given
        return other
    }

    /// Without one value of a parameter.
    func without(_ name: String, _ value: String) -> LogAddress {
        restarted.with(name, self[name].filter { $0 != value })
    }

    /// With another period.
    func period(_ name: String?) -> LogAddress {
        restarted.with("from", []).with("to", []).with("period", name.map { [$0] } ?? [])
    }

    private static func path(_ path: String, _ query: String) -> String { query.isEmpty ? path : path + "?" + query }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    private static let plain = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:")
}

/// A period that counts back from now.
public enum LogPeriod: String, Sendable, CaseIterable {
    case hour = "1h"
    case day = "24h"
    case week = "7d"

    /// Seconds.
    public var seconds: Int64 {
        switch self {
        case .hour: 3600
        case .day: 86_400
        case .week: 7 * 86_400
        }
    }

    var words: String {
        switch self {
        case .hour: "Last hour"
        case .day: "Last 24 hours"
        case .week: "Last 7 days"
        }
    }
}
