import AuditChain
import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

/// Whoever alters the log by hand is found out. Each script runs as a superuser, on three days of ten entries, of which two
/// have their checkpoints: 1…10, 11…20; 21…30 is today.
@Suite struct AuditTamperingTests {
    struct Case: Sendable, CustomStringConvertible {
        var name: String
        var script: String
        var kind: AuditBreak.Kind
        var seq: Int64
        var description: String { name }
    }

    /// Makes a row's hash fit what it holds after a change.
    private static let rehash = """
        update audit_log a set hash = sha256(a.prev_hash || record_send(row(a.tenant_id, a.seq, a.occurred_at, a.audit_id, a.code,
            a.method, a.path, a.content_type, a.related_model, a.relation_key, a.apikey_id, a.status, a.request_id,
            calltrail_audit_commitment(a.who_salt, record_send(row(a.user_id, a.remote_addr, a.sender))),
            calltrail_audit_commitment(a.what_salt, record_send(row(a.query, a.value, a.data))))))
        """
    private static let columns = """
        code, method, path, query, content_type, related_model, relation_key, apikey_id, user_id, remote_addr, sender, value,
        data, status, request_id, who_salt, what_salt, prev_hash, hash
        """

    static let cases: [Case] = [
        Case(name: "status changed", script: "update audit_log set status = 403 where seq = 4", kind: .changed, seq: 4),
        Case(
            name: "address changed", script: "update audit_log set remote_addr = '::1' where seq = 25", kind: .changed,
            seq: 25),
        Case(name: "query changed", script: "update audit_log set query = 'n=8' where seq = 4", kind: .changed, seq: 4),
        Case(
            name: "null made empty", script: "update audit_log set method = '' where seq = 4", kind: .changed, seq: 4),
        Case(
            name: "value moved to another column",
            script: "update audit_log set content_type = method, method = null where seq = 30", kind: .changed, seq: 30),
        Case(
            name: "time changed",
            script: "update audit_log set occurred_at = occurred_at + interval '1 microsecond' where seq = 9",
            kind: .changed, seq: 9),
        Case(
            name: "hash changed",
            script: "update audit_log set hash = sha256('x') where seq = 22", kind: .changed, seq: 22),
        Case(
            name: "commitment without salt changed",
            script: "update audit_log set who_salt = null, remote_addr = null, who_hash = sha256('x') where seq = 22",
            kind: .changed, seq: 22),
        Case(
            name: "value without a salt",
            script: """
                alter table audit_log drop constraint audit_log_who;
                update audit_log set who_salt = null where seq = 22
                """, kind: .changed, seq: 22),
        Case(
            name: "changed with a fitting hash",
            script: "update audit_log set status = 403 where seq = 23; \(rehash) where seq = 23", kind: .changed,
            seq: 23),
        Case(name: "deleted", script: "delete from audit_log where seq = 7", kind: .missing, seq: 7),
        Case(
            name: "deleted, three", script: "delete from audit_log where seq between 19 and 22", kind: .missing, seq: 19
        ),
        Case(name: "first deleted", script: "delete from audit_log where seq = 1", kind: .missing, seq: 1),
        Case(
            name: "day deleted", script: "delete from audit_log where seq between 11 and 20", kind: .missing, seq: 11),
        Case(
            name: "deleted and numbers moved up",
            script: "delete from audit_log where seq = 24; update audit_log set seq = seq - 1 where seq > 24",
            kind: .changed, seq: 24),
        Case(
            name: "copied under a number",
            script: """
                insert into audit_log (tenant_id, occurred_at, seq, audit_id, \(columns))
                select tenant_id, occurred_at + interval '1 s', seq, gen_random_uuid(), \(columns) from audit_log where seq = 6
                """, kind: .inserted, seq: 6),
        Case(
            name: "inserted and numbers moved down",
            script: """
                update audit_log set seq = seq + 1 where seq >= 25;
                insert into audit_log (tenant_id, occurred_at, seq, audit_id, \(columns))
                select tenant_id, occurred_at, 25, gen_random_uuid(), \(columns) from audit_log where seq = 26;
                \(rehash) where seq = 25
                """, kind: .inserted, seq: 25),
        Case(
            name: "inserted without a fitting hash",
            script: """
                update audit_log set seq = seq + 1 where seq >= 25;
                insert into audit_log (tenant_id, occurred_at, seq, audit_id, \(columns))
                select tenant_id, occurred_at, 25, gen_random_uuid(), \(columns) from audit_log where seq = 26
                """, kind: .inserted, seq: 25),
        Case(
            name: "appended",
            script: """
                insert into audit_log (tenant_id, occurred_at, seq, audit_id, \(columns))
                select tenant_id, occurred_at, 31, gen_random_uuid(), \(columns) from audit_log where seq = 30;
                update audit_log a set prev_hash = b.hash from audit_log b where a.seq = 31 and b.seq = 30;
                \(rehash) where seq = 31
                """, kind: .headChanged, seq: 31),
        Case(
            name: "two exchanged",
            script: "update audit_log set seq = case seq when 25 then 26 else 25 end where seq in (25, 26)",
            kind: .reordered, seq: 25),
        Case(
            name: "two exchanged, far apart",
            script: "update audit_log set seq = case seq when 3 then 28 else 3 end where seq in (3, 28)",
            kind: .reordered, seq: 3),
        Case(name: "tail cut", script: "delete from audit_log where seq > 26", kind: .truncated, seq: 27),
        Case(
            name: "tail cut into a checkpoint", script: "delete from audit_log where seq > 15", kind: .truncated,
            seq: 16),
        Case(
            name: "tail and head cut behind a checkpoint",
            script: """
                delete from audit_log where seq > 15;
                update audit_chain set checkpoint_seq = 10, seq = 15, hash = (select hash from audit_log where seq = 15)
                """, kind: .truncated, seq: 16),
        Case(
            name: "tail, head and checkpoint cut in the middle",
            script: """
                delete from audit_log where seq > 15;
                update audit_chain set seq = 15, hash = (select hash from audit_log where seq = 15), checkpoint_seq = 15
                """, kind: .truncated, seq: 16),
        Case(
            name: "head's number changed", script: "update audit_chain set seq = 29", kind: .headChanged, seq: 30),
        Case(
            name: "head's hash changed", script: "update audit_chain set hash = sha256('x')", kind: .headChanged,
            seq: 30),
        Case(name: "head gone", script: "delete from audit_chain", kind: .headChanged, seq: 30),
        Case(name: "everything gone", script: "delete from audit_log", kind: .truncated, seq: 1),
        Case(
            name: "checkpoint changed",
            script: "update audit_checkpoint set last_hash = sha256('x') where first_seq = 1", kind: .checkpointForged,
            seq: 1),
        Case(
            name: "checkpoint's day changed",
            script: "update audit_checkpoint set day = day - 1 where first_seq = 11", kind: .checkpointForged, seq: 11),
        Case(
            name: "signature changed",
            script: "update audit_checkpoint set signature = decode(repeat('00', 64), 'hex') where first_seq = 11",
            kind: .checkpointForged, seq: 11),
        Case(
            name: "another's key", script: "update audit_checkpoint set key_id = 'mine' where first_seq = 11",
            kind: .checkpointForged, seq: 11),
        Case(
            name: "first checkpoint gone", script: "delete from audit_checkpoint where first_seq = 1",
            kind: .checkpointMissing, seq: 1),
        Case(
            name: "last checkpoint gone", script: "delete from audit_checkpoint where first_seq = 11",
            kind: .checkpointMissing, seq: 11),
    ]

    @Test(arguments: cases)
    func whatWasAlteredIsFoundAndNamed(_ alteration: Case) async throws {
        let scene = try await AuditScene.make("tamper_\(UInt32(truncatingIfNeeded: alteration.name.hashValue))")
        try await scene.days(3, entriesADay: 10)
        #expect(try await scene.verify().firstBreak == nil)
        try await scene.alter(alteration.script)
        let online = try await scene.verify()
        #expect(online.firstBreak?.kind == alteration.kind, "\(online.firstBreak?.description ?? "nothing")")
        #expect(online.firstBreak?.seq == alteration.seq, "\(online.firstBreak?.description ?? "nothing")")
        let offline = try await AuditVerifier.verify(
            scene.chains.export(tenant: scene.tenant).throughJSON(), keys: scene.signer.publicKeys)
        #expect(offline.firstBreak?.kind == online.firstBreak?.kind)
        #expect(offline.firstBreak?.seq == online.firstBreak?.seq)
    }

    /// All entries written anew from one on, with fitting hashes and a fitting head: only the checkpoint tells.
    @Test func writingEverythingAnewIsFoundByTheCheckpoint() async throws {
        let scene = try await AuditScene.make("rewritten")
        try await scene.days(3, entriesADay: 10)
        try await scene.alter(
            """
            do $$ begin
                update audit_log set status = 500 where seq = 13;
                for n in 13..30 loop
                    update audit_log a set prev_hash = b.hash from audit_log b where a.seq = n and b.seq = n - 1;
                    \(Self.rehash) where seq = n;
                end loop;
                update audit_chain set hash = (select hash from audit_log where seq = 30);
            end $$
            """)
        let verdict = try await scene.verify()
        #expect(verdict.firstBreak?.kind == .changed)
        #expect(verdict.firstBreak?.seq == 11)
        #expect(verdict.firstBreak?.day == scene.now.day.advanced(by: -1))
    }

    @Test func nothingAlteredGetsACheckpoint() async throws {
        let scene = try await AuditScene.make("unsigned")
        try await scene.append((0..<10).map { _ in scene.call(daysAgo: 1) })
        try await scene.alter("update audit_log set path = '/elsewhere' where seq = 6")
        let (made, verdict) = try await scene.chains.checkpoint(
            daysBefore: scene.now.day, tenant: scene.tenant, signer: scene.signer)
        #expect(made.isEmpty)
        #expect(verdict.firstBreak?.seq == 6)
        #expect(try await scene.count("select count(*) from audit_checkpoint") == 0)
    }
}
