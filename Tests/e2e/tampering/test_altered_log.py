"""Whoever alters the audit log is found out: by the database, and by an export on a machine that knows nothing else."""

import pytest

from harness.audit import verify_lines
from harness.program import run
from harness.tampering import DAYS, assert_broken, seq_of


def test_the_intact_one(log, original, keys):
    verdict = log.assert_intact()
    assert verdict["last_seq"] == verdict["entries"] == log.seq()
    assert verdict["checkpoints"] == len(original.checkpoints()) == DAYS - 1
    assert verdict["uncovered_entries"] == len(log.rows("occurred_at >= %s", original.checkpoints()[-1][0].isoformat() + "T24:00Z"))
    offline = verify_lines(log.export(), *keys)
    assert offline == verdict
    # what could not be verified at all gives no verdict
    outcome = run("audit", "verify", "--tenant", "2147483647", database=log.database, check=False)
    assert outcome.returncode != 0 and outcome.stdout == "" and "no tenant" in outcome.stderr


COLUMNS = {
    "occurred_at": "occurred_at + interval '1 microsecond'",
    "audit_id": "gen_random_uuid()",
    "apikey_id": "gen_random_uuid()",
    "user_id": "gen_random_uuid()",
    "who_salt": "gen_random_uuid()",
    "what_salt": "gen_random_uuid()",
    "status": "coalesce(status, 0) + 1",
    "code": "'ABB-0030'",
    "method": "coalesce(method, '') || 'X'",
    "path": "coalesce(path, '') || 'X'",
    "query": "coalesce(query, '') || 'X'",
    "content_type": "coalesce(content_type, '') || 'X'",
    "related_model": "coalesce(related_model, '') || 'X'",
    "relation_key": "coalesce(relation_key, '') || 'X'",
    "remote_addr": "coalesce(remote_addr, '') || 'X'",
    "sender": "coalesce(sender, '') || 'X'",
    "value": "coalesce(value, '') || 'X'",
    "data": "coalesce(data, '') || ' '",
    "request_id": "coalesce(request_id, '') || 'X'",
    "prev_hash": "sha256('x')",
    "hash": "sha256('x')",
    "remote_addr = null": None,
    "who erased": "who",
    "what erased": "what",
}


def test_every_column_is_tried(log):
    columns = {row[0] for row in log.database.rows("select attname from pg_attribute where attrelid = 'audit_log'::regclass and attnum > 0")}
    assert columns - set(COLUMNS) == {"tenant_id", "seq", "who_hash", "what_hash"}


@pytest.mark.parametrize("day", [1, DAYS - 1], ids=["signed", "today"])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column(log, keys, column, day):
    seq = seq_of(log, day)
    changes = f"{column} = {COLUMNS[column]}"
    if column == "remote_addr = null":
        changes = column
    elif column == "who erased":
        changes = "user_id = null, remote_addr = null, sender = null, who_salt = null, who_hash = sha256('x')"
    elif column == "what erased":
        changes = "query = null, value = null, data = null, what_salt = null, what_hash = sha256('x')"
    log.alter(f"update audit_log set {changes} where tenant_id = :tenant and seq = {seq}")
    found = assert_broken(log.verify(), "changed", seq=seq)
    assert found["id"] == log.rows("seq = %s", seq)[0]["audit_id"]
    assert assert_broken(verify_lines(log.export(), *keys), "changed", seq=seq) == found


def test_a_changed_tenant(log):
    seq = seq_of(log, 1)
    log.alter(f"update audit_log set tenant_id = 2147483647 where tenant_id = :tenant and seq = {seq}")
    assert_broken(log.verify(), "missing", seq=seq)


@pytest.mark.parametrize("day", [1, DAYS - 1], ids=["signed", "today"])
def test_deleted_entries(log, keys, day):
    seq = seq_of(log, day)
    log.alter(f"delete from audit_log where tenant_id = :tenant and seq = {seq}")
    assert_broken(log.verify(), "missing", seq=seq)
    assert_broken(verify_lines(log.export(), *keys), "missing", seq=seq)
    log.alter(f"delete from audit_log where tenant_id = :tenant and seq between {seq} and {seq + 4}")
    assert_broken(log.verify(), "missing", seq=seq)


def test_the_first_entry_deleted(log, keys):
    log.alter("delete from audit_log where tenant_id = :tenant and seq = 1")
    assert_broken(log.verify(), "missing", seq=1)
    assert_broken(verify_lines(log.export(), *keys), "missing", seq=1)


COPY = """
    insert into audit_log select r.* from audit_log a,
    lateral jsonb_populate_record(a, jsonb_build_object('seq', {seq}, 'audit_id', gen_random_uuid())) r
    where a.tenant_id = :tenant and a.seq = {source}
"""


@pytest.mark.parametrize("day", [1, DAYS - 1], ids=["signed", "today"])
def test_an_inserted_entry(log, keys, day):
    """In between with everybody after it renumbered; beside another of its number; behind the end."""
    seq = seq_of(log, day)
    end = log.seq()
    log.alter(
        f"update audit_log set seq = seq + 1000000 where tenant_id = :tenant and seq > {seq}",
        f"update audit_log set seq = seq - 999999 where tenant_id = :tenant and seq > 1000000",
        COPY.format(seq=seq + 1, source=seq),
    )
    # of the two that follow the same entry either may be taken for the other's copy
    assert assert_broken(log.verify(), "inserted")["seq"] in (seq, seq + 1)
    assert assert_broken(verify_lines(log.export(), *keys), "inserted")["seq"] in (seq, seq + 1)
    assert log.seq() == end + 1


def test_a_second_entry_of_a_number(log, keys):
    seq = seq_of(log, 1)
    log.alter(COPY.format(seq=seq, source=seq).replace("'audit_id',", "'occurred_at', a.occurred_at + interval '1 ms', 'audit_id',"))
    assert len(log.rows("seq = %s", seq)) == 2
    assert_broken(log.verify(), "inserted", "changed", seq=seq)
    assert_broken(verify_lines(log.export(), *keys), "inserted", "changed", seq=seq)


@pytest.mark.parametrize("gap", [1, 5])
def test_an_entry_behind_the_end(log, keys, gap):
    end = log.seq()
    log.alter(COPY.format(seq=end + gap, source=end))
    assert_broken(log.verify(), "inserted", "changed", "missing", "head_changed")
    assert_broken(verify_lines(log.export(), *keys), "inserted", "changed", "missing", "head_changed")


@pytest.mark.parametrize("distance", [1, 3])
@pytest.mark.parametrize("day", [1, DAYS - 1], ids=["signed", "today"])
def test_two_entries_swapped(log, keys, distance, day):
    seq = seq_of(log, day)
    log.alter(
        f"update audit_log set seq = 1000000 where tenant_id = :tenant and seq = {seq}",
        f"update audit_log set seq = {seq} where tenant_id = :tenant and seq = {seq + distance}",
        f"update audit_log set seq = {seq + distance} where tenant_id = :tenant and seq = 1000000",
    )
    assert_broken(log.verify(), "reordered", "changed", seq=seq)
    assert_broken(verify_lines(log.export(), *keys), "reordered", "changed", seq=seq)


def test_the_end_cut_off(log, keys):
    end = log.seq()
    log.alter(f"delete from audit_log where tenant_id = :tenant and seq > {end - 3}")
    assert_broken(log.verify(), "truncated", seq=end - 2)
    assert_broken(verify_lines(log.export(), *keys), "truncated", seq=end - 2)
    # set back, up to the last checkpoint nothing shows: that is what the command says of itself
    back = (
        "update audit_chain c set seq = a.seq, hash = a.hash from audit_log a "
        "where c.tenant_id = :tenant and a.tenant_id = c.tenant_id and a.seq = "
    )
    log.alter(back + str(end - 3))
    assert log.verify()["intact"]
    said = run("audit", "verify", "--help").stdout
    assert "without a checkpoint" in " ".join(said.split()) and "cut off" in " ".join(said.split())


def test_cut_off_into_what_is_signed(log, original, keys):
    last = original.checkpoints()[-1][2]
    log.alter(
        f"delete from audit_log where tenant_id = :tenant and seq > {last - 2}",
        "update audit_chain c set seq = a.seq, hash = a.hash, checkpoint_seq = 0 from audit_log a "
        f"where c.tenant_id = :tenant and a.tenant_id = c.tenant_id and a.seq = {last - 2}",
    )
    assert_broken(log.verify(), "truncated", seq=last - 1)
    assert_broken(verify_lines(log.export(), *keys), "truncated", seq=last - 1)


def test_everything_deleted(log, keys):
    log.alter("delete from audit_log where tenant_id = :tenant", "delete from audit_chain where tenant_id = :tenant")
    assert_broken(log.verify(), "missing", "truncated", seq=1)
    assert_broken(verify_lines(log.export(), *keys), "missing", "truncated", seq=1)


@pytest.mark.parametrize("which", [0, 1, DAYS - 2])
def test_a_deleted_checkpoint(log, original, keys, which):
    first = original.checkpoints()[which][1]
    log.alter(f"delete from audit_checkpoint where tenant_id = :tenant and first_seq = {first}")
    assert_broken(log.verify(), "checkpoint_missing", seq=first)
    assert_broken(verify_lines(log.export(), *keys), "checkpoint_missing", seq=first)


FORGERIES = {
    "signature": "signature = sha512('x')",
    "last_hash": "last_hash = sha256('x')",
    "first_prev_hash": "first_prev_hash = sha256('x')",
    "last_seq": "last_seq = last_seq - 1",
    "day": "day = day - 1",
    "key_id": "key_id = 'another'",
    "tenant_id": "tenant_id = 2147483647",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_checkpoint(log, original, keys, forgery):
    first = original.checkpoints()[1][1]
    log.alter(f"update audit_checkpoint set {FORGERIES[forgery]} where tenant_id = :tenant and first_seq = {first}")
    for verdict in (log.verify(), verify_lines(log.export(), *keys)):
        found = assert_broken(verdict, "checkpoint_forged", "checkpoint_missing")
        assert first <= found["seq"] <= original.checkpoints()[2][1], found


def rewrite(log, seq):
    """Changes an entry and makes all hashes after it anew, the chain's end too: what somebody does who knows the rules."""
    row = """record_send(row(a.tenant_id, a.seq, a.occurred_at, a.audit_id, a.code, a.method, a.path, a.content_type,
             a.related_model, a.relation_key, a.apikey_id, a.status, a.request_id,
             case when a.who_salt is not null then calltrail_audit_commitment(a.who_salt, record_send(row(a.user_id, a.remote_addr, a.sender))) end,
             case when a.what_salt is not null then calltrail_audit_commitment(a.what_salt, record_send(row(a.query, a.value, a.data))) end))"""
    log.alter(
        f"update audit_log set value = 'made up' where tenant_id = :tenant and seq = {seq}",
        f"""
        do $$
        declare a audit_log; previous bytea;
        begin
            select hash into previous from audit_log where tenant_id = :tenant and seq = {seq - 1};
            for a in select * from audit_log where tenant_id = :tenant and seq >= {seq} order by seq loop
                update audit_log set prev_hash = previous, hash = sha256(previous || {row})
                where tenant_id = :tenant and audit_log.seq = a.seq returning hash into previous;
            end loop;
            update audit_chain set hash = previous where tenant_id = :tenant;
        end $$
        """,
    )


def test_a_signed_day_written_anew(log, original, keys):
    """Every hash fits, and only the signatures tell."""
    _, first, last = original.checkpoints()[1]
    rewrite(log, seq_of(log, 1))
    for verdict in (log.verify(), verify_lines(log.export(), *keys)):
        found = assert_broken(verdict, "changed")
        assert first <= found["seq"] <= last, found
    # without the checkpoints the installation would have to be without them
    log.alter("delete from audit_checkpoint where tenant_id = :tenant")
    assert_broken(log.verify(), "checkpoint_missing")


def test_today_written_anew(log):
    """What can't be found: no checkpoint covers it, and the end of the chain was written anew with it."""
    rewrite(log, seq_of(log, DAYS - 1))
    assert log.verify()["intact"]


def test_a_day_deleted(log, original, keys):
    day, first, _ = original.checkpoints()[1]
    log.alter(f"delete from audit_log where tenant_id = :tenant and occurred_at >= '{day}' and occurred_at < date '{day}' + 1")
    assert_broken(log.verify(), "missing", seq=first)
    assert_broken(verify_lines(log.export(), *keys), "missing", seq=first)


def test_a_partition_dropped_by_hand(log, original, keys):
    day, first, _ = original.checkpoints()[0]
    log.database.execute(f"drop table audit_log_{day:%Y%m%d}")
    assert_broken(log.verify(), "missing", seq=first)
    assert_broken(verify_lines(log.export(), *keys), "missing", seq=first)
    # it may be gone where the retention says so
    verdict = log.assert_intact(CALLTRAIL_AUDIT_RETENTION_DAYS="2")
    assert verdict["dropped_entries"] == original.checkpoints()[0][2]


@pytest.mark.parametrize("change", ["seq = seq - 1", "seq = seq + 1", "hash = sha256('x')", "checkpoint_seq = 0", None])
def test_the_chains_row(log, keys, change):
    if change is None:
        log.alter("delete from audit_chain where tenant_id = :tenant")
    else:
        log.alter(f"update audit_chain set {change} where tenant_id = :tenant")
    for verdict in (log.verify(), verify_lines(log.export(), *keys)):
        assert_broken(verdict, "head_changed", "truncated", "inserted", "missing")
