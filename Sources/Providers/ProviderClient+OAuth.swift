public import Domain
import Transfer

extension ProviderClient {
    /// The URL at which a person agrees.
    /// - Parameters:
    ///   - target: what is to be authorised.
    ///   - state: comes back unchanged.
    ///   - codeChallenge: of the verifier, as `PKCE.challenge(of:)` made it.
    ///   - redirectURI: where the person comes back; the very same goes into the exchange.
    /// - Throws: `ProviderFailure.misconfigured`.
    public func authorizeURL(
        _ target: ProviderTarget, state: String, codeChallenge: String, redirectURI: String
    ) throws(ProviderFailure) -> String {
        let oauth = try oauth(of: target)
        let client = try client(of: target)
        let url = try required(.authorize, of: target)
        var parameters: [(name: String, value: String)] = [
            ("response_type", "code"), ("client_id", client.id), ("redirect_uri", redirectURI),
        ]
        let scopes = target.given("scopes") ?? oauth.scopes.joined(separator: " ")
        if !scopes.isEmpty { parameters.append(("scope", scopes)) }
        parameters += [("state", state), ("code_challenge", codeChallenge), ("code_challenge_method", "S256")]
        parameters += oauth.authorizeParameters
        let separator =
            if !url.text.contains("?") { "?" } else { url.text.hasSuffix("?") || url.text.hasSuffix("&") ? "" : "&" }
        return url.text + separator + FormText.joined(parameters)
    }

    /// Whether the `iss` of a callback (RFC 9207) is the one that was asked.
    ///
    /// Where the catalogue knows no issuer, it has to be the authorise URL's origin, or a path that leads there:
    /// another server's answer can't be taken for this one's.
    /// - Parameters:
    ///   - issuer: as it came back.
    ///   - target: what was to be authorised.
    public func accepts(issuer: String, _ target: ProviderTarget) -> Bool {
        guard let oauth = try? oauth(of: target) else { return false }
        if let expected = oauth.issuer { return issuer == expected }
        guard (try? OutgoingURL(issuer)) != nil, let asked = try? url(.authorize, of: target) else { return false }
        let start = issuer.droppingTrailingSlashes
        return asked.text == start || asked.text.hasPrefix(start + "/") || asked.text.hasPrefix(start + "?")
    }

    /// Turns a code into a grant.
    /// - Parameters:
    ///   - target: what is authorised.
    ///   - code: as it came back.
    ///   - codeVerifier: whose challenge was shown.
    ///   - redirectURI: as in the authorise URL.
    ///   - now: what lifetimes count from.
    /// - Throws: `ProviderFailure`; `.rejected` when the code is not taken.
    public func exchange(
        _ target: ProviderTarget, code: String, codeVerifier: String, redirectURI: String, now: Timestamp
    ) async throws(ProviderFailure) -> OAuthGrant {
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("code_verifier", codeVerifier),
        ]
        let words = words(for: target, secrets: [code, codeVerifier])
        let refused = "did not take the code"
        return try await token(
            target, form: form, former: nil, now: now, words: words,
            rejections: ["invalid_grant", "invalid_code", "expired_code", "bad_verification_code", "access_denied"]
        ) { "\(words.name) \(refused)\($0). Start the authorisation again." }
    }

    /// Buys another access token.
    /// - Parameters:
    ///   - target: with a grant.
    ///   - now: what lifetimes count from.
    /// - Returns: the grant anew; refresh token, scope and extras stay where none came back.
    /// - Throws: `ProviderFailure`; `.rejected` when the grant is no good any more, or there is nothing to refresh it
    ///   by.
    public func refresh(_ target: ProviderTarget, now: Timestamp) async throws(ProviderFailure) -> OAuthGrant {
        guard let grant = target.secrets.grant else { throw .rejected(ConnectionHealth.notAuthorisedYet) }
        let words = words(for: target)
        guard let refreshToken = grant.refreshToken else {
            throw .rejected("\(words.name) gave nothing to renew the authorisation by. Reauthorise it.")
        }
        let form = [("grant_type", "refresh_token"), ("refresh_token", refreshToken)]
        return try await token(
            target, form: form, former: grant, now: now, words: words, rejections: ["invalid_grant"]
        ) { "\(words.name) says the authorisation was revoked or has run out\($0). Reauthorise it." }
    }

    /// Gives the grant back. That it is gone already is as good; without a grant there is nothing to do.
    /// - Parameter target: what is given up.
    /// - Throws: `ProviderFailure`.
    public func revoke(_ target: ProviderTarget) async throws(ProviderFailure) {
        guard let grant = target.secrets.grant else { return }
        let oauth = try oauth(of: target)
        let url = try required(.revoke, of: target)
        let words = words(for: target)
        let answer: ProviderAnswer
        switch ownURL(.revoke, of: target, try method(of: target)) == nil ? oauth.revocation : .form {
        case .delete:
            answer = try await send("DELETE", to: url, headers: try authorization(of: target), words: words)
            if answer.status == 401 || answer.status == 404 { return }
        case .form:
            let form = [("token", grant.refreshToken ?? grant.accessToken)]
            answer = try await post(form, to: url, target, words: words)
        }
        if answer.isSuccess { return }
        let reading = catalogue[target.application].reading(of: answer)
        if answer.status == 400, reading?.code == "invalid_token" || reading?.code == "invalid_grant" { return }
        if let fault = fault(of: answer, words: words, reading: reading) { throw fault }
        throw Self.failure(of: answer, reading, words, rejections: []) { $0 }
    }
}

// MARK: - The token endpoint

extension ProviderClient {
    /// Errors that the set-up is to blame for (RFC 6749, section 5.2, and what applications add).
    private static let configurationErrors: Set<String> = [
        "invalid_client", "unauthorized_client", "invalid_client_id", "invalid_client_credentials", "invalid_request",
        "invalid_scope", "unsupported_grant_type", "redirect_uri_mismatch", "invalid_redirect_uri",
    ]

    private func token(
        _ target: ProviderTarget, form: [(String, String)], former: OAuthGrant?, now: Timestamp, words: ProviderWords,
        rejections: Set<String>, rejected: (_ quoted: String) -> String
    ) async throws(ProviderFailure) -> OAuthGrant {
        let oauth = try oauth(of: target)
        let url = try required(.token, of: target)
        let answer = try await post(form, to: url, target, words: words)
        let reading = catalogue[target.application].reading(of: answer)
        if let fault = fault(of: answer, words: words, reading: reading) {
            // what stands between may answer so after the work was done; 503 says that it was not
            throw answer.status >= 500 && answer.status != 503 ? .unanswered(fault.reason) : fault
        }
        guard let json = answer.json else {
            let reason = "\(words.name) answered \(answer.status) with \(answer.nonsense) instead of a token."
            throw answer.isSuccess ? .unanswered(reason) : .unavailable(reason)
        }
        guard answer.isSuccess, reading == nil || json["access_token"] != nil else {
            throw Self.failure(of: answer, reading, words, rejections: rejections, rejected: rejected)
        }
        do {
            return try TokenAnswer(json, extras: oauth.extras)
                .grant(after: former, assumedLifetime: oauth.assumedLifetime, now: now)
        } catch {
            throw .unanswered("\(words.name)'s answer makes no sense: \(error.words).")
        }
    }

    private static func failure(
        of answer: ProviderAnswer, _ reading: ErrorReading?, _ words: ProviderWords, rejections: Set<String>,
        rejected: (_ quoted: String) -> String
    ) -> ProviderFailure {
        let quoted = words.quoted(reading)
        let code = reading?.code ?? ""
        if rejections.contains(code) { return .rejected(rejected(quoted)) }
        if configurationErrors.contains(code) {
            return .misconfigured(
                "\(words.name) does not accept the OAuth client or what it asks for\(quoted). "
                    + "The client_id, its secret, scopes and redirect URI have to be put right.")
        }
        return .unavailable("\(words.name) answered \(answer.status)\(quoted).")
    }

    /// Posts a form with the client's own credentials.
    private func post(
        _ form: [(String, String)], to url: OutgoingURL, _ target: ProviderTarget, words: ProviderWords
    ) async throws(ProviderFailure) -> ProviderAnswer {
        let client = try client(of: target)
        var pairs = form.map { (name: $0.0, value: $0.1) }
        var headers = [HTTPTransferHeader("Content-Type", "application/x-www-form-urlencoded")]
        switch (clientAuthentication(of: target), client.secret) {
        case (.basic, let secret?):
            headers.append(Self.basic(user: FormText.escaped(client.id), password: FormText.escaped(secret)))
        case (.body, let secret?): pairs += [("client_id", client.id), ("client_secret", secret)]
        case (_, nil): pairs.append(("client_id", client.id))
        }
        return try await send("POST", to: url, headers: headers, body: FormText.joined(pairs), words: words)
    }

    /// Words that repeat neither the target's secrets nor the client's.
    private func words(for target: ProviderTarget, secrets: [String] = []) -> ProviderWords {
        let client = try? client(of: target)
        return ProviderWords(target, secrets: secrets + [client?.secret].compactMap(\.self))
    }

    private func clientAuthentication(of target: ProviderTarget) -> OAuthEndpoints.ClientAuthentication {
        let own = target.given("client_authentication").flatMap(OAuthEndpoints.ClientAuthentication.init)
        return own ?? catalogue[target.application].oauth?.clientAuthentication ?? .body
    }

    private func oauth(of target: ProviderTarget) throws(ProviderFailure) -> OAuthEndpoints {
        guard target.auth == .oauth2, let oauth = catalogue[target.application].oauth else {
            throw .misconfigured("This connection to \(target.application.name) does not use OAuth.")
        }
        return oauth
    }

    /// The client that asks: the connection's own, else the operator's.
    private func client(of target: ProviderTarget) throws(ProviderFailure) -> OAuthClient {
        if let id = target.given("client_id") { return OAuthClient(id: id, secret: target.given("client_secret")) }
        let method = try method(of: target)
        // the operator's secret goes nowhere but where the operator or the catalogue says
        let isElsewhere = [URLKind.authorize, .token, .revoke].contains { ownURL($0, of: target, method) != nil }
        guard !isElsewhere, let client = catalogue[target.application].oauth?.client else {
            throw .misconfigured(
                "There is no OAuth client for \(target.application.name): it has to be registered there, and its "
                    + "client_id put into the providers file or, where the application allows it, into the connection.")
        }
        return client
    }

    private func required(_ kind: URLKind, of target: ProviderTarget) throws(ProviderFailure) -> OutgoingURL {
        guard let url = try url(kind, of: target) else {
            throw .misconfigured("There is no \(kind.rawValue) for \(target.application.name).")
        }
        return url
    }
}
