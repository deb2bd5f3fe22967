import Foundation
import Synchronization

/// Shows progress on a terminal, and one line at the end wherever standard error goes.
public final class ProgressBar: Sendable {
    private let descriptor: Int32
    private let isTerminal: Bool
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    private struct State {
        var latest: ShipProgress?
        var drawnAt: Duration?
    }

    /// More often nobody can read it, and writing to a terminal takes time.
    private static let interval: Duration = .milliseconds(100)

    /// A bar on standard error.
    public convenience init() {
        self.init(descriptor: STDERR_FILENO, isTerminal: isatty(STDERR_FILENO) == 1) { text in
            FileHandle.standardError.write(Data(text.utf8))
        }
    }

    /// A bar anywhere.
    /// - Parameters:
    ///   - descriptor: asked for the terminal's width.
    ///   - isTerminal: whether anything but the final line is drawn.
    ///   - write: takes the text.
    init(descriptor: Int32, isTerminal: Bool, write: @escaping @Sendable (String) -> Void) {
        self.descriptor = descriptor
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Draws the bar over the one before.
    /// - Parameter progress: how far the shipment has come.
    public func show(_ progress: ShipProgress) {
        let isDue = state.withLock { state in
            state.latest = progress
            if let drawnAt = state.drawnAt, progress.elapsed - drawnAt < Self.interval { return false }
            state.drawnAt = progress.elapsed
            return isTerminal
        }
        // The last column stays free: a terminal may wrap a line that fills it. ESC [ K clears what was longer before.
        if isDue { write("\r\(progress.line(width: width - 1))\u{1B}[K") }
    }

    /// Replaces the bar by the final line; nothing when nothing was shown.
    public func finish() {
        guard let latest = state.withLock(\.latest) else { return }
        write((isTerminal ? "\r\u{1B}[K" : "") + latest.finalLine + "\n")
    }

    private var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
