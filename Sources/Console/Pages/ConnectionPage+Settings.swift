import Domain

extension ConnectionPage {
    private func refused(_ form: String) -> RefusedForm? { refused?.name == form ? refused : nil }

    /// What calls with it, and how that is told.
    var nodes: Panel {
        let all = connection.nodes
        let shown = showsAllNodes ? all[...] : all.prefix(Self.shownNodes)
        var content: [any Component] = []
        if all.isEmpty {
            content.append(
                Paragraph("No node is known yet. Nodes are learnt from their calls, or can be told here.", isSoft: true)
            )
        } else {
            content.append(table(Array(shown)))
        }
        if shown.count < all.count {
            content.append(LinkButton("Show all \(all.count.grouped) nodes", path: connection.path + "?nodes=all"))
        }
        if mayManage { content.append(addNode) }
        return Panel("Nodes that call with it", content: content)
    }

    private func table(_ nodes: [ConnectionNode]) -> DataTable {
        let canRemove = mayManage && nodes.contains { !$0.isLearnt }
        let columns: [DataTable.Column] =
            [.init("Bot"), .init("Node"), .init("State")] + (canRemove ? [.init("")] : [])
        return DataTable(
            "Nodes", columns: columns,
            rows: nodes.map { node in
                var place: [any Component] = []
                if let path = node.path { place.append(Words(path)) }
                if !node.nodeID.isEmpty { place.append(Words(node.nodeID, isSoft: node.path != nil)) }
                let state = node.state == .attached ? Badge("Attached", .success) : Badge("Broken", .error)
                let origin = Words(node.isLearnt ? "learnt from calls" : "told by people", isSoft: true)
                let row: [DataTable.Cell] = [
                    .init(Words(node.botID)), .init(Lines(of: place)), .init(Lines(state, origin)),
                ]
                guard canRemove else { return row }
                return row + [.init(ActionRow(node.isLearnt ? [] : [remove(node)]))]
            })
    }

    private func remove(_ node: ConnectionNode) -> ConfirmOnce {
        let name = (node.path ?? node.nodeID).visible.cut(at: 60)
        return ConfirmOnce(
            "Remove",
            question: "Remove the node \(name) of \(node.botID.visible.cut(at: 60))? If it calls again, it is learnt.",
            action: connection.path + "/nodes/remove",
            hidden: [.init("bot_id", node.botID), .init("node_id", node.nodeID)], confirm: "Remove node")
    }

    private var addNode: Disclosure {
        let sent = refused("node")
        func field(_ name: String, _ label: String, hint: String? = nil, isRequired: Bool = false) -> Field {
            Field(
                "nodes.0." + name, label: label, value: sent?.value("nodes.0." + name) ?? "", hint: hint,
                error: sent?.error("nodes.0." + name), isRequired: isRequired, longest: name == "path" ? 1000 : 128)
        }
        return Disclosure(
            "Add a node", id: "add-node", isOpen: sent != nil,
            content: problem(sent) + [
                Form(
                    action: connection.path + "/nodes/add",
                    fields: [
                        field("bot_id", "Bot", hint: "The bot's id, as its calls name it.", isRequired: true),
                        field("node_id", "Node", hint: "The node's id; or only its path below."),
                        field("path", "Path", hint: "Where people find it: Main flow / Create ticket."),
                    ], buttons: [Button("Add node")])
            ])
    }

    private func problem(_ sent: RefusedForm?) -> [any Component] {
        sent?.words.map { [Notice($0, .error)] } ?? []
    }

    /// What can be changed of it.
    var settings: [any Component] {
        guard mayManage else { return [] }
        return [
            Panel(
                "Settings",
                content: [rename] + replaceCredentials + [otherAccount, switchOff, delete].compactMap(\.self))
        ]
    }

    private var rename: Form {
        let sent = refused("name")
        return Form(
            action: connection.path + "/name",
            fields: [
                Field(
                    "name", label: "Name", value: sent?.value("name") ?? connection.name,
                    error: sent?.error("name") ?? sent?.words, isRequired: true, longest: 200)
            ], buttons: [Button("Rename", kind: .plain)])
    }

    private var replaceCredentials: [any Component] {
        guard !credentials.isEmpty else { return [] }
        let sent = refused("credentials")
        let isCure = connection.auth != .oauth2 && connection.health.state == .needsReauth
        return [
            Disclosure(
                "Replace credentials", id: "credentials", isOpen: sent != nil || isCure,
                content: [Paragraph("All of them are replaced. What is secret is never shown again.", isSoft: true)]
                    + problem(sent) + [
                        Form(
                            action: connection.path + "/credentials",
                            fields: credentials.map { $0.field(sent, present: connection.settings[$0.name]) },
                            buttons: [Button("Replace credentials", kind: .plain)])
                    ])
        ]
    }

    private var otherAccount: ConfirmOnce? {
        guard connection.auth == .oauth2, connection.account != nil, connection.health.state != .disabled,
            mayReauthorise
        else { return nil }
        return ConfirmOnce(
            "Use another account",
            question: "\(connection.name) now works as \(connection.account ?? ""). Whoever you sign in as at "
                + "\(connection.application.name) takes that place.",
            action: connection.path + "/reauthorise", hidden: [.init("accept_other_account", "true")],
            confirm: "Authorise with another account")
    }

    private var switchOff: ConfirmOnce? {
        guard connection.health.state != .disabled else { return nil }
        return ConfirmOnce(
            "Switch off",
            question: "Switch \(connection.name) off? Its nodes can't call with it until it is switched on again.",
            action: connection.path + "/enabled", hidden: [.init("enabled", "false")],
            confirm: "Switch off \(connection.name.visible.cut(at: 40))")
    }

    private var delete: ConfirmOnce {
        ConfirmOnce(
            "Delete connection",
            question:
                "Delete \(connection.name)? Its nodes can't call \(connection.application.name) any more, and its "
                + "authorisation is given back. This can't be undone.",
            action: connection.path + "/delete", confirm: "Delete \(connection.name.visible.cut(at: 40))")
    }
}
