extension String {
    /// The text with what turns its direction or cannot be seen written out by its number: code must read as it works.
    var revealed: String {
        guard unicodeScalars.contains(where: \.isHidden) else { return self }
        var text = ""
        text.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            if scalar.isHidden {
                text += "⟨U+" + String(scalar.value, radix: 16, uppercase: true) + "⟩"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Controls but for those that lay out text; marks, embeddings, overrides and isolates of direction; fillers.
    fileprivate var isHidden: Bool {
        switch value {
        case 0x09, 0x0A, 0x0D: false
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200B, 0x200E...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFEFF,
            0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }
}
