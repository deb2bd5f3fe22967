"""The PostgreSQL server under test, as its superuser sees it."""

import os
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

SEPARATOR = "\x1f"


class Postgres:
    """Runs statements through psql, so that the benchmarks need no driver."""

    def __init__(self, url: str, binaries: Path):
        self.url = url
        self.binaries = binaries

    def url_of(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The URL of another database, as another role where one is named."""
        parts = urlsplit(self.url)
        host = f"{parts.hostname}:{parts.port or 5432}"
        login = f"{user}:{password}" if user else parts.netloc.rpartition("@")[0]
        return urlunsplit((parts.scheme, f"{login}@{host}", f"/{database}", "", ""))

    def rows(self, statement: str, database: str | None = None) -> list[list[str]]:
        """Runs statements, each in a transaction of its own, and returns the rows as text."""
        url = self.url_of(database) if database else self.url
        command = [self.binaries / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-F", SEPARATOR, url]
        done = subprocess.run(command, input=statement, capture_output=True, text=True, env=_environment(), check=False)
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}\n{statement}")
        return [line.split(SEPARATOR) for line in done.stdout.splitlines()]

    def value(self, statement: str, database: str | None = None) -> str:
        """The first column of the first row."""
        return self.rows(statement, database)[0][0]

    def checkpoint(self) -> None:
        """Every timed round begins with the same debt: none."""
        self.rows("checkpoint;")

    def copy(self, database: str, table: str, columns: str, file: Path, form: str) -> subprocess.Popen:
        """Starts psql's \\copy of a file; `copy_seconds` waits for it."""
        options = "format csv" if form == "csv" else "format text"
        script = f"\\timing on\n\\copy {table} ({columns}) from '{file}' with ({options})\n"
        command = [self.binaries / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", self.url_of(database)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=_environment())
        process.stdin.write(script)
        process.stdin.close()
        process.stdin = None
        return process

    @staticmethod
    def copy_seconds(process: subprocess.Popen) -> float:
        """Seconds that a \\copy took by psql's own clock, without the start of psql."""
        output, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(f"\\copy: {errors.strip()}")
        milliseconds = next(line.split()[1] for line in output.splitlines() if line.startswith("Time:"))
        return float(milliseconds) / 1000

    def wait(self, condition: str, database: str, seconds: float, what: str) -> None:
        """Waits until a condition holds."""
        until = time.monotonic() + seconds
        while self.value(f"select {condition}", database) != "t":
            if time.monotonic() > until:
                raise RuntimeError(f"did not come in {seconds} s: {what}")
            time.sleep(0.1)

    @property
    def postmaster(self) -> int:
        """The server's process id."""
        return int(self.value("select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)"))


def _environment() -> dict[str, str]:
    # settings of the caller's own server stay out
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return own | {"PGCONNECT_TIMEOUT": "10"}
