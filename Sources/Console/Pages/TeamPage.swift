public import Domain
public import Foundation

/// The people of a tenant, and who is invited.
public enum TeamPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - members: in the order of their addresses.
    ///   - lastSeen: when, where that is known.
    ///   - invitations: that nobody has accepted.
    ///   - me: who looks.
    ///   - older: the next page of members; nil at the end.
    ///   - now: by `app_now()`.
    ///   - zone: the reader's.
    public static func content(
        members: [Member], lastSeen: [UUID: Timestamp], invitations: [Invitation], me: UUID?, older: String?,
        now: Timestamp, zone: ReaderZone
    ) -> [any Component] {
        var content: [any Component] = [
            PageHead(
                "Team", lead: "Who can sign in here, and what they may do.",
                actions: [LinkButton("Add somebody", path: "/team/add", kind: .primary)]),
            DataTable(
                "Members",
                columns: [.init("Person"), .init("Role"), .init("State"), .init("Last seen"), .init("Joined")],
                rows: members.map { member in
                    [
                        .init(
                            NameLines(
                                member.name.isEmpty ? member.email : member.name, path: path(member.userID),
                                detail: member.name.isEmpty ? nil : member.email,
                                mark: member.userID == me ? "you" : nil)),
                        .init(Words(member.role.words)), .init(badge(of: member)),
                        .init(seen(lastSeen[member.userID], zone)), .init(TimeText(member.createdAt, .day, in: zone)),
                    ]
                }),
            Pagination(newer: nil, older: older),
        ]
        if !invitations.isEmpty { content.append(pending(invitations, now: now, zone)) }
        return content
    }

    /// Where a member is.
    public static func path(_ id: UUID) -> String { "/team/\(id.uuidString.lowercased())" }

    static func badge(of member: Member) -> Badge {
        if member.isDisabled { return Badge("Disabled", .neutral) }
        return member.isActive ? Badge("Active", .success) : Badge("No password yet", .warning)
    }

    static func seen(_ time: Timestamp?, _ zone: ReaderZone) -> any Component {
        time.map { TimeText($0, in: zone) } ?? Words("Not signed in", isSoft: true)
    }

    private static func pending(_ invitations: [Invitation], now: Timestamp, _ zone: ReaderZone) -> Panel {
        let rows: [[DataTable.Cell]] = invitations.map { invitation in
            let path = "/team/invitations/\(invitation.id.uuidString.lowercased())"
            let isOver = invitation.expiresAt <= now
            return [
                .init(
                    NameLines(
                        invitation.email,
                        detail: (invitation.name.isEmpty ? "" : "\(invitation.name) · ")
                            + "invited by \(invitation.invitedBy ?? "somebody who is gone")")),
                .init(Words(invitation.role.words)),
                .init(isOver ? Badge("Expired", .neutral) : Badge("Waiting", .warning)),
                .init(TimeText(invitation.expiresAt, in: zone)),
                .init(
                    ActionRow([
                        Form(action: path + "/send", fields: [], buttons: [Button("Send again", kind: .plain)]),
                        ConfirmOnce(
                            "Withdraw", question: "The link that was mailed to \(invitation.email) stops working.",
                            action: path + "/withdraw", confirm: "Withdraw the invitation"),
                    ])),
            ]
        }
        return Panel(
            "Invitations",
            content: [
                DataTable(
                    "Invitations that nobody has accepted",
                    columns: [
                        .init("Person"), .init("Role"), .init("State"), .init("Link ends"), .init(""),
                    ], rows: rows)
            ])
    }
}

/// Adding somebody to a tenant.
public enum AddMemberPage {
    /// How they get in.
    public enum Way: String, Sendable {
        /// By a link that is mailed to them.
        case mail
        /// By a link that whoever adds them gets.
        case link
    }

    /// What stands in the page.
    /// - Parameters:
    ///   - email: as it was typed.
    ///   - name: as it was typed.
    ///   - role: that was chosen.
    ///   - errors: what is wrong with them.
    public static func content(
        email: String = "", name: String = "", role: String = Role.supervisor.rawValue, errors: FormErrors = .init()
    ) -> [any Component] {
        [
            BackLink("Team", path: "/team"),
            PageHead(
                "Add somebody",
                lead: """
                    An invitation reaches them by mail. Without mail, make a setup link and hand it over yourself: it lets \
                    whoever has it choose the password.
                    """),
            Panel(
                "Who",
                content: [
                    Form(
                        action: "/team/add",
                        fields: [
                            Field(
                                "email", label: "Email", kind: .email, value: email, error: errors["email"],
                                autocomplete: "off", isRequired: true),
                            Field(
                                "name", label: "Name", value: name, hint: "As others read it. They can change it.",
                                error: errors["name"], autocomplete: "off", longest: 200),
                            SelectField(
                                "role", label: "Role", options: RoleWords.options(chosen: role),
                                error: errors["role"]),
                            RoleWords(),
                        ],
                        buttons: [
                            Button("Send invitation", name: "way", value: Way.mail.rawValue),
                            Button("Make a setup link", kind: .plain, name: "way", value: Way.link.rawValue),
                        ])
                ]),
        ]
    }

    /// What is shown once after somebody was added.
    /// - Parameters:
    ///   - member: who it is.
    ///   - link: by which they choose a password; nil when they have one.
    public static func added(_ member: Member, link: String?) -> [any Component] {
        guard let link else {
            return [
                BackLink("Team", path: "/team"), PageHead("\(member.email) is a member now"),
                Paragraph("They have an account already, and sign in with the password they have."),
            ]
        }
        return [
            BackLink("Team", path: "/team"), PageHead("\(member.email) is a member now"),
            Panel(
                "Setup link",
                content: [
                    Paragraph(
                        "Hand this link to \(member.email): it lets them choose a password, once, within seven days."),
                    CodeBlock(id: "setup", title: "Setup link", text: link, copyWords: "Copy link"),
                    Notice("It is shown this once. Whoever has it can sign in as them.", .warning),
                ]),
            ActionRow([LinkButton("Done", path: "/team", kind: .primary)]),
        ]
    }
}

/// What each role may do, in a sentence.
public struct RoleWords: Component {
    /// A role and its sentence.
    struct Line: ViewModel {
        let role: String
        let words: String
    }

    let lines = Role.allCases.map { Line(role: $0.words, words: $0.sentence) }

    /// The roles to choose from.
    static func options(chosen: String) -> [SelectField.Option] {
        Role.allCases.map { .init($0.rawValue, $0.words, isChosen: $0.rawValue == chosen) }
    }

    /// The partial that shows it.
    public static let template = """
        <dl class="roles">{{#lines}}<div><dt>{{role}}</dt><dd>{{words}}</dd></div>{{/lines}}</dl>
        """
}

extension Role {
    fileprivate var sentence: String {
        switch self {
        case .owner: "Everything, also people, API keys and settings."
        case .supervisor: "Logs and connections, sharing calls, the audit log."
        case .botBuilder: "Logs, bots, and reauthorising connections."
        case .agent: "Their own notifications only."
        }
    }
}
