import ArgumentParser
import AuditChain
import Store
import Vault

struct EncryptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encryption", abstract: "Looks after the keys that secrets are kept under.",
        subcommands: [Rotate.self])

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seals every secret anew under the newest key.",
            discussion: """
                First put the new key in front of CALLTRAIL_ENCRYPTION_KEYS of every api and worker and start them again, \
                then run this, then take away the old keys that it names as no longer needed. It can be run while \
                they serve, and again after it was cut off.
                """)

        func run() async throws {
            try await CommandSupport.withDatabase { database, settings in
                try settings.requireEncryptionKeys()
                let vault = Vault(keys: settings.encryptionKeys)
                _ = try await KeyCheckStore(database: database).check(vault)
                let report = try await SecretRotation(database: database, vault: vault).run()
                let signer = AuditSigner(seeds: vault.signingKeys(AuditSigner.purpose))
                let chains = AuditChainStore(database: database)
                var signed = 0
                for tenant in try await chains.tenants() {
                    signed += try await chains.signAnew(tenant: tenant, signer: signer)
                }
                try CommandSupport.printJSON(Answer(report, newest: vault.keyIDs.first ?? "", checkpoints: signed))
                for failure in report.failures { say("\(failure)") }
                guard report.failures.isEmpty else {
                    throw CommandSupport.Failure(
                        message: "\(report.failures.count) secrets do not open; the keys that they need must stay")
                }
            }
        }
    }

    private struct Answer: Encodable {
        struct Table: Encodable {
            var table: String
            var column: String
            var resealed: Int
            var untouched: Int
            var unopened: Int
        }

        var newestKey: String
        var secrets: [Table]
        var retiredKeys: [String]
        var neededKeys: [String]
        /// Checkpoints of the audit log that were signed anew.
        var checkpoints: Int

        init(_ report: SecretRotation.Report, newest: String, checkpoints: Int) {
            newestKey = newest
            self.checkpoints = checkpoints
            secrets = report.counts.map {
                Table(
                    table: $0.table, column: $0.column, resealed: $0.resealed, untouched: $0.untouched,
                    unopened: $0.unopened)
            }
            retiredKeys = report.retiredKeys
            neededKeys = report.neededKeys
        }
    }
}
