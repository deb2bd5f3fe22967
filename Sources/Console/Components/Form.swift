import Domain

/// A form: fields, and the buttons that send them. It answers by a redirect, or shows itself again with what is wrong.
public struct Form: Component {
    /// A field that nobody sees.
    public struct Hidden: ViewModel {
        let name: String
        let value: String

        /// Describes a field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    let action: String?
    let hidden: [Hidden]
    let fields: [any Component]
    let buttons: [any Component]

    /// Makes a form that is sent by POST.
    /// - Parameters:
    ///   - action: the path that takes it; nil for that of the page.
    ///   - hidden: fields that nobody sees.
    ///   - fields: in their order.
    ///   - buttons: below the fields; the first is the one that Enter presses.
    public init(action: String?, hidden: [Hidden] = [], fields: [any Component], buttons: [any Component]) {
        self.action = action
        self.hidden = hidden
        self.fields = fields
        self.buttons = buttons
    }

    /// The partial that shows it.
    public static let template = """
        <form method="post" class="form"{{#action}} action="{{.}}"{{/action}}>
        {{#hidden}}<input type="hidden" name="{{name}}" value="{{value}}">{{/hidden}}
        {{#fields}}{{>*partial}}{{/fields}}
        <div class="actions">{{#buttons}}{{>*partial}}{{/buttons}}</div>
        </form>
        """
}

/// Asks once before something is destroyed, naming it. Works without script: the real button is behind the first one.
public struct ConfirmOnce: Component {
    let words: String
    let question: String
    let action: String
    let hidden: [Form.Hidden]
    let confirm: String

    /// Makes a button that asks.
    /// - Parameters:
    ///   - words: the first button: "Revoke key".
    ///   - question: names the thing and says what follows.
    ///   - action: the path that takes the form.
    ///   - hidden: what the form sends.
    ///   - confirm: the real button: "Revoke Production key".
    public init(_ words: String, question: String, action: String, hidden: [Form.Hidden] = [], confirm: String) {
        self.words = words.visible
        self.question = question.visible
        self.action = action
        self.hidden = hidden
        self.confirm = confirm.visible
    }

    /// The partial that shows it.
    public static let template = """
        <details class="menu confirm"><summary class="button plain">{{words}}</summary>
        <form class="pop" method="post" action="{{action}}">
        {{#hidden}}<input type="hidden" name="{{name}}" value="{{value}}">{{/hidden}}
        <p>{{question}}</p><button class="button danger">{{confirm}}</button>
        </form></details>
        """
}
