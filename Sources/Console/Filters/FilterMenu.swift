/// A filter of which any number of values can be ticked.
struct FilterMenu: Component {
    let title: String
    let chosen: String?
    let boxes: [Checkbox]

    /// Makes the menu.
    /// - Parameters:
    ///   - title: the filter's name.
    ///   - chosen: how many values are; those that are not listed count too.
    ///   - boxes: the values.
    init(_ title: String, chosen: Int, boxes: [Checkbox]) {
        self.title = title
        self.chosen = chosen == 0 ? nil : String(chosen)
        self.boxes = boxes
    }

    /// The partial that shows it.
    static let template = """
        <details class="menu"><summary class="button plain">{{title}}{{#chosen}}<span class="chosen">\
        <span class="unseen">, chosen: </span>{{.}}</span>{{/chosen}}<i class="icon i-down"></i></summary>
        <div class="pop"><fieldset><legend class="unseen">{{title}}</legend>{{#boxes}}{{>*partial}}{{/boxes}}</fieldset>\
        <button class="button primary">Apply</button></div></details>
        """
}

/// A link in a menu that chooses one of several.
struct FilterLink: ViewModel {
    let words: String
    let path: String
    let isCurrent: Bool
}
