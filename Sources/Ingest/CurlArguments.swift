import Domain
import Foundation

/// Collects what the options of a curl command say, and puts the request together as curl does.
struct CurlArguments {
    private var method: String?
    private var url: String?
    private var headers: [HeaderField] = []
    private var implied: [HeaderField] = []
    /// Lower-case names of headers that `-H 'Name:'` takes away.
    private var removed: Set<String> = []
    private var data: [String] = []
    private var form: [String] = []
    private var isJSON = false
    private var sendsDataInQuery = false
    private var isHead = false

    private static let lineBreaks: Set<Character> = ["\n", "\r", "\r\n"]

    mutating func apply(_ option: CurlOption) throws(CurlIssue) {
        let value = option.value
        switch option.kind {
        case .request: method = value
        case .header: addHeader(value)
        case .data:
            try refuseFile(option)
            // curl, too, takes line breaks out of -d, not out of --data-binary.
            data.append(option.name == "--data-binary" ? value : value.filter { !Self.lineBreaks.contains($0) })
        case .dataRaw: data.append(value)
        case .dataURLEncoded: data.append(try urlEncoded(option))
        case .json:
            try refuseFile(option)
            isJSON = true
            data.append(value)
        case .form: form.append(try formField(option))
        case .formString: form.append(value)
        case .user: imply("Authorization", "Basic \(Data(value.utf8).base64EncodedString())")
        case .bearer: imply("Authorization", "Bearer \(value)")
        case .userAgent: imply("User-Agent", value)
        case .referer: imply("Referer", value)
        case .cookie:
            // Without “=” it is the name of a file of cookies.
            if value.contains("=") { imply("Cookie", value) }
        case .get: sendsDataInQuery = true
        case .head: isHead = true
        case .url: try addURL(value, position: option.position)
        case .ignored, .ignoredWithValue: break
        }
    }

    mutating func addURL(_ url: String, position: Int) throws(CurlIssue) {
        guard self.url == nil else {
            throw CurlIssue(
                detail: "The command has a second URL, or a word without its quotes, at character \(position)."
            )
        }
        self.url = url
    }

    func command() throws(CurlIssue) -> CurlCommand {
        guard var url, !url.isEmpty else { throw CurlIssue(detail: "The command has no URL.") }
        // curl takes a bare host as http.
        let beginning = url.prefix { !"/?#".contains($0) }
        let hasScheme = beginning.hasSuffix(":") && url.dropFirst(beginning.count).hasPrefix("//")
        if !hasScheme { url = "http://\(url)" }
        var body = data.isEmpty ? nil : data.joined(separator: isJSON ? "" : "&")
        if sendsDataInQuery, let query = body {
            url = Self.url(url, adding: query)
            body = nil
        }
        var headers = headers
        var added = implied
        if isJSON {
            added += [
                HeaderField(name: "Content-Type", value: "application/json"),
                HeaderField(name: "Accept", value: "application/json"),
            ]
        } else if body != nil {
            added.append(HeaderField(name: "Content-Type", value: "application/x-www-form-urlencoded"))
        }
        if !form.isEmpty {
            added.append(HeaderField(name: "Content-Type", value: "multipart/form-data"))
            body = form.joined(separator: "\n")
        }
        let taken = removed.union(headers.map { $0.name.lowercased() })
        headers += added.filter { !taken.contains($0.name.lowercased()) }
        return CurlCommand(
            method: method ?? (isHead ? "HEAD" : body == nil ? "GET" : "POST"),
            url: url,
            headers: headers,
            body: body.map { Array($0.utf8) }
        )
    }

    private mutating func imply(_ name: String, _ value: String) {
        implied.append(HeaderField(name: name, value: value))
    }

    /// `Name: value`; `Name;` sends it without a value, `Name:` takes one of curl's own away.
    private mutating func addHeader(_ text: String) {
        if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            guard !value.isEmpty else {
                removed.insert(text[..<colon].lowercased())
                return
            }
            headers.append(HeaderField(name: String(text[..<colon]), value: String(value)))
        } else if text.hasSuffix(";") {
            headers.append(HeaderField(name: String(text.dropLast()), value: ""))
        }
    }

    private func refuseFile(_ option: CurlOption) throws(CurlIssue) {
        guard option.value.hasPrefix("@") else { return }
        throw Self.file(option)
    }

    private static func file(_ option: CurlOption) -> CurlIssue {
        CurlIssue(
            detail: "The option \(option.name) at character \(option.position) names a file; send what it holds."
        )
    }

    /// `content`, `=content` or `name=content`; the content is percent-encoded, the name is not.
    private func urlEncoded(_ option: CurlOption) throws(CurlIssue) -> String {
        let parts = option.value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            guard !option.value.contains("@") else { throw Self.file(option) }
            return Self.percentEncoded(option.value)
        }
        let content = Self.percentEncoded(String(parts[1]))
        return parts[0].isEmpty ? content : "\(parts[0])=\(content)"
    }

    /// Everything but RFC 3986's unreserved characters.
    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in text.utf8 {
            if RedactionScan.isLetterOrDigit(byte) || "-._~".utf8.contains(byte) {
                output.append(byte)
            } else {
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// A file to upload stays as it was named: its content is not in the command.
    private func formField(_ option: CurlOption) throws(CurlIssue) -> String {
        guard option.value.contains("=") else {
            throw CurlIssue(
                detail: "The option \(option.name) at character \(option.position) must be “name=value”."
            )
        }
        return option.value
    }

    private static func url(_ url: String, adding query: String) -> String {
        let parts = url.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let fragment = parts.count == 2 ? "#\(parts[1])" : ""
        return "\(parts[0])\(parts[0].contains("?") ? "&" : "?")\(query)\(fragment)"
    }
}
