import Domain
import Foundation

/// Text from an entry, made fit to be stored: PostgreSQL's text holds no NUL, and UTF-8 no surrogates.
enum CapturedText {
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// True when the text can be stored as it is.
    /// - Parameters:
    ///   - text: as the parser gave it.
    ///   - isRepaired: whether the entry went through `JSONRepair`, so that its marker may occur.
    /// - Returns: whether there is nothing to replace.
    @inline(__always)
    static func isClean(_ text: UnsafeBufferPointer<UInt8>, isRepaired: Bool) -> Bool {
        guard let base = text.baseAddress, !text.isEmpty else { return true }
        if isRepaired { return firstUnclean(text, isRepaired: true) == nil }
        if text.count < 24 {
            for index in 0..<text.count where base[index] == 0 || base[index] == 0xED {
                return firstUnclean(text, isRepaired: false) == nil
            }
            return true
        }
        // 0xED starts a surrogate, but also honest Hangul: only then is a look at the next byte worth its time.
        guard memchr(base, 0, text.count) == nil else { return false }
        return memchr(base, 0xED, text.count) == nil || firstUnclean(text, isRepaired: false) == nil
    }

    /// Replaces NUL, lone surrogates and what `JSONRepair` marked by U+FFFD.
    /// - Returns: the text, and the bytes the client sent for it, each replaced one counted as one.
    static func cleaned(_ text: UnsafeBufferPointer<UInt8>, isRepaired: Bool) -> (bytes: [UInt8], originalSize: Int) {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 64)
        var originalSize = text.count
        var rest = text[...]
        while let (position, length) = firstUnclean(UnsafeBufferPointer(rebasing: rest), isRepaired: isRepaired) {
            let start = rest.startIndex
            output.append(contentsOf: text[start..<(start + position)])
            output.append(contentsOf: replacement)
            originalSize -= length - 1
            rest = text[(start + position + length)...]
        }
        output.append(contentsOf: rest)
        return (output, originalSize)
    }

    /// A name, path, header or message as a string.
    static func string(_ text: UnsafeBufferPointer<UInt8>, isRepaired: Bool) -> String {
        guard !isClean(text, isRepaired: isRepaired) else { return String(decoding: text, as: UTF8.self) }
        return String(decoding: cleaned(text, isRepaired: isRepaired).bytes, as: UTF8.self)
    }

    private static func firstUnclean(
        _ text: UnsafeBufferPointer<UInt8>,
        isRepaired: Bool
    ) -> (position: Int, length: Int)? {
        for position in text.indices {
            switch text[position] {
            case 0: return (position, 1)
            case 0xED where position + 2 < text.count && text[position + 1] >= 0xA0: return (position, 3)
            case 0xEF where isRepaired && text[position...].starts(with: JSONRepair.marker): return (position, 3)
            default: continue
            }
        }
        return nil
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The largest count of bytes up to a limit that cuts no character; the bytes are UTF-8.
    func characterBoundary(upTo limit: Int) -> Int {
        guard count > limit else { return count }
        var end = limit
        while end > 0, self[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }
}

extension String {
    /// The text up to a limit of UTF-8 bytes, cut on a character boundary.
    func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var text = self
        return text.withUTF8 { bytes in
            String(decoding: bytes[..<bytes.characterBoundary(upTo: limit)], as: UTF8.self)
        }
    }
}
