import AuditChain
import Connections
import Domain
import Ingest
import Logging
import Mail
import Store
import Vault

/// Every endpoint there is, put together from what they need.
struct EndpointCatalogue: Sendable {
    let configuration: APIServer.Configuration
    let database: Database
    let clock: DatabaseClock
    let ingest: IngestService
    let sessions: SessionStore
    let keys: APIKeyStore
    let cookies: SessionCookie
    let signer: LinkSigner
    let vault: Vault
    let connections: ConnectionService
    let proxy: ConnectionProxy
    let recorder: CallRecorder
    let hangUps: HangUps
    let readiness: Readiness
    let logger: Logger
    /// One store, for its gate holds for lists and counts together, whether programs or people ask.
    let callLogs: CallLogStore

    /// What programs use; each is in the OpenAPI document.
    var api: [Endpoint] {
        let links = PublicLinks(publicURL: configuration.publicURL)
        // one store, for its gate holds for lists and counts together
        let callLogs = CallLogStore(database: database, retentionDays: configuration.retentionDays)
        let calls = CallLogRoutes(
            store: callLogs, ingest: ingest,
            bodies: BodyReader(limit: APIServer.largestBody, totalLimit: 96 << 20), clock: clock,
            retentionDays: configuration.retentionDays)
        let passwords = PasswordRoutes(
            oneTimeLinks: OneTimeLinkStore(database: database), invitations: InvitationStore(database: database),
            clock: clock, resets: resets)
        let health = HealthRoutes(
            database: database, partitions: PartitionStore(database: database), clock: clock, readiness: readiness)
        return calls.endpoints + CallLogCountRoutes(store: callLogs, clock: clock).endpoints
            + UsageRoutes(store: callLogs, clock: clock, retentionDays: configuration.retentionDays).endpoints
            + BotRoutes(store: BotStore(database: database)).endpoints
            + ShareRoutes(shares: shares, clock: clock).endpoints
            + SessionRoutes(sessions: sessions, clock: clock, cookies: cookies).endpoints
            + UserRoutes(members: MemberStore(database: database), clock: clock, links: links).endpoints
            + AccountRoutes(sessions: sessions, clock: clock).endpoints
            + InvitationRoutes(invitations: InvitationStore(database: database)).endpoints
            + passwords.endpoints + APIKeyRoutes(keys: keys, clock: clock).endpoints
            + NotificationSettingRoutes(store: NotificationSettingStore(database: database)).endpoints
            + NotificationChannelRoutes(
                channels: NotificationChannelStore(database: database, vault: vault), clock: clock,
                addressGuard: configuration.egress
            ).endpoints
            + NotificationRoutes(store: NotificationStore(database: database)).endpoints
            + ConnectionRoutes(service: connections, clock: clock).endpoints
            + ApplicationRoutes(catalogue: connections.catalogue).endpoints
            + ProxyRoutes(
                proxy: proxy, store: connections.store, ingest: ingest, recorder: recorder, hangUps: hangUps,
                clock: clock
            ).endpoints
            + LogEntryRoutes(
                store: AuditStore(database: database, retentionDays: configuration.auditRetentionDays),
                log: AuditLog(database: database), clock: clock
            ).endpoints
            + health.endpoints
            + DocumentRoutes().endpoints
    }

    private var resets: PasswordResets {
        PasswordResets(
            oneTimeLinks: OneTimeLinkStore(database: database), clock: clock, jobs: JobQueue(database: database))
    }

    private var shares: ShareStore { ShareStore(database: database, retentionDays: configuration.retentionDays) }

    /// What people's browsers open.
    var pages: [Endpoint] {
        let console = ConsolePages(sessions: sessions, clock: clock, cookies: cookies)
        return SignInPages(pages: console, resets: resets).endpoints
            + LogPages(
                pages: console, store: callLogs, retentionDays: configuration.retentionDays,
                publicURL: configuration.publicURL
            ).endpoints
            + connectionPages(console) + notificationPages(console)
            + BotPages(pages: console, bots: BotStore(database: database), calls: callLogs).endpoints
            + UsagePages(pages: console, store: callLogs, retentionDays: configuration.retentionDays).endpoints
            + ConsoleAssetRoutes().endpoints + managementPages(console) + linkPages(console)
    }

    private func connectionPages(_ console: ConsolePages) -> [Endpoint] {
        let pages = ConnectionPages(
            pages: console, service: connections, members: MemberStore(database: database))
        return pages.endpoints + ConnectionActions(pages: console, connections: pages).endpoints
    }

    private func notificationPages(_ console: ConsolePages) -> [Endpoint] {
        let pages = NotificationPages(
            pages: console, settings: NotificationSettingStore(database: database),
            channels: NotificationChannelStore(database: database, vault: vault),
            ledger: NotificationStore(database: database))
        return pages.endpoints
            + ChannelPages(pages: console, notifications: pages, addressGuard: configuration.egress).endpoints
    }

    private func managementPages(_ console: ConsolePages) -> [Endpoint] {
        let links = PublicLinks(publicURL: configuration.publicURL)
        return TeamPages(
            pages: console, members: MemberStore(database: database),
            invitations: InvitationStore(database: database), links: links
        ).endpoints
            + APIKeyPages(pages: console, keys: keys, publicURL: configuration.publicURL).endpoints
            + AccountPages(pages: console).endpoints
            + SharePages(
                pages: console, shares: shares, calls: callLogs, retentionDays: configuration.retentionDays
            ).endpoints
            + AuditPages(
                pages: console,
                store: AuditStore(database: database, retentionDays: configuration.auditRetentionDays),
                verifications: AuditVerificationStore(
                    database: database, keys: AuditSigner(seeds: vault.signingKeys(AuditSigner.purpose)).publicKeys,
                    retentionDays: configuration.auditRetentionDays),
                members: MemberStore(database: database), keys: keys
            ).endpoints
    }

    /// What links in mails open, which work without signing in.
    private func linkPages(_ console: ConsolePages) -> [Endpoint] {
        PasswordPage(
            oneTimeLinks: OneTimeLinkStore(database: database), invitations: InvitationStore(database: database),
            clock: clock
        ).endpoints
            + NotificationLinkPages(
                signer: signer, notifications: NotificationStore(database: database),
                settings: NotificationSettingStore(database: database), shares: shares, clock: clock, logger: logger
            ).endpoints
            + SharePage(
                shares: shares, clock: clock, links: PublicLinks(publicURL: configuration.publicURL),
                vault: vault, isSecure: configuration.publicURL.lowercased().hasPrefix("https://")
            ).endpoints
            + OAuthCallbackPage(service: connections, pages: console).endpoints
    }
}
