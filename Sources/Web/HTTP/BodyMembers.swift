import Domain
import Foundation

/// The members of a JSON object that a request brings, read strictly: every issue is collected with its pointer, and a
/// member that is not known is an issue, since a mistyped one would silently do nothing.
struct BodyMembers {
    private let members: [String: JSONValue]
    /// The pointer of the object itself; empty for the body.
    private let place: String
    private var issues: [Problem.Issue] = []

    /// Reads a body.
    /// - Parameters:
    ///   - body: JSON; empty counts as an object without members.
    ///   - allowed: the members that are known.
    /// - Throws: `Problem` (malformed_json) when it is no JSON object.
    init(_ body: [UInt8], allowing allowed: Set<String>) throws(Problem) {
        guard !body.isEmpty else {
            self.init([:], at: "", allowing: allowed)
            return
        }
        guard let object = try? JSONDecoder().decode([String: JSONValue].self, from: Data(body)) else {
            throw Problem(.malformedJSON, "The body is not a JSON object.")
        }
        self.init(object, at: "", allowing: allowed)
    }

    /// Reads a body that is an array of objects.
    /// - Parameters:
    ///   - body: JSON.
    ///   - most: elements that it may have.
    ///   - allowed: the members of each object that are known.
    ///   - read: reads one; what it notes as issues counts.
    /// - Throws: `Problem` when it is no such array, or there were issues.
    static func elements<Value>(
        of body: [UInt8], most: Int, allowing allowed: Set<String>, _ read: (inout BodyMembers) -> Value?
    ) throws(Problem) -> [Value] {
        guard let array = try? JSONDecoder().decode([JSONValue].self, from: Data(body)) else {
            throw Problem(.malformedJSON, "The body is not a JSON array.")
        }
        var whole = BodyMembers([:], at: "", allowing: [])
        var found: [Value] = []
        if array.count > most {
            let _: Int? = whole.issue(at: "", "too_many", "it has at most \(most) elements")
        } else {
            for (index, element) in array.enumerated() {
                found += whole.element(element, at: "/\(index)", allowing: allowed, read)
            }
        }
        try whole.finish()
        return found
    }

    /// An object of an array, as an array of one; of none when it is no object.
    private mutating func element<Value>(
        _ element: JSONValue, at place: String, allowing allowed: Set<String>, _ read: (inout BodyMembers) -> Value?
    ) -> [Value] {
        guard case .object(let object) = element else {
            let _: Int? = issue(at: place, "wrong_type", "it is an object")
            return []
        }
        var members = BodyMembers(object, at: place, allowing: allowed)
        let value = read(&members)
        issues += members.issues
        return value.map { [$0] } ?? []
    }

    /// Members that something else than JSON brought, such as a form.
    init(_ members: [String: JSONValue], allowing allowed: Set<String>) {
        self.init(members, at: "", allowing: allowed)
    }

    private init(_ members: [String: JSONValue], at place: String, allowing allowed: Set<String>) {
        self.members = members
        self.place = place
        for name in members.keys.sorted() where !allowed.contains(name) {
            let known = allowed.sorted().joined(separator: ", ")
            issues.append(
                .init(
                    .pointer(pointer(name)), code: "unknown_member",
                    detail: "there is no such member; known are \(known)"))
        }
    }

    /// An object within; nil when absent or null.
    /// - Parameters:
    ///   - name: of the member.
    ///   - allowed: the members of the object that are known.
    ///   - read: reads them; what it notes as issues counts.
    mutating func object<Value>(
        _ name: String, allowing allowed: Set<String>, _ read: (inout BodyMembers) -> Value?
    ) -> Value? {
        guard let value = present(name) else { return nil }
        guard case .object(let object) = value else { return wrongType(name, "an object") }
        var members = BodyMembers(object, at: pointer(name), allowing: allowed)
        let found = read(&members)
        issues += members.issues
        return found
    }

    /// Objects in an array; nil when absent or null.
    /// - Parameters:
    ///   - name: of the member.
    ///   - most: elements that it may have.
    ///   - allowed: the members of each object that are known.
    ///   - read: reads one; what it notes as issues counts.
    mutating func objects<Value>(
        _ name: String, most: Int, allowing allowed: Set<String>, _ read: (inout BodyMembers) -> Value?
    ) -> [Value]? {
        guard let value = present(name) else { return nil }
        guard case .array(let elements) = value else { return wrongType(name, "an array of objects") }
        guard elements.count <= most else { return issue(name, "too_many", "it has at most \(most) elements") }
        var found: [Value] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let object) = element else {
                return issue(at: pointer(name) + "/\(index)", "wrong_type", "it is an object")
            }
            var members = BodyMembers(object, at: pointer(name) + "/\(index)", allowing: allowed)
            if let value = read(&members) { found.append(value) }
            issues += members.issues
        }
        return found
    }

    /// Texts by names that only the endpoint knows; nil when absent or null.
    mutating func texts(_ name: String, longest: Int) -> [String: String]? {
        guard let value = present(name) else { return nil }
        guard case .object(let object) = value else { return wrongType(name, "an object of texts") }
        var texts: [String: String] = [:]
        for (key, value) in object.sorted(by: { $0.key < $1.key }) where value != .null {
            let place = pointer(name) + "/" + Problem.pointerToken(key)
            guard case .text(let text) = value else { return issue(at: place, "wrong_type", "it is a text") }
            guard text.utf8.count <= longest, !text.utf8.contains(0) else {
                return issue(at: place, "invalid_format", "at most \(longest) bytes, without NUL")
            }
            texts[key] = text
        }
        return texts
    }

    /// Notes what is wrong within a member.
    /// - Parameter place: a JSON pointer from the body on.
    mutating func issue<Value>(at place: String, _ code: String, _ detail: String) -> Value? {
        issues.append(.init(.pointer(place), code: code, detail: detail))
        return nil
    }

    /// Whether a member is there and null.
    func isNull(_ name: String) -> Bool { members[name] == .null }

    /// A text of at most `longest` characters; nil when absent or null.
    mutating func text(_ name: String, longest: Int = 200) -> String? {
        guard let value = present(name) else { return nil }
        guard case .text(let text) = value else { return wrongType(name, "a text") }
        guard text.count <= longest, !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            return issue(name, "invalid_format", "at most \(longest) characters, without control characters")
        }
        return text
    }

    /// A text that must be there; the empty one stands in for it until `finish` throws.
    mutating func requiredText(_ name: String, longest: Int = 200) -> String {
        guard present(name) != nil else {
            issue(name, "required", "it is missing")
            return ""
        }
        return text(name, longest: longest) ?? ""
    }

    /// Notes which members are missing: absent, or null.
    mutating func require(_ names: String...) {
        for name in names where present(name) == nil { issue(name, "required", "it is missing") }
    }

    /// An e-mail address that must be there.
    mutating func requiredEmail(_ name: String) -> EmailAddress? {
        let text = requiredText(name, longest: 254)
        if let email = EmailAddress(text) { return email }
        if !hasIssue(name) { issue(name, "invalid_format", "it is not an e-mail address") }
        return nil
    }

    /// One of a closed set; nil when absent.
    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, of type: Value.Type
    ) -> Value? where Value.RawValue == String {
        guard let text = text(name) else { return nil }
        if let value = Value(rawValue: text) { return value }
        return issue(name, "unknown_value", "it is one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
    }

    /// Several of a closed set; nil when absent.
    mutating func choices<Value: RawRepresentable & CaseIterable & Hashable>(
        _ name: String, of type: Value.Type
    ) -> Set<Value>? where Value.RawValue == String {
        guard let value = present(name) else { return nil }
        guard case .array(let texts) = value else { return wrongType(name, "an array of texts") }
        let values = texts.compactMap { element in
            if case .text(let text) = element { Value(rawValue: text) } else { nil }
        }
        guard values.count == texts.count else {
            return issue(
                name, "unknown_value", "each is one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return Set(values)
    }

    /// An integer of a range; nil when absent.
    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = present(name) else { return nil }
        let whole: Int? =
            switch value {
            case .integer(let integer): Int(exactly: integer)
            case .number(let number): Int(exactly: number)
            default: nil
            }
        guard let integer = whole else { return wrongType(name, "a whole number") }
        guard range.contains(integer) else {
            return issue(name, "out_of_range", "it is from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// Any value, as JSON; nil when absent or null.
    func json(_ name: String) -> Data? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return present(name).flatMap { try? encoder.encode($0) }
    }

    /// A truth value; nil when absent.
    mutating func truth(_ name: String) -> Bool? {
        guard let value = present(name) else { return nil }
        guard case .truth(let truth) = value else { return wrongType(name, "true or false") }
        return truth
    }

    /// Notes something that only the endpoint can tell.
    @discardableResult
    mutating func issue<Value>(_ name: String, _ code: String, _ detail: String) -> Value? {
        issues.append(.init(.pointer(pointer(name)), code: code, detail: detail))
        return nil
    }

    /// Notes something that only the endpoint can tell.
    mutating func issue(_ name: String, _ code: String, _ detail: String) {
        let _: Int? = issue(name, code, detail)
    }

    /// Ends the reading.
    /// - Throws: `Problem` when there were issues.
    func finish() throws(Problem) {
        guard !issues.isEmpty else { return }
        throw Problem(.invalidParameter, "The body can't be used; errors says why.", issues: issues)
    }

    /// A member that is there and not null.
    func present(_ name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    private mutating func wrongType<Value>(_ name: String, _ wanted: String) -> Value? {
        issue(name, "wrong_type", "it is \(wanted)")
    }

    private func hasIssue(_ name: String) -> Bool {
        issues.contains { $0.place == .pointer(pointer(name)) }
    }

    private func pointer(_ name: String) -> String { place + "/" + Problem.pointerToken(name) }
}
