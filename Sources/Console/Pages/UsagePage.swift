public import Domain

/// What the calls of the last days amount to.
public enum UsagePage {
    /// What stands in the page.
    /// - Parameters:
    ///   - usage: the numbers.
    ///   - days: how many days they are of.
    ///   - choices: how many they can be of.
    public static func content(_ usage: Usage, days: Int, choices: [Int]) -> [any Component] {
        let tabs = Tabs(
            "Period",
            choices.map { .init($0 == 1 ? "Today" : "\($0) days", path: "/usage?days=\($0)", isCurrent: $0 == days) })
        var content: [any Component] = [PageHead("Usage", lead: "Days are days in UTC; today is not over yet."), tabs]
        guard usage.total.entries > 0 || usage.scannedTo != nil else {
            content.append(
                EmptyState(
                    "No calls in this time", "Once calls are sent in, their numbers show here.",
                    actions: [LinkButton("To the logs", path: "/logs")]))
            return content
        }
        if let scannedTo = usage.scannedTo {
            content.append(
                Notice(
                    "There are so many calls that they were counted back to \(ReaderZone.utc.full(scannedTo)) UTC only. What is older is "
                        + "not in these numbers.", .warning))
        }
        content += [figures(usage), plot(usage), Columns(failing(usage), slowest(usage), isEven: true), byDay(usage)]
        return content
    }

    private static func figures(_ usage: Usage) -> Figures {
        let bodies = usage.days.compactMap(\.bodies)
        let stored = bodies.reduce(0) { $0 + $1.storedBytes }
        let raw = bodies.reduce(0) { $0 + $1.rawBytes }
        return Figures([
            .init("Calls", usage.total.entries.grouped),
            .init(
                "Failed", usage.total.errors.grouped, note: share(usage.total) + " of all",
                standing: usage.total.errors > 0 ? .error : .neutral),
            .init("Bots that called", usage.botsTotal.grouped),
            .init("Headers and bodies stored", bytes(stored), note: bytes(raw) + " before compression"),
        ])
    }

    private static func plot(_ usage: Usage) -> Panel {
        Panel(
            "Calls by day",
            content: [
                DayPlot(
                    title: "Calls by day",
                    days: usage.days.map { day in
                        let words = day.calls.map { "\($0.entries.grouped) calls, \($0.errors.grouped) failed" }
                        return DayPlot.Bar(
                            day: day.day, good: day.calls.map { $0.entries - $0.errors } ?? 0,
                            bad: day.calls?.errors ?? 0,
                            words: words ?? "not counted")
                    }, unit: { "\($0.grouped) calls" }, legend: [.init("Succeeded", "good"), .init("Failed", "bad")])
            ])
    }

    private static func failing(_ usage: Usage) -> [any Component] {
        [
            shares("Bots that fail most", usage.failingBots, filter: "bot"),
            shares("Applications that fail most", usage.failingApplications, filter: "application"),
        ]
    }

    private static func shares(_ title: String, _ shares: [Usage.Share], filter: String) -> Panel {
        guard !shares.isEmpty else { return Panel(title, content: [Paragraph("Not one call failed.", isSoft: true)]) }
        let table = DataTable(
            title,
            columns: [
                .init(filter == "bot" ? "Bot" : "Application"), .init("Failed", isNumber: true),
                .init("Of", isNumber: true), .init("Share", isNumber: true),
            ],
            rows: shares.map { one in
                [
                    .init(
                        TextLink(
                            (one.name ?? one.value).cut(at: 60),
                            path: "/logs?status=error&\(filter)=" + BotsPage.encoded(one.value))),
                    .init(Words(one.calls.errors.grouped)), .init(Words(one.calls.entries.grouped)),
                    .init(Words(share(one.calls))),
                ]
            })
        return Panel(title, content: [table])
    }

    private static func slowest(_ usage: Usage) -> [any Component] {
        let note = Paragraph(
            "Of the newest \(Usage.sampledCalls.grouped) calls of this time, those that say how long they took.",
            isSoft: true)
        guard !usage.recentDurations.isEmpty else {
            return [Panel("Slowest applications", content: [note, Paragraph("None of them does.")])]
        }
        let table = DataTable(
            "Slowest applications",
            columns: [
                .init("Application"), .init("Median", isNumber: true), .init("95 of 100 within", isNumber: true),
                .init("Calls", isNumber: true),
            ],
            rows: usage.recentDurations.map { one in
                [
                    .init(TextLink(one.application.name, path: "/logs?application=" + one.application.rawValue)),
                    .init(Words(CallRow.words(milliseconds: Int32(clamping: one.median)))),
                    .init(Words(CallRow.words(milliseconds: Int32(clamping: one.percentile95)))),
                    .init(Words(one.calls.grouped)),
                ]
            })
        return [Panel("Slowest applications", content: [note, table])]
    }

    private static func byDay(_ usage: Usage) -> Panel {
        Panel(
            "Day by day",
            content: [
                Paragraph(
                    "Stored are headers and bodies, compressed, without the rows and indexes around them.", isSoft: true
                ),
                DataTable(
                    "Calls and storage by day",
                    columns: [
                        .init("Day"), .init("Calls", isNumber: true), .init("Failed", isNumber: true),
                        .init("Share", isNumber: true), .init("Stored", isNumber: true),
                        .init("Before compression", isNumber: true),
                    ],
                    rows: usage.days.reversed().map { day in
                        let period = "from=\(day.day)&to=\(day.day)"
                        return [
                            .init(TextLink(ReaderZone.words(day.day), path: "/logs?" + period)),
                            .init(Words(day.calls?.entries.grouped ?? "not counted")),
                            .init(Words(day.calls?.errors.grouped ?? "–")), .init(Words(day.calls.map(share) ?? "–")),
                            .init(Words(day.bodies.map { bytes($0.storedBytes) } ?? "not counted")),
                            .init(Words(day.bodies.map { bytes($0.rawBytes) } ?? "–")),
                        ]
                    }),
            ])
    }

    /// The share that failed: `3.2 %`. What occurred is never none, and what is not all is never all.
    static func share(_ calls: Usage.Calls) -> String {
        guard calls.entries > 0, calls.errors > 0 else { return "0 %" }
        guard calls.errors < calls.entries else { return "100 %" }
        let tenths = (calls.errors * 1000 + calls.entries / 2) / calls.entries
        guard tenths > 0 else { return "under 0.1 %" }
        guard tenths >= 100 else { return "\(tenths / 10).\(tenths % 10) %" }
        return "\(min(99, (calls.errors * 100 + calls.entries / 2) / calls.entries)) %"
    }

    /// Bytes as people read them: `3.4 MiB`.
    static func bytes(_ count: Int) -> String {
        guard count >= 1024 else { return "\(count) B" }
        var tenths = count * 10 / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            guard tenths >= 10_240 else { return words(tenths, unit) }
            tenths /= 1024
        }
        return words(tenths, "TiB")
    }

    private static func words(_ tenths: Int, _ unit: String) -> String {
        tenths >= 1000 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}
