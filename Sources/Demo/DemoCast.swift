public import Domain

/// A place in a bot's flow that calls an application.
public struct DemoNode: Sendable, Hashable {
    /// The application it calls.
    public var application: Application
    /// The path as people read it.
    public var path: String
    /// The node's id.
    public var id: String
    /// What the node wants of the application.
    var purpose: DemoPurpose
    /// The connection's key in `DemoCast.connections`; nil for applications that need none.
    public var connection: String?
    /// How often it is used, against the other nodes of its bot.
    var weight: Int
}

/// What a node wants of its application.
enum DemoPurpose: Sendable, Hashable {
    case create, update, search, send, append, book, freeTimes, query
    case conversation, contact, handover, orders, weather, points, trigger, email
}

/// A bot, with the nodes of its flows that call applications.
public struct DemoBot: Sendable, Hashable {
    /// The platform's id.
    public var id: String
    /// The name that people read.
    public var name: String
    /// The nodes that call applications.
    public var nodes: [DemoNode]
    /// How much traffic it has, against the other bots.
    var weight: Int
}

/// An account at an application that nodes share.
public struct DemoConnection: Sendable, Hashable {
    /// The name by which nodes refer to it, and the id it has unless another one is given.
    public var key: String
    /// The name that people read.
    public var name: String
    /// The application.
    public var application: Application
}

/// An end user who talks to the bots.
struct DemoUser: Sendable {
    var id: String
    var name: String
    var email: String
    var phone: String
    var language: DemoLanguage
    var city: String
}

/// A human who works in the inbox.
public struct DemoAgent: Sendable, Hashable {
    /// The name that people read.
    public var name: String
    /// The address.
    public var email: String
}

/// Who plays in the demo: bots, connections and agents.
public enum DemoCast {
    /// The accounts at applications.
    public static let connections: [DemoConnection] = [
        DemoConnection(key: "zendesk-acme", name: "Zendesk acme", application: .zendesk),
        DemoConnection(key: "freshdesk-acme", name: "Freshdesk acme", application: .freshdesk),
        DemoConnection(key: "twilio-messages", name: "Twilio messages", application: .twilio),
        DemoConnection(key: "clickatell-reminders", name: "Clickatell reminders", application: .clickatell),
        DemoConnection(key: "sheets-leads", name: "Lead sheet", application: .googleSheets),
        DemoConnection(key: "sheets-visits", name: "Visit sheet", application: .googleSheets),
        DemoConnection(key: "calendar-bookings", name: "Booking calendar", application: .googleCalendar),
        DemoConnection(key: "salesforce-sales", name: "Salesforce sales", application: .salesforce),
    ]

    /// The people in the inbox.
    public static let agents: [DemoAgent] = [
        DemoAgent(name: "Maya Lindqvist", email: "maya.lindqvist@example.com"),
        DemoAgent(name: "Tom Okonjo", email: "tom.okonjo@example.com"),
        DemoAgent(name: "Jana Königová", email: "jana.konigova@example.com"),
        DemoAgent(name: "Luis Ferrán", email: "luis.ferran@example.com"),
        DemoAgent(name: "Aiko Tamura", email: "aiko.tamura@example.com"),
    ]

    /// The bots.
    public static let bots: [DemoBot] = [
        DemoBot(
            id: "support-bot",
            name: "Support bot",
            nodes: [
                node(.zendesk, "Main flow / Create ticket", "n-42", .create, "zendesk-acme", 8),
                node(.zendesk, "Main flow / Find my ticket", "n-47", .search, "zendesk-acme", 5),
                node(.zendesk, "Main flow / Add a comment", "n-51", .update, "zendesk-acme", 4),
                node(.floatchat, "Main flow / Hand over to an agent", "n-60", .handover, nil, 6),
                node(.floatchat, "Main flow / Load conversation", "n-12", .conversation, nil, 6),
                node(.jsonAPI, "Main flow / Look up order", "n-33", .orders, nil, 9),
                node(.c2e, "After hours / Send transcript", "n-71", .email, nil, 2),
            ],
            weight: 24
        ),
        DemoBot(
            id: "returns-assistant",
            name: "Returns assistant",
            nodes: [
                node(.zendesk, "Returns / Open return", "n-8", .create, "zendesk-acme", 6),
                node(.jsonAPI, "Returns / Check the order", "n-5", .orders, nil, 7),
                node(.zendesk, "Returns / Update return", "n-11", .update, "zendesk-acme", 3),
                node(.twilio, "Returns / Confirm by SMS", "n-14", .send, "twilio-messages", 4),
            ],
            weight: 14
        ),
        DemoBot(
            id: "booking-bot",
            name: "Booking bot",
            nodes: [
                node(.googleCalendar, "Appointments / Check free times", "n-21", .freeTimes, "calendar-bookings", 6),
                node(.googleCalendar, "Appointments / Book", "n-24", .book, "calendar-bookings", 4),
                node(.clickatell, "Appointments / Remind", "n-29", .send, "clickatell-reminders", 5),
                node(.floatchat, "Appointments / Save contact", "n-18", .contact, nil, 3),
            ],
            weight: 13
        ),
        DemoBot(
            id: "lead-collector",
            name: "Lead collector",
            nodes: [
                node(.googleSheets, "Qualify / Save lead", "n-7", .append, "sheets-leads", 6),
                node(.salesforce, "Qualify / Create lead", "n-9", .create, "salesforce-sales", 5),
                node(.salesforce, "Qualify / Known customer?", "n-3", .query, "salesforce-sales", 5),
                node(.twilio, "Qualify / Welcome message", "n-12", .send, "twilio-messages", 3),
            ],
            weight: 12
        ),
        DemoBot(
            id: "loyalty-club",
            name: "Loyalty club",
            nodes: [
                node(.jsonAPI, "Points / Balance", "n-4", .points, nil, 9),
                node(.googleSheets, "Points / Record visit", "n-6", .append, "sheets-visits", 4),
                node(.floatchat, "Points / Update contact", "n-10", .contact, nil, 3),
            ],
            weight: 11
        ),
        DemoBot(
            id: "delivery-updates",
            name: "Delivery updates",
            nodes: [
                node(.apiTrigger, "Parcel events / Start", "n-1", .trigger, nil, 9),
                node(.jsonAPI, "Parcel events / Weather on the way", "n-13", .weather, nil, 3),
                node(.clickatell, "Parcel events / Notify", "n-16", .send, "clickatell-reminders", 6),
                node(.twilio, "Parcel events / Notify by WhatsApp", "n-17", .send, "twilio-messages", 5),
            ],
            weight: 15
        ),
        DemoBot(
            id: "hr-helpdesk",
            name: "HR help desk",
            nodes: [
                node(.freshdesk, "Questions / Create ticket", "n-19", .create, "freshdesk-acme", 6),
                node(.googleCalendar, "Holidays / Enter absence", "n-26", .book, "calendar-bookings", 3),
                node(.c2e, "Questions / Mail to the team", "n-31", .email, nil, 3),
            ],
            weight: 5
        ),
        DemoBot(
            id: "kundenservice",
            name: "Kundenservice",
            nodes: [
                node(.freshdesk, "Hauptmenü / Ticket anlegen", "n-102", .create, "freshdesk-acme", 6),
                node(.freshdesk, "Hauptmenü / Ticket ergänzen", "n-104", .update, "freshdesk-acme", 4),
                node(.salesforce, "Hauptmenü / Kunde erkennen", "n-101", .query, "salesforce-sales", 5),
                node(.floatchat, "Hauptmenü / Übergabe", "n-109", .handover, nil, 3),
            ],
            weight: 10
        ),
    ]

    private static func node(
        _ application: Application,
        _ path: String,
        _ id: String,
        _ purpose: DemoPurpose,
        _ connection: String?,
        _ weight: Int
    ) -> DemoNode {
        DemoNode(
            application: application,
            path: path,
            id: id,
            purpose: purpose,
            connection: connection,
            weight: weight
        )
    }
}
