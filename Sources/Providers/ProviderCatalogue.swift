public import Domain

/// The applications, as the operator's file has them.
public struct ProviderCatalogue: Sendable {
    private let providers: [Application: Provider]

    /// One line each; the files stand in `Catalogue`.
    private static func known(_ application: Application) -> Provider {
        switch application {
        case .floatchat: .floatchat
        case .jsonAPI: .jsonAPI
        case .clickatell: .clickatell
        case .twilio: .twilio
        case .googleCalendar: .googleCalendar
        case .googleSheets: .googleSheets
        case .apiTrigger: .apiTrigger
        case .salesforce: .salesforce
        case .zendesk: .zendesk
        case .freshdesk: .freshdesk
        case .c2e: .c2e
        }
    }

    /// Puts the catalogue together.
    /// - Parameter overrides: what the operator's file says; nil where there is none.
    public init(overrides: ProvidersFile? = nil) {
        var providers: [Application: Provider] = [:]
        for application in Application.allCases {
            var provider = Self.known(application)
            if let block = overrides?.blocks[application] { provider.apply(block) }
            provider.settleFields()
            providers[application] = provider
        }
        self.providers = providers
    }

    /// What is known of an application.
    /// - Parameter application: any.
    public subscript(application: Application) -> Provider { providers[application] ?? Self.known(application) }

    /// All of them, in the order of the applications.
    public var all: [Provider] { Application.allCases.map { self[$0] } }
}
