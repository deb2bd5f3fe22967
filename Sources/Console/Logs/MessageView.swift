import Domain
import Foundation

/// One side of a call: its body, its headers, and what became of them before they were kept.
struct MessageView: ViewModel {
    struct Header: ViewModel {
        let name: String
        let value: String
    }

    let side: String
    let size: String
    let isEmpty: Bool
    let isJSON: Bool
    let markup: Markup
    /// The body as text, where it is no JSON.
    let text: String?
    let raw: String?
    let rawPath: String
    let more: String?
    let headers: [Header]
    let headerCount: Int
    let hasHeaders: Bool

    /// Bytes of a body that stand in the page as they came.
    private static let shown = 4 << 10

    init(_ message: CapturedMessage, side: String, of id: UUID) {
        let body = message.body?.bytes ?? []
        let node = body.first.flatMap { "{[".utf8.contains($0) ? JSONNode(body) : nil }
        let tree = node.map { JSONTree.markup($0, size: body.count) }
        let beginning = Self.beginning(body)
        self.side = side
        size = Self.words(bytes: message.body?.originalSize ?? 0)
        isEmpty = body.isEmpty
        isJSON = tree != nil
        markup = tree?.markup ?? Markup()
        text = tree == nil && !body.isEmpty ? beginning : nil
        raw = tree == nil ? nil : beginning
        rawPath = "/logs/\(id.uuidString.lowercased())/\(side)"
        let isCut = tree?.isShort == true || body.count > Self.shown
        more = isCut ? "The \(side) is long; this is its beginning." : nil
        headers = message.headers.map { Header(name: $0.name.revealed, value: $0.value.cut(at: 2000).revealed) }
        headerCount = headers.count
        hasHeaders = !headers.isEmpty
    }

    /// Cut between characters.
    private static func beginning(_ body: [UInt8]) -> String {
        guard body.count > shown else { return String(decoding: body, as: UTF8.self).revealed }
        var end = shown
        while end > 0, body[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: body[..<end], as: UTF8.self).revealed + "…"
    }

    /// Bytes as people read them: `812 bytes`, `3.4 KiB`.
    static func words(bytes: Int) -> String {
        guard bytes >= 1024 else { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
        let unit = bytes >= 1 << 20 ? (1 << 20, "MiB") : (1 << 10, "KiB")
        let tenths = bytes * 10 / unit.0
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit.1)" : "\(tenths / 10).\(tenths % 10) \(unit.1)"
    }
}
