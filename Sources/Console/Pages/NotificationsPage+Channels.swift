import Domain
import Foundation

extension NotificationsPage {
    /// Webhooks and Slack.
    func channels(_ channels: [NotificationChannel], _ zone: ReaderZone) -> Panel {
        var content: [any Component] = []
        if channels.isEmpty {
            content.append(
                Paragraph(
                    "None yet. A webhook tells your own systems, signed; Slack gets a message in one of its channels.",
                    isSoft: true))
        } else {
            content.append(
                DataTable(
                    "Webhooks and Slack",
                    columns: [.init("Channel"), .init("Told of"), .init("State"), .init("Last success"), .init("")],
                    rows: channels.map { row($0, zone) }))
        }
        return Panel("Webhooks and Slack", content: content + [addChannel])
    }

    private func row(_ channel: NotificationChannel, _ zone: ReaderZone) -> [DataTable.Cell] {
        [
            .init(
                Lines(
                    TextLink(channel.name.cut(at: 120), path: ChannelPage.path(channel)),
                    Words("\(channel.kind.words), \(channel.origin)", isSoft: true))),
            .init(
                Lines(
                    of: NotificationChannel.Event.allCases.filter(channel.events.contains).map { Words($0.words) })),
            .init(state(channel, zone)), .init(ConnectionsPage.moment(channel.lastOKAt, zone)),
            .init(ActionRow(actions(channel))),
        ]
    }

    private func state(_ channel: NotificationChannel, _ zone: ReaderZone) -> Lines {
        if channel.disabledAt != nil {
            return Lines(Badge("Off", .neutral), Words(channel.disabledReason ?? "", isSoft: true))
        }
        guard let since = channel.failingSince else { return Lines(Badge("On", .success)) }
        return Lines(
            Badge("Failing", .error),
            Moment("\(channel.failures) in a row since", since, in: zone))
    }

    private func actions(_ channel: NotificationChannel) -> [any Component] {
        let path = ChannelPage.path(channel)
        let name = channel.name.visible.cut(at: 40)
        let isOff = channel.disabledAt != nil
        var actions: [any Component] = [LinkButton("Edit", path: path)]
        if !isOff {
            actions.append(Form(action: path + "/test", fields: [], buttons: [Button("Send test", kind: .plain)]))
        }
        actions.append(
            Form(
                action: path + "/enabled", hidden: [.init("enabled", isOff ? "true" : "false")], fields: [],
                buttons: [Button(isOff ? "Switch on" : "Switch off", kind: .plain)]))
        if channel.kind == .webhook {
            actions.append(
                ConfirmOnce(
                    "New secret",
                    question: "Give \(name) a new secret? What is signed with the old one is refused from then on.",
                    action: path + "/secret", confirm: "New secret for \(name)"))
        }
        actions.append(
            ConfirmOnce(
                "Remove", question: "Remove \(name)? What still waits to be sent there is not sent.",
                action: path + "/remove", confirm: "Remove \(name)"))
        return actions
    }

    private var addChannel: Disclosure {
        let sent = refused?.name == "channel" ? refused : nil
        let kind = sent?.value("kind") ?? NotificationChannel.Kind.webhook.rawValue
        return Disclosure(
            "Add a channel", id: "add-channel", isOpen: sent != nil,
            content: (sent?.words.map { [Notice($0, .error)] } ?? []) + [
                Form(
                    action: Self.path + "/channels",
                    fields: [
                        SelectField(
                            "kind", label: "Kind",
                            options: NotificationChannel.Kind.allCases.map {
                                .init($0.rawValue, $0.words, isChosen: $0.rawValue == kind)
                            }, error: sent?.error("kind")),
                        ChannelPage.nameField(sent?.value("name") ?? "", sent),
                        ChannelPage.addressField(
                            hint:
                                "The webhook's URL; for Slack that of an incoming webhook. It is sealed, and never shown "
                                + "again.", isRequired: true, sent),
                        ChannelPage.events(chosen: Set(NotificationChannel.Event.allCases.map(\.rawValue)), sent),
                    ], buttons: [Button("Add channel", kind: .plain)])
            ])
    }
}

/// A secret that is shown this once.
public enum SecretPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - name: of what it belongs to.
    ///   - secret: the secret.
    public static func content(channel name: String, secret: String) -> [any Component] {
        [
            PageHead("The secret of \(name)"),
            Notice(
                "It is shown this once. Copy it to where the messages arrive, before you leave this page.", .warning),
            CodeBlock(id: "secret", title: "Secret", text: secret, copyWords: "Copy secret"),
            Paragraph(
                "Each message is signed with it as Standard Webhooks has it: check the header webhook-signature before you "
                    + "believe a message.", isSoft: true),
            ActionRow([LinkButton("To the notifications", path: NotificationsPage.path, kind: .primary)]),
        ]
    }
}
