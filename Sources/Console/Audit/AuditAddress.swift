/// The filters of the audit log as the page's address holds them.
public struct AuditAddress: FilterAddress {
    /// Every parameter, in the order in which addresses have them. All but `period`, `cursor` and `trail` are the API's.
    public static let names = [
        "period", "from", "to", "code", "method", "related_model", "relation_key", "apikey_id", "user_id", "sender",
        "remote_addr", "q", "restored", "cursor", "trail",
    ]
    /// Those of which there may be several values.
    public static let several: Set<String> = ["code", "method", "trail"]
    /// Those that tell the place in the list.
    public static let place: Set<String> = ["cursor", "trail"]
    /// The list's path without a query.
    public static let page = "/audit"
    /// Pages that one comes back to one by one; from those before, one comes back to the newest.
    private static let longestTrail = 30
    /// Stands for the first page in a trail.
    private static let start = "-"

    /// What is set, by the parameters' names.
    public let values: [String: [String]]

    /// Holds values that are in this form already.
    public init(values: [String: [String]]) { self.values = values }

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
}
