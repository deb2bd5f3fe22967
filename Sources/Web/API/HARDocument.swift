import Domain
import Foundation
import Ingest
import NIOHTTP1
import Store

/// Calls as a HAR 1.2 document (http://www.softwareishard.com/blog/har-12-spec/), which browsers' network panels and
/// HTTP tools read.
///
/// What a call does not tell is written as the format has it for "not known": -1 for sizes, zero for times. Members that
/// begin with an underscore are Calltrail's own, as the format allows.
enum HARDocument {
    /// Writes a document with one call.
    static func write(_ detail: CallLogStore.Detail, into json: inout JSONWriter) {
        json.object { document in
            document.key("log")
            document.object { log in
                log.key("version")
                log.value("1.2")
                log.key("creator")
                log.object { creator in
                    creator.key("name")
                    creator.value("Calltrail")
                    creator.key("version")
                    creator.value("1")
                }
                log.key("entries")
                log.array { entries in entries.object { entry(detail, into: &$0) } }
            }
        }
    }

    /// The name of a file with one call.
    static func fileName(_ log: CallLog) -> String { fileName(log, "har") }

    /// The name of a file with one call.
    /// - Parameters:
    ///   - log: the call.
    ///   - type: what stands behind the point.
    static func fileName(_ log: CallLog, _ type: String) -> String {
        // made of words of our own alone: nothing that somebody sent can leave a header's quotation marks
        let application = log.application.rawValue.replacing("_", with: "-")
        return "call-\(application)-\(log.statusCode)-\(log.id.uuidString.lowercased()).\(type)"
    }

    /// Writes the members of an entry.
    static func entry(_ detail: CallLogStore.Detail, into entry: inout JSONWriter) {
        let log = detail.item.log
        let milliseconds = log.durationMilliseconds ?? 0
        entry.key("startedDateTime")
        entry.value(log.occurredAt)
        entry.key("time")
        entry.value(milliseconds)
        entry.key("request")
        entry.object { write(detail.exchange.request, of: log, into: &$0) }
        entry.key("response")
        entry.object { write(response: detail.exchange.response, of: log, into: &$0) }
        entry.key("cache")
        entry.object { _ in }
        entry.key("timings")
        entry.object { timings in
            timings.key("send")
            timings.value(0)
            timings.key("wait")
            timings.value(milliseconds)
            timings.key("receive")
            timings.value(0)
        }
        entry.key("comment")
        entry.value("\(log.application.name), called by \(log.bot.name ?? log.bot.id)")
        entry.key("_id")
        entry.value(log.id)
    }

    private static func write(_ message: CapturedMessage, of log: CallLog, into request: inout JSONWriter) {
        request.key("method")
        request.value(log.method.rawValue)
        request.key("url")
        request.value(log.url)
        common(message, into: &request)
        request.key("queryString")
        request.array { array in
            for (name, value) in query(log.url) { array.object { pair(name, value, into: &$0) } }
        }
        guard let body = message.body else { return }
        request.key("postData")
        request.object { data in
            data.key("mimeType")
            data.value(header("content-type", of: message) ?? "")
            data.key("text")
            data.value(utf8: body.bytes)
            remark(body, into: &data)
        }
    }

    private static func write(response message: CapturedMessage, of log: CallLog, into response: inout JSONWriter) {
        response.key("status")
        response.value(log.statusCode)
        response.key("statusText")
        response.value(HTTPResponseStatus(statusCode: Int(log.statusCode)).reasonPhrase)
        common(message, into: &response)
        response.key("redirectURL")
        response.value(header("location", of: message) ?? "")
        response.key("content")
        response.object { content in
            content.key("size")
            content.value(message.body?.originalSize ?? 0)
            content.key("mimeType")
            content.value(header("content-type", of: message) ?? "")
            guard let body = message.body else { return }
            content.key("text")
            content.value(utf8: body.bytes)
            remark(body, into: &content)
        }
        if let error = log.error?.message ?? log.error?.type {
            response.key("_error")
            response.value(error)
        }
    }

    /// What both sides have.
    private static func common(_ message: CapturedMessage, into side: inout JSONWriter) {
        side.key("httpVersion")
        side.value("HTTP/1.1")
        side.key("cookies")
        side.array { _ in }
        side.key("headers")
        side.array { array in
            for field in message.headers { array.object { pair(field.name, field.value, into: &$0) } }
        }
        side.key("headersSize")
        side.value(-1)
        side.key("bodySize")
        side.value(message.body?.originalSize ?? 0)
    }

    private static func pair(_ name: String, _ value: String, into object: inout JSONWriter) {
        object.key("name")
        object.value(name)
        object.key("value")
        object.value(value)
    }

    private static func remark(_ body: CapturedBody, into object: inout JSONWriter) {
        guard body.truncated || body.sanitized else { return }
        object.key("comment")
        object.value(
            body.truncated
                ? "cut: the first \(body.bytes.count) of \(body.originalSize) bytes were kept"
                : "bytes that are no UTF-8 were replaced")
    }

    private static func header(_ name: String, of message: CapturedMessage) -> String? {
        message.headers.first { $0.name.caseInsensitiveCompare(name) == .orderedSame }?.value
    }

    /// The parameters of a URL's query, decoded where they can be.
    private static func query(_ url: String) -> [(String, String)] {
        guard let start = url.firstIndex(of: "?") else { return [] }
        let query = url[url.index(after: start)...].prefix { $0 != "#" }
        func decoded(_ text: Substring) -> String {
            text.replacing("+", with: " ").removingPercentEncoding ?? String(text)
        }
        return query.split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(pair[0]), pair.count == 2 ? decoded(pair[1]) : "")
        }
    }
}

extension CallLogStore.Detail {
    /// The request as a curl command.
    var curl: String {
        CurlCommand.render(
            method: item.log.method.rawValue, url: item.log.url, headers: exchange.request.headers,
            body: exchange.request.body?.bytes)
    }
}
