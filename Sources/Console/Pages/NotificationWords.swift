public import Domain

extension NotificationEvent {
    /// What happened, as people read it.
    public var words: String {
        switch self {
        case .firstError: "First error of a bot"
        case .reauthorise: "Connection broke or works again"
        case .test: "Test of a channel"
        }
    }
}

extension NotificationChannel.Event {
    var words: String {
        switch self {
        case .firstError: NotificationEvent.firstError.words
        case .reauthorise: NotificationEvent.reauthorise.words
        }
    }
}

extension NotificationChannel.Kind {
    var words: String {
        switch self {
        case .webhook: "Webhook"
        case .slack: "Slack"
        }
    }
}

extension NotificationMedium {
    var words: String {
        switch self {
        case .mail: "Mail"
        case .webhook: "Webhook"
        case .slack: "Slack"
        case .none: "Nobody"
        }
    }
}

extension NotificationState {
    /// Where it stands, as people read it.
    public var words: String {
        switch self {
        case .queued: "Waiting"
        case .sending: "Being sent"
        case .sent: "Sent"
        case .uncertain: "Perhaps sent"
        case .suppressed: "Not sent"
        case .dead: "Failed"
        }
    }

    var badge: Badge {
        switch self {
        case .queued, .sending, .suppressed: Badge(words, .neutral)
        case .sent: Badge(words, .success)
        case .uncertain: Badge(words, .warning)
        case .dead: Badge(words, .error)
        }
    }
}
