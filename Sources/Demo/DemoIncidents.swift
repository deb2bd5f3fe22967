public import Domain

/// What goes wrong in the days before a point in time, beyond the everyday errors.
public struct DemoIncidents: Sendable, Hashable {
    /// Zendesk is down for these three hours.
    public var outage: Range<Timestamp>
    /// Since then Google refuses the token of the connection `sheets-leads`.
    public var tokenRevokedAt: Timestamp
    /// Since then a new version of the returns assistant's flow sends requests that Zendesk rejects.
    public var badFlowReleasedAt: Timestamp

    /// Sets the incidents: the outage four days, the revoked token two days and the bad flow one day before `now`.
    /// - Parameter now: the end of the story.
    public init(before now: Timestamp) {
        let outageStart = now.day.advanced(by: -4).start.advanced(bySeconds: 9 * 3600 + 20 * 60)
        outage = outageStart..<outageStart.advanced(bySeconds: 3 * 3600)
        tokenRevokedAt = now.advanced(bySeconds: -2 * 86_400)
        badFlowReleasedAt = now.advanced(bySeconds: -86_400)
    }

    /// What an incident does to a call; nil when none touches it.
    func strike(
        bot: BotReference,
        node: DemoNode,
        at time: Timestamp,
        _ random: inout DemoRandom
    ) -> (fault: DemoFault, path: String?)? {
        if node.application == .zendesk, outage.contains(time), random.chance(0.92) { return (.unavailable, nil) }
        if node.connection == "sheets-leads", time >= tokenRevokedAt { return (.unauthorised, nil) }
        if bot.id == "returns-assistant", node.application == .zendesk, node.purpose == .create,
            time >= badFlowReleasedAt, random.chance(0.7)
        {
            return (.rejected, "Returns v8 / Open return")
        }
        return nil
    }
}
