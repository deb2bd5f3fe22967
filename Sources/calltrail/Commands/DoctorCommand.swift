import ArgumentParser
import Domain
import Foundation
import Store

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
                problems += try await SchemaChecks(database: database, directory: settings.sqlDirectory).problems()
            }
        } catch {
            problems.append("\(CommandSupport.failure(error))")
        }
        for problem in problems { print(problem) }
        guard problems.isEmpty else { throw ExitCode(1) }
        say("all is well")
    }
}
