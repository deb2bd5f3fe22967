"""One entry a request over 64 connections, against a route of the same binary that touches nothing."""

from collections.abc import Iterator

import load
import samples
import wrk
from figure import Figure, middle, middle_ratio
from processes import process_seconds, server_seconds
from service import Bench, Seeded, Service, say

CONNECTIONS = 64
BODIES = 20_000
# prepared.lua puts fourteen characters here
PLACE = b"@" * 14


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Requests a second and the 99th percentile, without and with ids of the client."""
    with Service(bench, "single") as service:
        key = service.tenants(1)[0].key
        lines = list(samples.stream(bench.binary, min(BODIES, bench.scale.ingest_entries), seed=5, hours=6))

        def post(line: bytes) -> bytes:
            return load.request("POST", "/v1/call-logs", service.port, key, line.rstrip(b"\n"), "application/json")

        directory = bench.directory
        static = wrk.write(directory / "static", [load.request("GET", "/livez", service.port, None)])
        plain = wrk.write(directory / "plain", [post(line) for line in lines])
        named = wrk.write(directory / "named", [post(b'{"id":"%s",%s' % (PLACE, line[1:])) for line in lines])
        yield from _compare(bench, service, "single-entry POST, 64 connections", static, plain, ["sequence"])
        yield from _compare(bench, service, "the same, unique client ids", static, named, ["sequence", "unique"])


def _compare(bench: Bench, service: Service, name: str, static, posts, words: list[str]) -> Iterator[Figure]:
    ours: list[wrk.Rate] = []
    limits: list[wrk.Rate] = []
    seconds = bench.scale.seconds
    for number in range(bench.scale.rounds):
        service.forget_calls()
        bench.postgres.checkpoint()
        api, server = process_seconds(service.api), server_seconds(bench.postgres.postmaster)
        ours.append(wrk.run(service.port, posts, CONNECTIONS, seconds, *words))
        api, server = process_seconds(service.api) - api, server_seconds(bench.postgres.postmaster) - server
        _check_stored(service, ours[-1])
        bench.postgres.checkpoint()
        limits.append(wrk.run(service.port, static, CONNECTIONS, seconds, "sequence"))
        say(
            f"round {number + 1}: {ours[-1].per_second:,.0f}/s, p99 {ours[-1].p99:.1f} ms; "
            f"static {limits[-1].per_second:,.0f}/s; CPU a request: api {1e6 * api / ours[-1].all_requests:.0f} µs, "
            f"PostgreSQL {1e6 * server / ours[-1].all_requests:.0f} µs; "
            f"{_entries_per_commit(service):.1f} entries a commit")
    rates, limit_rates = [rate.per_second for rate in ours], [rate.per_second for rate in limits]
    ratio = middle_ratio(rates, limit_rates)
    yield Figure(
        name, f"{middle(rates):,.0f} requests/s", f"GET /livez: {middle(limit_rates):,.0f}/s", ratio, "≥ 0.4",
        ratio >= 0.4)
    p99 = middle([rate.p99 for rate in ours])
    yield Figure(f"{name}: p99", f"{p99:.1f} ms", "", None, "≤ 30 ms", p99 <= 30)


def _entries_per_commit(service: Service) -> float:
    """One tenant's entries of one commit and day make one block."""
    return float(service.rows("select avg(entries) from call_body")[0][0])


def _check_stored(service: Service, rate: wrk.Rate) -> None:
    """Every answered request left its entry; those under way at the two ends may have left theirs too."""
    stored = int(service.rows("select count(*) from call_log")[0][0])
    if not rate.all_requests <= stored <= rate.all_requests + 2 * CONNECTIONS:
        raise RuntimeError(f"{rate.all_requests} requests were answered, {stored} entries are stored")
