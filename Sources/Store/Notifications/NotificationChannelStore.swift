public import Domain
public import Foundation
import Postgres
public import Vault

/// The hooks of a tenant. Their addresses and what they are signed with are sealed here and opened for delivery alone.
public struct NotificationChannelStore: Sendable {
    /// A channel that was just made.
    public struct NewChannel: Sendable {
        /// The channel.
        public var channel: NotificationChannel
        /// What a webhook's messages are signed with, to be shown this once; nil for other kinds.
        public var secret: String?
    }

    /// What to change of a channel; nil leaves it.
    public struct Change: Sendable {
        /// Another name.
        public var name: String?
        /// Another address; what failed at the old one is forgotten.
        public var url: OutgoingURL?
        /// Other events.
        public var events: Set<NotificationChannel.Event>?
        /// True lets it be used again and forgets what failed; false ends its use.
        public var isEnabled: Bool?

        /// Changes nothing.
        public init() {}

        /// The names of the fields that it changed; an address is a secret and counts as another one.
        func fields(from before: NotificationChannel, to after: NotificationChannel) -> [String] {
            (before.name == after.name ? [] : ["name"]) + (url == nil ? [] : ["url"])
                + (before.events == after.events ? [] : ["events"])
                + ((before.disabledAt == nil) == (after.disabledAt == nil) ? [] : ["enabled"])
        }
    }

    private static let table = "notification_channel"

    let database: Database
    let vault: Vault

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - vault: seals and opens.
    public init(database: Database, vault: Vault) {
        self.database = database
        self.vault = vault
    }

    /// A page of a tenant's channels, newest first.
    /// - Parameters:
    ///   - tenant: whose channels.
    ///   - after: the last channel of the page before.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func list(tenant: TenantID, after: UUID?, limit: Int) async throws -> [NotificationChannel] {
        try await database.query(
            """
            select \(fragment: Self.columns) from notification_channel
            where tenant_id = \(tenant)
              and (\(after)::uuid is null or (created_at, channel_id) < (
                  select created_at, channel_id from notification_channel
                  where tenant_id = \(tenant) and channel_id = \(after)))
            order by created_at desc, channel_id desc limit \(Int64(limit))
            """, in: .tenant(tenant), Self.channel
        ).compactMap(\.self)
    }

    /// Makes a channel.
    /// - Parameters:
    ///   - tenant: whose channel.
    ///   - kind: how what is posted looks.
    ///   - name: 1…200 characters, for people.
    ///   - url: where to.
    ///   - events: what it is told about.
    ///   - creator: who makes it.
    /// - Throws: `Problem` when the name is bad or taken, or there are too many channels; `VaultError`, `DatabaseError`.
    public func create(
        tenant: TenantID, kind: NotificationChannel.Kind, name: String, url: OutgoingURL,
        events: Set<NotificationChannel.Event>, creator: UUID?
    ) async throws -> NewChannel {
        let id = UUID()
        let secret = kind == .webhook ? Self.newSecret() : nil
        let sealedURL = try vault.seal(url.text, Self.place(tenant, id, "sealed_url"))
        let sealedSecret = try secret.map { try vault.seal($0, Self.place(tenant, id, "sealed_secret")) }
        let channel = try await Self.naming {
            try await database.transaction(in: .tenant(tenant)) { transaction in
                try Self.refuseTooMany(of: tenant, transaction)
                let channel = try transaction.first(
                    """
                    insert into notification_channel
                        (tenant_id, channel_id, kind, name, host, sealed_url, sealed_secret, events, created_by)
                    values (\(tenant), \(id), \(kind.rawValue), \(name), \(url.origin), \(sealedURL), \(sealedSecret),
                            \(events.map(\.rawValue).sorted()), \(creator))
                    returning \(fragment: Self.columns)
                    """, Self.channel)
                try AuditLog.record(.created(.notificationChannel, id, label: name), tenant: tenant, transaction)
                return channel ?? nil
            }
        }
        guard let channel else { throw Problem(.internalError, "The channel was not made.") }
        return NewChannel(channel: channel, secret: secret)
    }

    /// Changes a channel.
    /// - Parameters:
    ///   - id: the channel.
    ///   - tenant: whose channel.
    ///   - change: what to change.
    ///   - now: by `app_now()`.
    /// - Returns: the channel as it is now; nil when there is none.
    /// - Throws: `Problem` when the name is bad or taken; `VaultError`, `DatabaseError`.
    public func update(
        _ id: UUID, tenant: TenantID, _ change: Change, now: Timestamp
    ) async throws -> NotificationChannel? {
        let sealedURL = try change.url.map { try vault.seal($0.text, Self.place(tenant, id, "sealed_url")) }
        let forgetsFailures = change.isEnabled == true || change.url != nil
        let events = change.events.map { $0.map(\.rawValue).sorted() }
        return try await Self.naming {
            try await database.transaction(in: .tenant(tenant)) { transaction in
                let standing =
                    try transaction.first(
                        """
                        select \(fragment: Self.columns) from notification_channel
                        where tenant_id = \(tenant) and channel_id = \(id) for no key update
                        """, Self.channel) ?? nil
                let updated =
                    try transaction.first(
                        """
                        update notification_channel
                        set name = coalesce(\(change.name), name),
                            host = coalesce(\(change.url?.origin), host),
                            sealed_url = coalesce(\(sealedURL), sealed_url),
                            events = coalesce(\(events), events),
                            failures = case when \(forgetsFailures) then 0 else failures end,
                            failing_since = case when \(forgetsFailures) then null else failing_since end,
                            disabled_at = case \(change.isEnabled) when true then null
                                          when false then coalesce(disabled_at, \(now)) else disabled_at end,
                            disabled_reason = case \(change.isEnabled) when true then null
                                              when false then coalesce(disabled_reason, 'switched off')
                                              else disabled_reason end
                        where tenant_id = \(tenant) and channel_id = \(id)
                        returning \(fragment: Self.columns)
                        """, Self.channel) ?? nil
                guard let standing, let channel = updated else { return nil }
                let fields = change.fields(from: standing, to: channel)
                try AuditLog.record(
                    .updated(.notificationChannel, id, label: channel.name, fields: fields), tenant: tenant,
                    transaction)
                return channel
            }
        }
    }

    /// Removes a channel; what is still to be sent there is suppressed.
    /// - Parameters:
    ///   - id: the channel.
    ///   - tenant: whose channel.
    /// - Returns: false when there is none.
    /// - Throws: `DatabaseError`.
    public func remove(_ id: UUID, tenant: TenantID) async throws -> Bool {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            let name = try transaction.first(
                "delete from notification_channel where tenant_id = \(tenant) and channel_id = \(id) returning name"
            ) { row in try row.decode(String.self, at: 0) }
            guard let name else { return false }
            try AuditLog.record(.deleted(.notificationChannel, id, label: name), tenant: tenant, transaction)
            return true
        }
    }

    /// Gives a webhook another secret, in force at once.
    /// - Parameters:
    ///   - id: the channel.
    ///   - tenant: whose channel.
    /// - Returns: the secret, to be shown this once; nil when there is no such channel.
    /// - Throws: `Problem` (conflict) when it is no webhook; `VaultError`, `DatabaseError`.
    public func rotateSecret(_ id: UUID, tenant: TenantID) async throws -> String? {
        let secret = Self.newSecret()
        let sealed = try vault.seal(secret, Self.place(tenant, id, "sealed_secret"))
        return try await database.transaction(in: .tenant(tenant)) { transaction in
            let kind = try transaction.first(
                "select kind from notification_channel where tenant_id = \(tenant) and channel_id = \(id)"
            ) { row in try row.decode(String.self, at: 0) }
            guard let kind else { return nil }
            guard kind == NotificationChannel.Kind.webhook.rawValue else {
                throw Problem(.conflict, "Only a webhook has a secret.")
            }
            let changed = try transaction.execute(
                """
                update notification_channel set sealed_secret = \(sealed)
                where tenant_id = \(tenant) and channel_id = \(id)
                """)
            guard changed == 1 else { return nil }
            try AuditLog.record(.updated(.notificationChannel, id, fields: ["secret"]), tenant: tenant, transaction)
            return secret
        }
    }

    static let columns: SQL = """
        channel_id, kind, name, host, events, failures, failing_since, last_ok_at, disabled_at, disabled_reason, \
        created_by, created_at
        """

    static func channel(_ row: Row) throws -> NotificationChannel? {
        let (id, kind, name, origin, events, failures) = try row.decode(
            UUID.self, String.self, String.self, String.self, [String].self, Int32.self)
        guard let kind = NotificationChannel.Kind(rawValue: kind) else { return nil }
        return NotificationChannel(
            id: id, kind: kind, name: name, origin: origin,
            events: Set(events.compactMap(NotificationChannel.Event.init(rawValue:))), failures: Int(failures),
            failingSince: try row.decode(Timestamp?.self, at: 6), lastOKAt: try row.decode(Timestamp?.self, at: 7),
            disabledAt: try row.decode(Timestamp?.self, at: 8), disabledReason: try row.decode(String?.self, at: 9),
            createdBy: try row.decode(UUID?.self, at: 10), createdAt: try row.decode(Timestamp.self, at: 11))
    }

    static func place(_ tenant: TenantID, _ id: UUID, _ column: String) -> SecretPlace {
        SecretPlace(tenant: tenant, table: table, row: id.uuidString, column: column)
    }

    /// As Standard Webhooks has it: base64 of 24 to 64 random bytes.
    private static func newSecret() -> String {
        "whsec_" + Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
    }

    /// One at a time makes channels of a tenant, or two could each make the last one.
    private static func refuseTooMany(of tenant: TenantID, _ transaction: isolated PostgresConnection) throws {
        try transaction.execute("select pg_advisory_xact_lock(hashtext('calltrail.notification_channel'), \(tenant))")
        let count = try transaction.first(
            "select count(*) from notification_channel where tenant_id = \(tenant)"
        ) { row in try row.decode(Int64.self, at: 0) }
        guard count ?? 0 < NotificationChannel.mostOfATenant else {
            throw Problem(
                .conflict, "A tenant has at most \(NotificationChannel.mostOfATenant) channels; remove one first.")
        }
    }

    private static func naming<Value>(_ write: () async throws -> Value) async throws -> Value {
        do { return try await write() } catch let error as DatabaseError {
            switch error.constraint {
            case "notification_channel_name_length":
                throw Problem(.invalidParameter, "A channel's name has 1 to 200 characters.")
            case "notification_channel_name_once":
                throw Problem(.conflict, "There is a channel of this name already.")
            default: throw error
            }
        }
    }
}
