import Foundation

/// The members that the contract names for one kind of object, each with its place in `names`.
protocol MemberName: RawRepresentable, CaseIterable where RawValue == Int {
    /// In the order of the raw values.
    static var names: [StaticString] { get }
}

/// The members of one object that the contract names; others are not looked at.
struct KnownMembers<Name: MemberName> {
    private var values: [JSONValue?]
    /// A name that occurred twice.
    private(set) var repeated: Name?

    init(of object: JSONValue, parser: JSONParser) {
        let names = Name.names
        var values = [JSONValue?](repeating: nil, count: names.count)
        var repeated: Name?
        // Clients send their members in one order: the search starts behind the last one found.
        var next = 0
        parser.forEachMember(of: object) { key, value in
            for step in names.indices {
                let candidate = next + step < names.count ? next + step : next + step - names.count
                guard names[candidate].utf8CodeUnitCount == key.count,
                    let start = key.baseAddress, memcmp(names[candidate].utf8Start, start, key.count) == 0
                else { continue }
                if values[candidate] != nil, repeated == nil { repeated = Name(rawValue: candidate) }
                values[candidate] = value
                next = candidate + 1 < names.count ? candidate + 1 : 0
                return
            }
        }
        self.values = values
        self.repeated = repeated
    }

    /// A member, also when it is null; nil when it is not there.
    @inline(__always)
    func raw(_ name: Name) -> JSONValue? { values[name.rawValue] }

    /// A member; nil when it is not there or null.
    @inline(__always)
    subscript(_ name: Name) -> JSONValue? {
        guard let value = values[name.rawValue], !value.isNull else { return nil }
        return value
    }
}

enum EntryMember: Int, MemberName {
    case id, occurredAt, application, bot, source, user, method, url, statusCode, durationMilliseconds
    case request, response, outcome, error, connectionID, attempt

    static let names: [StaticString] = [
        "id", "occurred_at", "application", "bot", "source", "user", "method", "url", "status_code", "duration_ms",
        "request", "response", "outcome", "error", "connection_id", "attempt",
    ]
}

enum PersonMember: Int, MemberName {
    case id, name, email
    static let names: [StaticString] = ["id", "name", "email"]
}

enum SourceMember: Int, MemberName {
    case type, path, nodeID, agent
    static let names: [StaticString] = ["type", "path", "node_id", "agent"]
}

enum MessageMember: Int, MemberName {
    case headers, body, curl
    static let names: [StaticString] = ["headers", "body", "curl"]
}

enum ErrorMember: Int, MemberName {
    case type, message
    static let names: [StaticString] = ["type", "message"]
}
