"""Two tenants do not see each other, in no way there is."""

import uuid

import pytest

from harness.client import Client, assert_problem, entries, entry
from harness.program import Tenant, run


@pytest.fixture(scope="module")
def pair(api, database):
    """Two tenants; the first has calls of a bot that the second has not."""
    clients = [Client(api, Tenant(database)) for _ in range(2)]
    clients[0].send(entries(60, bot={"id": "secret-bot", "name": "Secret bot"}, user={"id": "vip"}))
    clients[1].send(entries(3, bot={"id": "other-bot"}))
    yield clients
    for client in clients:
        client.close()


def test_lists_hold_the_own_calls(pair):
    assert {item["bot"]["id"] for item in pair[0].all()} == {"secret-bot"}
    assert {item["bot"]["id"] for item in pair[1].all()} == {"other-bot"}
    assert pair[1].all(bot="secret-bot") == []
    assert pair[1].all(user="vip") == []
    assert pair[1].all(q="vip") == []


def test_bots_are_the_own_ones(pair):
    assert [bot["id"] for bot in pair[0].get("/v1/bots").json()["data"]] == ["secret-bot"]
    assert [bot["id"] for bot in pair[1].get("/v1/bots").json()["data"]] == ["other-bot"]


@pytest.mark.parametrize("suffix", ["", "/curl"])
def test_foreign_id_is_answered_like_an_unknown_one(pair, suffix):
    id = pair[0].list(limit=1)["data"][0]["id"]
    # unknown, but of the same time
    unknown = id[:24] + uuid.uuid4().hex[:12]
    foreign = assert_problem(pair[1].get(f"/v1/call-logs/{id}{suffix}"), 404, "not_found")
    missing = assert_problem(pair[1].get(f"/v1/call-logs/{unknown}{suffix}"), 404, "not_found")
    nonsense = assert_problem(pair[1].get(f"/v1/call-logs/nonsense{suffix}"), 404, "not_found")
    for problem in (foreign, missing, nonsense):
        del problem["request_id"]
    assert foreign == missing == nonsense
    assert pair[0].get(f"/v1/call-logs/{id}{suffix}").status_code == 200


def test_foreign_answers_have_the_same_headers(pair):
    id = pair[0].list(limit=1)["data"][0]["id"]
    foreign, missing = pair[1].get(f"/v1/call-logs/{id}"), pair[1].get(f"/v1/call-logs/{uuid.uuid4()}")
    assert {name for name in foreign.headers} == {name for name in missing.headers}


def test_foreign_cursors_are_refused(pair):
    cursor = pair[0].list(limit=5)["pagination"]["next"]
    assert_problem(pair[1].get("/v1/call-logs", limit=5, cursor=cursor), 400, "invalid_parameter")


def test_same_bot_id_is_another_bot(api, database):
    clients = [Client(api, Tenant(database)) for _ in range(2)]
    for number, client in enumerate(clients):
        client.send(entries(2 + number, bot={"id": "shared", "name": f"Bot of {number}"}))
    for number, client in enumerate(clients):
        assert len(client.all(bot="shared")) == 2 + number
        assert [bot["name"] for bot in client.get("/v1/bots").json()["data"]] == [f"Bot of {number}"]


def test_same_secret_has_another_fingerprint(pair):
    found = [
        client.find(
            client.post(entry(request={"headers": {"Authorization": "Bearer the-same-secret-0123456789"}})).json()["id"]
        )["request"]["headers"]["Authorization"]
        for client in pair
    ]
    assert found[0] != found[1] and all(text.startswith("Bearer [redacted") for text in found)


def test_row_level_security_holds_by_itself(pair, database):
    """The role that serves sees one tenant's rows, whatever the statement says, and no leaf."""
    tenants = [
        row[0]
        for row in database.rows(
            "select tenant_id from bot where bot_id in ('secret-bot', 'other-bot') order by bot_id desc limit 2"
        )
    ]
    with database.connect(autocommit=False) as connection:
        connection.execute("set local role calltrail_app")
        for table in ("tenant", "bot", "call_log", "call_body", "call_count", "api_key", "membership"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,), table
        connection.execute(f"set local app.tenant_id = '{tenants[0]}'")
        assert connection.execute("select distinct tenant_id from call_log").fetchall() == [(tenants[0],)]
        (leaf,) = connection.execute(
            "select min(inhrelid::regclass::text) from pg_inherits where inhparent = 'call_log'::regclass"
        ).fetchone()
        rights = connection.execute(
            "select has_table_privilege(%s, 'select'), has_table_privilege(%s, 'insert')", [leaf, leaf]
        ).fetchone()
        assert rights == (False, False)
        for table in ("app_user", "one_time_link", "schedule", "maintenance_log"):
            assert connection.execute("select has_table_privilege(%s, 'select')", [table]).fetchone() == (False,), table


def test_tenant_list_shows_every_tenant(pair, database):
    # a line each; names may hold characters that Python takes for line ends too
    listed = run("tenant", "list", database=database).stdout.rstrip("\n").split("\n")
    assert len(listed) == database.value("select count(*) from tenant")
