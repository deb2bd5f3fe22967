public import Foundation

/// The filters of the logs as the page's address holds them.
public struct LogAddress: FilterAddress {
    /// Every parameter, in the order in which addresses have them. All but `period` and `cursor` are the API's.
    public static let names = [
        "period", "from", "to", "status", "code", "method", "application", "bot", "source", "user", "connection",
        "min_duration_ms", "q", "cursor",
    ]
    /// Those of which there may be several values.
    public static let several: Set<String> = [
        "status", "code", "method", "application", "bot", "user", "connection",
    ]
    /// Those that tell the place in the list.
    public static let place: Set<String> = ["cursor"]
    /// The list's path without a query.
    public static let page = "/logs"

    /// What is set, by the parameters' names.
    public let values: [String: [String]]

    /// Holds values that are in this form already.
    public init(values: [String: [String]]) { self.values = values }

    /// A call's address, beside this list.
    public func path(of id: UUID) -> String { addressed("\(Self.page)/\(id.uuidString.lowercased())") }
}
