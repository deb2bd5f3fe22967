"""The commands, as an operator uses them: what they print, what they refuse, and in what words."""

import base64
import json
import socket
import subprocess

import pytest

from harness.client import Client, entry
from harness.program import BINARY, Process, Tenant, environment, run, run_json
from harness.waiting import free_port, wait_until


def assert_one_clear_line(outcome, *words):
    """A command failed and said why in one line, for people."""
    assert outcome.returncode not in (0, None)
    assert outcome.stdout == ""
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, outcome.stderr
    for word in words:
        assert word in lines[0], lines[0]
    assert "Fatal error" not in lines[0] and "stack" not in lines[0].lower()


def test_two_migrations_at_once(empty_database):
    processes = [
        subprocess.Popen(
            [BINARY, "migrate"],
            env=environment(empty_database.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outcomes
    assert run("doctor", database=empty_database).returncode == 0


def test_migrations_of_two_databases_at_once(server, cluster):
    """The group roles are the cluster's: on a new one, two databases make them at the same time."""
    databases = [cluster.create_database("calltrail") for _ in range(2)]
    processes = [
        subprocess.Popen([BINARY, "migrate"], env=environment(database.url), stderr=subprocess.PIPE, text=True)
        for database in databases
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors


def test_migrate_says_what_is_missing(empty_database):
    outcome = run("migrate", "--check", database=empty_database, check=False)
    assert outcome.returncode == 1 and "0001_tenants" in outcome.stderr
    run("migrate", database=empty_database)
    assert run("migrate", "--check", database=empty_database).returncode == 0
    assert run("migrate", database=empty_database).returncode == 0


def test_migrate_as_superuser_leaves_a_database_of_its_owner(empty_database, start_api):
    run("migrate", database=empty_database.superuser_url)
    owners = empty_database.rows("select distinct tableowner from pg_tables where schemaname = 'public'")
    assert owners == [("calltrail_test",)]
    api = start_api(empty_database)
    client = Client(api, Tenant(empty_database))
    id = client.post(entry()).json()["id"]
    assert client.find(id)["id"] == id
    assert run("doctor", database=empty_database).returncode == 0
    assert api.stop() == 0


def test_changed_migration_is_noticed(own_database):
    own_database.execute("update schema_migration set checksum = 'x' where name = '0001_tenants'")
    assert_one_clear_line(run("migrate", database=own_database, check=False), "0001_tenants", "changed")


def test_migration_of_a_newer_version_is_noticed(own_database):
    own_database.execute("insert into schema_migration (name, checksum) values ('9999_future', 'x')")
    assert_one_clear_line(run("migrate", database=own_database, check=False), "9999_future")


@pytest.mark.parametrize("command", ["api", "worker"])
def test_processes_refuse_an_unmigrated_database(empty_database, command):
    assert_one_clear_line(run(command, database=empty_database, check=False), "calltrail migrate")


@pytest.mark.parametrize("command", ["api", "worker"])
def test_processes_refuse_a_superuser(own_database, command):
    assert_one_clear_line(run(command, database=own_database.superuser_url, check=False), "superuser")


@pytest.mark.parametrize("command", ["api", "worker"])
def test_processes_refuse_to_start_without_encryption_keys(own_database, command):
    outcome = run(command, database=own_database, check=False, CALLTRAIL_ENCRYPTION_KEYS=None)
    assert_one_clear_line(outcome, "CALLTRAIL_ENCRYPTION_KEYS")


SHORT_KEY = "k1:" + base64.b64encode(b"x" * 16).decode()


@pytest.mark.parametrize(
    "name, value",
    [
        ("DATABASE_URL", None),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("CALLTRAIL_LISTEN", "8080"),
        ("CALLTRAIL_LISTEN", "127.0.0.1:port"),
        ("CALLTRAIL_LISTEN", "127.0.0.1:70000"),
        ("CALLTRAIL_METRICS_LISTEN", "nowhere"),
        ("CALLTRAIL_RETENTION_DAYS", "0"),
        ("CALLTRAIL_RETENTION_DAYS", "many"),
        ("CALLTRAIL_LOG_LEVEL", "loud"),
        ("CALLTRAIL_ENCRYPTION_KEYS", SHORT_KEY),
        ("CALLTRAIL_ENCRYPTION_KEYS", "secret"),
        ("CALLTRAIL_ENCRYPTION_KEYS", "k1:not base64"),
        ("CALLTRAIL_ENCRYPTION_KEYS_FILE", "/nowhere/keys"),
        ("CALLTRAIL_SMTP_URL", "mail.example.com:587"),
        ("CALLTRAIL_SMTP_URL", "smtp://user:hidden-word@mail.example.com:port"),
        ("CALLTRAIL_SMTP_URL", "smtp://user:hidden word@mail.example.com"),
        ("CALLTRAIL_SMTP_URL", "smtp://user:hidden-word@mail.example.com?tls=perhaps"),
        ("CALLTRAIL_SMTP_URL_FILE", "/nowhere/url"),
        ("CALLTRAIL_MAIL_FROM", "nobody"),
        ("CALLTRAIL_MAIL_OPEN_TRACKING", "perhaps"),
        ("CALLTRAIL_CA_FILE", "/nowhere/ca.pem"),
        ("CALLTRAIL_EGRESS_ALLOW", "10.0.0.0/8,10.0.0.0/99"),
        ("CALLTRAIL_EGRESS_ALLOW", "https://hooks.example.com/"),
    ],
)
def test_bad_settings_are_named(own_database, name, value):
    settings = {name: value}
    if name.endswith("_FILE"):
        settings[name.removesuffix("_FILE")] = None
    outcome = run("api", database=None if name == "DATABASE_URL" else own_database, check=False, timeout=20, **settings)
    assert_one_clear_line(outcome, name)
    if value and name == "CALLTRAIL_ENCRYPTION_KEYS":
        assert value.removeprefix("k1:") not in outcome.stderr, "a secret must not be shown"
    assert "hidden" not in outcome.stderr, "a secret must not be shown"


def test_sql_directory_is_named(own_database, tmp_path):
    assert_one_clear_line(
        run("migrate", database=own_database, check=False, CALLTRAIL_SQL_DIR=str(tmp_path)), "CALLTRAIL_SQL_DIR"
    )


@pytest.mark.parametrize("command", ["api", "worker", "migrate", "tenant list"])
def test_unreachable_database_is_said(command):
    url = f"postgres://someone:hidden-word@127.0.0.1:{free_port()}/nothing"
    outcome = run(*command.split(), database=url, check=False, timeout=30)
    assert "hidden-word" not in outcome.stderr
    if command in ("api", "worker"):
        # their log may have its own word before
        outcome.stderr = "\n".join(line for line in outcome.stderr.splitlines() if not line.startswith("{"))
    assert_one_clear_line(outcome, "connection")


def test_taken_port_is_said(own_database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = run(
            "api",
            database=own_database,
            check=False,
            timeout=15,
            CALLTRAIL_LISTEN=f"127.0.0.1:{port}",
            CALLTRAIL_METRICS_LISTEN=f"127.0.0.1:{free_port()}",
        )
    assert outcome.returncode != 0
    assert "in use" in outcome.stderr.splitlines()[-1], outcome.stderr


def test_settings_from_files(own_database, start_api, tmp_path):
    (tmp_path / "url").write_text(own_database.url + "\n")
    (tmp_path / "keys").write_text(environment()["CALLTRAIL_ENCRYPTION_KEYS"] + "\n")
    settings = dict(
        DATABASE_URL_FILE=str(tmp_path / "url"),
        CALLTRAIL_ENCRYPTION_KEYS=None,
        CALLTRAIL_ENCRYPTION_KEYS_FILE=str(tmp_path / "keys"),
    )
    listed = run("tenant", "list", **settings)
    assert listed.stdout == ""
    api = start_api(own_database, DATABASE_URL=None, **settings)
    assert api.stop() == 0


def test_tenant_create_answers_as_promised(database):
    answer = run_json(
        "tenant",
        "create",
        "--name",
        "Ünïcode & Söhne",
        "--owner-email",
        "Chef@Example.com",
        database=database,
        CALLTRAIL_PUBLIC_URL="https://logs.example.com",
    )
    assert set(answer) == {"tenant_id", "owner"}
    assert set(answer["owner"]) == {"user_id", "email", "setup_url"}
    assert answer["owner"]["setup_url"].startswith("https://logs.example.com/")
    token = answer["owner"]["setup_url"].rsplit("/", 1)[1]
    assert len(token) >= 32
    assert token not in str(database.rows("select l::text, encode(token_hash, 'escape') from one_time_link l"))
    listed = [json.loads(line) for line in run("tenant", "list", database=database).stdout.split("\n") if line]
    assert {
        "tenant_id": answer["tenant_id"],
        "name": "Ünïcode & Söhne",
        "plan": "business",
        "module": "unified",
    } in listed


def test_owner_password_from_stdin(database):
    answer = run_json(
        "tenant",
        "create",
        "--name",
        "P",
        "--owner-email",
        "with-password@example.com",
        "--owner-password-stdin",
        database=database,
        stdin="correct horse battery\n",
    )
    assert answer["owner"].get("setup_url") is None
    (hash,) = database.rows("select password_hash from app_user where user_id = %s", answer["owner"]["user_id"])[0]
    assert hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and "horse" not in hash
    short = run(
        "tenant",
        "create",
        "--name",
        "P",
        "--owner-email",
        "short@example.com",
        "--owner-password-stdin",
        database=database,
        stdin="short\n",
        check=False,
    )
    assert short.returncode != 0 and short.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["tenant", "create", "--name", "", "--owner-email", "a@example.com"],
        ["tenant", "create", "--name", "x" * 201, "--owner-email", "a@example.com"],
        ["tenant", "create", "--name", "A", "--owner-email", "nonsense"],
        ["tenant", "create", "--name", "A"],
        ["tenant", "update", "--tenant", "999999", "--plan", "business"],
        ["tenant", "update", "--tenant", "abc", "--plan", "business"],
        ["key", "create", "--tenant", "999999", "--name", "k", "--scopes", "call_logs:read"],
        ["key", "create", "--tenant", "1", "--name", "k", "--scopes", "everything"],
        ["key", "create", "--tenant", "1", "--name", "k", "--scopes", ""],
        ["key", "create", "--tenant", "1", "--name", "", "--scopes", "call_logs:read"],
        ["key", "create", "--tenant", "1", "--name", "k", "--scopes", "call_logs:read", "--expires-days", "0"],
        ["key", "revoke", "--tenant", "1", "--key", "nonsense"],
        ["nonsense"],
    ],
)
def test_wrong_words_are_refused(database, arguments):
    outcome = run(*arguments, database=database, check=False)
    assert outcome.returncode != 0 and outcome.stdout == ""
    assert outcome.stderr.startswith("Error: ")
    assert "SQLSTATE" not in outcome.stderr and "DatabaseError" not in outcome.stderr


def test_failed_creation_leaves_nothing(database):
    before = database.rows("select (select count(*) from tenant), (select count(*) from app_user)")
    run("tenant", "create", "--name", "A", "--owner-email", "nonsense", database=database, check=False)
    assert database.rows("select (select count(*) from tenant), (select count(*) from app_user)") == before


def test_key_names_itself(tenant):
    made = tenant.key("call_logs:write,call_logs:read", "--expires-days", "7")
    assert set(made) == {"key_id", "key"}
    assert made["key"].startswith("ct_live_") and len(made["key"]) == 53


def test_sample_is_taken(new_client, database):
    sample = run("sample", "--entries", "300", "--ids", "--hours", "48", database=database)
    lines = sample.stdout.splitlines()
    assert len(lines) == 300
    answer = new_client.post(sample.stdout.encode(), "application/x-ndjson")
    counts = answer.json()
    assert answer.status_code == 200 and counts["accepted"] + counts["unreachable"] == 300
    assert new_client.post(sample.stdout.encode(), "application/x-ndjson").json()["duplicates"] == counts["accepted"]


def test_version_and_help():
    assert run("--version").stdout.strip()
    for words in ([], ["help"], ["help", "tenant"], ["api", "--help"]):
        assert "USAGE" in run(*words).stdout


def test_worker_stops_in_good_order(own_database):
    worker = Process("worker", own_database, CALLTRAIL_METRICS_LISTEN=f"127.0.0.1:{free_port()}")
    try:
        wait_until(
            lambda: worker.is_running() and own_database.value("select count(last_finished_at) > 1 from schedule"),
            "the worker's first runs",
        )
    finally:
        assert worker.stop() == 0


def test_dead_jobs(own_database):
    """Jobs that were given up are listed, run again when asked to, and only they."""
    own_database.execute(
        """insert into job (kind, state, died_at, attempts, last_error)
           values ('of_a_later_version', 'dead', now(), 3, 'the server said no'), ('of_a_later_version', 'waiting', null, 0, null)""")
    (line,) = run("job", "dead", database=own_database).stdout.splitlines()
    job = json.loads(line)
    assert (job["kind"], job["attempts"], job["reason"]) == ("of_a_later_version", 3, "the server said no")
    run("job", "retry", str(job["job_id"]), database=own_database)
    assert own_database.rows("select state, attempts from job where died_at is null and state <> 'waiting'") == []
    assert run("job", "dead", database=own_database).stdout == ""
    again = run("job", "retry", str(job["job_id"]), database=own_database, check=False)
    assert again.returncode == 1 and "0 of 1" in again.stderr
