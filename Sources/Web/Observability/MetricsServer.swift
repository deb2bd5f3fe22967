import Hummingbird
public import Logging
public import ServiceLifecycle
public import Store
import Vault

/// Serves `/metrics` on a listener of its own.
///
/// Numbers are not worth a stop: when the address is taken, the process says so and goes on without them.
public struct MetricsServer: Service {
    private let page: any MetricsSource
    private let address: (host: String, port: Int)
    private let logger: Logger

    init(_ page: any MetricsSource, address: (host: String, port: Int), logger: Logger) {
        self.page = page
        self.address = address
        self.logger = logger
    }

    /// The worker's numbers: the jobs', the database's and the partitions'.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - clock: gives `app_now()`.
    ///   - jobs: what the worker has run so far.
    ///   - address: host and port.
    ///   - logger: says when the address is taken.
    public static func worker(
        database: Database, clock: DatabaseClock, jobs: @escaping @Sendable () -> JobNumbers,
        address: (host: String, port: Int), logger: Logger
    ) -> MetricsServer {
        let page = WorkerMetrics(
            jobs: jobs, store: JobStore(database: database),
            // counts open no secret
            connections: ConnectionStore(database: database, vault: Vault(keys: [])),
            database: DatabaseMetrics(
                database: database, partitions: PartitionStore(database: database), clock: clock))
        return MetricsServer(page, address: address, logger: logger)
    }

    /// Serves until the service group shuts down.
    public func run() async throws {
        let page = page
        let router = Router(context: WebContext.self)
        router.get("/metrics") { _, _ in
            var text = PrometheusText()
            await page.write(into: &text)
            var response = Response.text(text.text)
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname(address.host, port: address.port)), logger: logger)
        do { try await application.run() } catch {
            logger.warning(
                "no metrics are served: the address can't be had",
                metadata: ["address": "\(address.host):\(address.port)", "error": "\(error)"])
            try? await gracefulShutdown()
        }
    }
}

/// Something that has numbers to show.
protocol MetricsSource: Sendable {
    /// Adds them.
    func write(into text: inout PrometheusText) async
}
