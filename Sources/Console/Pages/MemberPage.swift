public import Domain
import Foundation

/// One member of a tenant: who they are, and what an owner can do about it.
public enum MemberPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - member: who it is.
    ///   - lastSeen: when, where that is known.
    ///   - isMe: whether it is who looks.
    ///   - errors: what is wrong with what was sent.
    ///   - zone: the reader's.
    public static func content(
        _ member: Member, lastSeen: Timestamp?, isMe: Bool, errors: FormErrors = .init(), zone: ReaderZone
    ) -> [any Component] {
        let path = TeamPage.path(member.userID)
        let name = member.name.isEmpty ? member.email : member.name
        var content: [any Component] = [
            BackLink("Team", path: "/team"), PageHead(name, lead: member.name.isEmpty ? nil : member.email),
            Panel(
                "About",
                content: [
                    Facts([
                        .init("State", TeamPage.badge(of: member)),
                        .init("Role", Words(member.role.words + (member.isCreator ? ", created this account" : ""))),
                        .init("Last seen", TeamPage.seen(lastSeen, zone)),
                        .init("Joined", TimeText(member.createdAt, .day, in: zone)),
                    ])
                ]),
        ]
        content.append(
            Panel(
                "Role",
                content: member.isCreator
                    ? [Paragraph("The owner who created the account stays an owner.", isSoft: true)]
                    : [
                        Form(
                            action: path + "/role",
                            fields: [
                                SelectField(
                                    "role", label: "What they may do",
                                    options: RoleWords.options(chosen: member.role.rawValue),
                                    hint: isMe
                                        ? "It is your own role: with another one you can't come back here."
                                        : "A change signs them out here.", error: errors["role"]),
                                RoleWords(),
                            ], buttons: [Button("Change role")])
                    ]))
        content.append(Panel("Access", content: access(member, name, path, isMe: isMe)))
        return content
    }

    private static func access(_ member: Member, _ name: String, _ path: String, isMe: Bool) -> [any Component] {
        let switching: any Component =
            member.isDisabled
            ? Form(action: path + "/enable", fields: [], buttons: [Button("Enable", kind: .plain)])
            : ConfirmOnce(
                "Disable",
                question: isMe
                    ? "You are signed out at once, and only another owner lets you in again."
                    : "\(name) is signed out at once, and stays out until an owner enables them again.",
                action: path + "/disable", confirm: "Disable \(name)")
        let words =
            member.isDisabled
            ? "They can't sign in here. Nothing of theirs is lost."
            : "Somebody who is disabled can't sign in here; their place is kept. Somebody who is removed has to be added anew."
        guard !member.isCreator else {
            return [Paragraph(words + " The owner who created the account can be disabled, not removed."), switching]
        }
        return [
            Paragraph(words),
            ActionRow([
                switching,
                ConfirmOnce(
                    "Remove", question: "\(name) loses access at once. What they did stays in the audit log.",
                    action: path + "/remove", confirm: "Remove \(name)"),
            ]),
        ]
    }
}
