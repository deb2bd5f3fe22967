import Domain
import Foundation

/// An entry of the audit log as a plain sentence: "alice@example.com revoked the API key Backend".
struct AuditSentence: Sendable {
    /// A part of it.
    struct Part: ViewModel {
        let text: String
        /// Whether it is a name that somebody chose.
        var isName = false
        /// Whether it is written as in code.
        var isCode = false
    }

    private(set) var parts: [Part] = []

    /// Puts an entry into words.
    init(_ entry: AuditEntry) {
        let content = entry.content
        switch content.code {
        case .apiCall, .shareCall: call(entry)
        case .loginSucceeded:
            name(content.value ?? content.sender, entry)
            say(" signed in")
        case .loginFailed:
            say("Signing in as ")
            name(content.value, entry)
            say(Self.isThrottled(content.data) ? " was refused, after too many attempts" : " failed")
        case .entityCreated, .entityUpdated, .entityDeleted: change(entry)
        case .mediaDownloaded: reader(entry, "downloaded", content.value)
        case .pageLoaded: reader(entry, "loaded a shared page", nil)
        case .urlOpened: reader(entry, "opened the link they received", nil)
        case .requestSent:
            say("A link was sent to ")
            name(content.value, entry)
        case .emailOpened:
            name(content.value ?? content.sender, entry)
            say(" opened the mail with the link")
        }
    }

    /// The sentence without its marks.
    var text: String { parts.map(\.text).joined() }

    private mutating func say(_ words: String) { parts.append(Part(text: words)) }

    private mutating func name(_ text: String?, _ entry: AuditEntry) {
        guard let text, !text.isEmpty else { return say(entry.isErased ? "somebody who was erased" : "somebody") }
        parts.append(Part(text: text.visible.cut(at: 120), isName: true))
    }

    private mutating func who(_ entry: AuditEntry) {
        let content = entry.content
        if content.apiKeyID != nil {
            say("API key ")
            name(content.sender ?? content.apiKeyID?.uuidString.lowercased(), entry)
        } else if content.userID == nil, content.sender == "calltrail" {
            say("Calltrail")
        } else if content.sender?.isEmpty ?? true {
            say(entry.isErased ? "Somebody who was erased" : "Somebody")
        } else {
            name(content.sender, entry)
        }
    }

    /// What a recipient did, whose address stands in one place or the other.
    private mutating func reader(_ entry: AuditEntry, _ words: String, _ object: String?) {
        who(entry)
        say(" \(words)")
        guard let object, !object.isEmpty else { return }
        say(" ")
        parts.append(Part(text: object.visible.cut(at: 120), isName: true))
    }

    private mutating func call(_ entry: AuditEntry) {
        let content = entry.content
        let path = String((content.path ?? "").prefix { $0 != "?" }).visible.cut(at: 160)
        let method = (content.method ?? "").visible
        who(entry)
        if entry.content.code == .shareCall || path.hasPrefix("/v1/") {
            say(" called ")
            parts.append(Part(text: "\(method) \(path)", isCode: true))
        } else {
            say(method == "GET" || method == "HEAD" ? " opened the page " : " sent a form of ")
            parts.append(Part(text: path, isCode: true))
        }
        if let status = content.status { say(": \(status)") }
    }

    private mutating func change(_ entry: AuditEntry) {
        let content = entry.content
        let entity = content.relatedModel.flatMap(AuditEntity.init)
        who(entry)
        let isOwn = entity == .user && content.relationKey == content.userID?.uuidString.lowercased()
        if isOwn, content.code == .entityUpdated {
            say(" changed their own account")
        } else {
            say(" " + Self.words(content.code, entity, model: content.relatedModel))
            if let label = content.value, !label.isEmpty {
                say(" ")
                parts.append(Part(text: label.visible.cut(at: 120), isName: true))
            }
        }
        let fields = Self.fields(content.data)
        if !fields.isEmpty { say(": " + fields.joined(separator: ", ")) }
    }

    /// Whether a login was not looked at.
    private static func isThrottled(_ data: String?) -> Bool {
        struct Login: Decodable { var outcome: String }
        guard let data, let login = try? JSONDecoder().decode(Login.self, from: Data(data.utf8)) else { return false }
        return login.outcome == "throttled"
    }

    /// The names of the fields that were changed.
    private static func fields(_ data: String?) -> [String] {
        struct Change: Decodable { var changed: [String] }
        guard let data, let change = try? JSONDecoder().decode(Change.self, from: Data(data.utf8)) else { return [] }
        return change.changed.map { $0.replacing("_", with: " ").visible.cut(at: 60) }
    }

    private static func words(_ code: AuditCode, _ entity: AuditEntity?, model: String?) -> String {
        switch (entity, code) {
        case (.apiKey, .entityDeleted): "revoked the API key"
        case (.invitation, .entityCreated): "invited"
        case (.invitation, .entityDeleted): "withdrew the invitation of"
        case (.invitation, _): "renewed the invitation of"
        case (.session, .entityDeleted): "ended one of their sessions"
        case (.share, .entityCreated): "shared a call with"
        case (.share, .entityDeleted): "revoked a share"
        case (.user, .entityCreated): "added"
        case (.user, .entityDeleted): "removed"
        case (.user, _): "changed"
        case (_, .entityCreated): "made \(thing(entity, model))"
        case (_, .entityDeleted): "deleted \(thing(entity, model))"
        default: "changed \(thing(entity, model))"
        }
    }

    private static func thing(_ entity: AuditEntity?, _ model: String?) -> String {
        switch entity {
        case .apiKey: "the API key"
        case .bot: "the bot"
        case .callLog: "the call"
        case .connection: "the connection"
        case .invitation: "the invitation of"
        case .notificationChannel: "the notification channel"
        case .notificationPreferences: "their notification preferences"
        case .notificationSettings: "the notification settings"
        case .session: "the session"
        case .share: "the share"
        case .tenant: "the tenant"
        case .user: "the member"
        case nil: (model ?? "something").visible.cut(at: 60)
        }
    }
}

extension AuditCode {
    /// A few words for a filter.
    var words: String {
        switch self {
        case .apiCall: "Calls of the API and pages"
        case .shareCall: "Calls of share pages"
        case .loginSucceeded: "Signed in"
        case .loginFailed: "Failed to sign in"
        case .entityCreated: "Made"
        case .entityDeleted: "Deleted"
        case .entityUpdated: "Changed"
        case .mediaDownloaded: "Downloads"
        case .pageLoaded: "Shared pages loaded"
        case .urlOpened: "Links opened"
        case .requestSent: "Links sent"
        case .emailOpened: "Mails opened"
        }
    }
}

extension AuditEntity {
    /// What it is called in a filter.
    var words: String {
        switch self {
        case .apiKey: "API keys"
        case .bot: "Bots"
        case .callLog: "Calls"
        case .connection: "Connections"
        case .invitation: "Invitations"
        case .notificationChannel: "Notification channels"
        case .notificationPreferences: "Notification preferences"
        case .notificationSettings: "Notification settings"
        case .session: "Sessions"
        case .share: "Shares"
        case .tenant: "Tenants"
        case .user: "Members"
        }
    }
}
