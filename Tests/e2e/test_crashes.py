"""What was acknowledged is there, exactly once, whatever dies."""

import concurrent.futures
import http.client
import signal
import socket
import threading
import time

import httpx
import pytest

from harness.client import Client, assert_problem, entries, entry, ndjson, with_ids
from harness.program import API, Tenant, run
from harness.waiting import wait_until
from test_counts import assert_counts_match


class Senders:
    """Threads that send entries with ids, each batch again and again until it is acknowledged."""

    def __init__(self, api, tenant, threads=4, batch=20):
        self.api, self.tenant, self.batch = api, tenant, batch
        self.acknowledged, self.failures, self.statuses = [], 0, set()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.running = [self.pool.submit(self._run) for _ in range(threads)]

    def _run(self):
        client = Client(self.api, self.tenant, timeout=20)
        while not self.stopping.is_set():
            sent = with_ids(self.batch)
            body = ndjson(sent)
            deadline = time.monotonic() + 40
            while not self._try(client, body, len(sent)):
                assert time.monotonic() < deadline, "a batch was not acknowledged within 40 s"
                # the pause of a client that backs off
                time.sleep(0.05)
            with self.lock:
                self.acknowledged += [item["id"] for item in sent]
        client.close()

    def _try(self, client, body, count):
        try:
            answer = client.post(body, "application/x-ndjson")
        except httpx.TransportError:
            with self.lock:
                self.failures += 1
            return False
        with self.lock:
            self.statuses.add(answer.status_code)
        if answer.status_code != 200:
            assert_problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            return False
        assert answer.json()["accepted"] + answer.json()["duplicates"] == count
        return True

    def wait_for(self, more):
        """Waits until that many further entries were acknowledged."""
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal or self._failed(), f"{more} more entries", 45)

    def _failed(self):
        for future in self.running:
            if future.done():
                future.result()

    def finish(self):
        """Lets each batch be acknowledged, then stops."""
        self.stopping.set()
        for future in self.running:
            future.result(60)
        self.pool.shutdown()


def assert_stored_once(database, tenant, api, ids):
    """Every one of the ids is a call of the tenant, once, and nothing else is."""
    assert len(ids) == len(set(ids))
    assert assert_counts_match(database, tenant.id) == len(ids)
    client = Client(api, tenant)
    found = client.all()
    assert len(found) == len({item["id"] for item in found}) == len(ids)
    for item in found[:: max(1, len(found) // 40)]:
        assert client.find(item["id"])["client_id"] in ids
    client.close()


def test_killed_api_loses_and_doubles_nothing(own_database, start_api):
    api = start_api(own_database)
    tenant = Tenant(own_database)
    senders = Senders(api, tenant)
    for _ in range(3):
        senders.wait_for(400)
        api.kill()
        api.start()
        api.wait_ready()
    senders.wait_for(400)
    senders.finish()
    assert senders.failures > 0
    assert_stored_once(own_database, tenant, api, senders.acknowledged)
    assert api.stop() == 0


def test_killed_postgresql_loses_and_doubles_nothing(cluster, start_api):
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    api = start_api(database)
    tenant = Tenant(database)
    # of another tenant: its attempts must not count among the senders' entries
    client = Client(api, Tenant(database), timeout=8)
    senders = Senders(api, tenant)
    senders.wait_for(400)

    cluster.kill()
    began = time.monotonic()
    assert_unavailable(client, api)
    assert time.monotonic() - began < 12
    cluster.start()
    restarted = time.monotonic()
    wait_until(
        lambda: client.get("/v1/call-logs").status_code == client.post(entry()).status_code == 200, "service again", 5
    )
    api.wait_ready(5)
    assert time.monotonic() - restarted < 5

    senders.wait_for(400)
    senders.finish()
    assert senders.statuses == {200, 503} and senders.failures == 0
    assert_stored_once(database, tenant, api, senders.acknowledged)
    assert api.stop() == 0


def assert_unavailable(client, api):
    """Without a database: 503 with Retry-After for whatever needs it, and the process lives."""
    for ask in (lambda: client.post(entry()), lambda: client.get("/v1/call-logs"), lambda: client.get("/v1/bots")):
        began = time.monotonic()
        answer = ask()
        assert_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert time.monotonic() - began < 5
    assert_problem(api.readiness(), 503, "unavailable")
    assert httpx.get(api.url + "/livez", trust_env=False).status_code == 200
    assert api.metrics()["calltrail_database_up"] == 0
    assert api.is_running()


def test_restarted_postgresql_is_found_again(cluster, start_api):
    """A restart in good order, as for an update of the server: idle connections are dead, none is handed out."""
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    api = start_api(database)
    client = Client(api, Tenant(database))
    client.send(entries(5))
    cluster.stop("fast")
    cluster.start()
    wait_until(lambda: client.get("/v1/call-logs").status_code == 200, "reading again", 5)
    wait_until(lambda: client.post(entry()).status_code == 200, "writing again", 5)
    assert [client.get("/v1/bots").status_code for _ in range(20)] == [200] * 20
    assert api.stop() == 0


def test_sigterm_amid_ingest(own_database, start_api):
    api = start_api(own_database)
    tenant = Tenant(own_database)
    senders = Senders(api, tenant)
    senders.wait_for(400)
    assert api.stop() == 0
    before = len(senders.acknowledged)
    senders.stopping.set()
    api.start()
    api.wait_ready()
    senders.finish()
    assert before >= 400
    assert_stored_once(own_database, tenant, api, senders.acknowledged)
    assert api.stop() == 0


def test_sigterm_answers_what_is_under_way(own_database, start_api):
    """Requests that wait for the database, and one that is still being sent, get their answers."""
    api = start_api(own_database)
    tenant = Tenant(own_database)
    client = Client(api, tenant)
    client.send(entries(1))
    body = ndjson(entries(3))
    sending = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    sending.sendall(
        (
            f"POST /v1/call-logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.write_key}\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        + body[:50]
    )
    with own_database.connect(autocommit=False) as holder, concurrent.futures.ThreadPoolExecutor(6) as pool:
        holder.execute("lock table call_count in share row exclusive mode")
        waiting = [pool.submit(Client(api, tenant).post, with_ids(10)) for _ in range(6)]
        wait_until(
            lambda: (
                own_database.value(
                    "select count(*) from pg_locks where not granted and database = "
                    "(select oid from pg_database where datname = current_database())"
                )
                > 0
            ),
            "a request to wait for the lock",
        )
        api.signal(signal.SIGTERM)
        wait_until(lambda: (ready := api.readiness()) is None or ready.status_code == 503, "/readyz to say no", 5)
        assert not any(future.done() for future in waiting)
        holder.rollback()
        answers = [future.result(20) for future in waiting]
    sending.sendall(body[50:])
    answer = http.client.HTTPResponse(sending)
    answer.begin()
    assert answer.status == 200, answer.read()
    assert b'"accepted":3' in answer.read()
    sending.close()
    assert [answer.status_code for answer in answers] == [200] * 6
    assert api.process.wait(20) == 0
    assert own_database.value("select count(*) from call_log") == 1 + 3 + 60


def test_sigterm_of_an_idle_api_is_quick(own_database, start_api):
    api = start_api(own_database)
    client = Client(api, Tenant(own_database))
    # a connection that is kept alive must not hold up the end
    client.get("/v1/bots")
    began = time.monotonic()
    assert api.stop() == 0
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_in_good_order(own_database, number):
    api = API(own_database)
    api.signal(number)
    assert api.process.wait(15) == 0
