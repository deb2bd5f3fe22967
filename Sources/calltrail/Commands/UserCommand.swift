import ArgumentParser
import Domain
import Foundation
import Store

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Makes people members of a tenant.", subcommands: [Create.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a person a member; without a password, a one-time link lets them choose one.")

        @Option(help: "The tenant's number.") var tenant: String
        @Option(help: "The person's address.") var email: String
        @Option(help: "One of \(Role.allCases.map(\.rawValue).joined(separator: ", ")).") var role: String
        @Option(help: "The person's name.") var name = ""
        @Flag(help: "Read the person's password from stdin.") var passwordStdin = false

        private struct Answer: Encodable {
            var userId: String
            var email: String
            var role: String
            var setupUrl: String?
        }

        func run() async throws {
            let id = try CommandSupport.tenantID(tenant)
            guard let role = Role(rawValue: role) else {
                throw ValidationError("--role is one of \(Role.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            guard let address = EmailAddress(email) else { throw ValidationError("\(email) is no e-mail address.") }
            let password = passwordStdin ? readLine(strippingNewline: true) : nil
            if passwordStdin, password == nil { throw ValidationError("There is no password on stdin.") }
            try await CommandSupport.withDatabase { database, settings in
                guard try await TenantStore(database: database).find(id) != nil else {
                    throw Problem(.notFound, "There is no tenant \(id).")
                }
                let made = try await MemberStore(database: database).create(
                    tenant: id, email: address, name: name, role: role, password: password, authority: .operator,
                    now: DatabaseClock.read(database))
                try CommandSupport.printJSON(
                    Answer(
                        userId: made.member.userID.uuidString.lowercased(), email: made.member.email,
                        role: made.member.role.rawValue,
                        setupUrl: made.setupToken.map { "\(settings.publicURL)/setup/\($0)" }))
            }
        }
    }
}
