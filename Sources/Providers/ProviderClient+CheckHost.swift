import Domain

extension ProviderClient {
    /// The host that a check would ask first: the probe's, else the token endpoint's.
    /// - Parameter target: with what it calls with.
    /// - Returns: nil where there is nothing to ask.
    /// - Throws: `ProviderFailure` when the URL can't be put together.
    public func checkHost(of target: ProviderTarget) throws(ProviderFailure) -> String? {
        if let url = try url(.probe, of: target) { return url.host }
        return target.auth == .oauth2 ? try url(.token, of: target)?.host : nil
    }
}
