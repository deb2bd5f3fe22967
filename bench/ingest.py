"""Ingest in bulk against psql's \\copy into one plain table: rate, processor time, stored bytes, the api's memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import load
import samples
from figure import Figure, middle, middle_ratio
from processes import MemorySampler, process_seconds, server_seconds
from service import Bench, Seeded, Service, Tenant, say

TENANTS = 10
CLIENTS = 2
# growth over the last two thirds of the run that still counts as flat, bytes
FLAT = 16 << 20


@dataclass
class Rounds:
    """What the rounds gave, one value each."""

    ours: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)
    two_copies: list[float] = field(default_factory=list)
    ours_per_second: list[float] = field(default_factory=list)
    # the api's share of the processor time of both
    api_share: list[float] = field(default_factory=list)
    copy_per_second: list[float] = field(default_factory=list)
    ours_bytes: list[float] = field(default_factory=list)
    plain_bytes: list[float] = field(default_factory=list)


@dataclass
class Material:
    """The same entries in each form."""

    entries: int
    requests: list[bytes]
    # by format: the whole, and its two halves
    files: dict[str, list[Path]]


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Entries a second, committed; and what they cost."""
    with Service(bench, "ingest") as service:
        material = _prepare(bench, service, service.tenants(TENANTS))
        rounds = Rounds()
        memory = MemorySampler(service.api)
        # The first goes uncounted, on each side: bots, partitions and connections are there afterwards. It also
        # tells which of COPY's formats is the faster one.
        _ours(service, material, Rounds(), memory=None)
        seconds = {form: _copy(service, files[:1]) for form, files in material.files.items()}
        form = min(seconds, key=seconds.get)
        whole, *halves = material.files[form]
        for number in range(bench.scale.rounds):
            _ours(service, material, rounds, memory)
            cpu = server_seconds(bench.postgres.postmaster)
            rounds.copy.append(material.entries / _copy(service, [whole]))
            rounds.copy_per_second.append(material.entries / (server_seconds(bench.postgres.postmaster) - cpu))
            rounds.plain_bytes.append(_plain_size(service) / material.entries)
            rounds.two_copies.append(material.entries / _copy(service, halves))
            say(
                f"round {number + 1}: ours {rounds.ours[-1]:,.0f}/s, \\copy ({form}) {rounds.copy[-1]:,.0f}/s, "
                f"two \\copy {rounds.two_copies[-1]:,.0f}/s; memory {memory.maximum >> 20} MiB")
        yield from _figures(rounds, memory, form)


def _figures(rounds: Rounds, memory: MemorySampler, form: str) -> Iterator[Figure]:
    ratio = middle_ratio(rounds.ours, rounds.copy)
    yield Figure(
        "ingest, 1,000 entries a request, 2 clients", f"{middle(rounds.ours):,.0f} entries/s",
        f"one \\copy ({form}): {middle(rounds.copy):,.0f}/s", ratio, "≥ 2.0", ratio >= 2.0)
    ratio = middle_ratio(rounds.ours, rounds.two_copies)
    yield Figure(
        "the same", f"{middle(rounds.ours):,.0f} entries/s", f"two \\copy: {middle(rounds.two_copies):,.0f}/s", ratio,
        "≥ 1.2", ratio >= 1.2)
    per_second = middle(rounds.ours_per_second)
    yield Figure(
        "entries per CPU-second of api and PostgreSQL", f"{per_second:,.0f} (api {middle(rounds.api_share):.0%})",
        f"\\copy, PostgreSQL alone: {middle(rounds.copy_per_second):,.0f}",
        middle_ratio(rounds.ours_per_second, rounds.copy_per_second), "≥ 30,000", per_second >= 30_000)
    ratio = middle_ratio(rounds.ours_bytes, rounds.plain_bytes)
    yield Figure(
        "stored bytes an entry, indexes included", f"{middle(rounds.ours_bytes):,.0f}",
        f"plain table: {middle(rounds.plain_bytes):,.0f}", ratio, "≤ 0.4", ratio <= 0.4)
    is_flat = memory.growth <= FLAT
    yield Figure(
        "memory of the api during ingest", f"{memory.maximum / (1 << 20):.0f} MiB at most",
        f"{memory.growth / (1 << 20):+.1f} MiB over the last two thirds", None,
        f"≤ 256 MiB, flat (≤ {FLAT >> 20} MiB)", memory.maximum <= 256 << 20 and is_flat)


def _prepare(bench: Bench, service: Service, tenants: list[Tenant]) -> Material:
    """Makes the entries of a round; every tenth request is of the same tenant."""
    lines = list(samples.stream(bench.binary, bench.scale.ingest_entries, seed=7, hours=6))
    say(f"{len(lines)} entries, {sum(map(len, lines)) / len(lines):,.0f} bytes each as NDJSON")
    groups = samples.chunks(lines, bench.scale.request_entries)
    requests = []
    rows = samples.PlainRows(seed=7)
    whole: dict[str, list[str]] = {"text": [], "csv": []}
    for index, group in enumerate(groups):
        tenant = tenants[index % len(tenants)]
        requests.append(
            load.request("POST", "/v1/call-logs", service.port, tenant.key, b"".join(group), samples.NDJSON))
        for line in group:
            row = rows.row(line, tenant.number)
            for form, copied in whole.items():
                copied.append(samples.copy_line(row, form))
    return Material(
        len(lines), requests, {form: _write(bench.directory, form, copied) for form, copied in whole.items()})


def _write(directory: Path, form: str, lines: list[str]) -> list[Path]:
    parts = {"whole": lines, "first": lines[: len(lines) // 2], "second": lines[len(lines) // 2 :]}
    paths = []
    for name, part in parts.items():
        path = directory / f"plain-{name}.{form}"
        path.write_text("".join(part), newline="")
        paths.append(path)
    return paths


def _ours(service: Service, material: Material, rounds: Rounds, memory: MemorySampler | None) -> None:
    service.forget_calls()
    postgres = service.bench.postgres
    postmaster = postgres.postmaster
    postgres.checkpoint()
    api, server = process_seconds(service.api), server_seconds(postmaster)
    if memory:
        with memory:
            sent = load.send_all(material.requests, service.port, CLIENTS)
    else:
        sent = load.send_all(material.requests, service.port, CLIENTS)
    api, server = process_seconds(service.api) - api, server_seconds(postmaster) - server
    if sent.accepted != material.entries:
        raise RuntimeError(f"{sent.accepted} of {material.entries} entries were taken in")
    rounds.ours.append(material.entries / sent.seconds)
    rounds.ours_per_second.append(material.entries / (api + server))
    rounds.api_share.append(api / (api + server))
    size = service.rows("select sum(pg_total_relation_size(leaf::regclass)) from calltrail_leaves()")[0][0]
    rounds.ours_bytes.append(int(size) / material.entries)


def _copy(service: Service, files: list[Path]) -> float:
    """Seconds that \\copy takes, several at once if there are several files."""
    service.rows(samples.PLAIN_TABLE)
    postgres = service.bench.postgres
    postgres.checkpoint()
    form = files[0].suffix[1:]
    running = [postgres.copy(service.database, "plain", samples.PLAIN_COLUMNS, file, form) for file in files]
    return max(postgres.copy_seconds(process) for process in running)


def _plain_size(service: Service) -> int:
    return int(service.rows("select pg_total_relation_size('plain')")[0][0])
