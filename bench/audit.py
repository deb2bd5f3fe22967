"""The audit log: searching it, what recording costs, and verifying it."""

import json
import time
from collections.abc import Iterator

import load
import pgbench
import statements
import wrk
from figure import Figure, middle, middle_ratio
from service import Bench, Seeded, Service, Tenant, say

# keys of the tenant whose log is searched
KEYS = 20
DAYS = 30
# entries of one call of the function that appends
BATCH = 1_000


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Figures of a database of its own."""
    with Service(bench, "audit") as service:
        # one key asks as fast as it can
        service.stop(service.processes[0])
        service.start("api", CALLTRAIL_READS_PER_MINUTE="100000000")
        service.wait_until_alive()
        searched, verified = service.tenants(2)
        yield from _search(bench, service, searched)
        yield from _recording(bench, service)
        yield _verification(bench, service, verified)


def _search(bench: Bench, service: Service, tenant: Tenant) -> Iterator[Figure]:
    """The newest fifty calls of a key, at eight connections, the key chosen at random each time."""
    reader = json.loads(
        service.command("key", "create", "--tenant", str(tenant.number), "--name", "r", "--scopes", "audit:read"))["key"]
    _fill(service, tenant.number, bench.scale.audit_entries)
    keys = [row[0] for row in service.rows("select distinct apikey_id from audit_log where seq between 1000 and 1200")]
    paths = [f"/v1/logentry/search/?code=AAA-0010&apikey_id={key}&limit=50" for key in keys[:KEYS]]
    requests = wrk.write(
        bench.directory / "audit", [load.request("GET", path, service.port, reader) for path in paths])
    scripts: list[str] = []
    variables: dict[str, str] = {}
    for index, path in enumerate(paths):
        captured = statements.transaction(service, path, reader, containing="from audit_log")
        script, own = pgbench.script(captured, f"search{index}")
        scripts.append(script)
        variables |= own
    ours: list[wrk.Rate] = []
    limits: list[pgbench.Latencies] = []
    for number in range(bench.scale.rounds):
        bench.postgres.checkpoint()
        ours.append(wrk.run(service.port, requests, pgbench.CLIENTS, bench.scale.seconds, "random"))
        bench.postgres.checkpoint()
        limits.append(pgbench.run(service, scripts, variables, bench.scale.seconds))
        say(
            f"round {number + 1}: ours p50 {ours[-1].p50:.2f} p99 {ours[-1].p99:.2f} ms; "
            f"pgbench p50 {limits[-1].p50:.2f} p99 {limits[-1].p99:.2f} ms")
    p99, limit_p99 = [rate.p99 for rate in ours], [limit.p99 for limit in limits]
    ratio = middle_ratio(p99, limit_p99)
    yield Figure(
        f"newest 50 by key and code of {bench.scale.audit_entries:,} audit entries, 8 connections: p99",
        f"{middle(p99):.2f} ms (p50 {middle([rate.p50 for rate in ours]):.2f})",
        f"pgbench: {middle(limit_p99):.2f} ms (p50 {middle([limit.p50 for limit in limits]):.2f})", ratio, "≤ 2.0",
        ratio <= 2.0)


def _fill(service: Service, tenant: int, entries: int) -> None:
    """Entries that are only searched: made without their chain, which would take the most time."""
    say(f"making {entries:,} audit entries")
    service.rows(
        f"""
        select calltrail_create_audit_day(current_date - n) from generate_series(0, {DAYS}) n;
        alter table audit_log disable trigger all;
        insert into audit_log (tenant_id, occurred_at, seq, audit_id, code, method, path, query, content_type, apikey_id,
                               remote_addr, sender, status, request_id, who_salt, what_salt, prev_hash, hash)
        select {tenant}, app_now() - make_interval(secs => ({entries} - n) * ({DAYS} * 86400.0 - 7200) / {entries}),
               n + 1000, gen_random_uuid(), case when n % 20 = 0 then 'ABB-0030' else 'AAA-0010' end, 'GET',
               '/v1/call-logs', 'status=error&limit=50', 'application/json',
               md5('key' || n % {KEYS})::uuid, '203.0.113.7', 'Backend', 200, 'req_' || n,
               gen_random_uuid(), gen_random_uuid(), sha256(n::text::bytea), sha256((n + 1)::text::bytea)
        from generate_series(1, {entries}) n;
        alter table audit_log enable trigger all;
        vacuum analyze audit_log;
        """)


def _recording(bench: Bench, service: Service) -> Iterator[Figure]:
    """Requests a second of one entry by id, with recording and with an append that does nothing."""
    tenant = service.tenants(1)[0]
    body = json.dumps({
        "application": "zendesk", "bot": {"id": "b"}, "method": "GET", "url": "https://api.example.com/v2/tickets.json",
        "status_code": 200}).encode()
    client = load.Client(service.port)
    answer = client.send(
        load.request("POST", "/v1/call-logs", service.port, tenant.key, body, "application/json"))
    client.close()
    call = json.loads(answer.body)["id"]
    requests = wrk.write(
        bench.directory / "recorded", [load.request("GET", f"/v1/call-logs/{call}", service.port, tenant.key)])
    recorded: list[float] = []
    unrecorded: list[float] = []
    for number in range(bench.scale.rounds):
        for rates, records in ((recorded, True), (unrecorded, False)):
            _let_record(service, records)
            bench.postgres.checkpoint()
            rates.append(wrk.run(service.port, requests, pgbench.CLIENTS, bench.scale.seconds, "random").per_second)
        say(f"round {number + 1}: {recorded[-1]:,.0f}/s recorded, {unrecorded[-1]:,.0f}/s not")
    _let_record(service, True)
    ratio = middle_ratio(recorded, unrecorded)
    yield Figure(
        "one entry by id, each request recorded, 8 connections", f"{middle(recorded):,.0f} requests/s",
        f"with an append that does nothing: {middle(unrecorded):,.0f}/s", ratio, "≥ 0.9", ratio >= 0.9)


def _let_record(service: Service, records: bool) -> None:
    """Puts a function that does nothing in the place of the one that appends, or takes it away again."""
    names = "integer[], timestamptz[], uuid[], text[], text[], text[], text[], text[], text[], text[], uuid[], uuid[], " \
        "text[], text[], text[], text[], smallint[], text[]"
    arguments = f"({names})"
    standing = service.rows("select to_regprocedure('audit_append_aside" + arguments + "') is not null")[0][0] == "t"
    if standing == (not records):
        return
    if records:
        service.rows(
            f"drop function calltrail_audit_append{arguments};"
            f"alter function audit_append_aside{arguments} rename to calltrail_audit_append;")
    else:
        service.rows(
            f"alter function calltrail_audit_append{arguments} rename to audit_append_aside;"
            f"create function calltrail_audit_append{arguments} returns void language sql as 'select';"
            "grant execute on all functions in schema public to public;")


def _verification(bench: Bench, service: Service, tenant: Tenant) -> Figure:
    """Entries a second of `calltrail audit verify`, start included, over entries that were appended."""
    entries = bench.scale.audit_verified
    say(f"appending {entries:,} audit entries")
    service.rows(
        f"""
        do $$
        begin
            for batch in 0..{entries // BATCH - 1} loop
                perform calltrail_audit_append(
                    array_agg({tenant.number}), array_agg(app_now() - make_interval(mins => 1)),
                    array_agg(gen_random_uuid()), array_agg('AAA-0010'::text), array_agg('GET'::text),
                    array_agg('/v1/call-logs'::text), array_agg('status=error&limit=50'::text),
                    array_agg('application/json'::text), array_agg(null::text), array_agg(null::text),
                    array_agg(md5('key' || n % {KEYS})::uuid), array_agg(null::uuid), array_agg('203.0.113.7'::text),
                    array_agg('Backend'::text), array_agg(null::text), array_agg(null::text), array_agg(200::smallint),
                    array_agg('req_' || n))
                from generate_series(1, {BATCH}) n;
                commit;
            end loop;
        end
        $$;
        vacuum analyze audit_log;
        """)
    rates = []
    for number in range(bench.scale.rounds):
        begin = time.monotonic()
        answer = json.loads(service.command("audit", "verify", "--tenant", str(tenant.number)))
        rates.append(answer["entries"] / (time.monotonic() - begin))
        if not answer["intact"] or answer["entries"] < entries:
            raise RuntimeError(f"verify found {answer}")
        say(f"round {number + 1}: {rates[-1]:,.0f} entries/s")
    rate = middle(rates)
    return Figure(
        f"calltrail audit verify, {entries:,} entries", f"{rate:,.0f} entries/s", "", None, "≥ 200,000 entries/s",
        rate >= 200_000)
