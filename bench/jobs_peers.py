#!/usr/bin/env python3
"""What the job queue is measured against: PostgreSQL's own limit, and two queues for Python, with jobs that do nothing.

Every measurement has a database of its own. The jobs are there beforehand, their tables are vacuumed and analysed, and
a checkpoint precedes the work. By hand, for a look at all of them:

    Tests/Support/with-postgres.sh --durable python3 bench/jobs_peers.py --quick
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from postgres import Postgres

HERE = Path(__file__).resolve().parent
PYTHON = HERE / ".venv/bin/python"
# jobs that one transaction takes
CLAIM = 100
CLAIM_CLIENTS = (1, 2)
# Jobs at which the limit is near its highest. Every claim walks over what is dead at the index's begin until a vacuum
# comes: of 1,000,000 jobs a third as many are done in a second, or fewer.
LIMIT_JOBS = 100_000

# The limit's table is lean: what a queue can't do without, its key, and one partial index.
LIMIT_TABLE = """
create table queued (
    id bigint generated always as identity primary key, run_at timestamptz not null default now(),
    priority smallint not null default 1, kind text not null default 'probe', payload text not null default '{{}}',
    leased_until timestamptz);
create index queued_ready on queued (priority, run_at, id) where leased_until is null;
insert into queued (leased_until) select null from generate_series(1, {jobs});
"""
READY = f"""select id from queued where leased_until is null and run_at <= now()
        order by priority, run_at, id limit {CLAIM} for update skip locked"""
ONE_STATEMENT = f"""
delete from queued where id = any(array({READY}));
"""
# Two transactions: what is leased must be known to be so before the work begins.
LEASED = f"""
with leased as (
    update queued set leased_until = now() + interval '1 minute' where id = any(array({READY})) returning id)
select coalesce(array_agg(id), '{{}}')::text as ids from leased \\gset
delete from queued where id = any((:ids)::bigint[]);
"""


@dataclass(frozen=True)
class Setting:
    """How a peer is run: processes, and the numbers that each is started with."""

    processes: int
    numbers: tuple[int, ...]


# Queue managers in each process, and the batch size. Its guide advises larger batches than its 10 for short jobs: 100
# do 15,000 jobs/s where its own benchmark's five managers with batches of 10 do 6,500, and 500 do no more than 100.
PGQUEUER_SETTINGS = (Setting(1, (1, 100)), Setting(2, (1, 100)), Setting(2, (2, 100)))
# The concurrency of each process: its guide's example, in one process and, as the guide advises too, in more.
PROCRASTINATE_SETTINGS = (Setting(1, (30,)), Setting(2, (30,)))


@dataclass(frozen=True)
class Rate:
    """The best of the ways that were tried."""

    # jobs a second
    per_second: float
    # what way it was: clients of pgbench, or a setting that may be passed on to try this alone the next time
    way: int | Setting


def one_statement(postgres: Postgres, jobs: int = LIMIT_JOBS) -> Rate:
    """The limit: pgbench claims and deletes a hundred jobs in one statement."""
    return _best(CLAIM_CLIENTS, lambda clients: _claims(postgres, ONE_STATEMENT, jobs, clients))


def leased(postgres: Postgres, jobs: int = LIMIT_JOBS) -> Rate:
    """The limit of a queue with leases: pgbench leases a hundred jobs, commits, deletes them, commits."""
    return _best(CLAIM_CLIENTS, lambda clients: _claims(postgres, LEASED, jobs, clients))


def pgqueuer(postgres: Postgres, jobs: int, settings: tuple[Setting, ...] = PGQUEUER_SETTINGS) -> Rate:
    """pgqueuer, from the start of the work to the last job that it logged as done."""
    # its worker may linger when no job is left
    ended = "select extract(epoch from max(created)) from pgqueuer_log where status = 'successful'"
    return _best(settings, lambda setting: _peer(postgres, "peer_pgqueuer.py", jobs, setting, "pgqueuer", ended))


def procrastinate(postgres: Postgres, jobs: int, settings: tuple[Setting, ...] = PROCRASTINATE_SETTINGS) -> Rate:
    """procrastinate, from the start of the work to the end of the last worker, which ends when no job is left."""
    return _best(
        settings, lambda setting: _peer(postgres, "peer_procrastinate.py", jobs, setting, "procrastinate_jobs"))


def _best(ways: tuple, measure: Callable[[int | Setting], float]) -> Rate:
    return max((Rate(measure(way), way) for way in ways), key=lambda rate: rate.per_second)


@contextlib.contextmanager
def _database(postgres: Postgres, name: str) -> Iterator[str]:
    """A database of the measurement's own."""
    postgres.rows(f"drop database if exists {name} with (force);\ncreate database {name};")
    try:
        yield name
    finally:
        postgres.rows(f"drop database if exists {name} with (force);")


def _settle(postgres: Postgres, database: str) -> None:
    """Nothing is left to do for the jobs that were just made."""
    postgres.rows("vacuum analyze;", database)
    postgres.checkpoint()


def _claims(postgres: Postgres, script: str, jobs: int, clients: int) -> float:
    """Jobs a second of pgbench, by its own clock, without its connecting."""
    with _database(postgres, "bench_jobs_limit") as database, tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        postgres.rows(LIMIT_TABLE.format(jobs=jobs), database)
        _settle(postgres, database)
        file.write(script)
        file.flush()
        transactions = jobs // CLAIM // clients
        command = [
            postgres.binaries / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(clients),
            "-t", str(transactions), "-f", file.name, postgres.url_of(database),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or "ERROR" in done.stderr:
            raise RuntimeError(f"pgbench: {done.stderr.strip()[-2000:]}")
        left = int(postgres.value("select count(*) from queued", database))
        taken = jobs - left
        seconds = transactions * clients / float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))
    return taken / seconds


def _peer(
    postgres: Postgres, script: str, jobs: int, setting: Setting, table: str, ended: str | None = None
) -> float:
    """Jobs a second of a peer.

    - table: is empty when all jobs are done.
    - ended: a query for the time (seconds since 1970) at which the last job was done; without it, the workers' end.
    """
    if not PYTHON.exists():
        raise RuntimeError(f"{PYTHON} is missing: deploy/install-python-tools bench")
    with _database(postgres, "bench_jobs_peer") as database:
        url = postgres.url_of(database)
        subprocess.run([PYTHON, HERE / script, "fill", url, str(jobs)], check=True)
        _settle(postgres, database)
        begin, end = _work([PYTHON, HERE / script, "work", url, *map(str, setting.numbers)], setting.processes)
        if postgres.value(f"select count(*) from {table}", database) != "0":
            raise RuntimeError(f"{script} left jobs undone")
        if ended:
            end = float(postgres.value(ended, database))
    return jobs / (end - begin)


def _work(command: list[str | Path], processes: int) -> tuple[float, float]:
    """Lets workers begin together when all of them are connected.

    Returns the begin and the end of the last, in seconds since 1970.
    """
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        _expect("ready", workers)
        begin = time.time()
        for worker in workers:
            worker.stdin.write("\n")
            worker.stdin.flush()
        _expect("done", workers)
        return begin, time.time()
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _expect(word: str, workers: list[subprocess.Popen]) -> None:
    for worker in workers:
        if worker.stdout.readline().strip() != word:
            raise RuntimeError(f"a worker ended before it was {word}: {' '.join(map(str, worker.args[1:3]))}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer jobs for the peers: shows that everything runs")
    quick = parser.parse_args().quick
    if "CALLTRAIL_TEST_DATABASE_URL" not in os.environ:
        print("jobs_peers.py: start it inside with-postgres.sh --durable", file=sys.stderr)
        return 2
    postgres = Postgres(os.environ["CALLTRAIL_TEST_DATABASE_URL"], Path(os.environ["CALLTRAIL_TEST_PG_BIN"]))
    for measure, jobs, few in (
        (one_statement, LIMIT_JOBS, LIMIT_JOBS),
        (leased, LIMIT_JOBS, LIMIT_JOBS),
        (pgqueuer, 100_000, 20_000),
        (procrastinate, 10_000, 2_000),
    ):
        rate = measure(postgres, few if quick else jobs)
        print(f"{measure.__name__:14} {rate.per_second:9,.0f} jobs/s  {rate.way}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
