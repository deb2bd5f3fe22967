import Domain

/// What comes of an outcome that a connection has taken in: what is written into its history, and who is told. A value.
struct ConnectionTurn {
    /// What happened; nil when its state is the one it was.
    var event: ConnectionEvent.Kind?
    /// In words.
    var detail: String?
    /// What people are told of; nil when nothing.
    var notice: ConnectionHealth.Change?
    /// Since when it is as it is.
    var since: Timestamp
    /// For a recovery: since when it had not worked.
    var brokenSince: Timestamp?
    /// When people are to be told of a break that they are not told of now, should it last.
    var toldLater: Timestamp?

    /// - Parameters:
    ///   - before: the connection as it stood.
    ///   - health: how it is now.
    ///   - change: what people would be told of.
    ///   - now: by `app_now()`.
    init(
        from before: ConnectionStore.Standing, to health: ConnectionHealth, change: ConnectionHealth.Change?,
        now: Timestamp
    ) {
        since = health.since
        detail = health.reason
        if health.state != before.health.state { event = Self.event(of: health.state) }
        switch change {
        case .recovered:
            brokenSince = before.health.since
            // only a break that was told of is over for those who were told
            if let toldAt = before.toldAt, toldAt >= before.health.since { notice = .recovered }
        case .broken: tell(before, now)
        case nil:
            // still broken, and not told of
            guard health.state == .needsReauth, let toldAt = before.toldAt, toldAt < health.since else { return }
            tell(before, now)
        }
    }

    /// Tells of the break, or says when to.
    private mutating func tell(_ before: ConnectionStore.Standing, _ now: Timestamp) {
        guard let toldAt = before.toldAt, before.authorisedAt.map({ $0 < toldAt }) ?? true else {
            notice = .broken
            return
        }
        let next = toldAt.advanced(bySeconds: ConnectionStore.tellAgainSeconds)
        guard now < next else {
            notice = .broken
            return
        }
        toldLater = next
        detail = [detail, "(not told again: told at \(toldAt))"].compactMap(\.self).joined(separator: " ")
    }

    private static func event(of state: ConnectionState) -> ConnectionEvent.Kind {
        switch state {
        case .healthy: .recovered
        case .needsReauth: .broken
        case .degraded: .degraded
        case .disabled: .disabled
        }
    }
}
