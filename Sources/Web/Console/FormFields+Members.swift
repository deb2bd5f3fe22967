import Console
import Domain
import Foundation
import HTTPTypes

extension FormFields {
    /// The fields as the members of a request's body, so that forms are read by the rules of the API. An empty field is none.
    /// - Parameters:
    ///   - texts: fields with a text.
    ///   - numbers: fields with a whole number.
    ///   - boxes: fields of boxes, of which those come that are ticked.
    ///   - lists: fields in which several values stand, one a line or with commas between them.
    func members(
        texts: [String] = [], numbers: [String] = [], boxes: [String] = [], lists: [String] = []
    ) -> BodyMembers {
        var members: [String: JSONValue] = [:]
        for name in texts where !self[name].isEmpty { members[name] = .text(self[name]) }
        for name in numbers {
            let text = self[name].trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty else { continue }
            members[name] = Int64(text).map { .integer($0) } ?? .text(text)
        }
        for name in boxes where has(name) { members[name] = .array(all(name).map { .text($0) }) }
        for name in lists {
            // a line ends by two scalars that are one character
            let values = self[name].split { $0 == "," || $0 == ";" || $0.isNewline }.map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            .filter { !$0.isEmpty }
            if !values.isEmpty { members[name] = .array(values.map { .text($0) }) }
        }
        return BodyMembers(members, allowing: Set(members.keys))
    }

    /// The id that the form was given when it was shown, so that what is sent twice is done once; a new one for a form without.
    var onceID: UUID { UUID(uuidString: self["once"]) ?? .version7(at: Timestamp(Date())) }
}

extension FormErrors {
    /// What is wrong, field by field, as the API would say it; the rest above the form.
    /// - Parameter problem: what reading or doing came to.
    init(_ problem: Problem) {
        self.init()
        for issue in problem.issues {
            guard case .pointer(let pointer) = issue.place else { continue }
            let name = pointer.split(separator: "/").first.map(String.init) ?? ""
            if self[name] == nil { self[name] = Self.sentence(issue.code, issue.detail) }
        }
        if problem.issues.isEmpty {
            general = problem.detail
            if let seconds = problem.retryAfterSeconds { general = "\(problem.detail) Try again in \(seconds) s." }
        }
    }

    private static func sentence(_ code: String, _ detail: String) -> String {
        if code == "required", detail == "it is missing" { return "This is needed." }
        let words = detail.prefix(1).uppercased() + detail.dropFirst()
        return words.hasSuffix(".") ? words : words + "."
    }
}

extension Problem {
    /// How a form that is shown again is answered.
    var formStatus: HTTPResponse.Status { code == .invalidParameter ? .unprocessableContent : .init(code: code.status) }

    /// Whether a form that came to this is shown again, with what is wrong.
    var isOfForm: Bool {
        switch code {
        case .invalidParameter, .conflict, .rateLimited: true
        default: false
        }
    }
}
