import Domain
import Foundation
import Logging
import ServiceLifecycle
import Store
import Synchronization

/// Writes down when keys and sessions were last used: once a minute for all of them, not with every request.
final class CredentialUsage: Sendable, Service {
    private struct Used: Sendable {
        var keys: [TenantID: Set<UUID>] = [:]
        var sessions: Set<String> = []
    }

    private let keys: APIKeyStore
    private let sessions: SessionStore
    private let clock: DatabaseClock
    private let logger: Logger
    private let used = Mutex(Used())

    init(keys: APIKeyStore, sessions: SessionStore, clock: DatabaseClock, logger: Logger) {
        self.keys = keys
        self.sessions = sessions
        self.clock = clock
        self.logger = logger
    }

    /// Remembers that a key or a session was used.
    func note(_ principal: Principal, token: String) {
        used.withLock { used in
            switch principal.identity {
            case .apiKey(let id, _): _ = used.keys[principal.tenant.id, default: []].insert(id)
            case .user: used.sessions.insert(token)
            }
        }
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(60))
                await self.flush()
            }
        }
        await flush()
    }

    private func flush() async {
        let batch = used.withLock { used in
            defer { used = Used() }
            return used
        }
        do {
            for (tenant, ids) in batch.keys { try await keys.touch(Array(ids), tenant: tenant, now: clock.now) }
            for token in batch.sessions { try await sessions.touch(token, now: clock.now) }
        } catch {
            logger.warning("the last use of keys and sessions could not be noted", metadata: ["error": "\(error)"])
        }
    }
}
