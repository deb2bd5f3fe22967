public import Domain
public import Foundation
import Logging
import Providers
import Store
public import Transfer

/// Makes calls with connections' credentials, and streams them both ways.
public struct ConnectionProxy: Sendable {
    /// Bytes of a request's body.
    public static let largestRequest = 32 << 20
    /// Bytes of an answer's body.
    static let largestAnswer = 256 << 20
    /// For a whole call.
    static let timeout = Duration.seconds(300)
    /// Bytes of path and query: what the log keeps of a URL, without the API's own part.
    static let longestPath = 7_000
    /// Without a byte in either direction.
    static let idleTimeout = Duration.seconds(60)

    private let service: ConnectionService
    private let transfer: HTTPTransfer
    private let addressGuard: AddressGuard
    private let underWay: CallsUnderWay

    /// Makes calls.
    /// - Parameters:
    ///   - service: knows the connections.
    ///   - transfer: does the work.
    ///   - addressGuard: knows the addresses that may be reached.
    ///   - underWay: the calls of this process.
    public init(
        service: ConnectionService, transfer: HTTPTransfer, addressGuard: AddressGuard, underWay: CallsUnderWay
    ) {
        self.service = service
        self.transfer = transfer
        self.addressGuard = addressGuard
        self.underWay = underWay
    }

    /// Makes a call; returns when the head of the answer is there.
    ///
    /// An answer of 401 may be about the access token or about the call: the application is asked which. Where it is the
    /// token, another one is got, and the call is made once more if its body is still at hand; where that can't be had, the
    /// connection is known to be broken before the caller has the answer.
    /// - Parameters:
    ///   - call: what to call.
    ///   - id: the connection.
    ///   - tenant: whose.
    ///   - onBegin: gets the means to break the call off.
    /// - Throws: `Problem`: not_found; conflict when the connection can't be used; invalid_parameter for a path that leads out
    ///   of the API; forbidden for an address that must not be reached; rate_limited. `Unanswered` when no answer came. What
    ///   the call's body throws; `VaultError`, `DatabaseError`.
    public func send(
        _ call: ProxyCall, with id: UUID, tenant: TenantID, onBegin: (BreakableCall) -> Void
    ) async throws -> ProxyAnswer {
        guard call.path.utf8.count + (call.query?.utf8.count ?? 0) <= Self.longestPath else {
            throw Problem(.invalidParameter, "Path and query have more than \(Self.longestPath) bytes.")
        }
        if let refusal = ProviderClient.refusal(ofPath: call.path) {
            throw Problem(.invalidParameter, "The path can't be called: \(refusal).")
        }
        let place = try underWay.begin(of: tenant)
        onBegin(place.call)
        let stored = try await service.usable(id, tenant: tenant)
        return try await place.call.run { try await answer(call, stored, tenant, place) }
    }

    private func answer(
        _ call: ProxyCall, _ stored: StoredSecrets, _ tenant: TenantID, _ place: CallPlace
    ) async throws -> ProxyAnswer {
        let capture = BodyCapture()
        var stored = stored
        var (stream, sent) = try await open(call, stored, capture, body: call.body.map { Self.recording($0, capture) })
        if stream.status == 401, let fresh = try? await service.answerRefused(stored, tenant: tenant) {
            stored = fresh
            // with a body that is still at hand
            if let body = call.body == nil ? [] : capture.whole {
                (stream, sent) = try await open(
                    call, fresh, capture, body: call.body == nil ? nil : Self.replaying(body))
            }
        }
        if (200..<300).contains(stream.status), stored.connection.health.state != .healthy {
            _ = try? await service.store.note(
                .ok, id: stored.connection.id, tenant: tenant, version: stored.version, now: service.clock.now,
                canAskAgain: true)
        }
        let (reader, connection) = (BodyReading(stream), stored.connection)
        return ProxyAnswer(
            sent: sent, status: stream.status,
            headers: ProxyHeaders.back(stream.headers.map { HeaderField(name: $0.name, value: $0.value) }),
            contentLength: stream.header("Content-Length").flatMap { Int($0) },
            next: { try await place.call.run { try await reader.next(of: connection) } })
    }

    private func open(
        _ call: ProxyCall, _ stored: StoredSecrets, _ capture: BodyCapture,
        body: (@Sendable () async throws -> [UInt8]?)?
    ) async throws -> (HTTPTransferStream, SentCall) {
        let prepared: AuthorizedCall
        do {
            prepared = try service.client.call(stored.target, path: call.path, query: call.query)
        } catch { throw ConnectionService.problem(error) }
        let host = prepared.url.host
        if let refusal = addressGuard.refusal(of: prepared.url) {
            throw Problem(.forbidden, "The call was not made: \(refusal).")
        }
        let headers = ProxyHeaders.onward(
            call.headers, adding: prepared.headers.map { HeaderField(name: $0.name, value: $0.value) })
        let sent = SentCall(
            connection: stored.connection, url: prepared.url.text, headers: headers, body: capture,
            secrets: stored.spelledSecrets(prepared.headers.map(\.value)))
        var request = HTTPTransferRequest(
            method: call.method, url: prepared.url.text, headers: headers.map { HTTPTransferHeader($0.name, $0.value) },
            // without a length these are refused by some servers
            body: body == nil && ["POST", "PUT", "PATCH"].contains(call.method) ? [] : nil,
            timeout: Self.timeout, maximumResponseBytes: Self.largestAnswer,
            allowsAddress: { [addressGuard] in addressGuard.allows($0, for: host) })
        request.idleTimeout = Self.idleTimeout
        do {
            let upload = body.map { HTTPUpload(length: call.length, next: $0) }
            return (try await transfer.stream(request, body: upload), sent)
        } catch let error as TransferError {
            let problem = Self.problem(error, stored.connection)
            throw problem.code == .unavailable ? Unanswered(sent: sent, problem: problem) : problem as any Error
        }
    }

    private static func recording(
        _ next: @escaping @Sendable () async throws -> [UInt8]?, _ capture: BodyCapture
    ) -> @Sendable () async throws -> [UInt8]? {
        {
            guard let piece = try await next() else {
                capture.end()
                return nil
            }
            capture.append(piece)
            guard capture.size <= largestRequest else {
                throw Problem(.bodyTooLarge, "A proxied body may have \(largestRequest >> 20) MiB.")
            }
            return piece
        }
    }

    private static func replaying(_ bytes: [UInt8]) -> @Sendable () async throws -> [UInt8]? {
        let pieces = Pieces([bytes])
        return { pieces.next() }
    }

    static func problem(_ error: TransferError, _ connection: Connection) -> Problem {
        let name = connection.application.name
        return switch error {
        case .addressRefused(let address):
            Problem(.forbidden, "The call to \(name) was not made: the address \(address) must not be reached.")
        case .invalidURL(let words), .invalidRequest(let words):
            Problem(.invalidParameter, "The call can't be made: \(words).")
        default: Problem(.unavailable, "\(name) did not answer: \(error).", retryAfterSeconds: 5)
        }
    }
}
