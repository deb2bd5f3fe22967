import Domain
public import Foundation

/// The filters of the audit log: views that people ask for most, a menu for each filter, the period, the search; below them
/// what is chosen, each of which can be taken away.
public struct AuditFilters: Component {
    /// A person or key that may be chosen.
    public struct Named: Sendable {
        let id: UUID
        let name: String

        /// Names one.
        public init(_ id: UUID, _ name: String) {
            self.id = id
            self.name = name
        }
    }

    /// A link that chooses.
    struct Choice: ViewModel {
        let words: String
        let path: String
        let isCurrent: Bool
    }

    /// A menu of boxes.
    struct Boxes: ViewModel {
        let title: String
        let chosen: String?
        let boxes: [Checkbox]
    }

    /// A menu of links, of which one holds.
    struct Links: ViewModel {
        let title: String
        let links: [Choice]
    }

    let views: [Choice]
    let boxes: [Boxes]
    let links: [Links]
    let kept: [Form.Hidden]
    let periods: [Choice]
    let periodWords: String
    let from: String
    let to: String
    let text: String
    let chips: [Chip]
    let hasChips: Bool

    /// Makes the filters.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - people: who may be chosen.
    ///   - keys: which keys may be.
    public init(_ address: AuditAddress, people: [Named], keys: [Named]) {
        views = Self.views.map { words, codes in
            Choice(
                words: words, path: address.filtered("code", codes.map(\.rawValue)).path,
                isCurrent: Set(address["code"]) == Set(codes.map(\.rawValue)))
        }
        func menu(_ title: String, _ name: String, _ values: [(value: String, words: String, count: String?)]) -> Boxes
        {
            let chosen = address[name]
            return Boxes(
                title: title, chosen: chosen.isEmpty ? nil : String(chosen.count),
                boxes: values.map {
                    Checkbox(
                        name, value: $0.value, words: $0.words, isChecked: chosen.contains($0.value), count: $0.count)
                })
        }
        boxes = [
            menu("What", "code", AuditCode.allCases.map { ($0.rawValue, $0.words, $0.rawValue) }),
            menu("Method", "method", ["GET", "POST", "PUT", "PATCH", "DELETE"].map { ($0, $0, nil) }),
        ]
        func list(_ title: String, _ name: String, any: String, _ values: [(value: String, words: String)]) -> Links {
            let all = Choice(words: any, path: address.filtered(name, []).path, isCurrent: address[name].isEmpty)
            return Links(
                title: title,
                links: [all]
                    + values.map { value, words in
                        Choice(
                            words: words.visible.cut(at: 60), path: address.filtered(name, [value]).path,
                            isCurrent: address[name] == [value])
                    })
        }
        links = [
            list("Person", "user_id", any: "Anybody", people.map { ($0.id.uuidString.lowercased(), $0.name) }),
            list("API key", "apikey_id", any: "Any key", keys.map { ($0.id.uuidString.lowercased(), $0.name) }),
            list("About", "related_model", any: "Anything", AuditEntity.allCases.map { ($0.rawValue, $0.words) }),
        ]
        kept =
            ["related_model", "relation_key", "apikey_id", "user_id", "sender", "remote_addr", "restored"]
            .flatMap { name in address[name].map { Form.Hidden(name, $0) } }
            + ["period", "from", "to"].flatMap { name in
                address[name].filter { Day(iso8601: $0) == nil }.map { Form.Hidden(name, $0) }
            }
        let current = address["period"].first.flatMap(LogPeriod.init)
        let isOwn = !address["from"].isEmpty || !address["to"].isEmpty
        periods =
            [Choice(words: "All that is kept", path: address.period(nil).path, isCurrent: current == nil && !isOwn)]
            + LogPeriod.allCases.map {
                Choice(words: $0.words, path: address.period($0.rawValue).path, isCurrent: $0 == current)
            }
        periodWords = isOwn ? "Own period" : current?.words ?? "All time"
        from = address["from"].first { Day(iso8601: $0) != nil } ?? ""
        to = address["to"].first { Day(iso8601: $0) != nil } ?? ""
        text = address["q"].first ?? ""
        chips = Self.chips(address, people: people, keys: keys)
        hasChips = !chips.isEmpty
    }

    private static let views: [(String, [AuditCode])] = [
        ("Everything", []), ("Changes", [.entityCreated, .entityUpdated, .entityDeleted]),
        ("Sign-ins", [.loginSucceeded, .loginFailed]), ("Calls", [.apiCall]),
        ("Shares", [.shareCall, .mediaDownloaded, .pageLoaded, .urlOpened, .requestSent, .emailOpened]),
    ]

    private static let titles = [
        "from": "From", "to": "To", "code": "What", "method": "Method", "related_model": "About",
        "relation_key": "Id", "apikey_id": "API key", "user_id": "Person", "sender": "By", "remote_addr": "Address",
        "q": "Text", "period": "Period", "restored": "Archived days too",
    ]

    private static func chips(_ address: AuditAddress, people: [Named], keys: [Named]) -> [Chip] {
        AuditAddress.names.flatMap { name -> [Chip] in
            guard let title = titles[name] else { return [] }
            return address[name].map { value in
                func named(_ all: [Named]) -> String {
                    all.first { $0.id == UUID(uuidString: value) }?.name ?? value
                }
                let words =
                    switch name {
                    case "code": AuditCode(rawValue: value)?.words ?? value
                    case "related_model": AuditEntity(rawValue: value)?.words ?? value
                    case "user_id": named(people)
                    case "apikey_id": named(keys)
                    case "period": LogPeriod(rawValue: value)?.words ?? value
                    case "restored": value == "true" ? "yes" : "no"
                    default: value
                    }
                return Chip(title, words, path: address.filtered(name, address[name].filter { $0 != value }).path)
            }
        }
    }

    /// The partial that shows it.
    public static let template = """
        <nav class="views" aria-label="Views"><ul>{{#views}}<li><a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}>\
        {{words}}</a></li>{{/views}}</ul></nav>
        <form class="filters" method="get" action="/audit" role="search" aria-label="Filter entries">
        {{#kept}}<input type="hidden" name="{{name}}" value="{{value}}">{{/kept}}
        <div class="seek"><i class="icon i-search"></i><label class="unseen" for="seek">Search in paths, names and data</label>\
        <input id="seek" class="search" type="search" name="q" value="{{text}}" maxlength="200" \
        placeholder="Path, name, data"></div>
        {{#boxes}}<details class="menu"><summary class="button plain">{{title}}{{#chosen}}<span class="chosen">\
        <span class="unseen">, chosen: </span>{{.}}</span>{{/chosen}}<i class="icon i-down"></i></summary>
        <div class="pop"><fieldset><legend class="unseen">{{title}}</legend>{{#boxes}}{{>*partial}}{{/boxes}}</fieldset>\
        <button class="button primary">Apply</button></div></details>{{/boxes}}
        {{#links}}<details class="menu"><summary class="button plain">{{title}}<i class="icon i-down"></i></summary>
        <div class="pop">{{#links}}<a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}><bdi>{{words}}</bdi></a>{{/links}}</div>\
        </details>{{/links}}
        <details class="menu"><summary class="button plain">{{periodWords}}<i class="icon i-down"></i></summary>
        <div class="pop">{{#periods}}<a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}>{{words}}</a>{{/periods}}
        <div class="dates"><label>From<input type="date" name="from" value="{{from}}"></label>\
        <label>To<input type="date" name="to" value="{{to}}"></label></div><p class="soft">Days in UTC, both included.</p>\
        <button class="button primary">Apply</button></div></details>
        <button class="button plain">Search</button>
        </form>
        {{#hasChips}}<div class="chips">{{#chips}}{{>*partial}}{{/chips}}<a class="clear" href="/audit">Clear all</a></div>{{/hasChips}}
        """
}
