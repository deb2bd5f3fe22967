import Domain
import Synchronization

/// The keys of bots that this process has met, so that an entry costs no look-up.
///
/// Bots are never deleted, so a key once learnt stays right; a changed name is written through and remembered.
final class BotDirectory: Sendable {
    private struct Known {
        var key: Int32
        var name: ExactText?
    }

    private struct Memory {
        var bots: [TenantID: [ExactText: Known]] = [:]
        var count = 0
    }

    /// Bots remembered; past it the memory starts anew, which costs one statement a bot.
    private static let capacity = 100_000

    private let store: BotStore
    private let memory = Mutex(Memory())

    init(store: BotStore) { self.store = store }

    /// The keys of all bots of some entries.
    /// - Parameter bots: by tenant.
    /// - Throws: `DatabaseError`.
    func keys(of bots: [TenantID: Set<BotReference>]) async throws -> [TenantID: [ExactText: Int32]] {
        var keys: [TenantID: [ExactText: Int32]] = [:]
        for (tenant, references) in bots {
            var found: [ExactText: Int32] = [:]
            var missing: [ExactText: BotReference] = [:]
            memory.withLock { memory in
                let known = memory.bots[tenant]
                for bot in references {
                    let id = ExactText(bot.id)
                    if let entry = known?[id], bot.name == nil || bot.name.map(ExactText.init) == entry.name {
                        found[id] = entry.key
                    } else {
                        // the same bot under two names in one go: either may win
                        missing[id] = bot.name == nil ? missing[id] ?? bot : bot
                    }
                }
            }
            if !missing.isEmpty {
                let registered = try await store.register(Array(missing.values), tenant: tenant)
                remember(registered, names: missing, tenant: tenant)
                found.merge(registered) { _, new in new }
            }
            keys[tenant] = found
        }
        return keys
    }

    private func remember(_ registered: [ExactText: Int32], names: [ExactText: BotReference], tenant: TenantID) {
        memory.withLock { memory in
            if memory.count > Self.capacity { memory = Memory() }
            for (id, key) in registered {
                let known = Known(key: key, name: names[id]?.name.map(ExactText.init))
                if memory.bots[tenant, default: [:]].updateValue(known, forKey: id) == nil { memory.count += 1 }
            }
        }
    }
}
