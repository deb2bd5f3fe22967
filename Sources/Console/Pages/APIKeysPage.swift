public import Domain
public import Foundation

/// A tenant's API keys.
public enum APIKeysPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - keys: newest first.
    ///   - older: the next page; nil at the end.
    ///   - isFirst: whether it is the first page.
    ///   - now: by `app_now()`.
    ///   - zone: the reader's.
    public static func content(
        _ keys: [APIKeyRecord], older: String?, isFirst: Bool, now: Timestamp, zone: ReaderZone
    ) -> [any Component] {
        let make = LinkButton("Make a key", path: "/api-keys/new", kind: .primary)
        let head = PageHead(
            "API keys", lead: "Programs sign in by these. Each may do no more than its scopes say.", actions: [make])
        guard !keys.isEmpty else {
            return [
                head,
                EmptyState(
                    "No keys yet",
                    "A platform needs a key to send its calls in; a program that reads the logs needs one too.",
                    actions: [make]),
            ]
        }
        let (inForce, ended) = (keys.filter { $0.isInForce(now) }, keys.filter { !$0.isInForce(now) })
        var content: [any Component] = [head]
        if !inForce.isEmpty { content.append(table("Keys in force", inForce, now, zone, hasActions: true)) }
        if !ended.isEmpty {
            content.append(Panel("Ended", content: [table("Keys that ended", ended, now, zone, hasActions: false)]))
        }
        content.append(Pagination(newer: isFirst ? nil : Section.apiKeys.path, older: older))
        return content
    }

    static func path(_ id: UUID) -> String { "\(Section.apiKeys.path)/\(id.uuidString.lowercased())" }

    private static func table(
        _ caption: String, _ keys: [APIKeyRecord], _ now: Timestamp, _ zone: ReaderZone, hasActions: Bool
    ) -> DataTable {
        var columns = ["Key", "May", "State", "Last used", "Made"].map { DataTable.Column($0) }
        if hasActions { columns.append(.init("")) }
        return DataTable(
            caption, columns: columns,
            rows: keys.map { key in
                [
                    .init(NameLines(key.name, detail: key.prefix + "… · by " + (key.creatorEmail ?? "the operator"))),
                    .init(CodeWords(key.scopes.map(\.rawValue).sorted())), state(key, now, zone),
                    .init(used(key, zone)),
                    .init(TimeText(key.createdAt, .day, in: zone)),
                ] + (hasActions ? [.init(actions(key, zone))] : [])
            })
    }

    private static func state(_ key: APIKeyRecord, _ now: Timestamp, _ zone: ReaderZone) -> DataTable.Cell {
        if let time = key.revokedAt { return .init(Badge("Revoked", .neutral), TimeText(time, .day, in: zone)) }
        guard let end = key.expiresAt else {
            return .init(Badge("In force", .success), Words("for good", isSoft: true))
        }
        if end <= now { return .init(Badge("Expired", .neutral), TimeText(end, .day, in: zone)) }
        // a week to replace it
        let isSoon = end <= now.advanced(bySeconds: 7 * 86_400)
        return .init(
            isSoon ? Badge("Ends soon", .warning) : Badge("In force", .success), Words("until", isSoft: true),
            TimeText(end, isSoon ? .full : .day, in: zone))
    }

    private static func used(_ key: APIKeyRecord, _ zone: ReaderZone) -> any Component {
        key.lastUsedAt.map { TimeText($0, in: zone) } ?? Words("Never", isSoft: true)
    }

    private static func actions(_ key: APIKeyRecord, _ zone: ReaderZone) -> ActionRow {
        let used = key.lastUsedAt.map { "It was last used \(zone.full($0))." } ?? "It was never used."
        return ActionRow([
            LinkButton("Rotate", path: path(key.id) + "/rotate"),
            ConfirmOnce(
                "Revoke", question: "\(used) Programs that use \(key.name) are refused at once, for good.",
                action: path(key.id) + "/revoke", confirm: "Revoke \(key.name)"),
        ])
    }
}

/// Making a key, and having another take its place.
public enum NewAPIKeyPage {
    /// How long a key is good: days, and their words.
    private static let lives = [("", "Never"), ("30", "30 days"), ("90", "90 days"), ("365", "A year")]
    /// How long an old key works beside its successor: hours, and their words.
    private static let overlaps = [
        ("0", "Not at all: the old key ends at once"), ("1", "An hour"), ("24", "A day"), ("168", "A week"),
        ("720", "30 days"),
    ]

    /// What stands in the page.
    /// - Parameters:
    ///   - once: the new key's id, so that sending twice makes one.
    ///   - name: as it was typed.
    ///   - scopes: what was ticked.
    ///   - days: what was chosen.
    ///   - errors: what is wrong with them.
    public static func content(
        once: UUID, name: String = "", scopes: [String] = [], days: String = "", errors: FormErrors = .init()
    ) -> [any Component] {
        var lives = lives
        if !lives.contains(where: { $0.0 == days }) { lives.append((days, "\(days) days")) }
        return [
            BackLink("API keys", path: Section.apiKeys.path), PageHead("Make a key"),
            Panel(
                "What it is for",
                content: [
                    Form(
                        action: "/api-keys/new", hidden: [.init("once", once.uuidString)],
                        fields: [
                            Field(
                                "name", label: "Name", value: name,
                                hint: "Where it is used: it stands in the audit log.",
                                error: errors["name"], autocomplete: "off", isRequired: true, longest: 200),
                            CheckGroup(
                                "scopes", legend: "It may",
                                boxes: Scope.allCases.map { scope in
                                    .init(
                                        scope.rawValue, scope.words, detail: scope.rawValue,
                                        isChecked: scopes.contains(scope.rawValue))
                                }, error: errors["scopes"]),
                            SelectField(
                                "expires_in_days", label: "It ends after",
                                options: lives.map { .init($0.0, $0.1, isChosen: $0.0 == days) },
                                error: errors["expires_in_days"]),
                        ], buttons: [Button("Make the key"), LinkButton("Cancel", path: Section.apiKeys.path)])
                ]),
        ]
    }

    /// What stands in the page by which another key takes one's place.
    /// - Parameters:
    ///   - key: the old one.
    ///   - once: the new key's id, so that sending twice makes one.
    ///   - zone: the reader's.
    public static func rotation(of key: APIKeyRecord, once: UUID, zone: ReaderZone) -> [any Component] {
        [
            BackLink("API keys", path: Section.apiKeys.path),
            PageHead(
                "Rotate \(key.name)",
                lead: "Another key takes its place, with the same name and scopes. Both work until the old one ends."),
            Panel(
                "The old key",
                content: [
                    Facts([
                        .init("Begins with", CodeWords([key.prefix + "…"])),
                        .init("May", CodeWords(key.scopes.map(\.rawValue).sorted())),
                        .init("Last used", key.lastUsedAt.map { TimeText($0, in: zone) } ?? Words("Never")),
                    ]),
                    Form(
                        action: APIKeysPage.path(key.id) + "/rotate", hidden: [.init("once", once.uuidString)],
                        fields: [
                            SelectField(
                                "overlap_hours", label: "It still works for",
                                options: overlaps.map { .init($0.0, $0.1, isChosen: $0.0 == "24") })
                        ], buttons: [Button("Rotate key"), LinkButton("Cancel", path: Section.apiKeys.path)]),
                ]),
        ]
    }

    /// What is shown once after a key was made.
    /// - Parameters:
    ///   - text: the key.
    ///   - name: for people.
    ///   - scopes: what it may do.
    ///   - publicURL: the address by which programs know this server.
    ///   - now: stands in the example.
    public static func made(
        _ text: String, name: String, scopes: Set<Scope>, publicURL: String, now: Timestamp
    ) -> [any Component] {
        [
            BackLink("API keys", path: Section.apiKeys.path), PageHead("\(name) is ready"),
            Panel(
                "The key",
                content: [
                    CodeBlock(id: "key", title: "The key", text: text, copyWords: "Copy key"),
                    Notice(
                        "It is shown this once: only its hash is kept. Put it where your program reads it.", .warning),
                ]),
            Panel(
                "Try it",
                content: [
                    CodeBlock(
                        id: "example", title: "An example as curl",
                        text: example(text, scopes, publicURL: publicURL, now: now), copyWords: "Copy as curl")
                ]),
            ActionRow([LinkButton("Done", path: Section.apiKeys.path, kind: .primary)]),
        ]
    }

    private static func example(_ key: String, _ scopes: Set<Scope>, publicURL: String, now: Timestamp) -> String {
        let head = "curl --header 'Authorization: Bearer \(key)' \\\n  "
        if scopes.contains(.callLogsWrite) {
            return """
                \(head)--header 'Content-Type: application/json' --url '\(publicURL)/v1/call-logs' \\
                  --data '{"occurred_at":"\(now.wholeMilliseconds)","application":"json_api","bot":{"id":"first-bot"},
                "method":"GET","url":"https://example.com/","status_code":200,"duration_ms":120}'
                """
        }
        let path =
            if scopes.contains(.callLogsRead) {
                "/v1/call-logs?status=error&limit=5"
            } else if scopes.contains(.auditRead) {
                "/v1/logentry/search/?limit=5"
            } else if scopes.contains(.connectionsRead) {
                "/v1/connections"
            } else {
                "/v1/me"
            }
        return "\(head)--url '\(publicURL)\(path)'"
    }
}

extension APIKeyRecord {
    fileprivate func isInForce(_ now: Timestamp) -> Bool { revokedAt == nil && expiresAt.map { $0 > now } ?? true }
}

extension Scope {
    /// What it allows, as people read it.
    var words: String {
        switch self {
        case .callLogsWrite: "Send call logs in"
        case .callLogsRead: "Read and export call logs"
        case .auditRead: "Read the audit log"
        case .auditWrite: "Record events of your own pages in the audit log"
        case .connectionsRead: "See connections and how they are"
        case .connectionsToken: "Get access tokens and call applications through connections"
        case .connectionsWrite: "Make, change and reauthorise connections"
        }
    }
}
