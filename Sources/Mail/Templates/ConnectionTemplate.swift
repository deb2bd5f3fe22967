/// The mail about a connection that needs to be authorised again, or that works again.
enum ConnectionTemplate {
    static let html = """
        {{<layout}}
        {{$content}}
        {{#bad}}
        \(MailLayout.badBadge)&#10005; {{.}}</span></p>
        {{/bad}}
        {{#good}}
        \(MailLayout.goodBadge)&#10003; {{.}}</span></p>
        {{/good}}
        \(MailLayout.heading){{headline}}</h1>
        <p style="margin:0;">{{reading}}</p>
        \(MailLayout.facts)
        \(MailLayout.button)
        <div class="line" style="margin:24px 0 0;padding:16px 0 0;border-top:1px solid #dddcd6;font-size:14px;">
        <p style="margin:0;">{{consequence}}</p>
        {{#next}}<p class="soft" style="margin:8px 0 0;color:#5b616a;">{{.}}</p>{{/next}}
        </div>
        {{/content}}
        {{$footer}}
        \(MailLayout.footer)
        {{/footer}}
        {{/layout}}
        """

    static let text = """
        {{% CONTENT_TYPE:TEXT}}
        {{#bad}}
        \u{2715} {{.}}
        {{/bad}}
        {{#good}}
        \u{2713} {{.}}
        {{/good}}

        {{headline}}

        {{reading}}

        \(MailLayout.textFacts)

        {{action}}:
        {{link}}

        {{consequence}}
        {{#next}}
        {{.}}
        {{/next}}

        \(MailLayout.textFooter)

        """
}
