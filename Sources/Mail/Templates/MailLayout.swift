/// What every mail looks like: one column, system font, the console's colours, light and dark.
///
/// Styles stand inline, since some readers drop the style element; the classes are for the dark theme and for phones.
enum MailLayout {
    static let html = """
        {{% CONTENT_TYPE:MAIL_HTML}}
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="supported-color-schemes" content="light dark">
        <title>{{subject}}</title>
        <style>
        :root { color-scheme: light dark; supported-color-schemes: light dark; }
        a { color: #0b57a8; }
        @media (prefers-color-scheme: dark) {
        .page { background: #16181b !important; }
        .card { background: #1e2125 !important; border-color: #33373d !important; }
        .text { color: #e4e6e9 !important; }
        .soft { color: #a2a9b3 !important; }
        .line { border-color: #33373d !important; }
        .link { color: #7db8f5 !important; }
        .button { background: #7db8f5 !important; color: #10233a !important; }
        .badge { background: #3a2226 !important; color: #f4a6a8 !important; }
        .good { background: #1d3327 !important; color: #8fd6a8 !important; }
        .quote { background: #16181b !important; color: #e4e6e9 !important; }
        }
        @media (max-width: 480px) {
        .card { padding: 20px !important; border-radius: 0 !important; border-width: 1px 0 !important; }
        .outer { padding: 0 !important; }
        .foot { padding: 16px 20px 32px !important; }
        .head { padding: 16px 20px 12px !important; }
        .button { display: block !important; text-align: center !important; }
        .label { width: 84px !important; padding-right: 8px !important; }
        }
        </style>
        </head>
        <body class="page" style="margin:0;padding:0;background:#f2f2ef;-webkit-text-size-adjust:100%;">
        <div style="display:none;max-height:0;overflow:hidden;">{{preheader}}</div>
        <table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f2f2ef;">
        <tr><td class="outer" align="center" style="padding:12px 16px 32px;">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" \
        style="max-width:560px;text-align:left;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;\
        font-size:15px;line-height:1.5;color:#1f2328;font-variant-numeric:tabular-nums;">
        <tr><td class="head soft" style="padding:12px 4px;font-size:13px;color:#5b616a;">\
        <strong class="text" style="color:#1f2328;">Calltrail</strong>{{#tenant}} &middot; {{.}}{{/tenant}}</td></tr>
        <tr><td class="card text" style="padding:28px;background:#ffffff;border:1px solid #dddcd6;border-radius:6px;\
        overflow-wrap:anywhere;">
        {{$content}}{{/content}}
        </td></tr>
        <tr><td class="foot soft" style="padding:16px 4px;font-size:13px;color:#5b616a;">
        {{$footer}}{{/footer}}
        </td></tr>
        </table>
        </td></tr>
        </table>
        {{#pixelURL}}<img src="{{.}}" width="1" height="1" alt="" style="display:block;border:0;">{{/pixelURL}}
        </body>
        </html>

        """

    static let heading = """
        <h1 style="margin:0 0 12px;font-size:20px;line-height:1.3;font-weight:600;">
        """
    static let button = """
        <p style="margin:24px 0 4px;"><a class="button" href="{{link}}" style="display:inline-block;padding:10px 18px;\
        background:#0b57a8;color:#ffffff;border-radius:6px;font-weight:600;text-decoration:none;">{{action}}</a></p>
        """

    static let facts = """
        <table width="100%" cellpadding="0" cellspacing="0" \
        style="margin:20px 0 0;border-collapse:collapse;font-size:14px;">
        {{#facts}}
        <tr><th class="label soft line" scope="row" style="width:112px;padding:8px 12px 8px 0;\
        border-top:1px solid #dddcd6;text-align:left;vertical-align:top;font-weight:400;color:#5b616a;">{{label}}</th>\
        <td class="value line" style="padding:8px 0;border-top:1px solid #dddcd6;vertical-align:top;\
        overflow-wrap:anywhere;">{{value}}{{#more}}<br>{{.}}{{/more}}</td></tr>
        {{/facts}}
        </table>
        """

    /// The same in plain text.
    static let textFacts = """
        {{#facts}}
        {{paddedLabel}}{{value}}
        {{#more}}
        \(MailFact.padding){{.}}
        {{/more}}
        {{/facts}}
        """

    /// Why the reader gets it, and how that is changed.
    static let footer = """
        {{reason}} \
        <a class="link" href="{{settingsLink}}" style="color:#0b57a8;">Change what you get</a>\
        {{#unsubscribeLink}} &middot; \
        <a class="link" href="{{.}}" style="color:#0b57a8;">Unsubscribe</a>{{/unsubscribeLink}}
        """

    /// The same in plain text.
    static let textFooter = """
        --\u{20}
        {{reason}}
        Change what you get: {{settingsLink}}
        {{#unsubscribeLink}}
        Unsubscribe: {{.}}
        {{/unsubscribeLink}}
        """

    /// Before the words of something that went wrong; its sign says so too, for colour alone tells some people nothing.
    static let badBadge = badge(of: "badge", "background:#fbeaea;color:#a3262a")
    /// Before the words of something that is well.
    static let goodBadge = badge(of: "good", "background:#e6f4ea;color:#1b6635")

    private static func badge(of name: String, _ colours: String) -> String {
        """
        <p style="margin:0 0 10px;"><span class="\(name)" style="display:inline-block;padding:2px 8px;\(colours);\
        border-radius:4px;font-size:13px;font-weight:600;">
        """
    }
}
