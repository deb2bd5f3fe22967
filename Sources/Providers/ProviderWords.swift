import Domain
import Foundation

/// Sentences about what a provider did, for people.
struct ProviderWords: Sendable {
    /// The application's name.
    let name: String
    /// What a person does about it.
    let remedy: String
    /// What must not be repeated.
    let secrets: [String]

    /// The most characters of a provider's own words.
    static let longest = 200

    init(_ target: ProviderTarget, secrets: [String] = []) {
        name = target.application.name
        remedy = target.auth == .oauth2 ? "Reauthorise it." : "Put in credentials that are valid."
        self.secrets = target.secretValues + secrets
    }

    /// What the provider said, in brackets behind a sentence's main part.
    func quoted(_ reading: ErrorReading?) -> String {
        let code = reading?.code.map(own) ?? ""
        let sentence = reading?.sentence.map(own) ?? ""
        return switch (code.isEmpty, sentence.isEmpty) {
        case (true, true): ""
        case (false, true): " (\(code))"
        case (true, false): " (\(sentence))"
        case (false, false): code == sentence ? " (\(code))" : " (\(code): \(sentence))"
        }
    }

    /// A provider's words as they may be shown: one line, cut, without what is secret or looks like it.
    func own(_ text: String) -> String {
        var words = String(text.prefix(4 * Self.longest))
        for secret in secrets where secret.utf8.count >= 4 {
            words = words.replacing(secret, with: "…").replacing(FormText.escaped(secret), with: "…")
        }
        words = words.replacing(/[A-Za-z0-9_\-+=.~!]{32,}/) { match in
            Self.looksSecret(match.output) ? "…" : String(match.output)
        }
        let kept = words.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: " "
            default: scalar
            }
        }
        let line = String(String.UnicodeScalarView(kept)).split(separator: " ").joined(separator: " ")
        return line.count <= Self.longest ? line.trimmingSentence : line.prefix(Self.longest - 1) + "…"
    }

    /// Long runs of letters with digits among them are tokens or ids; without any they are words and constants.
    private static func looksSecret(_ run: Substring) -> Bool { run.contains(where: \.isNumber) }
}

extension String {
    /// Without the full stop at its end, since it stands in a sentence.
    fileprivate var trimmingSentence: String { hasSuffix(".") ? String(dropLast()) : self }
}
