"""Facets, histogram and usage of one tenant with a million calls of thirty days."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

import load
import samples
from figure import Figure, percentile
from service import Bench, Seeded, Service, Tenant, say

GOAL_MS = 20
# requests of a round, of each kind
REQUESTS = 40
PATHS = {
    "facets": "/v1/call-logs/facets",
    "facets of errors of two applications": "/v1/call-logs/facets?status=error&application=zendesk,json_api",
    "histogram by hour": "/v1/call-logs/histogram?interval=hour",
    "histogram by day of errors": "/v1/call-logs/histogram?interval=day&status=error",
}
# the rows are read, or bodies and durations are looked at too: within the time budget, and complete or not
OTHERS_GOAL_MS = 500
OTHERS = {
    "histogram by hour of calls from 1 s, by rows": "/v1/call-logs/histogram?min_duration_ms=1000",
    "usage": "/v1/usage",
}


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Milliseconds from the first byte sent to the whole answer, one request at a time over a kept connection."""
    with Service(bench, "counts") as service:
        tenant = service.tenants(1)[0]
        # the oldest stay inside the retention while the figures are measured
        hours = bench.scale.seeded_days * 24 - 2
        lines = samples.stream(bench.binary, bench.scale.seeded_entries, seed=13, hours=hours)
        sent = load.send_all(
            samples.spread(lines, service.port, [tenant], bench.scale.request_entries), service.port, clients=4,
            progress=say)
        service.rows("vacuum analyze;")
        counts = int(service.rows("select count(*) from call_count")[0][0])
        say(f"{sent.accepted} entries, {counts} rows of counts")
        yield from _figures(bench, service, tenant, sent.accepted, counts, "not sealed")
        service.seal_days()
        yield from _figures(bench, service, tenant, sent.accepted, counts, "sealed")


def _figures(
    bench: Bench, service: Service, tenant: Tenant, entries: int, counts: int, seals: str
) -> Iterator[Figure]:
    """The days that are over are sealed, as they are after a minute, or not yet."""
    cut = {"facets of 29 days that begin and end in the midst of hours": "/v1/call-logs/facets" + _cutting_hours()}
    for name, path in (PATHS | cut | OTHERS).items():
        request = load.request("GET", path, service.port, tenant.key)
        client = load.Client(service.port)
        try:
            # the first ones plan their statements
            for _ in range(6):
                _time(client, request)
            times, whole = [], 0
            for _ in range(REQUESTS * bench.scale.rounds):
                milliseconds, answer = _time(client, request)
                times.append(milliseconds)
                whole += answer["complete"]
                _check(path, answer, entries)
        finally:
            client.close()
        p50, p99 = median(times), percentile(times, 0.99)
        goal = OTHERS_GOAL_MS if name in OTHERS else GOAL_MS
        # an answer that the budget cut is no answer to what was asked
        is_met = p50 <= goal and (name in OTHERS or whole == len(times))
        yield Figure(
            f"{name}, 30 days of {entries:,} entries, days {seals}",
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
            f"{counts:,} rows of counts; {whole} of {len(times)} answers complete", None, f"p50 ≤ {goal} ms",
            is_met)


def _check(path: str, answer: dict, entries: int) -> None:
    """A complete answer without filters has all entries."""
    found = None
    if path == PATHS["facets"]:
        found = answer["total"]
    elif path == PATHS["histogram by hour"]:
        found = sum(bucket["success"] + bucket["error"] for bucket in answer["data"])
    if found is not None and answer["complete"] and found != entries:
        raise RuntimeError(f"{path} counted {found} of {entries} entries")


def _cutting_hours() -> str:
    to = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=2)
    return f"?from={to - timedelta(days=29):%Y-%m-%dT%H:%M:%SZ}&to={to:%Y-%m-%dT%H:%M:%SZ}"


def _time(client: load.Client, request: bytes) -> tuple[float, dict]:
    start = time.perf_counter()
    answer = client.send(request)
    seconds = time.perf_counter() - start
    if answer.status != 200:
        raise RuntimeError(f"a count was answered by {answer.status}: {answer.body[:500]!r}")
    return seconds * 1000, json.loads(answer.body)
