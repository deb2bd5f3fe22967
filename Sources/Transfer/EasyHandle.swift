import CCurl

/// libcurl's easy handle with what must live as long as it does.
///
/// Not Sendable: an exchange owns it and says which thread may touch it.
final class EasyHandle {
    let easy: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    init() throws {
        guard let easy = curl_easy_init() else {
            throw TransferError.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue), "no handle")
        }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        // Signals belong to the process: without this libcurl would use SIGALRM for name lookups.
        try set(CURLOPT_NOSIGNAL, 1)
    }

    deinit {
        curl_easy_cleanup(easy)
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    /// - Parameter protocols: as libcurl names them, by comma; no redirect leads to another, or anywhere.
    func setProtocols(_ protocols: String) throws {
        try set(CURLOPT_PROTOCOLS_STR, protocols)
        try set(CURLOPT_REDIR_PROTOCOLS_STR, protocols)
        try set(CURLOPT_FOLLOWLOCATION, 0)
    }

    /// - Parameter certificateFile: PEM certificates to trust besides the system's certificate directory.
    func setTrust(certificateFile: String?) throws {
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // Takes the place of the system's bundle file only: the system's certificate directory stays trusted.
        if let certificateFile { try set(CURLOPT_CAINFO, certificateFile) }
    }

    func set(_ option: CURLoption, _ value: Int) throws { try check(ccurl_set_long(easy, option, value)) }

    func set(_ option: CURLoption, _ value: String) throws { try check(ccurl_set_string(easy, option, value)) }

    func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) throws {
        try check(ccurl_set_pointer(easy, option, value))
    }

    func set(_ option: CURLoption, _ lines: [String]) throws {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw TransferError.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue), "no room for a list")
            }
            list = longer
        }
        if let list { lists.append(list) }
        try check(ccurl_set_list(easy, option, list))
    }

    func setOffset(_ option: CURLoption, _ value: Int) throws {
        try check(ccurl_set_offset(easy, option, curl_off_t(value)))
    }

    func check(_ code: CURLcode) throws {
        guard code == CURLE_OK else { throw TransferError(code, words(for: code), limit: 0) }
    }

    /// libcurl's own words for what went wrong, which say more than the code's.
    func words(for code: CURLcode) -> String {
        let detail = String(cString: errorText)
        return detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    }

    /// The last status or reply; 0 when none came.
    var responseCode: Int { long(CURLINFO_RESPONSE_CODE) }

    /// True when no new connection had to be opened.
    var reusedConnection: Bool { long(CURLINFO_NUM_CONNECTS) == 0 }

    private func long(_ information: CURLINFO) -> Int {
        var value = 0
        _ = ccurl_get_long(easy, information, &value)
        return value
    }
}

extension Duration {
    /// At least 1: to libcurl 0 means "no limit".
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return Int(min(max(milliseconds, 1), Int64(Int32.max)))
    }
}
