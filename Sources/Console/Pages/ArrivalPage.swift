public import Domain

/// What somebody finds who comes back from an application.
public enum ArrivalPage {
    /// The connection has a new authorisation.
    /// - Parameters:
    ///   - connection: which.
    ///   - isHealthy: whether a call has succeeded with it.
    ///   - reason: why none has.
    ///   - attached: what became of its nodes, in words.
    public static func authorised(
        _ connection: Connection, isHealthy: Bool, reason: String?, attached: String?
    ) -> [any Component] {
        let name = connection.application.name
        let title = isHealthy ? "\(name) is connected" : "\(name) gave leave"
        var words = [
            isHealthy
                ? "The connection \(connection.name) works: a call with it has just succeeded."
                : "The connection \(connection.name) is authorised, but no call with it has succeeded yet."
        ]
        words += isHealthy ? [attached].compactMap(\.self) : [reason ?? "It is checked again soon."]
        return [
            PageHead(title), Notice(words.joined(separator: " "), isHealthy ? .success : .warning),
            ActionRow([LinkButton("To the connection", path: connection.path, kind: .primary)]),
        ]
    }

    /// Nothing has changed.
    /// - Parameters:
    ///   - application: which.
    ///   - reason: why, in a sentence.
    public static func refused(_ application: Application, _ reason: String) -> [any Component] {
        [
            PageHead("\(application.name) is not connected"), Notice(reason, .error),
            ActionRow([LinkButton("To the connections", path: "/connections", kind: .primary)]),
        ]
    }
}
