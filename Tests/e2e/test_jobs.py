"""The job runner: whatever dies, each job ends once, and what it did late does not count."""

import signal
import threading
import time

import psycopg
import pytest

from harness.mail import MailServer
from harness.mail_session import Behaviour
from harness.notices import Platform, Scene
from harness.people import Visitor
from harness.program import Worker, run
from harness.waiting import wait_until

LEASE = {"seconds": 61}
SCHEDULED = ["audit_checkpoints", "audit_retention", "compaction", "housekeeping", "partitions", "retention", "sessions"]
# run every 15 or 60 seconds, and so now and then once more while a test looks
FREQUENT = ["connection_sweep", "count_seals"]


@pytest.fixture
def start_worker():
    """Starts workers that end with the test."""
    started = []

    def start(database):
        started.append(Worker(database))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def enqueue(database, kind, count=1, payload="{}"):
    """Enqueues jobs as any program could, and tells the workers."""
    with database.connect(autocommit=False) as connection:
        connection.execute(
            "insert into job (kind, payload) select %s, %s::jsonb from generate_series(1, %s)", [kind, payload, count]
        )
        connection.execute("notify calltrail_job")


def count_jobs(database, kind):
    """How many jobs of a kind there are, in whatever state."""
    return database.value("select count(*) from job where kind = %s", kind)


def history(database, job):
    """How the ended runs of a job ended."""
    return [row[0] for row in database.rows("select outcome from job_history where job_id = %s order by 1", job)]


def done_runs(worker, kind):
    """The runs of a kind that a worker did."""
    return worker.metrics().get(f'calltrail_job_runs_total{{kind="{kind}",outcome="done"}}', 0)


def count_running(scene):
    """How many mails with links are being sent."""
    return [job["state"] for job in scene.jobs("account_mail")].count("running")


@pytest.fixture(scope="module", autouse=True)
def leaving(server, migrated):
    """A worker that is to stop while a mail server lets it wait: that takes a while, so it begins with the file."""
    database = server.create_database("calltrail_leaving", template=migrated.name)
    with MailServer() as mail:
        scene = Scene(database, mail)
        mail.behave(Behaviour.HANG)
        scene.platform = Platform(scene)
        scene.platform.fail()
        mail.wait_for(1)
        scene.worker.signal(signal.SIGTERM)
        # its end is timed while the tests run
        began = time.monotonic()

        def wait():
            scene.exit_code = scene.worker.process.wait()
            scene.seconds = time.monotonic() - began

        scene.waiting = threading.Thread(target=wait, daemon=True)
        scene.waiting.start()
        yield scene
        scene.close()
        scene.waiting.join()
    database.drop()


def test_what_a_killed_worker_began_is_ended_by_another(own_database, start_scene, mail):
    scene = start_scene(own_database)
    platform = Platform(scene)
    mail.behave(Behaviour.HANG, times=1)
    platform.fail()
    mail.wait_for(1)
    (job,) = scene.jobs("mail_notification")
    assert job["state"] == "running" and job["attempts"] == 1
    scene.worker.kill()
    # not before its lease has run out
    scene.start_worker()
    enqueue(own_database, "probe")
    wait_until(lambda: count_jobs(own_database, "probe") == 0, "the other worker to be at work")
    assert scene.jobs("mail_notification") == [job]
    assert scene.worker.stop() == 0
    scene.advance(**LEASE)
    scene.start_worker()
    sent = platform.wait_for("sent", attempts=2, seconds=40)
    assert "it may have been sent twice" in sent["reason"]
    assert [received.mail["Message-ID"] for received in mail.received] == [sent["message_id"]] * 2
    scene.wait_until_idle()
    assert scene.jobs("mail_notification", "first_error") == []
    assert history(own_database, job["job_id"]) == ["done"]
    scene.stop()


def test_what_a_worker_does_after_its_lease_does_not_count(own_database, start_scene, mail):
    scene = start_scene(own_database)
    platform = Platform(scene)
    stopped = scene.worker
    mail.behave(Behaviour.HANG, times=1)
    platform.fail()
    mail.wait_for(1)
    (job,) = scene.jobs("mail_notification")
    other = scene.start_worker()
    stopped.signal(signal.SIGSTOP)
    scene.advance(but=stopped, **LEASE)
    sent = platform.wait_for("sent", attempts=2, seconds=40)
    # now the server takes the first copy, and the stopped worker learns of it when it goes on
    mail.release()
    wait_until(lambda: len(mail.accepted) == 2, "the server's late answer")
    stopped.signal(signal.SIGCONT)
    wait_until(
        lambda: stopped.metrics()["calltrail_job_leases_lost_total"] == 1, "the worker to see that it lost its lease"
    )
    assert "lease" in stopped.output
    assert platform.line() == sent
    assert history(own_database, job["job_id"]) == ["done"]
    assert done_runs(stopped, "mail_notification") == 0
    # and it goes on working, alone
    assert other.stop(30) == 0
    platform.fail("another-bot")
    platform.wait_for("sent", "another-bot", attempts=1)
    assert done_runs(stopped, "mail_notification") == 1
    scene.stop()


def test_a_job_that_takes_its_workers_with_it_dies(own_database, start_scene, mail):
    """A mail with a link: each of its runs hangs until the worker is killed. Another one ran beside it once."""
    scene = start_scene(own_database)
    platform = Platform(scene)
    guilty, innocent = platform.owner_email, platform.add("agent")["email"]
    mail.behave(Behaviour.HANG)
    for number, email in enumerate((guilty, innocent), 1):
        assert Visitor(scene.api).post("/v1/password-resets", {"email": email}).status_code == 202
        wait_until(lambda: count_running(scene) == number, "the job to run")
        mail.wait_for(1, guilty)
    for run_number in (1, 2, 3):
        mail.wait_for(run_number, guilty)
        running = [job for job in scene.jobs("account_mail") if job["payload"]["email"] == guilty]
        assert [(job["state"], job["attempts"], job["crashes"]) for job in running] == [
            ("running", run_number, run_number - 1)
        ]
        scene.worker.kill()
        scene.advance(**LEASE)
        if run_number == 3:
            mail.behave(Behaviour.OK)
        scene.start_worker()
    mail.wait_for(1, innocent, seconds=30)
    scene.wait_until_idle()
    (dead,) = scene.jobs("account_mail")
    assert dead["payload"]["email"] == guilty and dead["state"] == "dead" and dead["crashes"] == 3
    assert "worker was lost 3 times" in dead["last_error"]
    assert history(own_database, dead["job_id"]) == ["dead"]
    assert len(mail.to(guilty)) == 3 and len(mail.accepted) == 1
    enqueue(own_database, "probe")
    wait_until(lambda: count_jobs(own_database, "probe") == 0, "other jobs to be done")
    scene.stop()


def test_others_run_beside_what_took_a_worker_with_it(own_database, start_scene, mail):
    scene = start_scene(own_database)
    mail.behave(Behaviour.HANG, times=2)
    owner = Platform(scene).owner_email
    Visitor(scene.api).post("/v1/password-resets", {"email": owner})
    mail.wait_for(1)
    scene.worker.kill()
    scene.advance(**LEASE)
    worker = scene.start_worker()
    mail.wait_for(2, seconds=30)
    enqueue(own_database, "probe", 10)
    wait_until(lambda: count_jobs(own_database, "probe") == 0, "probes to be done beside it", 20)
    assert scene.jobs("account_mail")[0]["state"] == "running"
    mail.release()
    scene.wait_until_idle()
    assert done_runs(worker, "account_mail") == 1
    scene.stop()


def test_workers_survive_a_restart_of_postgresql(cluster, start_scene, mail):
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    scene = start_scene(database, workers=2)
    platform = Platform(scene)
    platform.fail("before")
    platform.wait_for("sent", "before")
    mail.behave(Behaviour.HANG, times=1)
    platform.fail("meanwhile")
    mail.wait_for(2)

    cluster.kill()
    # the mail is taken while nobody can note it
    mail.release()
    wait_until(lambda: len(mail.accepted) == 2, "the server's answer")
    cluster.start()
    wait_until(
        lambda: scene.api.readiness() is not None and scene.api.readiness().status_code == 200, "the api to be back"
    )
    platform.fail("after")
    platform.wait_for("sent", "after", seconds=20)

    # whether its worker could put it off or it has to be taken back
    scene.advance(hours=1)
    sent = platform.wait_for("sent", "meanwhile", seconds=60)
    copies = [r for r in mail.received if r.mail["Message-ID"] == sent["message_id"]]
    assert len(copies) == 1 or len(copies) == 2 and "it may have been sent twice" in sent["reason"]
    scene.wait_until_idle()
    assert all(worker.is_running() for worker in scene.workers)
    scene.stop()


def test_two_workers_do_each_job_once(own_database, start_worker):
    workers = [start_worker(own_database), start_worker(own_database)]
    for worker in workers:
        worker.wait_ready()
    enqueue(own_database, "probe", 2000)
    wait_until(lambda: count_jobs(own_database, "probe") == 0, "all probes to be done", 30)
    wait_until(lambda: sum(done_runs(worker, "probe") for worker in workers) >= 2000, "all to be counted", 5)
    assert sum(done_runs(worker, "probe") for worker in workers) == 2000
    for worker in workers:
        numbers = worker.metrics()
        assert numbers["calltrail_job_leases_lost_total"] == numbers["calltrail_jobs_dead"] == 0

    # those who wait for an answer get one each
    replies = []
    with psycopg.connect(own_database.superuser_url, autocommit=True) as listener:
        listener.execute("listen probe_reply")
        enqueue(own_database, "probe", 300, '{"reply":"probe_reply"}')
        wait_until(lambda: count_jobs(own_database, "probe") == 0, "all replies to be sent", 30)
        replies += listener.notifies(timeout=5, stop_after=300)
        replies += listener.notifies(timeout=0)
    assert len(replies) == 300
    assert [worker.stop() for worker in workers] == [0, 0]


def runs_by_kind(database):
    """The kinds whose runs were done, one for each run, but for the frequent ones."""
    kinds = [row[0] for row in database.rows("select kind from job_history where outcome = 'done' order by kind")]
    return [kind for kind in kinds if kind not in FREQUENT]


def test_what_was_due_many_times_runs_once(own_database, start_worker):
    def is_idle():
        return all(count_jobs(own_database, kind) == 0 for kind in SCHEDULED)

    worker = start_worker(own_database)
    wait_until(lambda: runs_by_kind(own_database) == SCHEDULED and is_idle(), "the first runs")
    assert own_database.value("select count(*) from schedule") == len(SCHEDULED + FREQUENT)
    assert worker.stop() == 0

    own_database.execute(f"alter database {own_database.name} set calltrail.clock_offset = '3 days'")
    workers = [start_worker(own_database), start_worker(own_database)]
    twice = sorted(SCHEDULED * 2)
    wait_until(lambda: runs_by_kind(own_database) == twice and is_idle(), "the runs after three days")
    # both have looked at what is due before they stop
    for worker in workers:
        worker.wait_ready()
    assert [worker.stop() for worker in workers] == [0, 0]
    assert runs_by_kind(own_database) == twice and is_idle()


def test_unknown_kinds_are_left_alone(own_database, start_worker):
    enqueue(own_database, "of_the_future")
    own_database.execute("insert into job (kind, crashes) values ('of_the_past', 1)")
    worker = start_worker(own_database)
    enqueue(own_database, "probe", 5)
    wait_until(lambda: count_jobs(own_database, "probe") == 0, "the known jobs to be done")
    wait_until(lambda: done_runs(worker, "partitions") == 1, "the worker to have looked at lost jobs")
    enqueue(own_database, "probe", 5)
    wait_until(lambda: count_jobs(own_database, "probe") == 0, "the worker to go on")
    rows = own_database.rows("select state, attempts, last_error from job where kind ~ '^of_the'")
    assert rows == [("waiting", 0, None)] * 2
    assert worker.stop() == 0


def test_a_worker_that_is_to_stop_ends_in_time(leaving):
    """Near the end of the file: its worker was told to stop when the file began."""
    leaving.waiting.join(40)
    assert leaving.exit_code == 0 and leaving.seconds < 30, leaving.worker.output
    # the mail was handed over, and nobody sends it any more
    line = leaving.platform.line()
    assert line["state"] == "uncertain" and line["attempts"] == 1, line


def test_a_worker_that_is_to_stop_gives_back_what_hangs(leaving):
    leaving.waiting.join(40)
    (job,) = leaving.jobs("mail_notification")
    assert (job["state"], job["lease_token"], job["attempts"], job["crashes"]) == ("waiting", None, 0, 0), job
    leaving.mail.behave(Behaviour.OK)
    leaving.advance(hours=1)
    leaving.start_worker()
    sent = leaving.platform.wait_for("sent")
    assert [received.mail["Message-ID"] for received in leaving.mail.received] == [sent["message_id"]] * 2
    leaving.stop()
