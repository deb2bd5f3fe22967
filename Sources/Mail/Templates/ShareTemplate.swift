/// The mail with the link to a call that somebody shared.
enum ShareTemplate {
    static let html = """
        {{<layout}}
        {{$content}}
        {{#bad}}
        \(MailLayout.badBadge)&#10005; {{.}}</span></p>
        {{/bad}}
        \(MailLayout.heading){{headline}}</h1>
        {{#hasMessage}}
        <div class="quote" dir="auto" style="margin:16px 0 0;padding:10px 12px;background:#f2f2ef;border-radius:6px;">\
        {{#message}}{{.}}<br>{{/message}}</div>
        {{/hasMessage}}
        \(MailLayout.facts)
        \(MailLayout.button)
        <p class="soft" style="margin:20px 0 0;font-size:13px;color:#5b616a;">{{note}}\
        {{#secrecy}} {{.}}{{/secrecy}}</p>
        {{/content}}
        {{$footer}}{{reason}}{{/footer}}
        {{/layout}}
        """

    static let text = """
        {{% CONTENT_TYPE:TEXT}}
        {{headline}}

        {{#hasMessage}}
        {{#message}}
        > {{.}}
        {{/message}}

        {{/hasMessage}}
        \(MailLayout.textFacts)

        {{action}}:
        {{link}}

        {{note}}
        {{#secrecy}}
        {{.}}
        {{/secrecy}}

        --\u{20}
        {{reason}}

        """
}
