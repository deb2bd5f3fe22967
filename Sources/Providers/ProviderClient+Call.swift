public import Domain
public import Transfer

/// A call that may be made, with what proves who calls.
public struct AuthorizedCall: Sendable {
    /// Below the application's API URL.
    public var url: OutgoingURL
    /// To be sent besides the caller's own; theirs of the same names are left out.
    public var headers: [HTTPTransferHeader]
}

extension ProviderClient {
    /// Puts a proxied call together.
    ///
    /// The path can't leave what the application's API URL stands for. That the host's addresses may be reached is to
    /// be looked at when the call is made.
    /// - Parameters:
    ///   - target: whose credentials it carries.
    ///   - path: below the API URL, escapes included.
    ///   - query: as it came, without `?`; nil when there is none.
    /// - Throws: `ProviderFailure`; `.misconfigured` also for a path that must not be called.
    public func call(
        _ target: ProviderTarget, path: String, query: String?
    ) throws(ProviderFailure) -> AuthorizedCall {
        let headers = try authorization(of: target)
        let name = target.application.name
        guard let root = try url(.api, of: target) else {
            throw .misconfigured("There is no api_url for \(name), so nothing says where calls go.")
        }
        if let words = BaseURL.refusal(of: root) {
            throw .misconfigured("The api_url of \(name) can't be used: \(words).")
        }
        let url: OutgoingURL
        do { url = try BaseURL(root).appending(path, query: query) } catch {
            throw .misconfigured("This can't be called: \(error.words).")
        }
        try guardAddress(of: url, words: ProviderWords(target))
        return AuthorizedCall(url: url, headers: headers)
    }

    /// Why a path can't be called, whatever the connection; nil when it can. The text is for whoever sent it.
    /// - Parameter path: as in `call`.
    public static func refusal(ofPath path: String) -> String? {
        BaseURL.refusal(ofPath: path.hasPrefix("/") ? String(path.dropFirst()) : path)
    }
}
