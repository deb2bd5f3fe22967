import Console
import Domain

extension RefusedForm {
    /// What a form sent, with what a problem says of it. A pointer into the body that stands for the form names the field:
    /// that of `/quiet_hours/from` is `quiet_hours.from`.
    /// - Parameters:
    ///   - name: which form of a page it is.
    ///   - form: what was sent.
    ///   - problem: what is wrong.
    ///   - field: which one a conflict is about; nil where it is about all of them.
    /// - Throws: the problem, when it is not about what was sent.
    init(_ name: String, _ form: FormFields, _ problem: Problem, conflictAt field: String? = nil) throws(Problem) {
        guard problem.code == .invalidParameter || problem.code == .conflict else { throw problem }
        var errors: [String: String] = [:]
        for issue in problem.issues {
            guard case .pointer(let pointer) = issue.place else { continue }
            // of credentials it describes the field, which the form does already
            let isMissing =
                issue.detail == "it is missing" || issue.code == "required" && pointer.hasPrefix("/credentials/")
            let words = isMissing ? "This is needed." : Self.sentence(issue.detail)
            errors[pointer.dropFirst().split(separator: "/").joined(separator: ".")] = words
        }
        if problem.issues.isEmpty, let field { errors[field] = problem.detail }
        self.init(name, values: form.texts, errors: errors, words: errors.isEmpty ? problem.detail : nil)
    }

    private static func sentence(_ words: String) -> String {
        words.prefix(1).uppercased() + words.dropFirst() + (words.hasSuffix(".") ? "" : ".")
    }
}
