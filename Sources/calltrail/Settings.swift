import ArgumentParser
import Domain
import Foundation
import Logging
import Mail
import Postgres
import Providers
import Transfer
import Vault

/// The settings, from the environment. Each may also come from a file that `NAME_FILE` names, as secrets do.
struct Settings: Sendable {
    /// What is wrong with a setting.
    struct Invalid: Error, CustomStringConvertible {
        var name: String
        var reason: String
        var description: String { "\(name): \(reason)" }
    }

    var databaseURL: String?
    var listen: (host: String, port: Int) = ("127.0.0.1", 8080)
    var metricsListen: (host: String, port: Int) = ("127.0.0.1", 9464)
    var publicURL: String
    var retentionDays = 30
    var auditRetentionDays = 30
    /// Where days of the audit log are written before they are dropped.
    var archiveDirectory: URL?
    var sqlDirectory: URL
    var logLevel = Logger.Level.info
    var encryptionKeys: [EncryptionKey] = []
    var trustedProxies: [AddressRange] = []
    var outboxDirectory: URL?
    var smtpServer: SMTPServer?
    /// Extra certificates to trust.
    var certificateFile: String?
    var egress = AddressGuard()
    /// What differs from the catalogue of applications.
    var providers: ProvidersFile?
    var tracksOpening = true
    var mailFrom: MailSender.Identity
    var readsPerMinute = 6_000
    var writesPerMinute = 600_000

    /// Reads the environment.
    /// - Parameter environment: names and values; the process's own by default.
    /// - Throws: `Invalid` for the first setting that can't be used.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        func setting(_ name: String) throws -> String? {
            if let value = environment[name], !value.isEmpty { return value }
            guard let path = environment[name + "_FILE"], !path.isEmpty else { return nil }
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Invalid(name: name + "_FILE", reason: "\(path) can't be read")
            }
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        databaseURL = try setting("DATABASE_URL")
        if let text = try setting("CALLTRAIL_LISTEN") { listen = try Self.address("CALLTRAIL_LISTEN", text) }
        if let text = try setting("CALLTRAIL_METRICS_LISTEN") {
            metricsListen = try Self.address("CALLTRAIL_METRICS_LISTEN", text)
        }
        publicURL = try setting("CALLTRAIL_PUBLIC_URL") ?? "http://\(listen.host):\(listen.port)"
        // links are made by appending a path
        while publicURL.hasSuffix("/") { publicURL.removeLast() }
        func days(_ name: String) throws -> Int? {
            guard let text = try setting(name) else { return nil }
            guard let days = Int(text), (1...3650).contains(days) else {
                throw Invalid(name: name, reason: "\(text) is not a number of days from 1 to 3650")
            }
            return days
        }
        if let days = try days("CALLTRAIL_RETENTION_DAYS") { retentionDays = days }
        if let days = try days("CALLTRAIL_AUDIT_RETENTION_DAYS") { auditRetentionDays = days }
        archiveDirectory = try setting("CALLTRAIL_ARCHIVE_DIR").map { URL(filePath: $0) }
        if let text = try setting("CALLTRAIL_LOG_LEVEL") {
            guard let level = Logger.Level(rawValue: text.lowercased()) else {
                let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw Invalid(name: "CALLTRAIL_LOG_LEVEL", reason: "\(text) is not one of \(known)")
            }
            logLevel = level
        }
        if let text = try setting("CALLTRAIL_ENCRYPTION_KEYS") {
            do { encryptionKeys = try EncryptionKey.list(text) } catch {
                throw Invalid(name: "CALLTRAIL_ENCRYPTION_KEYS", reason: error.description)
            }
        }
        trustedProxies = try (setting("CALLTRAIL_TRUSTED_PROXIES") ?? "").split(separator: ",").map { text in
            guard let range = AddressRange(text.trimmingCharacters(in: .whitespaces)) else {
                throw Invalid(name: "CALLTRAIL_TRUSTED_PROXIES", reason: "\(text) is no address or CIDR range")
            }
            return range
        }
        outboxDirectory = try setting("CALLTRAIL_OUTBOX_DIR").map { URL(filePath: $0) }
        if let text = try setting("CALLTRAIL_SMTP_URL") {
            do { smtpServer = try SMTPServer(url: text) } catch {
                throw Invalid(name: "CALLTRAIL_SMTP_URL", reason: "\(error)")
            }
        }
        certificateFile = try setting("CALLTRAIL_CA_FILE")
        if let certificateFile, !FileManager.default.isReadableFile(atPath: certificateFile) {
            throw Invalid(name: "CALLTRAIL_CA_FILE", reason: "\(certificateFile) can't be read")
        }
        if let text = try setting("CALLTRAIL_EGRESS_ALLOW") {
            do { egress = try AddressGuard(allowing: text) } catch {
                throw Invalid(name: "CALLTRAIL_EGRESS_ALLOW", reason: error.description)
            }
        }
        // mostly as CALLTRAIL_PROVIDERS_FILE
        if let yaml = try setting("CALLTRAIL_PROVIDERS") {
            do { providers = try ProvidersFile(yaml: yaml) } catch {
                throw Invalid(name: "CALLTRAIL_PROVIDERS_FILE", reason: error.description)
            }
        }
        if let text = try setting("CALLTRAIL_MAIL_OPEN_TRACKING") {
            guard let isOn = ["on": true, "off": false][text.lowercased()] else {
                throw Invalid(name: "CALLTRAIL_MAIL_OPEN_TRACKING", reason: "\(text) is neither on nor off")
            }
            tracksOpening = isOn
        }
        let sender = try setting("CALLTRAIL_MAIL_FROM") ?? "Calltrail <calltrail@localhost>"
        guard let identity = MailSender.Identity(sender) else {
            throw Invalid(name: "CALLTRAIL_MAIL_FROM", reason: "\(sender) is no address")
        }
        mailFrom = identity
        func rate(_ name: String) throws -> Int? {
            guard let text = try setting(name) else { return nil }
            guard let rate = Int(text), rate > 0 else {
                throw Invalid(name: name, reason: "\(text) is no number of requests a minute")
            }
            return rate
        }
        readsPerMinute = try rate("CALLTRAIL_READS_PER_MINUTE") ?? readsPerMinute
        writesPerMinute = try rate("CALLTRAIL_WRITES_PER_MINUTE") ?? writesPerMinute
        sqlDirectory = try setting("CALLTRAIL_SQL_DIR").map { URL(filePath: $0) } ?? Self.defaultSQLDirectory()
    }

    /// The database to use.
    /// - Throws: `Invalid` when none is set or it can't be understood.
    func databaseConfiguration() throws -> PostgresConfiguration {
        guard let databaseURL else {
            throw Invalid(name: "DATABASE_URL", reason: "not set; for example postgres://calltrail@127.0.0.1/calltrail")
        }
        do {
            var configuration = try PostgresConfiguration(url: databaseURL)
            configuration.applicationName = "calltrail"
            return configuration
        } catch {
            throw Invalid(name: "DATABASE_URL", reason: "\(error)")
        }
    }

    /// What `api` and `worker` can't do without.
    /// - Throws: `Invalid`.
    func requireEncryptionKeys() throws {
        guard encryptionKeys.isEmpty else { return }
        throw Invalid(
            name: "CALLTRAIL_ENCRYPTION_KEYS",
            reason: "not set; make one with: echo k1:$(head -c 32 /dev/urandom | base64)")
    }

    private static func address(_ name: String, _ text: String) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw Invalid(name: name, reason: "\(text) is not of the form host:port") }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return (host.isEmpty ? "0.0.0.0" : host, port)
    }

    /// Beside the program when installed (`…/bin/calltrail` and `…/share/calltrail/sql`), else in the checkout.
    private static func defaultSQLDirectory() -> URL {
        let program = Bundle.main.executableURL?.resolvingSymlinksInPath() ?? URL(filePath: CommandLine.arguments[0])
        let installed = program.deletingLastPathComponent().appending(path: "../share/calltrail/sql").standardized
        if FileManager.default.fileExists(atPath: installed.path) { return installed }
        var directory = program.deletingLastPathComponent()
        while directory.path != "/" {
            let candidate = directory.appending(path: "sql")
            if FileManager.default.fileExists(atPath: candidate.appending(path: "migrations").path) { return candidate }
            directory = directory.deletingLastPathComponent()
        }
        return URL(filePath: "sql")
    }
}
