extension String {
    /// What people are shown of a text that somebody else chose: on one line, and without what turns its direction or hides,
    /// for that could make a name read as another.
    public var visible: String {
        var text = UnicodeScalarView()
        for scalar in unicodeScalars where !scalar.isTreacherous {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: text.append(" ")
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// At most so many characters, the last an ellipsis where something was cut.
    /// - Parameter limit: characters, at least one.
    public func cut(at limit: Int) -> String { count > limit ? prefix(limit - 1) + "…" : self }
}

extension Unicode.Scalar {
    /// Marks, embeddings, overrides and isolates of direction; the byte order mark and other invisible fillers. The joiners
    /// stay: scripts and emoji are written with them.
    fileprivate var isTreacherous: Bool {
        switch value {
        case 0x061C, 0x200B, 0x200E...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE001F:
            true
        default: false
        }
    }
}
