import Console
import Domain

extension LogPeriod {
    /// When the period of an address that counts back from now began; nil where the address has none.
    /// - Parameters:
    ///   - address: a list's filters.
    ///   - now: until when it counts.
    /// - Throws: `invalid_parameter` for a period that there is not.
    static func start(in address: some FilterAddress, now: Timestamp) throws(Problem) -> Timestamp? {
        guard let name = address["period"].first else { return nil }
        guard let period = LogPeriod(rawValue: name) else {
            let known = LogPeriod.allCases.map(\.rawValue).joined(separator: ", ")
            throw .parameter("period", "it is one of \(known)")
        }
        return now.advanced(bySeconds: -period.seconds)
    }
}
