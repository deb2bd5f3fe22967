public import Domain

/// Who is told of what: one's own mails, for owners the tenant's settings and channels, and what was decided so far.
public struct NotificationsPage: Sendable {
    /// What the reader has switched off for themselves.
    public var preferences: NotificationPreferences
    /// What owners set and see; nil for everybody else.
    public var tenant: TenantSettings?
    /// What was decided.
    public var ledger: NotificationLedger
    /// What was sent and can't be used.
    public var refused: RefusedForm?

    /// What owners set.
    public struct TenantSettings: Sendable {
        /// Roles and quiet hours.
        public var settings: NotificationSettings
        /// Webhooks and Slack.
        public var channels: [NotificationChannel]
        /// Names of time zones.
        public var zones: [String]

        /// Describes settings; see the properties.
        public init(settings: NotificationSettings, channels: [NotificationChannel], zones: [String]) {
            self.settings = settings
            self.channels = channels
            self.zones = zones
        }
    }

    /// Where it is.
    static let path = "/settings/notifications"

    /// Puts a page together; see the properties.
    public init(
        preferences: NotificationPreferences, tenant: TenantSettings?, ledger: NotificationLedger,
        refused: RefusedForm? = nil
    ) {
        self.preferences = preferences
        self.tenant = tenant
        self.ledger = ledger
        self.refused = refused
    }

    /// What stands in the page.
    /// - Parameter zone: the reader's.
    public func content(zone: ReaderZone) -> [any Component] {
        let head = PageHead("Notifications", lead: "Who is told of errors and of connections that break, and when.")
        var content: [any Component] = [head]
        if let tenant {
            content.append(Columns([everybody(tenant, zone)], [own]))
            content.append(channels(tenant.channels, zone))
        } else {
            content.append(own)
        }
        return content + [ledger.panel(isEverybodys: tenant != nil, zone: zone)]
    }

    private var own: Panel {
        Panel(
            "Your own mails",
            content: [
                Paragraph(
                    tenant == nil
                        ? "Owners set which roles are told. Here you switch off what you do not want."
                        : "You are told if your role is. Here you switch off what you do not want.", isSoft: true),
                Form(
                    action: Self.path + "/own",
                    fields: [
                        Group(
                            "Tell me of",
                            fields: [
                                Checkbox(
                                    "first_error", words: NotificationEvent.firstError.words,
                                    isChecked: preferences.firstError),
                                Checkbox(
                                    "reauthorise", words: NotificationEvent.reauthorise.words,
                                    isChecked: preferences.reauthorise),
                            ])
                    ], buttons: [Button("Save yours", kind: tenant == nil ? .primary : .plain)]),
            ])
    }

    private func everybody(_ tenant: TenantSettings, _ zone: ReaderZone) -> Panel {
        let sent = refused?.name == "tenant" ? refused : nil
        let quiet = tenant.settings.quietHours
        func value(_ name: String, _ present: String?, _ usual: String) -> String {
            sent?.value("quiet_hours." + name) ?? present ?? usual
        }
        let current = value("time_zone", quiet?.timeZone, zone.identifier)
        let known = tenant.zones.contains(current) ? tenant.zones : [current] + tenant.zones
        return Panel(
            "Who is told by mail",
            content: (sent?.words.map { [Notice($0, .error)] } ?? []) + [
                Form(
                    action: Self.path + "/tenant",
                    fields: [
                        roles("first_error", .firstError, tenant.settings.firstErrorRoles),
                        roles("reauthorise", .reauthorise, tenant.settings.reauthoriseRoles),
                        Group(
                            "Quiet hours",
                            note: "Mails and Slack wait until they are over. Webhooks do not: machines do not sleep.",
                            fields: [
                                Checkbox(
                                    "has_quiet_hours", words: "Keep quiet hours",
                                    isChecked: sent.map { $0.has("has_quiet_hours") } ?? (quiet != nil)),
                                Beside([
                                    Field(
                                        "quiet_hours.from", label: "From", kind: .time,
                                        value: value("from", quiet?.from.description, "22:00"),
                                        error: sent?.error("quiet_hours.from")),
                                    Field(
                                        "quiet_hours.to", label: "To", kind: .time,
                                        value: value("to", quiet?.to.description, "07:00"),
                                        error: sent?.error("quiet_hours.to")),
                                    SelectField(
                                        "quiet_hours.time_zone", label: "Time zone",
                                        options: known.map { .init($0, $0, isChosen: $0 == current) },
                                        error: sent?.error("quiet_hours.time_zone")),
                                ]),
                            ]),
                    ], buttons: [Button("Save for everybody")])
            ])
    }

    private func roles(_ name: String, _ event: NotificationEvent, _ chosen: Set<Role>) -> Group {
        Group(
            event.words, isRow: true,
            fields: Role.allCases.map {
                Checkbox(name, value: $0.rawValue, words: $0.words, isChecked: chosen.contains($0))
            })
    }
}

/// Fields that belong together.
struct Group: Component {
    let legend: String
    let note: String?
    let kind: String
    let fields: [any Component]

    /// - Parameter isRow: whether they stand beside each other.
    init(_ legend: String, note: String? = nil, isRow: Bool = false, fields: [any Component]) {
        self.legend = legend
        self.note = note
        kind = isRow ? "boxes row" : "boxes"
        self.fields = fields
    }

    static let template = """
        <fieldset class="group"><legend>{{legend}}</legend>{{#note}}<p class="soft">{{.}}</p>{{/note}}\
        <div class="{{kind}}">{{#fields}}{{>*partial}}{{/fields}}</div></fieldset>
        """
}

/// Fields beside each other where there is room.
struct Beside: Component {
    let fields: [any Component]

    init(_ fields: [any Component]) { self.fields = fields }

    static let template = #"<div class="beside">{{#fields}}{{>*partial}}{{/fields}}</div>"#
}
