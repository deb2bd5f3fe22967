/// The mail about a bot's first error in 24 hours.
enum FirstErrorTemplate {
    static let html = """
        {{<layout}}
        {{$content}}
        \(MailLayout.badBadge)&#10005; {{status}}</span></p>
        \(MailLayout.heading){{headline}}</h1>
        <p style="margin:0;">{{reading}}</p>
        {{#errorMessage}}
        <p class="quote" style="margin:16px 0 0;padding:10px 12px;background:#f2f2ef;border-radius:6px;\
        font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;">{{.}}</p>
        {{/errorMessage}}
        \(MailLayout.facts)
        \(MailLayout.button)
        <div class="line" style="margin:24px 0 0;padding:16px 0 0;border-top:1px solid #dddcd6;font-size:14px;">
        {{#previous}}<p style="margin:0 0 8px;">{{.}}</p>{{/previous}}
        {{#recovery}}<p style="margin:0 0 8px;">{{.}}</p>{{/recovery}}
        <p class="soft" style="margin:0;color:#5b616a;">{{quiet}} \
        <a class="link" href="{{logsLink}}" style="color:#0b57a8;">All calls of {{bot}}</a></p>
        </div>
        {{/content}}
        {{$footer}}
        \(MailLayout.footer)
        {{/footer}}
        {{/layout}}
        """

    static let text = """
        {{% CONTENT_TYPE:TEXT}}
        {{headline}}

        {{reading}}

        {{#errorMessage}}
        It said: {{.}}

        {{/errorMessage}}
        \(MailLayout.textFacts)

        {{action}}:
        {{link}}

        {{#previous}}
        {{.}}
        {{/previous}}
        {{#recovery}}
        {{.}}
        {{/recovery}}
        {{quiet}}

        All calls of {{bot}}:
        {{logsLink}}

        \(MailLayout.textFooter)

        """
}
