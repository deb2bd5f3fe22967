import ArgumentParser

/// The program: two long-running processes and the commands around them.
@main
struct Calltrail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calltrail",
        abstract: "Logs of the API calls that chatbots make, for every tenant of a platform.",
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, APICommand.self, WorkerCommand.self, MigrateCommand.self, DoctorCommand.self,
            TenantCommand.self, UserCommand.self, KeyCommand.self, JobCommand.self,
            AuditCommand.self, EncryptionCommand.self, ShipCommand.self, SampleCommand.self,
        ])
}
