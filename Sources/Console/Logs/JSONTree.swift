import Domain

/// A JSON value as nested `<details>`. A large one is written down to some depth and a number of values; the rest stands
/// there as it came, cut, for the whole is a link away.
enum JSONTree {
    private struct Budget {
        var values: Int
        var deepest: Int
        /// The level down to which it is unfolded.
        var unfolded: Int
        /// Whether something was left out.
        var isShort = false
    }

    /// Bytes up to which a value is written whole.
    private static let small = 8 << 10
    /// Characters of one text.
    private static let longestText = 400

    /// Writes a value.
    /// - Parameters:
    ///   - node: the value.
    ///   - size: bytes of its text.
    /// - Returns: the markup, and whether something was left out.
    static func markup(_ node: JSONNode, size: Int) -> (markup: Markup, isShort: Bool) {
        var budget =
            size <= small
            ? Budget(values: 1000, deepest: 100, unfolded: 4) : Budget(values: 150, deepest: 3, unfolded: 2)
        var markup = Markup()
        markup.element("ul", ["class": "json", "dir": "ltr"]) { list in
            write(node, name: nil, depth: 0, into: &list, &budget)
        }
        return (markup, budget.isShort)
    }

    private static func write(
        _ node: JSONNode, name: String?, depth: Int, into list: inout Markup, _ budget: inout Budget
    ) {
        budget.values -= 1
        list.element("li") { item in
            switch node {
            case .plain(let text):
                label(name, &item)
                item.element("span", ["class": "value"], text: text)
            case .text(let text):
                label(name, &item)
                if text.count > longestText { budget.isShort = true }
                item.element("span", ["class": "string"], text: text.cut(at: longestText).revealed)
            case .array(let elements):
                branch(name, elements.count, "[", "]", "element", depth, &item, &budget) { list, budget in
                    for element in elements where goesOn(&budget) {
                        write(element, name: nil, depth: depth + 1, into: &list, &budget)
                    }
                }
            case .object(let members):
                branch(name, members.count, "{", "}", "member", depth, &item, &budget) { list, budget in
                    for member in members where goesOn(&budget) {
                        write(member.value, name: member.name, depth: depth + 1, into: &list, &budget)
                    }
                }
            }
        }
    }

    private static func goesOn(_ budget: inout Budget) -> Bool {
        if budget.values <= 0 { budget.isShort = true }
        return budget.values > 0
    }

    private static func branch(
        _ name: String?, _ count: Int, _ open: String, _ close: String, _ noun: String, _ depth: Int,
        _ item: inout Markup, _ budget: inout Budget, _ content: (inout Markup, inout Budget) -> Void
    ) {
        let words = count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
        guard count > 0, depth < budget.deepest else {
            label(name, &item)
            item.write(count == 0 ? open + close : open + "…" + close)
            guard count > 0 else { return }
            budget.isShort = true
            item.element("span", ["class": "soft"], text: " \(words)")
            return
        }
        let isUnfolded = depth < budget.unfolded
        item.element("details", isUnfolded ? ["open": ""] : [:]) { details in
            details.element("summary") { summary in
                label(name, &summary)
                summary.write(open)
                summary.element("span", ["class": "soft"], text: " \(words) ")
            }
            details.element("ul") { content(&$0, &budget) }
            details.write(close)
        }
    }

    private static func label(_ name: String?, _ item: inout Markup) {
        guard let name else { return }
        item.element("span", ["class": "name"], text: name.cut(at: longestText).revealed)
        item.write(": ")
    }
}
