import ArgumentParser
import Domain
import Store

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Shows jobs that were given up, and lets them run again.",
        subcommands: [Dead.self, Retry.self])

    struct Dead: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists jobs that were given up, the latest first: a JSON object a line.")

        @Option(help: "The most to list.") var limit = 50

        func validate() throws {
            guard (1...10_000).contains(limit) else { throw ValidationError("--limit is from 1 to 10000.") }
        }

        func run() async throws {
            try await CommandSupport.withDatabase { database, _ in
                for job in try await JobStore(database: database).dead(limit: limit) {
                    try CommandSupport.printJSON(
                        Line(
                            jobID: job.id, kind: job.kind, tenantID: job.tenant.map(\.description),
                            attempts: Int(job.attempts), diedAt: job.diedAt.description, reason: job.reason))
                }
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets jobs that were given up run again, with all their attempts.")

        @Argument(help: "The numbers of the jobs, as `job dead` shows them.") var jobs: [Int64]

        func run() async throws {
            try await CommandSupport.withDatabase { database, _ in
                let revived = try await JobStore(database: database).revive(jobs)
                guard revived == Set(jobs).count else {
                    throw CommandSupport.Failure(
                        message: "\(revived) of \(Set(jobs).count) run again; the others are not there, or not dead")
                }
                say("\(revived) run again")
            }
        }
    }

    private struct Line: Encodable {
        var jobID: Int64
        var kind: String
        var tenantID: String?
        var attempts: Int
        var diedAt: String
        var reason: String
    }
}
