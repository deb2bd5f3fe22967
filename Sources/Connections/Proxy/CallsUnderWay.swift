import Domain
import Synchronization

/// The proxied calls of this process: how many each tenant has, and the means to break them off.
public final class CallsUnderWay: Sendable {
    /// Calls of a tenant at a time. Whoever has more is told to wait, so that no tenant takes all there are.
    public static let mostOfATenant = 128

    private struct State {
        var counts: [TenantID: Int] = [:]
        var calls: [ObjectIdentifier: BreakableCall] = [:]
        var isEnding = false
    }

    private let state = Mutex(State())

    /// Knows no call yet.
    public init() {}

    /// Begins a call, which ends when nobody holds its place any more: an answer may never be asked for its body.
    /// - Parameter tenant: whose.
    /// - Throws: `Problem` (rate_limited) when the tenant has too many.
    func begin(of tenant: TenantID) throws(Problem) -> CallPlace {
        let call = BreakableCall()
        let isTaken = state.withLock { state in
            guard state.counts[tenant, default: 0] < Self.mostOfATenant, !state.isEnding else { return false }
            state.counts[tenant, default: 0] += 1
            state.calls[ObjectIdentifier(call)] = call
            return true
        }
        guard isTaken else {
            throw Problem(
                .rateLimited, "More than \(Self.mostOfATenant) calls of this tenant are under way.",
                retryAfterSeconds: 1)
        }
        return CallPlace(call, of: tenant, in: self)
    }

    fileprivate func end(_ call: BreakableCall, of tenant: TenantID) {
        state.withLock { state in
            guard state.calls.removeValue(forKey: ObjectIdentifier(call)) != nil else { return }
            let rest = state.counts[tenant, default: 1] - 1
            state.counts[tenant] = rest > 0 ? rest : nil
        }
    }

    /// Breaks all calls off, and lets none begin any more: the process ends.
    public func breakAll() {
        let calls = state.withLock { state in
            state.isEnding = true
            return Array(state.calls.values)
        }
        for call in calls { call.breakOff() }
    }
}

/// A call's place among those of its tenant; given back when it is let go.
final class CallPlace: Sendable {
    let call: BreakableCall
    private let tenant: TenantID
    private let underWay: CallsUnderWay

    fileprivate init(_ call: BreakableCall, of tenant: TenantID, in underWay: CallsUnderWay) {
        self.call = call
        self.tenant = tenant
        self.underWay = underWay
    }

    deinit { underWay.end(call, of: tenant) }
}

/// A call that somebody else can break off: the caller who hangs up, or the process that ends.
public final class BreakableCall: Sendable {
    private struct State {
        var isBroken = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Breaks the call off: whatever it waits for is cancelled, now and from now on.
    public func breakOff() {
        let cancel = state.withLock { state in
            state.isBroken = true
            return state.cancel
        }
        cancel?()
    }

    /// Waits for a part of the call, unless it is broken off. One part at a time.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        let isBroken = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isBroken
        }
        if isBroken { task.cancel() }
        defer { state.withLock { $0.cancel = nil } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
