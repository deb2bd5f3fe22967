"""The life of the days' partitions: made ahead, taken away after retention, whatever is in the way."""

import datetime
import threading
import time

import psycopg
import pytest

from harness.client import Client, ago, assert_problem, entries, entry, stamp
from harness.program import Tenant, Worker
from harness.waiting import wait_until

PARENTS = ("call_log", "call_body", "call_count")


@pytest.fixture
def start_worker():
    """Starts worker processes that end with the test."""
    started = []

    def start(database):
        started.append(Worker(database))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def set_clock(database, offset):
    """Moves the database's clock; processes follow within a second or two."""
    database.execute(
        f"alter database {database.name} "
        + (f"set calltrail.clock_offset = '{offset}'" if offset else "reset calltrail.clock_offset")
    )


def today(database):
    """The day by app_now() of a new session."""
    return database.value("select (app_now() at time zone 'UTC')::date")


def leaves(database, parent="call_log"):
    """The attached days of a table."""
    return [
        row[0]
        for row in database.rows(
            "select day from calltrail_leaves() where parent = %s and attached and not pending order by 1", parent
        )
    ]


def days(first, last):
    return [first + datetime.timedelta(days=number) for number in range((last - first).days + 1)]


def has_run(database, *kinds):
    """Whether the worker's duties were done at least once."""
    done = "select count(last_finished_at) from schedule where kind = any(%s)"
    return database.value(done, list(kinds)) == len(kinds)


def maintenance(database, action):
    return [row[0] for row in database.rows("select subject from maintenance_log where action = %s", action)]


def test_running_worker_follows_the_clock(own_database, start_api, start_worker):
    api = start_api(own_database)
    client = Client(api, Tenant(own_database))
    client.send([entry(occurred_at=ago(days=age)) for age in (0.01, 3, 20)])
    start = today(own_database)
    assert leaves(own_database)[0] == start - datetime.timedelta(days=20)
    worker = start_worker(own_database)
    wait_until(lambda: has_run(own_database, "partitions", "retention"), "the first runs")
    assert start - datetime.timedelta(days=20) in leaves(own_database), "a day within retention is kept"

    set_clock(own_database, "31 days")
    now = start + datetime.timedelta(days=31)
    # a day goes when its last moment is older than 30 days; of the others some were made at the start
    first_kept, week = now - datetime.timedelta(days=30), datetime.timedelta(days=7)
    expected = days(first_kept, start + week) + days(now, now + week)
    wait_until(lambda: all(leaves(own_database, parent) == expected for parent in PARENTS), "the days to move", 25)
    dropped = maintenance(own_database, "dropped")
    for age in (0, 3, 20):
        day = (start - datetime.timedelta(days=age)).strftime("%Y%m%d")
        for parent in PARENTS:
            assert f"{parent}_{day}" in dropped
            assert own_database.value("select to_regclass(%s)", f"{parent}_{day}") is None
    assert any(str(now) in subject for subject in maintenance(own_database, "created"))

    # the api follows too: what is old is gone, what comes now is taken
    wait_until(lambda: client.all() == [], "old calls to be gone", 5)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=31)
    wait_until(lambda: client.post(entry(occurred_at=stamp(later))).status_code == 200, "calls of the new day", 5)
    assert client.post(entry(occurred_at=ago())).json()["errors"][0]["code"] == "out_of_window"
    assert len(client.all()) == 1
    assert api.readiness().status_code == 200

    set_clock(own_database, None)
    wait_until(lambda: client.post(entry()).status_code == 200, "the present again", 5)
    assert worker.stop() == 0
    assert api.stop() == 0


def is_pending(database, leaf):
    """Whether the detach of a leaf was begun and not ended."""
    return database.value("select pending from calltrail_leaves() where leaf = %s", leaf)


def interrupt_detach(database, leaf):
    """Leaves a partition in the state in which an interrupted concurrent detach does."""
    with database.connect(autocommit=False) as reader:
        reader.execute("select count(*) from call_log")
        detacher = database.connect()
        pid = detacher.info.backend_pid
        outcome = []

        def detach():
            try:
                detacher.execute(f"alter table call_log detach partition {leaf} concurrently")
            except psycopg.errors.QueryCanceled as error:
                outcome.append(error)

        thread = threading.Thread(target=detach)
        thread.start()
        wait_until(lambda: is_pending(database, leaf), "the detach to wait")
        database.execute("select pg_cancel_backend(%s)", pid)
        thread.join(10)
        detacher.close()
    assert outcome
    assert is_pending(database, leaf)


def test_interrupted_detach_is_gone_on_with(own_database, start_api, start_worker):
    api = start_api(own_database)
    client = Client(api, Tenant(own_database))
    client.send([entry(occurred_at=ago(days=age)) for age in (0.01, 25, 26)])
    leaf = "call_log_" + (today(own_database) - datetime.timedelta(days=26)).strftime("%Y%m%d")
    interrupt_detach(own_database, leaf)
    # while it is pending, the other days are taken and shown
    assert client.post(entry()).status_code == 200
    assert len(client.all()) == 3

    start_worker(own_database)
    wait_until(lambda: own_database.value("select to_regclass(%s)", leaf) is None, f"{leaf} to be gone")
    wait_until(lambda: leaf in maintenance(own_database, "dropped"), "the maintenance log to say so")
    assert leaf in maintenance(own_database, "finalized")
    assert own_database.value("select count(*) from calltrail_leaves() where pending or not attached") == 0
    assert len(client.all()) == 3
    assert api.stop() == 0


def test_orphans_are_swept(own_database, start_worker):
    """A leaf that was detached and not dropped, because the worker died in between."""
    leaf = "call_count_" + (today(own_database) + datetime.timedelta(days=7)).strftime("%Y%m%d")
    own_database.execute(f"alter table call_count detach partition {leaf}")
    start_worker(own_database)
    wait_until(lambda: leaf in maintenance(own_database, "dropped"), "the orphan to be swept")


def test_long_reader_does_not_stall_ingest(own_database, start_api, start_worker):
    api = start_api(own_database)
    client = Client(api, Tenant(own_database))
    client.send([entry(occurred_at=ago(days=age)) for age in (0.01, 5, 28, 29)])
    start = today(own_database)
    set_clock(own_database, "10 days")
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=10)
    sent = [entry(occurred_at=stamp(later))]
    wait_until(lambda: client.post(sent).status_code == 200, "the api to follow the clock", 5)

    longest, count = {"write": 0.0, "read": 0.0}, 0
    with own_database.connect(autocommit=False) as reader:
        reader.execute("select count(*) from call_log")
        worker = start_worker(own_database)

        def is_done():
            return has_run(own_database, "retention")

        deadline = time.monotonic() + 40
        while not is_done():
            assert worker.is_running() and time.monotonic() < deadline, worker.output
            for name, ask in (("write", lambda: client.post(sent)), ("read", lambda: client.get("/v1/call-logs"))):
                began = time.monotonic()
                assert ask().status_code == 200
                longest[name] = max(longest[name], time.monotonic() - began)
            count += 1
        reader.rollback()
    assert count > 3
    assert longest["write"] < 2 and longest["read"] < 2, longest
    # what the reader held up is done by the next run
    set_clock(own_database, "10 days 2 hours")
    wait_until(
        lambda: (
            own_database.value(
                "select count(*) from calltrail_leaves() where pending or not attached "
                "or day < (app_now() at time zone 'UTC')::date - 30"
            )
            == 0
        ),
        "the old days to be gone",
        25,
        interval=0.2,
    )
    assert start - datetime.timedelta(days=5) in leaves(own_database)
    assert worker.stop() == 0
    assert api.stop() == 0


def test_two_workers_share_the_work(own_database, start_worker):
    own_database.execute("select calltrail_create_day((app_now() at time zone 'UTC')::date - 40)")
    workers = [start_worker(own_database), start_worker(own_database)]
    wait_until(lambda: len(maintenance(own_database, "dropped")) == 3, "the old day to be dropped")
    for worker in workers:
        # signals are heeded from then on
        worker.wait_ready()
    assert [worker.stop() for worker in workers] == [0, 0]
    assert len(maintenance(own_database, "dropped")) == 3
    assert own_database.rows("select kind from schedule where last_error is not null") == []


def test_readiness_needs_a_partition_of_today(own_database, start_api):
    api = start_api(own_database)
    day = today(own_database).strftime("%Y%m%d")
    for parent in PARENTS:
        own_database.execute(f"drop table {parent}_{day}")
        problem = assert_problem(api.readiness(), 503, "unavailable")
        assert "partition" in problem["detail"]
    assert int(api.readiness().headers["retry-after"]) >= 1
    # the first entry makes the day on demand
    client = Client(api, Tenant(own_database))
    client.send(entries(2, occurred_at=stamp(datetime.datetime.now(datetime.UTC))))
    assert len(client.all()) == 2
    assert api.readiness().status_code == 200
    assert api.stop() == 0


def test_old_answers_are_deleted(own_database, start_api, start_worker):
    api = start_api(own_database)
    client = Client(api, Tenant(own_database))
    for key in ("old", "new"):
        assert client.post([entry()], Idempotency_Key=key).status_code == 200
    own_database.execute(
        "update idempotent_answer set created_at = created_at - interval '49 hours' where ctid = "
        "(select min(ctid) from idempotent_answer)"
    )
    start_worker(own_database)
    wait_until(lambda: own_database.value("select count(*) from idempotent_answer") == 1, "the old answer to go")
    assert api.stop() == 0
