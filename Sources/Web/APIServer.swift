import Domain
import Hummingbird
import HummingbirdCore
import Ingest
public import Logging
import NIOCore
public import ServiceLifecycle
public import Store

/// The REST API and its metrics: everything that serves requests, put together.
public struct APIServer: Sendable {
    /// Where and how to serve.
    public struct Configuration: Sendable {
        /// Host and port of the API.
        public var listen: (host: String, port: Int)
        /// Host and port of `/metrics`; nil serves none.
        public var metricsListen: (host: String, port: Int)?
        /// Days that calls are kept.
        public var retentionDays = 30
        /// Seconds a request may take to arrive.
        public var requestDeadlineSeconds: Int64 = 30
        /// Seconds a connection may be idle.
        public var idleSeconds: Int64 = 75
        /// Time between "not ready" and the closing of the listener at a shutdown.
        public var shutdownGrace: Duration = .seconds(1)

        /// Serves on an address.
        /// - Parameters:
        ///   - listen: host and port of the API.
        ///   - metricsListen: host and port of `/metrics`.
        public init(listen: (host: String, port: Int), metricsListen: (host: String, port: Int)?) {
            self.listen = listen
            self.metricsListen = metricsListen
        }
    }

    /// The services to run, in the order in which they start; they stop in the reverse order.
    public let services: [any Service]

    /// Puts the server together.
    /// - Parameters:
    ///   - configuration: where and how to serve.
    ///   - database: a migrated one, whose login may serve.
    ///   - clock: gives `app_now()`.
    ///   - onListening: called with the API's port once it accepts connections.
    ///   - logger: for requests that fail, and shutdown.
    public init(
        configuration: Configuration, database: Database, clock: DatabaseClock, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) {
        let partitions = PartitionStore(database: database)
        let writer = IngestWriter(store: CallLogWriter(database: database, logger: logger), logger: logger)
        let ingest = IngestService(
            writer: writer, answers: IdempotencyStore(database: database), clock: clock,
            retentionDays: configuration.retentionDays)
        let keys = APIKeyStore(database: database)
        let usage = KeyUsage(keys: keys, clock: clock, logger: logger)
        let readiness = Readiness(grace: configuration.shutdownGrace)
        let metrics = HTTPMetrics()
        let endpoints =
            CallLogRoutes(
                store: CallLogStore(database: database, retentionDays: configuration.retentionDays), ingest: ingest,
                bodies: BodyReader(limit: 8 << 20, totalLimit: 96 << 20), clock: clock,
                retentionDays: configuration.retentionDays
            ).endpoints
            + BotRoutes(store: BotStore(database: database)).endpoints
            + HealthRoutes(database: database, partitions: partitions, clock: clock, readiness: readiness).endpoints
        let gateway = Gateway(
            router: Self.router(endpoints, Authenticator(keys: keys, usage: usage)), endpoints: endpoints,
            metrics: metrics)
        let page = RequestMetrics(
            ingest: ingest, writer: writer, http: metrics,
            database: DatabaseMetrics(database: database, partitions: partitions, clock: clock))

        var services: [any Service] = [usage, writer]
        if let address = configuration.metricsListen {
            services.append(MetricsServer(page, address: address, logger: logger))
        }
        services.append(
            Application(
                responder: gateway,
                server: .http1(configuration: Self.channel(configuration)),
                configuration: .init(address: .hostname(configuration.listen.host, port: configuration.listen.port)),
                onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
                logger: logger))
        services.append(readiness)
        self.services = services
    }

    private static func channel(_ configuration: Configuration) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestDeadlineHandler(deadline: .seconds(configuration.requestDeadlineSeconds))
            ],
            idleTimeout: .seconds(configuration.idleSeconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
    }

    private static func router(_ endpoints: [Endpoint], _ authenticator: Authenticator) -> RouterResponder<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                try await endpoint.respond(
                    IncomingRequest(request: request, context: context, authenticator: authenticator))
            }
        }
        return router.buildResponder()
    }
}
