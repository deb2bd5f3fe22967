import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

/// A tenant, its people, and what it takes to write into the ledger.
struct NotificationScene {
    let store: TestStore
    let ledger: NotificationStore
    let jobs: JobStore
    let tenant: TenantID
    let now: Timestamp

    init(_ name: String) async throws {
        store = try await TestStore.make("ledger_" + name, connections: 4)
        ledger = NotificationStore(database: store.database)
        jobs = JobStore(database: store.database)
        tenant = try await store.tenant().id
        now = Timestamp(Date()).wholeMilliseconds
    }

    /// A job that a worker has just claimed.
    func lease(token: Int64 = .random(in: 1...Int64.max)) async throws -> JobLease {
        let number = tenant.rawValue
        let id = try await store.administer { connection in
            try connection.first(
                """
                insert into job (kind, tenant_id, state, attempts, lease_token, lease_until)
                values ('test', \(number), 'running', 1, \(token), app_now() + interval '1 minute') returning job_id
                """
            ) { row in try row.decode(Int64.self, at: 0) }
        }
        return JobLease(jobID: try #require(id), token: token)
    }

    /// A lease that ran out, and whose job somebody else has by now.
    func lostLease() async throws -> JobLease {
        let lease = try await lease()
        try await store.administer { connection in
            try connection.execute(
                "update job set lease_until = app_now() - interval '1 s' where job_id = \(lease.jobID)")
        }
        #expect(try await jobs.rescue().freed == 1)
        let claimed = try await jobs.claimSuspect(kinds: ["test"], token: lease.token &- 1)
        #expect(claimed?.lease.jobID == lease.jobID)
        return lease
    }

    func person(_ name: String, _ role: Role = .owner) async throws -> Member {
        let email = try #require(EmailAddress("\(name)@example.com"))
        return try await MemberStore(database: store.database).create(
            tenant: tenant, email: email, name: name, role: role, password: nil, authority: .operator, now: now
        ).member
    }

    func plan(
        _ people: [Member], hooks: [NotificationPlan.Hook] = [], roles: Set<Role> = [.owner],
        quietHours: QuietHours? = nil
    ) -> NotificationPlan {
        NotificationPlan(
            .firstError, people: people.map { .init(member: $0, preferences: .usual) }, hooks: hooks,
            settings: NotificationSettings(firstErrorRoles: roles, reauthoriseRoles: [], quietHours: quietHours),
            now: now)
    }

    func record(_ plan: NotificationPlan, subject: String = "subject", lease: JobLease) async throws {
        try await ledger.record(
            plan, event: .firstError, subjectKey: subject, facts: #"{"bot_id":"b"}"#, botKey: nil, entryID: nil,
            mailDomain: "logs.example.com", tenant: tenant, lease: lease, now: now)
    }

    func lines(_ change: (inout NotificationStore.Filter) -> Void = { _ in }) async throws -> [NotificationStore.Entry]
    {
        var filter = NotificationStore.Filter()
        change(&filter)
        return try await ledger.list(tenant: tenant, filter: filter, after: nil, limit: 500)
    }

    /// A line to somebody, put there as it is.
    func line(
        state: NotificationState = .queued, event: NotificationEvent = .firstError, to person: Member? = nil,
        uncertainties: Int16 = 0, botKey: Int32? = nil, createdAt: Timestamp? = nil
    ) async throws -> UUID {
        let (time, number) = (createdAt ?? now, tenant.rawValue)
        let id = UUID.version7(at: time)
        let channel = person == nil ? "webhook" : "mail"
        try await store.administer { connection in
            try connection.execute(
                """
                insert into notification (tenant_id, notification_id, event, subject_key, channel, recipient, user_id, state,
                                          reason, attempts, uncertainties, bot_key, created_at)
                values (\(number), \(id), \(event.rawValue), \("subject:\(id)"), \(channel), \(person?.email ?? "Hook"),
                        \(person?.userID), \(state.rawValue), 'as before', 3, \(uncertainties), \(botKey), \(time))
                """)
        }
        return id
    }

    struct Standing: Hashable {
        var state: String
        var reason: String
        var attempts: Int16
        var uncertainties: Int16
        var sentAt: Timestamp?
    }

    func standing(_ id: UUID) async throws -> Standing {
        let found = try await store.administer { connection in
            try connection.first(
                "select state, reason, attempts, uncertainties, sent_at from notification where notification_id = \(id)"
            ) { row in
                Standing(
                    state: try row.decode(String.self, at: 0), reason: try row.decode(String.self, at: 1),
                    attempts: try row.decode(Int16.self, at: 2), uncertainties: try row.decode(Int16.self, at: 3),
                    sentAt: try row.decode(Timestamp?.self, at: 4))
            }
        }
        return try #require(found)
    }

    /// Jobs of a kind, as what they work on.
    func payloads(_ kind: String) async throws -> [String] {
        try await store.administer { connection in
            try connection.query(
                "select lower(payload ->> 'notification') from job where kind = \(kind) order by job_id"
            ) { row in try row.decode(String.self, at: 0) }
        }
    }

    func holds(_ lease: JobLease) async throws -> Bool { try await jobs.renew([lease]) == [lease] }
}
