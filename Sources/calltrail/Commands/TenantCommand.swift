import ArgumentParser
import Domain
import Foundation
import Store

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Creates, lists and changes tenants.",
        subcommands: [Create.self, List.self, Update.self])

    /// A tenant as the commands print it.
    struct Shown: Encodable {
        var tenantId: String
        var name: String
        var plan: String
        var module: String

        init(_ tenant: Tenant) {
            tenantId = tenant.id.description
            name = tenant.name
            plan = tenant.plan.rawValue
            module = tenant.module.rawValue
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Creates a tenant and its owner.")

        @Option(help: "The tenant's name.") var name: String
        @Option(help: "The owner's address.") var ownerEmail: String
        @Option(help: "The plan; call logs need business or enterprise.") var plan = "business"
        @Option(help: "The module; call logs need unified.") var module = "unified"
        @Flag(help: "Read the owner's password from stdin.") var ownerPasswordStdin = false

        private struct Answer: Encodable {
            struct Owner: Encodable {
                var userId: String
                var email: String
                var setupUrl: NullWhenNil
            }
            var tenantId: String
            var owner: Owner
        }

        func run() async throws {
            let password = ownerPasswordStdin ? readLine(strippingNewline: true) : nil
            if ownerPasswordStdin, password == nil { throw ValidationError("There is no password on stdin.") }
            try await CommandSupport.withDatabase { database, settings in
                let (tenant, owner) = try await TenantStore(database: database).create(
                    name: name, plan: Plan(rawValue: plan), module: Module(rawValue: module), ownerEmail: ownerEmail,
                    ownerPassword: password)
                let setupURL = owner.setupToken.map { "\(settings.publicURL)/setup/\($0)" }
                try CommandSupport.printJSON(
                    Answer(
                        tenantId: tenant.id.description,
                        owner: .init(
                            userId: owner.userID.uuidString.lowercased(), email: owner.email,
                            setupUrl: NullWhenNil(value: setupURL))))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints every tenant, a JSON object a line.")

        func run() async throws {
            try await CommandSupport.withDatabase { database, _ in
                for tenant in try await TenantStore(database: database).list() {
                    try CommandSupport.printJSON(Shown(tenant))
                }
            }
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes a tenant's plan or module; takes effect within a second.")

        @Option(help: "The tenant's number.") var tenant: String
        @Option(help: "The new plan.") var plan: String?
        @Option(help: "The new module.") var module: String?

        func run() async throws {
            let id = try CommandSupport.tenantID(tenant)
            try await CommandSupport.withDatabase { database, _ in
                let updated = try await TenantStore(database: database).update(
                    id, plan: plan.map(Plan.init(rawValue:)), module: module.map(Module.init(rawValue:)))
                guard let updated else { throw Problem(.notFound, "There is no tenant \(id).") }
                try CommandSupport.printJSON(Shown(updated))
            }
        }
    }
}
