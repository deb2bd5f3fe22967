/// Secrets in URLs that have no name: in the user info, and in the paths of services that put them there.
extension RedactionScan {
    /// Services whose URLs let anybody in who knows them.
    private enum Service {
        /// `/services/T…/B…/secret`, `/workflows/T…/A…/number/secret`.
        case slack
        /// `/bot123:secret/sendMessage`, `/file/bot123:secret/…`.
        case telegram
        /// `/api/webhooks/number/secret`.
        case discord
        /// `/webhookb2/group@tenant/IncomingWebhook/secret/user/…`.
        case office

        init?(host: UnsafeBufferPointer<UInt8>) {
            guard host.count >= 11 else { return nil }
            // The letter before “.com” and “.org” tells most other hosts apart.
            switch host[host.count - 5] {
            case UInt8(ascii: "k") where SecretName.equals(host, "hooks.slack.com"): self = .slack
            case UInt8(ascii: "m") where SecretName.equals(host, "api.telegram.org"): self = .telegram
            case UInt8(ascii: "d") where SecretName.ends(host, "discord.com"): self = .discord
            case UInt8(ascii: "p") where SecretName.ends(host, "discordapp.com"): self = .discord
            case UInt8(ascii: "e") where SecretName.ends(host, ".webhook.office.com"): self = .office
            default: return nil
            }
        }
    }

    /// Shorter parts of a path are names and numbers.
    private static let minimumLongPart = 32

    /// Behind `//`, whose slashes may be escaped as in JSON; nil when there is none.
    func authorityStart(_ position: Int) -> Int? {
        let length = slashLength(position)
        guard length > 0 else { return nil }
        let second = slashLength(position + length)
        return second > 0 ? position + length + second : nil
    }

    /// `user:password@` before a host, and the path behind it.
    /// - Parameter start: behind the slashes.
    /// - Returns: where to go on.
    @inline(never)
    mutating func visitAuthority(_ start: Int) -> Int? {
        let end = runEnd(start, limit: 1024) { !Self.endsAuthority($0) }
        guard let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")) else { return redactPath(host: start..<end) }
        redactUserInfo(start..<at)
        return redactPath(host: (at + 1)..<end) ?? at
    }

    /// The password goes, or the user where there is no password.
    private mutating func redactUserInfo(_ range: Range<Int>) {
        let colon = bytes[range].firstIndex(of: UInt8(ascii: ":"))
        if let colon, colon + 1 < range.upperBound {
            redact((colon + 1)..<range.upperBound)
        } else {
            redact(range.lowerBound..<(colon ?? range.upperBound))
        }
    }

    private mutating func redactPath(host range: Range<Int>) -> Int? {
        guard slashLength(range.upperBound) > 0 else { return nil }
        let hostEnd = bytes[range].firstIndex(of: UInt8(ascii: ":")) ?? range.upperBound
        guard let service = Service(host: UnsafeBufferPointer(rebasing: bytes[range.lowerBound..<hostEnd]))
        else { return nil }
        return service == .telegram
            ? redactBotToken(from: range.upperBound) : redactParts(of: service, from: range.upperBound)
    }

    private mutating func redactBotToken(from start: Int) -> Int? {
        var position = start + slashLength(start)
        if isAt(position, "file") { position += 4 + slashLength(position + 4) }
        guard isAt(position, "bot") else { return nil }
        let colon = runEnd(position + 3) { $0 &- UInt8(ascii: "0") <= 9 }
        let length = isAt(colon, ":") ? 1 : isAt(colon, "%3A") || isAt(colon, "%3a") ? 3 : 0
        guard colon > position + 3, length > 0 else { return nil }
        return redactPart((colon + length)..<partEnd(colon + length))
    }

    private mutating func redactParts(of service: Service, from start: Int) -> Int? {
        var position = start
        var index = 0
        var secret: Range<Int>?
        var webhookIndex: Int?
        var next: Int?
        while case let length = slashLength(position), length > 0 {
            let part = (position + length)..<partEnd(position + length)
            position = part.upperBound
            guard !part.isEmpty else { continue }
            switch service {
            case .slack: if index >= 3 { secret = part }
            case .discord:
                if index == webhookIndex.map({ $0 + 2 }) { secret = part }
                if part.count == 8, isAt(part.lowerBound, "webhooks") { webhookIndex = index }
            case .office:
                let isLong = part.count >= Self.minimumLongPart || markerEnd(part.lowerBound) != nil
                if isLong, !bytes[part].contains(UInt8(ascii: "@")) { next = redactPart(part) }
            case .telegram: break
            }
            index += 1
        }
        return secret.map { redactPart($0) } ?? next
    }

    private mutating func redactPart(_ part: Range<Int>) -> Int {
        redact(part)
        return part.upperBound
    }

    /// The end of a part of a path; a colon ends it, so that one URL behind the other is gone through once.
    private func partEnd(_ start: Int) -> Int {
        var end = runEnd(markerEnd(start) ?? start) {
            !Self.endsParameter($0) && !"/?:,)]}".utf8.contains($0)
        }
        // The full stop is the sentence's.
        while end > start, isAt(end - 1, ".") { end -= 1 }
        return end
    }

    private func slashLength(_ position: Int) -> Int {
        let slash = runEnd(position, limit: 8) { $0 == UInt8(ascii: "\\") }
        return isAt(slash, "/") ? slash + 1 - position : 0
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "'"),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"):
            true
        default: isWhiteSpace(byte)
        }
    }
}
