import CSimdJSON
import Domain
import Foundation

extension EntryReader {
    /// An entry's status code, as far as there is one.
    enum StatusCode {
        case number(Int16)
        case unreachable

        var number: Int16 {
            switch self {
            case .number(let number): number
            case .unreachable: 0
            }
        }
    }

    static let maximumURLLength = 8192

    mutating func application(_ members: KnownMembers<EntryMember>) -> Application? {
        guard let value = required(members, .application) else { return nil }
        guard value.isString else {
            reject("/application", .wrongType, "application must be a string; it is \(value.typeName).")
            return nil
        }
        for application in Application.allCases where value.bytes.elementsEqual(application.rawValue.utf8) {
            return application
        }
        let keys = Application.allCases.map(\.rawValue).joined(separator: ", ")
        reject("/application", .unknownValue, "There is no application \(quoted(value)); there are \(keys).")
        return nil
    }

    mutating func bot(_ members: KnownMembers<EntryMember>) -> BotReference {
        let none = BotReference(id: "")
        guard let value = members[.bot] else {
            reject("/bot/id", .required, "bot.id is required: the id under which the platform knows the bot.")
            return none
        }
        guard value.isObject else {
            reject("/bot", .wrongType, "bot must be an object with an id; it is \(value.typeName).")
            return none
        }
        let bot = KnownMembers<PersonMember>(of: value, parser: parser)
        checkRepeated(bot, at: "/bot")
        guard let id = bot[.id] else {
            reject("/bot/id", .required, "bot.id is required: the id under which the platform knows the bot.")
            return none
        }
        return BotReference(
            id: identifier(id, at: "/bot/id", name: "bot.id") ?? "",
            name: displayText(bot[.name], at: "/bot/name", name: "bot.name", cutTo: Self.maximumNameLength)
        )
    }

    mutating func method(_ members: KnownMembers<EntryMember>, curl: CurlCommand?) -> CallMethod? {
        if members[.method] == nil, let curl {
            guard let method = CallMethod(rawValue: curl.method) else {
                reject("/request/curl", .unknownValue, "The command's method is none of those known; \(Self.methods)")
                return nil
            }
            return method
        }
        guard let value = required(members, .method) else { return nil }
        guard value.isString else {
            reject("/method", .wrongType, "method must be a string; it is \(value.typeName).")
            return nil
        }
        for method in CallMethod.allCases where value.bytes.elementsEqual(method.rawValue.utf8) { return method }
        let meant = CallMethod(rawValue: String(decoding: value.bytes.prefix(16), as: UTF8.self).uppercased())
        let hint = meant.map { "write “\($0.rawValue)” in capital letters" }
        reject(
            "/method",
            .unknownValue,
            "There is no method \(quoted(value)); \(hint.map { $0 + "." } ?? Self.methods)"
        )
        return nil
    }

    private static let methods = "there are \(CallMethod.allCases.map(\.rawValue).joined(separator: ", "))."

    /// The URL, redacted.
    mutating func url(
        _ members: KnownMembers<EntryMember>,
        curl: CurlCommand?,
        allowsOtherSchemes: Bool
    ) -> String {
        if members[.url] == nil, let curl {
            var url = curl.url
            return url.withUTF8 { checkedURL($0, at: "/request/curl", allowsOtherSchemes: allowsOtherSchemes) }
        }
        guard let value = required(members, .url) else { return "" }
        guard value.isString else {
            reject("/url", .wrongType, "url must be a string; it is \(value.typeName).")
            return ""
        }
        return checkedURL(value.bytes, at: "/url", allowsOtherSchemes: allowsOtherSchemes)
    }

    private mutating func checkedURL(
        _ bytes: UnsafeBufferPointer<UInt8>,
        at pointer: String,
        allowsOtherSchemes: Bool
    ) -> String {
        guard bytes.count <= Self.maximumURLLength else {
            reject(pointer, .tooLong, "url has \(bytes.count) bytes; at most \(Self.maximumURLLength) are kept.")
            return ""
        }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            reject(pointer, .invalidCharacter, "url holds a control character; percent-encode it.")
            return ""
        }
        guard URLShape.isAbsoluteHTTP(bytes) || (allowsOtherSchemes && URLShape.hasScheme(bytes)) else {
            let form = allowsOtherSchemes ? "start with a scheme" : "be absolute: http or https, and a host"
            reject(pointer, .invalidFormat, "url must \(form), such as https://api.example.com/v1/tickets.")
            return ""
        }
        if CapturedText.isClean(bytes, isRepaired: isRepaired) {
            return context.redactor.string(bytes, context: .url)
        }
        return CapturedText.cleaned(bytes, isRepaired: isRepaired).bytes.withUnsafeBufferPointer {
            context.redactor.string($0, context: .url)
        }
    }

    mutating func statusCode(_ members: KnownMembers<EntryMember>) -> StatusCode {
        let expected = "status_code must be an integer from 100 to 599, or null or 0 when no code came back"
        guard let value = members.raw(.statusCode) else {
            reject("/status_code", .required, "status_code is required; send null when no code came back.")
            return .number(0)
        }
        if value.isNull { return .unreachable }
        guard value.isNumber else {
            reject("/status_code", .wrongType, "\(expected); it is \(value.typeName).")
            return .number(0)
        }
        guard let number = value.integralValue else {
            // Beyond 64 bits it is an integer of no use, rather than a fraction.
            let isHuge = value.number.magnitude >= 9.2e18
            reject("/status_code", isHuge ? .outOfRange : .wrongType, "\(expected); it is \(value.number).")
            return .number(0)
        }
        if number == 0 { return .unreachable }
        guard (100...599).contains(number) else {
            reject("/status_code", .outOfRange, "\(expected); it is \(number).")
            return .number(0)
        }
        return .number(Int16(number))
    }

    private mutating func required(_ members: KnownMembers<EntryMember>, _ member: EntryMember) -> JSONValue? {
        if let value = members[member] { return value }
        let name = EntryMember.names[member.rawValue].description
        reject("/\(name)", .required, "\(name) is required.")
        return nil
    }

    /// A value as a sentence quotes it: redacted, because it may be a secret in the wrong place, and short.
    func quoted(_ value: JSONValue) -> String {
        let text = context.redactor.text(CapturedText.string(value.bytes, isRepaired: isRepaired))
        let short = text.cut(toBytes: 32)
        return "“\(short)\(short == text ? "" : "…")”"
    }
}

/// The outer form of a URL (RFC 3986, section 3), no more: what was called is logged as it was.
enum URLShape {
    static func isAbsoluteHTTP(_ url: UnsafeBufferPointer<UInt8>) -> Bool {
        let length = schemeLength(url)
        guard length == 4 || length == 5, matches(url, "https", count: length), url.count > length + 3,
            url[length + 1] == UInt8(ascii: "/"), url[length + 2] == UInt8(ascii: "/")
        else { return false }
        var hostStart = length + 3
        var end = hostStart
        while end < url.count, !isEndOfAuthority(url[end]) {
            if url[end] == UInt8(ascii: "@") { hostStart = end + 1 }
            end += 1
        }
        return hostStart < end && url[hostStart] != UInt8(ascii: ":")
    }

    /// A scheme, a colon, and something behind it.
    static func hasScheme(_ url: UnsafeBufferPointer<UInt8>) -> Bool {
        let length = schemeLength(url)
        return length > 0 && url.count > length + 1
    }

    /// The bytes before the colon; 0 when the text does not start with a scheme.
    private static func schemeLength(_ url: UnsafeBufferPointer<UInt8>) -> Int {
        for (index, byte) in url.enumerated() {
            switch byte {
            case UInt8(ascii: ":"): return index
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                guard index > 0 else { return 0 }
            default: return 0
            }
        }
        return 0
    }

    private static func matches(_ url: UnsafeBufferPointer<UInt8>, _ name: StaticString, count: Int) -> Bool {
        (0..<count).allSatisfy { url[$0] | 0x20 == name.utf8Start[$0] }
    }

    private static func isEndOfAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
            || byte == UInt8(ascii: "\\")
    }
}
