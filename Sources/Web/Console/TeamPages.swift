import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The people of a tenant: members, invitations, roles.
struct TeamPages: Sendable {
    let pages: ConsolePages
    let members: MemberStore
    let invitations: InvitationStore
    let links: PublicLinks

    /// Members on a page.
    private static let limit = 100

    var endpoints: [Endpoint] {
        [
            page(.get, "/team", list),
            page(.get, "/team/add") { $0.page("Add somebody", AddMemberPage.content()) },
            page(.post, "/team/add", records: .created(.user), add),
            page(.get, "/team/{id}", show),
            page(.post, "/team/{id}/role", records: .updated(.user), changeRole),
            page(.post, "/team/{id}/disable", records: .updated(.user)) { try await turn($0, isDisabled: true) },
            page(.post, "/team/{id}/enable", records: .updated(.user)) { try await turn($0, isDisabled: false) },
            page(.post, "/team/{id}/remove", records: .deleted(.user), remove),
            page(.post, "/team/invitations/{id}/send", records: .updated(.invitation), sendAgain),
            page(.post, "/team/invitations/{id}/withdraw", records: .deleted(.invitation), withdraw),
        ]
    }

    private func page(
        _ method: HTTPRequest.Method, _ path: String, records: Endpoint.Recording = .call,
        _ handler: @escaping @Sendable (ConsoleVisit) async throws -> Response
    ) -> Endpoint {
        pages.page(method, path, requires: .teamManage, section: .team, records: records, handler)
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let after = try FormFields(visit.request.request.uri.query ?? "")["after"]
        async let waiting = after.isEmpty ? invitations.list(tenant: visit.tenant, after: nil, limit: 200) : []
        let found = try await members.list(
            tenant: visit.tenant, after: after.isEmpty ? nil : after, limit: Self.limit + 1)
        let people = Array(found.prefix(Self.limit))
        let older = found.count > Self.limit ? people.last.map { "/team?after=" + FormFields.encoded($0.email) } : nil
        return visit.page(
            "Team",
            TeamPage.content(
                members: people,
                lastSeen: try await members.lastSeen(people.map(\.userID), tenant: visit.tenant),
                invitations: try await waiting, me: visit.request.userID, older: older, now: visit.now,
                zone: visit.zone))
    }

    private func add(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        var given = form.members(texts: ["email", "name", "role"])
        do {
            let person = try Newcomer(&given)
            guard form["way"] == AddMemberPage.Way.link.rawValue else {
                let waiting = try await invitations.list(tenant: visit.tenant, after: nil, limit: 500)
                if waiting.contains(where: { $0.email == person.email.text && $0.expiresAt > visit.now }) {
                    throw Problem(
                        .conflict, "\(person.email.text) is invited already. The page Team can send the link again.")
                }
                _ = try await invitations.create(
                    tenant: visit.tenant, email: person.email, name: person.name, role: person.role,
                    inviter: visit.request.userID, now: visit.now)
                return visit.redirect(to: "/team", notice: "An invitation is on its way to \(person.email.text).")
            }
            let made = try await members.create(
                tenant: visit.tenant, email: person.email, name: person.name, role: person.role, password: nil,
                authority: .owner, now: visit.now)
            return visit.page(
                "Member added", AddMemberPage.added(made.member, link: made.setupToken.map(links.setup)))
        } catch let problem as Problem where problem.isOfForm {
            let errors = FormErrors(problem)
            return visit.page(
                "Add somebody", status: problem.formStatus, notices: errors.notices,
                AddMemberPage.content(
                    email: form["email"], name: form["name"], role: form["role"], errors: errors))
        }
    }

    private func show(_ visit: ConsoleVisit) async throws -> Response {
        try await show(try await member(visit), visit)
    }

    private func show(
        _ member: Member, _ visit: ConsoleVisit, errors: FormErrors = .init(), status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let seen = try await members.lastSeen([member.userID], tenant: visit.tenant)
        return visit.page(
            member.name.isEmpty ? member.email : member.name, status: status, notices: errors.notices,
            MemberPage.content(
                member, lastSeen: seen[member.userID], isMe: member.userID == visit.request.userID, errors: errors,
                zone: visit.zone))
    }

    private func changeRole(_ visit: ConsoleVisit) async throws -> Response {
        var given = try await visit.form().members(texts: ["role"])
        return try await change(visit) { change throws(Problem) in
            given.require("role")
            change.role = given.choice("role", of: Role.self)
            try given.finish()
        } notice: {
            "\($0.email) is \($0.role.words.lowercased()) now."
        }
    }

    private func turn(_ visit: ConsoleVisit, isDisabled: Bool) async throws -> Response {
        try await change(visit) { change throws(Problem) in
            change.isDisabled = isDisabled
        } notice: {
            isDisabled ? "\($0.email) can't sign in here any more." : "\($0.email) can sign in here again."
        }
    }

    /// Changes a member and leads back to them; shows what kept it from being done.
    private func change(
        _ visit: ConsoleVisit, _ describe: (inout MemberStore.Change) throws(Problem) -> Void,
        notice: (Member) -> String
    ) async throws -> Response {
        let before = try await member(visit)
        do {
            var change = MemberStore.Change()
            try describe(&change)
            let after = try await members.update(before.userID, tenant: visit.tenant, change, now: visit.now)
            guard let after else { throw Self.unknown }
            return visit.redirect(to: TeamPage.path(after.userID), notice: notice(after))
        } catch let problem as Problem where problem.isOfForm {
            return try await show(before, visit, errors: FormErrors(problem), status: problem.formStatus)
        }
    }

    private func remove(_ visit: ConsoleVisit) async throws -> Response {
        let before = try await member(visit)
        do {
            guard try await members.remove(before.userID, tenant: visit.tenant) else { throw Self.unknown }
            return visit.redirect(to: "/team", notice: "\(before.email) is no member any more.")
        } catch let problem as Problem where problem.isOfForm {
            return try await show(before, visit, errors: FormErrors(problem), status: problem.formStatus)
        }
    }

    private func sendAgain(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "invitation")
        let email = try await invitations.sendAgain(id, tenant: visit.tenant, now: visit.now)
        return visit.redirect(
            to: "/team", notice: email.map { "A new link is on its way to \($0)." } ?? Self.isSettled)
    }

    private func withdraw(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "invitation")
        let email = try await invitations.withdraw(id, tenant: visit.tenant)
        return visit.redirect(
            to: "/team", notice: email.map { "The invitation to \($0) is withdrawn." } ?? Self.isSettled)
    }

    private func member(_ visit: ConsoleVisit) async throws -> Member {
        let id = try visit.request.pathID("id", "member")
        guard let member = try await members.find(id, tenant: visit.tenant) else { throw Self.unknown }
        return member
    }

    private static let unknown = Problem(.notFound, "There is no such member; they may have been removed meanwhile.")
    private static let isSettled = "Nobody waits for that invitation any more: it was accepted or withdrawn."
}
