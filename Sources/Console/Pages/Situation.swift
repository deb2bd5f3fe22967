import Domain

/// How a connection is, since when, why, and the cure.
struct Situation: Component {
    let kind: String
    let badge: Badge
    let since: TimeText
    let reason: String?
    let advice: String?
    let cures: [any Component]

    init(_ page: ConnectionPage, zone: ReaderZone) {
        let connection = page.connection
        let health = connection.health
        kind = "is-" + health.state.standing.rawValue
        badge = health.state.badge
        since = TimeText(health.since, in: zone)
        reason = health.reason?.visible
        let isOAuth = connection.auth == .oauth2
        switch health.state {
        case .healthy:
            advice = nil
            cures = []
        case .degraded:
            advice = "It is checked again by itself. Nothing has to be done unless this goes on."
            cures = []
        case .needsReauth where !page.mayReauthorise:
            advice = "An owner, a supervisor or a bot builder can authorise it."
            cures = []
        case .needsReauth where isOAuth:
            advice = "Its nodes fail until somebody authorises it; then they go on by themselves."
            cures = [page.reauthorise(.primary)]
        case .needsReauth:
            advice = "Its nodes fail until it has other credentials."
            cures = page.mayManage ? [LinkButton("Replace credentials", path: "#credentials", kind: .primary)] : []
        case .disabled:
            advice = "Nobody can call with it until it is switched on again."
            cures =
                page.mayManage
                ? [
                    Form(
                        action: connection.path + "/enabled", hidden: [.init("enabled", "true")], fields: [],
                        buttons: [Button("Switch on")])
                ] : []
        }
    }

    static let template = """
        <section class="situation {{kind}}" aria-label="State"><p class="line">{{#badge}}{{>*partial}}{{/badge}} \
        <span class="soft">since {{#since}}{{>*partial}}{{/since}}</span></p>\
        {{#reason}}<p class="why">{{.}}</p>{{/reason}}{{#advice}}<p>{{.}}</p>{{/advice}}\
        <div class="actions">{{#cures}}{{>*partial}}{{/cures}}</div></section>
        """
}
