import CSimdJSON
import Synchronization

/// A value of the document that its parser read last; its pointers are good until that parser reads the next one.
typealias JSONValue = simdjson_value

/// Why a text could not be read as JSON.
enum JSONFailure: Error {
    case malformed
    case tooDeep
    /// Malformed in the strict sense, but `JSONRepair` may mend it: bytes that are no UTF-8, NUL, a surrogate without its
    /// partner, a number that fits no machine type.
    case repairable
    case outOfMemory
}

/// A reusable JSON parser; one caller at a time.
///
/// Invariant of `@unchecked Sendable`: whoever took it from the pool is the only one to use it until it is given back.
final class JSONParser: @unchecked Sendable {
    /// Deeper than any entry's own members by far; the JSON within bodies is text and does not count.
    static let maximumDepth = 64
    /// Bytes that the parser reads, but does not use, after a text.
    static let padding = simdjson_padding()

    private static let batch = 32
    private static let pool = Mutex<[JSONParser]>([])
    private static let poolCapacity = 16
    /// A parser that has read a larger text holds on to too much memory to be kept: about ten times the text.
    private static let keptTextSize = 1 << 20

    private let parser: OpaquePointer
    private let members: UnsafeMutablePointer<simdjson_member>

    private init?() {
        guard let parser = simdjson_parser_create(Self.maximumDepth) else { return nil }
        self.parser = parser
        members = .allocate(capacity: Self.batch)
    }

    deinit {
        simdjson_parser_free(parser)
        members.deallocate()
    }

    /// A parser from the pool, or a new one; nil without memory.
    static func take() -> JSONParser? { pool.withLock { $0.popLast() } ?? JSONParser() }

    /// Puts a parser back.
    static func give(_ parser: JSONParser) {
        guard simdjson_parser_capacity(parser.parser) <= keptTextSize else { return }
        pool.withLock { parsers in
            if parsers.count < poolCapacity { parsers.append(parser) }
        }
    }

    /// Reads one JSON text.
    /// - Parameters:
    ///   - text: the whole text.
    ///   - isPadded: whether `padding` bytes after it may be read; if not, it is copied.
    /// - Returns: the outermost value.
    /// - Throws: `JSONFailure`.
    func parse(_ text: UnsafeBufferPointer<UInt8>, isPadded: Bool) throws(JSONFailure) -> JSONValue {
        guard let start = text.baseAddress, !text.isEmpty else { throw .malformed }
        var root = JSONValue()
        switch simdjson_parse(parser, start, text.count, isPadded, &root) {
        case SIMDJSON_RESULT_OK: return root
        case SIMDJSON_RESULT_TOO_DEEP: throw .tooDeep
        case SIMDJSON_RESULT_INVALID_UTF8, SIMDJSON_RESULT_INVALID_STRING, SIMDJSON_RESULT_CONTROL_CHARACTER,
            SIMDJSON_RESULT_INVALID_NUMBER:
            throw .repairable
        case SIMDJSON_RESULT_NO_MEMORY: throw .outOfMemory
        default: throw .malformed
        }
    }

    /// Visits the members of an object, or the elements of an array (with empty keys).
    ///
    /// The visitor must not iterate in its turn: the members lie in memory that the parser owns once.
    @inline(__always)
    func forEachMember(of container: JSONValue, _ visit: (UnsafeBufferPointer<UInt8>, borrowing JSONValue) -> Void) {
        var container = container
        var iterator = simdjson_iterate(&container)
        while true {
            let count = simdjson_next(&iterator, members, Self.batch)
            for index in 0..<count {
                let key = UnsafeBufferPointer(start: members[index].key, count: members[index].key_length)
                visit(key, members[index].value)
            }
            if count < Self.batch { return }
        }
    }
}

extension JSONValue {
    var isNull: Bool { type == SIMDJSON_TYPE_NULL }
    var isString: Bool { type == SIMDJSON_TYPE_STRING }
    var isObject: Bool { type == SIMDJSON_TYPE_OBJECT }
    var isArray: Bool { type == SIMDJSON_TYPE_ARRAY }

    /// The unescaped UTF-8 of a string.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: string, count: length) }

    /// The value when it is an integer, also when written as `2e2` or `200.0`.
    var integralValue: Int64? {
        switch type {
        case SIMDJSON_TYPE_INTEGER: integer
        case SIMDJSON_TYPE_DOUBLE: Int64(exactly: number)
        default: nil
        }
    }

    var isNumber: Bool { type == SIMDJSON_TYPE_INTEGER || type == SIMDJSON_TYPE_DOUBLE }

    /// The JSON type, as a sentence names it.
    var typeName: String {
        switch type {
        case SIMDJSON_TYPE_BOOLEAN: "a boolean"
        case SIMDJSON_TYPE_INTEGER: "an integer"
        case SIMDJSON_TYPE_DOUBLE: "a number"
        case SIMDJSON_TYPE_STRING: "a string"
        case SIMDJSON_TYPE_ARRAY: "an array"
        case SIMDJSON_TYPE_OBJECT: "an object"
        default: "null"
        }
    }
}
