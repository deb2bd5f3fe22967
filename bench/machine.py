"""What the figures were measured on."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from figure import Scale
from postgres import Postgres

SETTINGS = ["shared_buffers", "fsync", "full_page_writes", "synchronous_commit", "max_wal_size", "autovacuum"]
AUTOGROUP = Path("/proc/sys/kernel/sched_autogroup_enabled")


@contextlib.contextmanager
def even_scheduling() -> Iterator[None]:
    """Lets the kernel share the processors among processes, where it may be told so.

    Started from a terminal, each session is one share: each of PostgreSQL's processes, which all begin one, has as much as the
    api with all its threads. Services of systemd and containers are groups of their own, PostgreSQL being one.
    """
    before = AUTOGROUP.read_text() if AUTOGROUP.exists() else "0"
    if before.strip() == "0" or not os.access(AUTOGROUP, os.W_OK):
        yield
        return
    AUTOGROUP.write_text("0")
    try:
        yield
    finally:
        AUTOGROUP.write_text(before)


def description(postgres: Postgres, scale: Scale, is_quick: bool) -> list[str]:
    """Lines of Markdown: the machine, the versions, the settings."""
    settings = ", ".join(f"{name} = {postgres.value(f'show {name}')}" for name in SETTINGS)
    lines = [
        f"- date: {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB of memory; the load generators,"
        " the api and PostgreSQL share them",
        f"- PostgreSQL {postgres.value('show server_version')}: {settings}",
        f"- {_swift_version()}, release build",
        f"- scheduling: {_scheduling()}",
        f"- rounds: {scale.rounds}, ours and the limit in turns, a checkpoint before each; the median of the rounds",
    ]
    if is_quick:
        lines.append("- **quick run: the sizes are too small for a verdict**")
    return lines


def _scheduling() -> str:
    if not AUTOGROUP.exists() or AUTOGROUP.read_text().strip() == "0":
        return "among processes"
    return "among sessions (autogroup): each of PostgreSQL's processes has as much of the processors as the whole api"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def _memory_gib() -> float:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            return int(line.split()[1]) / (1 << 20)
    return 0


def _swift_version() -> str:
    if not shutil.which("swift"):
        return "Swift: unknown"
    output = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=False).stdout
    return next((line.strip() for line in output.splitlines() if "Swift version" in line), "Swift: unknown")
