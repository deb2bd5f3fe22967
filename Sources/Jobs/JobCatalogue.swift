public import AuditChain
public import Connections
public import Domain
public import Logging
public import Mail
public import Store
public import Vault

/// Every kind of job there is.
public enum JobCatalogue {
    /// The jobs that run by the clock.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: how long calls are kept.
    ///   - vault: opens secrets.
    public static func scheduled(
        database: Database, retentionDays: Int, audit: AuditDuties, vault: Vault
    ) -> [any ScheduledJob] {
        let partitions = PartitionStore(database: database)
        let maintenance = MaintenanceStore(database: database)
        let connections = ConnectionStore(database: database, vault: vault)
        return [
            PartitionJob(
                families: [partitions, PartitionStore(database: database, family: .audit)], maintenance: maintenance),
            RetentionJob(partitions: partitions, maintenance: maintenance, retentionDays: retentionDays),
            AuditCheckpointJob(chains: AuditChainStore(database: database), signer: audit.signer),
            AuditRetentionJob(
                retention: AuditRetention(
                    database: database, signer: audit.signer, archive: audit.archive, retentionDays: audit.retentionDays
                ),
                maintenance: maintenance),
            CompactionJob(compaction: CompactionStore(database: database)),
            CountSealJob(seals: CountSealStore(database: database), retentionDays: retentionDays),
            SessionSweepJob(sessions: SessionStore(database: database)),
            ConnectionSweepJob(
                connections: connections, authorizations: AuthorizationStore(database: database, vault: vault)),
            HousekeepingJob(
                jobs: JobStore(database: database), notifications: NotificationStore(database: database),
                connections: connections,
                shares: ShareStore(database: database, retentionDays: retentionDays)),
        ]
    }

    /// What the audit log's upkeep needs.
    public struct AuditDuties: Sendable {
        let signer: AuditSigner
        let archive: AuditArchive?
        let retentionDays: Int

        /// Puts it together.
        /// - Parameters:
        ///   - signer: signs checkpoints.
        ///   - archive: where days are written before they are dropped; nil drops them without.
        ///   - retentionDays: how long entries are kept.
        public init(signer: AuditSigner, archive: AuditArchive?, retentionDays: Int) {
            self.signer = signer
            self.archive = archive
            self.retentionDays = retentionDays
        }
    }

    /// What telling people and machines needs.
    public struct Notices: Sendable {
        let mail: MailSender
        let mailDomain: String
        let links: PublicLinks
        let signer: LinkSigner
        let tracksOpening: Bool
        let hooks: HookSender
        let vault: Vault

        /// Puts it together.
        /// - Parameters:
        ///   - mail: sends mails.
        ///   - mailDomain: the part of a mail's Message-ID behind the `@`.
        ///   - links: where people read more.
        ///   - signer: signs links that work without signing in.
        ///   - tracksOpening: whether mails carry the image that tells that they were opened.
        ///   - hooks: posts to webhooks and chat hooks.
        ///   - vault: opens their secrets.
        public init(
            mail: MailSender, mailDomain: String, links: PublicLinks, signer: LinkSigner, tracksOpening: Bool,
            hooks: HookSender, vault: Vault
        ) {
            self.mail = mail
            self.mailDomain = mailDomain
            self.links = links
            self.signer = signer
            self.tracksOpening = tracksOpening
            self.hooks = hooks
            self.vault = vault
        }
    }

    /// The jobs that somebody asks for.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: how long calls are kept.
    ///   - audit: what the audit log's upkeep needs.
    ///   - notices: what telling people and machines needs.
    ///   - connections: what can be done with connections.
    ///   - logger: for what could not be found out.
    public static func kinds(
        database: Database, retentionDays: Int, audit: AuditDuties, notices: Notices, connections: ConnectionService,
        logger: Logger
    ) -> [RunnableKind] {
        let ledger = NotificationStore(database: database)
        return [
            RunnableKind(
                FirstErrorKind(
                    store: ledger, links: notices.links, mailDomain: notices.mailDomain, logger: logger)),
            RunnableKind(
                MailNotificationKind(
                    store: ledger, mail: notices.mail, links: notices.links, signer: notices.signer,
                    tracksOpening: notices.tracksOpening)),
            RunnableKind(
                HookNotificationKind(
                    notifications: ledger, channels: NotificationChannelStore(database: database, vault: notices.vault),
                    sender: notices.hooks)),
            RunnableKind(
                AccountMailKind(
                    oneTimeLinks: OneTimeLinkStore(database: database),
                    invitations: InvitationStore(database: database), mail: notices.mail, links: notices.links)),
            RunnableKind(
                ShareMailKind(
                    shares: ShareStore(database: database, retentionDays: retentionDays), mail: notices.mail,
                    links: notices.links, signer: notices.signer, tracksOpening: notices.tracksOpening)),
            RunnableKind(ConnectionCheckKind(connections: connections)),
            RunnableKind(
                ConnectionChecksKind(connections: connections, pace: HostPace(), logger: logger)),
            RunnableKind(ConnectionSignalsKind(connections: connections, jobs: JobQueue(database: database))),
            RunnableKind(
                ConnectionNoticeKind(
                    connections: connections.store, ledger: ledger, links: notices.links,
                    mailDomain: notices.mailDomain, logger: logger)),
            RunnableKind(
                AuditVerificationKind(
                    verifications: AuditVerificationStore(
                        database: database, keys: audit.signer.publicKeys, retentionDays: audit.retentionDays))),
            RunnableKind(ProbeKind(database: database)),
        ]
    }
}
