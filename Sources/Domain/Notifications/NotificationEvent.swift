/// What somebody may be told about.
public enum NotificationEvent: String, Sendable, CaseIterable {
    /// The first error of a bot in 24 hours.
    case firstError = "first_error"
    /// A connection that lost its authorisation, or has it back.
    case reauthorise
    /// Somebody tried out a channel.
    case test
}

/// How somebody is told.
public enum NotificationMedium: String, Sendable, CaseIterable {
    case mail
    case webhook
    case slack
    /// The decision was not about a recipient.
    case none
}

/// Where a notification stands.
public enum NotificationState: String, Sendable, CaseIterable {
    /// It will be sent, perhaps later.
    case queued
    /// A worker is at it.
    case sending
    /// It was taken.
    case sent
    /// It may have been taken: the other side did not say so.
    case uncertain
    /// It was decided not to send it.
    case suppressed
    /// It could not be sent.
    case dead
}
