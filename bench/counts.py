"""Facets, histogram and usage of one tenant with a million calls of thirty days."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

import load
import samples
from figure import Figure, percentile
from service import Bench, Seeded, Service, say

GOAL_MS = 20
# requests of a round, of each kind
REQUESTS = 40
PATHS = {
    "facets": "/v1/call-logs/facets",
    "facets of errors of two applications": "/v1/call-logs/facets?status=error&application=zendesk,json_api",
    "histogram by hour": "/v1/call-logs/histogram?interval=hour",
    "histogram by day of errors": "/v1/call-logs/histogram?interval=day&status=error",
}
# no goal: the rows are read, or bodies and durations are looked at too
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
        cut = {"facets of 29 days that begin and end in the midst of hours": "/v1/call-logs/facets" + _cutting_hours()}
        for name, path in (PATHS | cut | OTHERS).items():
            request = load.request("GET", path, service.port, tenant.key)
            client = load.Client(service.port)
            try:
                # the first ones plan their statements
                times = [_time(client, request) for _ in range(6 + REQUESTS * bench.scale.rounds)][6:]
            finally:
                client.close()
            p50, p99 = median(times), percentile(times, 0.99)
            has_goal = name not in OTHERS
            yield Figure(
                f"{name}, 30 days of {sent.accepted:,} entries", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
                f"{counts:,} rows of counts", None, f"p50 ≤ {GOAL_MS} ms" if has_goal else "none",
                not has_goal or p50 <= GOAL_MS)


def _cutting_hours() -> str:
    to = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=2)
    return f"?from={to - timedelta(days=29):%Y-%m-%dT%H:%M:%SZ}&to={to:%Y-%m-%dT%H:%M:%SZ}"


def _time(client: load.Client, request: bytes) -> float:
    start = time.perf_counter()
    answer = client.send(request)
    seconds = time.perf_counter() - start
    if answer.status != 200:
        raise RuntimeError(f"a count was answered by {answer.status}: {answer.body[:500]!r}")
    return seconds * 1000
