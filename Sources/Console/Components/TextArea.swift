import Domain

/// A field of several lines, with its label, a hint and what is wrong with it.
public struct TextArea: Component {
    let name: String
    let label: String
    let value: String
    let rows: Int
    let hint: String?
    let error: String?
    let isRequired: Bool
    let longest: Int
    let hasNote: Bool

    /// Makes a field.
    /// - Parameters:
    ///   - name: as the form sends it.
    ///   - label: what people read above it.
    ///   - value: what stands in it.
    ///   - rows: lines that are seen at once.
    ///   - hint: what is expected, where the label does not say it.
    ///   - error: what is wrong with the value.
    ///   - isRequired: whether it must not be empty.
    ///   - longest: characters.
    public init(
        _ name: String, label: String, value: String = "", rows: Int = 3, hint: String? = nil, error: String? = nil,
        isRequired: Bool = false, longest: Int = 1000
    ) {
        self.name = name
        self.label = label.visible
        self.value = value
        self.rows = rows
        self.hint = hint?.visible
        self.error = error?.visible
        self.isRequired = isRequired
        self.longest = longest
        hasNote = hint != nil || error != nil
    }

    /// The partial that shows it. Browsers drop one line break after the start tag.
    public static let template = """
        <div class="field"><label for="f-{{name}}">{{label}}</label>
        <textarea id="f-{{name}}" name="{{name}}" rows="{{rows}}" maxlength="{{longest}}"\
        {{#isRequired}} required{{/isRequired}}{{#error}} aria-invalid="true"{{/error}}\
        {{#hasNote}} aria-describedby="n-{{name}}"{{/hasNote}}>
        {{value}}</textarea>
        {{#hasNote}}<p class="note" id="n-{{name}}">{{#error}}<span class="wrong"><i class="icon i-error"></i>\
        {{.}}</span> {{/error}}{{#hint}}{{.}}{{/hint}}</p>{{/hasNote}}
        </div>
        """
}
