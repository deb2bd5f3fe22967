import Domain
import Foundation

/// The entries of a HAR 1.2 document, as a browser's network panel saves it.
struct HARReader: ItemReader {
    private let entries: [Any]
    private let options: HARImport
    private var index = 0
    /// How often an entry with the same content came before.
    private var repetitions: [String: Int] = [:]

    init(entries: [Any], options: HARImport) {
        self.entries = entries
        self.options = options
    }

    mutating func next() -> ShipItem? {
        guard index < entries.count else { return nil }
        index += 1
        guard let object = entries[index - 1] as? [String: Any], let entry = HAREntry(object) else {
            return .issue(code: "unreadable", detail: "is not an entry of HAR 1.2", number: index)
        }
        guard entry.isCall else { return .skipped }
        let fingerprint = entry.fingerprint
        let repetition = repetitions[fingerprint, default: 0]
        repetitions[fingerprint] = repetition + 1
        let id = repetition == 0 ? "har-\(fingerprint)" : "har-\(fingerprint)-\(repetition + 1)"
        do {
            return .entry(try entry.line(id: id, options: options), number: index)
        } catch {
            return .issue(code: "unreadable", detail: "cannot be written as JSON: \(error)", number: index)
        }
    }
}

/// One entry of a HAR document: a request, its answer, and when.
struct HAREntry {
    private let startedAt: String
    private let milliseconds: Double?
    private let method: String
    private let url: String
    private let status: Int
    private let requestHeaders: [String: String]
    private let responseHeaders: [String: String]
    private let requestBody: String?
    private let responseBody: String?
    private let errorText: String?

    /// Longer bodies are cut here: the server keeps far less, and a request has a limit.
    static let maximumBodyBytes = 1 << 20

    /// Reads an entry; nil when what the format demands is not there.
    init?(_ object: [String: Any]) {
        guard let startedAt = object["startedDateTime"] as? String, Timestamp(rfc3339: startedAt) != nil,
            let request = object["request"] as? [String: Any], let method = request["method"] as? String,
            let url = request["url"] as? String
        else { return nil }
        let response = object["response"] as? [String: Any] ?? [:]
        self.startedAt = startedAt
        self.method = method.uppercased()
        self.url = url
        milliseconds = object["time"] as? Double
        status = response["status"] as? Int ?? 0
        requestHeaders = Self.headers(request["headers"])
        responseHeaders = Self.headers(response["headers"])
        requestBody = HARBody.posted(request["postData"])
        responseBody = HARBody.content(response["content"])
        errorText = response["_error"] as? String ?? object["_error"] as? String
    }

    /// Whether it is an HTTP call with one of the methods that are logged.
    var isCall: Bool {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        return (scheme == "http" || scheme == "https") && CallMethod(rawValue: method) != nil
    }

    /// 32 hexadecimal digits that stand for the content: the same entry of another export has the same ones.
    var fingerprint: String {
        var hash = ContentHash()
        for part in [startedAt, method, url, String(status), requestBody ?? "", responseBody ?? ""] { hash.add(part) }
        return hash.hexadecimal
    }

    /// The entry in the form in which the server takes it, on one line.
    func line(id: String, options: HARImport) throws -> [UInt8] {
        var bot = ["id": options.botID]
        bot["name"] = options.botName
        var entry: [String: Any] = [
            "id": id,
            "occurred_at": startedAt,
            "application": Application(calledURL: url).rawValue,
            "bot": bot,
            "method": method,
            "url": url,
            "status_code": max(status, 0),
            "request": message(requestHeaders, requestBody),
            "response": message(responseHeaders, responseBody),
        ]
        if let milliseconds, milliseconds >= 0, milliseconds < Double(Int32.max) {
            entry["duration_ms"] = Int(milliseconds.rounded())
        }
        if let errorText { entry["error"] = ["type": "network", "message": errorText] }
        return Array(
            try JSONSerialization.data(withJSONObject: entry, options: [.sortedKeys, .withoutEscapingSlashes])
        )
    }

    private func message(_ headers: [String: String], _ body: String?) -> [String: Any] {
        var message: [String: Any] = ["headers": headers]
        if let body { message["body"] = body.cut(toBytes: Self.maximumBodyBytes) }
        return message
    }

    /// Fields of the same name are joined as RFC 9110, section 5.3, allows; cookies by their own separator.
    /// HTTP/2's pseudo fields (`:authority`) are no headers.
    private static func headers(_ value: Any?) -> [String: String] {
        var headers: [String: String] = [:]
        var names: [String: String] = [:]
        for case let field as [String: Any] in value as? [Any] ?? [] {
            guard let name = field["name"] as? String, let value = field["value"] as? String, !name.hasPrefix(":")
            else { continue }
            let key = name.lowercased()
            guard let first = names[key], let before = headers[first] else {
                names[key] = name
                headers[name] = value
                continue
            }
            headers[first] = before + (key == "cookie" ? "; " : ", ") + value
        }
        return headers
    }
}

/// 128-bit FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv). It need not resist an attacker: whoever forges a collision
/// makes duplicates of entries of their own.
struct ContentHash {
    private var state: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

    mutating func add(_ part: String) {
        for byte in part.utf8 { add(byte) }
        // No part holds this byte, which UTF-8 never uses: "ab","c" differs from "a","bc".
        add(0xFF)
    }

    private mutating func add(_ byte: UInt8) {
        state = (state ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b
    }

    var hexadecimal: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
