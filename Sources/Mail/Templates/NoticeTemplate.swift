/// A mail that says one thing and asks for one click.
enum NoticeTemplate {
    static let html = """
        {{<layout}}
        {{$content}}
        \(MailLayout.heading){{headline}}</h1>
        {{#paragraphs}}
        <p style="margin:0 0 12px;">{{.}}</p>
        {{/paragraphs}}
        \(MailLayout.button)
        <p class="soft" style="margin:20px 0 0;font-size:13px;color:#5b616a;">{{note}}</p>
        {{/content}}
        {{$footer}}{{reason}}{{/footer}}
        {{/layout}}
        """

    static let text = """
        {{% CONTENT_TYPE:TEXT}}
        {{#paragraphs}}
        {{.}}

        {{/paragraphs}}
        {{action}}:
        {{link}}

        {{note}}

        --\u{20}
        {{reason}}

        """
}
