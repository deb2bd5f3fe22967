import Foundation

/// Bodies as HAR 1.2 describes them (`postData`, `content`).
enum HARBody {
    /// The body of a request: its text, or its parameters as a form would send them.
    static func posted(_ value: Any?) -> String? {
        guard let data = value as? [String: Any] else { return nil }
        if let text = text(data), !text.isEmpty { return text }
        guard let parameters = data["params"] as? [Any], !parameters.isEmpty else { return nil }
        return parameters.compactMap { parameter in
            guard let parameter = parameter as? [String: Any], let name = parameter["name"] as? String else {
                return nil
            }
            let value = parameter["value"] as? String ?? parameter["fileName"] as? String ?? ""
            return "\(encoded(name))=\(encoded(value))"
        }.joined(separator: "&")
    }

    /// The body of an answer. What is not text is named instead.
    static func content(_ value: Any?) -> String? {
        guard let content = value as? [String: Any], let text = text(content), !text.isEmpty else { return nil }
        return text
    }

    private static func text(_ data: [String: Any]) -> String? {
        guard let text = data["text"] as? String else { return nil }
        guard (data["encoding"] as? String)?.lowercased() == "base64" else { return text }
        let type = data["mimeType"] as? String ?? ""
        guard let bytes = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else { return text }
        if isText(type), let decoded = String(validating: bytes, as: UTF8.self) { return decoded }
        let essence = type.prefix { $0 != ";" }
        return "[binary, \(bytes.count) bytes, \(essence.isEmpty ? "unknown type" : essence)]"
    }

    private static func isText(_ type: String) -> Bool {
        let type = type.lowercased()
        return type.isEmpty || type.hasPrefix("text/")
            || ["json", "xml", "javascript", "x-www-form-urlencoded", "graphql", "yaml", "ndjson"].contains {
                type.contains($0)
            }
    }

    private static func encoded(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7F}"))
        allowed.insert(charactersIn: "-._ ")
        let encoded = text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
        return encoded.replacing(" ", with: "+")
    }
}

extension String {
    /// At most this many bytes of UTF-8, cut between characters.
    func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
