"""When the audit log takes nothing for so long that no more may wait, nobody is served without a record; and none is lost."""

import concurrent.futures
import re
import socket
import threading

import pytest

from harness.audit import Log, adopted, request_id, with_every_scope
from harness.client import assert_problem, entry
from harness.people import House
from harness.program import API
from harness.waiting import wait_until

# AuditRecorder.capacity: calls that may wait to be recorded
CAPACITY = 100_000
WAITING = "calltrail_audit_queue_entries"
PIPELINED = 250


class Crowd:
    """Connections over which calls are sent one behind the other, without waiting for answers in between."""

    def __init__(self, api, token, connections=4):
        self.address = ("127.0.0.1", api.port)
        self.request = f"GET /v1/applications HTTP/1.1\r\nHost: calltrail\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        self.answers, self.lock, self.refused = {}, threading.Lock(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            for running in [pool.submit(self._call) for _ in range(connections)]:
                running.result()

    def _call(self):
        with socket.create_connection(self.address, timeout=60) as connection:
            rest = b""
            while not self.refused.is_set():
                connection.sendall(self.request * PIPELINED)
                statuses = []
                while len(statuses) < PIPELINED:
                    received = connection.recv(1 << 20)
                    assert received, "the connection was closed"
                    rest += received
                    found = list(re.finditer(rb"HTTP/1\.1 (\d{3}) ", rest))
                    statuses += [int(one.group(1)) for one in found]
                    rest = rest[found[-1].end() :] if found else rest
                # what is left of the last answer
                rest = b""
                with self.lock:
                    for status in statuses:
                        self.answers[status] = self.answers.get(status, 0) + 1
                if 503 in statuses:
                    self.refused.set()


@pytest.mark.slow
def test_a_full_queue(own_database):
    with adopted(API(own_database, CALLTRAIL_READS_PER_MINUTE="300")) as api:
        house = House(api)
        log = Log(own_database, house.id)
        program = with_every_scope(house)
        before = request_id()
        assert program.post("/v1/call-logs", [entry(), entry()], X_Request_Id=before).status_code == 200
        log.wait_for_requests([before])
        recorded = log.seq()

        def calls():
            return own_database.value("select count(*) from call_log where tenant_id = %s", int(house.id))

        with own_database.connect(autocommit=False) as holder:
            holder.execute("select from audit_chain where tenant_id = %s for update", [house.id])
            # as long as there is room, entries come in
            held = [request_id() for _ in range(3)]
            for id in held:
                assert program.post("/v1/call-logs", entry(), X_Request_Id=id).status_code == 200
            assert calls() == 5
            crowd = Crowd(api, program.token)
            # most were too many for their caller, which is recorded as well
            assert set(crowd.answers) == {200, 429, 503}, crowd.answers
            acknowledged = crowd.answers[200] + crowd.answers[429]
            # each connection may have had a call under way when the room ran out
            assert CAPACITY <= acknowledged + len(held) <= CAPACITY + 8, crowd.answers
            refused = [request_id() for _ in range(4)]
            for id, ask in zip(
                refused,
                (
                    lambda id: program.get("/v1/call-logs", X_Request_Id=id),
                    lambda id: program.post("/v1/call-logs", entry(), X_Request_Id=id),
                    lambda id: house.owner.post("/v1/api-keys", {"name": id, "scopes": ["audit:read"]}, X_Request_Id=id),
                    lambda id: program.post("/v1/logentry", {"code": "ABB-0020"}, X_Request_Id=id),
                ),
            ):
                answer = ask(id)
                problem = assert_problem(answer, 503, "unavailable")
                assert int(answer.headers["retry-after"]) >= 1 and "audit log" in problem["detail"]
            # nothing of that was done
            assert calls() == 5
            assert own_database.value("select count(*) from api_key where name = any(%s)", refused) == 0
            assert api.metrics()[WAITING] >= CAPACITY and api.metrics()["calltrail_audit_lost_total"] == 0
            assert program.get("/livez").status_code == 200
            assert log.seq() == recorded
        wait_until(lambda: api.metrics()[WAITING] == 0, "the queue to be written", 120, interval=0.5)
        after = request_id()
        assert program.post("/v1/call-logs", entry(), X_Request_Id=after).status_code == 200
        log.wait_for_requests([*held, after], seconds=20)
        assert calls() == 6
        # each once: those that were served and those that were too many, and none that was refused
        rows = own_database.rows(
            "select status, count(*), count(distinct request_id) from audit_log"
            " where tenant_id = %s and path = '/v1/applications' group by status order by status",
            int(house.id),
        )
        assert rows == [(status, crowd.answers[status], crowd.answers[status]) for status in (200, 429)]
        assert log.of_requests(refused) == []
        log.assert_intact()
        assert api.stop() == 0
