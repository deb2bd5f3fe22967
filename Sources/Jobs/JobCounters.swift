import Domain
public import Store
import Synchronization

/// What a worker has run, by kind, since it started.
public final class JobCounters: Sendable {
    private let all: Mutex<JobNumbers>

    init(kinds: [String]) {
        var numbers = JobNumbers()
        for kind in kinds { numbers.kinds[kind] = .init() }
        all = Mutex(numbers)
    }

    /// The numbers now.
    public var numbers: JobNumbers { all.withLock(\.self) }

    func began(_ job: JobStore.Claimed) {
        let waited = Double(max(job.claimedAt.microseconds - job.dueAt.microseconds, 0)) / 1_000_000
        all.withLock { all in
            all.kinds[job.kind]?.began += 1
            all.kinds[job.kind]?.waitedSeconds += waited
        }
    }

    func ended(_ job: JobStore.Claimed, _ fate: JobStore.Ended.Fate) {
        all.withLock { all in
            switch fate {
            case .done, .finished: all.kinds[job.kind]?.done += 1
            case .retry: all.kinds[job.kind]?.failed += 1
            case .dead: all.kinds[job.kind]?.dead += 1
            case .lost: all.lost += 1
            case .later, .released: break
            }
        }
    }

    func lost(_ count: Int) { all.withLock { $0.lost += count } }
}
