import ArgumentParser
import AuditChain
import Domain
import Foundation
import Store
import Vault

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Verifies, exports, archives and erases in the audit log.",
        subcommands: [
            AuditVerifyCommand.self, AuditExportCommand.self, AuditKeysCommand.self, AuditRestoreCommand.self,
            AuditForgetCommand.self, AuditEraseCommand.self,
        ])
}

/// What the commands about the audit log share.
enum AuditCommandSupport {
    /// Signs, and knows the keys that verify.
    /// - Throws: `Settings.Invalid` when no encryption key is set.
    static func signer(_ settings: Settings) throws -> AuditSigner {
        try settings.requireEncryptionKeys()
        return AuditSigner(seeds: Vault(keys: settings.encryptionKeys).signingKeys(AuditSigner.purpose))
    }

    /// The archive that the settings name.
    /// - Throws: `CommandSupport.Failure` when they name none.
    static func archive(_ settings: Settings) throws -> AuditArchive {
        guard let directory = settings.archiveDirectory else {
            throw CommandSupport.Failure(message: "CALLTRAIL_ARCHIVE_DIR is not set, so there is no archive")
        }
        return AuditArchive(directory: directory)
    }

    /// A public key as an option gives it.
    /// - Throws: `ValidationError`.
    static func publicKey(_ text: String) throws -> AuditPublicKey {
        guard let key = AuditPublicKey(text) else {
            throw ValidationError("--public-key takes base64 of 32 bytes, not \(text).")
        }
        return key
    }

    /// A day as an option names it.
    /// - Throws: `ValidationError`.
    static func day(_ text: String) throws -> Day {
        guard let day = Day(iso8601: text) else {
            throw ValidationError("A day is written as 2026-11-20, not \(text).")
        }
        return day
    }
}

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verifies a tenant's audit log; exit 1 at the first break.",
        discussion: """
            Every entry is hashed together with the one before it, and each day's last hash is signed. Verified are all hashes, \
            that no number is missing, the signatures, and the stored end of the chain. With --file an export is verified, on \
            any machine, without a database and without trusting it: by the public keys that `calltrail audit keys` prints. \
            It can't be proven that entries of the days without a checkpoint yet were not cut off at the end or written anew \
            by somebody who may write to every table.
            """)

    @Option(help: "The tenant's number.") var tenant: String?
    @Option(help: "An export to verify instead; - is stdin.") var file: String?
    @Option(help: "A public key that checkpoints may be signed with; may be given several times.") var publicKey:
        [String] =
            []

    @Option(
        help: "Of a file: the first day that must be there; earlier ones may have been dropped after their retention.")
    var keptFrom: String?

    func validate() throws {
        guard (tenant == nil) != (file == nil) else { throw ValidationError("Give either --tenant or --file.") }
        if keptFrom != nil, file == nil { throw ValidationError("--kept-from goes with --file.") }
        if file != nil, publicKey.isEmpty { throw ValidationError("--file needs the --public-key of its checkpoints.") }
    }

    func run() async throws {
        let given = try publicKey.map(AuditCommandSupport.publicKey)
        let verdict: AuditVerdict
        if let file {
            verdict = try await Self.verify(file, keys: given, keptFrom: keptFrom.map(AuditCommandSupport.day))
        } else {
            let id = try CommandSupport.tenantID(tenant ?? "")
            verdict = try await CommandSupport.withDatabase { database, settings in
                guard try await TenantStore(database: database).find(id) != nil else {
                    throw Problem(.notFound, "There is no tenant \(id).")
                }
                let keys = given.isEmpty ? try AuditCommandSupport.signer(settings).publicKeys : given
                let now = try await DatabaseClock.read(database)
                var coverage = AuditVerifier.Coverage()
                coverage.keptFrom = now.advanced(bySeconds: -Int64(settings.auditRetentionDays) * 86_400).day
                return try await AuditChainStore(database: database).verify(tenant: id, keys: keys, coverage: coverage)
            }
        }
        try CommandSupport.printJSON(Answer(verdict))
        if let found = verdict.firstBreak {
            say("\(found)")
            throw ExitCode(1)
        }
    }

    private static func verify(_ file: String, keys: [AuditPublicKey], keptFrom: Day?) async throws -> AuditVerdict {
        do {
            var coverage = AuditVerifier.Coverage()
            coverage.keptFrom = keptFrom
            let handle = file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: file))
            return try await AuditVerifier.verify(AuditLines(handle: handle), keys: keys, coverage: coverage)
        } catch {
            throw CommandSupport.failure(error)
        }
    }

    private struct Answer: Encodable {
        struct Break: Encodable {
            var kind: String
            var seq: Int64
            var day: String?
            var id: String?
            var detail: String
        }

        var intact: Bool
        var entries: Int64
        var lastSeq: Int64
        var checkpoints: Int
        var coveredThrough: String?
        var uncoveredEntries: Int64
        var droppedEntries: Int64
        var erasedEntries: Int64
        var firstBreak: Break?

        init(_ verdict: AuditVerdict) {
            intact = verdict.isIntact
            entries = verdict.entries
            lastSeq = verdict.lastSeq
            checkpoints = verdict.checkpoints
            coveredThrough = verdict.coveredThrough?.description
            uncoveredEntries = verdict.uncoveredEntries
            droppedEntries = verdict.droppedEntries
            erasedEntries = verdict.erasedEntries
            firstBreak = verdict.firstBreak.map {
                Break(
                    kind: $0.kind.rawValue, seq: $0.seq, day: $0.day?.description,
                    id: $0.entryID?.uuidString.lowercased(), detail: $0.detail)
            }
        }
    }
}

struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints a tenant's audit log as NDJSON, with all that verifying it elsewhere takes.")

    @Option(help: "The tenant's number.") var tenant: String

    func run() async throws {
        let id = try CommandSupport.tenantID(tenant)
        try await CommandSupport.withDatabase { database, _ in
            guard try await TenantStore(database: database).find(id) != nil else {
                throw Problem(.notFound, "There is no tenant \(id).")
            }
            var bytes: [UInt8] = []
            for try await line in AuditChainStore(database: database).export(tenant: id) {
                try line.write(to: &bytes)
                guard bytes.count > 1 << 20 else { continue }
                try FileHandle.standardOutput.write(contentsOf: bytes)
                bytes.removeAll(keepingCapacity: true)
            }
            try FileHandle.standardOutput.write(contentsOf: bytes)
        }
    }
}

struct AuditKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Prints the public keys that checkpoints are verified with, the newest first.")

    private struct Answer: Encodable {
        var keyId: String
        var publicKey: String
    }

    func run() async throws {
        do {
            for key in try AuditCommandSupport.signer(Settings()).publicKeys {
                try CommandSupport.printJSON(Answer(keyId: key.id, publicKey: key.description))
            }
        } catch {
            throw CommandSupport.failure(error)
        }
    }
}

struct AuditRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Brings an archived day of the audit log back for consultation.",
        discussion: """
            The archive is verified first. The entries stand apart from the live log; a search lists them with restored=true, \
            until `calltrail audit forget` takes them away again.
            """)

    @Option(help: "The day, such as 2026-11-20.") var day: String
    @Option(
        help: """
            A public key that checkpoints may be signed with besides those of CALLTRAIL_ENCRYPTION_KEYS: of a key that was \
            taken away since the day was archived. May be given several times.
            """) var publicKey: [String] = []

    private struct Answer: Encodable {
        var day: String
        var restored: Int
    }

    func run() async throws {
        let day = try AuditCommandSupport.day(day)
        let older = try publicKey.map(AuditCommandSupport.publicKey)
        try await CommandSupport.withDatabase { database, settings in
            let restored = try await AuditRestore(database: database).restore(
                day, from: try AuditCommandSupport.archive(settings),
                keys: try AuditCommandSupport.signer(settings).publicKeys + older)
            try CommandSupport.printJSON(Answer(day: day.description, restored: restored))
        }
    }
}

struct AuditForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Takes a restored day away again; its archive stays.")

    @Option(help: "The day, such as 2026-11-20.") var day: String

    private struct Answer: Encodable {
        var day: String
        var removed: Int
    }

    func run() async throws {
        let day = try AuditCommandSupport.day(day)
        try await CommandSupport.withDatabase { database, _ in
            let removed = try await AuditRestore(database: database).forget(day)
            try CommandSupport.printJSON(Answer(day: day.description, removed: removed))
        }
    }
}

struct AuditEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erases what tells of one person from a tenant's audit log and shares.",
        discussion: """
            Where the person acted: account, address, sender, query, value and data; where somebody else's entry speaks of them: \
            query, value and data. The chain verifies as before. Archives that were written before keep what they hold. In shares: \
            who shared and what they wrote to it; recipients, whose links end, and from where they came; every text that holds the \
            address.
            """)

    @Option(help: "The tenant's number.") var tenant: String
    @Option(help: "The person's id.") var user: String?
    @Option(help: "The person's address.") var email: String?

    private struct Answer: Encodable {
        var erased: Int64
        var shares: Int64
    }

    func validate() throws {
        guard user != nil || email != nil else { throw ValidationError("Give --user or --email, or both.") }
        if let user, UUID(uuidString: user) == nil { throw ValidationError("--user takes a person's id, not \(user).") }
    }

    func run() async throws {
        let id = try CommandSupport.tenantID(tenant)
        try await CommandSupport.withDatabase { database, _ in
            guard try await TenantStore(database: database).find(id) != nil else {
                throw Problem(.notFound, "There is no tenant \(id).")
            }
            let erased = try await AuditChainStore(database: database).erase(
                userID: user.flatMap(UUID.init(uuidString:)), email: email, tenant: id,
                now: try await DatabaseClock.read(database))
            try CommandSupport.printJSON(Answer(erased: erased.entries, shares: erased.shares))
        }
    }
}
