import CSimdJSON
import Domain
import Foundation

extension EntryReader {
    private static let maximumPathLength = 512
    private static let maximumEmailLength = 320
    private static let maximumErrorTypeLength = 64
    private static let maximumErrorMessageLength = 2048
    private static let maximumAttempt: Int64 = 1000

    mutating func source(_ value: JSONValue?) -> CallSource? {
        guard let members = object(value, SourceMember.self, at: "/source", name: "source") else { return nil }
        let path = displayText(
            members[.path],
            at: "/source/path",
            name: "source.path",
            limit: Self.maximumPathLength,
            cutTo: Self.maximumPathLength
        )
        let nodeID = members[.nodeID].flatMap { identifier($0, at: "/source/node_id", name: "source.node_id") }
        let agent = object(members[.agent], PersonMember.self, at: "/source/agent", name: "source.agent")
        let agentName = displayText(
            agent?[.name],
            at: "/source/agent/name",
            name: "source.agent.name",
            limit: Self.maximumNameLength,
            cutTo: Self.maximumNameLength
        )
        let agentEmail = name(
            agent?[.email],
            at: "/source/agent/email",
            name: "source.agent.email",
            limit: Self.maximumEmailLength
        )
        guard let type = members[.type] else {
            reject("/source/type", .required, "source.type is required: “flow” or “inbox”.")
            return nil
        }
        guard type.isString else {
            reject("/source/type", .wrongType, "source.type must be “flow” or “inbox”; it is \(type.typeName).")
            return nil
        }
        if type.bytes.elementsEqual("flow".utf8) { return .flow(path: path, nodeID: nodeID) }
        if type.bytes.elementsEqual("inbox".utf8) { return .inbox(agentName: agentName, agentEmail: agentEmail) }
        reject("/source/type", .unknownValue, "source.type must be “flow” or “inbox”; it is \(quoted(type)).")
        return nil
    }

    mutating func user(_ value: JSONValue?) -> EndUser? {
        guard let members = object(value, PersonMember.self, at: "/user", name: "user") else { return nil }
        let id = members[.id].flatMap {
            identifier($0, at: "/user/id", name: "user.id", limit: Self.maximumNameLength)
        }
        let name = displayText(
            members[.name],
            at: "/user/name",
            name: "user.name",
            limit: Self.maximumNameLength,
            cutTo: Self.maximumNameLength
        )
        return id == nil && name == nil ? nil : EndUser(id: id, name: name)
    }

    mutating func error(_ value: JSONValue?) -> CallError? {
        guard let members = object(value, ErrorMember.self, at: "/error", name: "error") else { return nil }
        let type = displayText(
            members[.type],
            at: "/error/type",
            name: "error.type",
            cutTo: Self.maximumErrorTypeLength
        )
        let message = displayText(
            members[.message],
            at: "/error/message",
            name: "error.message",
            cutTo: Self.maximumErrorMessageLength
        )
        return type == nil && message == nil ? nil : CallError(type: type, message: message)
    }

    mutating func isDeclaredError(_ value: JSONValue?) -> Bool {
        guard let value else { return false }
        guard value.isString else {
            reject("/outcome", .wrongType, "outcome must be “success” or “error”; it is \(value.typeName).")
            return false
        }
        if value.bytes.elementsEqual(CallStatus.error.rawValue.utf8) { return true }
        if value.bytes.elementsEqual(CallStatus.success.rawValue.utf8) { return false }
        reject("/outcome", .unknownValue, "outcome must be “success” or “error”; it is \(quoted(value)).")
        return false
    }

    mutating func duration(_ value: JSONValue?) -> Int32? {
        integer(value, at: "/duration_ms", name: "duration_ms", in: 0...Self.maximumDurationMilliseconds)
            .map { Int32($0) }
    }

    mutating func attempt(_ value: JSONValue?) -> Int16? {
        integer(value, at: "/attempt", name: "attempt", in: 1...Self.maximumAttempt).map { Int16($0) }
    }

    private mutating func integer(
        _ value: JSONValue?,
        at pointer: String,
        name: String,
        in range: ClosedRange<Int64>
    ) -> Int64? {
        guard let value else { return nil }
        guard value.isNumber else {
            reject(pointer, .wrongType, Self.expected(name, range, found: value.typeName))
            return nil
        }
        guard let number = value.integralValue else {
            let isHuge = value.number.magnitude >= 9.2e18
            reject(pointer, isHuge ? .outOfRange : .wrongType, Self.expected(name, range, found: "\(value.number)"))
            return nil
        }
        guard range.contains(number) else {
            reject(pointer, .outOfRange, Self.expected(name, range, found: "\(number)"))
            return nil
        }
        return number
    }

    private static func expected(_ name: String, _ range: ClosedRange<Int64>, found: String) -> String {
        "\(name) must be an integer from \(range.lowerBound) to \(range.upperBound); it is \(found)."
    }

    mutating func object<Name: MemberName>(
        _ value: JSONValue?,
        _: Name.Type,
        at pointer: String,
        name: String
    ) -> KnownMembers<Name>? {
        guard let value else { return nil }
        guard value.isObject else {
            reject(pointer, .wrongType, "\(name) must be an object; it is \(value.typeName).")
            return nil
        }
        let members = KnownMembers<Name>(of: value, parser: parser)
        checkRepeated(members, at: pointer)
        return members
    }

    /// An id: 1…`limit` bytes, none of them mended, because two ids must not become one.
    mutating func identifier(
        _ value: JSONValue,
        at pointer: String,
        name: String,
        limit: Int = EntryReader.maximumIDLength
    ) -> String? {
        guard value.isString else {
            reject(pointer, .wrongType, "\(name) must be a string; it is \(value.typeName).")
            return nil
        }
        guard !value.bytes.isEmpty else {
            reject(pointer, .outOfRange, "\(name) is empty; it must have 1 to \(limit) bytes.")
            return nil
        }
        guard value.bytes.count <= limit else {
            reject(pointer, .tooLong, "\(name) has \(value.bytes.count) bytes; at most \(limit) are allowed.")
            return nil
        }
        guard CapturedText.isClean(value.bytes, isRepaired: isRepaired) else {
            reject(pointer, .invalidCharacter, "\(name) holds NUL or what is no UTF-8.")
            return nil
        }
        return String(decoding: value.bytes, as: UTF8.self)
    }

    /// A text that people write and read, redacted, then cut, because a marker may be longer than its secret.
    mutating func displayText(
        _ value: JSONValue?,
        at pointer: String,
        name: String,
        limit: Int = .max,
        cutTo maximumLength: Int
    ) -> String? {
        guard let value, isName(value, at: pointer, name: name, limit: limit) else { return nil }
        if CapturedText.isClean(value.bytes, isRepaired: isRepaired) {
            return context.redactor.string(value.bytes, context: .text).cut(toBytes: maximumLength)
        }
        return context.redactor.text(CapturedText.string(value.bytes, isRepaired: isRepaired))
            .cut(toBytes: maximumLength)
    }

    /// A text as it is; nil also when it is empty.
    mutating func name(_ value: JSONValue?, at pointer: String, name: String, limit: Int = .max) -> String? {
        guard let value, isName(value, at: pointer, name: name, limit: limit) else { return nil }
        return CapturedText.string(value.bytes, isRepaired: isRepaired)
    }

    private mutating func isName(_ value: JSONValue, at pointer: String, name: String, limit: Int) -> Bool {
        guard value.isString else {
            reject(pointer, .wrongType, "\(name) must be a string; it is \(value.typeName).")
            return false
        }
        guard value.bytes.count <= limit else {
            reject(pointer, .tooLong, "\(name) has \(value.bytes.count) bytes; at most \(limit) are allowed.")
            return false
        }
        return !value.bytes.isEmpty
    }
}
