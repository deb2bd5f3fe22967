internal import CLibPQ

/// Where the database is and how a connection to it behaves.
public struct PostgresConfiguration: Sendable {
    /// libpq's keywords and values, as given.
    var parameters: [(keyword: String, value: String)]
    /// Shown in `pg_stat_activity`.
    public var applicationName: String?
    /// Seconds until an attempt to connect to one host is given up; libpq takes 2 at least.
    public var connectTimeout: Int = 5
    /// The server ends a statement that takes longer; nil is the server's own setting.
    public var statementTimeout: Duration?
    /// The server gives up waiting for a lock after this; nil is the server's own setting.
    public var lockTimeout: Duration?
    /// The server ends a session that idles inside a transaction for longer; nil is the server's own setting.
    public var idleInTransactionTimeout: Duration?
    /// How long to wait for any one answer before the statement is cancelled from this side.
    ///
    /// It catches a server that hangs. nil derives it from `statementTimeout`, some seconds later; without either there
    /// is no limit.
    public var responseTimeout: Duration?
    /// How long the server has to react to a request to cancel, before the connection is given up.
    public var cancelTimeout: Duration = .seconds(5)
    /// Prepared statements kept per connection; 0 never prepares by name, for poolers in transaction mode.
    public var statementCacheCapacity: Int = 256
    /// Further session settings, such as `("jit", "off")`; also not sent through a pooler.
    public var sessionSettings: [(name: String, value: String)] = []

    /// A configuration from what `PQconninfoParse` takes.
    ///
    /// Besides libpq's own parameters `statement_cache=N` sets `statementCacheCapacity`.
    /// - Parameter url: `postgresql://user@host/database?…` or `host=… dbname=…`.
    /// - Throws: `DatabaseError` of kind `.configuration`, without the password.
    public init(url: String) throws {
        let (rest, capacity) = try PostgresConfiguration.splitStatementCache(url)
        guard !rest.utf8.contains(0) else { throw DatabaseError(.configuration, "a NUL in the database URL") }
        // libpq's own message quotes the URL, and with it the password.
        guard let options = PQconninfoParse(rest, nil) else {
            throw DatabaseError(.configuration, "the database URL is not a libpq connection string")
        }
        defer { PQconninfoFree(options) }
        parameters = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters.append((String(cString: keyword), String(cString: value)))
            }
            option += 1
        }
        if let capacity { statementCacheCapacity = capacity }
        if let seconds = value(of: "connect_timeout").flatMap({ Int($0) }) { connectTimeout = seconds }
        applicationName = value(of: "application_name")
    }

    /// The value of a libpq keyword, if it was given.
    /// - Parameter keyword: such as `host` or `dbname`.
    /// - Returns: nil when it was not given; libpq's default or its environment then holds.
    public func value(of keyword: String) -> String? { parameters.last { $0.keyword == keyword }?.value }

    /// Sets a libpq keyword.
    /// - Parameters:
    ///   - value: replaces what was given.
    ///   - keyword: such as `host` or `dbname`.
    public mutating func set(_ value: String, for keyword: String) {
        parameters.removeAll { $0.keyword == keyword }
        parameters.append((keyword, value))
    }

    /// Takes `statement_cache=N` out, which libpq would refuse.
    private static func splitStatementCache(_ url: String) throws -> (rest: String, capacity: Int?) {
        let isURI = url.hasPrefix("postgres://") || url.hasPrefix("postgresql://")
        let start = isURI ? url.firstIndex(of: "?").map { url.index(after: $0) } ?? url.endIndex : url.startIndex
        var capacity: Int?
        let kept = try url[start...].split(separator: isURI ? "&" : " ").filter { part in
            guard part.hasPrefix("statement_cache=") else { return true }
            guard let number = Int(part.dropFirst("statement_cache=".count)), number >= 0 else {
                throw DatabaseError(.configuration, "statement_cache is not a number")
            }
            capacity = number
            return false
        }
        // Untouched without the parameter: quoted values may hold runs of spaces.
        guard capacity != nil else { return (url, nil) }
        let query = kept.joined(separator: isURI ? "&" : " ")
        let head = String(url[..<start])
        return (isURI && query.isEmpty ? String(head.dropLast()) : head + query, capacity)
    }
}

extension PostgresConfiguration {
    /// Whether a pooler in transaction mode is to be expected: nothing may be kept in the session.
    var isSessionless: Bool { statementCacheCapacity == 0 }

    /// The time limits and further settings, by their PostgreSQL names.
    var serverSettings: [(name: String, value: String)] {
        var settings: [(name: String, value: String)] = []
        let limits = [
            ("statement_timeout", statementTimeout), ("lock_timeout", lockTimeout),
            ("idle_in_transaction_session_timeout", idleInTransactionTimeout),
        ]
        for (name, limit) in limits {
            if let limit { settings.append((name, String(limit.milliseconds))) }
        }
        return settings + sessionSettings
    }

    /// How long this side waits for an answer by default.
    var defaultResponseTimeout: Duration? { responseTimeout ?? statementTimeout.map { $0 + .seconds(5) } }

    /// All that `PQconnectdbParams` is given.
    var connectionParameters: [(keyword: String, value: String)] {
        var all: [(keyword: String, value: String)] = [
            ("keepalives", "1"), ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            // Milliseconds that sent data may stay unacknowledged: a vanished host is noticed while writing.
            ("tcp_user_timeout", "30000"),
        ]
        let replaced: Set<String> = ["connect_timeout", "application_name", "client_encoding", "options"]
        all += parameters.filter { !replaced.contains($0.keyword) }
        all.append(("connect_timeout", String(max(2, connectTimeout))))
        all.append(("client_encoding", "UTF8"))
        if let applicationName { all.append(("application_name", applicationName)) }
        var options = value(of: "options").map { [$0] } ?? []
        if !isSessionless {
            options += serverSettings.map { "-c \($0.name)=\(PostgresConfiguration.escaped($0.value))" }
        }
        if !options.isEmpty { all.append(("options", options.joined(separator: " "))) }
        return all
    }

    /// The server splits `options` at spaces unless they are escaped.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            if character == " " || character == "\\" { result.append("\\") }
            result.append(character)
        }
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
    /// Where the database is, without the password.
    public var description: String {
        "\(value(of: "host") ?? "default host"), database \(value(of: "dbname") ?? "by default")"
    }

    /// Shows what `description` shows.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension Duration {
    /// Whole milliseconds, at least 1 for anything above zero, and within what the server and `poll` take.
    var milliseconds: Int {
        guard self > .zero else { return 0 }
        guard self < .milliseconds(Int32.max) else { return Int(Int32.max) }
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
