/// A statement and its binds: `"select name from bot where id = \(id)"`.
///
/// An interpolated value always becomes a bind, never text. Raw text needs the label `unescaped`.
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    /// The statement with `$1`, `$2`, … where the binds stand.
    public private(set) var text: String

    /// The values bound, in the order of their placeholders.
    var binds: Binds

    /// The values of a statement, in one contiguous buffer.
    struct Binds: Sendable {
        struct Bind: Sendable {
            let type: PostgresType
            /// Bytes in the buffer; -1 is NULL.
            let length: Int32
            /// Where in the text, in UTF-8 bytes, the placeholder starts.
            var position: Int
        }

        var list: [Bind] = []
        var values = PostgresBuffer()
    }

    /// A statement without binds.
    /// - Parameter value: a literal of the source code.
    public init(stringLiteral value: String) {
        text = value
        binds = Binds()
    }

    /// A statement from an interpolated literal.
    /// - Parameter stringInterpolation: what the compiler gathered.
    public init(stringInterpolation: Interpolation) { self = stringInterpolation.sql }

    /// A statement whose text comes from elsewhere, such as a file of the program.
    /// - Parameter text: raw SQL; never anything a user typed.
    public init(unescaped text: String) { self.init(stringLiteral: text) }

    /// Whether there is no text.
    public var isEmpty: Bool { text.isEmpty }

    /// Number of values bound.
    public var bindCount: Int { binds.list.count }

    mutating func append(raw: String) { text += raw }

    mutating func append<Value: PostgresEncodable>(value: Value?) {
        let position = text.utf8.count
        let start = binds.values.count
        if let value { value.encode(into: &binds.values) }
        let length = value == nil ? -1 : Int32(clamping: binds.values.count - start)
        binds.list.append(Binds.Bind(type: Value.postgresType, length: length, position: position))
        text += "$"
        text += String(binds.list.count)
    }

    mutating func append(fragment: SQL) {
        guard !fragment.binds.list.isEmpty else { return append(raw: fragment.text) }
        binds.values.append(bytes: fragment.binds.values.bytes)
        let source = fragment.text.utf8
        var cursor = source.startIndex
        for (index, bind) in fragment.binds.list.enumerated() {
            let placeholder = source.index(source.startIndex, offsetBy: bind.position)
            text += fragment.text[cursor..<placeholder]
            cursor = source.index(placeholder, offsetBy: 1 + String(index + 1).utf8.count)
            var moved = bind
            moved.position = text.utf8.count
            binds.list.append(moved)
            text += "$"
            text += String(binds.list.count)
        }
        text += fragment.text[cursor...]
    }

    /// Appends a statement's text and binds.
    /// - Parameters:
    ///   - left: grows.
    ///   - right: its placeholders are renumbered.
    public static func += (left: inout SQL, right: SQL) { left.append(fragment: right) }

    /// Two statements' texts and binds, one after the other.
    /// - Parameters:
    ///   - left: first.
    ///   - right: its placeholders are renumbered.
    /// - Returns: the whole.
    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum += right
        return sum
    }

    /// Quotes a name so that it is nothing but a name.
    /// - Parameter name: of a table, column, role …
    /// - Returns: the name in double quotes.
    public static func quoted(identifier name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// Quotes a string so that it is nothing but a string, for statements that take no binds.
    /// - Parameter value: any text.
    /// - Returns: the literal, right under either setting of `standard_conforming_strings`.
    public static func quoted(literal value: String) -> String {
        let doubled = value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        guard doubled.utf8.contains(UInt8(ascii: "\\")) else { return "'\(doubled)'" }
        return " E'" + doubled.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\") + "'"
    }
}

extension SQL {
    /// Gathers an interpolated literal.
    public struct Interpolation: StringInterpolationProtocol {
        fileprivate var sql: SQL

        /// Called by the compiler.
        /// - Parameters:
        ///   - literalCapacity: bytes of literal text.
        ///   - interpolationCount: values to come.
        public init(literalCapacity: Int, interpolationCount: Int) {
            var text = ""
            text.reserveCapacity(literalCapacity + interpolationCount * 4)
            sql = SQL(stringLiteral: text)
            guard interpolationCount > 0 else { return }
            sql.binds.list.reserveCapacity(interpolationCount)
            sql.binds.values.reserveCapacity(interpolationCount * 24)
        }

        /// Called by the compiler.
        /// - Parameter literal: text of the source code.
        public mutating func appendLiteral(_ literal: String) { sql.append(raw: literal) }

        /// Binds a value.
        /// - Parameter value: any encodable value.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) { sql.append(value: value) }

        /// Binds a value or NULL.
        /// - Parameter value: nil is NULL.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) { sql.append(value: value) }

        /// Splices another statement in, with its binds.
        /// - Parameter fragment: its placeholders are renumbered.
        public mutating func appendInterpolation(fragment: SQL) { sql.append(fragment: fragment) }

        /// Splices a name in, quoted.
        /// - Parameter identifier: of a table, column, role …
        public mutating func appendInterpolation(identifier: String) {
            sql.append(raw: SQL.quoted(identifier: identifier))
        }

        /// Splices raw text in.
        /// - Parameter unescaped: SQL; never anything a user typed.
        public mutating func appendInterpolation(unescaped: String) { sql.append(raw: unescaped) }
    }
}

extension Array where Element == SQL {
    /// Joins fragments into one.
    /// - Parameter separator: stands between each two.
    /// - Returns: the whole, with placeholders renumbered.
    public func joined(separator: SQL) -> SQL {
        var whole: SQL = ""
        for (index, fragment) in enumerated() {
            if index > 0 { whole += separator }
            whole += fragment
        }
        return whole
    }
}

extension SQL: CustomStringConvertible, CustomReflectable {
    /// The text without the values bound: fit for a log.
    public var description: String { text }

    /// Shows the text and how many values are bound, never the values.
    public var customMirror: Mirror { Mirror(self, children: ["text": text, "bindCount": bindCount]) }
}
