"""The console's pages as somebody with thirty days of calls sees them: server time of each."""

import json
import time
from collections.abc import Iterator
from statistics import median

import load
import samples
from figure import Figure, percentile
from service import Bench, Seeded, Service, say

GOAL_MS = 30
# as many as the demo begins with
CALLS = 60_000
# requests of a round, of each page
REQUESTS = 50
PAGES = [
    "/logs", "/logs?period=7d", "/logs?status=error&application=zendesk,json_api", "/connections", "/bots", "/usage",
    "/shares", "/audit", "/team", "/api-keys", "/settings/notifications", "/account",
]
EMAIL, PASSWORD = "console@example.com", "a password for the bench"


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Milliseconds from the first byte sent to the whole page, one request at a time over a kept connection."""
    with Service(bench, "console") as service:
        tenant = service.tenants(1)[0]
        service.command(
            "user", "create", "--tenant", str(tenant.number), "--email", EMAIL, "--role", "owner", "--password-stdin",
            given=PASSWORD + "\n")
        hours = bench.scale.seeded_days * 24 - 2
        lines = samples.stream(bench.binary, min(CALLS, bench.scale.seeded_entries), seed=17, hours=hours)
        sent = load.send_all(
            samples.spread(lines, service.port, [tenant], bench.scale.request_entries), service.port, clients=4,
            progress=say)
        service.rows("vacuum analyze;")
        service.seal_days()
        token = _sign_in(service)
        for path in PAGES:
            times, size = _times(service, path, token, REQUESTS * bench.scale.rounds)
            p50, p99 = median(times), percentile(times, 0.99)
            yield Figure(
                f"console: {path}, {sent.accepted:,} calls of 30 days", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
                f"{size:,} bytes", None, f"p99 ≤ {GOAL_MS} ms", p99 <= GOAL_MS)


def _sign_in(service: Service) -> str:
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    client = load.Client(service.port)
    answer = client.send(load.request("POST", "/v1/sessions", service.port, None, body, "application/json"))
    client.close()
    if answer.status != 201:
        raise RuntimeError(f"signing in was answered by {answer.status}: {answer.body[:500]!r}")
    return json.loads(answer.body)["token"]


def _times(service: Service, path: str, token: str, count: int) -> tuple[list[float], int]:
    client = load.Client(service.port)
    request = load.request("GET", path, service.port, token)
    times, size = [], 0
    try:
        # the first ones plan their statements, on each of the connections
        for index in range(count + 20):
            start = time.perf_counter()
            answer = client.send(request)
            if index >= 20:
                times.append((time.perf_counter() - start) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{path} was answered by {answer.status}: {answer.body[:500]!r}")
            size = len(answer.body)
    finally:
        client.close()
    return times, size
