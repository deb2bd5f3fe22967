public import Foundation

/// Which calls of a tenant are asked for. Every part narrows; an empty set does not.
public struct CallLogQuery: Sendable, Hashable {
    /// A status code, or a whole class of them.
    public enum CodeFilter: Sendable, Hashable {
        case exact(Int16)
        /// The hundreds digit: 5 for 500…599.
        case family(Int16)

        /// The codes meant.
        public var range: ClosedRange<Int16> {
            switch self {
            case .exact(let code): code...code
            case .family(let hundreds): (hundreds * 100)...(hundreds * 100 + 99)
            }
        }
    }

    /// Success, error; nil for both.
    public var status: CallStatus?
    /// Request types.
    public var methods: Set<CallMethod> = []
    /// Status codes.
    public var codes: Set<CodeFilter> = []
    /// Bots, by the client's own ids.
    public var bots: Set<String> = []
    /// Applications.
    public var applications: Set<Application> = []
    /// End users, by id or name.
    public var users: Set<String> = []
    /// Text in the source: path, node, agent.
    public var source: String?
    /// Text in URL, source, user or error.
    public var text: String?
    /// Milliseconds that a call took at least.
    public var minimumDuration: Int32?
    /// Connections, as the client names them.
    public var connections: Set<String> = []
    /// Only calls at or after this time.
    public var from: Timestamp?
    /// Only calls before this time.
    public var to: Timestamp?

    /// Asks for everything.
    public init() {}

    /// Whether anything but the period narrows the query.
    public var isFiltered: Bool {
        status != nil || !methods.isEmpty || !codes.isEmpty || !bots.isEmpty || !applications.isEmpty || !users.isEmpty
            || source != nil || text != nil || minimumDuration != nil || !connections.isEmpty
    }

    /// Whether a filter is set that the hourly counts know nothing of: then only the rows tell how many calls match.
    public var needsRows: Bool {
        !users.isEmpty || source != nil || text != nil || minimumDuration != nil || !connections.isEmpty
    }

    /// The query without the filters that facets offer: what all facets are counted under.
    public var withoutFacets: CallLogQuery {
        var query = self
        query.status = nil
        query.methods = []
        query.codes = []
        query.bots = []
        query.applications = []
        return query
    }
}

/// A place in the list of calls, newest first: the page goes on after it.
public struct CallLogPosition: Sendable, Hashable {
    /// When the call before was made.
    public var occurredAt: Timestamp
    /// The id of the call before; nil when the page before ended between calls, at a time.
    public var id: UUID?

    /// Names a place.
    /// - Parameters:
    ///   - occurredAt: when the call before was made.
    ///   - id: the id of the call before.
    public init(occurredAt: Timestamp, id: UUID?) {
        self.occurredAt = occurredAt
        self.id = id
    }
}

/// One page of calls.
public struct CallLogPage: Sendable {
    /// A call and what the tenant says of its bot.
    public struct Item: Sendable {
        /// The call.
        public var log: CallLog
        /// Makes the link to the source; nil when the tenant gave none.
        public var sourceURLTemplate: String?

        /// Puts an item together; see the properties.
        public init(log: CallLog, sourceURLTemplate: String?) {
            self.log = log
            self.sourceURLTemplate = sourceURLTemplate
        }
    }

    /// The calls, newest first.
    public var items: [Item]
    /// Where the next page starts; nil at the end.
    public var next: CallLogPosition?
    /// Set when the time budget ended the page early: everything at or after this time was looked at.
    public var scannedTo: Timestamp?

    /// Puts a page together; see the properties.
    public init(items: [Item], next: CallLogPosition?, scannedTo: Timestamp? = nil) {
        self.items = items
        self.next = next
        self.scannedTo = scannedTo
    }
}

extension CallSource {
    /// The words for a list: the flow's path (or node), or the agent.
    public var label: String {
        switch self {
        case .flow(let path, let nodeID): path ?? nodeID ?? "Flow"
        case .inbox(let name, let email): name ?? email ?? "Agent"
        }
    }

    /// The link into the flow, by the tenant's template.
    /// - Parameters:
    ///   - template: holds `{bot_id}`, `{path}` and `{node_id}`; nil gives nil.
    ///   - botID: the client's own id of the bot.
    public func url(template: String?, botID: String) -> String? {
        guard let template, case .flow(let path, let nodeID) = self else { return nil }
        func escaped(_ text: String) -> String {
            var allowed = CharacterSet.alphanumerics
            allowed.insert(charactersIn: "-._~")
            return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        }
        return template.replacingOccurrences(of: "{bot_id}", with: escaped(botID))
            .replacingOccurrences(of: "{path}", with: escaped(path ?? ""))
            .replacingOccurrences(of: "{node_id}", with: escaped(nodeID ?? ""))
    }
}
