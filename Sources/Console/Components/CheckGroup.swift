import Domain

/// Boxes of which any number may be ticked, each with words and what it is for.
public struct CheckGroup: Component {
    /// A box.
    public struct Box: ViewModel {
        let value: String
        let words: String
        let detail: String
        let isChecked: Bool

        /// Makes a box.
        /// - Parameters:
        ///   - value: what it sends when it is ticked.
        ///   - words: what people read beside it.
        ///   - detail: what it means.
        ///   - isChecked: whether it is ticked.
        public init(_ value: String, _ words: String, detail: String, isChecked: Bool) {
            self.value = value
            self.words = words.visible
            self.detail = detail.visible
            self.isChecked = isChecked
        }
    }

    let name: String
    let legend: String
    let boxes: [Box]
    let error: String?

    /// Makes a group.
    /// - Parameters:
    ///   - name: as the form sends it.
    ///   - legend: what people read above it.
    ///   - boxes: in their order.
    ///   - error: what is wrong with the choice.
    public init(_ name: String, legend: String, boxes: [Box], error: String? = nil) {
        self.name = name
        self.legend = legend.visible
        self.boxes = boxes
        self.error = error?.visible
    }

    /// The partial that shows it.
    public static let template = """
        <fieldset class="field boxes"{{#error}} aria-describedby="n-{{name}}"{{/error}}><legend>{{legend}}</legend>
        {{#boxes}}<label class="check"><input type="checkbox" name="{{name}}" value="{{value}}"\
        {{#isChecked}} checked{{/isChecked}}><span><b>{{words}}</b><span class="soft">{{detail}}</span></span></label>{{/boxes}}
        {{#error}}<p class="note" id="n-{{name}}"><span class="wrong"><i class="icon i-error"></i>{{.}}</span></p>{{/error}}
        </fieldset>
        """
}
