public import Domain
import Foundation

/// The API logs: filters, histogram, the list, and beside it the report of a call.
public struct LogsPage: Component {
    let filters: FilterBar
    let histogram: Histogram?
    let list: [any Component]
    let report: [any Component]
    let kind: String
    let help: [Shortcut]

    /// A key and what it does.
    struct Shortcut: ViewModel {
        let key: String
        let words: String
    }

    /// Puts the page together.
    /// - Parameters:
    ///   - filters: what is chosen and can be.
    ///   - histogram: nil where nothing was counted.
    ///   - list: the calls, or why there are none.
    ///   - report: the chosen call; nil for none.
    public init(filters: FilterBar, histogram: Histogram?, list: any Component, report: CallReport?) {
        self.filters = filters
        self.histogram = histogram
        self.list = [list]
        self.report = report.map { [$0] } ?? [NoCallChosen()]
        kind = report == nil ? "none" : "one"
        help = [
            Shortcut(key: "j", words: "Next call"), Shortcut(key: "k", words: "Call before"),
            Shortcut(key: "/", words: "Search"), Shortcut(key: "c", words: "Copy the request as curl"),
            Shortcut(key: "Esc", words: "Close menus"), Shortcut(key: "?", words: "These keys"),
        ]
    }

    /// The partial that shows it.
    public static let template = """
        <div class="logs {{kind}}">
        <div class="top"><h1 class="unseen">API logs</h1>
        {{#filters}}{{>*partial}}{{/filters}}
        {{#histogram}}{{>*partial}}{{/histogram}}
        </div>
        <div class="panes">
        <div class="list" id="list" tabindex="-1" role="region" aria-label="Calls, newest first">{{#list}}{{>*partial}}{{/list}}</div>
        <div class="pane" id="pane">{{#report}}{{>*partial}}{{/report}}</div>
        </div>
        <dialog id="help" aria-labelledby="keys"><h2 id="keys">Keys</h2>\
        <dl>{{#help}}<div><dt><kbd>{{key}}</kbd></dt><dd>{{words}}</dd></div>{{/help}}</dl>\
        <form method="dialog"><button class="button plain">Close</button></form></dialog>
        </div>
        """
}

/// What stands in the report's place before a call is chosen.
struct NoCallChosen: Component {
    static let template = """
        <div class="empty"><h2>No call chosen</h2><p>Choose one of the list, by a click or with <kbd>j</kbd> and \
        <kbd>k</kbd>. <kbd>?</kbd> shows all keys.</p></div>
        """
}

/// Says that no call matches, and which filter to loosen.
public enum NoMatches {
    /// What stands in the list's place.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - scannedTo: set when the search was ended early.
    ///   - older: the cursor of the next page.
    ///   - zone: the reader's.
    public static func content(
        _ address: LogAddress, scannedTo: Timestamp?, older: String?, zone: ReaderZone
    ) -> any Component {
        if let scannedTo, let older {
            return EmptyState(
                "Nothing found yet",
                "No call matches back to \(zone.full(scannedTo)). There may be older ones.",
                actions: [LinkButton("Search on", path: address.with("cursor", [older]).path, kind: .primary)])
        }
        // the rarest kind of filter first: it is most likely the one too many
        let names = [
            "q", "min_duration_ms", "source", "user", "connection", "bot", "code", "method", "application", "status",
        ]
        let periods = ["period", "from", "to"]
        let chosen = (names + periods).first { !address[$0].isEmpty }
        var actions: [any Component] = []
        if let name = chosen {
            let title = FilterBar.titles[name] ?? name
            let loosened = periods.contains(name) ? address.period(nil) : address.filtered(name, [])
            actions.append(LinkButton("Without \(title.lowercased())", path: loosened.path, kind: .primary))
        }
        actions.append(LinkButton("Clear all", path: "/logs"))
        return EmptyState(
            "No call matches", "Loosen a filter: take one of the chips away, or begin with this one.", actions: actions)
    }
}

/// Leads a tenant without calls from its key to its first call.
public struct FirstCall: Component {
    let steps: [LinkButton]
    let asks: String?
    let example: CodeBlock

    /// Makes the guide.
    /// - Parameters:
    ///   - mayMakeKeys: whether the person can make a key.
    ///   - publicURL: the address by which programs know this server.
    ///   - now: stands in the example.
    public init(mayMakeKeys: Bool, publicURL: String, now: Timestamp) {
        steps = mayMakeKeys ? [LinkButton("Make a key", path: Section.apiKeys.path, kind: .primary)] : []
        asks = mayMakeKeys ? nil : "An owner of this tenant makes keys; ask one for a key that may write call logs."
        let time = now.wholeMilliseconds
        example = CodeBlock(
            id: "first-call", title: "A first call as curl",
            text: """
                curl --request POST --url \(publicURL)/v1/call-logs \\
                  --header "Authorization: Bearer $CALLTRAIL_KEY" \\
                  --header "Content-Type: application/json" \\
                  --data '{"occurred_at":"\(time)","application":"json_api",
                "bot":{"id":"first-bot"},"method":"GET","url":"https://example.com/",
                "status_code":200,"duration_ms":120}'
                """)
    }

    /// The partial that shows it.
    public static let template = """
        <div class="first" data-waiting>
        <h2>Your first call</h2>
        <ol><li><p>Make a key that may write call logs.</p>{{#asks}}<p class="soft">{{.}}</p>{{/asks}}\
        <div class="actions">{{#steps}}{{>*partial}}{{/steps}}</div></li>
        <li><p>Send a call with it: your platform does, or this.</p>{{#example}}{{>*partial}}{{/example}}</li>
        <li><p role="status" class="waiting">Waiting for your first call…</p><p class="soft">It appears here by itself.</p></li></ol>
        </div>
        """
}
