#!/usr/bin/env python3
"""pgqueuer's worker with jobs that do nothing; jobs_peers.py starts it with the Python of bench/.venv.

    peer_pgqueuer.py fill URL JOBS
    peer_pgqueuer.py work URL MANAGERS BATCH

Set up as its guide to performance says: durable tables, its autovacuum settings, a connection of its own for every
queue manager, asyncpg; and uvloop, as its command line does.
"""

import asyncio
import sys

import asyncpg
import uvloop
from pgqueuer import AsyncpgDriver, PgQueuer
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

ENQUEUED_AT_ONCE = 10_000


async def fill(url: str, jobs: int) -> None:
    """Makes the tables and enqueues the jobs."""
    queries = Queries(AsyncpgDriver(await asyncpg.connect(url)))
    await queries.install()
    await queries.optimize_autovacuum()
    for begin in range(0, jobs, ENQUEUED_AT_ONCE):
        count = min(ENQUEUED_AT_ONCE, jobs - begin)
        await queries.enqueue(["nothing"] * count, [None] * count, [0] * count)


async def work(url: str, managers: int, batch: int) -> None:
    """Works until no job is left, after a line on stdin."""
    queues = [PgQueuer(AsyncpgDriver(await asyncpg.connect(url))) for _ in range(managers)]
    for queue in queues:

        @queue.entrypoint("nothing")
        async def nothing(job: Job) -> None:
            pass

    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*(queue.run(batch_size=batch, mode=QueueExecutionMode.drain) for queue in queues))
    print("done", flush=True)


if __name__ == "__main__":
    command, address, *numbers = sys.argv[1:]
    uvloop.run({"fill": fill, "work": work}[command](address, *map(int, numbers)))
