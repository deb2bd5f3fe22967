"""What was answered is recorded, exactly once, whatever stops, dies or restarts; and changes stand or fall with their entries."""

import concurrent.futures
import threading
import time

import httpx
import pytest

from harness.audit import CREATED, Log, adopted, request_id, with_every_scope
from harness.client import entry
from harness.people import House, Visitor
from harness.program import API, run
from harness.waiting import wait_until


class Traffic:
    """Threads that call; what was answered is noted by request id, each sent once."""

    def __init__(self, apis, house, threads=4, work=None):
        self.house = house
        self.program = with_every_scope(house)
        self.answered, self.unanswered, self.statuses = set(), set(), {}
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.work = work or self.call
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.running = [self.pool.submit(self._run, apis[number % len(apis)]) for number in range(threads)]

    def _run(self, api):
        visitor = Visitor(api, self.program.token)
        owner = Visitor(api, self.house.owner.token)
        while not self.stopping.is_set():
            id = request_id()
            try:
                answer = self.work(visitor, owner, id)
            except httpx.TransportError:
                with self.lock:
                    self.unanswered.add(id)
                # a client that lost its connection makes another
                time.sleep(0.02)
                continue
            with self.lock:
                self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
                (self.unanswered if answer.status_code == 503 else self.answered).add(id)
            if answer.status_code == 503:
                time.sleep(0.05)

    @staticmethod
    def call(visitor, owner, id):
        """Reads as a program."""
        return visitor.get("/v1/applications", X_Request_Id=id)

    def wait_for(self, more, seconds=60):
        """Waits until that many further requests were answered."""
        goal = len(self.answered) + more
        wait_until(lambda: len(self.answered) >= goal, f"{more} more answers", seconds)

    def finish(self):
        """Ends the threads."""
        self.stopping.set()
        for future in self.running:
            future.result(60)
        self.pool.shutdown()


def assert_recorded_once(log, traffic):
    """Every answered call is recorded once; those without an answer at the most once."""
    rows = [row["request_id"] for row in log.of_requests(traffic.answered | traffic.unanswered)]
    assert len(rows) == len(set(rows)), "calls that were recorded twice"
    missing = traffic.answered - set(rows)
    assert not missing, f"{len(missing)} of {len(traffic.answered)} answered calls are not recorded"


def test_stopping_loses_nothing(own_database):
    with adopted(API(own_database)) as api:
        house = House(api)
        log = Log(own_database, house.id)
        for _ in range(3):
            traffic = Traffic([api], house, threads=6)
            traffic.wait_for(250)
            assert api.stop() == 0
            traffic.finish()
            assert_recorded_once(log, traffic)
            api.start()
            api.wait_ready()
        log.assert_intact()
        assert api.stop() == 0


def test_stopping_right_after_an_answer(own_database):
    with adopted(API(own_database)) as api:
        house = House(api)
        log = Log(own_database, house.id)
        for _ in range(3):
            visitor = Visitor(api, house.owner.token)
            ids = [request_id() for _ in range(30)]
            for id in ids:
                assert visitor.get("/v1/me", X_Request_Id=id).status_code == 200
            assert api.stop() == 0
            visitor.http.close()
            # not a moment later: the process is gone
            assert sorted(row["request_id"] for row in log.of_requests(ids)) == sorted(ids)
            api.start()
            api.wait_ready()


def change(visitor, owner, id):
    """Makes a key, as the owner."""
    return owner.post("/v1/api-keys", {"name": id, "scopes": ["audit:read"]}, X_Request_Id=id)


def test_killed_amid_changes(own_database):
    """An entity and its entry are both there or neither."""
    with adopted(API(own_database)) as api:
        house = House(api)
        log = Log(own_database, house.id)
        for _ in range(4):
            traffic = Traffic([api], house, threads=6, work=change)
            traffic.wait_for(60)
            api.kill()
            traffic.stopping.set()
            traffic.finish()
            keys = {row[0] for row in own_database.rows("select key_id::text from api_key where tenant_id = %s", house.id)}
            entries = [row["relation_key"] for row in log.rows("code = %s and related_model = 'api_key'", CREATED)]
            assert len(entries) == len(set(entries)) and set(entries) == keys
            names = {row[0] for row in own_database.rows("select name from api_key where tenant_id = %s", house.id)}
            assert traffic.answered <= names
            api.start()
            api.wait_ready()
        log.assert_intact()


def test_two_writers_of_one_chain(cluster):
    """Two processes with calls and changes of one tenant: one chain, without a gap and without a deadlock."""
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    with adopted(API(database)) as first, adopted(API(database)) as second:
        house, other = House(first), House(first)
        log = Log(database, house.id)

        def mixed(visitor, owner, id):
            number = int(id[-2:], 16) % 6
            if number == 0:
                return change(visitor, owner, id)
            if number == 1:
                return visitor.post("/v1/logentry", [{"code": "ABB-0020"}] * 20, X_Request_Id=id)
            if number == 2:
                quiet = {"from": "22:00", "to": f"0{int(id[-3], 16) % 10}:30", "time_zone": "Europe/Berlin"}
                return owner.put("/v1/notification-settings", {"quiet_hours": quiet}, X_Request_Id=id)
            if number == 3:
                return visitor.post("/v1/call-logs", [entry(), entry(status_code=500)], X_Request_Id=id)
            return visitor.get("/v1/connections", X_Request_Id=id)

        traffics = [Traffic([first, second], house, threads=6, work=mixed), Traffic([second, first], other, threads=2, work=mixed)]
        traffics[0].wait_for(500)
        # verified while they write
        log.assert_intact()
        for traffic in traffics:
            traffic.finish()
            assert set(traffic.statuses) <= {200, 201}, traffic.statuses
        for process in (first, second):
            assert process.stop() == 0
        for each, traffic in zip((house, other), traffics):
            own = Log(database, each.id)
            assert_recorded_once(own, traffic)
            numbers = [row["seq"] for row in own.rows()]
            assert numbers == list(range(1, len(numbers) + 1))
            own.assert_intact()
    text = (cluster.directory / "server.log").read_text(errors="replace")
    assert "deadlock" not in text and "duplicate key" not in text, text[-3000:]


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_postgresql_restarted(cluster, how):
    """What was answered is recorded once it is back; whoever could not be served was told so."""
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    with adopted(API(database)) as api:
        house = House(api)
        log = Log(database, house.id)
        traffic = Traffic([api], house)
        for _ in range(2):
            traffic.wait_for(150)
            cluster.stop(how)
            cluster.start()
        traffic.wait_for(150)
        traffic.finish()
        assert set(traffic.statuses) <= {200, 503}, traffic.statuses
        wait_until(lambda: len(log.of_requests(traffic.answered)) >= len(traffic.answered), "all calls to be recorded", 20)
        assert api.stop() == 0
        assert_recorded_once(log, traffic)
        log.assert_intact()


def test_a_database_that_takes_no_writes(own_database):
    """A server that became a standby for a while: reads go on, their calls wait, and none is lost."""
    with adopted(API(own_database)) as api:
        house = House(api)
        log = Log(own_database, house.id)
        visitor = with_every_scope(house)
        assert visitor.get("/v1/applications").status_code == 200
        log.wait_until_quiet()
        setting = f"alter database {own_database.name} {{}}"
        own_database.execute(setting.format("set default_transaction_read_only = on"))
        disconnect = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        own_database.server.connect().execute(disconnect, [own_database.name])
        ids = []

        def served():
            id = request_id()
            answer = visitor.get("/v1/applications", X_Request_Id=id)
            if answer.status_code == 200:
                ids.append(id)
            return len(ids) >= 40

        wait_until(served, "reads without writes", 20, interval=0.01)
        # tried, and put back
        wait_until(lambda: "calls wait to be recorded in the audit log" in api.output, "entries to wait to be recorded")
        assert log.of_requests(ids) == []
        # by way of another database: this one takes no change of its settings either
        with own_database.server.connect() as connection:
            connection.execute(setting.format("reset default_transaction_read_only"))
            connection.execute(disconnect, [own_database.name])
        log.wait_for_requests(ids, seconds=20)
        assert "was refused" not in api.output
        log.assert_intact()
        assert api.stop() == 0


def test_somebody_holds_the_chain(own_database):
    """A writer that does not come to its end: reads go on and are recorded later, once; memory stays where it is."""
    with adopted(API(own_database)) as api:
        house = House(api)
        log = Log(own_database, house.id)
        traffic = Traffic([api], house)
        traffic.wait_for(1)
        with own_database.connect(autocommit=False) as holder:
            holder.execute("select from audit_chain where tenant_id = %s for update", [house.id])
            seq = log.seq()
            traffic.wait_for(600)
            memory = api.status("VmRSS")
            traffic.wait_for(600)
            traffic.finish()
            assert set(traffic.statuses) == {200}
            assert api.status("VmRSS") - memory < 40_000
            assert log.seq() == seq
        wait_until(lambda: len(log.of_requests(traffic.answered)) >= len(traffic.answered), "all calls to be recorded", 30)
        assert_recorded_once(log, traffic)
        log.assert_intact()
        assert api.stop() == 0
