extension String {
    /// One line that the database and a log can hold, whatever another server said: control characters become spaces.
    /// - Parameter longest: characters (Unicode scalars) kept.
    public func plainLine(longest: Int = 1000) -> String {
        String(UnicodeScalarView(unicodeScalars.prefix(longest).map { $0.value < 0x20 ? " " : $0 }))
    }
}
