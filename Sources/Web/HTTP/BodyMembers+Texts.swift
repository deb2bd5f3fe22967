import Domain
import Foundation

extension BodyMembers {
    /// E-mail addresses that must be there; one that stands twice counts once.
    /// - Parameters:
    ///   - name: of the member.
    ///   - count: how many there may be.
    mutating func emails(_ name: String, _ count: ClosedRange<Int>) -> [EmailAddress] {
        guard let value = present(name) else {
            issue(name, "required", "it is missing")
            return []
        }
        guard case .array(let elements) = value else {
            issue(name, "wrong_type", "it is an array of e-mail addresses")
            return []
        }
        guard count.contains(elements.count) else {
            issue(name, "out_of_range", "it has \(count.lowerBound) to \(count.upperBound) elements")
            return []
        }
        var found: [EmailAddress] = []
        for (index, element) in elements.enumerated() {
            guard case .text(let text) = element, let email = EmailAddress(text) else {
                let _: Int? = issue(at: "/\(name)/\(index)", "invalid_format", "it is not an e-mail address")
                continue
            }
            if !found.contains(email) { found.append(email) }
        }
        return found
    }

    /// A text of several lines; nil when absent, null or nothing but white space. Lines end with a line feed alone.
    /// - Parameters:
    ///   - name: of the member.
    ///   - longest: characters it may have.
    mutating func lines(_ name: String, longest: Int) -> String? {
        guard let value = present(name) else { return nil }
        guard case .text(let given) = value else {
            issue(name, "wrong_type", "it is a text")
            return nil
        }
        let text = given.replacing("\r\n", with: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
        // scalars, as the database counts: a character of many of them is as long as they are
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 0x20 && scalar.value != 0x7F || scalar == "\n" || scalar == "\t"
        }
        guard text.unicodeScalars.count <= longest, isPlain else {
            let detail = "at most \(longest) characters, without control characters other than line breaks"
            issue(name, "invalid_format", detail)
            return nil
        }
        return text.isEmpty ? nil : text
    }
}
