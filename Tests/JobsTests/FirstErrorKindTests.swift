import Domain
import Foundation
import Jobs
import Mail
import Postgres
import Store
import TestSupport
import Testing

/// Deciding about first errors, from the entry to the ledger, against a real PostgreSQL.
@Suite(.serialized, .timeLimit(.minutes(10))) struct FirstErrorKindTests {
    @Test func theFirstErrorIsToldToWhoeverIsToBeTold() async throws {
        let bench = try await NotificationBench("decide")
        _ = try await bench.person("ann", .agent)
        let error = bench.call()
        try await bench.store([error])
        let job = try #require(try await bench.jobs(FirstErrorJob.kind).first)
        #expect(try await bench.run(bench.firstErrors, job) == .finished)
        let lines = try await bench.lines()
        #expect(lines.map(\.recipient) == ["ann@example.com", "owner@example.com"])
        #expect(lines.map(\.state) == ["suppressed", "queued"])
        #expect(lines.map(\.reason) == ["role switched off: agent", "role owner"])
        #expect(lines.allSatisfy { $0.entryID == error.log.id && $0.channel == "mail" && $0.dueAt == nil })
        let line = try #require(lines.last)
        #expect(line.messageID == "<\(line.id.uuidString.lowercased())@mail.example.com>")
        let news = try bench.news(line)
        #expect(news.tenantName == "Acme" && news.botID == "bot-1" && news.statusCode == 503)
        #expect(news.entryID == error.log.id && news.occurredAt == error.log.occurredAt.description)
        #expect(news.entryURL == "https://logs.example.com/logs/\(error.log.id.uuidString.lowercased())")
        #expect(news.urlHost == "acme.zendesk.com/api/v2/tickets")
        #expect(!line.facts.contains("s3cr3t"))
        #expect(news.previousErrors == nil && news.previousSince == nil && news.recoveredAt == nil)
        // one mail is asked for, and the job that decided is over
        let mails = try await bench.jobs(MailNotificationJob.kind)
        #expect(mails.count == 1 && mails.first?.payload.lowercased().contains(line.id.uuidString.lowercased()) == true)
        #expect(try await bench.jobs(FirstErrorJob.kind).isEmpty)
    }

    @Test func decidingTwiceDecidesOnce() async throws {
        let bench = try await NotificationBench("twice")
        try await bench.store([bench.call()])
        let job = try #require(try await bench.jobs(FirstErrorJob.kind).first)
        try await bench.script(
            "insert into job (kind, tenant_id, payload) select kind, tenant_id, payload from job where kind = 'first_error'"
        )
        let jobs = try await bench.jobs(FirstErrorJob.kind)
        #expect(jobs.count == 2 && jobs.first?.id == job.id)
        let outcomes = try await withThrowingTaskGroup(of: JobOutcome.self) { group in
            for job in jobs { group.addTask { try await bench.run(bench.firstErrors, job) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == [.finished, .finished])
        #expect(try await bench.lines().count == 1)
        #expect(try await bench.jobs(MailNotificationJob.kind).count == 1)
        #expect(try await bench.jobs(FirstErrorJob.kind).isEmpty)
    }

    @Test func whoLostTheJobDecidesNothing() async throws {
        let bench = try await NotificationBench("lost")
        try await bench.store([bench.call()])
        let job = try #require(try await bench.jobs(FirstErrorJob.kind).first)
        let late = try await bench.claim(job)
        let lease = try await bench.claim(job)
        await #expect(throws: LeaseLost.self) { try await bench.run(bench.firstErrors, job, lease: late) }
        #expect(try await bench.lines().isEmpty)
        #expect(try await bench.run(bench.firstErrors, job, lease: lease) == .finished)
        #expect(try await bench.lines().count == 1)
    }

    // MARK: - What is set

    @Test func settingsPreferencesAndQuietHoursAreKept() async throws {
        let bench = try await NotificationBench("settings")
        let settings = NotificationSettingStore(database: bench.database)
        let people = [
            try await bench.person("ann", .agent), try await bench.person("bob", .agent),
            try await bench.person("cleo", .agent), try await bench.person("dan", .supervisor),
        ]
        try await settings.set(
            NotificationPreferences(firstError: false, reauthorise: true), of: people[1].userID, tenant: bench.tenant)
        var change = MemberStore.Change()
        change.isDisabled = true
        _ = try await MemberStore(database: bench.database).update(
            people[2].userID, tenant: bench.tenant, change, now: bench.clock.now)
        try await bench.script(
            """
            insert into notification_channel (tenant_id, channel_id, kind, name, host, sealed_url, sealed_secret, events)
            values (\(bench.tenant), gen_random_uuid(), 'webhook', 'Hook', 'h', '', '', '{first_error}'),
                   (\(bench.tenant), gen_random_uuid(), 'slack', 'Chat', 'h', '', null, '{first_error}'),
                   (\(bench.tenant), gen_random_uuid(), 'slack', 'Deaf', 'h', '', null, '{reauthorise}')
            """)
        let minute = Int(bench.clock.now.microseconds / 60_000_000 % 1440)
        let quiet = QuietHours(
            from: ClockTime(minutes: (minute + 1430) % 1440), to: ClockTime(minutes: (minute + 90) % 1440),
            timeZone: "UTC")
        try await settings.set(
            NotificationSettings(firstErrorRoles: [.agent, .supervisor], reauthoriseRoles: [], quietHours: quiet),
            tenant: bench.tenant)
        let due = try #require(quiet.end(holding: bench.clock.now))
        try await bench.decideFirstError()
        let lines = try await bench.lines().sorted { $0.recipient < $1.recipient }
        let words = "quiet hours until \(quiet.to) (UTC)"
        #expect(
            lines.map { "\($0.recipient) \($0.state) \($0.reason)" } == [
                "Chat queued \(words)", "Hook queued channel Hook", "ann@example.com queued \(words)",
                "bob@example.com suppressed switched off by the recipient",
                "cleo@example.com suppressed shut out of the tenant", "dan@example.com queued \(words)",
                "owner@example.com suppressed role switched off: owner",
            ])
        #expect(lines.map(\.dueAt) == [due, nil, due, nil, nil, due, nil])
        let runAt = try await bench.store.administer { connection in
            try connection.query("select kind || ' ' || (run_at = \(due))::text from job order by kind, run_at") {
                row in
                try row.decode(String.self, at: 0)
            }
        }
        #expect(
            runAt == [
                "hook_notification false", "hook_notification true", "mail_notification true", "mail_notification true",
            ])
    }

    // MARK: - What is no news any more

    @Test(arguments: [
        (86_401, "", "older than 24 hours when somebody could be told"),
        // retention took the entry
        (0, "truncate call_log", "older than 24 hours when somebody could be told"),
        (
            0, "update error_cycle set opened_at = opened_at + interval '1 s'",
            "nobody could be told within the 24 hours of its cycle"
        ),
    ])
    func whyNobodyIsToldStandsInTheLedger(seconds: Int64, change: String, reason: String) async throws {
        let bench = try await NotificationBench("no_news")
        try await bench.store([bench.call()])
        let job = try #require(try await bench.jobs(FirstErrorJob.kind).first)
        if !change.isEmpty { try await bench.script(change) }
        let time = bench.clock.now.advanced(bySeconds: seconds)
        #expect(try await bench.run(bench.firstErrors, job, at: time) == .finished)
        let lines = try await bench.lines()
        #expect(lines.map { "\($0.recipient) \($0.state) \($0.reason)" } == ["everybody suppressed \(reason)"])
        #expect(try await bench.jobs(FirstErrorJob.kind).isEmpty)
        #expect(try await bench.jobs(MailNotificationJob.kind).isEmpty)
    }

    @Test func aJobWithoutATenantIsDead() async throws {
        let bench = try await NotificationBench("nobodys")
        let run = JobRun(
            lease: JobLease(jobID: 1, token: 1), tenant: nil, attempt: 1, crashes: 0, isLastAttempt: false,
            now: bench.clock.now, enqueuedAt: bench.clock.now)
        let payload = FirstErrorJob(botKey: 1, openedAt: bench.clock.now, entry: UUID())
        #expect(try await bench.firstErrors.run(payload, run) == .dead("a first error without a tenant"))
        #expect(try await bench.lines().isEmpty)
    }

    // MARK: - What was before

    /// The cycle before, what followed in it, and since when it had been well.
    @Test func theNextMailSaysWhatFollowedTheLast() async throws {
        let bench = try await NotificationBench("history")
        try await bench.decideFirstError()
        let first = try bench.news(try await bench.line())
        try await bench.moveClock("23 hours")
        let calls =
            [20, 19, 18, 17].map { bench.call(secondsAgo: $0 * 3600) }
            + [21, 16, 15].map { bench.call(secondsAgo: $0 * 3600, isError: false) }
        try await bench.store(calls)
        try await bench.moveClock("25 hours")
        try await bench.decideFirstError()
        let news = try bench.news(try await bench.line())
        #expect(news.previousErrors == 4)
        #expect(news.previousUntil == first.cycleUntil)
        let since = try #require(news.previousSince.flatMap { Timestamp(rfc3339: $0) })
        #expect(news.previousUntil == since.advanced(bySeconds: ErrorCycle.seconds).description)
        #expect(news.recoveredAt == calls[5].log.occurredAt.description)
    }

    /// Nothing failed after the error that opened the cycle before: that error is what the bot recovered from.
    @Test func aBotThatRecoveredAtOnceIsSaidToHave() async throws {
        let bench = try await NotificationBench("recovered")
        try await bench.store([bench.call(secondsAgo: 5)])
        let job = try #require(try await bench.jobs(FirstErrorJob.kind).first)
        #expect(try await bench.run(bench.firstErrors, job) == .finished)
        try await bench.moveClock("12 hours")
        let successes = (1...3).map { bench.call(secondsAgo: $0 * 3600, isError: false) }
        try await bench.store(successes)
        try await bench.moveClock("25 hours")
        try await bench.decideFirstError()
        let news = try bench.news(try await bench.line())
        #expect(news.previousErrors == 0)
        #expect(news.recoveredAt == successes[2].log.occurredAt.description)
    }

    // MARK: - From the entry to the mailbox

    @Test func aWorkerTellsOfAnErrorOnce() async throws {
        let bench = try await NotificationBench("worker", [.failed(.transient)])
        for _ in 0..<5 { try await bench.store([bench.call()]) }
        let kinds = [RunnableKind(bench.firstErrors), RunnableKind(try bench.mails())]
        try await bench.work(kinds, until: "queued")
        let failed = try await bench.line()
        #expect(failed.state == "queued" && failed.reason == "not sent yet: the server said so")
        let job = try #require(try await bench.jobs(MailNotificationJob.kind).first)
        try await bench.script("update job set run_at = app_now() where job_id = \(job.id)")
        try await bench.work(kinds, until: "sent")
        let sent = try await bench.line()
        #expect(sent.state == "sent" && sent.attempts == 2 && sent.uncertainties == 0)
        #expect(bench.transport.mails.count == 2)
        #expect(bench.transport.mails.allSatisfy { $0.message.recipient.text == "owner@example.com" })
        #expect(try await bench.jobs(FirstErrorJob.kind).isEmpty)
        #expect(try await bench.jobs(MailNotificationJob.kind).isEmpty)
    }
}
