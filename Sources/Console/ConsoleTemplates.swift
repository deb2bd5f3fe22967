import Mustache

/// Every component's template, parsed once.
enum ConsoleTemplates {
    /// Every component there is. One that is missing here shows nothing; a test renders each.
    static let components: [any Component.Type] = [
        Page.self, Frame.self, PlainFrame.self,
        Badge.self, Button.self, Checkbox.self, Chip.self, CodeBlock.self, ConfirmOnce.self, CopyButton.self,
        DataTable.self, EmptyState.self, Facts.self, Field.self, Form.self, LinkButton.self, Menu.self, Notice.self,
        PageHead.self, Pagination.self, Panel.self, Paragraph.self, SelectField.self, TextLink.self, TimeText.self,
        Words.self,
        OutsideLink.self, CallList.self, CallReport.self, FilterBar.self, FilterChips.self, FilterMenu.self,
        FirstCall.self, Histogram.self, LogsPage.self,
        NoCallChosen.self, PeriodMenu.self,
        ApplicationName.self, BackLink.self, Beside.self, BrokenConnection.self, Choices.self,
        Columns.self, DayPlot.self, Disclosure.self, Figures.self, Group.self, LedgerFilter.self, Lines.self,
        Moment.self, Paging.self, Situation.self, Tabs.self,
        ActionRow.self, AuditFilters.self, AuditList.self, AuditProof.self, CheckGroup.self, CodeWords.self,
        NameLines.self, Quotation.self, RoleWords.self, TextArea.self,
        Timeline.self,
    ]

    private static let library: MustacheLibrary = {
        MustacheContentTypes.register(ConsoleHTML(), named: ConsoleHTML.name)
        var library = MustacheLibrary()
        do {
            for component in components {
                try library.register(prepared(component.template), named: component.partial)
            }
            try library.register(prepared(MessageTemplates.body), named: "MessageBody")
            try library.register(prepared(MessageTemplates.parts), named: "MessageParts")
        } catch {
            // The templates are constants, and tests render each of them.
            preconditionFailure("a template of the console cannot be parsed: \(error)")
        }
        return library
    }()

    /// Fills a component's template.
    static func render<Shown: Component>(_ component: Shown) -> String {
        library.render(ShownModel(component), withTemplate: Shown.partial) ?? ""
    }

    /// Each partial begins with the library's own content type, so each names ours; indentation would be repeated on
    /// every line that a partial writes, also within code.
    private static func prepared(_ template: String) -> String {
        let lines = template.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.drop { $0 == " " }
        }
        return "{{% CONTENT_TYPE:\(ConsoleHTML.name)}}" + lines.joined(separator: "\n")
    }
}
