"""What the first-error check costs ingest: the same erroneous entries as of now, and as of when nobody is told any more."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import load
import samples
from figure import Figure, middle, middle_ratio
from service import Bench, Seeded, Service, say

CLIENTS = 2
# every so many-th entry is an error
ERRORS = 5
STATUS = re.compile(rb'"status_code":[0-9]+')
TIME = re.compile(rb'"occurred_at":"([^"]+)"')


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Entries a second with and without the check."""
    with Service(bench, "first_error") as service:
        tenant = service.tenants(1)[0]
        # within the last hours of one day, so that both sets lie in one day each
        lines = list(samples.stream(bench.binary, bench.scale.ingest_entries // 2, seed=9, hours=0.2))
        fresh = [_with_errors(index, line) for index, line in enumerate(lines)]
        sets = {
            days: [
                load.request(
                    "POST", "/v1/call-logs", service.port, tenant.key, b"".join(_aged(line, days) for line in group),
                    samples.NDJSON)
                for group in samples.chunks(fresh, 100)
            ]
            for days in (0, 2)
        }
        rates: dict[int, list[float]] = {0: [], 2: []}
        for number in range(bench.scale.rounds + 1):
            # in turns, each set first as often as second
            for days in (0, 2) if number % 2 else (2, 0):
                service.forget_calls()
                bench.postgres.checkpoint()
                sent = load.send_all(sets[days], service.port, CLIENTS)
                if number:
                    rates[days].append(sent.accepted / sent.seconds)
            if number:
                say(f"round {number}: {rates[0][-1]:,.0f}/s with the check, {rates[2][-1]:,.0f}/s without")
        opened = int(service.rows("select count(*) from error_cycle")[0][0])
        if not opened:
            raise RuntimeError("no cycle was opened: the check did not run")
    ratio = middle_ratio(rates[0], rates[2])
    yield Figure(
        f"ingest with first-error checks, every {ERRORS}th entry an error", f"{middle(rates[0]):,.0f} entries/s",
        f"without: {middle(rates[2]):,.0f}/s", ratio, "≥ 0.95", ratio >= 0.95)


def _with_errors(index: int, line: bytes) -> bytes:
    return STATUS.sub(b'"status_code":' + (b"503" if index % ERRORS == 0 else b"200"), line, count=1)


def _aged(line: bytes, days: int) -> bytes:
    if not days:
        return line

    def older(match: re.Match) -> bytes:
        time = datetime.fromisoformat(match[1].decode()) - timedelta(days=days)
        return b'"occurred_at":"' + time.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode() + b'"'

    return TIME.sub(older, line, count=1)
