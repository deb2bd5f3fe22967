import Domain

/// A table; on a phone each row becomes a block in which every value has its column's name beside it.
public struct DataTable: Component {
    /// A value in a row.
    public struct Cell: ViewModel {
        let content: [any Component]
        var label = ""
        var isNumber = false
        var isName = false

        /// Makes a cell.
        /// - Parameter content: what stands in it.
        public init(_ content: any Component...) { self.content = content }
    }

    /// A column.
    public struct Column: ViewModel {
        let words: String
        let isNumber: Bool

        /// Makes a column.
        /// - Parameters:
        ///   - words: its heading; empty for one of buttons.
        ///   - isNumber: whether its values stand at the right.
        public init(_ words: String, isNumber: Bool = false) {
            self.words = words.visible
            self.isNumber = isNumber
        }
    }

    struct Row: ViewModel {
        var cells: [Cell]
    }

    let caption: String
    let columns: [Column]
    let rows: [Row]

    /// Makes a table.
    /// - Parameters:
    ///   - caption: what it lists, for those who have it read to them.
    ///   - columns: the first one's values name their rows.
    ///   - rows: a cell for each column.
    public init(_ caption: String, columns: [Column], rows: [[Cell]]) {
        self.caption = caption.visible
        self.columns = columns
        self.rows = rows.map { cells in
            Row(
                cells: zip(cells, columns).enumerated().map { index, pair in
                    var cell = pair.0
                    cell.label = pair.1.words
                    cell.isNumber = pair.1.isNumber
                    cell.isName = index == 0
                    return cell
                })
        }
    }

    /// The partial that shows it.
    public static let template = """
        <table class="table"><caption class="unseen">{{caption}}</caption>
        <thead><tr>{{#columns}}<th scope="col"{{#isNumber}} class="number"{{/isNumber}}>{{words}}</th>{{/columns}}</tr></thead>
        <tbody>{{#rows}}<tr>{{#cells}}{{#isName}}<th scope="row" data-label="{{label}}">\
        {{#content}}{{>*partial}} {{/content}}</th>{{/isName}}{{^isName}}<td data-label="{{label}}"\
        {{#isNumber}} class="number"{{/isNumber}}>{{#content}}{{>*partial}} {{/content}}</td>{{/isName}}{{/cells}}</tr>
        {{/rows}}</tbody></table>
        """
}

/// Facts, each with its name.
public struct Facts: Component {
    /// A fact.
    public struct Fact: ViewModel {
        let name: String
        let content: [any Component]
        let isWide: Bool

        /// Makes a fact.
        /// - Parameters:
        ///   - name: what it is.
        ///   - isWide: whether it has a line of its own, as an address needs.
        ///   - content: its value.
        public init(_ name: String, isWide: Bool = false, _ content: any Component...) {
            self.name = name.visible
            self.isWide = isWide
            self.content = content
        }
    }

    let facts: [Fact]

    /// Makes the list.
    /// - Parameter facts: in their order.
    public init(_ facts: [Fact]) { self.facts = facts }

    /// The partial that shows it.
    public static let template = """
        <dl class="facts">{{#facts}}<div{{#isWide}} class="wide"{{/isWide}}><dt>{{name}}</dt><dd>{{#content}}{{>*partial}} {{/content}}</dd></div>{{/facts}}</dl>
        """
}
