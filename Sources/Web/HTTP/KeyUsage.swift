import Domain
import Foundation
import Logging
import ServiceLifecycle
import Store
import Synchronization

/// Writes down when keys were last used: once a minute for all of them, not with every request.
final class KeyUsage: Sendable, Service {
    private let keys: APIKeyStore
    private let clock: DatabaseClock
    private let logger: Logger
    private let used = Mutex<[TenantID: Set<UUID>]>([:])

    init(keys: APIKeyStore, clock: DatabaseClock, logger: Logger) {
        self.keys = keys
        self.clock = clock
        self.logger = logger
    }

    /// Remembers that a key was used.
    func note(_ id: UUID, tenant: TenantID) {
        used.withLock { used in _ = used[tenant, default: []].insert(id) }
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
            defer { used = [:] }
            return used
        }
        for (tenant, ids) in batch {
            do { try await keys.touch(Array(ids), tenant: tenant, now: clock.now) } catch {
                logger.warning("the last use of keys could not be noted", metadata: ["error": "\(error)"])
            }
        }
    }
}
