public import Domain
public import Mail
public import Store

/// Mails a link to a person: to choose another password, or to join a tenant.
///
/// Running twice is safe: each run makes a link of its own under the same Message-ID, and a link that nobody got expires.
public struct AccountMailKind: JobKind {
    /// A person waits; after an hour they have asked again.
    public let limits = JobLimits {
        $0.attempts = 100
        $0.timeout = .seconds(100)
        $0.concurrency = 4
        $0.backoff = Backoff(first: 5, factor: 2, longest: 900)
    }
    /// Seconds after which nobody waits for another password any more.
    static let longestResetSeconds: Int64 = 3600

    private let oneTimeLinks: OneTimeLinkStore
    private let invitations: InvitationStore
    private let mail: MailSender
    private let links: PublicLinks

    /// Prepares to send.
    /// - Parameters:
    ///   - oneTimeLinks: makes links to choose a password.
    ///   - invitations: makes links to join.
    ///   - mail: sends mails.
    ///   - links: where the links lead.
    public init(oneTimeLinks: OneTimeLinkStore, invitations: InvitationStore, mail: MailSender, links: PublicLinks) {
        self.oneTimeLinks = oneTimeLinks
        self.invitations = invitations
        self.mail = mail
        self.links = links
    }

    /// Sends one mail.
    public func run(_ payload: AccountMailJob, _ run: JobRun) async throws -> JobOutcome {
        guard let email = EmailAddress(payload.email) else { return .dead("no address: \(payload.email)") }
        guard var message = try await message(payload.purpose, email, run) else {
            return .done("nobody is to get this mail any more")
        }
        // the same for every try; but an invitation's new link makes the one before void, so that mail is another
        let isAnother = payload.purpose == .invitation && run.attempt > 1
        message.id = "\(payload.purpose.rawValue)-\(run.lease.jobID)" + (isAnother ? "-\(run.attempt)" : "")
        do {
            _ = try await mail.send(message, date: run.enqueuedAt)
            return .done()
        } catch {
            let failure = error
            switch failure.kind {
            case .transient, .configuration: return .failed("\(failure)")
            // whoever did not get it asks again
            case .permanent, .uncertain: return .dead("\(failure)")
            }
        }
    }

    private func message(
        _ purpose: AccountMailJob.Purpose, _ email: EmailAddress, _ run: JobRun
    ) async throws -> MailMessage? {
        switch purpose {
        case .reset:
            guard run.now <= run.enqueuedAt.advanced(bySeconds: Self.longestResetSeconds),
                let token = try await oneTimeLinks.makeReset(for: email)
            else { return nil }
            return .passwordReset(to: email, link: links.reset(token))
        case .invitation:
            guard let tenant = run.tenant,
                let renewed = try await invitations.renewLink(for: email, tenant: tenant, now: run.now)
            else { return nil }
            return .invitation(to: email, tenant: renewed.tenantName, link: links.invitation(renewed.token))
        }
    }
}
