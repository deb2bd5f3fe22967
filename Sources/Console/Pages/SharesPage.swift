public import Domain
public import Foundation

/// The calls that people outside may look at.
public enum SharesPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - shares: newest first.
    ///   - call: the call whose shares these are; nil for all.
    ///   - older: the next page; nil at the end.
    ///   - newest: the first page; nil on it.
    ///   - zone: the reader's.
    public static func content(
        _ shares: [Share], ofCall call: UUID?, older: String?, newest: String?, zone: ReaderZone
    ) -> [any Component] {
        let head = PageHead("Shares", lead: "Calls that people outside may look at, by links that were mailed to them.")
        var content: [any Component] = [head]
        if call != nil { content.append(ActionRow([Chip("Call", "one call", path: Section.shares.path)])) }
        guard !shares.isEmpty else {
            let words =
                call == nil
                ? "Open a call in the logs and choose Share: whoever helps you sees the request, the response and nothing else."
                : "Nobody outside was shown this call."
            content.append(
                EmptyState(
                    "Nothing is shared", words,
                    actions: [
                        LinkButton("To the logs", path: call.map(logPath) ?? Section.logs.path, kind: .primary)
                    ]))
            return content
        }
        content += [
            DataTable(
                "Shares",
                columns: [
                    .init("Shared with"), .init("State"), .init("Opened"), .init("By"), .init("Made"), .init("Ends"),
                ],
                rows: shares.map { share in
                    [
                        .init(
                            NameLines(
                                Self.names(share), path: path(share.id), detail: share.message?.visible.cut(at: 80))),
                        .init(badge(share.state)), .init(Words(Self.opened(share))),
                        .init(Words(share.createdByEmail)), .init(TimeText(share.createdAt, in: zone)),
                        .init(TimeText(share.revokedAt ?? share.expiresAt, in: zone)),
                    ]
                }), Pagination(newer: newest, older: older),
        ]
        return content
    }

    /// Where a share is.
    public static func path(_ id: UUID) -> String { "\(Section.shares.path)/\(id.uuidString.lowercased())" }

    static func logPath(_ id: UUID) -> String { "/logs/\(id.uuidString.lowercased())" }

    static func names(_ share: Share) -> String {
        guard let first = share.recipients.first?.email else { return "Nobody" }
        let others = share.recipients.count - 1
        return others == 0 ? first : "\(first) and \(others) more"
    }

    private static func opened(_ share: Share) -> String {
        let count = share.recipients.count { $0.openedAt != nil }
        if share.recipients.count == 1 { return count == 1 ? "Yes" : "Not yet" }
        return "\(count) of \(share.recipients.count)"
    }

    static func badge(_ state: Share.State) -> Badge {
        switch state {
        case .active: Badge("Active", .success)
        case .expired: Badge("Expired", .neutral)
        case .revoked: Badge("Revoked", .warning)
        case .callExpired: Badge("Call is gone", .neutral)
        }
    }
}

/// One share: whom it is for, and what was done with it.
public enum SharePage {
    /// What stands in the page.
    /// - Parameters:
    ///   - share: which.
    ///   - events: in the order of time.
    ///   - zone: the reader's.
    public static func content(_ share: Share, events: [ShareEvent], zone: ReaderZone) -> [any Component] {
        let isActive = share.state == .active
        var actions: [any Component] = [LinkButton("Open the call", path: SharesPage.logPath(share.callLogID))]
        if isActive {
            let people = share.recipients.count == 1 ? "the link" : "all \(share.recipients.count) links"
            actions.append(
                ConfirmOnce(
                    "Revoke", question: "Ends \(people) to \(SharesPage.names(share)) at once, for good.",
                    action: SharesPage.path(share.id) + "/revoke", confirm: "Revoke this share"))
        }
        var facts: [Facts.Fact] = [
            .init("State", SharesPage.badge(share.state)), .init("Shared by", Words(share.createdByEmail)),
            .init("Made", TimeText(share.createdAt, in: zone)),
            .init(
                share.expiresAt > share.createdAt && isActive ? "Ends" : "Was to end",
                TimeText(share.expiresAt, in: zone)),
            .init("Passphrase", Words(share.hasPassphrase ? "Asked for" : "None")),
        ]
        if let time = share.revokedAt { facts.append(.init("Revoked", TimeText(time, in: zone))) }
        var about: [any Component] = [Facts(facts)]
        if let message = share.message { about.append(Quotation(message)) }
        return [
            BackLink("Shares", path: Section.shares.path),
            PageHead("Shared with \(SharesPage.names(share))", actions: actions), Panel("About", content: about),
            Panel("Recipients", content: [recipients(share, zone)]),
            Panel("What happened", content: [Timeline(events, zone: zone)]),
        ]
    }

    private static func recipients(_ share: Share, _ zone: ReaderZone) -> DataTable {
        DataTable(
            "Recipients", columns: [.init("Recipient"), .init("Mail"), .init("First opened"), .init("Last seen")],
            rows: share.recipients.map { recipient in
                [
                    .init(NameLines(recipient.email)), mail(recipient, zone),
                    .init(time(recipient.openedAt, zone)), .init(time(recipient.lastSeenAt, zone)),
                ]
            })
    }

    private static func mail(_ recipient: Share.Recipient, _ zone: ReaderZone) -> DataTable.Cell {
        switch recipient.state {
        case .queued: .init(Badge("On its way", .neutral))
        case .sent: .init(Badge("Sent", .success), time(recipient.sentAt, zone))
        case .failed: .init(Badge("Not sent", .error), Words(recipient.reason ?? "", isSoft: true))
        }
    }

    private static func time(_ time: Timestamp?, _ zone: ReaderZone) -> any Component {
        time.map { TimeText($0, in: zone) } ?? Words("Not yet", isSoft: true)
    }
}

/// What was done with a share, step by step.
struct Timeline: Component {
    /// A step.
    struct Step: ViewModel {
        let time: TimeText
        let what: String
        let recipient: String?
        let address: String?
        let code: String
    }

    let steps: [Step]

    init(_ events: [ShareEvent], zone: ReaderZone) {
        steps = events.map { event in
            Step(
                time: TimeText(event.occurredAt, in: zone), what: event.what.visible,
                recipient: event.recipient?.visible, address: event.remoteAddress, code: event.code.rawValue)
        }
    }

    static let template = """
        <ol class="timeline">{{#steps}}<li><span class="words"><span>{{what}}</span>\
        <span class="soft">{{#recipient}}<bdi>{{.}}</bdi> · {{/recipient}}{{#address}}{{.}} · {{/address}}{{#time}}{{>*partial}}{{/time}}\
        </span></span><span class="soft mono">{{code}}</span></li>{{/steps}}</ol>
        """
}

/// What somebody wrote, with its lines.
struct Quotation: Component {
    let text: String

    init(_ text: String) { self.text = text.revealed }

    static let template = #"<blockquote dir="auto">{{text}}</blockquote>"#
}

/// Sharing a call with people outside.
public enum ShareCallPage {
    /// What was typed.
    public struct Draft: Sendable {
        /// Addresses, one a line.
        public var recipients = ""
        /// Hours.
        public var hours = String(Share.usualHours)
        /// Some words to it.
        public var message = ""

        /// Nothing yet.
        public init() {}
    }

    private static let lives = [
        ("1", "An hour"), ("24", "A day"), ("72", "Three days"), ("168", "A week"), ("720", "30 days"),
    ]

    /// What stands in the page.
    /// - Parameters:
    ///   - call: which.
    ///   - keptUntil: when the call itself is gone.
    ///   - draft: what was typed.
    ///   - once: the new share's id, so that sending twice makes one.
    ///   - errors: what is wrong with it.
    ///   - zone: the reader's.
    public static func content(
        _ call: CallLog, keptUntil: Timestamp, draft: Draft = .init(), once: UUID, errors: FormErrors = .init(),
        zone: ReaderZone
    ) -> [any Component] {
        let path = SharesPage.logPath(call.id)
        var lives = lives
        if !lives.contains(where: { $0.0 == draft.hours }) { lives.append((draft.hours, "\(draft.hours) hours")) }
        return [
            BackLink("The call", path: path),
            PageHead(
                "Share a call",
                lead: """
                    \(call.application.name) answered \(call.statusCode) to \((call.bot.name ?? call.bot.id).cut(at: 60)) at \
                    \(zone.full(call.occurredAt))
                    """),
            Panel(
                "With whom",
                content: [
                    Paragraph(
                        """
                        Each gets a link of their own by mail. It shows the request and the response without secrets, and not \
                        for whom the bot called. You see each step.
                        """, isSoft: true),
                    Form(
                        action: path + "/share", hidden: [.init("once", once.uuidString)],
                        fields: [
                            TextArea(
                                "recipients", label: "Email addresses", value: draft.recipients, rows: 2,
                                hint: "Up to \(Share.recipients.upperBound), one a line or with commas between.",
                                error: errors["recipients"], isRequired: true, longest: 6000),
                            SelectField(
                                "expires_in_hours", label: "The links work for",
                                options: lives.map { .init($0.0, $0.1, isChosen: $0.0 == draft.hours) },
                                hint: "At the longest until the call is gone, \(zone.full(keptUntil)).",
                                error: errors["expires_in_hours"]),
                            TextArea(
                                "message", label: "Message", value: draft.message,
                                hint: "It stands in the mail and on the page.", error: errors["message"],
                                longest: Share.longestMessage),
                            Field(
                                "passphrase", label: "Passphrase", kind: .password,
                                hint: """
                                    Optional, \(Share.passphraseLength.lowerBound) characters or more. Tell it to them yourself: \
                                    the mail does not, and it is not shown again.
                                    """, error: errors["passphrase"], autocomplete: "off",
                                longest: Share.passphraseLength.upperBound),
                        ], buttons: [Button("Send links"), LinkButton("Cancel", path: path)]),
                ]),
        ]
    }
}
