import Domain

/// A page's heading, a line below it, and what can be done with the whole page.
public struct PageHead: Component {
    let title: String
    let lead: String?
    let actions: [any Component]

    /// Makes a heading.
    /// - Parameters:
    ///   - title: the page's only `h1`.
    ///   - lead: what the page is for, where that is not plain.
    ///   - actions: buttons, links and menus.
    public init(_ title: String, lead: String? = nil, actions: [any Component] = []) {
        self.title = title.visible
        self.lead = lead?.visible
        self.actions = actions
    }

    /// The partial that shows it.
    public static let template = """
        <div class="head"><div><h1><bdi>{{title}}</bdi></h1>{{#lead}}<p class="soft">{{.}}</p>{{/lead}}</div>
        <div class="actions">{{#actions}}{{>*partial}}{{/actions}}</div></div>
        """
}

/// A part of a page with a heading of its own.
public struct Panel: Component {
    let title: String
    let content: [any Component]

    /// Makes a part.
    /// - Parameters:
    ///   - title: its `h2`.
    ///   - content: what stands in it.
    public init(_ title: String, content: [any Component]) {
        self.title = title.visible
        self.content = content
    }

    /// The partial that shows it.
    public static let template = """
        <section class="panel"><h2><bdi>{{title}}</bdi></h2>{{#content}}{{>*partial}}{{/content}}</section>
        """
}

/// A menu that opens below its name; without script too.
public struct Menu: Component {
    let words: String
    let entries: [any Component]

    /// Makes a menu.
    /// - Parameters:
    ///   - words: its name.
    ///   - entries: buttons, links and forms.
    public init(_ words: String, entries: [any Component]) {
        self.words = words.visible
        self.entries = entries
    }

    /// The partial that shows it.
    public static let template = """
        <details class="menu"><summary class="button plain">{{words}}<i class="icon i-down"></i></summary>
        <div class="pop">{{#entries}}{{>*partial}}{{/entries}}</div></details>
        """
}

/// Links to the neighbouring pages of a list.
public struct Pagination: Component {
    let newer: String?
    let older: String?
    let isNeeded: Bool

    /// Makes the links.
    /// - Parameters:
    ///   - newer: the page with what is newer; nil at the start.
    ///   - older: the page with what is older; nil at the end.
    public init(newer: String?, older: String?) {
        self.newer = newer
        self.older = older
        isNeeded = newer != nil || older != nil
    }

    /// The partial that shows it.
    public static let template = """
        {{#isNeeded}}<nav class="pagination" aria-label="Pages">\
        {{#newer}}<a class="button plain" rel="prev" href="{{.}}">Newer</a>{{/newer}}\
        {{#older}}<a class="button plain" rel="next" href="{{.}}">Older</a>{{/older}}</nav>{{/isNeeded}}
        """
}
