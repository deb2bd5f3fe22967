import Foundation

/// What the server answered to a batch.
public struct ShipAnswer: Sendable {
    /// The HTTP status.
    public var status: Int
    /// Names and values.
    public var headers: [(name: String, value: String)]
    /// JSON, unless a proxy answered.
    public var body: [UInt8]

    /// Describes an answer.
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - headers: names and values.
    ///   - body: as it came.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The seconds the server asks to wait; nil when it says nothing, or a date.
    var retryAfter: Duration? {
        let value = headers.first { $0.name.lowercased() == "retry-after" }?.value
        guard let value, let seconds = Int(value.filter { $0 != " " }), seconds >= 0 else { return nil }
        return .seconds(seconds)
    }

    /// Whether the same batch may well be taken a little later. 409 is the same batch still under way.
    var isTransient: Bool { [409, 429, 502, 503, 504].contains(status) }

    /// The words of the problem for people.
    var words: String {
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(body))
        let words = [problem?.title, problem?.detail].compactMap(\.self).filter { !$0.isEmpty }
        if !words.isEmpty { return words.joined(separator: ": ") }
        return "no problem description in \(body.count) bytes"
    }

    /// What became of a batch's entries; nil when the answer does not tell.
    func summary(of batch: ShipBatch) -> ShipSummary? {
        guard [200, 207, 422].contains(status), let counts = try? JSONDecoder().decode(Counts.self, from: Data(body))
        else { return nil }
        var summary = ShipSummary()
        summary.accepted = counts.accepted
        summary.duplicates = counts.duplicates
        summary.unreachable = counts.unreachable
        summary.rejected = counts.rejected
        for error in counts.errors ?? [] where batch.places.indices.contains(error.index) {
            summary.note(
                ShipIssue(
                    place: batch.places[error.index],
                    pointer: error.pointer ?? "",
                    code: error.code,
                    detail: error.detail ?? ""
                )
            )
        }
        return summary
    }

    private struct Problem: Decodable {
        var title: String?
        var detail: String?
    }

    private struct Counts: Decodable {
        struct Issue: Decodable {
            var index: Int
            var pointer: String?
            var code: String
            var detail: String?
        }

        var accepted: Int
        var duplicates: Int
        var unreachable: Int
        var rejected: Int
        var errors: [Issue]?
    }
}
