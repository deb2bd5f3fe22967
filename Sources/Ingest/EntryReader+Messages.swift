import CSimdJSON
import Domain
import Foundation

extension EntryReader {
    /// One side of a call as an entry gives it.
    struct Message {
        var message = CapturedMessage()
        /// Where it was given as a command.
        var curl: CurlCommand?
    }

    /// Bytes of a body that are kept.
    static let maximumBodySize = 256 * 1024
    /// Bytes of a header's value that are kept.
    static let maximumHeaderLength = 16 * 1024
    /// Headers of a message that are kept: no server takes as many.
    private static let maximumHeaders = 500

    mutating func request(_ value: JSONValue?) -> Message {
        message(value, at: "/request", name: "request", allowsCurl: true)
    }

    mutating func message(_ value: JSONValue?, at pointer: String, name: String, allowsCurl: Bool) -> Message {
        var message = Message()
        guard let members = object(value, MessageMember.self, at: pointer, name: name)
        else { return message }
        if allowsCurl, let curl = members[.curl] { readCurl(curl, into: &message) }
        if let headers = members[.headers] { message.message.headers = self.headers(headers, at: pointer) }
        if let body = members[.body] {
            if body.isString {
                message.message.body = self.body(body.bytes)
            } else {
                reject(
                    pointer + "/body",
                    .wrongType,
                    "The body must be a string, as it went over the wire; it is \(body.typeName)."
                )
            }
        }
        return message
    }

    private mutating func readCurl(_ value: JSONValue, into message: inout Message) {
        guard value.isString else {
            reject("/request/curl", .wrongType, "request.curl must be a string; it is \(value.typeName).")
            return
        }
        do throws(CurlIssue) {
            let curl = try CurlCommand(parsing: CapturedText.string(value.bytes, isRepaired: isRepaired))
            message.curl = curl
            message.message.headers = curl.headers.map { context.redactor.header($0).cut() }
            if let body = curl.body {
                message.message.body = body.withUnsafeBufferPointer { self.body($0) }
                // Mended before it was split into words; whether within the body cannot be told any more.
                if !CapturedText.isClean(value.bytes, isRepaired: isRepaired) {
                    message.message.body?.sanitized = true
                }
            }
        } catch {
            reject("/request/curl", .invalidCurl, error.detail)
        }
    }

    private mutating func headers(_ value: JSONValue, at pointer: String) -> [HeaderField] {
        guard value.isObject else {
            reject(
                pointer + "/headers",
                .wrongType,
                "headers must be an object of names and values; it is \(value.typeName)."
            )
            return []
        }
        var headers: [HeaderField] = []
        headers.reserveCapacity(8)
        var several: [(name: String, values: JSONValue)] = []
        var wrong: (name: String, type: String)?
        parser.forEachMember(of: value) { key, value in
            guard headers.count + several.count < Self.maximumHeaders else { return }
            if value.isString {
                headers.append(header(key, value.bytes))
            } else if value.isArray {
                several.append((CapturedText.string(key, isRepaired: isRepaired), value))
            } else if let text = value.scalarText {
                let field = HeaderField(name: CapturedText.string(key, isRepaired: isRepaired), value: text)
                headers.append(context.redactor.header(field).cut())
            } else if !value.isNull {
                wrong = (CapturedText.string(key, isRepaired: isRepaired), value.typeName)
            }
        }
        for (name, values) in several {
            parser.forEachMember(of: values) { _, value in
                guard headers.count < Self.maximumHeaders else { return }
                guard value.isString else {
                    wrong = (name, "an array with \(value.typeName)")
                    return
                }
                var name = name
                name.withUTF8 { headers.append(header($0, value.bytes)) }
            }
        }
        if let wrong {
            let token = context.redactor.text(wrong.name).replacing("~", with: "~0").replacing("/", with: "~1")
                .cut(toBytes: 128)
            reject(
                "\(pointer)/headers/\(token)",
                .wrongType,
                "A header's value must be a string, or an array of them; it is \(wrong.type)."
            )
        }
        return headers
    }

    private func header(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> HeaderField {
        if CapturedText.isClean(name, isRepaired: isRepaired), CapturedText.isClean(value, isRepaired: isRepaired) {
            return HeaderField(
                name: String(decoding: name, as: UTF8.self),
                value: context.redactor.headerValue(value, name: name)
            ).cut()
        }
        let field = HeaderField(
            name: CapturedText.string(name, isRepaired: isRepaired),
            value: CapturedText.string(value, isRepaired: isRepaired)
        )
        return context.redactor.header(field).cut()
    }

    /// Redacts, then cuts: a secret that straddles the cut would not be recognised any more.
    private func body(_ bytes: UnsafeBufferPointer<UInt8>) -> CapturedBody {
        guard CapturedText.isClean(bytes, isRepaired: isRepaired) else {
            let (cleaned, originalSize) = CapturedText.cleaned(bytes, isRepaired: isRepaired)
            var body = cleaned.withUnsafeBufferPointer { redactedBody($0) }
            body.originalSize = originalSize
            body.sanitized = true
            return body
        }
        return redactedBody(bytes)
    }

    private func redactedBody(_ bytes: UnsafeBufferPointer<UInt8>) -> CapturedBody {
        if let redacted = context.redactor.redacted(bytes, context: .text) {
            return redacted.withUnsafeBufferPointer { cutBody($0, originalSize: bytes.count) }
        }
        return cutBody(bytes, originalSize: bytes.count)
    }

    private func cutBody(_ bytes: UnsafeBufferPointer<UInt8>, originalSize: Int) -> CapturedBody {
        let end = bytes.characterBoundary(upTo: Self.maximumBodySize)
        return CapturedBody(
            bytes: [UInt8](UnsafeBufferPointer(rebasing: bytes[..<end])),
            originalSize: originalSize,
            truncated: end < bytes.count
        )
    }
}

extension HeaderField {
    /// A header without limit would make a row without limit.
    fileprivate func cut() -> HeaderField {
        let (nameLimit, valueLimit) = (EntryReader.maximumNameLength, EntryReader.maximumHeaderLength)
        guard name.utf8.count > nameLimit || value.utf8.count > valueLimit else { return self }
        var cut = HeaderField(name: name.cut(toBytes: nameLimit), value: value.cut(toBytes: valueLimit))
        if cut.value != value { cut.value += " [cut from \(value.utf8.count) bytes]" }
        return cut
    }
}

extension JSONValue {
    /// A number or boolean as a header's value; some clients send `Content-Length` as a number.
    fileprivate var scalarText: String? {
        if let integralValue { return String(integralValue) }
        if isNumber { return String(number) }
        return type == SIMDJSON_TYPE_BOOLEAN ? String(boolean) : nil
    }
}
