import Domain
import Foundation
import HTTPTypes
import Synchronization

/// Limits requests by who sends them and by tenant: a bucket of tokens that refills steadily.
///
/// Each api process counts for itself. The limits protect the service from a client gone wild, not a contract's quota.
final class RateLimiter: Sendable {
    /// What kind of request it is.
    enum Kind: Hashable, Sendable {
        /// Sends entries in.
        case write
        /// Everything else.
        case read
    }

    /// Requests a minute, which is also the most at once.
    struct Limits: Sendable {
        var perPrincipal: Int
        var perTenant: Int
    }

    /// What is left after a request, for the headers of its answer.
    struct Standing: Sendable {
        var limit: Int
        var remaining: Int
        /// Seconds until the bucket is full again.
        var resetSeconds: Int
        /// Seconds to wait; nil when the request is served.
        var retryAfterSeconds: Int?
    }

    private enum Subject: Hashable {
        case principal(UUID)
        case tenant(TenantID)
    }

    private struct Key: Hashable {
        var kind: Kind
        var subject: Subject
    }

    private struct Bucket {
        var tokens: Double
        var refilledAt: ContinuousClock.Instant
    }

    /// Buckets kept; past it those that are full again are forgotten.
    private static let capacity = 50_000

    private let limits: [Kind: Limits]
    private let buckets = Mutex<[Key: Bucket]>([:])

    /// - Parameter limits: by kind of request.
    init(limits: [Kind: Limits]) { self.limits = limits }

    /// Takes a token of the principal and one of the tenant.
    /// - Parameters:
    ///   - kind: of the request.
    ///   - principal: who sends it.
    ///   - now: for tests.
    /// - Returns: nil when there is no limit for the kind.
    func take(_ kind: Kind, for principal: Principal, now: ContinuousClock.Instant = .now) -> Standing? {
        guard let limits = limits[kind] else { return nil }
        let who =
            switch principal.identity {
            case .apiKey(let id, _), .user(let id, _): Subject.principal(id)
            }
        return buckets.withLock { buckets in
            if buckets.count > Self.capacity { buckets = buckets.filter { now - $0.value.refilledAt < .seconds(60) } }
            let own = Self.take(&buckets[Key(kind: kind, subject: who)], limits.perPrincipal, now)
            guard own.retryAfterSeconds == nil else { return own }
            let shared = Self.take(
                &buckets[Key(kind: kind, subject: .tenant(principal.tenant.id))], limits.perTenant, now)
            return shared.retryAfterSeconds == nil && own.remaining <= shared.remaining ? own : shared
        }
    }

    private static func take(_ bucket: inout Bucket?, _ limit: Int, _ now: ContinuousClock.Instant) -> Standing {
        let perSecond = Double(limit) / 60
        var current = bucket ?? Bucket(tokens: Double(limit), refilledAt: now)
        let elapsed = (now - current.refilledAt).milliseconds / 1000
        current.tokens = min(Double(limit), current.tokens + max(0, elapsed) * perSecond)
        current.refilledAt = now
        let isServed = current.tokens >= 1
        if isServed { current.tokens -= 1 }
        bucket = current
        return Standing(
            limit: limit, remaining: Int(current.tokens),
            resetSeconds: Int(((Double(limit) - current.tokens) / perSecond).rounded(.up)),
            retryAfterSeconds: isServed ? nil : max(1, Int(((1 - current.tokens) / perSecond).rounded(.up))))
    }
}

extension RateLimiter.Standing {
    /// `RateLimit-Limit`, `-Remaining` and `-Reset`.
    func add(to headers: inout HTTPFields) {
        headers[.rateLimitLimit] = String(limit)
        headers[.rateLimitRemaining] = String(remaining)
        headers[.rateLimitReset] = String(resetSeconds)
    }
}

extension HTTPField.Name {
    static let rateLimitLimit = named("ratelimit-limit")
    static let rateLimitRemaining = named("ratelimit-remaining")
    static let rateLimitReset = named("ratelimit-reset")
}
