public import Domain

/// A bot's name, and how links to the nodes of its flows are made.
public enum BotPage {
    /// What stands in the page.
    /// - Parameters:
    ///   - bot: as it is.
    ///   - refused: what was sent and can't be used.
    public static func content(_ bot: Bot, refused: RefusedForm?) -> [any Component] {
        let template = refused?.value("source_url_template") ?? bot.sourceURLTemplate ?? ""
        var content: [any Component] = [
            BackLink("Bots", path: "/bots"),
            PageHead(
                bot.shownName.cut(at: 120), lead: "Bot \(bot.id.cut(at: 120))",
                actions: [LinkButton("Its logs", path: BotsPage.logs(bot.id))]),
        ]
        if let words = refused?.words { content.append(Notice(words, .error)) }
        content.append(
            Panel(
                "Name and links",
                content: [
                    Form(
                        action: "/bots/edit", hidden: [.init("bot", bot.id)],
                        fields: [
                            Field(
                                "name", label: "Name", value: refused?.value("name") ?? bot.name,
                                hint: "A call that names the bot otherwise renames it again.",
                                error: refused?.error("name"), longest: 256),
                            Field(
                                "source_url_template", label: "Link to a node", value: template,
                                hint:
                                    "Begins with https://; {bot_id}, {path} and {node_id} are filled in. Empty for none.",
                                error: refused?.error("source_url_template"), autocomplete: "off", longest: 2000),
                        ], buttons: [Button("Save"), LinkButton("Cancel", path: "/bots")])
                ]))
        content.append(example(of: template, bot))
        return content
    }

    private static func example(of template: String, _ bot: Bot) -> Panel {
        let source = CallSource.flow(path: "Main flow / Create ticket", nodeID: "n-42")
        let words = "For the node n-42 at “Main flow / Create ticket” the logs link to:"
        guard !template.isEmpty, let url = source.url(template: template, botID: bot.id) else {
            return Panel(
                "Example",
                content: [
                    Paragraph(
                        "Without a link the logs name the source, and nobody can open it from there. With "
                            + "https://flows.example.com/{bot_id}/{node_id} they link to the node.", isSoft: true)
                ])
        }
        return Panel(
            "Example", content: [Paragraph(words, isSoft: true), OutsideLink(url, address: url) ?? Words(url)])
    }
}
