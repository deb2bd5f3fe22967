"""The newest fifty calls of a tenant, against the same statement by pgbench."""

import re
from collections.abc import Iterator

import load
import pgbench
import statements
import wrk
from figure import Figure, middle, middle_ratio
from service import Bench, Seeded, say
from statements import Statement

PATH = "/v1/call-logs?limit=50"


def measure(bench: Bench, seeded: Seeded) -> Iterator[Figure]:
    """Latencies at eight connections, the tenant chosen at random each time."""
    service = seeded.service
    requests = wrk.write(
        bench.directory / "pages",
        [load.request("GET", PATH, service.port, tenant.key) for tenant in seeded.tenants])
    captured = statements.transaction(service, PATH, seeded.tenants[0].key, containing="from call_log")
    numbers = sorted(tenant.number for tenant in seeded.tenants)
    script, variables = _script(captured, numbers)
    ours: list[wrk.Rate] = []
    limits: list[pgbench.Latencies] = []
    for number in range(bench.scale.rounds):
        bench.postgres.checkpoint()
        ours.append(wrk.run(service.port, requests, pgbench.CLIENTS, bench.scale.seconds, "random"))
        bench.postgres.checkpoint()
        limits.append(pgbench.run(service, [script], variables, bench.scale.seconds))
        say(
            f"round {number + 1}: ours p50 {ours[-1].p50:.2f} p99 {ours[-1].p99:.2f} ms, {ours[-1].per_second:,.0f}/s; "
            f"pgbench p50 {limits[-1].p50:.2f} p99 {limits[-1].p99:.2f} ms, {limits[-1].per_second:,.0f}/s")
    yield from _figures(ours, limits)


def _figures(ours: list[wrk.Rate], limits: list[pgbench.Latencies]) -> Iterator[Figure]:
    name = "newest-50 page, 8 connections"
    p50, limit_p50 = middle([rate.p50 for rate in ours]), middle([limit.p50 for limit in limits])
    difference = middle([rate.p50 - limit.p50 for rate, limit in zip(ours, limits)])
    yield Figure(
        f"{name}: p50", f"{p50:.2f} ms ({middle([rate.per_second for rate in ours]):,.0f}/s)",
        f"pgbench: {limit_p50:.2f} ms ({middle([limit.per_second for limit in limits]):,.0f}/s)", p50 / limit_p50,
        "≤ limit + 0.5 ms", difference <= 0.5)
    p99, limit_p99 = [rate.p99 for rate in ours], [limit.p99 for limit in limits]
    ratio = middle_ratio(p99, limit_p99)
    yield Figure(
        f"{name}: p99", f"{middle(p99):.2f} ms", f"pgbench: {middle(limit_p99):.2f} ms", ratio, "≤ 2.0", ratio <= 2.0)


def _script(captured: list[Statement], tenants: list[int]) -> tuple[str, dict[str, str]]:
    """One script for all tenants: the statement is prepared once a connection, as in the api.

    SET takes no parameter, so the line that names the tenant is chosen among one a tenant.
    """
    script, variables = pgbench.script(captured, "page")
    for statement_index, statement in enumerate(captured):
        for match in re.finditer(r"tenant_id = \$(\d+)", statement.text):
            name = f"page_{statement_index}_{match[1]}"
            script = re.sub(rf":{name}\b", ":tenant", script)
            variables.pop(name, None)
    lines = []
    for line in script.splitlines():
        if "app" in line and "tenant_id" in line and line.startswith("set local"):
            lines += _choice(tenants, lambda tenant, line=line: re.sub(r"'\d+'", f"'{tenant}'", line))
        else:
            lines.append(line)
    # pgbench gives consecutive numbers; the tenants' own need not be
    if tenants != list(range(tenants[0], tenants[0] + len(tenants))):
        raise RuntimeError("the tenants' numbers are not consecutive")
    return f"\\set tenant random({tenants[0]}, {tenants[-1]})\n" + "\n".join(lines) + "\n", variables


def _choice(tenants: list[int], line) -> list[str]:
    """Nested conditions that lead to one tenant's line in few steps."""
    if len(tenants) == 1:
        return [line(tenants[0])]
    half = len(tenants) // 2
    return [
        f"\\if :tenant < {tenants[half]}", *_choice(tenants[:half], line), "\\else", *_choice(tenants[half:], line),
        "\\endif",
    ]
