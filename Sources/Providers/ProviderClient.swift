public import Domain
import Foundation
public import Transfer

/// Calls applications on behalf of connections: tokens, revocation, probes, and what a proxied call needs.
///
/// Each call is bounded in time and size, follows no redirect, and reaches no address that the guard refuses.
public struct ProviderClient: Sendable {
    /// Whether a call to a host may reach an address.
    typealias AddressCheck = @Sendable (_ address: String, _ host: String) -> Bool

    /// Bytes of an answer that are read.
    static let longestAnswer = 256 << 10
    /// For a whole exchange.
    static let timeout: Duration = .seconds(10)

    let catalogue: ProviderCatalogue
    private let transfer: HTTPTransfer
    private let addressGuard: AddressGuard
    private let allowsAddress: AddressCheck
    private let timeout: Duration

    /// Calls by some transfer.
    /// - Parameters:
    ///   - catalogue: knows the applications.
    ///   - transfer: does the work.
    ///   - addressGuard: knows the addresses that may be reached.
    public init(catalogue: ProviderCatalogue, transfer: HTTPTransfer, addressGuard: AddressGuard) {
        self.init(
            catalogue: catalogue, transfer: transfer, addressGuard: addressGuard,
            allowsAddress: { addressGuard.allows($0, for: $1) })
    }

    init(
        catalogue: ProviderCatalogue, transfer: HTTPTransfer, addressGuard: AddressGuard,
        allowsAddress: @escaping AddressCheck, timeout: Duration = ProviderClient.timeout
    ) {
        self.catalogue = catalogue
        self.transfer = transfer
        self.addressGuard = addressGuard
        self.allowsAddress = allowsAddress
        self.timeout = timeout
    }

    /// Sends a request and waits for its answer.
    func send(
        _ method: String, to url: OutgoingURL, headers: [HTTPTransferHeader], body: String? = nil,
        words: ProviderWords
    ) async throws(ProviderFailure) -> ProviderAnswer {
        try guardAddress(of: url, words: words)
        let usual = [HTTPTransferHeader("Accept", "application/json"), HTTPTransferHeader("User-Agent", "Calltrail")]
        let request = HTTPTransferRequest(
            method: method, url: url.text, headers: usual + headers, body: body.map { Array($0.utf8) },
            timeout: timeout, connectTimeout: timeout, maximumResponseBytes: Self.longestAnswer,
            allowsAddress: { [allowsAddress] address in allowsAddress(address, url.host) })
        do {
            return ProviderAnswer(try await transfer.perform(request))
        } catch let error as TransferError {
            let reason = "\(words.name) could not be asked: \(words.own(error.description))."
            switch error {
            case .timeout, .broken, .tooLarge, .shutDown, .other: throw .unanswered(reason)
            case .invalidURL, .invalidRequest, .couldNotResolve, .couldNotConnect, .tls, .addressRefused:
                throw .unavailable(reason)
            }
        } catch {
            throw .unanswered("Asking \(words.name) was interrupted.")
        }
    }

    /// Refuses a URL that is itself an address that must not be reached; names are looked at when they are resolved.
    func guardAddress(of url: OutgoingURL, words: ProviderWords) throws(ProviderFailure) {
        guard let refusal = addressGuard.refusal(of: url) else { return }
        throw .forbidden("\(words.name) could not be asked: \(refusal).")
    }

    /// Why an answer can't be judged, whatever it was about; nil when it can.
    func fault(of answer: ProviderAnswer, words: ProviderWords, reading: ErrorReading?) -> ProviderFailure? {
        let quoted = words.quoted(reading)
        if (300..<400).contains(answer.status) {
            return .unavailable("\(words.name) answered \(answer.status), and redirects are not followed.")
        }
        if answer.status == 429 || reading?.isRateLimit == true {
            return .unavailable(
                "\(words.name) is asked too often\(quoted).", retryAfterSeconds: answer.retryAfterSeconds())
        }
        guard answer.status >= 500 else { return nil }
        return .unavailable(
            "\(words.name) answered \(answer.status)\(quoted).", retryAfterSeconds: answer.retryAfterSeconds())
    }
}

// MARK: - What a target is called by

extension ProviderClient {
    /// The URLs there are; the raw value is the field by which a connection gives its own.
    enum URLKind: String {
        case authorize = "authorize_url"
        case token = "token_url"
        case revoke = "revoke_url"
        case probe = "probe_url"
        case api = "api_url"
    }

    /// The way in which a target proves who calls.
    func method(of target: ProviderTarget) throws(ProviderFailure) -> AuthMethod {
        guard let method = catalogue[target.application].method(target.auth) else {
            throw .misconfigured("\(target.application.name) is not called with \(target.auth.rawValue).")
        }
        return method
    }

    /// A value for a template: what was typed in, what came with the grant, or what stands in for it.
    func value(_ name: String, of target: ProviderTarget, _ method: AuthMethod) -> String? {
        target.given(name) ?? target.secrets.grant?.extras[name] ?? method.field(named: name)?.fallback
    }

    /// A URL of a target; nil when there is none.
    func url(_ kind: URLKind, of target: ProviderTarget) throws(ProviderFailure) -> OutgoingURL? {
        let method = try method(of: target)
        let provider = catalogue[target.application]
        let known =
            switch kind {
            case .authorize: provider.oauth?.authorizeURL
            case .token: provider.oauth?.tokenURL
            case .revoke: provider.oauth?.revokeURL
            case .probe: provider.probeURL
            case .api: provider.apiURL
            }
        guard let template = ownURL(kind, of: target, method) ?? known else { return nil }
        let text: String
        do {
            text = try URLTemplate(template).expanded { value($0, of: target, method) }
        } catch {
            throw .misconfigured("\(target.application.name) can't be called without \(error.name).")
        }
        do { return try OutgoingURL(text) } catch {
            throw .misconfigured("The \(kind.rawValue) of \(target.application.name) can't be used: \(error).")
        }
    }

    /// The URL that a connection brought itself, where its application lets it.
    func ownURL(_ kind: URLKind, of target: ProviderTarget, _ method: AuthMethod) -> String? {
        guard method.fields.contains(where: { $0.name == kind.rawValue }) else { return nil }
        return target.given(kind.rawValue)
    }

    /// The headers by which a target proves who calls.
    /// - Parameter target: with what it calls with.
    /// - Throws: `ProviderFailure` when there is nothing to prove it by.
    public func authorization(of target: ProviderTarget) throws(ProviderFailure) -> [HTTPTransferHeader] {
        let method = try method(of: target)
        if case .bearer = method.carriage {
            guard let grant = target.secrets.grant else { throw .rejected(ConnectionHealth.notAuthorisedYet) }
            return [HTTPTransferHeader("Authorization", "Bearer \(grant.accessToken)")]
        }
        do {
            return [try header(method, of: target)]
        } catch {
            throw .misconfigured("\(target.application.name) can't be called without \(error.name).")
        }
    }

    private func header(
        _ method: AuthMethod, of target: ProviderTarget
    ) throws(URLTemplate.Missing) -> HTTPTransferHeader {
        func filled(_ template: String) throws(URLTemplate.Missing) -> String {
            try URLTemplate(template).filled { value($0, of: target, method) }
        }
        switch method.carriage {
        case .bearer: throw URLTemplate.Missing(name: "access_token")
        case .basic(let user, let password):
            return Self.basic(user: try filled(user), password: try filled(password))
        case .header(let name, let value): return HTTPTransferHeader(name, try filled(value))
        case .chosenHeader:
            let name = try filled("{header}")
            let usual = name.lowercased() == "authorization" ? "Bearer" : ""
            let prefix = (target.settings["prefix"] ?? usual).trimmingCharacters(in: .whitespaces)
            return HTTPTransferHeader(name, (prefix.isEmpty ? "" : prefix + " ") + (try filled("{api_key}")))
        }
    }

    /// The header of Basic authentication (RFC 7617).
    static func basic(user: String, password: String) -> HTTPTransferHeader {
        HTTPTransferHeader("Authorization", "Basic " + Data("\(user):\(password)".utf8).base64EncodedString())
    }
}
