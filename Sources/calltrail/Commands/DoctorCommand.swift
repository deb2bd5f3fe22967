import ArgumentParser
import Domain
import Foundation
import Store
import Transfer
import Vault

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks settings and database; a line per problem, exit 1 when there is one.")

    func run() async throws {
        var problems: [String] = []
        do {
            let settings = try Settings()
            if settings.encryptionKeys.isEmpty {
                problems.append("CALLTRAIL_ENCRYPTION_KEYS is not set: api and worker will not start")
            }
            try await CommandSupport.withDatabase { database, settings in
                let pending = try await Migrator(database: database, directory: settings.sqlDirectory).pending()
                guard pending.isEmpty else {
                    problems += pending.map { "migration \($0) is not applied: run calltrail migrate" }
                    return
                }
                if let reason = try await database.reasonNotToServe() { problems.append(reason) }
                do {
                    let missing = try await KeyCheckStore(database: database).check(
                        Vault(keys: settings.encryptionKeys))
                    problems += missing.map {
                        "secrets may be sealed under the encryption key \($0), which is not given"
                    }
                } catch let wrong as KeyCheckStore.WrongKey {
                    problems.append(wrong.description)
                }
                problems += try await Self.mailProblems(settings)
                problems += try await SchemaChecks(database: database, directory: settings.sqlDirectory).problems()
            }
        } catch {
            problems.append("\(CommandSupport.failure(error))")
        }
        for problem in problems { print(problem) }
        guard problems.isEmpty else { throw ExitCode(1) }
        say("all is well")
    }

    /// Connects and signs in to the mail server; sends nothing.
    private static func mailProblems(_ settings: Settings) async throws -> [String] {
        guard let server = settings.smtpServer else {
            // an operator may want none
            if settings.outboxDirectory == nil {
                say("note: neither CALLTRAIL_SMTP_URL nor CALLTRAIL_OUTBOX_DIR is set, so no mail can be sent")
            }
            return []
        }
        let transfer = try SMTPTransfer(
            server: server, certificateFile: settings.certificateFile, maximumConnections: 1)
        defer { transfer.shutDown() }
        do {
            try await transfer.check()
            return []
        } catch {
            return ["the mail server \(server.host):\(server.port) can't be used: \(error.words)"]
        }
    }
}
