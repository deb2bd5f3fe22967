import Domain

/// Which headers pass a proxy.
enum ProxyHeaders {
    /// Those that concern one connection alone (RFC 9110, section 7.6.1), and lengths, which are told anew.
    private static let ofConnection: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "host", "expect",
    ]
    /// What proves who the caller is here or says where they are is none of the application's business. Answers are to be
    /// readable in the log, so no coding of theirs is asked for.
    private static let ofCaller: Set<String> = [
        "authorization", "cookie", "forwarded", "via", "x-real-ip", "x-request-id", "accept-encoding", "origin",
        "referer",
    ]
    /// What the application tells browsers about its own address does not hold for this server, and ids of requests are
    /// given here.
    private static let ofAnswer: Set<String> = [
        "set-cookie", "set-cookie2", "x-request-id", "alt-svc", "strict-transport-security", "clear-site-data",
        "cache-control",
        "content-security-policy", "access-control-allow-origin", "access-control-allow-credentials",
        "access-control-allow-headers", "access-control-allow-methods", "access-control-expose-headers",
    ]
    /// What a caller tells this server about the call.
    static let prefix = "calltrail-"

    /// The caller's headers that go on, and what proves who calls there.
    static func onward(_ headers: [HeaderField], adding own: [HeaderField]) -> [HeaderField] {
        let taken = Set(own.map { $0.name.lowercased() })
        let named = namedByConnection(headers)
        return headers.filter { header in
            let name = header.name.lowercased()
            return !ofConnection.contains(name) && !ofCaller.contains(name) && !taken.contains(name)
                && !named.contains(name) && !name.hasPrefix(prefix) && !name.hasPrefix("x-forwarded-")
                && !name.hasPrefix("sec-")
        } + own
    }

    /// The application's headers that go back.
    static func back(_ headers: [HeaderField]) -> [HeaderField] {
        let named = namedByConnection(headers)
        return headers.filter { header in
            let name = header.name.lowercased()
            return !ofConnection.contains(name) && !ofAnswer.contains(name) && !named.contains(name)
        }
    }

    /// `Connection: x` makes x a header of the connection too.
    private static func namedByConnection(_ headers: [HeaderField]) -> Set<String> {
        Set(
            headers.filter { $0.name.lowercased() == "connection" }.flatMap { header in
                header.value.split(separator: ",").map { part in
                    part.filter { $0 != " " && $0 != "\t" }.lowercased()
                }
            })
    }
}
