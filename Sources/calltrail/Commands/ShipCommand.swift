import ArgumentParser
import Foundation
import Shipping
import Transfer

struct ShipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ship",
        abstract: "Sends calls in from files: NDJSON, JSON, or a HAR of a browser's network panel.",
        discussion: """
            What a file holds is told by its content, not by its name; - is stdin. Entries with an id may be sent again: \
            the server counts them as duplicates. The summary goes to stdout; exit 1 when an entry was rejected.
            """)

    @Option(help: "Where the API is.") var url = "http://127.0.0.1:8080"
    @Option(help: "An API key with the scope call_logs:write; CALLTRAIL_KEY when not given.") var key: String?
    @Option(help: "The bot to file a HAR's calls under.") var bot = "har-import"
    @Option(help: "That bot's name.") var botName: String?
    @Argument(help: "Files to send; - is stdin.") var files: [String]

    func run() async throws {
        guard let key = key ?? ProcessInfo.processInfo.environment["CALLTRAIL_KEY"], !key.isEmpty else {
            throw ValidationError("Give an API key with --key or CALLTRAIL_KEY.")
        }
        let endpoint = (url.hasSuffix("/") ? String(url.dropLast()) : url) + "/v1/call-logs"
        let transfer = try HTTPTransfer(certificateFile: ProcessInfo.processInfo.environment["CALLTRAIL_CA_FILE"])
        defer { transfer.shutDown() }
        let shipper = Shipper(isTransient: { ($0 as? TransferError)?.isTransient ?? false }) { body, idempotencyKey in
            let response = try await transfer.perform(
                HTTPTransferRequest(
                    method: "POST", url: endpoint,
                    headers: [
                        HTTPTransferHeader("Authorization", "Bearer \(key)"),
                        HTTPTransferHeader("Content-Type", "application/x-ndjson"),
                        HTTPTransferHeader("Idempotency-Key", idempotencyKey),
                    ],
                    body: body, timeout: .seconds(60)))
            return ShipAnswer(
                status: response.status, headers: response.headers.map { ($0.name, $0.value) }, body: response.body)
        }
        let bar = ProgressBar()
        do {
            let inputs = try files.map { try ShipInput(name: $0) }
            let har = HARImport(botID: bot, botName: botName ?? (bot == "har-import" ? "HAR import" : nil))
            let summary = try await shipper.ship(inputs, har: har) { bar.show($0) }
            bar.finish()
            print(summary)
            if summary.rejected > 0 { throw ExitCode(1) }
        } catch let failure as ShipFailure {
            bar.finish()
            if failure.summary.total > 0 { print("until then: \(failure.summary)") }
            throw CommandSupport.Failure(message: failure.description)
        } catch let error as ShipError {
            throw CommandSupport.Failure(message: error.description)
        }
    }
}
