"""Connections against an application that answers in 100 ms: checks by the worker, calls through the proxy, a stampede."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import load
from connected import APPLICATIONS, PASSWORD, USER, Caller, Connected
from figure import Figure, middle, percentile
from processes import MemorySampler, resident_bytes
from service import Bench, Seeded, say

# connections of the checks
FULL, QUICK = 100_000, 1_000
GOAL_PER_HOUR = 100_000
LATENCY_MS = 100
# of one tenant
CONNECTIONS_OF_A_TENANT = 2_000
# what can't be made in this time is not waited for: the goal is a rate
MAKING_SECONDS = 300
MAKERS = 24
CALLS, WARM_UP = 2_000, 200
STAMPEDE = 50
MEBIBYTE = 1 << 20


def measure(bench: Bench, _: Seeded, count: int) -> Iterator[Figure]:
    """What a proxied call costs, what a stampede asks, and how fast `count` connections are checked."""
    with Connected(bench, "calls") as service:
        yield _proxy(service)
        yield _stampede(service)
    with Connected(bench, "checks") as service:
        yield from _checks(service, count)


def _together(count: int, work: Callable[[int], None]) -> None:
    """Runs `work` in so many threads; the first failure is raised when all have ended."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# The figures:


def _proxy(service: Connected) -> Figure:
    """The same small GET through the proxy and at the provider itself, in turns, over a kept connection each."""
    key = service.keys(1)[0]
    id = _connect_one(service, "twilio", "Proxied", key)
    port = service.provider.port
    credential = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    direct = f"GET /api/x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {credential}\r\n\r\n".encode()
    proxied = load.request("GET", f"/v1/proxy/{id}/x", service.port, key)
    clients = [(load.Client(service.port), proxied), (load.Client(port), direct)]
    milliseconds: list[list[float]] = [[], []]
    for number in range(CALLS + WARM_UP):
        for (client, request), taken in zip(clients, milliseconds):
            begin = time.perf_counter()
            answer = client.send(request)
            elapsed = (time.perf_counter() - begin) * 1000
            if answer.status != 200:
                raise RuntimeError(f"a call was answered {answer.status}: {answer.body[:500]!r}")
            if number >= WARM_UP:
                taken.append(elapsed)
    for client, _ in clients:
        client.close()
    (p50, limit_p50), (p99, limit_p99) = ([percentile(taken, share) for taken in milliseconds] for share in (0.5, 0.99))
    return Figure(
        "a small GET through the proxy: p50 (p99)", f"{p50:.2f} ms ({p99:.2f} ms)",
        f"directly: {limit_p50:.2f} ms ({limit_p99:.2f} ms)", p50 / limit_p50, "≤ limit + 3 ms", p50 - limit_p50 <= 3)


def _stampede(service: Connected) -> Figure:
    """Fifty ask for a token together that has run out, each over a connection of its own."""
    provider = service.provider
    key = service.keys(1)[0]
    calls, slowest = [], []
    for number in range(service.bench.scale.rounds):
        # so that those who come later find the first one waiting
        provider.set(expires_in=1, latency_ms=LATENCY_MS)
        id = _connect_one(service, "zendesk", f"Stampede {number}", key)
        time.sleep(1.5)
        # what is bought now lasts
        provider.set(expires_in=3600)
        before = provider.count("token")
        slowest.append(_stampede_once(service.port, id, key))
        calls.append(provider.count("token") - before)
        say(f"round {number + 1}: {calls[-1]} calls, all answered after {slowest[-1]:.0f} ms")
    provider.set(expires_in=None, latency_ms=0)
    return Figure(
        f"{STAMPEDE} ask together for a token that ran out", f"{max(calls)} provider call(s)",
        f"all answered in {middle(slowest):.0f} ms, the provider in {LATENCY_MS}", None, "1 provider call",
        set(calls) == {1})


def _stampede_once(port: int, id: str, key: str) -> float:
    """Milliseconds until the last one has the token; they must all have the same one."""
    request = load.request("POST", f"/v1/connections/{id}/token", port, key, b"{}", "application/json")
    clients = [load.Client(port) for _ in range(STAMPEDE)]
    together = threading.Barrier(STAMPEDE)
    answers: list[load.Answer] = []
    begins: list[float] = []

    def ask(number: int) -> None:
        together.wait(60)
        begins.append(time.perf_counter())
        answers.append(clients[number].send(request))

    _together(STAMPEDE, ask)
    elapsed = (time.perf_counter() - min(begins)) * 1000
    for client in clients:
        client.close()
    refused = [answer for answer in answers if answer.status != 200]
    if refused:
        raise RuntimeError(f"{len(refused)} got no token, one of them: {refused[0].body[:500]!r}")
    if len({json.loads(answer.body)["access_token"] for answer in answers}) != 1:
        raise RuntimeError("they got different tokens")
    return elapsed


def _checks(service: Connected, count: int) -> Iterator[Figure]:
    """All connections fall due at once; the clock runs until none is."""
    made = _make(service, count)
    _not_due(service)
    worker = service.start("worker")
    service.bench.postgres.wait(
        "count(*) > 3 and bool_and(last_finished_at is not null) from schedule", service.database, 60,
        "the worker's first scheduled runs")
    service.provider.set(latency_ms=LATENCY_MS)
    service.provider.forget()
    service.bench.postgres.checkpoint()
    run = _run_checks(service, worker.pid, made)
    probes = service.provider.count("probe")
    states = service.rows("select state, count(*) from connection where state <> 'healthy' group by state")
    if states:
        raise RuntimeError(f"the provider was well, and checks found {states}")
    per_hour = run.checked / run.seconds * 3600
    yield Figure(
        f"checks of {made:,} connections that fall due at once", f"{run.checked / run.seconds:,.0f}/s",
        f"{run.checked:,} in {run.seconds:,.0f} s, {probes:,} probes", per_hour / GOAL_PER_HOUR,
        f"≥ {GOAL_PER_HOUR:,} an hour, a probe each",
        run.checked == made == probes and per_hour >= GOAL_PER_HOUR)
    ratio = run.final / run.early
    yield Figure(
        "memory of the worker after them", f"{run.final / MEBIBYTE:.0f} MiB ({run.most / MEBIBYTE:.0f} at most)",
        f"after a tenth: {run.early / MEBIBYTE:.0f} MiB", ratio, "≤ 1.3", ratio <= 1.3)


@dataclass
class Run:
    """What became of connections that were due."""

    checked: int
    seconds: float
    # resident bytes of the worker: when a tenth was checked, at the end, and at most
    early: int
    final: int
    most: int


def _run_checks(service: Connected, worker: int, made: int) -> Run:
    due = service.rows("select app_now()")[0][0]
    service.rows(f"update connection set next_check_at = '{due}';")
    begin = time.monotonic()
    is_due = f"select exists (select from connection where next_check_at <= '{due}')"
    early, told = 0, 0
    with MemorySampler(worker) as sampler:
        while True:
            seconds = time.monotonic() - begin
            is_left = service.rows(is_due)[0][0] == "t"
            probes = service.provider.count("probe")
            if not early and (probes >= made / 10 or not is_left):
                early = resident_bytes(worker)
            if not is_left or seconds > 3600:
                break
            if seconds >= told + 15:
                told = seconds
                say(f"{probes:,} probes after {seconds:.0f} s, {resident_bytes(worker) / MEBIBYTE:.0f} MiB")
            # to look costs the database what checks need
            time.sleep(0.5)
    left = int(service.rows(f"select count(*) from connection where next_check_at <= '{due}'")[0][0])
    return Run(made - left, seconds, early, resident_bytes(worker), sampler.maximum)


def _make(service: Connected, count: int) -> int:
    """Makes connections through the api, as many of each application; returns how many there are."""
    keys = service.keys(-(-count // CONNECTIONS_OF_A_TENANT))
    applications = list(APPLICATIONS)
    numbers: Iterator[int] = iter(range(count))
    lock = threading.Lock()
    begin = time.monotonic()
    made = 0

    def work(_: int) -> None:
        nonlocal made, numbers
        caller = Caller(service)
        try:
            while time.monotonic() < begin + MAKING_SECONDS:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                application, key = applications[number % len(applications)], keys[number % len(keys)]
                caller.connect(application, f"Connection {number}", key)
                with lock:
                    made += 1
                    if made % 5_000 == 0:
                        say(f"{made:,} connections")
        except BaseException:
            # the others need not go on
            with lock:
                numbers = iter(())
            raise
        finally:
            caller.close()

    _together(MAKERS, work)
    seconds = time.monotonic() - begin
    say(f"{made:,} connections in {seconds:.0f} s, {made / seconds:,.0f}/s; vacuum analyze")
    return made


def _not_due(service: Connected) -> None:
    service.rows("update connection set next_check_at = app_now() + interval '2 hours'; vacuum analyze;")


def _connect_one(service: Connected, application: str, name: str, key: str) -> str:
    caller = Caller(service)
    try:
        return caller.connect(application, name, key)
    finally:
        caller.close()
