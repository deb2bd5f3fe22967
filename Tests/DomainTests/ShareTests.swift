import Domain
import Testing

@Suite struct ShareTests {
    private func at(_ hours: Int64) -> Timestamp { Timestamp(microseconds: hours * 3_600_000_000) }

    private func state(
        revoked: Int64? = nil, expires: Int64 = 10, callExpires: Int64 = 20, isCallKept: Bool = true, now: Int64 = 5
    ) -> Share.State {
        Share.state(
            revokedAt: revoked.map { at($0) }, expiresAt: at(expires), callExpiresAt: at(callExpires),
            isCallKept: isCallKept, now: at(now))
    }

    @Test func linksEndByTheShareOrByTheCall() {
        #expect(state() == .active)
        #expect(state(now: 9) == .active)
        #expect(state(now: 10) == .expired)
        // ended by its own time, whatever became of the call afterwards
        #expect(state(isCallKept: false, now: 30) == .expired)
        #expect(state(isCallKept: false) == .callExpired)
        // calls may be kept for a shorter time by now
        #expect(state(callExpires: 5) == .callExpired)
        #expect(state(expires: 20, now: 20) == .callExpired)
        #expect(state(revoked: 3) == .revoked)
        #expect(state(revoked: 3, isCallKept: false, now: 30) == .revoked)
    }
}
