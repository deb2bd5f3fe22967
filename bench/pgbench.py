"""Runs pgbench with scripts that send a transaction the way the api does: in one pipeline, prepared."""

import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

from figure import percentile
from service import Service
from statements import Statement

CLIENTS = 8
THREADS = 2
# microseconds at the start that do not count, as with wrk: connections plan their statements then
SETTLING = 1_000_000

_runs = itertools.count()


@dataclass
class Latencies:
    """What pgbench saw."""

    per_second: float
    # milliseconds
    p50: float
    p99: float


def script(statements: list[Statement], name: str) -> tuple[str, dict[str, str]]:
    """The lines of one pipeline, and the variables that hold its parameters.

    - name: starts the variables' names.
    """
    variables: dict[str, str] = {}
    lines = []
    for index, statement in enumerate(statements):
        text = " ".join(statement.text.split())
        for number in range(len(statement.parameters), 0, -1):
            variable = f"{name}_{index}_{number}"
            variables[variable] = statement.parameters[number - 1]
            text = text.replace(f"${number}", f":{variable}")
        lines.append(text + ";")
    return "\n".join(["\\startpipeline", *lines, "\\endpipeline", ""]), variables


def run(
    service: Service, scripts: list[str], variables: dict[str, str], seconds: int, clients: int = CLIENTS
) -> Latencies:
    """Runs scripts, chosen at random, over eight connections or another number."""
    directory = service.bench.directory / f"pgbench-{next(_runs)}"
    directory.mkdir()
    words: list[str | Path] = []
    for index, text in enumerate(scripts):
        path = directory / f"{index}.sql"
        path.write_text(text)
        words += ["-f", path]
    for name, value in variables.items():
        words += ["-D", f"{name}={value}"]
    command = [
        service.bench.postgres.binaries / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, THREADS)),
        # one second more: the first is left out
        "-T", str(seconds + 1), "-l", "--log-prefix", directory / "log", *words, service.url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or "ERROR" in done.stderr:
        raise RuntimeError(f"pgbench: {done.stderr.strip()[-2000:]}")
    return _read(directory)


def _read(directory: Path) -> Latencies:
    """Reads pgbench's log: client, transaction, latency in µs, script, seconds since 1970, µs of that second."""
    transactions: list[tuple[int, int]] = []
    for path in directory.glob("log.*"):
        for line in path.read_text().splitlines():
            fields = line.split()
            transactions.append((int(fields[4]) * 1_000_000 + int(fields[5]), int(fields[2])))
    begin = min(at for at, _ in transactions) + SETTLING
    end = max(at for at, _ in transactions)
    latencies = [latency / 1000 for at, latency in transactions if at >= begin]
    return Latencies(
        len(latencies) / ((end - begin) / 1_000_000), percentile(latencies, 0.5), percentile(latencies, 0.99))
