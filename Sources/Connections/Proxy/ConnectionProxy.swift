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
    /// Without a byte in either direction.
    static let idleTimeout = Duration.seconds(60)

    private let service: ConnectionService
    private let transfer: HTTPTransfer
    private let addressGuard: AddressGuard

    /// Makes calls.
    /// - Parameters:
    ///   - service: knows the connections.
    ///   - transfer: does the work.
    ///   - addressGuard: knows the addresses that may be reached.
    public init(service: ConnectionService, transfer: HTTPTransfer, addressGuard: AddressGuard) {
        self.service = service
        self.transfer = transfer
        self.addressGuard = addressGuard
    }

    /// Makes a call; returns when the head of the answer is there.
    ///
    /// When the application refuses an access token that can be renewed, it is, and the call is made once more if its body
    /// is still at hand.
    /// - Parameters:
    ///   - call: what to call.
    ///   - id: the connection.
    ///   - tenant: whose.
    /// - Throws: `Problem`: not_found; conflict when the connection can't be used; invalid_parameter for a path that leads out
    ///   of the API; forbidden for an address that must not be reached; unavailable when there was no answer. What the
    ///   call's body throws; `VaultError`, `DatabaseError`.
    public func send(_ call: ProxyCall, with id: UUID, tenant: TenantID) async throws -> ProxyAnswer {
        if let refusal = ProviderClient.refusal(ofPath: call.path) {
            throw Problem(.invalidParameter, "The path can't be called: \(refusal).")
        }
        var stored = try await service.usable(id, tenant: tenant)
        let capture = BodyCapture()
        var (stream, sent) = try await open(call, stored, capture, body: call.body.map { Self.recording($0, capture) })
        // with a body that is still at hand
        let body = call.body == nil ? [] : capture.whole
        if stream.status == 401, stored.secrets.grant?.refreshToken != nil, let body,
            case .renewed(let fresh) = try await service.renew(stored, tenant: tenant)
        {
            stored = fresh
            (stream, sent) = try await open(
                call, stored, capture, body: call.body == nil ? nil : Self.replaying(body))
        }
        let (reader, connection, status) = (BodyReading(stream), stored.connection, stream.status)
        return ProxyAnswer(
            connection: connection, url: sent.url.text, sentHeaders: sent.headers, sentBody: capture, status: status,
            headers: ProxyHeaders.back(stream.headers.map { HeaderField(name: $0.name, value: $0.value) }),
            next: { try await reader.next(of: connection) },
            settling: settling(status, stored, tenant))
    }

    private func open(
        _ call: ProxyCall, _ stored: StoredSecrets, _ capture: BodyCapture,
        body: (@Sendable () async throws -> [UInt8]?)?
    ) async throws -> (HTTPTransferStream, (url: OutgoingURL, headers: [HeaderField])) {
        let prepared: AuthorizedCall
        do {
            prepared = try service.client.call(stored.target, path: call.path, query: call.query)
        } catch { throw ConnectionService.problem(error) }
        let headers = ProxyHeaders.onward(
            call.headers, adding: prepared.headers.map { HeaderField(name: $0.name, value: $0.value) })
        var request = HTTPTransferRequest(
            method: call.method, url: prepared.url.text, headers: headers.map { HTTPTransferHeader($0.name, $0.value) },
            timeout: Self.timeout, maximumResponseBytes: Self.largestAnswer,
            allowsAddress: { [addressGuard, host = prepared.url.host] in addressGuard.allows($0, for: host) })
        request.idleTimeout = Self.idleTimeout
        do {
            let upload = body.map { HTTPUpload(length: call.length, next: $0) }
            return (try await transfer.stream(request, body: upload), (prepared.url, headers))
        } catch let error as TransferError {
            throw Self.problem(error, stored.connection)
        }
    }

    /// Writes down what an answer says about the connection.
    private func settling(_ status: Int, _ stored: StoredSecrets, _ tenant: TenantID) -> Task<Void, Never>? {
        let id = stored.connection.id
        switch status {
        case 200..<300 where stored.connection.health.state != .healthy:
            return Task { [service] in
                _ = try? await service.store.note(
                    .ok, id: id, tenant: tenant, version: stored.version, now: service.clock.now, canAskAgain: true)
            }
        case 401:
            return Task { [service] in
                do {
                    if try await service.check(id, tenant: tenant) != nil { return }
                    // where there is no probe, the call itself is one
                    let words = "\(stored.connection.application.name) refuses the credentials with 401. Replace them."
                    _ = try await service.store.note(
                        .rejected(words), id: id, tenant: tenant, version: stored.version, now: service.clock.now,
                        canAskAgain: false)
                } catch {
                    service.logger.warning(
                        "a refused connection could not be checked",
                        metadata: ["connection": "\(id)", "because": "\(error)"])
                }
            }
        default: return nil
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
