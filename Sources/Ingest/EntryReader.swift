import Domain
import Foundation

/// Turns one JSON text after the other into entries, and collects what is wrong with each.
struct EntryReader {
    /// What became of an entry.
    enum Outcome {
        case taken(NewCallLog)
        case unreachable
        case rejected
    }

    /// What is wrong with the entry at hand.
    struct Issue {
        var pointer: String
        var code: EntryIssueCode
        var detail: String
    }

    /// Enough to mend an entry by; more would only make the answer long.
    private static let maximumIssues = 5
    static let maximumIDLength = 128
    static let maximumNameLength = 256
    static let maximumDurationMilliseconds: Int64 = 86_400_000
    /// How far a client's clock may be ahead.
    static let maximumAheadSeconds: Int64 = 600

    let context: EntryContext
    let parser: JSONParser
    /// Those of the entry read last.
    var issues: [Issue] = []
    var isRepaired = false
    private var identifiers: EntryIDGenerator
    private let earliest: Timestamp
    private let latest: Timestamp

    init(context: EntryContext, parser: JSONParser) {
        self.context = context
        self.parser = parser
        identifiers = EntryIDGenerator(tenantID: context.tenantID)
        earliest = context.now.advanced(bySeconds: -86_400 * Int64(context.retentionDays))
        latest = context.now.advanced(bySeconds: Self.maximumAheadSeconds)
    }

    /// Reads one entry; when it is rejected, `issues` says why.
    /// - Parameters:
    ///   - text: the whole body.
    ///   - range: the entry in it.
    /// - Returns: what became of it.
    /// - Throws: `JSONFailure` when it is not JSON.
    mutating func read(_ text: UnsafeBufferPointer<UInt8>, range: Range<Int>) throws(JSONFailure) -> Outcome {
        issues.removeAll(keepingCapacity: true)
        isRepaired = false
        let entry = UnsafeBufferPointer(rebasing: text[range])
        do throws(JSONFailure) {
            let isPadded = range.upperBound + JSONParser.padding <= text.count
            return outcome(of: try parser.parse(entry, isPadded: isPadded))
        } catch .repairable {
            return try readRepaired(entry)
        }
    }

    private mutating func readRepaired(_ entry: UnsafeBufferPointer<UInt8>) throws(JSONFailure) -> Outcome {
        isRepaired = true
        let (bytes, count) = JSONRepair.repaired(entry)
        do throws(JSONFailure) {
            return try bytes.withUnsafeBufferPointer { bytes throws(JSONFailure) in
                outcome(of: try parser.parse(UnsafeBufferPointer(rebasing: bytes[..<count]), isPadded: true))
            }
        } catch .repairable {
            throw .malformed
        }
    }

    private mutating func outcome(of root: JSONValue) -> Outcome {
        guard root.isObject else {
            reject("", .wrongType, "An entry must be an object; it is \(root.typeName).")
            return .rejected
        }
        let members = KnownMembers<EntryMember>(of: root, parser: parser)
        checkRepeated(members, at: "")
        // to the millisecond, so that an entry's id holds its whole time and finds it by the key
        let time = occurredAt(members).wholeMilliseconds
        let clientID = members[.id].flatMap { identifier($0, at: "/id", name: "id") }
        let application = self.application(members)
        let bot = self.bot(members)
        let request = self.request(members[.request])
        let method = self.method(members, curl: request.curl)
        let url = self.url(members, curl: request.curl, allowsOtherSchemes: application == .c2e || method == .c2e)
        let statusCode = self.statusCode(members)
        // Nothing of an unreachable call is stored, so what is optional does not matter.
        if case .unreachable = statusCode { return issues.isEmpty ? .unreachable : .rejected }

        let response = message(members[.response], at: "/response", name: "response", allowsCurl: false)
        let error = self.error(members[.error])
        let isDeclaredError = self.isDeclaredError(members[.outcome])
        let log = CallLog(
            id: Self.noID,
            occurredAt: time,
            application: application ?? .jsonAPI,
            bot: bot,
            source: source(members[.source]),
            user: user(members[.user]),
            method: method ?? .get,
            url: url,
            statusCode: statusCode.number,
            status: isDeclaredError || statusCode.number >= 400 ? .error : .success,
            durationMilliseconds: duration(members[.durationMilliseconds]),
            error: error,
            connectionID: members[.connectionID].flatMap {
                identifier($0, at: "/connection_id", name: "connection_id")
            },
            attempt: attempt(members[.attempt])
        )
        guard issues.isEmpty else { return .rejected }
        var entry = NewCallLog(
            log: log,
            exchange: CallExchange(clientID: clientID, request: request.message, response: response.message),
            isRepeatable: clientID != nil
        )
        if let id = members[.id], clientID != nil {
            entry.log.id = identifiers.deterministic(clientID: id.bytes, at: time)
        } else {
            entry.log.id = identifiers.random(at: time)
        }
        return .taken(entry)
    }

    /// Stands in until the entry is known to be valid.
    private static let noID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    mutating func reject(_ pointer: String, _ code: EntryIssueCode, _ detail: String) {
        guard issues.count < Self.maximumIssues else { return }
        issues.append(Issue(pointer: pointer, code: code, detail: detail))
    }

    mutating func checkRepeated<Name>(_ members: KnownMembers<Name>, at pointer: String) {
        guard let repeated = members.repeated else { return }
        let name = Name.names[repeated.rawValue].description
        reject("\(pointer)/\(name)", .duplicateMember, "\(name) occurs twice; which one counts cannot be told.")
    }

    private mutating func occurredAt(_ members: KnownMembers<EntryMember>) -> Timestamp {
        guard let value = members[.occurredAt] else {
            if members[.id] != nil {
                reject(
                    "/occurred_at",
                    .required,
                    "An entry with an id must carry occurred_at: both together find it again when it is repeated."
                )
            }
            return context.now
        }
        guard value.isString else {
            reject("/occurred_at", .wrongType, "occurred_at must be an RFC 3339 text; it is \(value.typeName).")
            return context.now
        }
        guard let time = Timestamp(rfc3339: value.bytes) else {
            let text = String(decoding: value.bytes.prefix(40), as: UTF8.self)
            let lacksZone = Timestamp(rfc3339: text + "Z") != nil
            reject(
                "/occurred_at",
                .invalidFormat,
                lacksZone
                    ? "occurred_at has no time zone: add “Z” or an offset such as “+02:00”."
                    : "occurred_at must be an RFC 3339 time such as 2026-11-20T06:58:16.698Z."
            )
            return context.now
        }
        guard time >= earliest, time <= latest else {
            reject(
                "/occurred_at",
                .outOfWindow,
                "occurred_at must lie between \(earliest) (\(context.retentionDays) days ago) and \(latest) (10 minutes ahead)."
            )
            return time
        }
        return time
    }
}
