import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport
import Testing
import Vault

/// Who buys another access token, and what becomes of it.
@Suite(.timeLimit(.minutes(2))) struct ConnectionRefreshTests {
    @Test func ofFiftyOneRefreshes() async throws {
        let scene = try await ConnectionScene("stampede", connections: 16)
        let made = try await scene.working()
        let version = try await scene.secrets(made).version
        // two processes
        let database = Database(
            configuration: scene.store.database.configuration, connections: 8, logger: Logger(label: "test"))
        let other = ConnectionStore(database: database, vault: try ConnectionScene.vault("k1"))
        let answers = await withTaskGroup(of: RefreshClaim?.self) { group in
            for number in 0..<50 {
                let connections = number.isMultiple(of: 2) ? scene.connections : other
                group.addTask {
                    try? await connections.claimRefresh(
                        made.id, tenant: scene.tenant, version: version, now: scene.now)
                }
            }
            return await group.reduce(into: [RefreshClaim?]()) { $0.append($1) }
        }
        var claims: [UUID] = []
        for answer in answers {
            switch answer {
            case .claimed(let secrets, let claim):
                claims.append(claim)
                #expect(secrets.secrets.grant == ConnectionScene.grant(1) && !secrets.interruptedRefresh)
            case .busy(let until): #expect(until == scene.after(60))
            default: Issue.record("\(String(describing: answer))")
            }
        }
        let claim = try #require(claims.first)
        #expect(claims.count == 1)
        let grant = ConnectionScene.grant(2, expiresAt: scene.after(7_200), renewAt: scene.after(6_900))
        #expect(
            try await scene.connections.keepGrant(
                grant, id: made.id, tenant: scene.tenant, claim: claim, now: scene.now))
        let kept = try await scene.secrets(made)
        #expect(kept.secrets.grant == grant && kept.version == version + 1 && kept.accountID == "acme-1")
        #expect(kept.connection.expiresAt == scene.after(7_200))
        guard
            case .changed = try await scene.connections.claimRefresh(
                made.id, tenant: scene.tenant, version: version, now: scene.now)
        else {
            Issue.record("an older version was claimed")
            return
        }
        // what is kept once is not kept twice
        #expect(
            try await !scene.connections.keepGrant(
                ConnectionScene.grant(3), id: made.id, tenant: scene.tenant, claim: claim, now: scene.now))
        #expect(try await scene.secrets(made).secrets.grant == grant)
        await database.close()
    }

    @Test func aReleasedClaimIsFreeAtOnce() async throws {
        let scene = try await ConnectionScene("release")
        let made = try await scene.working()
        let first = try await scene.claim(made, version: 2)
        try await scene.connections.releaseRefresh(made.id, tenant: scene.tenant, claim: UUID())
        guard
            case .busy = try await scene.connections.claimRefresh(
                made.id, tenant: scene.tenant, version: 2, now: scene.after(59))
        else {
            Issue.record("somebody else's claim was released")
            return
        }
        try await scene.connections.releaseRefresh(made.id, tenant: scene.tenant, claim: first.claim)
        let second = try await scene.claim(made, version: 2, after: 1)
        #expect(!second.secrets.interruptedRefresh)
        #expect(try await scene.secrets(made).version == 2)
        guard
            case .gone = try await scene.connections.claimRefresh(
                UUID(), tenant: scene.tenant, version: 2, now: scene.now)
        else {
            Issue.record("a connection that is none")
            return
        }
    }

    @Test func theNextOneKnowsOfAnInterruptedRefresh() async throws {
        let scene = try await ConnectionScene("interrupted")
        let made = try await scene.working()
        _ = try await scene.claim(made, version: 2)
        let second = try await scene.claim(made, version: 2, after: 60)
        #expect(second.secrets.interruptedRefresh)
        // and so does the one after it, though the second gave up in good order
        try await scene.connections.releaseRefresh(made.id, tenant: scene.tenant, claim: second.claim)
        #expect(try await scene.secrets(made).interruptedRefresh)
        let third = try await scene.claim(made, version: 2, after: 61)
        #expect(third.secrets.interruptedRefresh)
        // until there is a grant that is known to be good
        #expect(
            try await scene.connections.keepGrant(
                ConnectionScene.grant(2), id: made.id, tenant: scene.tenant, claim: third.claim, now: scene.after(62)))
        #expect(try await !scene.secrets(made).interruptedRefresh)
        #expect(try await !scene.claim(made, version: 3, after: 63).secrets.interruptedRefresh)
    }

    @Test func aClaimThatRanOutIsSeenWithoutAnotherOne() async throws {
        let scene = try await ConnectionScene("ran_out")
        let made = try await scene.working()
        _ = try await scene.claim(made, version: 2)
        #expect(try await !scene.secrets(made).interruptedRefresh)
        try await scene.store.moveClock("61 seconds")
        await scene.store.database.close()
        let database = Database(
            configuration: scene.store.database.configuration, connections: 2, logger: Logger(label: "test"))
        let later = ConnectionStore(database: database, vault: try ConnectionScene.vault("k1"))
        #expect(try await later.secrets(made.id, tenant: scene.tenant)?.interruptedRefresh == true)
        await database.close()
    }

    @Test func aLateGrantIsKeptUnlessThereIsANewerOne() async throws {
        let scene = try await ConnectionScene("late")
        let made = try await scene.working()
        let first = try await scene.claim(made, version: 2)
        let second = try await scene.claim(made, version: 2, after: 60)
        // the first comes back with the only grant that is good now
        #expect(
            try await scene.connections.keepGrant(
                ConnectionScene.grant(2), id: made.id, tenant: scene.tenant, claim: first.claim, now: scene.after(61)))
        #expect(
            try await !scene.connections.keepGrant(
                ConnectionScene.grant(3), id: made.id, tenant: scene.tenant, claim: second.claim, now: scene.after(62)))
        #expect(try await scene.secrets(made).secrets.grant == ConnectionScene.grant(2))
        // a person's consent outweighs a refresh that was under way
        let third = try await scene.claim(made, version: 3, after: 63)
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(4), accountID: "acme-2", accountName: "other", id: made.id, tenant: scene.tenant,
            by: nil, now: scene.after(64))
        #expect(
            try await !scene.connections.keepGrant(
                ConnectionScene.grant(5), id: made.id, tenant: scene.tenant, claim: third.claim, now: scene.after(65)))
        let kept = try await scene.secrets(made)
        #expect(kept.secrets.grant == ConnectionScene.grant(4) && kept.version == 4)
        #expect(kept.accountID == "acme-2" && kept.connection.account == "other")
    }

    @Test func credentialsReplacedMeanwhileStay() async throws {
        let scene = try await ConnectionScene("meanwhile")
        let made = try await scene.working()
        let claim = try await scene.claim(made, version: 2).claim
        _ = try await scene.change(made) { $0.credentials = ["client_id": "new"] }
        #expect(
            try await scene.connections.keepGrant(
                ConnectionScene.grant(2), id: made.id, tenant: scene.tenant, claim: claim, now: scene.after(1)))
        let kept = try await scene.secrets(made)
        #expect(kept.secrets == ConnectionSecrets(credentials: ["client_id": "new"], grant: ConnectionScene.grant(2)))
        #expect(kept.version == 4)
    }

    @Test func aShorterLifeBringsTheCheckForward() async throws {
        let scene = try await ConnectionScene("shorter")
        let made = try await scene.working()
        for (renewAt, next) in [(600, 600), (1, 30)] as [(Int64, Int64)] {
            let version = try await scene.secrets(made).version
            let claim = try await scene.claim(made, version: version).claim
            let grant = ConnectionScene.grant(2, renewAt: scene.after(renewAt))
            #expect(
                try await scene.connections.keepGrant(
                    grant, id: made.id, tenant: scene.tenant, claim: claim, now: scene.now))
            #expect(try await scene.find(made).nextCheckAt == scene.after(next))
        }
    }

    @Test func anAuthorisationIsRecorded() async throws {
        let scene = try await ConnectionScene("recorded")
        let made = try await scene.make()
        let person = UUID()
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(1), accountID: "7", accountName: "acme", id: made.id, tenant: scene.tenant,
            by: person,
            now: scene.now)
        let event = try await scene.connections.events(made.id, tenant: scene.tenant, limit: 1).first
        #expect(event == ConnectionEvent(.authorised, at: scene.now, detail: "acme", userID: person))
        let found = try await scene.find(made)
        #expect(found.authorisedAt == scene.now && found.account == "acme" && found.id == made.id)
        // what the application does not say this time is still known, unless the account is another
        for (id, expected) in [(nil, "acme"), ("7", "acme"), ("8", nil)] as [(String?, String?)] {
            try await scene.connections.keepAuthorization(
                ConnectionScene.grant(2), accountID: id, accountName: nil, id: made.id, tenant: scene.tenant,
                by: person, now: scene.now)
            #expect(try await scene.find(made).account == expected)
        }
        #expect(try await scene.secrets(made).accountID == "8")
    }
}
