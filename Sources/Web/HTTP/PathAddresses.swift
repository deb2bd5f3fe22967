import Foundation

extension String {
    /// The target of a request with `{email}` in place of the e-mail addresses in its path; the query stays as it is.
    ///
    /// The path stays in the audit log when a person is erased from it, so what tells of them must not get there.
    var withoutAddressesInPath: String {
        let path = prefix { $0 != "?" }
        // nearly no path has one, and every call asks
        guard path.utf8.contains(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "%") }) else { return self }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            let text = part.removingPercentEncoding ?? String(part)
            return text.contains(Self.address) ? "{email}" : String(part)
        }
        return parts.joined(separator: "/") + self[path.endIndex...]
    }

    private static var address: Regex<Substring> { /[^\/@\s]@[^\/@\s]+\.[^\/@\s.]/ }
}
