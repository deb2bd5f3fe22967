import Domain
import Foundation
import Store
import Synchronization

/// When connections were last found to be good though a call with them was refused: an address that always answers 401 must
/// not make the application be asked each time.
final class RefusalMemory: Sendable {
    private struct Key: Hashable {
        var connection: UUID
        var version: Int64
    }

    private static let seconds = Duration.seconds(10)
    private static let capacity = 10_000

    private let good = Mutex<[Key: ContinuousClock.Instant]>([:])

    func isKnownGood(_ id: UUID, version: Int64) -> Bool {
        good.withLock { $0[Key(connection: id, version: version)].map { $0 > ContinuousClock.now } ?? false }
    }

    func noteGood(_ id: UUID, version: Int64) {
        good.withLock { good in
            if good.count >= Self.capacity { good.removeAll() }
            good[Key(connection: id, version: version)] = ContinuousClock.now + Self.seconds
        }
    }
}

extension ConnectionService {
    /// Finds out what a 401 to a call means, and writes it down.
    /// - Parameters:
    ///   - stored: what was called with.
    ///   - tenant: whose.
    /// - Returns: other secrets to call with; nil when there are none, or those that were tried are good.
    func answerRefused(_ stored: StoredSecrets, tenant: TenantID) async throws -> StoredSecrets? {
        let id = stored.connection.id
        guard !refusals.isKnownGood(id, version: stored.version) else { return nil }
        let outcome = await probe(stored)
        switch outcome {
        case .ok:
            refusals.noteGood(id, version: stored.version)
            return nil
        case .unavailable: return nil
        case .rejected, nil: break
        }
        guard stored.secrets.grant?.refreshToken != nil else {
            // where there is no probe, the call itself is one
            let words = "\(stored.connection.application.name) refuses the credentials with 401. Replace them."
            _ = try await store.note(
                outcome ?? .rejected(words), id: id, tenant: tenant, version: stored.version, now: clock.now,
                canAskAgain: outcome != nil)
            return nil
        }
        switch try await renew(stored, tenant: tenant) {
        case .renewed(let fresh):
            // without a probe nothing tells whether the next 401 is the token's
            if outcome == nil { refusals.noteGood(id, version: fresh.version) }
            return fresh
        case .rejected(let words, let version):
            _ = try await store.note(
                .rejected(words), id: id, tenant: tenant, version: version, now: clock.now, canAskAgain: false)
            return nil
        case .unavailable(let words, let seconds, let version):
            _ = try await store.note(
                .unavailable(words, retryAfterSeconds: seconds), id: id, tenant: tenant, version: version,
                now: clock.now, canAskAgain: true)
            return nil
        }
    }
}

extension StoredSecrets {
    /// The secrets in each form in which an answer might repeat them.
    /// - Parameter headers: values of the headers that carry them.
    func spelledSecrets(_ headers: [String]) -> [String] {
        var texts = headers + Array(secrets.credentials.values)
        if let grant = secrets.grant { texts += [grant.accessToken] + [grant.refreshToken].compactMap(\.self) }
        // "Basic …" without its first word too, and what base64 hides
        for header in headers {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            texts.append(String(parts[1]))
        }
        // shorter ones are words that stand everywhere, such as the password "X"
        return Set(texts.filter { $0.utf8.count >= 6 }).sorted { $0.utf8.count > $1.utf8.count }
    }
}
