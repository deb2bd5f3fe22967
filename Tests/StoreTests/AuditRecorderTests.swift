import AuditChain
import Domain
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Store

@Suite struct AuditRecorderTests {
    /// What nobody could account for is not done: whoever serves asks before.
    @Test func aFullQueueHasNoRoom() async throws {
        let scene = try await AuditScene.make("recorder_full")
        // it does not run, as if the database took nothing
        let recorder = AuditRecorder(database: scene.store.database, logger: Logger(label: "test"))
        let entry = scene.call()
        for _ in 0..<99_999 { recorder.record(entry, tenant: scene.tenant) }
        #expect(recorder.hasRoom)
        recorder.record(entry, tenant: scene.tenant)
        #expect(!recorder.hasRoom)
        #expect(recorder.numbers.waiting == 100_000)
    }

    /// What a server refuses for a while is not the entry's fault; what it will never take must not hold up the others.
    @Test(arguments: [
        ("25006", false), ("42501", false), ("42P01", false), ("57P01", false), ("58030", false), ("XX000", false),
        ("53100", false), ("40P01", false), ("55P03", false),
        ("22001", true), ("23505", true), ("23514", true), ("54000", true), ("55000", true), ("P0001", true),
    ])
    func refusals(state: String, isFinal: Bool) {
        #expect(AuditLog.isRefusal(DatabaseError(.server, "refused", sqlState: state)) == isFinal)
    }

    /// Two duties that sign at the same time: each stretch once, and neither fails.
    @Test func checkpointsAtOnce() async throws {
        let scene = try await AuditScene.make("checkpoints_at_once")
        for day in (1...5).reversed() { try await scene.append((0..<20).map { _ in scene.call(daysAgo: Int32(day)) }) }
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await scene.chains.checkpoint(
                        daysBefore: scene.now.day, tenant: scene.tenant, signer: scene.signer
                    ).made.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(made == 5)
        #expect(try await scene.verify().firstBreak == nil)
    }
}
