import ArgumentParser
import Logging
import ServiceLifecycle
import Store

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Runs jobs: notifications, partitions, retention, compaction.")

    func run() async throws {
        do {
            let settings = try Settings()
            try settings.requireEncryptionKeys()
            let logger = Logger.program("calltrail.worker", level: settings.logLevel)
            let composition = try Composition(settings, logger: logger)
            try await composition.refuseUnfitDatabase()
            try await composition.refuseWrongKeys()
            try await composition.clock.synchronize()
            logger.notice("working")
            try await Composition.run(composition.shared + composition.worker(), logger: logger)
        } catch {
            throw CommandSupport.failure(error)
        }
    }
}
