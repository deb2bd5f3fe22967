import Domain
import Foundation

/// What a hook is told: an event and its facts, as far as they are known.
struct HookNews: Sendable {
    let event: NotificationEvent
    /// Facts that are there; those that are null are left out.
    let facts: [String: JSONValue]
    /// When it was decided to tell.
    let createdAt: Timestamp

    /// Reads the facts.
    /// - Parameters:
    ///   - event: what happened.
    ///   - factsJSON: an object; anything else counts as one without members.
    ///   - createdAt: when it was decided to tell.
    init(_ event: NotificationEvent, factsJSON: String, createdAt: Timestamp) {
        self.event = event
        self.createdAt = createdAt
        let read = try? JSONDecoder().decode([String: JSONValue].self, from: Data(factsJSON.utf8))
        facts = (read ?? [:]).filter { $0.value != .null }
    }

    /// A fact in words; nil when it is not there, empty, or has parts.
    func text(_ name: String) -> String? {
        switch facts[name] {
        case .text(let text): text.isEmpty ? nil : text
        case .integer(let integer): String(integer)
        case .number(let number): String(number)
        case .truth(let truth): truth ? "yes" : "no"
        case .null, .array, .object, nil: nil
        }
    }
}
