public import Domain

/// Something that is typed in to connect an application.
public struct CredentialInput: Sendable {
    /// Its name in the catalogue.
    public var name: String
    /// What it is and where it is found.
    public var description: String
    /// Whether it has to be given.
    public var isRequired: Bool
    /// Whether it is never shown again.
    public var isSecret: Bool

    /// Describes it; see the properties.
    public init(name: String, description: String, isRequired: Bool, isSecret: Bool) {
        self.name = name
        self.description = description
        self.isRequired = isRequired
        self.isSecret = isSecret
    }

    func field(_ sent: RefusedForm?, present: String? = nil) -> Field {
        let field = "credentials." + name
        return Field(
            field, label: fieldWords(name) + (isRequired ? "" : " (optional)"), kind: isSecret ? .password : .text,
            value: sent?.value(field) ?? present ?? "", hint: description, error: sent?.error(field),
            autocomplete: isSecret ? "new-password" : "off", isRequired: isRequired, longest: 8192)
    }
}

/// Connecting an application: which one, then what it takes.
public enum NewConnectionPage {
    /// An application and the ways to prove to it who calls.
    public struct Offer: Sendable {
        /// Which application.
        public var application: Application
        /// The ways, the usual one first.
        public var ways: [ConnectionAuth]

        /// Describes an offer; see the properties.
        public init(application: Application, ways: [ConnectionAuth]) {
            self.application = application
            self.ways = ways
        }
    }

    /// Which application.
    /// - Parameter offers: in their order.
    public static func choice(_ offers: [Offer]) -> [any Component] {
        [
            BackLink("Connections", path: "/connections"),
            PageHead("Connect an application", lead: "Which one do your bots call?"),
            Choices(
                offers.map { offer in
                    Choices.Choice(
                        monogram: offer.application.monogram, name: offer.application.name,
                        words: offer.ways.map(\.words).joined(separator: ", or ").lowercasedAfterFirst,
                        path: path(offer.application, nil))
                }),
        ]
    }

    /// What it takes.
    /// - Parameters:
    ///   - offer: the application that was chosen.
    ///   - auth: the way that was chosen.
    ///   - inputs: what is typed in for it.
    ///   - refused: what was sent and can't be used.
    public static func form(
        _ offer: Offer, _ auth: ConnectionAuth, _ inputs: [CredentialInput], refused: RefusedForm?
    ) -> [any Component] {
        let application = offer.application
        var content: [any Component] = [
            BackLink("Another application", path: "/connections/new"), PageHead("Connect \(application.name)"),
        ]
        if offer.ways.count > 1 {
            content.append(
                Tabs(
                    "How calls prove who they are",
                    offer.ways.map { .init($0.words, path: path(application, $0), isCurrent: $0 == auth) }))
        }
        if let words = refused?.words { content.append(Notice(words, .error)) }
        let next =
            auth == .oauth2
            ? "Next, you sign in at \(application.name) and allow access. No password of yours comes here."
            : "It is checked at once. What is secret is sealed, and never shown again."
        let name = Field(
            "name", label: "Name", value: refused?.value("name") ?? application.name,
            hint: "So that people tell it from others.", error: refused?.error("name"), isRequired: true, longest: 200)
        content.append(
            Panel(
                offer.ways.count > 1 ? "What it takes" : auth.words,
                content: [
                    Paragraph(next, isSoft: true),
                    Form(
                        action: "/connections/new",
                        hidden: [.init("application", application.rawValue), .init("auth", auth.rawValue)],
                        fields: [name] + inputs.map { $0.field(refused) },
                        buttons: [Button(auth == .oauth2 ? "Make connection" : "Connect")]),
                ]))
        return content
    }

    private static func path(_ application: Application, _ auth: ConnectionAuth?) -> String {
        "/connections/new?application=\(application.rawValue)" + (auth.map { "&auth=\($0.rawValue)" } ?? "")
    }
}

/// Things of which one is chosen, as links.
struct Choices: Component {
    struct Choice: ViewModel {
        let monogram: String
        let name: String
        let words: String
        let path: String
    }

    let choices: [Choice]

    init(_ choices: [Choice]) { self.choices = choices }

    static let template = """
        <ul class="choices">{{#choices}}<li><a href="{{path}}"><span class="monogram" aria-hidden="true">{{monogram}}</span>\
        <span><strong>{{name}}</strong><span class="soft">{{words}}</span></span></a></li>{{/choices}}</ul>
        """
}

extension String {
    /// With its first letter as it is, and the rest small but for words in capitals.
    fileprivate var lowercasedAfterFirst: String {
        split(separator: " ").enumerated().map { index, word in
            index == 0 || word.allSatisfy(\.isUppercase) ? String(word) : word.lowercased()
        }.joined(separator: " ")
    }
}
