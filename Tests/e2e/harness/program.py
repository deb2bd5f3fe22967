"""The program under test: its commands and its two long-running processes."""

import base64
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import tempfile

import httpx

from .waiting import free_port, wait_until

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("CALLTRAIL_BINARY") or str(CHECKOUT / ".build/debug/calltrail")
ENCRYPTION_KEYS = "k1:" + base64.b64encode(b"e" * 32).decode()


def environment(database_url=None, **settings):
    """The program's environment: nothing of the caller's settings gets in, but where the SQL files are."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("CALLTRAIL_", "PG", "DATABASE_URL"))
    }
    own["CALLTRAIL_SQL_DIR"] = os.environ.get("CALLTRAIL_SQL_DIR") or str(CHECKOUT / "sql")
    own["CALLTRAIL_ENCRYPTION_KEYS"] = ENCRYPTION_KEYS
    if database_url:
        own["DATABASE_URL"] = database_url
    own.update({name: value for name, value in settings.items() if value is not None})
    for name, value in settings.items():
        if value is None:
            own.pop(name, None)
    return own


def run(*arguments, database=None, check=True, stdin=None, timeout=60, cwd=None, **settings):
    """Runs a command to its end; with `check`, its failure is the test's."""
    url = database if isinstance(database, str) or database is None else database.url
    outcome = subprocess.run(
        [BINARY, *arguments],
        env=environment(url, **settings),
        input=stdin,
        text=True,
        capture_output=True,
        timeout=timeout,
        cwd=cwd,
    )
    if check:
        assert outcome.returncode == 0, f"{arguments} exited {outcome.returncode}: {outcome.stderr}{outcome.stdout}"
    return outcome


def run_json(*arguments, database=None, **options):
    """Runs a command that prints exactly one JSON object, and returns it."""
    output = run(*arguments, database=database, **options).stdout
    assert output.count("\n") == 1, f"not one line: {output!r}"
    return json.loads(output)


class Process:
    """A long-running process of the program; its log is kept in a file."""

    def __init__(self, command, database, **settings):
        self.database = database
        self.settings = settings
        self.command = command
        self.log = tempfile.NamedTemporaryFile(prefix=f"calltrail-{command}-", suffix=".log")
        self.process = None
        self.start()

    def start(self):
        """Starts it, again if need be."""
        url = self.database if isinstance(self.database, str) else self.database.url
        self.process = subprocess.Popen(
            [BINARY, self.command],
            env=environment(url, **self.settings),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    @property
    def output(self):
        """What it has logged."""
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def status(self, field):
        """A number of /proc/<pid>/status, in KiB for memory."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE).group(1))

    def signal(self, number):
        """Sends it a signal."""
        self.process.send_signal(number)

    def kill(self):
        """Kills it as a power cut would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, timeout=20):
        """Asks it to stop and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command} did not stop within {timeout} s: {self.output[-2000:]}") from None

    def metrics(self):
        """The metrics page as {sample with labels: value}."""
        text = httpx.get(self.metrics_url, timeout=10, trust_env=False).text
        return dict(
            (line.rsplit(" ", 1)[0], float(line.rsplit(" ", 1)[1]))
            for line in text.splitlines()
            if line and not line.startswith("#")
        )

    def is_running(self):
        """Whether it lives; fails with its log when it does not."""
        assert self.process.poll() is None, f"{self.command} exited {self.process.returncode}: {self.output[-2000:]}"
        return True


class API(Process):
    """An api process, at a port of its own."""

    def __init__(self, database, wait=True, **settings):
        self.port = free_port()
        self.metrics_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        super().__init__(
            "api",
            database,
            CALLTRAIL_LISTEN=f"127.0.0.1:{self.port}",
            CALLTRAIL_METRICS_LISTEN=f"127.0.0.1:{self.metrics_port}",
            **settings,
        )
        if wait:
            self.wait_ready()

    def readiness(self):
        """The answer of /readyz; None when nobody answers."""
        try:
            return httpx.get(self.url + "/readyz", timeout=10, trust_env=False)
        except httpx.TransportError:
            return None

    def wait_ready(self, seconds=20):
        """Waits until it says that it is ready."""

        def is_ready():
            self.is_running()
            answer = self.readiness()
            return answer is not None and answer.status_code == 200

        wait_until(is_ready, "/readyz to be 200", seconds)


class Worker(Process):
    """A worker process."""

    def __init__(self, database, **settings):
        port = free_port()
        self.metrics_url = f"http://127.0.0.1:{port}/metrics"
        super().__init__("worker", database, CALLTRAIL_METRICS_LISTEN=f"127.0.0.1:{port}", **settings)

    def wait_ready(self, seconds=20):
        """Waits until it works and heeds signals."""

        def is_ready():
            self.is_running()
            try:
                return self.metrics()
            except httpx.TransportError:
                return None

        wait_until(is_ready, "the worker to work", seconds)


class Tenant:
    """A tenant with a key that reads and one that writes."""

    def __init__(self, database, name=None, plan="business", module="unified"):
        name = name or "Tenant " + secrets.token_hex(3)
        answer = run_json(
            "tenant",
            "create",
            "--name",
            name,
            "--owner-email",
            f"owner-{secrets.token_hex(4)}@example.com",
            "--plan",
            plan,
            "--module",
            module,
            database=database,
        )
        self.database = database
        self.name = name
        self.id = answer["tenant_id"]
        self.owner = answer["owner"]
        self.write_key = self.key("call_logs:write")["key"]
        self.read_key = self.key("call_logs:read")["key"]

    def key(self, scopes, *options):
        """Makes a further key."""
        return run_json(
            "key", "create", "--tenant", self.id, "--name", "test", "--scopes", scopes, *options, database=self.database
        )

    def update(self, *options):
        """Changes plan or module."""
        return run_json("tenant", "update", "--tenant", self.id, *options, database=self.database)
