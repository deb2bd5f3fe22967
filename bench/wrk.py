"""Runs wrk with requests that were prepared beforehand."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("prepared.lua")
THREADS = 2
# seconds at the start that do not count, as with pgbench
SETTLING = 1


@dataclass
class Rate:
    """What wrk saw."""

    per_second: float
    # milliseconds
    p50: float
    p99: float
    # with those of the first second, which count nowhere else
    all_requests: int


def write(path: Path, requests: list[bytes]) -> Path:
    """Writes requests into the file that prepared.lua reads."""
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%d\n%s\n" % (len(request), request))
    return path


def run(port: int, requests: Path, connections: int, seconds: int, *words: str) -> Rate:
    """Sends requests for some seconds over some connections, as fast as they are answered.

    - words: `sequence` or `random`, and `unique` where each request needs a text of its own.
    """
    settling = _run(port, requests, connections, SETTLING, *words)
    timed = _run(port, requests, connections, seconds, *words)
    return Rate(
        timed["requests"] / timed["seconds"], timed["p50"], timed["p99"], settling["requests"] + timed["requests"])


def _run(port: int, requests: Path, connections: int, seconds: int, *words: str) -> dict:
    command = [
        "wrk", "-t", str(THREADS), "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s", "-s", SCRIPT,
        f"http://127.0.0.1:{port}/", "--", requests, *words,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("{")), None)
    if done.returncode or line is None:
        raise RuntimeError(f"wrk: {done.stderr.strip()} {done.stdout.strip()}")
    result = json.loads(line)
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} of {result['requests']} requests failed")
    return result
