public import Domain

/// Makes up the calls of a chatbot platform, one after the other, the same ones for the same seed.
///
/// Requests and answers have the form the applications really use. People, addresses (`example.com`, `example.org`),
/// phone numbers (ranges reserved for fiction) and secrets are made up.
public struct DemoTraffic: Sendable {
    var random: DemoRandom
    let users: [DemoUser]
    let twilioAccount: String

    private let incidents: DemoIncidents?
    private let connectionIDs: [String: String]
    private let secrets: [String: String]
    /// Every node of every bot; `limits` holds the running sum of their weights.
    private let nodes: [(bot: BotReference, node: DemoNode)]
    private let limits: [Int]

    /// Starts at the same call for the same seed.
    /// - Parameters:
    ///   - seed: any number.
    ///   - incidents: what goes wrong beyond the everyday errors; nil for nothing.
    ///   - connectionIDs: the ids to send for connections, by `DemoConnection.key`; the key itself for one left out.
    public init(seed: UInt64, incidents: DemoIncidents? = nil, connectionIDs: [String: String] = [:]) {
        var random = DemoRandom(seed: seed)
        users = DemoUser.crowd(of: 400, &random)
        secrets = Dictionary(
            uniqueKeysWithValues: DemoCast.connections.map { ($0.key, random.alphanumerics(40)) }
        )
        twilioAccount = "AC" + random.hex(32)
        self.random = random
        self.incidents = incidents
        self.connectionIDs = connectionIDs
        var nodes: [(bot: BotReference, node: DemoNode)] = []
        var limits: [Int] = []
        for bot in DemoCast.bots {
            let total = bot.nodes.reduce(0) { $0 + $1.weight }
            for node in bot.nodes {
                nodes.append((BotReference(id: bot.id, name: bot.name), node))
                limits.append((limits.last ?? 0) + 1000 * bot.weight * node.weight / total)
            }
        }
        self.nodes = nodes
        self.limits = limits
    }

    /// The next call.
    /// - Parameter time: when it happens; later calls may have earlier times.
    /// - Returns: a call with everything filled in.
    public mutating func call(at time: Timestamp) -> DemoCall {
        var (bot, node) = pickNode()
        let user = random.pick(users)
        let isInbox = node.application.isUsedFromInbox && random.chance(0.08)
        var fault = everydayFault()
        if let incident = incidents?.strike(bot: bot, node: node, at: time, &random) {
            fault = incident.fault
            node.path = incident.path ?? node.path
        }
        let situation = DemoSituation(
            time: time,
            user: user,
            node: node,
            fault: fault,
            secret: node.connection.flatMap { secrets[$0] } ?? ""
        )
        let exchange = exchange(situation)
        return DemoCall(
            id: "fc-" + random.hex(24),
            occurredAt: time,
            application: node.application,
            bot: bot,
            source: isInbox ? inboxSource() : .flow(path: node.path, nodeID: node.id),
            user: EndUser(id: user.id, name: user.name),
            method: exchange.method,
            url: exchange.url,
            statusCode: exchange.status,
            durationMilliseconds: duration(situation, status: exchange.status),
            requestHeaders: exchange.requestHeaders,
            requestBody: exchange.requestBody,
            responseHeaders: exchange.responseHeaders,
            responseBody: exchange.responseBody,
            carriesError: exchange.carriesError,
            error: exchange.error,
            connectionID: node.connection.map { connectionIDs[$0] ?? $0 },
            attempt: fault?.isRetried == true ? random.number(1...3) : 1
        )
    }

    private mutating func pickNode() -> (bot: BotReference, node: DemoNode) {
        let point = random.below(limits[limits.count - 1])
        var low = 0
        var high = limits.count - 1
        while low < high {
            let middle = (low + high) / 2
            if limits[middle] > point { high = middle } else { low = middle + 1 }
        }
        return nodes[low]
    }

    private mutating func inboxSource() -> CallSource {
        let agent = random.pick(DemoCast.agents)
        return .inbox(agentName: agent.name, agentEmail: agent.email)
    }

    /// About one call in fifty fails for the usual reasons.
    private mutating func everydayFault() -> DemoFault? {
        guard random.chance(0.02) else { return nil }
        switch random.below(100) {
        case ..<44: return .rejected
        case ..<58: return .hidden
        case ..<76: return .rateLimited
        case ..<90: return .unavailable
        default: return .slow
        }
    }

    /// A long-tailed duration that doubles at peak hours.
    private mutating func duration(_ situation: DemoSituation, status: Int) -> Int {
        if situation.fault == .slow { return random.number(30_000...30_400) }
        let typical = Double(situation.node.application.typicalMilliseconds)
        let luck = random.unit()
        let tail = random.chance(0.02) ? 4 + 6 * random.unit() : 1
        let load = 0.5 + DemoRhythm.load(at: situation.time)
        let effort = status == 401 || status == 429 || status == 422 ? 0.4 : 1
        return max(3, Int(typical * (0.55 + 1.4 * luck * luck * luck) * tail * load * effort))
    }

    private mutating func exchange(_ situation: DemoSituation) -> DemoExchange {
        switch situation.node.application {
        case .zendesk: zendesk(situation)
        case .freshdesk: freshdesk(situation)
        case .twilio: twilio(situation)
        case .clickatell: clickatell(situation)
        case .googleSheets: googleSheets(situation)
        case .googleCalendar: googleCalendar(situation)
        case .salesforce: salesforce(situation)
        case .floatchat: floatchat(situation)
        case .jsonAPI: jsonAPI(situation)
        case .apiTrigger: apiTrigger(situation)
        case .c2e: chatToEmail(situation)
        }
    }
}

extension Application {
    /// Whether people in the inbox use it too.
    fileprivate var isUsedFromInbox: Bool {
        switch self {
        case .zendesk, .freshdesk, .twilio, .clickatell, .floatchat, .c2e: true
        case .jsonAPI, .googleCalendar, .googleSheets, .apiTrigger, .salesforce: false
        }
    }

    /// What a call takes on a quiet day.
    fileprivate var typicalMilliseconds: Int {
        switch self {
        case .floatchat: 70
        case .jsonAPI: 160
        case .clickatell: 240
        case .twilio: 190
        case .googleCalendar: 310
        case .googleSheets: 380
        case .apiTrigger: 45
        case .salesforce: 520
        case .zendesk: 430
        case .freshdesk: 470
        case .c2e: 260
        }
    }
}
