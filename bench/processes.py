"""Processor time and memory of processes, from /proc."""

import os
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _times(process: int) -> tuple[int, list[int]]:
    """Parent, and utime, stime, cutime, cstime in ticks (proc(5), fields 4 and 14 to 17)."""
    # the name may hold spaces and brackets
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), [int(field) for field in fields[11:15]]


def process_seconds(process: int) -> float:
    """User and system time of a process and all its threads."""
    return sum(_times(process)[1][:2]) / TICKS


def server_seconds(postmaster: int) -> float:
    """User and system time of a PostgreSQL server: the postmaster, the backends it has reaped, those that live."""
    ticks = sum(_times(postmaster)[1])
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            parent, times = _times(int(entry))
        except OSError:
            continue
        if parent == postmaster:
            ticks += sum(times)
    return ticks / TICKS


def resident_bytes(process: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE


class MemorySampler:
    """Samples a process's resident memory while it is entered; time outside does not count."""

    INTERVAL = 0.1

    def __init__(self, process: int):
        self.process = process
        self.samples: list[tuple[float, int]] = []
        self._elapsed = 0.0

    def __enter__(self) -> "MemorySampler":
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._elapsed += time.monotonic() - self._start

    def _run(self) -> None:
        while not self._stop.wait(self.INTERVAL):
            at = self._elapsed + time.monotonic() - self._start
            self.samples.append((at, resident_bytes(self.process)))

    @property
    def maximum(self) -> int:
        """The most bytes seen."""
        return max(size for _, size in self.samples)

    @property
    def growth(self) -> float:
        """Bytes gained over the last two thirds of the time, by the line of least squares."""
        last = [sample for sample in self.samples if sample[0] >= self._elapsed / 3]
        mean_time = sum(at for at, _ in last) / len(last)
        mean_size = sum(size for _, size in last) / len(last)
        spread = sum((at - mean_time) ** 2 for at, _ in last)
        if spread == 0:
            return 0
        slope = sum((at - mean_time) * (size - mean_size) for at, size in last) / spread
        return slope * (last[-1][0] - last[0][0])
