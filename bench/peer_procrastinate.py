#!/usr/bin/env python3
"""procrastinate's worker with jobs that do nothing; jobs_peers.py starts it with the Python of bench/.venv.

    peer_procrastinate.py fill URL JOBS
    peer_procrastinate.py work URL CONCURRENCY

Finished jobs are deleted as it documents for busy queues, and psycopg is the compiled one.
"""

import asyncio
import logging
import sys

from procrastinate import App, PsycopgConnector

ENQUEUED_AT_ONCE = 1_000
CONNECTIONS = 10


def application(url: str) -> App:
    """The application; it has no task yet."""
    return App(connector=PsycopgConnector(conninfo=url, min_size=CONNECTIONS, max_size=CONNECTIONS))


async def fill(url: str, jobs: int) -> None:
    """Makes the tables and enqueues the jobs."""
    app = application(url)
    nothing = app.task(_nothing, name="nothing")
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for begin in range(0, jobs, ENQUEUED_AT_ONCE):
            await nothing.batch_defer_async(*[{}] * min(ENQUEUED_AT_ONCE, jobs - begin))


async def work(url: str, concurrency: int) -> None:
    """Works until no job is left, after a line on stdin."""
    app = application(url)
    app.task(_nothing, name="nothing")
    async with app.open_async():
        await app.connector.pool.wait()
        print("ready", flush=True)
        sys.stdin.readline()
        await app.run_worker_async(concurrency=concurrency, wait=False, delete_jobs="always")
        print("done", flush=True)


async def _nothing() -> None:
    pass


if __name__ == "__main__":
    # it warns of applications in the main module, which command lines could not find
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    command, address, *numbers = sys.argv[1:]
    asyncio.run({"fill": fill, "work": work}[command](address, *map(int, numbers)))
