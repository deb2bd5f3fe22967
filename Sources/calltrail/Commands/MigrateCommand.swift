import ArgumentParser
import Domain
import Foundation
import Jobs
import Store

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database to this version's schema.")

    @Flag(help: "Only say what is missing; exit 1 when something is.") var check = false

    func run() async throws {
        try await CommandSupport.withDatabase { database, settings in
            let migrator = Migrator(database: database, directory: settings.sqlDirectory)
            if check {
                let pending = try await migrator.pending()
                for name in pending { say("missing: \(name)") }
                if pending.isEmpty { say("the schema is up to date") } else { throw ExitCode(1) }
                return
            }
            try await Self.migrate(database, settings)
        }
    }

    /// Applies what is missing, and makes the partitions of the first days, so that entries can come at once.
    static func migrate(_ database: Database, _ settings: Settings) async throws {
        let applied = try await Migrator(database: database, directory: settings.sqlDirectory).migrate()
        for name in applied { say("applied \(name)") }
        if applied.isEmpty { say("the schema is up to date") }
        let partitions = PartitionJob(
            families: [PartitionStore(database: database), PartitionStore(database: database, family: .audit)],
            maintenance: MaintenanceStore(database: database))
        for line in try await partitions.run(now: DatabaseClock.read(database)).done { say(line) }
    }
}
