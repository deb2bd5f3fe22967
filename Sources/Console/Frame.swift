public import Domain

/// What surrounds the pages of people who are signed in: the rail (on a phone the bar at the bottom), the tenant switch,
/// the person.
public struct Frame: Component {
    /// A link of the rail.
    struct Entry: ViewModel {
        var words: String
        var path: String
        var icon: String
        var isCurrent: Bool
    }

    /// A tenant that the person may turn to.
    struct Choice: ViewModel {
        var id: String
        var name: String
        var role: String
        var isCurrent: Bool
    }

    /// Who is signed in, and where.
    public struct Viewer: Sendable {
        /// The person's name, or their address where they gave none.
        public var name: String
        /// The person's address.
        public var email: String
        /// What they are in the tenant.
        public var role: Role
        /// The tenant they look at.
        public var tenant: Tenant
        /// The tenants they belong to.
        public var tenants: [(tenant: Tenant, role: Role)]

        /// Describes a viewer; see the properties.
        public init(
            name: String, email: String, role: Role, tenant: Tenant, tenants: [(tenant: Tenant, role: Role)]
        ) {
            self.name = name.isEmpty ? email : name
            self.email = email
            self.role = role
            self.tenant = tenant
            self.tenants = tenants
        }
    }

    let primary: [Entry]
    let settings: [Entry]
    let hasSettings: Bool
    /// What stands in the bar of a phone itself, and what behind "More".
    let bar: [Entry]
    let more: [Entry]
    let tenantName: String
    let tenantInitial: String
    let tenants: [Choice]
    let hasChoice: Bool
    let personName: String
    let personEmail: String
    let personInitial: String
    let role: String
    let notices: [Notice]
    let content: [any Component]
    /// Pages of two panes use the whole width and height.
    let kind: String
    /// Where the tenant switch leads back to.
    let here: String

    /// Surrounds a page.
    /// - Parameters:
    ///   - section: which link of the rail is the current one; nil for none.
    ///   - viewer: who looks.
    ///   - path: the page's own path, for coming back to it.
    ///   - isWide: whether the page is made of panes that scroll by themselves.
    ///   - notices: what has just happened.
    ///   - content: the page.
    public init(
        section: Section?, viewer: Viewer, path: String, isWide: Bool = false, notices: [Notice] = [],
        content: [any Component]
    ) {
        func entry(_ one: Section) -> Entry {
            Entry(words: one.words, path: one.path, icon: one.rawValue, isCurrent: one == section)
        }
        let visible = Section.allCases.filter { $0.permission.isGranted(to: viewer.role) }
        primary = visible.filter { !$0.isSetting }.map(entry)
        settings = visible.filter(\.isSetting).map(entry)
        hasSettings = !settings.isEmpty
        bar = visible.prefix(4).map(entry)
        more = visible.dropFirst(4).map(entry)
        tenantName = viewer.tenant.name.visible
        tenantInitial = Self.initial(viewer.tenant.name)
        tenants = viewer.tenants.map { tenant, role in
            Choice(
                id: tenant.id.description, name: tenant.name.visible, role: role.words,
                isCurrent: tenant.id == viewer.tenant.id)
        }
        hasChoice = tenants.count > 1
        personName = viewer.name.visible
        personEmail = viewer.email
        personInitial = Self.initial(viewer.name)
        role = viewer.role.words
        self.notices = notices
        self.content = content
        kind = isWide ? "wide" : "page"
        here = path
    }

    private static func initial(_ name: String) -> String { name.visible.first.map { $0.uppercased() } ?? "?" }

    /// The partial that shows it.
    public static let template = """
        <body class="framed">
        <a class="skip" href="#main">Skip to content</a>
        <header class="rail">
        <div class="tenant">
        {{#hasChoice}}
        <details class="menu"><summary><span class="monogram" aria-hidden="true">{{tenantInitial}}</span>\
        <bdi class="cut">{{tenantName}}</bdi><span class="unseen"> (switch tenant)</span><i class="icon i-down"></i></summary>
        <form method="post" action="/session/tenant" class="pop"><input type="hidden" name="return_to" value="{{here}}">
        {{#tenants}}<button name="tenant_id" value="{{id}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}>\
        <bdi>{{name}}</bdi> <span class="soft">{{role}}</span></button>{{/tenants}}
        </form></details>
        {{/hasChoice}}
        {{^hasChoice}}<p class="alone"><span class="monogram" aria-hidden="true">{{tenantInitial}}</span>\
        <bdi class="cut">{{tenantName}}</bdi></p>{{/hasChoice}}
        </div>
        <nav aria-label="Main">
        <ul>{{#primary}}<li><a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>\
        <i class="icon i-{{icon}}"></i>{{words}}</a></li>{{/primary}}</ul>
        {{#hasSettings}}<h2>Settings</h2>
        <ul>{{#settings}}<li><a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>\
        <i class="icon i-{{icon}}"></i>{{words}}</a></li>{{/settings}}</ul>{{/hasSettings}}
        </nav>
        <details class="menu up person"><summary><span class="monogram round" aria-hidden="true">{{personInitial}}</span>\
        <bdi class="cut">{{personName}}</bdi><i class="icon i-down"></i></summary>
        <div class="pop"><p><bdi>{{personEmail}}</bdi><br><span class="soft">{{role}}</span></p>
        <a href="/account">Account</a>
        <form method="post" action="/sign-out"><button>Sign out</button></form></div></details>
        </header>
        <nav class="bar" aria-label="Main, at the bottom">
        {{#bar}}<a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>\
        <i class="icon i-{{icon}}"></i>{{words}}</a>{{/bar}}
        <details class="menu up"><summary><i class="icon i-more"></i>More</summary>
        <div class="pop">
        {{#more}}<a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>\
        <i class="icon i-{{icon}}"></i>{{words}}</a>{{/more}}
        <p><bdi>{{personName}}</bdi> · {{role}}<br><span class="soft"><bdi>{{tenantName}}</bdi></span></p>
        {{#hasChoice}}<form method="post" action="/session/tenant"><input type="hidden" name="return_to" value="{{here}}">
        {{#tenants}}{{^isCurrent}}<button name="tenant_id" value="{{id}}">Switch to <bdi>{{name}}</bdi></button>\
        {{/isCurrent}}{{/tenants}}</form>{{/hasChoice}}
        <a href="/account">Account</a>
        <form method="post" action="/sign-out"><button>Sign out</button></form>
        </div></details>
        </nav>
        <main id="main" class="{{kind}}" tabindex="-1">
        {{#notices}}{{>*partial}}{{/notices}}
        {{#content}}{{>*partial}}{{/content}}
        </main>
        </body>
        """
}

/// What surrounds pages that need nobody to be signed in: one column, the name on top.
public struct PlainFrame: Component {
    let heading: String
    let notices: [Notice]
    let content: [any Component]

    /// Surrounds a page.
    /// - Parameters:
    ///   - heading: the page's one.
    ///   - notices: what has just happened.
    ///   - content: the page.
    public init(heading: String, notices: [Notice] = [], content: [any Component]) {
        self.heading = heading
        self.notices = notices
        self.content = content
    }

    /// The partial that shows it.
    public static let template = """
        <body class="plain">
        <main id="main">
        <p class="name"><i class="icon i-mark"></i>Calltrail</p>
        <div class="card">
        <h1>{{heading}}</h1>
        {{#notices}}{{>*partial}}{{/notices}}
        {{#content}}{{>*partial}}{{/content}}
        </div>
        </main>
        </body>
        """
}
