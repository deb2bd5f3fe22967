import ArgumentParser
import Domain
import Logging
import ServiceLifecycle
import Store
import Web

struct APICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "api", abstract: "Serves the REST API.")

    func run() async throws {
        do {
            let settings = try Settings()
            try settings.requireEncryptionKeys()
            let logger = Logger.program("calltrail.api", level: settings.logLevel)
            let composition = try Composition(settings, logger: logger)
            try await composition.refuseUnfitDatabase()
            try await composition.refuseWrongKeys()
            try await composition.clock.synchronize()
            let services = try composition.api { port in
                logger.notice("serving", metadata: ["address": "\(settings.listen.host):\(port)"])
            }
            try await Composition.run(composition.shared + services, logger: logger)
        } catch {
            throw CommandSupport.failure(error)
        }
    }
}
