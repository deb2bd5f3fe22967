"""The audit log as tests look at it: the table itself, the search, the commands, and what it takes to alter it."""

import contextlib
import json
import secrets
import subprocess

from .people import Visitor
from .program import BINARY, environment, run
from .waiting import wait_until

KEYS = [
    "id", "code", "content_type", "data", "remote_addr", "method", "path", "related_model", "relation_key", "apikey_id",
    "value", "date", "PartitionKey", "from", "Timestamp", "api_key_id", "RowKey",
]  # fmt: skip
CALL, LOGIN, FAILED_LOGIN = "AAA-0010", "AAA-0001", "AAA-0002"
CREATED, DELETED, UPDATED = "ABA-0010", "ABA-0020", "ABA-0030"
# what a tenant's own pages may record
RECORDABLE = {"AAA-0011", "ABB-0010", "ABB-0020", "ABB-0030", "ABC-0010", "ABD-0010"}
CODES = RECORDABLE | {CALL, LOGIN, FAILED_LOGIN, CREATED, DELETED, UPDATED}
# Triggers and foreign keys do not hold up who alters rows.
UNGUARDED = "set session_replication_role = replica"


class Log:
    """A tenant's audit log, as the superuser reads it."""

    def __init__(self, database, tenant):
        self.database, self.tenant = database, tenant

    def rows(self, where="true", *parameters):
        """Entries in the order of the chain, as records of their columns."""
        return [
            row[0]
            for row in self.database.rows(
                f"select row_to_json(a) from audit_log a where tenant_id = %s and ({where}) order by seq",
                self.tenant,
                *parameters,
            )
        ]

    def of_requests(self, ids):
        """The calls of some requests."""
        return self.rows("code = %s and request_id = any(%s)", CALL, list(ids))

    def wait_for_requests(self, ids, seconds=5):
        """The calls of some requests by their ids, once all are there; each must be there once."""
        ids = list(ids)
        found = wait_until(
            lambda: len(rows := self.of_requests(ids)) >= len(set(ids)) and rows, f"{len(ids)} calls to be recorded", seconds
        )
        assert sorted(row["request_id"] for row in found) == sorted(ids)
        return {row["request_id"]: row for row in found}

    def wait_until_quiet(self):
        """Waits until calls that were answered are recorded: one more call would come after them."""
        before = None

        def is_quiet():
            nonlocal before
            seq, before = before, self.seq()
            return seq == before

        wait_until(is_quiet, "the log to be quiet", 15, interval=0.4)

    def seq(self):
        """The number of the last entry."""
        return self.database.value("select coalesce(max(seq), 0) from audit_log where tenant_id = %s", self.tenant)

    def changes(self, after=0):
        """What became of entities, after some entry: code, kind, key and names of changed fields."""
        rows = self.rows("seq > %s and code like 'ABA-%%'", after)
        return [
            (row["code"], row["related_model"], row["relation_key"], json.loads(row["data"] or "{}").get("changed"))
            for row in rows
        ]

    def alter(self, *statements):
        """Runs statements that nobody may run, as a superuser can; `:tenant` stands for the tenant."""
        with self.database.connect(autocommit=False) as connection:
            connection.execute(UNGUARDED)
            for statement in statements:
                connection.execute(statement.replace(":tenant", str(self.tenant)))

    def verify(self, **options):
        """What `calltrail audit verify` says; exit code and verdict must agree."""
        return verdict_of(run("audit", "verify", "--tenant", self.tenant, database=self.database, check=False, **options))

    def assert_intact(self, **options):
        """The chain verifies; returns the verdict."""
        verdict = self.verify(**options)
        assert verdict["intact"], verdict
        return verdict

    def export(self):
        """What `calltrail audit export` prints: its lines."""
        return run("audit", "export", "--tenant", self.tenant, database=self.database).stdout.splitlines()


def verdict_of(outcome):
    """The verdict of a verification, which its exit code must fit."""
    assert outcome.returncode in (0, 1), outcome.stderr
    assert outcome.stdout.count("\n") == 1, outcome.stdout + outcome.stderr
    verdict = json.loads(outcome.stdout)
    assert verdict["intact"] == (outcome.returncode == 0) == ("first_break" not in verdict), outcome
    return verdict


def verify_lines(lines, *keys, check=True):
    """What verifying an export's lines says, with nothing of an installation's settings."""
    own = environment(None, CALLTRAIL_ENCRYPTION_KEYS=None, CALLTRAIL_SQL_DIR=None)
    options = [option for key in keys for option in ("--public-key", key)]
    outcome = subprocess.run(
        [BINARY, "audit", "verify", "--file", "-", *options],
        env=own,
        input="".join(line + "\n" for line in lines),
        text=True,
        capture_output=True,
        timeout=60,
    )
    return verdict_of(outcome) if check else outcome


def public_keys(**options):
    """The public keys that checkpoints are verified with, newest first."""
    return [json.loads(line)["public_key"] for line in run("audit", "keys", **options).stdout.splitlines()]


def search(visitor, query="", path="/v1/logentry/search/"):
    """A page of a search."""
    answer = visitor.get(path + query)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert set(page) == {"results", "next"}
    for result in page["results"]:
        assert list(result) == KEYS
    return page


def results(visitor, query=""):
    """The results of a search's first page."""
    return search(visitor, query)["results"]


def every_result(visitor, limit=500, during=None, **filters):
    """All results of a search, page after page; `during` is called after each."""
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in {**filters, "limit": limit}.items())
    found, cursor = [], ""
    while True:
        page = search(visitor, f"?{query}{cursor}")
        assert len(page["results"]) <= limit
        found += page["results"]
        if page["next"] is None:
            return found
        cursor = "&cursor=" + page["next"]
        if during:
            during()


def record(visitor, body, **headers):
    """Records an entry or several; all must be taken."""
    answer = visitor.post("/v1/logentry/", body, **headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def with_every_scope(house):
    """A program whose key may do everything that a key may."""
    made = house.key(
        "call_logs:write", "call_logs:read", "audit:read", "audit:write", "connections:read", "connections:token",
        "connections:write",
    )  # fmt: skip
    visitor = Visitor(house.api, made["key"])
    visitor.key_id = made["id"]
    return visitor


def request_id():
    """An id for a request, which the log keeps."""
    return "audit-" + secrets.token_hex(8)


@contextlib.contextmanager
def adopted(process):
    """A process that ends with the block."""
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.kill()
