public import Domain

/// The list of connections: those that need somebody first, then all of them.
public enum ConnectionsPage {
    /// What is listed.
    public struct Listing: Sendable {
        /// A page of them, newest first.
        public var connections: [Connection]
        /// Those that need somebody; on the first page of all of them only.
        public var broken: [Connection]
        /// Those of one state; nil for all.
        public var state: ConnectionState?
        /// Whether this is the first page.
        public var isFirst: Bool
        /// The address of the next page; nil at the end.
        public var older: String?

        /// Describes a listing; see the properties.
        public init(
            connections: [Connection], broken: [Connection], state: ConnectionState?, isFirst: Bool, older: String?
        ) {
            self.connections = connections
            self.broken = broken
            self.state = state
            self.isFirst = isFirst
            self.older = older
        }
    }

    /// What stands in the page.
    /// - Parameters:
    ///   - listing: what is listed.
    ///   - mayManage: whether the reader may make connections.
    ///   - zone: the reader's.
    public static func content(_ listing: Listing, mayManage: Bool, zone: ReaderZone) -> [any Component] {
        let connect = LinkButton("Connect an application", path: "/connections/new", kind: .primary)
        let head = PageHead(
            "Connections", lead: "What your bots call applications with, and whether it works.",
            actions: mayManage ? [connect] : [])
        if listing.connections.isEmpty, listing.state == nil, listing.isFirst {
            let words =
                mayManage
                ? "Connect an application, and its connection is checked each hour; whoever you name is told when it breaks."
                : "An owner or a supervisor can connect an application; it then shows here whether it works."
            return [
                PageHead("Connections"),
                EmptyState("Nothing is connected yet", words, actions: mayManage ? [connect] : []),
            ]
        }
        var content: [any Component] = [head]
        if !listing.broken.isEmpty {
            content.append(
                Panel(
                    "Needs you",
                    content: listing.broken.map { BrokenConnection($0, zone: zone) }))
        }
        content.append(tabs(listing.state))
        if listing.connections.isEmpty {
            let words =
                listing.state.map { "No connection is in the state “\($0.words)”." } ?? "This was the last page."
            content.append(
                EmptyState("None here", words, actions: [LinkButton("All connections", path: "/connections")]))
        } else {
            content.append(table(listing.connections, zone))
        }
        content.append(Pagination(newer: listing.isFirst ? nil : path(listing.state), older: listing.older))
        return content
    }

    private static func path(_ state: ConnectionState?) -> String {
        "/connections" + (state.map { "?state=\($0.rawValue)" } ?? "")
    }

    private static func tabs(_ current: ConnectionState?) -> Tabs {
        Tabs(
            "State",
            [.init("All", path: path(nil), isCurrent: current == nil)]
                + ConnectionState.allCases.map { .init($0.words, path: path($0), isCurrent: $0 == current) })
    }

    private static func table(_ connections: [Connection], _ zone: ReaderZone) -> DataTable {
        DataTable(
            "Connections",
            columns: [.init("Connection"), .init("State"), .init("Last success"), .init("Last check")],
            rows: connections.map { connection in
                [
                    .init(
                        Lines(TextLink(connection.name, path: connection.path), ApplicationName(connection.application))
                    ),
                    .init(state(connection)), .init(moment(connection.health.lastOKAt, zone)),
                    .init(moment(connection.health.lastCheckedAt, zone)),
                ]
            })
    }

    private static func state(_ connection: Connection) -> Lines {
        guard let reason = connection.health.reason else { return Lines(connection.health.state.badge) }
        return Lines(connection.health.state.badge, Words(reason, isSoft: true))
    }

    static func moment(_ time: Timestamp?, _ zone: ReaderZone) -> any Component {
        time.map { TimeText($0, in: zone) } ?? Words("never", isSoft: true)
    }
}

/// A connection that needs somebody, and the way to it.
struct BrokenConnection: Component {
    let name: TextLink
    let application: ApplicationName
    let reason: String?
    let since: TimeText
    let cure: LinkButton

    init(_ connection: Connection, zone: ReaderZone) {
        name = TextLink(connection.name, path: connection.path)
        application = ApplicationName(connection.application)
        reason = connection.health.reason?.visible
        since = TimeText(connection.health.since, in: zone)
        cure = LinkButton("See and mend", path: connection.path)
    }

    static let template = """
        <div class="broken"><div><p class="line"><i class="icon i-error"></i>{{#name}}{{>*partial}}{{/name}} \
        {{#application}}{{>*partial}}{{/application}}</p>{{#reason}}<p>{{.}}</p>{{/reason}}\
        <p class="soft">Since {{#since}}{{>*partial}}{{/since}}</p></div>{{#cure}}{{>*partial}}{{/cure}}</div>
        """
}
