import Domain
import Synchronization

/// The keys of bots that this process has met, so that an entry costs no look-up.
///
/// Bots are never deleted, so a key once learnt stays right; a changed name is written through and remembered.
final class BotDirectory: Sendable {
    private struct Known {
        var key: Int32
        var name: String?
    }

    /// Bots remembered; past it the memory starts anew, which costs one statement a bot.
    private static let capacity = 100_000

    private let store: BotStore
    private let known = Mutex<[TenantID: [String: Known]]>([:])

    init(store: BotStore) { self.store = store }

    /// The keys of all bots of some entries.
    /// - Parameter entries: by tenant.
    /// - Throws: `DatabaseError`.
    func keys(of bots: [TenantID: Set<BotReference>]) async throws -> [TenantID: [String: Int32]] {
        var keys: [TenantID: [String: Int32]] = [:]
        for (tenant, references) in bots {
            var found: [String: Int32] = [:]
            var missing: [String: BotReference] = [:]
            known.withLock { known in
                let tenantBots = known[tenant]
                for bot in references {
                    if let entry = tenantBots?[bot.id], bot.name == nil || bot.name == entry.name {
                        found[bot.id] = entry.key
                    } else {
                        // the same bot under two names in one go: either may win
                        missing[bot.id] = bot.name == nil ? missing[bot.id] ?? bot : bot
                    }
                }
            }
            if !missing.isEmpty {
                let registered = try await store.register(Array(missing.values), tenant: tenant)
                known.withLock { known in
                    if known.values.reduce(0, { $0 + $1.count }) > Self.capacity { known.removeAll() }
                    for (id, key) in registered {
                        known[tenant, default: [:]][id] = Known(key: key, name: missing[id]?.name)
                    }
                }
                found.merge(registered) { _, new in new }
            }
            keys[tenant] = found
        }
        return keys
    }
}
