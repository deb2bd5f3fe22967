"""The job queue: no-op jobs a second against plain SQL and other queues, how soon a job starts, what a claim costs."""

import signal
import subprocess
import time
from collections.abc import Iterator

import jobs_peers
import pgbench
import statements
from figure import Figure, middle, middle_ratio, percentile
from service import Bench, Seeded, Service, say

# of one round of ours and of the limit alike: the limit falls with their number
JOBS = 200_000
PGQUEUER_JOBS = 50_000
PROCRASTINATE_JOBS = 5_000
LATENCIES = 400
FEW, MANY = 1_000, 1_000_000
# jobs that one measured claim takes
CLAIMED = 10


def measure(bench: Bench, _: Seeded) -> Iterator[Figure]:
    """Rates, latency, and the cost of a claim."""
    with Service(bench, "jobs") as service:
        worker = service.start("worker")
        _wait_for_schedule(service)
        yield from _rates(bench, service, worker)
        yield from _latency(bench, service)
        service.stop(worker)
        yield from _claim_cost(bench, service)


def _rates(bench: Bench, service: Service, worker: subprocess.Popen) -> Iterator[Figure]:
    ours: list[float] = []
    leased: list[float] = []
    at_once: list[float] = []
    pgqueuer: list[float] = []
    settings = jobs_peers.PGQUEUER_SETTINGS
    _run_jobs(bench, service, worker)
    for number in range(bench.scale.rounds):
        ours.append(_run_jobs(bench, service, worker))
        leased.append(jobs_peers.leased(bench.postgres, JOBS).per_second)
        at_once.append(jobs_peers.one_statement(bench.postgres, JOBS).per_second)
        rate = jobs_peers.pgqueuer(bench.postgres, PGQUEUER_JOBS, settings)
        # the first round tried all, the others the best
        settings = (rate.way,)
        pgqueuer.append(rate.per_second)
        say(
            f"round {number + 1}: ours {ours[-1]:,.0f}/s, pgbench leased {leased[-1]:,.0f}/s, in one statement "
            f"{at_once[-1]:,.0f}/s, pgqueuer {pgqueuer[-1]:,.0f}/s")
    procrastinate = jobs_peers.procrastinate(bench.postgres, PROCRASTINATE_JOBS).per_second
    name, measured = "no-op jobs, one worker", f"{middle(ours):,.0f} jobs/s"
    ratio = middle_ratio(ours, leased)
    yield Figure(name, measured, f"pgbench, claim and delete: {middle(leased):,.0f}/s", ratio, "≥ 0.7", ratio >= 0.7)
    ratio = middle_ratio(ours, at_once)
    yield Figure(
        "the same", measured, f"pgbench, one statement, no lease: {middle(at_once):,.0f}/s", ratio, "≥ 0.7", ratio >= 0.7)
    ratio = middle_ratio(ours, pgqueuer)
    yield Figure("the same", measured, f"pgqueuer: {middle(pgqueuer):,.0f}/s", ratio, "≥ 5", ratio >= 5)
    ratio = middle(ours) / procrastinate
    yield Figure("the same", measured, f"procrastinate: {procrastinate:,.0f}/s", ratio, "≥ 5", ratio >= 5)


def _wait_for_schedule(service: Service) -> None:
    service.bench.postgres.wait(
        "count(*) > 3 and bool_and(last_finished_at is not null) from schedule", service.database, 60,
        "the worker's first scheduled runs")


def _run_jobs(bench: Bench, service: Service, worker: subprocess.Popen) -> float:
    """Jobs a second, from when a worker that stood still goes on to the last job's end."""
    worker.send_signal(signal.SIGSTOP)
    try:
        service.rows(
            f"truncate job; insert into job (kind) select 'probe' from generate_series(1, {JOBS}); vacuum analyze job;")
        bench.postgres.checkpoint()
    finally:
        begin = time.monotonic()
        worker.send_signal(signal.SIGCONT)
    service.rows("notify calltrail_job")
    while service.rows("select exists (select from job where kind = 'probe')")[0][0] == "t":
        time.sleep(0.005)
    return JOBS / (time.monotonic() - begin)


def _latency(bench: Bench, service: Service) -> Iterator[Figure]:
    """From the moment before a job is enqueued to its worker's reply: the start of the job lies in between."""
    if not jobs_peers.PYTHON.exists():
        raise RuntimeError(f"{jobs_peers.PYTHON} is missing: deploy/install-python-tools bench")
    url = bench.postgres.url_of(service.database)
    script = bench.directory / "latency.py"
    script.write_text(LATENCY)
    done = subprocess.run(
        [jobs_peers.PYTHON, script, url, str(LATENCIES)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"latency: {done.stderr.strip()[-2000:]}")
    milliseconds = [float(line) for line in done.stdout.split()]
    p50, p99 = percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)
    yield Figure("from enqueuing a job to its reply, 20 a second: p50", f"{p50:.1f} ms", "", None, "≤ 5 ms", p50 <= 5)
    yield Figure("the same: p99", f"{p99:.1f} ms", "", None, "≤ 25 ms", p99 <= 25)


LATENCY = """
import asyncio, json, sys, time
import asyncpg


async def main(url, count):
    listening, writing = await asyncpg.connect(url), await asyncpg.connect(url)
    arrived = asyncio.Event()
    await listening.add_listener("bench_reply", lambda *_: arrived.set())
    payload = json.dumps({"reply": "bench_reply"})
    for number in range(count + 10):
        arrived.clear()
        begin = time.perf_counter()
        await writing.execute("insert into job (kind, payload) values ('probe', $1)", payload)
        await writing.execute("notify calltrail_job")
        await asyncio.wait_for(arrived.wait(), 10)
        if number >= 10:
            print((time.perf_counter() - begin) * 1000)
        await asyncio.sleep(0.05)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def _claim_cost(bench: Bench, service: Service) -> Iterator[Figure]:
    """Milliseconds of the worker's own claim, taken back each time, with few and with many jobs waiting."""
    found = statements.observed(service, lambda: _provoke_claim(service), "with picked")
    claim = next(one for one in found if "with picked" in one.text)
    # what is measured is the claim, not the vacuum that many rows call for meanwhile
    service.rows("alter table job set (autovacuum_enabled = off);")
    # all kinds have room, ten jobs are taken
    costs = {}
    for waiting in (FEW, MANY):
        service.rows(
            f"truncate job; insert into job (kind) select 'probe' from generate_series(1, {waiting}); vacuum analyze job;")
        bench.postgres.checkpoint()
        begin, *_, commit = found
        role = [one for one in found if one.text.startswith("set local")]
        text = claim.text
        parameters = list(claim.parameters)
        bounded = statements.Statement(text, parameters)
        bounded.parameters[_position_of_most(text)] = str(CLAIMED)
        rolled_back = statements.Statement("rollback", [])
        script, variables = pgbench.script([begin, *role, bounded, rolled_back], "claim")
        rates = [pgbench.run(service, [script], variables, bench.scale.seconds // 2 or 1, clients=1) for _ in range(3)]
        costs[waiting] = middle([rate.p50 for rate in rates])
    ratio = costs[MANY] / costs[FEW]
    yield Figure(
        f"a claim of {CLAIMED} jobs, {MANY:,} waiting", f"{costs[MANY]:.2f} ms", f"{FEW:,} waiting: {costs[FEW]:.2f} ms",
        ratio, "≤ 1.5", ratio <= 1.5)


def _position_of_most(text: str) -> int:
    """The parameter that bounds the claim as a whole: the limit that stands last."""
    return int(text.split("limit $")[-1].split()[0].rstrip(")")) - 1


def _provoke_claim(service: Service) -> None:
    """A worker claims what is scheduled first of all."""
    service.rows("delete from schedule;")
    worker = service.start("worker")
    try:
        _wait_for_schedule(service)
    finally:
        service.stop(worker)
