public import Domain
import Foundation

/// A webhook's or Slack's name, address and what it is told of.
public enum ChannelPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - channel: as it is.
    ///   - refused: what was sent and can't be used.
    public static func content(_ channel: NotificationChannel, refused: RefusedForm?) -> [any Component] {
        let kept =
            "Now at \(channel.origin.visible.cut(at: 200)). It stays so when this is empty: what is sealed is not shown."
        return [
            BackLink("Notifications", path: NotificationsPage.path),
            PageHead(channel.name.cut(at: 120), lead: channel.kind.words),
            Panel(
                "Name, address and events",
                content: (refused?.words.map { [Notice($0, .error)] } ?? []) + [
                    Form(
                        action: path(channel),
                        fields: [
                            nameField(refused?.value("name") ?? channel.name, refused),
                            addressField(hint: kept, isRequired: false, refused),
                            events(chosen: Set(channel.events.map(\.rawValue)), refused),
                        ], buttons: [Button("Save channel"), LinkButton("Cancel", path: NotificationsPage.path)])
                ]),
        ]
    }

    static func path(_ channel: NotificationChannel) -> String {
        "\(NotificationsPage.path)/channels/\(channel.id.uuidString.lowercased())"
    }

    static func nameField(_ name: String, _ refused: RefusedForm?) -> Field {
        Field("name", label: "Name", value: name, error: refused?.error("name"), isRequired: true, longest: 200)
    }

    static func addressField(hint: String, isRequired: Bool, _ refused: RefusedForm?) -> Field {
        Field(
            "url", label: "Address", kind: .url, value: refused?.value("url") ?? "", hint: hint,
            error: refused?.error("url"), autocomplete: "off", isRequired: isRequired, longest: OutgoingURL.longest)
    }

    /// - Parameter chosen: what is ticked unless something else was sent.
    static func events(chosen: Set<String>, _ refused: RefusedForm?) -> Group {
        let ticked = refused.map { Set($0.value("events").split(separator: ",").map(String.init)) } ?? chosen
        return Group(
            "Told of", note: refused?.error("events"),
            fields: NotificationChannel.Event.allCases.map { event in
                Checkbox(
                    "events", value: event.rawValue, words: event.words, isChecked: ticked.contains(event.rawValue))
            })
    }
}
