/// What is chosen, each of which can be taken away.
struct FilterChips: Component {
    let chips: [Chip]
    let clear: String

    /// Makes the chips.
    /// - Parameters:
    ///   - address: what is chosen.
    ///   - titles: the filters' names by their parameters; one without a name gets no chip.
    ///   - words: what people read of a parameter's value.
    /// - Returns: nil when nothing is chosen.
    init?<Address: FilterAddress>(
        _ address: Address, titles: [String: String], words: (_ name: String, _ value: String) -> String
    ) {
        chips = Address.names.flatMap { name in
            guard let title = titles[name] else { return [Chip]() }
            return address[name].map { value in
                let read = name == "period" ? LogPeriod(rawValue: value)?.words ?? value : words(name, value)
                return Chip(title, read, path: address.without(name, value).path)
            }
        }
        guard !chips.isEmpty else { return nil }
        clear = Address.page
    }

    /// The partial that shows it.
    static let template = """
        <div class="chips">{{#chips}}{{>*partial}}{{/chips}}<a class="clear" href="{{clear}}">Clear all</a></div>
        """
}
