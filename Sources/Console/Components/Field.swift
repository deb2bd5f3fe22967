import Domain

/// A field of a form, with its label, a hint and what is wrong with it.
public struct Field: Component {
    /// What is typed into it.
    public enum Kind: String, Sendable {
        case text, email, password, search, date, number, time, url
    }

    let name: String
    let label: String
    let kind: String
    let value: String
    let hint: String?
    let error: String?
    let autocomplete: String?
    let isRequired: Bool
    let longest: Int
    let hasNote: Bool

    /// Makes a field.
    /// - Parameters:
    ///   - name: as the form sends it.
    ///   - label: what people read above it.
    ///   - kind: what is typed.
    ///   - value: what stands in it; never a password.
    ///   - hint: what is expected, where the label does not say it.
    ///   - error: what is wrong with the value.
    ///   - autocomplete: what the browser may fill in, as HTML calls it.
    ///   - isRequired: whether it must not be empty.
    ///   - longest: characters.
    public init(
        _ name: String, label: String, kind: Kind = .text, value: String = "", hint: String? = nil,
        error: String? = nil, autocomplete: String? = nil, isRequired: Bool = false, longest: Int = 254
    ) {
        self.name = name
        self.label = label.visible
        self.kind = kind.rawValue
        self.value = kind == .password ? "" : value
        self.hint = hint?.visible
        self.error = error?.visible
        self.autocomplete = autocomplete
        self.isRequired = isRequired
        self.longest = longest
        hasNote = hint != nil || error != nil
    }

    /// The partial that shows it.
    public static let template = """
        <div class="field"><label for="f-{{name}}">{{label}}</label>
        <input id="f-{{name}}" type="{{kind}}" name="{{name}}" value="{{value}}" maxlength="{{longest}}"\
        {{#autocomplete}} autocomplete="{{.}}"{{/autocomplete}}{{#isRequired}} required{{/isRequired}}\
        {{#error}} aria-invalid="true"{{/error}}{{#hasNote}} aria-describedby="n-{{name}}"{{/hasNote}}>
        {{#hasNote}}<p class="note" id="n-{{name}}">{{#error}}<span class="wrong"><i class="icon i-error"></i>\
        {{.}}</span> {{/error}}{{#hint}}{{.}}{{/hint}}</p>{{/hasNote}}
        </div>
        """
}

/// One of several values.
public struct SelectField: Component {
    /// A value that can be chosen.
    public struct Option: ViewModel {
        let value: String
        let words: String
        let isChosen: Bool

        /// Describes a value.
        /// - Parameters:
        ///   - value: as the form sends it.
        ///   - words: as people read it.
        ///   - isChosen: whether it is the present one.
        public init(_ value: String, _ words: String, isChosen: Bool = false) {
            self.value = value
            self.words = words.visible
            self.isChosen = isChosen
        }
    }

    let name: String
    let label: String
    let options: [Option]
    let hint: String?
    let error: String?
    let hasNote: Bool

    /// Makes a field.
    /// - Parameters:
    ///   - name: as the form sends it.
    ///   - label: what people read above it.
    ///   - options: what can be chosen.
    ///   - hint: what is expected, where the label does not say it.
    ///   - error: what is wrong with the value.
    public init(_ name: String, label: String, options: [Option], hint: String? = nil, error: String? = nil) {
        self.name = name
        self.label = label.visible
        self.options = options
        self.hint = hint?.visible
        self.error = error?.visible
        hasNote = hint != nil || error != nil
    }

    /// The partial that shows it.
    public static let template = """
        <div class="field"><label for="f-{{name}}">{{label}}</label>
        <select id="f-{{name}}" name="{{name}}"{{#error}} aria-invalid="true"{{/error}}\
        {{#hasNote}} aria-describedby="n-{{name}}"{{/hasNote}}>
        {{#options}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{words}}</option>{{/options}}
        </select>
        {{#hasNote}}<p class="note" id="n-{{name}}">{{#error}}<span class="wrong"><i class="icon i-error"></i>\
        {{.}}</span> {{/error}}{{#hint}}{{.}}{{/hint}}</p>{{/hasNote}}
        </div>
        """
}

/// A box that is ticked or not.
public struct Checkbox: Component {
    let name: String
    let value: String
    let words: String
    let isChecked: Bool
    let count: String?

    /// Makes a box.
    /// - Parameters:
    ///   - name: as the form sends it.
    ///   - value: what it sends when it is ticked.
    ///   - words: what people read beside it.
    ///   - isChecked: whether it is ticked.
    ///   - count: how many it stands for, where that is known.
    public init(_ name: String, value: String = "on", words: String, isChecked: Bool, count: String? = nil) {
        self.name = name
        self.value = value
        self.words = words.visible
        self.isChecked = isChecked
        self.count = count?.visible
    }

    /// The partial that shows it.
    public static let template = """
        <label class="check"><input type="checkbox" name="{{name}}" value="{{value}}"{{#isChecked}} checked{{/isChecked}}>\
        <bdi>{{words}}</bdi>{{#count}}<span class="count">{{.}}</span>{{/count}}</label>
        """
}
