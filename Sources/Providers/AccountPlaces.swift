import Domain

/// Where an answer of a probe tells whose account it is about. Each place is a path of members.
struct AccountPlaces: Sendable {
    /// Places of the id, looked at before the usual ones.
    var ids: [[String]] = []
    /// Places of the name, looked at before the usual ones.
    var names: [[String]] = []

    /// An id and a name.
    struct Account: Sendable, Hashable {
        var id: String?
        var name: String?
    }

    private static let usualIDs = ["sub", "id", "user_id", "sid", "email"]
    private static let usualNames = ["email", "name", "friendly_name", "preferred_username", "username", "login"]
    private static let usualObjects = ["user", "data", "contact"]

    /// Reads whose account an answer is about.
    func read(_ json: JSONValue) -> Account {
        Account(id: Self.first(ids, Self.usualIDs, of: json), name: Self.first(names, Self.usualNames, of: json))
    }

    private static func first(_ own: [[String]], _ usual: [String], of json: JSONValue) -> String? {
        let direct = usual.map { [$0] }
        let nested = usualObjects.flatMap { object in usual.map { [object, $0] } }
        for path in own + direct + nested {
            if let word = json.at(path)?.word { return word.plainLine(longest: 320) }
        }
        return nil
    }

    /// Who an identity URL of Salesforce names: organisation and user, whichever host it stands on.
    static func salesforceAccount(ofIdentityURL text: String) -> String? {
        let parts = text.split(separator: "/")
        guard parts.count >= 4, parts[parts.count - 3] == "id" else { return nil }
        return parts.suffix(2).joined(separator: "/")
    }
}
