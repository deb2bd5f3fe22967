/// Every component's template, parsed once.
enum ConsoleTemplates {
    /// Every component there is. One that is missing here shows nothing; a test renders each.
    static let components: [any Component.Type] = [
        Page.self, Frame.self, PlainFrame.self,
        Badge.self, Button.self, Checkbox.self, Chip.self, CodeBlock.self, ConfirmOnce.self, CopyButton.self,
        DataTable.self, EmptyState.self, Facts.self, Field.self, Form.self, LinkButton.self, Menu.self, Notice.self,
        PageHead.self, Pagination.self, Panel.self, Paragraph.self, SelectField.self, TextLink.self, TimeText.self,
        Words.self,
        OutsideLink.self, CallList.self, CallReport.self, FilterBar.self, FirstCall.self, Histogram.self, LogsPage.self,
        NoCallChosen.self,
        ApplicationName.self, BackLink.self, Beside.self, BrokenConnection.self, ButtonRow.self, Choices.self,
        Columns.self, DayPlot.self, Disclosure.self, Figures.self, Group.self, LedgerFilter.self, Lines.self,
        Moment.self, Paging.self, Situation.self, Tabs.self,
        ActionRow.self, AuditFilters.self, AuditList.self, AuditProof.self, CheckGroup.self, CodeWords.self,
        NameLines.self, Quotation.self, RoleWords.self, TextArea.self,
        Timeline.self,
    ]

    /// The templates by name: those of the components, and those that components share.
    static let templates: [String: Template] = {
        var texts = [("MessageBody", MessageTemplates.body), ("MessageParts", MessageTemplates.parts)]
        texts += components.map { ($0.partial, $0.template) }
        do {
            return try texts.reduce(into: [:]) { templates, text in templates[text.0] = try Template(text.1) }
        } catch {
            // The templates are constants, and tests render each of them.
            preconditionFailure("a template of the console cannot be parsed: \(error)")
        }
    }()

    /// Fills a component's template.
    static func render(_ component: some Component) -> String {
        var renderer = TemplateRenderer()
        if let template = templates[type(of: component).partial] { renderer.show(template, of: component) }
        return renderer.html
    }
}
