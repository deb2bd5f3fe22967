/// What went wrong between this process and the database.
///
/// `description` is fit for a log: it holds no bind values and no row contents. `message`, `detail` and `hint` are the
/// server's own words and may quote values.
public struct DatabaseError: Error, Sendable {
    /// Which side of the work failed.
    public enum Kind: String, Sendable, Hashable {
        /// The server answered with an error: see `sqlState`.
        case server
        /// The connection could not be made, or broke.
        case connection
        /// A statement or the wait for a connection took too long.
        case timeout
        /// The statement was cancelled, by its task or by an operator.
        case cancelled
        /// All connections are in use and the queue is full.
        case poolExhausted
        /// The pool was closed.
        case poolClosed
        /// `commit` rolled back, because an error before it was swallowed.
        case transactionAborted
        /// The connection was used in a way it does not allow: a programming error.
        case misuse
        /// The server said something this library does not understand.
        case protocolViolation
        /// A column can't be read as the type asked for.
        case decoding
        /// The settings for a connection are not valid.
        case configuration
    }

    /// Which side of the work failed.
    public var kind: Kind
    /// The server's five-character code.
    public var sqlState: String?
    /// What happened; the server's may quote values.
    public var message: String
    /// The server's further words; may hold row contents.
    public var detail: String?
    /// The server's advice.
    public var hint: String?
    /// The constraint that refused.
    public var constraint: String?
    /// The table concerned.
    public var table: String?
    /// The column concerned.
    public var column: String?
    /// ERROR, FATAL or PANIC, in English.
    public var severity: String?
    /// Where in the statement's text, in characters from 1.
    public var position: Int?
    /// The server's function that raised the error: unlike the message the same in every language.
    var routine: String?
    /// Whether the connection broke while a commit was under way, so that nobody knows whether it took place.
    public var isCommitUncertain = false

    /// An error.
    /// - Parameters:
    ///   - kind: which side of the work failed.
    ///   - message: what happened, without values.
    ///   - sqlState: the server's five-character code.
    public init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
    }

    static func decoding(_ message: String) -> DatabaseError { DatabaseError(.decoding, message) }
    static func misuse(_ message: String) -> DatabaseError { DatabaseError(.misuse, message) }
}

extension DatabaseError {
    /// A unique or primary key already holds the row (23505).
    public var isUniqueViolation: Bool { sqlState == "23505" }
    /// A foreign key has no such row (23503).
    public var isForeignKeyViolation: Bool { sqlState == "23503" }
    /// A check refused the row (23514); also a row that no partition takes.
    public var isCheckViolation: Bool { sqlState == "23514" }
    /// A required column was NULL (23502).
    public var isNotNullViolation: Bool { sqlState == "23502" }
    /// A lock was not to be had in time (55P03).
    public var isLockNotAvailable: Bool { sqlState == "55P03" }
    /// The relation does not exist (42P01).
    public var isUndefinedTable: Bool { sqlState == "42P01" }
    /// The role lacks a right (42501), also by row-level security.
    public var isInsufficientPrivilege: Bool { sqlState == "42501" }
    /// Two transactions could not both go on (40001 serialisation failure, 40P01 deadlock).
    public var isTransactionConflict: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// Whether the same transaction may succeed when run again from its start.
    ///
    /// After a lost connection nobody knows whether a commit took place: run only what is idempotent again.
    public var isRetryable: Bool {
        switch kind {
        case .connection, .poolExhausted: return true
        case .timeout where sqlState == nil: return true
        case .server, .transactionAborted, .timeout, .cancelled: break
        case .poolClosed, .misuse, .protocolViolation, .decoding, .configuration: return false
        }
        guard let sqlState else { return false }
        return isTransactionConflict || isLockNotAvailable || isConnectionLoss || isStalePlan
            || sqlState.hasPrefix("53")
    }

    /// A prepared statement no longer fits the tables, or is gone.
    var isStalePlan: Bool { sqlState == "26000" || sqlState == "0A000" && routine == "RevalidateCachedQuery" }

    /// The server ended or refused the session.
    var isConnectionLoss: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03", "57P05"].contains(sqlState)
    }

    /// Classes whose message quotes what was sent: data exceptions, and whatever a function raises.
    private var messageMayQuoteValues: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("22") || sqlState.hasPrefix("P0")
    }
}

extension DatabaseError: CustomStringConvertible, CustomReflectable {
    /// One line without bind values or row contents.
    public var description: String {
        var parts = ["database error: \(kind.rawValue)"]
        if let sqlState { parts.append("SQLSTATE \(sqlState)") }
        if !messageMayQuoteValues { parts.append(message) }
        if let constraint { parts.append("constraint \(constraint)") }
        if let table { parts.append("table \(table)") }
        if let column { parts.append("column \(column)") }
        if let position { parts.append("at character \(position)") }
        if isCommitUncertain { parts.append("the commit's outcome is unknown") }
        return parts.joined(separator: ", ")
    }

    /// Shows what `description` shows.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
