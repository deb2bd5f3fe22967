"""The doctor finds nothing on a good database, and names what is wrong with a broken one."""

import base64

import pytest

from harness.mail import MailServer
from harness.mail_session import Behaviour
from harness.program import run


def diagnosis(database, **settings):
    """Exit code and lines of the doctor."""
    url = database if isinstance(database, str) else database.url
    outcome = run("doctor", database=url, check=False, **settings)
    return outcome.returncode, outcome.stdout.splitlines()


def test_good_database(own_database):
    assert diagnosis(own_database) == (0, [])


def test_mail(own_database):
    """The mail server is asked, signed in to, and gets no mail; what is wrong is said without the password."""
    with MailServer() as server:
        assert diagnosis(own_database, **server.settings()) == (0, [])
        code, lines = diagnosis(own_database, **server.settings(password="not-the-one"))
        assert code == 1 and "the mail server localhost" in lines[0] and "not-the-one" not in lines[0]
        server.behave(Behaviour.NO_STARTTLS)
        code, lines = diagnosis(own_database, **server.settings())
        assert code == 1 and "the mail server localhost" in lines[0]
        assert not server.received and "MAIL" not in server.verbs
    outcome = run("doctor", database=own_database)
    assert "no mail can be sent" in outcome.stderr


def test_keys(own_database):
    """A key that is not the one the database was written with is found before anything is sealed under it."""
    keys = [f"k1:{base64.b64encode(bytes([number] * 32)).decode()}" for number in (1, 2)]
    assert diagnosis(own_database, CALLTRAIL_ENCRYPTION_KEYS=keys[0]) == (0, [])
    code, lines = diagnosis(own_database, CALLTRAIL_ENCRYPTION_KEYS=keys[1])
    assert code == 1 and "k1" in lines[0]


TODAY = "to_char(app_now() at time zone 'UTC', 'YYYYMMDD')"


@pytest.mark.parametrize(
    "statement, words",
    [
        ("grant select on call_log_{day} to calltrail_app", ["calltrail_app", "select", "call_log_{day}"]),
        ("grant select on call_body_{day} to calltrail_writer", ["calltrail_writer", "select", "call_body_{day}"]),
        ("grant select (url) on call_log_{day} to calltrail_writer", ["calltrail_writer", "url", "call_log_{day}"]),
        ("grant select on call_log_{day} to public", ["public", "call_log_{day}"]),
        ("alter table call_log no force row level security", ["call_log", "row-level security"]),
        ("alter table bot disable row level security", ["bot", "row-level security"]),
        ("drop policy own_tenant on call_body; drop policy every_tenant on call_body", ["call_body", "policy"]),
        ("create table note (tenant_id integer, text text)", ["note", "row-level security"]),
        ("drop table call_count_{day}", ["call_count", "partition"]),
        ("alter table call_log detach partition call_log_{day}", ["call_log_{day}", "not attached"]),
        ("create function leak() returns int language sql security definer as 'select 1'", ["leak", "search_path"]),
        ("delete from schema_migration where name = '0003_rights'", ["0003_rights"]),
    ],
)
def test_broken_database(own_database, statement, words):
    day = own_database.value(f"select {TODAY}")
    own_database.execute(statement.format(day=day))
    code, lines = diagnosis(own_database)
    assert code == 1
    assert any(all(word.format(day=day) in line for word in words) for line in lines), lines


@pytest.mark.parametrize("right, word", [("bypassrls", "row-level security"), ("superuser", "superuser")])
def test_role_that_may_pass_row_level_security(cluster, right, word):
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    database.execute(f"alter role calltrail_app {right}")
    code, lines = diagnosis(database)
    assert code == 1 and any("calltrail_app" in line for line in lines)
    database.execute(f"alter role calltrail_app no{right}")
    assert diagnosis(database) == (0, [])
    database.execute("grant calltrail_operator to calltrail_app")
    code, lines = diagnosis(database)
    assert code == 1 and any("calltrail_operator" in line for line in lines)


def test_superuser_is_named(own_database):
    code, lines = diagnosis(own_database.superuser_url)
    assert code == 1 and any("superuser" in line for line in lines)


def test_missing_keys_are_named(own_database):
    code, lines = diagnosis(own_database, CALLTRAIL_ENCRYPTION_KEYS=None)
    assert code == 1 and len(lines) == 1 and "CALLTRAIL_ENCRYPTION_KEYS" in lines[0]


def test_unreachable_database(own_database):
    code, lines = diagnosis("postgres://nobody@127.0.0.1:1/nothing")
    assert code == 1 and len(lines) == 1


def test_empty_database(empty_database):
    code, lines = diagnosis(empty_database)
    assert code == 1 and any("calltrail migrate" in line for line in lines)
