import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct ShareStoreTests {
    private struct Scene {
        let ledger: NotificationScene
        let shares: ShareStore
        let call: UUID
        let person: UUID

        var tenant: TenantID { ledger.tenant }
        var now: Timestamp { ledger.now }

        init(_ name: String) async throws {
            ledger = try await NotificationScene("share_" + name)
            shares = ShareStore(database: ledger.store.database, retentionDays: 30)
            let entry = NewCallLog.sample(at: ledger.now.advanced(bySeconds: -60), code: 503)
            _ = try await ledger.store.writer.store([EntryBatch(tenant: ledger.tenant, entries: [entry])])
            call = entry.log.id
            person = try await ledger.person("ann").userID
        }

        func share(_ emails: [String] = ["reader@example.com"], hours: Int = 72) async throws -> Share {
            let recipients = emails.compactMap { EmailAddress($0) }
            let new = NewShare(callLogID: call, recipients: recipients, hours: hours)
            return try #require(try await shares.create(new, tenant: tenant, by: person, now: now))
        }

        func job(_ share: Share) throws -> ShareMailJob {
            ShareMailJob(share: share.id, recipient: try #require(share.recipients.first).id)
        }

        func open(_ token: String, at time: Timestamp? = nil) async throws -> ShareStore.Link? {
            try await shares.open(token, from: "203.0.113.9", now: time ?? now)
        }

        func visit(_ steps: [AuditCode], at time: Timestamp? = nil) -> ShareStore.Visit {
            ShareStore.Visit(
                method: "GET", part: "", status: 200, what: "Page requested (200)",
                steps: steps.map { ($0, "\($0)", nil) }, address: "203.0.113.9", requestID: "req_1", time: time ?? now)
        }

        func shared(_ id: UUID) async throws -> (share: Share, events: [ShareEvent]) {
            try #require(try await shares.find(id, tenant: tenant, now: now))
        }
    }

    @Test func aShareLastsNoLongerThanItsCall() async throws {
        let scene = try await Scene("lasts")
        let short = try await scene.share(hours: 24)
        #expect(short.expiresAt == scene.now.advanced(bySeconds: 86_400))
        let long = try await scene.share(hours: 720)
        #expect(long.expiresAt == scene.now.advanced(bySeconds: 30 * 86_400 - 60))
        #expect(long.state == .active && long.recipients.map(\.state) == [.queued])
        let unknown = NewShare(callLogID: .version7(at: scene.now), recipients: [])
        #expect(try await scene.shares.create(unknown, tenant: scene.tenant, by: scene.person, now: scene.now) == nil)
    }

    @Test func anotherTenantSeesNothing() async throws {
        let scene = try await Scene("tenants")
        let share = try await scene.share()
        let other = try await scene.ledger.store.tenant("Other").id
        #expect(try await scene.shares.find(share.id, tenant: other, now: scene.now) == nil)
        #expect(try await scene.shares.list(tenant: other, callLogID: nil, after: nil, limit: 9, now: scene.now) == [])
        #expect(try await !scene.shares.revoke(share.id, tenant: other, by: scene.person, now: scene.now))
        let new = NewShare(callLogID: scene.call, recipients: [])
        #expect(try await scene.shares.create(new, tenant: other, by: scene.person, now: scene.now) == nil)
        #expect(try await scene.shared(share.id).share.state == .active)
    }

    /// A mail that may be out keeps its link; one that is known not to be does not.
    @Test func linksOfMailsThatMayBeOutAreGood() async throws {
        let scene = try await Scene("tokens")
        let share = try await scene.share()
        let job = try scene.job(share)
        let lease = try await scene.ledger.lease()
        func begin() async throws -> ShareStore.PendingMail {
            try #require(try await scene.shares.begin(job, tenant: scene.tenant, lease: lease, now: scene.now))
        }
        let refused = try await begin()
        try await scene.shares.putBack(refused, lease: lease, reason: "busy", isUncertain: false)
        let waiting = try await scene.shared(share.id).share.recipients.first
        #expect(waiting?.state == .queued && waiting?.reason == "busy")
        let first = try await begin()
        #expect(try await scene.open(refused.token) == nil)
        #expect(try await scene.open(first.token)?.share.id == share.id)
        // its worker was lost
        let second = try await begin()
        #expect(second.uncertainties == 1)
        for token in [first.token, second.token] { #expect(try await scene.open(token)?.isGood == true) }
        try await scene.shares.putBack(second, lease: lease, reason: "no answer", isUncertain: true)
        let third = try await begin()
        #expect(third.uncertainties == 2)
        #expect(try await scene.open(third.token) == nil, "no third link is made")
        for token in [first.token, second.token] { #expect(try await scene.open(token) != nil) }
        try await scene.shares.giveUp(third, lease: lease, reason: "perhaps sent", keepsJob: false)
        #expect(try await scene.shared(share.id).share.recipients.first?.state == .failed)
        let over = try await scene.shares.begin(
            job, tenant: scene.tenant, lease: try await scene.ledger.lease(), now: scene.now)
        #expect(over == nil)
    }

    @Test func aLostLeaseSendsAndNotesNothing() async throws {
        let scene = try await Scene("lease")
        let share = try await scene.share()
        let job = try scene.job(share)
        let lost = try await scene.ledger.lostLease()
        await #expect(throws: LeaseLost.self) {
            try await scene.shares.begin(job, tenant: scene.tenant, lease: lost, now: scene.now)
        }
        let lease = try await scene.ledger.lease()
        let mail = try #require(
            try await scene.shares.begin(job, tenant: scene.tenant, lease: lease, now: scene.now))
        await #expect(throws: LeaseLost.self) { try await scene.shares.finish(mail, lease: lost, now: scene.now) }
        #expect(try await scene.shared(share.id).events.map(\.code) == [.entityCreated])
        try await scene.shares.finish(mail, lease: lease, now: scene.now)
        #expect(try await scene.shared(share.id).events.map(\.code) == [.entityCreated, .requestSent])
    }

    @Test func whatIsDoneWithALinkIsNoted() async throws {
        let scene = try await Scene("visits")
        let share = try await scene.share()
        let mail = try #require(
            try await scene.shares.begin(
                try scene.job(share), tenant: scene.tenant, lease: try await scene.ledger.lease(), now: scene.now))
        let link = try #require(try await scene.open(mail.token))
        try await scene.shares.note(scene.visit([]), of: link)
        #expect(try await scene.shared(share.id).share.recipients.first?.lastSeenAt == nil)
        try await scene.shares.note(scene.visit([.urlOpened, .pageLoaded]), of: link)
        let later = scene.now.advanced(bySeconds: 60)
        try await scene.shares.note(scene.visit([.mediaDownloaded], at: later), of: link)
        let shared = try await scene.shared(share.id)
        #expect(shared.share.recipients.first?.openedAt == scene.now)
        #expect(shared.share.recipients.first?.lastSeenAt == later)
        #expect(
            shared.events.map(\.code) == [
                .entityCreated, .shareCall, .shareCall, .urlOpened, .pageLoaded, .shareCall, .mediaDownloaded,
            ])
        #expect(shared.events.last?.recipient == "reader@example.com")

        // whoever reloads for ever fills no table; the audit log has it all
        try await scene.ledger.store.administer { connection in
            try connection.execute("update share_recipient set events = 1000")
        }
        try await scene.shares.note(scene.visit([.urlOpened], at: later), of: link)
        #expect(try await scene.shared(share.id).events.count == 7)
        let audited = try await scene.ledger.store.administer { connection in
            try connection.first("select count(*) from audit_log where related_model = 'share'") { row in
                try row.decode(Int64.self, at: 0)
            }
        }
        #expect(audited == 9)
    }

    @Test func endedSharesAreDeletedInTime() async throws {
        let scene = try await Scene("prune")
        let share = try await scene.share(hours: 1)
        _ = try await scene.share(hours: 720)
        let month: Int64 = 30 * 86_400
        #expect(try await scene.shares.prune(now: scene.now.advanced(bySeconds: month)) == 0)
        #expect(try await scene.shares.prune(now: scene.now.advanced(bySeconds: month + 3601)) == 1)
        #expect(try await scene.shares.find(share.id, tenant: scene.tenant, now: scene.now) == nil)
        let left = try await scene.ledger.store.administer { connection in
            try connection.first("select count(*) from share_event") { row in try row.decode(Int64.self, at: 0) }
        }
        #expect(left == 1)
    }

    /// A form that is sent twice before the first was answered: as one that is sent again afterwards.
    @Test func oneIdAtOnceMakesOneShare() async throws {
        let scene = try await Scene("once")
        for _ in 0..<3 {
            let id = UUID.version7(at: scene.now)
            let emails = ["reader@example.com", "other@example.com"].compactMap { EmailAddress($0) }
            let new = NewShare(callLogID: scene.call, recipients: emails)
            let made = try await withThrowingTaskGroup(of: Share?.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await scene.shares.create(
                            new, tenant: scene.tenant, by: scene.person, now: scene.now, id: id)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let again = try await scene.shares.create(
                new, tenant: scene.tenant, by: scene.person, now: scene.now, id: id)
            #expect(again?.id == id && again?.recipients.count == 2)
            #expect(made.count == 6 && Set(made) == [again])
            #expect(try await scene.shared(id).events.map(\.code) == [.entityCreated])
        }
        let counts = try await scene.ledger.store.administer { connection in
            try connection.first(
                """
                select (select count(*) from share), (select count(*) from job where kind = 'share_mail'),
                       (select count(*) from audit_log where related_model = 'share')
                """
            ) { row in try row.decode(Int64.self, Int64.self, Int64.self) }
        }
        let (shares, mails, entries) = try #require(counts)
        #expect(shares == 3 && mails == 6 && entries == 3)
    }

    @Test func fiftyAnHourEvenAtOnce() async throws {
        let scene = try await Scene("limit")
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<60 { group.addTask { (try? await scene.share()) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == Share.mostPerPerson)
    }
}
