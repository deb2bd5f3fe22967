"""What entries take that were posted one by one, after compaction, against the same entries posted in batches."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import load
import samples
from figure import Figure
from service import Bench, Seeded, Service, say

ENTRIES = 20_000
TIME = re.compile(rb'"occurred_at":"[^"]+"')


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Bytes an entry, indexes included, of a day that is over."""
    count = min(ENTRIES, bench.scale.ingest_entries)
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    lines = []
    for index, line in enumerate(samples.stream(bench.binary, count, seed=13, hours=24)):
        milliseconds = index * 86_400_000 // count
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        lines.append(TIME.sub(b'"occurred_at":"' + at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode() + b'"', line, count=1))
    sizes: dict[int, float] = {}
    before = 0.0
    for size in (1000, 1):
        with Service(bench, f"compaction_{size}") as service:
            tenant = service.tenants(1)[0]
            requests = [
                load.request("POST", "/v1/call-logs", service.port, tenant.key, b"".join(group), samples.NDJSON)
                for group in samples.chunks(lines, size)
            ]
            sent = load.send_all(requests, service.port, clients=8)
            if size == 1:
                before = _bytes(service, day) / sent.accepted
            _compact(service)
            sizes[size] = _bytes(service, day) / sent.accepted
    say(f"singles: {before:,.0f} bytes an entry before compaction, {sizes[1]:,.0f} after; batches {sizes[1000]:,.0f}")
    ratio = sizes[1] / sizes[1000]
    yield Figure(
        "stored bytes an entry posted alone, after compaction", f"{sizes[1]:,.0f} (before: {before:,.0f})",
        f"posted in batches: {sizes[1000]:,.0f}", ratio, "≤ 1.3", ratio <= 1.3)


def _compact(service: Service) -> None:
    """Lets a worker run until its compaction has ended with nothing left to do."""
    worker = service.start("worker")
    service.bench.postgres.wait(
        "exists (select from schedule where kind = 'compaction' and last_finished_at is not null and last_error is null)",
        service.database, 120, "the end of compaction")
    service.stop(worker)


def _bytes(service: Service, day) -> int:
    suffix = day.strftime("%Y%m%d")
    tables = ", ".join(f"'{parent}_{suffix}'" for parent in ("call_log", "call_body", "call_count"))
    return int(service.rows(f"select sum(pg_total_relation_size(t::regclass)) from unnest(array[{tables}]) t")[0][0])
