/// How far a shipment has come.
public struct ShipProgress: Sendable, Hashable {
    /// Bytes of input whose entries are answered for.
    public var bytesRead: Int64
    /// Bytes of input in all; nil when a pipe is among it.
    public var bytesTotal: Int64?
    /// Entries answered for.
    public var entries: Int
    /// Since the start.
    public var elapsed: Duration

    /// Describes how far a shipment has come.
    /// - Parameters:
    ///   - bytesRead: of input.
    ///   - bytesTotal: of input; nil when unknown.
    ///   - entries: answered for.
    ///   - elapsed: since the start.
    public init(bytesRead: Int64, bytesTotal: Int64?, entries: Int, elapsed: Duration) {
        self.bytesRead = bytesRead
        self.bytesTotal = bytesTotal
        self.entries = entries
        self.elapsed = elapsed
    }

    /// Entries a second.
    public var rate: Double {
        let seconds = elapsed / .seconds(1)
        return seconds > 0 ? Double(entries) / seconds : 0
    }

    /// The part that is done, 0…1; nil when the end is unknown.
    public var fraction: Double? {
        guard let bytesTotal, bytesTotal > 0 else { return nil }
        return min(Double(bytesRead) / Double(bytesTotal), 1)
    }

    /// The time still to go at the pace so far; nil when it cannot be told.
    public var remaining: Duration? {
        guard let fraction, fraction > 0 else { return nil }
        return elapsed * (1 / fraction - 1)
    }
}

extension ShipProgress {
    /// One line for a terminal, never wider than it.
    /// - Parameter width: columns.
    /// - Returns: bar, entries, rate and time to go, as far as there is room.
    public func line(width: Int) -> String {
        var parts = ["\(entries) entries", "\(Int(rate))/s"]
        if let remaining { parts.append("\(remaining.clock) left") }
        let text = parts.joined(separator: "  ")
        guard let fraction else { return String("\(bytesRead.mebibytes) MiB  \(text)".prefix(width)) }
        let percent = "\(Int(fraction * 100))%"
        let cells = min(width - text.count - 11, 40)
        guard cells >= 8 else { return String("\(percent)  \(text)".prefix(width)) }
        let full = Int(fraction * Double(cells))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
        return "\(bar) \(String(repeating: " ", count: 4 - percent.count))\(percent)  \(text)"
    }

    /// One line for the end, and for logs.
    public var finalLine: String {
        "\(entries) entries, \(bytesRead.mebibytes) MiB in \(elapsed.clock), \(Int(rate))/s"
    }
}

extension Duration {
    /// `m:ss`, or `h:mm:ss`.
    fileprivate var clock: String {
        func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let seconds = components.seconds
        let minutes = seconds / 60
        guard minutes >= 60 else { return "\(minutes):\(twoDigits(seconds % 60))" }
        return "\(minutes / 60):\(twoDigits(minutes % 60)):\(twoDigits(seconds % 60))"
    }
}

extension Int64 {
    /// MiB with one digit after the point.
    fileprivate var mebibytes: String {
        let tenths = self * 10 / (1 << 20)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
