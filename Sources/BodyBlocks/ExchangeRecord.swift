import Domain

/// The binary form of one exchange.
///
/// ```
/// record   flags  [client id]  request  response       flags: 1 = client id
/// message  header count  (name  value)…  body flags  [original size  bytes]
///                                                      body flags: 1 = present, 2 = truncated, 4 = sanitized
/// ```
/// Every text and every body has its length in front.
enum ExchangeRecord {
    private static let hasClientID: UInt8 = 1
    private static let isPresent: UInt8 = 1
    private static let isTruncated: UInt8 = 2
    private static let isSanitized: UInt8 = 4

    static func write(_ exchange: CallExchange, to writer: inout ByteWriter) {
        if let clientID = exchange.clientID {
            writer.append(byte: hasClientID)
            writer.append(text: clientID)
        } else {
            writer.append(byte: 0)
        }
        write(exchange.request, to: &writer)
        write(exchange.response, to: &writer)
    }

    private static func write(_ message: CapturedMessage, to writer: inout ByteWriter) {
        writer.append(length: message.headers.count)
        for header in message.headers {
            writer.append(text: header.name)
            writer.append(text: header.value)
        }
        guard let body = message.body else {
            writer.append(byte: 0)
            return
        }
        writer.append(
            byte: isPresent | (body.truncated ? isTruncated : 0) | (body.sanitized ? isSanitized : 0)
        )
        writer.append(length: max(body.originalSize, 0))
        writer.append(bytes: body.bytes)
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(BodyBlockError) -> CallExchange {
        var reader = ByteReader(bytes)
        let flags = try reader.byte()
        guard flags & ~hasClientID == 0 else { throw .corrupt("a record has unknown flags") }
        let clientID = flags & hasClientID != 0 ? try reader.text() : nil
        let request = try message(from: &reader)
        let response = try message(from: &reader)
        guard reader.isAtEnd else { throw .corrupt("a record goes on after its end") }
        return CallExchange(clientID: clientID, request: request, response: response)
    }

    private static func message(from reader: inout ByteReader) throws(BodyBlockError) -> CapturedMessage {
        var message = CapturedMessage()
        // No reservation by the count: a damaged one could ask for any amount of memory.
        for _ in 0..<(try reader.length()) {
            message.headers.append(HeaderField(name: try reader.text(), value: try reader.text()))
        }
        let flags = try reader.byte()
        guard flags & ~(isPresent | isTruncated | isSanitized) == 0 else {
            throw .corrupt("a body has unknown flags")
        }
        guard flags & isPresent != 0 else { return message }
        let originalSize = try reader.length()
        let bytes = [UInt8](try reader.slice())
        message.body = CapturedBody(
            bytes: bytes,
            originalSize: originalSize,
            truncated: flags & isTruncated != 0,
            sanitized: flags & isSanitized != 0
        )
        return message
    }
}
