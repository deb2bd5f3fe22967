import CCurl
import Glibc
import Synchronization

/// The thread that runs every transfer, around one libcurl multi handle.
///
/// `@unchecked Sendable`: `multi`, `running`, `watched` and `nextCheck` belong to the loop's thread. Other threads go
/// through `state`; they call only `curl_multi_wakeup` on the handle, under the lock and before `hasEnded`, after which
/// it is freed.
final class TransferLoop: @unchecked Sendable {
    private struct State {
        var submitted: [any TransferExchange] = []
        var cancelled: [any TransferExchange] = []
        var resumed: [any TransferExchange] = []
        var isStopping = false
        var hasEnded = false
        var thread: pthread_t?
    }

    private let state = Mutex(State())
    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: any TransferExchange] = [:]
    private var watched: [UnsafeMutableRawPointer: any TransferExchange] = [:]
    private var nextCheck = ContinuousClock.now
    private let beforeCleanUp: @Sendable () -> Void

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Starts the thread.
    /// - Parameters:
    ///   - maximumConnections: open at once; further transfers wait for a free one.
    ///   - beforeCleanUp: called on the loop's thread when all transfers are over and connections still stand.
    init(maximumConnections: Int, beforeCleanUp: @escaping @Sendable () -> Void = {}) throws {
        guard Self.isLibraryReady, let multi = curl_multi_init() else {
            throw TransferError.other(code: Int(CURLE_FAILED_INIT.rawValue), "libcurl does not start")
        }
        self.multi = multi
        self.beforeCleanUp = beforeCleanUp
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, maximumConnections)
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumConnections)
        try startThread()
    }

    /// Takes a transfer over. It is answered in any case, also when the loop has ended.
    func submit(_ exchange: any TransferExchange) {
        let isTaken = state.withLock { state in
            guard !state.isStopping else { return false }
            state.submitted.append(exchange)
            curl_multi_wakeup(multi)
            return true
        }
        if !isTaken { exchange.finish(throwing: TransferError.shutDown) }
    }

    /// Aborts a transfer, whether it is still to be submitted, under way or over.
    func cancel(_ exchange: any TransferExchange) {
        exchange.cancel()
        state.withLock { state in
            guard !state.hasEnded else { return }
            state.cancelled.append(exchange)
            curl_multi_wakeup(multi)
        }
    }

    /// Lets a paused transfer go on.
    func resume(_ exchange: any TransferExchange) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            state.resumed.append(exchange)
            curl_multi_wakeup(multi)
        }
    }

    /// Ends the thread and waits for it. Whoever comes second finds the thread taken and does not wait.
    func stop() {
        let thread = state.withLock { state -> pthread_t? in
            state.isStopping = true
            if !state.hasEnded { curl_multi_wakeup(multi) }
            return state.thread.take()
        }
        if let thread { pthread_join(thread, nil) }
    }

    // MARK: - On the loop's thread

    private func startThread() throws {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            context.release()
            curl_multi_cleanup(multi)
            throw TransferError.other(code: Int(code), "the transfer thread does not start")
        }
        state.withLock { $0.thread = thread }
    }

    private func run() {
        // OpenSSL writes to sockets without MSG_NOSIGNAL, so a peer that went away would kill the process by SIGPIPE;
        // and the process's own signals are for other threads.
        var everySignal = sigset_t()
        sigfillset(&everySignal)
        pthread_sigmask(SIG_BLOCK, &everySignal, nil)
        while true {
            let (cancelled, isStopping) = takeOrders()
            perform()
            for exchange in cancelled { remove(exchange, throwing: CancellationError()) }
            guard !isStopping else { return end() }
            // Wakes for sockets, for libcurl's own timers, and for curl_multi_wakeup; the second is a safety net.
            curl_multi_poll(multi, nil, 0, watched.isEmpty ? 1000 : checkWatched(), nil)
        }
    }

    private func perform() {
        var stillRunning: Int32 = 0
        curl_multi_perform(multi, &stillRunning)
        finishCompleted()
    }

    /// - Returns: the transfers to abort, and whether it is time to stop.
    private func takeOrders() -> (cancelled: [any TransferExchange], isStopping: Bool) {
        let (submitted, cancelled, resumed, isStopping) = state.withLock { state in
            defer {
                state.submitted.removeAll()
                state.cancelled.removeAll()
                state.resumed.removeAll()
            }
            return (state.submitted, state.cancelled, state.resumed, state.isStopping)
        }
        for exchange in submitted { start(exchange) }
        for exchange in resumed { goOn(with: exchange) }
        return (cancelled, isStopping)
    }

    private func goOn(with exchange: any TransferExchange) {
        guard running[exchange.easy] != nil else { return }
        let code = exchange.resume()
        guard code != CURLE_OK, forget(exchange.easy) != nil else { return }
        curl_multi_remove_handle(multi, exchange.easy)
        exchange.finish(code)
    }

    /// - Returns: milliseconds until it is to be called again at the latest.
    private func checkWatched() -> Int32 {
        let now = ContinuousClock.now
        guard nextCheck <= now else { return Int32(min((nextCheck - now).wholeMilliseconds, 1000)) }
        for exchange in watched.values {
            if let error = exchange.check(at: now) { remove(exchange, throwing: error) }
        }
        let limit = now.advanced(by: .seconds(1))
        nextCheck = watched.values.reduce(limit) { earliest, exchange in
            min(earliest, exchange.checkDeadline ?? earliest)
        }
        return Int32(min(max((nextCheck - now).wholeMilliseconds, 1), 1000))
    }

    private func forget(_ easy: UnsafeMutableRawPointer) -> (any TransferExchange)? {
        watched.removeValue(forKey: easy)
        return running.removeValue(forKey: easy)
    }

    /// Aborts a transfer that did not end by itself.
    private func remove(_ exchange: any TransferExchange, throwing error: any Error) {
        guard forget(exchange.easy) != nil else { return }
        curl_multi_remove_handle(multi, exchange.easy)
        exchange.finish(throwing: error)
    }

    private func start(_ exchange: any TransferExchange) {
        guard !exchange.isCancelled else {
            return exchange.finish(throwing: CancellationError())
        }
        let code = curl_multi_add_handle(multi, exchange.easy)
        guard code == CURLM_OK else {
            let words = String(cString: curl_multi_strerror(code))
            return exchange.finish(throwing: TransferError.other(code: Int(code.rawValue), words))
        }
        running[exchange.easy] = exchange
        guard exchange.isWatched else { return }
        watched[exchange.easy] = exchange
        // Whatever is watched already has the next check within a second.
        nextCheck = min(nextCheck, exchange.checkDeadline ?? nextCheck)
    }

    private func finishCompleted() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let easy = message.easy_handle,
                let exchange = forget(easy)
            else { continue }
            // The message lies in the handle: its code is read before the handle leaves.
            let code = message.data.result
            exchange.willLeave(code)
            curl_multi_remove_handle(multi, easy)
            exchange.finish(code)
        }
    }

    private func end() {
        for exchange in running.values { exchange.cancel() }
        perform()
        for exchange in running.values { remove(exchange, throwing: TransferError.shutDown) }
        beforeCleanUp()
        state.withLock { $0.hasEnded = true }
        curl_multi_cleanup(multi)
    }
}
