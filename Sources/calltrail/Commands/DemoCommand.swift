import ArgumentParser
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Store
import Transfer
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "Runs everything on a private PostgreSQL, with thirty days of realistic calls and a trickle of live ones.",
        discussion: "Data stay in the directory; a second start goes on with them. Ctrl-C stops all of it.")

    @Option(help: "Where the demo keeps its data.") var directory = ".calltrail"
    @Option(help: "Calls of the last thirty days to begin with.") var calls = 60_000
    @Flag(help: "Start, send one call in, find it, stop.") var once = false

    func run() async throws {
        do { try await runDemo() } catch { throw CommandSupport.failure(error) }
    }

    private func runDemo() async throws {
        let current = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
        let home = URL(filePath: directory, directoryHint: .isDirectory, relativeTo: current).absoluteURL
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        guard PrivateFile.lock(home.appending(path: "lock")) else {
            throw CommandSupport.Failure(message: "another demo is running in \(directory)")
        }
        say("starting a private PostgreSQL in \(directory)")
        let cluster = try PrivateCluster(in: home)
        try cluster.start()
        defer { cluster.stop() }

        var settings = try Settings()
        settings.databaseURL = cluster.databaseURL
        let logger = Logger.program("calltrail.demo", level: max(settings.logLevel, .warning))
        settings.outboxDirectory = settings.outboxDirectory ?? home.appending(path: "outbox")
        let bare = try Composition(settings, logger: logger)
        try await MigrateCommand.migrate(bare.database, settings)
        try await bare.refuseUnfitDatabase()
        try await bare.clock.synchronize()
        var state = DemoState.load(from: home)
        if state == nil { state = try await DemoState.make(bare.database, now: bare.clock.now) }
        guard var state else { return }
        settings.encryptionKeys = try state.encryptionKeys()
        try state.save(to: home)
        await bare.database.close()
        let composition = try Composition(settings, logger: logger)
        try await composition.refuseWrongKeys()
        try await composition.clock.synchronize()

        let url = "http://\(settings.listen.host):\(settings.listen.port)"
        let client = DemoClient(
            transfer: try HTTPTransfer(), url: url, writeKey: state.writeKey, readKey: state.readKey)
        let listening = AsyncStream.makeStream(of: Void.self)
        let script = DemoScript(
            client: client, state: state, home: home, outbox: settings.outboxDirectory, calls: calls, once: once,
            clock: composition.clock,
            listening: listening.stream)
        let services: [any Service] =
            try composition.shared + composition.worker(servesMetrics: false)
            + composition.api { _ in listening.continuation.finish() } + [script]
        // a script that ends (--once), or fails, takes everything down in good order
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        client.transfer.shutDown()
        say("stopped; the data stay in \(directory)")
    }
}
