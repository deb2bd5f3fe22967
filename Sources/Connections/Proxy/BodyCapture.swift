import Synchronization

/// The first bytes of a body that streams by, and how many there were.
public final class BodyCapture: Sendable {
    /// Bytes kept: what an entry keeps of a body, and some more, so that a body cut here is seen to be cut there too.
    public static let longest = (256 << 10) + 16

    private struct State {
        var bytes: [UInt8] = []
        var size = 0
        var isComplete = false
    }

    private let state = Mutex(State())

    /// Captures nothing yet.
    public init() {}

    /// Takes a piece in.
    /// - Parameter piece: as it went by.
    public func append(_ piece: [UInt8]) {
        state.withLock { state in
            state.size += piece.count
            let room = Self.longest - state.bytes.count
            if room > 0 { state.bytes.append(contentsOf: piece.prefix(room)) }
        }
    }

    /// Notes that the body is over.
    public func end() { state.withLock { $0.isComplete = true } }

    /// What was kept.
    public var bytes: [UInt8] { state.withLock { $0.bytes } }

    /// Bytes that went by.
    public var size: Int { state.withLock { $0.size } }

    /// The whole body; nil when it was too long or is not over.
    var whole: [UInt8]? {
        state.withLock { $0.isComplete && $0.size == $0.bytes.count ? $0.bytes : nil }
    }
}
