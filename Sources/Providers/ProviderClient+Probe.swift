import Domain
import Transfer

extension ProviderClient {
    /// Asks whether a connection works.
    /// - Parameter target: with what it calls with.
    /// - Returns: how it went, and whose account it is; no outcome where there is nothing to ask.
    public func probe(_ target: ProviderTarget) async -> Probe {
        do {
            return try await asked(target)
        } catch {
            return Probe(outcome: error.outcome)
        }
    }

    private func asked(_ target: ProviderTarget) async throws(ProviderFailure) -> Probe {
        let headers = try authorization(of: target)
        guard let url = try url(.probe, of: target) else { return Probe(outcome: nil) }
        let words = ProviderWords(target, secrets: headers.map(\.value))
        let answer = try await send("GET", to: url, headers: headers, words: words)
        let provider = catalogue[target.application]
        let reading = provider.reading(of: answer)
        if let fault = fault(of: answer, words: words, reading: reading) { throw fault }
        if answer.status == 401 || answer.status == 403 {
            throw Self.refusal(answer, reading, target, words)
        }
        let quoted = words.quoted(reading)
        guard answer.isSuccess else {
            throw .unavailable("\(words.name) answered \(answer.status) to the check\(quoted).")
        }
        guard reading == nil else {
            throw .unavailable("\(words.name) answered \(answer.status) to the check, and an error in it\(quoted).")
        }
        guard answer.json != nil || mayBe(answer, of: provider) else {
            throw .unavailable("\(words.name) answered the check with \(answer.nonsense).")
        }
        let account = account(in: answer, of: target)
        return Probe(outcome: .ok, accountID: account.id, accountName: account.name)
    }

    private static func refusal(
        _ answer: ProviderAnswer, _ reading: ErrorReading?, _ target: ProviderTarget, _ words: ProviderWords
    ) -> ProviderFailure {
        let said = words.quoted(reading)
        // a pause that is asked for is no refusal
        if answer.status == 403, let seconds = answer.retryAfterSeconds() {
            return .unavailable("\(words.name) is asked too often\(said).", retryAfterSeconds: seconds)
        }
        let what = target.auth == .oauth2 ? "the authorisation" : "the credentials"
        return .rejected("\(words.name) refuses \(what) with \(answer.status)\(said). \(words.remedy)")
    }

    /// Whether an answer that is no JSON may be a good one.
    private func mayBe(_ answer: ProviderAnswer, of provider: Provider) -> Bool {
        if answer.body.isEmpty { return answer.status == 204 || !provider.probeAnswersJSON }
        let saysJSON = answer.header("content-type")?.lowercased().contains("json") == true
        return !provider.probeAnswersJSON && !saysJSON && answer.nonsense != "a web page"
    }

    private func account(in answer: ProviderAnswer, of target: ProviderTarget) -> AccountPlaces.Account {
        var account = answer.json.map { catalogue[target.application].account.read($0) } ?? AccountPlaces.Account()
        guard target.application == .salesforce else { return account }
        // the same user by whichever way it is told
        let identity = target.secrets.grant?.extras["id"] ?? answer.json?["sub"]?.text
        account.id = identity.flatMap(AccountPlaces.salesforceAccount) ?? account.id
        return account
    }
}
