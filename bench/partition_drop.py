"""Ingest at a steady pace while the worker drops a day's partitions, against the same without."""

import threading
import time
from collections.abc import Iterator

import load
import samples
from figure import Figure, middle, middle_ratio, percentile
from service import Bench, Seeded, Service, Tenant, say

SENDERS = 8
REQUESTS_A_SECOND = 50
REQUEST_ENTRIES = 20
# the api keeps 30 days; a worker that keeps fewer drops a day that the api still took in
WORKER_DAYS = 28
OLD_DAYS = 29


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """The 99th percentile of small requests that are due at fixed times, whatever the ones before did."""
    with Service(bench, "partition") as service:
        tenant = service.tenants(1)[0]
        lines = list(samples.stream(bench.binary, 10_000, seed=3, hours=1))
        requests = [
            load.request("POST", "/v1/call-logs", service.port, tenant.key, b"".join(group), samples.NDJSON)
            for group in samples.chunks(lines, REQUEST_ENTRIES)
        ]
        worker = service.start("worker", CALLTRAIL_RETENTION_DAYS=str(WORKER_DAYS))
        service.bench.postgres.wait(
            "exists (select from schedule where kind = 'retention' and last_finished_at is not null)",
            service.database, 30, "the worker's first retention run")
        _paced(service, requests, 2)
        without: list[float] = []
        beside: list[float] = []
        for number in range(bench.scale.rounds):
            bench.postgres.checkpoint()
            without.append(_paced(service, requests, bench.scale.drop_seconds))
            _seed_old_day(bench, service, tenant)
            bench.postgres.checkpoint()
            beside.append(_paced_beside_drop(service, requests, bench.scale.drop_seconds))
            say(f"round {number + 1}: p99 {without[-1]:.1f} ms without, {beside[-1]:.1f} ms with a drop")
        service.stop(worker)
    ratio = middle_ratio(beside, without)
    yield Figure(
        f"p99 of {REQUESTS_A_SECOND} requests/s of {REQUEST_ENTRIES} entries while a day is dropped",
        f"{middle(beside):.1f} ms", f"without: {middle(without):.1f} ms", ratio, "≤ 2.0", ratio <= 2.0)


def _seed_old_day(bench: Bench, service: Service, tenant: Tenant) -> None:
    """Fills a day that the api still takes in and the worker no longer keeps."""
    day = service.rows(f"select to_char((app_now() at time zone 'utc')::date - {OLD_DAYS}, 'YYYY-MM-DD')")[0][0]
    start = b'{"occurred_at":"'
    lines = [
        start + day.encode() + line[len(start) + 10 :]
        for line in samples.stream(bench.binary, bench.scale.dropped_entries, seed=4, hours=24)
        if line.startswith(start)
    ]
    requests = [
        load.request("POST", "/v1/call-logs", service.port, tenant.key, b"".join(group), samples.NDJSON)
        for group in samples.chunks(lines, 1000)
    ]
    load.send_all(requests, service.port, clients=2)


def _paced_beside_drop(service: Service, requests: list[bytes], seconds: int) -> float:
    """Makes the worker's retention due after a quarter of the time; it looks every ten seconds."""
    dropped: list[bool] = []

    def make_due() -> None:
        service.rows("delete from schedule where kind = 'retention'")
        old = f"day <= (app_now() at time zone 'utc')::date - {OLD_DAYS}"
        condition = f"select not exists (select from calltrail_leaves() where {old})"
        until = time.monotonic() + seconds
        while time.monotonic() < until and not dropped:
            if service.rows(condition)[0][0] == "t":
                dropped.append(True)
            time.sleep(0.5)

    timer = threading.Timer(seconds / 4, make_due)
    timer.start()
    p99 = _paced(service, requests, seconds)
    timer.join()
    if not dropped:
        raise RuntimeError("the worker did not drop the old day in time")
    return p99


def _paced(service: Service, requests: list[bytes], seconds: int) -> float:
    """Milliseconds, from when a request was due to its answer, that 99 of 100 keep."""
    count = seconds * REQUESTS_A_SECOND
    latencies: list[float] = []
    failures: list[BaseException] = []
    lock = threading.Lock()
    numbers = iter(range(count))
    clients = [load.Client(service.port) for _ in range(SENDERS)]
    start = time.monotonic() + 0.1

    def work(client: load.Client) -> None:
        try:
            while not failures:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                due = start + number / REQUESTS_A_SECOND
                time.sleep(max(0.0, due - time.monotonic()))
                load.accepted(client.send(requests[number % len(requests)]))
                latencies.append((time.monotonic() - due) * 1000)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    if failures:
        raise failures[0]
    return percentile(latencies, 0.99)
