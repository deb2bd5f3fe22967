public import Foundation

/// Who is told of an event, and who is not, and why: decided once, from what is set.
public struct NotificationPlan: Sendable {
    /// Somebody who might be told.
    public struct Person: Sendable {
        /// Who it is.
        public var member: Member
        /// What they have switched off.
        public var preferences: NotificationPreferences

        /// Names a person.
        /// - Parameters:
        ///   - member: who it is.
        ///   - preferences: what they have switched off.
        public init(member: Member, preferences: NotificationPreferences) {
            self.member = member
            self.preferences = preferences
        }
    }

    /// A hook that might be called.
    public struct Hook: Sendable {
        /// Its id.
        public var id: UUID
        /// Webhook or chat.
        public var medium: NotificationMedium
        /// As the owners named it.
        public var name: String
        /// What it is called for.
        public var events: [String]
        /// Why it is switched off; nil when it is not.
        public var disabledReason: String?

        /// Puts a hook together; see the properties.
        public init(id: UUID, medium: NotificationMedium, name: String, events: [String], disabledReason: String?) {
            self.id = id
            self.medium = medium
            self.name = name
            self.events = events
            self.disabledReason = disabledReason
        }
    }

    /// One line of the ledger.
    public struct Decision: Sendable, Hashable {
        /// How.
        public var medium: NotificationMedium
        /// Whom: an address, a hook's name, or the people of a role.
        public var recipient: String
        /// The person; nil for hooks.
        public var userID: UUID?
        /// The hook; nil for people.
        public var channelID: UUID?
        /// Queued or suppressed.
        public var state: NotificationState
        /// Why.
        public var reason: String
        /// Not before this; nil for at once.
        public var dueAt: Timestamp?
    }

    /// People of one role that is switched off who get a line each; of more there is one line for all.
    static let mostNamedPerRole = 20

    /// What was decided.
    public var decisions: [Decision]

    /// Decides.
    /// - Parameters:
    ///   - event: what happened.
    ///   - people: the tenant's members.
    ///   - hooks: the tenant's hooks.
    ///   - settings: the tenant's.
    ///   - now: by `app_now()`.
    public init(
        _ event: NotificationEvent, people: [Person], hooks: [Hook], settings: NotificationSettings, now: Timestamp
    ) {
        let quietUntil = settings.quietHours?.end(holding: now)
        let quietWords = settings.quietHours.map { "quiet hours until \($0.to) (\($0.timeZone))" } ?? ""
        let enabled = settings.roles(for: event)
        decisions = people.filter { enabled.contains($0.member.role) }.map { person in
            let isOff = person.member.isDisabled || !person.preferences.wants(event)
            return Decision(
                medium: .mail, recipient: person.member.email, userID: person.member.userID, channelID: nil,
                state: isOff ? .suppressed : .queued,
                reason: person.member.isDisabled
                    ? "shut out of the tenant"
                    : isOff
                        ? "switched off by the recipient"
                        : quietUntil != nil ? quietWords : "role \(person.member.role.rawValue)",
                dueAt: isOff ? nil : quietUntil)
        }
        for role in Role.allCases where !enabled.contains(role) {
            let left = people.filter { $0.member.role == role }
            let reason = "role switched off: \(role.rawValue)"
            if left.count > Self.mostNamedPerRole {
                let words = "all \(left.count) with role \(role.rawValue)"
                decisions.append(Self.suppressed(.mail, recipient: words, reason: reason))
            } else {
                decisions += left.map {
                    Self.suppressed(.mail, recipient: $0.member.email, userID: $0.member.userID, reason: reason)
                }
            }
        }
        for hook in hooks where hook.events.contains(event.rawValue) {
            if let reason = hook.disabledReason {
                decisions.append(
                    Self.suppressed(
                        hook.medium, recipient: hook.name, channelID: hook.id, reason: "switched off: \(reason)"))
                continue
            }
            // machines do not sleep
            let isQuiet = quietUntil != nil && hook.medium == .slack
            decisions.append(
                Decision(
                    medium: hook.medium, recipient: hook.name, userID: nil, channelID: hook.id, state: .queued,
                    reason: isQuiet ? quietWords : "channel \(hook.name)", dueAt: isQuiet ? quietUntil : nil))
        }
    }

    /// Tells nobody.
    /// - Parameter reason: why.
    public init(suppressing reason: String) {
        decisions = [Self.suppressed(.mail, recipient: "everybody", reason: reason)]
    }

    private static func suppressed(
        _ medium: NotificationMedium, recipient: String, userID: UUID? = nil, channelID: UUID? = nil, reason: String
    ) -> Decision {
        Decision(
            medium: medium, recipient: recipient, userID: userID, channelID: channelID, state: .suppressed,
            reason: reason, dueAt: nil)
    }
}
