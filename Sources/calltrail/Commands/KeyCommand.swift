import ArgumentParser
import Domain
import Foundation
import Store

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Creates and revokes API keys.", subcommands: [Create.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Creates an API key; it is shown this once.")

        @Option(help: "The tenant's number.") var tenant: String
        @Option(help: "A name for people.") var name: String
        @Option(help: "What it may do, separated by commas: \(Scope.allCases.map(\.rawValue).joined(separator: ", ")).")
        var scopes: String
        @Option(help: "Days until it expires; without, it does not.") var expiresDays: Int?

        private struct Answer: Encodable {
            var keyId: String
            var key: String
        }

        func run() async throws {
            let id = try CommandSupport.tenantID(tenant)
            let known = try scopes.split(separator: ",").map { text in
                guard let scope = Scope(rawValue: text.trimmingCharacters(in: .whitespaces)) else {
                    let all = Scope.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("There is no scope \(text); there are \(all).")
                }
                return scope
            }
            guard !known.isEmpty else { throw ValidationError("A key needs a scope.") }
            if let expiresDays, expiresDays < 1 { throw ValidationError("--expires-days is 1 or more.") }
            try await CommandSupport.withDatabase { database, _ in
                let key = try await APIKeyStore(database: database).create(
                    tenant: id, name: name, scopes: Set(known), lifetimeDays: expiresDays)
                try CommandSupport.printJSON(Answer(keyId: key.id.uuidString.lowercased(), key: key.text))
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ends a key's life; takes effect within a second.")

        @Option(help: "The tenant's number.") var tenant: String
        @Option(help: "The key's id, as create printed it.") var key: String

        func run() async throws {
            let id = try CommandSupport.tenantID(tenant)
            guard let keyID = UUID(uuidString: key) else { throw ValidationError("--key takes a key's id.") }
            try await CommandSupport.withDatabase { database, _ in
                guard try await APIKeyStore(database: database).revoke(keyID, tenant: id) else {
                    throw Problem(.notFound, "Tenant \(id) has no key \(key) in force.")
                }
            }
        }
    }
}
