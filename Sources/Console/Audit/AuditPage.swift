public import Domain

/// The audit log.
public enum AuditLogPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - exportQuery: the same filters, as the API has them.
    ///   - proof: how the chain stands.
    ///   - filters: what can be chosen.
    ///   - list: the entries, or why there are none.
    public static func content(
        exportQuery: String, proof: AuditProof, filters: AuditFilters, list: any Component
    ) -> [any Component] {
        let export = "/v1/logentry/export?" + (exportQuery.isEmpty ? "" : exportQuery + "&")
        return [
            PageHead(
                "Audit log",
                lead:
                    "Who did what, when and from where. Each entry is chained to the one before, and each day is signed.",
                actions: [
                    Menu(
                        "Export",
                        entries: [
                            TextLink("As CSV", path: export + "format=csv"),
                            TextLink("As NDJSON", path: export + "format=ndjson"),
                        ])
                ]), proof, filters, list,
        ]
    }

    /// Says that no entry matches, and which filter to loosen.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - scannedTo: set when the search was ended early.
    ///   - older: the cursor of the next page.
    ///   - zone: the reader's.
    public static func nothing(
        _ address: AuditAddress, scannedTo: Timestamp?, older: String?, zone: ReaderZone
    ) -> any Component {
        if let scannedTo, let older {
            return EmptyState(
                "Nothing found yet",
                "No entry matches back to \(zone.full(scannedTo)). There may be older ones.",
                actions: [LinkButton("Search on", path: address.older(older).path, kind: .primary)])
        }
        guard address.isFiltered else {
            return EmptyState("Nothing was recorded yet", "Every call and every change from now on stands here.")
        }
        return EmptyState(
            "No entry matches", "Loosen a filter: take one of the chips away, or begin anew.",
            actions: [LinkButton("Clear all", path: "/audit", kind: .primary)])
    }
}

/// How the chain of the audit log stands: what is signed, and how verifying it last went.
public struct AuditProof: Component {
    let title: String
    let standing: String
    let words: String
    let isUnderWay: Bool
    let button: Button?

    /// Describes it.
    /// - Parameters:
    ///   - standing: what is signed.
    ///   - verification: the last one; nil when there was none.
    ///   - zone: the reader's.
    public init(_ standing: AuditStanding, _ verification: AuditVerification?, zone: ReaderZone) {
        func count(_ number: Int64) -> String {
            Int(number).grouped + (number == 1 ? " entry" : " entries")
        }
        let signed =
            standing.coveredThrough.map { "Signed through \(ReaderZone.words($0)) (UTC)" } ?? "No day is signed yet"
        let rest = standing.uncovered
        let open =
            rest == 0
            ? "every entry has a checkpoint." : "\(count(rest)) \(rest == 1 ? "has" : "have") no checkpoint yet."
        isUnderWay = verification?.isUnderWay ?? false
        button = isUnderWay ? nil : Button("Verify now", kind: .plain)
        if let verification, verification.isUnderWay {
            title = "Being verified"
            self.standing = Standing.neutral.rawValue
            words =
                "Since \(zone.full(verification.requestedAt)), \(count(standing.kept)). The page tells when it is done."
        } else if let result = verification?.result {
            let time = zone.full(result.finishedAt)
            if let found = result.firstBreak {
                title = "Altered"
                self.standing = Standing.error.rawValue
                let day = found.day.map { " of \(ReaderZone.words($0))" } ?? ""
                words =
                    "The first break is at entry \(found.seq)\(day), \(found.kind.words): \(found.detail.visible). Verified \(time)."
            } else {
                title = "Intact"
                self.standing = Standing.success.rawValue
                words = "\(count(result.entries)) verified \(time). \(signed); \(open)"
            }
        } else {
            title = "Not verified yet"
            self.standing = Standing.neutral.rawValue
            words = "\(signed); \(open)"
        }
    }

    /// The partial that shows it.
    public static let template = """
        <form class="proof {{standing}}" method="post" action="/audit/verify"{{#isUnderWay}} data-waiting{{/isUnderWay}}>\
        <i class="icon i-{{standing}}"></i><p><b>{{title}}</b> <span>{{words}}</span></p>\
        {{#button}}{{>*partial}}{{/button}}</form>
        """
}

extension AuditBreak.Kind {
    fileprivate var words: String {
        switch self {
        case .changed: "which was changed"
        case .missing: "which is missing"
        case .inserted: "which was put in"
        case .reordered: "which stands elsewhere"
        case .truncated: "from which on entries are gone"
        case .headChanged: "where the chain's end was changed"
        case .checkpointForged: "whose checkpoint is forged"
        case .checkpointMissing: "whose checkpoint is gone"
        }
    }
}
