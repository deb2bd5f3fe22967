"""Through pgbouncer in transaction mode, where every transaction may meet another server session."""

import concurrent.futures
import hashlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import zlib

import psycopg
import pytest

from harness.client import Client, entry
from harness.database import ROLE
from harness.people import House
from harness.program import Process, run
from harness.waiting import free_port, wait_until

POOL_SIZE = 4
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TENANTS, THREADS, ROUNDS = 200, 16, 2


class PgBouncer:
    """A pooler before a database, with few server connections."""

    def __init__(self, database, options=""):
        server = database.server
        self.port = free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="calltrail-e2e-pgbouncer.", dir="/tmp"))
        (self.directory / "users").write_text(f'"{ROLE}" "{server.password}"\n')
        (self.directory / "pgbouncer.ini").write_text(f"""[databases]
{database.name} = host={server.address.hostname} port={server.address.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {self.directory}/users
admin_users = {ROLE}
pool_mode = transaction
default_pool_size = {POOL_SIZE}
max_client_conn = 200
{options}
""")
        # like PostgreSQL it refuses to run as root
        as_owner = []
        if os.geteuid() == 0:
            as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
            for path in (self.directory, *self.directory.iterdir()):
                shutil.chown(path, "postgres", "postgres")
        self.url = f"postgresql://{ROLE}:{server.password}@127.0.0.1:{self.port}/{database.name}"
        self.admin_url = f"postgresql://{ROLE}:{server.password}@127.0.0.1:{self.port}/pgbouncer"
        self.log = open(self.directory / "log", "wb")
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self.process = subprocess.Popen(
            [*as_owner, program, str(self.directory / "pgbouncer.ini")],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        wait_until(self.answers, "pgbouncer to answer")

    def answers(self):
        """Whether it takes connections."""
        assert self.process.poll() is None, (self.directory / "log").read_text()
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def show(self, what):
        """What its console tells, a dictionary a row."""
        with psycopg.connect(self.admin_url, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
            return (
                psycopg.ClientCursor(connection, row_factory=psycopg.rows.dict_row).execute(f"show {what}").fetchall()
            )

    def close(self):
        """Ends it."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def pgbouncer(own_database):
    pooler = PgBouncer(own_database)
    yield pooler
    pooler.close()


def base62(number, count):
    """A number in base 62, with leading zeros."""
    text = ""
    for _ in range(count):
        text, number = DIGITS[number % 62] + text, number // 62
    return text


def make_tenants(database, count):
    """Makes tenants with a key that writes and one that reads; by SQL, since by command it would take half a minute."""
    tenants, keys = [], []
    with database.connect(autocommit=False) as connection:
        for _ in range(count):
            (id,) = connection.execute(
                "insert into tenant (name, redaction_key) values ('T', sha256(gen_random_uuid()::text::bytea)) "
                "returning tenant_id"
            ).fetchone()
            own = []
            for tag, scope in enumerate(["call_logs:write", "call_logs:read"]):
                text = "".join(secrets.choice(DIGITS) for _ in range(30))
                head = f"ct_live_{base62(id << 16 | tag, 8)}_{text}"
                own.append(head + base62(zlib.crc32(head.encode()), 6))
                keys.append((id, tag, hashlib.sha256(own[-1].encode()).digest(), [scope]))
            tenants.append((id, *own))
        connection.cursor().executemany(
            "insert into api_key (tenant_id, key_id, key_tag, name, secret_hash, scopes) "
            "values (%s, gen_random_uuid(), %s, 'k', %s, %s)",
            keys,
        )
    return tenants


def test_tenants_stay_apart(pgbouncer, own_database, start_api):
    """Two hundred tenants, interleaved from sixteen threads over four server sessions: nobody sees another's entry."""
    tenants = make_tenants(own_database, TENANTS)
    api = start_api(pgbouncer.url + "?statement_cache=0")
    local = threading.local()

    def visit(turn):
        round, (id, write_key, read_key) = turn
        if not hasattr(local, "client"):
            local.client = Client(api)
        client = local.client
        url = f"https://example.com/{id}"
        answer = client.post(entry(bot={"id": f"bot-{id}"}, url=url, user={"id": f"u-{id}"}), key=write_key)
        assert answer.status_code == 200, answer.text
        listed = client.get("/v1/call-logs", key=read_key).json()["data"]
        assert {(call["url"], call["bot"]["id"]) for call in listed} == {(url, f"bot-{id}")}
        assert client.get(f"/v1/call-logs/{answer.json()['id']}", key=read_key).status_code == 200
        bots = client.get("/v1/bots", key=read_key).json()["data"]
        assert [bot["id"] for bot in bots] == [f"bot-{id}"]
        return len(listed)

    for round in range(ROUNDS):
        turns = [(round, tenant) for tenant in tenants]
        # neighbours in time are strangers
        turns = [turn for start in range(THREADS) for turn in turns[start::THREADS]]
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            assert list(pool.map(visit, turns)) == [round + 1] * TENANTS
    # it did go through the pooler, with few sessions for many clients
    sessions = own_database.value(
        "select count(*) from pg_stat_activity where datname = current_database() and usename = %s", ROLE
    )
    assert 1 <= sessions <= POOL_SIZE
    clients = [row for row in pgbouncer.show("clients") if row["database"] == own_database.name]
    assert len(clients) > sessions
    assert "error" not in api.output.lower(), api.output[-2000:]
    assert api.stop() == 0


def test_worker(pgbouncer, own_database):
    """Maintenance runs through it too: days are made and dropped, and nothing fails."""
    listen = f"127.0.0.1:{free_port()}"
    worker = Process("worker", pgbouncer.url + "?statement_cache=0", CALLTRAIL_METRICS_LISTEN=listen)
    try:
        done = "select count(*) > 0 and bool_and(last_finished_at is not null) from schedule"
        wait_until(lambda: worker.is_running() and own_database.value(done), "every duty to be done", 20)
        assert own_database.rows("select kind, last_error from schedule where last_error is not null") == []
        assert worker.stop() == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()


def test_people_and_commands(pgbouncer, own_database, start_api):
    """Signing in, keys and the commands work through it too; so does doctor."""
    url = pgbouncer.url + "?statement_cache=0"
    api = start_api(url, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32")
    house = House(api)
    member = house.member("supervisor")
    assert member.get("/v1/call-logs").status_code == 200
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"disabled": True}).status_code == 200
    wait_until(lambda: not member.is_signed_in(), "the session to end", 2)
    assert run("doctor", database=url, check=False).returncode == 0
    assert api.stop() == 0


def test_startup_parameters(pgbouncer, own_database):
    """Without `statement_cache=0` settings travel as startup options, which pgbouncer refuses, and the api says so."""
    outcome = run("api", database=pgbouncer.url, check=False, timeout=20)
    assert outcome.returncode != 0 and "options" in outcome.stderr, outcome.stderr
