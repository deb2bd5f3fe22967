import Domain

/// Leads to where a page belongs.
struct BackLink: Component {
    let words: String
    let path: String

    init(_ words: String, path: String) {
        self.words = words.visible
        self.path = path
    }

    static let template = #"<p class="back"><a href="{{path}}"><i class="icon i-back"></i>{{words}}</a></p>"#
}
