import Domain
import Store

/// What bodies and forms say of notifications.
extension BodyMembers {
    /// The members of a tenant's settings.
    static let ofNotificationSettings: Set = ["first_error", "reauthorise", "quiet_hours"]
    /// The members of a person's preferences.
    static let ofNotificationPreferences: Set = ["first_error", "reauthorise"]
    /// The members of a channel that is to be made.
    static let ofNewChannel: Set = ["kind", "name", "url", "events"]
    /// The members of a channel that can be changed.
    static let ofChannel: Set = ["name", "url", "events", "enabled"]

    /// A tenant's settings. What is absent stays as it is; `quiet_hours: null` ends them.
    /// - Parameter present: as they are.
    /// - Throws: `Problem` with all that is wrong.
    mutating func notificationSettings(over present: NotificationSettings) throws(Problem) -> NotificationSettings {
        var settings = present
        settings.firstErrorRoles = roles("first_error") ?? settings.firstErrorRoles
        settings.reauthoriseRoles = roles("reauthorise") ?? settings.reauthoriseRoles
        if isNull("quiet_hours") { settings.quietHours = nil }
        let quiet = object("quiet_hours", allowing: ["from", "to", "time_zone"], Self.quietHours)
        try finish()
        settings.quietHours = quiet ?? settings.quietHours
        return settings
    }

    private mutating func roles(_ name: String) -> Set<Role>? {
        object(name, allowing: ["roles"]) { event in
            event.require("roles")
            return event.choices("roles", of: Role.self)
        }
    }

    private static func quietHours(_ members: inout BodyMembers) -> QuietHours? {
        members.require("from", "to", "time_zone")
        func time(_ name: String) -> ClockTime? {
            guard let text = members.text(name, longest: 10) else { return nil }
            return ClockTime(text) ?? members.issue(name, "invalid_format", "it is a time of day such as 22:00")
        }
        let from = time("from")
        let to = time("to")
        let zone = members.text("time_zone", longest: 64)
        if let zone, !QuietHours.isKnown(timeZone: zone) {
            members.issue("time_zone", "unknown_value", "it is a name of the IANA database such as Europe/Berlin")
        }
        guard let from, let to, let zone else { return nil }
        guard from != to else { return members.issue("to", "out_of_range", "it is another time than from") }
        return QuietHours(from: from, to: to, timeZone: zone)
    }

    /// A person's preferences; what is absent stays as it is.
    /// - Parameter present: as they are.
    /// - Throws: `Problem` with all that is wrong.
    mutating func notificationPreferences(
        over present: NotificationPreferences
    ) throws(Problem) -> NotificationPreferences {
        var preferences = present
        preferences.firstError = truth("first_error") ?? preferences.firstError
        preferences.reauthorise = truth("reauthorise") ?? preferences.reauthorise
        try finish()
        return preferences
    }

    /// A channel's name; nil when absent.
    private mutating func channelName() -> String? {
        guard let name = text("name") else { return nil }
        return name.isEmpty ? issue("name", "required", "a channel needs a name") : name
    }

    /// A URL that might be called; nil when absent.
    /// - Parameter addressGuard: for refusing at once what would be refused at delivery.
    private mutating func channelURL(_ addressGuard: AddressGuard) -> OutgoingURL? {
        guard let text = text("url", longest: OutgoingURL.longest) else { return nil }
        let url: OutgoingURL
        do { url = try OutgoingURL(text) } catch { return issue("url", "invalid_format", error.description) }
        if let refusal = addressGuard.refusal(of: url) { return issue("url", "not_allowed", refusal) }
        return url
    }

    /// At least one event; nil when absent.
    private mutating func channelEvents() -> Set<NotificationChannel.Event>? {
        guard let events = choices("events", of: NotificationChannel.Event.self) else { return nil }
        return events.isEmpty ? issue("events", "required", "a channel needs an event") : events
    }

    /// What is to change of a channel; what is absent stays as it is.
    /// - Parameter addressGuard: for refusing at once what would be refused at delivery.
    /// - Throws: `Problem` with all that is wrong.
    mutating func channelChange(_ addressGuard: AddressGuard) throws(Problem) -> NotificationChannelStore.Change {
        var change = NotificationChannelStore.Change()
        change.name = channelName()
        change.url = channelURL(addressGuard)
        change.events = channelEvents()
        change.isEnabled = truth("enabled")
        try finish()
        return change
    }

    /// A channel that is to be made.
    struct NewChannel {
        var kind: NotificationChannel.Kind
        var name: String
        var url: OutgoingURL
        var events: Set<NotificationChannel.Event>
    }

    /// A channel that is to be made.
    /// - Parameter addressGuard: for refusing at once what would be refused at delivery.
    /// - Throws: `Problem` with all that is wrong.
    mutating func newChannel(_ addressGuard: AddressGuard) throws(Problem) -> NewChannel {
        require("kind", "name", "url", "events")
        let kind = choice("kind", of: NotificationChannel.Kind.self)
        let name = channelName()
        let url = channelURL(addressGuard)
        let events = channelEvents()
        try finish()
        guard let kind, let name, let url, let events else {
            throw Problem(.invalidParameter, "kind, name, url and events are needed.")
        }
        return NewChannel(kind: kind, name: name, url: url, events: events)
    }
}
