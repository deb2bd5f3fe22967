"""Connections against an application that answers in 100 ms: checks by the worker, calls through the proxy, a stampede.

The application is the provider of the end-to-end tests, as a process of its own: this file, started by itself.
"""

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import load
from figure import Figure, middle, percentile
from processes import MemorySampler, resident_bytes
from service import Bench, Seeded, Service, say

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

USER, PASSWORD = "AC0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"
# goes as user with the password X
API_KEY = "abcdefghij0123456789"
# application → how it is called, and what has to be typed in for it
APPLICATIONS = {
    "zendesk": ("oauth2", {"subdomain": "acme"}),
    "twilio": ("basic", {"account_sid": USER, "auth_token": PASSWORD}),
    "salesforce": ("oauth2", {}),
    "freshdesk": ("basic", {"subdomain": "acme", "api_key": API_KEY}),
    "google_sheets": ("oauth2", {}),
}


def measure(bench: Bench, _: Seeded, count: int) -> Iterator[Figure]:
    """What a proxied call costs, what a stampede asks, and how fast `count` connections are checked."""
    with Connected(bench, "calls") as service:
        yield _proxy(service)
        yield _stampede(service)
    with Connected(bench, "checks") as service:
        yield from _checks(service, count)


# The application:


class Provider:
    """The tests' provider in a process of its own. It ends with its standard input, so that none is left behind."""

    def __init__(self, public_url: str):
        end_to_end = Path(__file__).resolve().parent.parent / "Tests" / "e2e"
        self._process = subprocess.Popen(
            [sys.executable, __file__, public_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(end_to_end)})
        try:
            hello = self._read()
        except RuntimeError:
            self.close()
            raise
        self.port: int = hello["port"]
        self.blocks: dict[str, dict] = hello["blocks"]

    def set(self, **settings) -> None:
        """Changes settings of the provider."""
        self._tell({"set": settings})

    def forget(self) -> None:
        """Counts anew."""
        self._tell({"forget": True})

    def count(self, endpoint: str) -> int:
        """Requests to an endpoint: token, probe, api."""
        return self._tell({}).get(endpoint, 0)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _tell(self, order: dict) -> dict[str, int]:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the provider has ended")
        return json.loads(line)


def serve(public_url: str) -> None:
    """The provider's process: orders come as lines of JSON, each is answered by the counts of requests."""
    from harness import provider as harness

    # Ctrl-C is for the benchmark, which then closes this process' input
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with harness.Provider() as provider:
        provider.register_callbacks(public_url)
        provider.kept, provider.grants.kept = 1_000, 4
        provider.basic = {USER: PASSWORD, API_KEY: "X"}
        # tokens that last, so that checks probe
        provider.expires_in = None
        provider.api_headers, provider.api_body = {"Content-Type": "application/json"}, b'{"ok": true}'
        blocks = {}
        for name, (auth, _) in APPLICATIONS.items():
            urls = provider.urls()
            blocks[name] = (
                provider.block(name) if auth == "oauth2" else {key: urls[key] for key in ("probe_url", "api_url")})
        print(json.dumps({"port": provider.port, "blocks": blocks}), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            for name, value in order.get("set", {}).items():
                setattr(provider, name, value)
            if order.get("forget"):
                provider.forget()
            print(json.dumps(provider.counts), flush=True)


# The service:


class Connected(Service):
    """A service whose applications are all one provider."""

    def __init__(self, bench: Bench, name: str):
        super().__init__(bench, name)
        self._provider: Provider | None = None
        self._file = bench.directory / f"{name}-providers.yaml"

    def __enter__(self) -> "Connected":
        self._provider = Provider(f"http://127.0.0.1:{self.port}")
        try:
            # JSON is YAML
            self._file.write_text(json.dumps(self.provider.blocks))
            super().__enter__()
        except BaseException:
            self._close_provider()
            raise
        return self

    def __exit__(self, *details) -> None:
        super().__exit__(*details)
        self._close_provider()

    @property
    def provider(self) -> Provider:
        """The provider; there is one inside the block."""
        if self._provider is None:
            raise RuntimeError("there is no provider outside the block")
        return self._provider

    def _close_provider(self) -> None:
        provider, self._provider = self._provider, None
        if provider:
            provider.close()

    def _environment(self, **settings: str) -> dict[str, str]:
        own = {
            "CALLTRAIL_PROVIDERS_FILE": str(self._file),
            "CALLTRAIL_EGRESS_ALLOW": "127.0.0.0/8",
            # one client makes more requests than the limits grant a tenant's
            "CALLTRAIL_READS_PER_MINUTE": "100000000",
            "CALLTRAIL_WRITES_PER_MINUTE": "100000000",
        }
        return super()._environment(**(own | settings))

    def keys(self, count: int) -> list[str]:
        """Makes tenants, each with a key that may do everything with connections."""
        keys = []
        for tenant in self.tenants(count):
            scopes = "connections:write,connections:read,connections:token"
            words = ["key", "create", "--tenant", str(tenant.number), "--name", "connections", "--scopes", scopes]
            keys.append(json.loads(self.command(*words))["key"])
        return keys


@dataclass
class Caller:
    """A client of the service that also goes through the provider's pages as a browser would."""

    service: Connected

    def __post_init__(self):
        self._service = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        self._provider = http.client.HTTPConnection("127.0.0.1", self.service.provider.port, timeout=60)

    def connect(self, application: str, name: str, key: str) -> str:
        """Makes a connection, and authorises one with OAuth; returns its id."""
        auth, credentials = APPLICATIONS[application]
        members = {"application": application, "name": name, "auth": auth, "credentials": credentials}
        id = self._ask("POST", "/v1/connections", key, members)["id"]
        if auth == "oauth2":
            begun = self._ask("POST", f"/v1/connections/{id}/reauthorise", key, {})
            back = self._ask("GET", _target(self._consent(begun["authorize_url"])), key)
            if back["state"] != "healthy":
                raise RuntimeError(f"a connection was authorised and is {back}")
        return id

    def close(self) -> None:
        self._service.close()
        self._provider.close()

    def _consent(self, authorize_url: str) -> str:
        self._provider.request("GET", _target(authorize_url))
        answer = self._provider.getresponse()
        body = answer.read()
        if answer.status != 302:
            raise RuntimeError(f"the provider answered {answer.status}: {body[:500]!r}")
        return answer.getheader("Location")

    def _ask(self, method: str, path: str, key: str, members: dict | None = None) -> dict:
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        if members is not None:
            headers["Content-Type"] = "application/json"
        self._service.request(method, path, None if members is None else json.dumps(members), headers)
        answer = self._service.getresponse()
        body = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path.partition('?')[0]} was answered {answer.status}: {body[:500]!r}")
        return json.loads(body)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


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


if __name__ == "__main__":
    serve(sys.argv[1])
