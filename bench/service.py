"""What a figure is measured on: a database of its own, an api process on it, tenants and keys."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import load
import samples
from figure import Scale
from postgres import Postgres

SQL = Path(__file__).resolve().parent.parent / "sql"
ROLE = "calltrail_bench"


@dataclass
class Bench:
    """What every figure needs."""

    postgres: Postgres
    binary: Path
    directory: Path
    scale: Scale


@dataclass
class Tenant:
    """A tenant and a key that may write and read."""

    number: int
    key: str


class Service:
    """A migrated database and an api process, which end with the block."""

    def __init__(self, bench: Bench, name: str):
        self.bench = bench
        self.database = f"bench_{name}"
        self.password = secrets.token_hex(16)
        # one for all processes: the database knows it again
        self._key = "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.port, self._metrics_port = _free_ports(2)
        self._log = bench.directory / f"{name}.log"
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> "Service":
        self.bench.postgres.rows(
            f"""
            select format('create role {ROLE} login createrole') where not exists (
                select from pg_roles where rolname = '{ROLE}') \\gexec
            alter role {ROLE} password '{self.password}';
            drop database if exists {self.database} with (force);
            create database {self.database} owner {ROLE};
            """)
        try:
            self.command("migrate")
            self.api = self.start("api").pid
            self.wait_until_alive()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in reversed(self.processes):
            self.stop(process)
        self.bench.postgres.rows(f"drop database if exists {self.database} with (force);")

    @property
    def url(self) -> str:
        """The database, as the api's role."""
        return self.bench.postgres.url_of(self.database, ROLE, self.password)

    def _environment(self, **settings: str) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("CALLTRAIL_", "PG"))}
        return own | {
            "DATABASE_URL": self.url,
            "CALLTRAIL_SQL_DIR": str(SQL),
            "CALLTRAIL_LISTEN": f"127.0.0.1:{self.port}",
            "CALLTRAIL_METRICS_LISTEN": f"127.0.0.1:{self._metrics_port}",
            "CALLTRAIL_ENCRYPTION_KEYS": self._key,
        } | settings

    def command(self, *words: str, given: str = "") -> str:
        """Runs one of the program's commands, gives it some input, and returns what it printed."""
        done = subprocess.run(
            [self.bench.binary, *words], input=given, capture_output=True, text=True, env=self._environment(),
            check=False)
        if done.returncode:
            raise RuntimeError(f"calltrail {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def start(self, *words: str, **settings: str) -> subprocess.Popen:
        """Starts one of the program's processes; it ends with the block."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [self.bench.binary, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment(**settings))
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen) -> None:
        """Ends a process that `start` started."""
        self.processes.remove(process)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait_until_alive(self) -> None:
        """Waits until the api answers."""
        until = time.monotonic() + 30
        while True:
            try:
                if load.get(self.port, "/livez", None).status == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > until or self.processes[0].poll() is not None:
                raise RuntimeError(f"the api did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def tenants(self, count: int) -> list[Tenant]:
        """Makes tenants, each with a key."""

        def make(index: int) -> Tenant:
            answer = json.loads(
                self.command(
                    "tenant", "create", "--name", f"Tenant {index}", "--owner-email", f"owner{index}@example.com"))
            number = answer["tenant_id"]
            scopes = "call_logs:write,call_logs:read"
            answer = json.loads(
                self.command("key", "create", "--tenant", str(number), "--name", "bench", "--scopes", scopes))
            return Tenant(int(number), answer["key"])

        with ThreadPoolExecutor(4) as executor:
            return list(executor.map(make, range(count)))

    def rows(self, statement: str) -> list[list[str]]:
        """Runs statements in the service's database as superuser."""
        return self.bench.postgres.rows(statement, self.database)

    def seal_days(self) -> None:
        """Lets a worker seal the days that are over, as it does within a minute, and ends it."""
        worker = self.start("worker")
        unsealed = """
            select count(*) from calltrail_leaves() l left join sealed_day s on s.day = l.day and s.is_sealed
            where l.parent = 'call_count' and l.day < (app_now() at time zone 'UTC')::date and s.day is null"""
        until = time.monotonic() + 120
        while self.rows(unsealed) != [["0"]]:
            if time.monotonic() > until or worker.poll() is not None:
                raise RuntimeError(f"days were not sealed:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.2)
        self.stop(worker)

    def forget_calls(self) -> None:
        """Takes all calls away, so that every round begins with the same tables."""
        self.rows("truncate call_log, call_body, call_count;")


class Seeded:
    """The service that the reading figures share: thirty days of calls of many tenants, made when first asked for."""

    def __init__(self, bench: Bench):
        self.bench = bench
        self.tenants: list[Tenant] = []
        self._service: Service | None = None

    def __enter__(self) -> "Seeded":
        return self

    def __exit__(self, *details) -> None:
        if self._service:
            self._service.__exit__(*details)

    @property
    def service(self) -> Service:
        """The service, filled."""
        if self._service is None:
            service = Service(self.bench, "seeded")
            service.__enter__()
            self._service = service
            self._fill(service)
        return self._service

    def _fill(self, service: Service) -> None:
        scale = self.bench.scale
        say(f"making {scale.seeded_tenants} tenants")
        self.tenants = service.tenants(scale.seeded_tenants)
        say(f"sending {scale.seeded_entries} entries of {scale.seeded_days} days")
        # the oldest stay inside the retention while the figures are measured
        hours = scale.seeded_days * 24 - 4
        requests = samples.spread(
            samples.stream(self.bench.binary, scale.seeded_entries, seed=11, hours=hours), service.port, self.tenants,
            scale.request_entries)
        sent = load.send_all(requests, service.port, clients=4, progress=say)
        say(f"{sent.accepted} entries in {sent.seconds:.0f} s; vacuum analyze")
        service.rows("vacuum analyze;")


def say(line: str) -> None:
    """Tells the person at the terminal how far it is."""
    print(f"    {line}", file=sys.stderr, flush=True)


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
