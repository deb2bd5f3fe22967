"""One call by its id, with headers and bodies, against the same statement by pgbench."""

from collections.abc import Iterator

import load
import pgbench
import statements
import wrk
from figure import Figure, middle, middle_ratio
from service import Bench, Seeded, Tenant, say

# pgbench takes 128 scripts at most
CALLS = 64


def measure(bench: Bench, seeded: Seeded) -> Iterator[Figure]:
    """Requests a second at eight connections, the call chosen at random among the same ones each time."""
    service = seeded.service
    calls = _calls(seeded)
    requests = wrk.write(
        bench.directory / "entries",
        [load.request("GET", f"/v1/call-logs/{call}", service.port, tenant.key) for tenant, call in calls])
    scripts: list[str] = []
    variables: dict[str, str] = {}
    for index, (tenant, call) in enumerate(calls):
        captured = statements.transaction(service, f"/v1/call-logs/{call}", tenant.key, containing="from call_log")
        script, own = pgbench.script(captured, f"call{index}")
        scripts.append(script)
        variables |= own
    ours: list[float] = []
    limits: list[float] = []
    for number in range(bench.scale.rounds):
        bench.postgres.checkpoint()
        ours.append(wrk.run(service.port, requests, pgbench.CLIENTS, bench.scale.seconds, "random").per_second)
        bench.postgres.checkpoint()
        limits.append(pgbench.run(service, scripts, variables, bench.scale.seconds).per_second)
        say(f"round {number + 1}: ours {ours[-1]:,.0f}/s, pgbench {limits[-1]:,.0f}/s")
    ratio = middle_ratio(ours, limits)
    yield Figure(
        "one entry by id with bodies, 8 connections", f"{middle(ours):,.0f} requests/s",
        f"pgbench: {middle(limits):,.0f}/s", ratio, "≥ 0.4", ratio >= 0.4)


def _calls(seeded: Seeded) -> list[tuple[Tenant, str]]:
    """Calls of random days, one a tenant: the api limits the requests of a key."""
    rows = seeded.service.rows(
        f"""
        select tenant_id, id from (
            select distinct on (tenant_id) tenant_id, id from call_log order by tenant_id, md5(id::text)) one
        order by md5(id::text) limit {CALLS}
        """)
    tenants = {tenant.number: tenant for tenant in seeded.tenants}
    return [(tenants[int(number)], identifier) for number, identifier in rows]
