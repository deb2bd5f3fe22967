import Domain
import Foundation
import Postgres
import Synchronization

/// Notes what stored calls say about connections: which nodes call with one, and that its calls are refused. What it notes
/// becomes a job in the transaction that stores the calls.
///
/// What was noted is remembered, so that the thousandth call of a node costs a look into a dictionary.
final class ConnectionGate: Sendable {
    /// What a group of calls says that was not noted before.
    struct Signals: Sendable {
        /// When it was said, by `app_now()`.
        let now: Timestamp
        fileprivate(set) var nodes: [TenantID: Set<ConnectionSignalsJob.Node>] = [:]
        fileprivate(set) var refused: [TenantID: Set<UUID>] = [:]

        var isEmpty: Bool { nodes.isEmpty && refused.isEmpty }
    }

    private struct Memory {
        /// Nodes noted, and until when that is remembered: a connection may be made after its first calls came.
        var nodes: [NodeID: Timestamp] = [:]
        /// Connections whose refusals were noted, and until when further ones add nothing.
        var refused: [ConnectionID: Timestamp] = [:]
    }

    private struct ConnectionID: Hashable {
        var tenant: TenantID
        var connection: UUID
    }

    private struct NodeID: Hashable {
        var tenant: TenantID
        var node: ConnectionSignalsJob.Node
    }

    /// Nodes and connections remembered; past it the memory starts anew.
    private static let capacity = 50_000
    /// Seconds after which a node is noted again.
    private static let nodeSeconds: Int64 = 600
    /// Seconds for which further refusals of a connection add nothing: the job that the first one asked for counts them.
    static let refusalSeconds: Int64 = 1
    /// Seconds after which that job runs. It is longer than `refusalSeconds`: what was noted last has to be committed.
    static let countSeconds: Int64 = 2

    private let memory = Mutex(Memory())

    /// What calls say that was not noted lately.
    /// - Parameters:
    ///   - batches: the calls.
    ///   - now: by `app_now()`.
    func signals(of batches: [EntryBatch], now: Timestamp) -> Signals {
        var signals = Signals(now: now)
        for batch in batches {
            for index in batch.entries.indices {
                // nearly all calls name none
                guard let text = batch.entries[index].log.connectionID, let id = UUID(uuidString: text) else {
                    continue
                }
                note(batch.entries[index].log, id, batch.tenant, now, into: &signals)
            }
        }
        return signals
    }

    private func note(
        _ log: CallLog, _ id: UUID, _ tenant: TenantID, _ now: Timestamp, into signals: inout Signals
    ) {
        let connection = ConnectionID(tenant: tenant, connection: id)
        if log.statusCode == 401,
            memory.withLock({ $0.refused[connection].map { $0 <= now } ?? true })
        {
            signals.refused[tenant, default: []].insert(id)
        }
        let (node, path) = Self.place(of: log.source)
        guard node != nil || path != nil else { return }
        let found = ConnectionSignalsJob.Node(connection: id, bot: log.bot.id, node: node ?? "", path: path)
        let known = memory.withLock { $0.nodes[NodeID(tenant: tenant, node: found)] }
        if known.map({ $0 <= now }) ?? true { signals.nodes[tenant, default: []].insert(found) }
    }

    private static func place(of source: CallSource?) -> (node: String?, path: String?) {
        guard case .flow(let path, let nodeID) = source else { return (nil, nil) }
        return (nodeID, path)
    }

    /// Asks for what the signals are for, in the transaction that stores the calls. Nodes are learnt at once; refusals
    /// are counted when more of them may have come.
    static func enqueue(_ signals: Signals, _ transaction: isolated PostgresConnection) throws {
        let learning = signals.nodes.map { tenant, nodes in
            NewJob(ConnectionSignalsJob(nodes: Array(nodes), refused: []), tenant: tenant)
        }
        let counting = signals.refused.map { tenant, ids in
            NewJob(
                ConnectionSignalsJob(nodes: [], refused: Array(ids)), tenant: tenant,
                runAt: signals.now.advanced(bySeconds: countSeconds))
        }
        try JobQueue.enqueue(learning + counting, transaction)
    }

    /// Remembers signals, once the transaction has committed.
    func remember(_ signals: Signals, now: Timestamp) {
        guard !signals.isEmpty else { return }
        memory.withLock { memory in
            if memory.nodes.count > Self.capacity { memory.nodes = [:] }
            if memory.refused.count > Self.capacity { memory.refused = [:] }
            for (tenant, nodes) in signals.nodes {
                let until = now.advanced(bySeconds: Self.nodeSeconds)
                for node in nodes { memory.nodes[NodeID(tenant: tenant, node: node)] = until }
            }
            for (tenant, ids) in signals.refused {
                let until = now.advanced(bySeconds: Self.refusalSeconds)
                for id in ids { memory.refused[ConnectionID(tenant: tenant, connection: id)] = until }
            }
        }
    }
}
