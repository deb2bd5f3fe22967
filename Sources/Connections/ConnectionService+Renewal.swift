import Domain
import Foundation
import Logging
import Providers
import Store
import Synchronization

/// What became of an attempt to get another access token.
enum Renewal: Sendable {
    /// There is a newer one, whoever got it.
    case renewed(StoredSecrets)
    /// The application says that there will be none.
    case rejected(String, version: Int64)
    /// It could not be asked.
    case unavailable(String, retryAfterSeconds: Int64?, version: Int64)
}

/// Renewals under way in this process: whoever needs one that is under way waits for it.
final class RenewalsUnderWay: Sendable {
    private let tasks = Mutex<[UUID: Task<Renewal, any Error>]>([:])

    /// Does it, or waits for whoever does. It goes on when whoever asked is gone: what the application has granted by
    /// then must be written down.
    func renew(_ id: UUID, _ body: @escaping @Sendable () async throws -> Renewal) async throws -> Renewal {
        let task = tasks.withLock { tasks in
            if let running = tasks[id] { return running }
            let task = Task {
                defer { self.tasks.withLock { $0[id] = nil } }
                return try await body()
            }
            tasks[id] = task
            return task
        }
        return try await task.value
    }
}

extension ConnectionService {
    /// How long another process' renewal is waited for.
    private static let patience = Duration.seconds(20)

    /// Gets another access token, once for all who need it at the same time, in this process and in others.
    ///
    /// A claim on the row stands in for a lock that would have to be held during a call to the application. Who finds it
    /// taken looks again until the secrets have changed. A claim that was never given back tells that a renewal was
    /// cut off, perhaps after the application had replaced the refresh token: if it refuses ours now, that is why.
    /// - Parameter stored: the secrets that are not good any more.
    func renew(_ stored: StoredSecrets, tenant: TenantID) async throws -> Renewal {
        try await renewals.renew(stored.connection.id) { [self] in
            let id = stored.connection.id
            let deadline = ContinuousClock.now + Self.patience
            while ContinuousClock.now < deadline {
                switch try await store.claimRefresh(id, tenant: tenant, version: stored.version, now: clock.now) {
                case .claimed(let current, let claim): return try await refresh(current, claim, tenant)
                case .changed: return .renewed(try await self.stored(id, tenant))
                case .gone: throw Self.unknown
                // another process asks: it takes as long as the application's answer
                case .busy: try await Task.sleep(for: .milliseconds(50))
                }
            }
            return .unavailable(
                "Another renewal of its access token is under way.", retryAfterSeconds: 5, version: stored.version)
        }
    }

    private func refresh(_ current: StoredSecrets, _ claim: UUID, _ tenant: TenantID) async throws -> Renewal {
        let id = current.connection.id
        do {
            let grant = try await client.refresh(current.target, now: clock.now)
            let isKept = try await keep(grant, id, tenant, claim)
            if !isKept { logger.warning("a renewed token came too late to be kept", metadata: ["connection": "\(id)"]) }
            return .renewed(try await stored(id, tenant))
        } catch let failure as ProviderFailure {
            if case .unanswered = failure {
                // the refresh token may be used up: whoever tries it next is to know
                try await store.giveUpRefresh(id, tenant: tenant, claim: claim)
            } else {
                try await store.releaseRefresh(id, tenant: tenant, claim: claim)
            }
            switch failure {
            case .rejected(let words) where current.interruptedRefresh:
                return .rejected(
                    "A renewal of its access token was cut off before the new one could be kept. \(words)",
                    version: current.version)
            case .rejected(let words): return .rejected(words, version: current.version)
            case .misconfigured(let words), .unanswered(let words), .forbidden(let words):
                return .unavailable(words, retryAfterSeconds: nil, version: current.version)
            case .unavailable(let words, let seconds):
                return .unavailable(words, retryAfterSeconds: seconds, version: current.version)
            }
        }
    }

    /// Keeps what the application granted, however long the database takes to be there again: with a refresh token that
    /// rotates there is no second chance. A claim that ran out meanwhile still counts while nobody else got a newer grant.
    private func keep(_ grant: OAuthGrant, _ id: UUID, _ tenant: TenantID, _ claim: UUID) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(90)
        var wait = Duration.milliseconds(100)
        while true {
            do {
                return try await store.keepGrant(grant, id: id, tenant: tenant, claim: claim, now: clock.now)
            } catch  where ContinuousClock.now < deadline {
                logger.warning(
                    "a renewed token could not be kept yet",
                    metadata: ["connection": "\(id)", "because": "\(error)"])
                try await Task.sleep(for: wait)
                wait = min(wait * 2, .seconds(5))
            }
        }
    }
}
