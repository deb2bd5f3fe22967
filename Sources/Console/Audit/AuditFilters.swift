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

    /// A menu of links, of which one holds.
    struct Links: ViewModel {
        let title: String
        let links: [FilterLink]
    }

    let views: Tabs
    let boxes: [FilterMenu]
    let links: [Links]
    let kept: [Form.Hidden]
    let period: PeriodMenu
    let text: String
    let chips: FilterChips?

    /// Makes the filters.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - people: who may be chosen.
    ///   - keys: which keys may be.
    public init(_ address: AuditAddress, people: [Named], keys: [Named]) {
        views = Tabs(
            "Views",
            Self.views.map { words, codes in
                Tabs.Tab(
                    words, path: address.filtered("code", codes.map(\.rawValue)).path,
                    isCurrent: Set(address["code"]) == Set(codes.map(\.rawValue)))
            })
        func menu(
            _ title: String, _ name: String, _ values: [(value: String, words: String, count: String?)]
        ) -> FilterMenu {
            let chosen = address[name]
            return FilterMenu(
                title, chosen: chosen.count,
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
            let all = FilterLink(words: any, path: address.filtered(name, []).path, isCurrent: address[name].isEmpty)
            return Links(
                title: title,
                links: [all]
                    + values.map { value, words in
                        FilterLink(
                            words: words.visible.cut(at: 60), path: address.filtered(name, [value]).path,
                            isCurrent: address[name] == [value])
                    })
        }
        links = [
            list("Person", "user_id", any: "Anybody", people.map { ($0.id.uuidString.lowercased(), $0.name) }),
            list("API key", "apikey_id", any: "Any key", keys.map { ($0.id.uuidString.lowercased(), $0.name) }),
            list("About", "related_model", any: "Anything", AuditEntity.allCases.map { ($0.rawValue, $0.words) }),
        ]
        kept = ["related_model", "relation_key", "apikey_id", "user_id", "sender", "remote_addr", "restored"]
            .flatMap { name in address[name].map { Form.Hidden(name, $0) } }
        period = PeriodMenu(address)
        text = address["q"].first ?? ""
        chips = FilterChips(address, titles: Self.titles) { Self.words($0, $1, people: people, keys: keys) }
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

    /// What people read of a value that is chosen.
    private static func words(_ name: String, _ value: String, people: [Named], keys: [Named]) -> String {
        func named(_ all: [Named]) -> String { all.first { $0.id == UUID(uuidString: value) }?.name ?? value }
        return switch name {
        case "code": AuditCode(rawValue: value)?.words ?? value
        case "related_model": AuditEntity(rawValue: value)?.words ?? value
        case "user_id": named(people)
        case "apikey_id": named(keys)
        case "restored": value == "true" ? "yes" : "no"
        default: value
        }
    }

    /// The partial that shows it.
    public static let template = """
        {{#views}}{{>*partial}}{{/views}}
        <form class="filters" method="get" action="/audit" role="search" aria-label="Filter entries">
        {{#kept}}<input type="hidden" name="{{name}}" value="{{value}}">{{/kept}}
        <div class="seek"><i class="icon i-search"></i><label class="unseen" for="seek">Search in paths, names and data</label>\
        <input id="seek" class="search" type="search" name="q" value="{{text}}" maxlength="200" \
        placeholder="Path, name, data"></div>
        {{#boxes}}{{>*partial}}{{/boxes}}
        {{#links}}<details class="menu"><summary class="button plain">{{title}}<i class="icon i-down"></i></summary>
        <div class="pop">{{#links}}<a href="{{path}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}><bdi>{{words}}</bdi></a>{{/links}}</div>\
        </details>{{/links}}
        {{#period}}{{>*partial}}{{/period}}
        <button class="button plain">Search</button>
        </form>
        {{#chips}}{{>*partial}}{{/chips}}
        """
}
