import DequeModule
import Foundation

/// A thread of its own for one connection, so that blocking in libpq holds up nobody else.
// @unchecked: `jobs`, `isWaiting` and `isStopped` are touched only under `mutex`; `thread` is written once, under
// `mutex`, before the first job runs; the two pointers never change.
final class ConnectionExecutor: SerialExecutor, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs = Deque<UnownedJob>()
    private var isWaiting = false
    private var isStopped = false
    private var thread: pthread_t?

    /// Starts the thread, which keeps this object alive until `stop()`.
    /// - Throws: `DatabaseError` of kind `.connection` when the system has no thread to give.
    init() throws {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let context = Unmanaged.passRetained(self)
        var identifier = pthread_t()
        let status = pthread_create(
            &identifier,
            nil,
            { context in
                if let context { Unmanaged<ConnectionExecutor>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            context.toOpaque()
        )
        guard status == 0 else {
            context.release()
            throw DatabaseError(.connection, "no thread for a connection: \(String(cString: strerror(status)))")
        }
        pthread_detach(identifier)
        thread = identifier
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        let mustWake = isWaiting
        isWaiting = false
        pthread_mutex_unlock(mutex)
        if mustWake { pthread_cond_signal(condition) }
    }

    /// Lets the thread end after the jobs it has.
    func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the connection's thread")
    }

    func isIsolatingCurrentContext() -> Bool? {
        guard let thread else { return false }
        return pthread_equal(thread, pthread_self()) != 0
    }

    private func next() -> UnownedJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            guard !isStopped else { return nil }
            isWaiting = true
            pthread_cond_wait(condition, mutex)
        }
        isWaiting = false
        return jobs.removeFirst()
    }

    private func run() {
        while let job = next() { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
}
