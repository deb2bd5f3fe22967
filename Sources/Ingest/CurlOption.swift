/// One option of a curl command, with its value.
struct CurlOption {
    /// What an option does to the logged request.
    enum Kind {
        case request, header, data, dataRaw, dataURLEncoded, json, form, formString, user, userAgent, referer, cookie
        case get, head, url, bearer
        /// Makes no difference to what was asked for: output, timeouts, TLS.
        case ignored
        case ignoredWithValue

        var takesValue: Bool {
            switch self {
            case .get, .head, .ignored: false
            default: true
            }
        }
    }

    var kind: Kind
    var name: String
    var value: String
    /// Where it starts, in characters from 1.
    var position: Int

    /// The options of one word: a long one, or short ones, combined and with a value attached as the case may be.
    /// - Parameters:
    ///   - word: starts with `-`.
    ///   - words: all words of the command.
    ///   - index: of the next word, which may be the value; moved on when it is.
    /// - Returns: one option for a long one, one for each letter of short ones.
    /// - Throws: `CurlIssue` when there is no such option, or it lacks its value.
    static func options(
        in word: ShellWords.Word,
        words: [ShellWords.Word],
        index: inout Int
    ) throws(CurlIssue) -> [CurlOption] {
        if word.text.hasPrefix("--") { return [try longOption(in: word, words: words, index: &index)] }
        var options: [CurlOption] = []
        var rest = word.text.dropFirst()
        while let letter = rest.first {
            rest = rest.dropFirst()
            let name = "-\(letter)"
            guard let kind = shortKinds[letter] else { throw unknown(name, at: word.position) }
            if kind.takesValue {
                let value =
                    rest.isEmpty
                    ? try nextValue(of: name, at: word.position, words: words, index: &index) : String(rest)
                options.append(CurlOption(kind: kind, name: name, value: value, position: word.position))
                break
            }
            options.append(CurlOption(kind: kind, name: name, value: "", position: word.position))
        }
        return options
    }

    private static func longOption(
        in word: ShellWords.Word,
        words: [ShellWords.Word],
        index: inout Int
    ) throws(CurlIssue) -> CurlOption {
        let parts = word.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let kind = kind(ofLong: name.dropFirst(2)) else { throw unknown(name, at: word.position) }
        guard kind.takesValue else {
            return CurlOption(kind: kind, name: name, value: "", position: word.position)
        }
        let value =
            parts.count == 2
            ? String(parts[1]) : try nextValue(of: name, at: word.position, words: words, index: &index)
        return CurlOption(kind: kind, name: name, value: value, position: word.position)
    }

    private static func kind(ofLong name: Substring) -> Kind? {
        if let kind = longKinds[String(name)] { return kind }
        guard name.hasPrefix("no-"), longKinds[String(name.dropFirst(3))] == .ignored else { return nil }
        return .ignored
    }

    private static func nextValue(
        of name: String,
        at position: Int,
        words: [ShellWords.Word],
        index: inout Int
    ) throws(CurlIssue) -> String {
        guard index < words.count else {
            throw CurlIssue(detail: "The option \(name) at character \(position) has no value.")
        }
        defer { index += 1 }
        return words[index].text
    }

    /// Only what curl itself calls so is named: else it may be a secret that lacks its quotes.
    private static func unknown(_ name: String, at position: Int) -> CurlIssue {
        guard unsupported.contains(name) else {
            return CurlIssue(detail: "The word at character \(position) is no option that is known.")
        }
        return CurlIssue(detail: "The option \(name) at character \(position) is not supported.")
    }

    /// Options of curl that say what is sent, but not in the command itself, and others often met.
    private static let unsupported: Set<String> = [
        "-T", "-K", "-t", "-P", "-Q", "-z", "-C", "-h", "-V", "-M", "-B", "-l", "-:", "--upload-file", "--config",
        "--next", "--variable", "--aws-sigv4", "--netrc", "--netrc-file", "--netrc-optional", "--http0.9",
        "--proxy-header", "--cert-type", "--key-type", "--pass", "--capath", "--pinnedpubkey", "--socks5",
        "--socks5-hostname", "--request-target", "--time-cond", "--continue-at", "--doh-url", "--dns-servers",
        "--retry-all-errors", "--retry-connrefused", "--parallel-max", "--create-dirs", "--output-dir",
        "--no-progress-meter",
        "--quote", "--ftp-port", "--mail-from", "--mail-rcpt", "--help", "--manual", "--version", "--url-query",
        "--expand-data", "--expand-header", "--expand-url", "--speed-limit", "--speed-time", "--rate",
        "--abstract-unix-socket",
    ]

    private static let shortKinds: [Character: Kind] = [
        "X": .request, "H": .header, "d": .data, "F": .form, "u": .user, "A": .userAgent, "e": .referer, "b": .cookie,
        "G": .get, "I": .head, "L": .ignored, "k": .ignored, "s": .ignored, "S": .ignored, "v": .ignored,
        "i": .ignored, "f": .ignored, "g": .ignored, "j": .ignored, "n": .ignored, "N": .ignored, "q": .ignored,
        "O": .ignored, "J": .ignored, "R": .ignored, "a": .ignored, "p": .ignored, "0": .ignored, "1": .ignored,
        "2": .ignored, "3": .ignored, "4": .ignored, "6": .ignored, "#": .ignored, "Z": .ignored,
        "o": .ignoredWithValue, "m": .ignoredWithValue, "w": .ignoredWithValue, "x": .ignoredWithValue,
        "c": .ignoredWithValue, "D": .ignoredWithValue, "E": .ignoredWithValue, "r": .ignoredWithValue,
        "y": .ignoredWithValue, "Y": .ignoredWithValue, "U": .ignoredWithValue,
    ]

    private static let longKinds: [String: Kind] = [
        "request": .request, "header": .header, "data": .data, "data-ascii": .data, "data-binary": .data,
        "data-raw": .dataRaw, "data-urlencode": .dataURLEncoded, "json": .json, "form": .form,
        "form-string": .formString, "user": .user, "user-agent": .userAgent, "referer": .referer, "cookie": .cookie,
        "get": .get, "head": .head, "url": .url, "oauth2-bearer": .bearer,
        "location": .ignored, "location-trusted": .ignored, "insecure": .ignored, "silent": .ignored,
        "show-error": .ignored, "verbose": .ignored, "include": .ignored, "compressed": .ignored, "fail": .ignored,
        "fail-with-body": .ignored, "globoff": .ignored, "http1.0": .ignored, "http1.1": .ignored, "http2": .ignored,
        "http2-prior-knowledge": .ignored, "http3": .ignored, "tlsv1": .ignored, "tlsv1.0": .ignored,
        "tlsv1.1": .ignored, "tlsv1.2": .ignored, "tlsv1.3": .ignored, "ipv4": .ignored, "ipv6": .ignored,
        "basic": .ignored, "digest": .ignored, "anyauth": .ignored, "ntlm": .ignored, "negotiate": .ignored,
        "remote-name": .ignored, "remote-header-name": .ignored, "progress-bar": .ignored, "no-buffer": .ignored,
        "buffer": .ignored, "keepalive": .ignored, "path-as-is": .ignored, "tcp-nodelay": .ignored,
        "tr-encoding": .ignored, "raw": .ignored, "disable": .ignored, "parallel": .ignored, "alpn": .ignored,
        "post301": .ignored, "post302": .ignored, "post303": .ignored, "ssl-reqd": .ignored, "proxytunnel": .ignored,
        "output": .ignoredWithValue, "max-time": .ignoredWithValue, "connect-timeout": .ignoredWithValue,
        "retry": .ignoredWithValue, "retry-delay": .ignoredWithValue, "retry-max-time": .ignoredWithValue,
        "write-out": .ignoredWithValue, "proxy": .ignoredWithValue, "cacert": .ignoredWithValue,
        "cert": .ignoredWithValue, "key": .ignoredWithValue, "resolve": .ignoredWithValue,
        "connect-to": .ignoredWithValue, "cookie-jar": .ignoredWithValue, "dump-header": .ignoredWithValue,
        "max-redirs": .ignoredWithValue, "limit-rate": .ignoredWithValue, "interface": .ignoredWithValue,
        "tls-max": .ignoredWithValue, "ciphers": .ignoredWithValue, "range": .ignoredWithValue,
        "keepalive-time": .ignoredWithValue, "stderr": .ignoredWithValue, "trace": .ignoredWithValue,
        "trace-ascii": .ignoredWithValue, "max-filesize": .ignoredWithValue, "noproxy": .ignoredWithValue,
        "proxy-user": .ignoredWithValue, "unix-socket": .ignoredWithValue,
    ]
}
