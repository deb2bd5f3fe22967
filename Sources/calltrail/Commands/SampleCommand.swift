import ArgumentParser
import Demo
import Domain
import Foundation

struct SampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Prints realistic calls as NDJSON, to try things out and to measure.")

    @Option(help: "How many.") var entries = 1000
    @Option(help: "The same number gives the same calls.") var seed: UInt64 = 1
    @Option(help: "Spread over this many hours up to now.") var hours = 24.0
    @Flag(help: "With ids, so that sending them twice does no harm.") var ids = false

    func run() async throws {
        guard entries > 0, hours > 0 else { throw ValidationError("--entries and --hours are positive.") }
        let now = Timestamp(Date())
        var lines: [UInt8] = []
        for call in DemoStory(
            seed: seed, from: now.advanced(bySeconds: -Int64(hours * 3600)), to: now, count: entries)
        {
            call.appendLine(to: &lines, includeID: ids)
            guard lines.count > 1 << 20 else { continue }
            try FileHandle.standardOutput.write(contentsOf: Data(lines))
            lines.removeAll(keepingCapacity: true)
        }
        try FileHandle.standardOutput.write(contentsOf: Data(lines))
    }
}
