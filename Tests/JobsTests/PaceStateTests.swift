import Domain
import Testing

@testable import Jobs

/// Hosts and time in the test's hand.
struct PaceStateTests {
    private struct Scene {
        let start = ContinuousClock.now
        var state = PaceState()
        var seconds = 0.0

        var now: ContinuousClock.Instant { start + .seconds(seconds) }

        static func lane(_ host: String, _ tenant: Int32) -> PaceState.Lane {
            PaceState.Lane(host: host, tenant: TenantID(rawValue: tenant))
        }

        mutating func enter(_ host: String = "a", _ tenant: Int32 = 1) -> PaceState.Entry {
            state.enter(Self.lane(host, tenant), now: now)
        }

        /// All places that are to be had.
        mutating func fill(_ host: String = "a", _ tenant: Int32 = 1, most: Int = 100) -> [PaceState.Place] {
            var places: [PaceState.Place] = []
            while places.count < most, case .entered(let place) = enter(host, tenant) { places.append(place) }
            return places
        }

        mutating func leave(_ place: PaceState.Place, _ result: PaceState.Result) {
            state.leave(place, result, now: now)
        }

        /// Asks once.
        mutating func ask(_ result: PaceState.Result, _ host: String = "a", _ tenant: Int32 = 1) throws {
            leave(try #require(fill(host, tenant, most: 1).first), result)
        }

        /// Seconds of rest that are left; nil when there is none.
        mutating func rest(_ host: String = "a", _ tenant: Int32 = 1) -> Int64? {
            switch enter(host, tenant) {
            case .resting(let until): return (until - now).components.seconds
            case .entered(let place):
                leave(place, .nothing)
                return nil
            case .full: return nil
            }
        }

        /// A host that answers at its fastest.
        mutating func warm(_ host: String = "a", _ tenant: Int32 = 1) throws {
            for _ in 0..<PaceState.most { try ask(.answered, host, tenant) }
        }
    }

    @Test func aHostBeginsWithFourPlaces() {
        var scene = Scene()
        #expect(scene.fill().count == 4)
        guard case .full(isBrisk: false) = scene.enter() else {
            Issue.record("a host that has shown nothing is not waited for")
            return
        }
        #expect(scene.fill("b", 2).count == 4, "another host has places of its own")
    }

    @Test func eachAnswerGivesAPlaceUpToThirtyTwo() throws {
        var scene = Scene()
        for count in 1...40 {
            try scene.ask(.answered)
            let places = scene.fill()
            #expect(places.count == min(4 + count, 32))
            for place in places { scene.leave(place, .nothing) }
        }
    }

    @Test func nothingAskedChangesNothing() throws {
        var scene = Scene()
        for _ in 0..<50 { try scene.ask(.nothing) }
        #expect(scene.fill().count == 4)
    }

    @Test func aFailureHalvesThePlaces() throws {
        var scene = Scene()
        try scene.warm()
        for expected in [16, 8, 4] {
            try scene.ask(.failed)
            let places = (0..<10).flatMap { scene.fill("a", 100 + $0) }
            #expect(places.count == expected)
            for place in places { scene.leave(place, .nothing) }
        }
        for _ in 0..<28 { try scene.ask(.answered) }
        #expect(scene.fill().count == 32)
    }

    @Test func onlyAHostThatAnswersQuicklyIsWaitedFor() throws {
        var scene = Scene()
        try scene.ask(.answered)
        #expect(scene.fill().count == 5)
        guard case .full(isBrisk: true) = scene.enter() else {
            Issue.record("it answered at once")
            return
        }
        var slow = Scene()
        let place = try #require(slow.fill(most: 1).first)
        slow.seconds = 3
        slow.leave(place, .answered)
        #expect(slow.fill().count == 5)
        guard case .full(isBrisk: false) = slow.enter() else {
            Issue.record("it took three seconds")
            return
        }
    }

    @Test func aHostThatHangsRestsLongerAndLonger() throws {
        var scene = Scene()
        for _ in 0..<5 {
            #expect(scene.rest() == nil)
            try scene.ask(.failed)
        }
        for expected: Int64 in [30, 60, 120, 240, 300, 300] {
            #expect(scene.rest() == expected)
            scene.seconds += Double(expected)
            let places = scene.fill()
            #expect(places.count == 1, "one request tries it")
            for place in places { scene.leave(place, .failed) }
        }
        scene.seconds += 300
        try scene.ask(.answered)
        for _ in 0..<4 { try scene.ask(.failed) }
        #expect(scene.rest() == nil, "it begins anew")
        try scene.ask(.failed)
        #expect(scene.rest() == 30)
    }

    @Test func whatWasAskedBeforeARestDoesNotLengthenIt() throws {
        var scene = Scene()
        try scene.warm()
        let places = scene.fill()
        #expect(places.count == 32)
        for place in places { scene.leave(place, .failed) }
        #expect(scene.rest() == 30)
    }

    @Test func anAnswerFromBeforeARestDoesNotEndIt() throws {
        var scene = Scene()
        try scene.warm()
        let places = scene.fill(most: 6)
        for place in places.dropFirst() { scene.leave(place, .failed) }
        #expect(scene.rest() == 30)
        scene.leave(places[0], .answered)
        #expect(scene.rest() == 30)
    }

    @Test func failuresThatAreNotInARowAreNoReasonToRest() throws {
        var scene = Scene()
        for number in 0..<50 { try scene.ask(number % 5 == 4 ? .answered : .failed) }
        #expect(scene.rest() == nil)
    }

    @Test(arguments: [(1, 1), (90, 90), (3_600, 300), (0, 1), (-5, 1), (Int64.max, 300)] as [(Int64, Int64)])
    func aTenantThatIsLimitedRestsAsLongAsTheHostAsks(_ asked: Int64, _ granted: Int64) throws {
        var scene = Scene()
        try scene.ask(.limited(seconds: asked), "a", 1)
        #expect(scene.rest("a", 1) == granted)
        #expect(scene.rest("a", 2) == nil, "its quota is not the others'")
        #expect(scene.rest("b", 1) == nil, "nor that of another host")
        scene.seconds = Double(granted)
        #expect(scene.rest("a", 1) == nil)
    }

    @Test func theLongerRestHolds() throws {
        var scene = Scene()
        let places = scene.fill(most: 2)
        scene.leave(places[0], .limited(seconds: 60))
        scene.leave(places[1], .limited(seconds: 5))
        #expect(scene.rest() == 60)
    }

    @Test func oneTenantSilencesNoHostForOthers() throws {
        var scene = Scene()
        for _ in 0..<100 {
            guard scene.rest("a", 1) == nil else { break }
            try scene.ask(.failed, "a", 1)
        }
        #expect(scene.rest("a", 1) == 30)
        #expect(scene.rest("a", 2) == nil)
        try scene.warm("a", 2)
        #expect(scene.fill("a", 2).count == 32)
    }

    @Test func aHostThatFailsSeveralTenantsRestsForAll() throws {
        var scene = Scene()
        for tenant: Int32 in [1, 2, 1, 2, 3] { try scene.ask(.failed, "a", tenant) }
        #expect(scene.rest("a", 9) == 30)
        #expect(scene.rest("b", 9) == nil)
    }

    @Test func anAnswerInBetweenKeepsAHostFromResting() throws {
        var scene = Scene()
        for tenant: Int32 in 1...20 {
            try scene.ask(.limited(seconds: 300), "a", tenant)
            try scene.ask(.answered, "a", 100)
        }
        #expect(scene.rest("a", 99) == nil)
    }

    @Test func aHostThatLimitsSeveralTenantsRestsForAll() throws {
        var scene = Scene()
        for tenant: Int32 in 1...3 {
            #expect(scene.rest("a", 9) == nil)
            try scene.ask(.limited(seconds: 40), "a", tenant)
        }
        #expect(scene.rest("a", 9) == 40)
    }

    @Test func aTenantTriesFourUnknownHostsAtATime() throws {
        var scene = Scene()
        let places = (0..<1_000).flatMap { scene.fill("tarpit-\($0)", 1, most: 1) }
        #expect(places.count == 4)
        #expect(scene.fill("healthy", 2).count == 4, "another tenant's are its own")
        try scene.warm("known", 3)
        #expect(scene.fill("known", 1).count == 32, "nor do they count where the host is known to answer")
        for place in places { scene.leave(place, .failed) }
        #expect(scene.fill("tarpit-0", 1).count == 2)
    }

    @Test func hostsAreForgotten() throws {
        var scene = Scene()
        for number in 0...(PaceState.capacity * 2) { try scene.ask(.failed, "host-\(number)", 1) }
        #expect(scene.state.hostCount <= PaceState.capacity + 1)
        for _ in 0..<10 where scene.rest("dead", 1) == nil { try scene.ask(.failed, "dead", 1) }
        for number in 0...(PaceState.capacity * 2) { try scene.ask(.answered, "host-\(number)", 1) }
        #expect(scene.rest("dead", 1) == 30, "but not those that rest")
    }
}
