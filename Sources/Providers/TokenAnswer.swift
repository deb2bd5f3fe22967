import Domain

/// What a token endpoint answers to a success (RFC 6749, section 5.1), read strictly.
struct TokenAnswer: Sendable {
    var accessToken: String
    var refreshToken: String?
    /// Seconds.
    var lifetime: Int64?
    var scope: String?
    var extras: [String: String]

    /// What is wrong with an answer, in words.
    struct Malformed: Error {
        let words: String
    }

    /// The most bytes of a token.
    static let longestToken = 8_192
    /// Nobody means a token to last as long, in seconds.
    static let longestLifetime: Int64 = 10 * 365 * 86_400

    /// Reads an answer.
    /// - Parameters:
    ///   - json: its body.
    ///   - extraNames: what else is kept.
    init(_ json: JSONValue, extras extraNames: [String]) throws(Malformed) {
        guard let token = json["access_token"] else { throw Malformed(words: "there is no access_token in it") }
        accessToken = try Self.token(token, "access_token")
        if let type = json["token_type"], type.text?.lowercased() != "bearer" {
            throw Malformed(words: "its token_type is not Bearer")
        }
        // an empty refresh token is as good as none
        if let token = json["refresh_token"], token != .text("") {
            refreshToken = try Self.token(token, "refresh_token")
        }
        lifetime = try json["expires_in"].map(Self.seconds)
        scope = json["scope"]?.text.map { $0.plainLine() }
        extras = [:]
        for name in extraNames {
            guard let value = json[name] else { continue }
            guard let text = value.text, text.utf8.count <= OutgoingURL.longest else {
                throw Malformed(words: "its \(name) is not what it should be")
            }
            // calls go there
            if name.hasSuffix("_url"), (try? OutgoingURL(text)) == nil {
                throw Malformed(words: "its \(name) is no URL")
            }
            extras[name] = text.plainLine()
        }
    }

    private static func token(_ value: JSONValue, _ name: String) throws(Malformed) -> String {
        guard let text = value.text else { throw Malformed(words: "its \(name) is not text") }
        guard (1...longestToken).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else {
            throw Malformed(words: "its \(name) can't be sent in a header")
        }
        return text
    }

    private static func seconds(_ value: JSONValue) throws(Malformed) -> Int64 {
        let number: Double? =
            switch value {
            case .integer(let seconds): Double(seconds)
            case .number(let seconds): seconds
            case .text(let text): text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Double(text) : nil
            default: nil
            }
        guard let number, number >= 1, number < Double(longestLifetime) else {
            throw Malformed(words: "its expires_in makes no sense")
        }
        return Int64(number)
    }

    /// The grant that the answer makes.
    /// - Parameters:
    ///   - former: what holds where the answer is silent: refresh token, scope and extras.
    ///   - assumedLifetime: seconds that hold where the answer is silent.
    ///   - now: when it was asked for.
    func grant(after former: OAuthGrant?, assumedLifetime: Int64?, now: Timestamp) -> OAuthGrant {
        let lifetime = lifetime ?? assumedLifetime
        let expiresAt = lifetime.map { now.advanced(bySeconds: $0) }
        let renewAt = lifetime.map { seconds in
            // short-lived tokens are not renewed as soon as they come
            let margin = min(300 * 1_000_000, seconds * 1_000_000 / 5)
            return Timestamp(microseconds: now.microseconds + seconds * 1_000_000 - margin)
        }
        return OAuthGrant(
            accessToken: accessToken, refreshToken: refreshToken ?? former?.refreshToken, expiresAt: expiresAt,
            renewAt: renewAt, scope: scope ?? former?.scope,
            extras: (former?.extras ?? [:]).merging(extras) { _, new in new })
    }
}
