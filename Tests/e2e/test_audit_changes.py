"""What becomes of entities stands in the audit log at once, in the change's own transaction, and without any secret."""

import re
import secrets

import pytest

from harness.audit import CREATED, DELETED, UPDATED, Log
from harness.connections import Office, connected_scene, found_secrets
from harness.people import OTHER_PASSWORD, PASSWORD, Visitor, accept, an_email, choose, token_in, token_of
from harness.program import run, run_json
from harness.waiting import wait_until
from test_notification_links import unsubscribe_path

HOOK = "https://hooks.example.com/T0/hook-path-7f3a?token=hook-token-91c2"
KEY, OTHER_KEY = "key-6f1c9a20d4e84b7f", "key-0b77aa1e5c3d4f69"


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """An api, a worker, a mail server and a provider of the file's own."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers")) as (scene, provider):
        provider.api_keys = {"X-Api-Key": {KEY, OTHER_KEY}, "Authorization": {KEY, OTHER_KEY}}
        yield scene, provider


@pytest.fixture(scope="module")
def office(connected):
    """A tenant of the file's own."""
    return Office(*connected)


@pytest.fixture(scope="module")
def log(office):
    """Its audit log."""
    return Log(office.api.database, office.id)


@pytest.fixture(scope="module")
def words():
    """The secrets that these tests use."""
    return {PASSWORD, OTHER_PASSWORD, KEY, OTHER_KEY, "hook-path-7f3a", "hook-token-91c2"}


@pytest.fixture(autouse=True)
def no_secrets(office, words, log):
    """Whatever a test does, the log keeps no secret that it used."""
    yield
    log.wait_until_quiet()
    text = "\n".join(row[0] for row in log.database.rows("select a::text from audit_log a"))
    words |= {office.owner.token, office.node.token, office.reader.token, office.writer.token}
    assert not found_secrets(text, words)


@pytest.fixture
def changes(log):
    """What was recorded of entities since this was asked last."""
    seq = log.seq()

    def since():
        nonlocal seq
        found, seq = log.changes(seq), log.seq()
        return found

    return since


def done(answer, status):
    """The body of an answer with a status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def test_people(office, changes, log):
    person = done(office.owner.post("/v1/users", {"email": an_email(), "role": "agent", "name": "Ada", "password": PASSWORD}), 201)
    assert changes() == [(CREATED, "user", person["id"], None)]
    path = f"/v1/users/{person['id']}"
    for change in ({"role": "supervisor"}, {"name": "Ada L."}, {"disabled": True}, {"disabled": False, "role": "agent"}):
        done(office.owner.patch(path, change), 200)
        assert changes() == [(UPDATED, "user", person["id"], sorted(change))]
    # nothing was changed
    done(office.owner.patch(path, {"role": "agent"}), 200)
    assert changes() == []
    done(office.owner.delete(path), 204)
    assert changes() == [(DELETED, "user", person["id"], None)]
    rows = log.rows("relation_key = %s", person["id"])
    assert {row["sender"] for row in rows} == {office.owner_email} and {row["user_id"] for row in rows} == {office.owner_id}
    assert all(row["value"] == person["email"] and row["remote_addr"] == office.owner.address for row in rows)
    assert all(row["method"] and row["path"].startswith("/v1/users") and row["request_id"] for row in rows)


def test_keys(office, changes, words):
    made = done(office.owner.post("/v1/api-keys", {"name": "Backend", "scopes": ["audit:read"]}), 201)
    assert changes() == [(CREATED, "api_key", made["id"], None)]
    rotated = done(office.owner.post(f"/v1/api-keys/{made['id']}/rotate", {"overlap_hours": 1}), 201)
    assert sorted(changes()) == sorted(
        [(CREATED, "api_key", rotated["id"], None), (UPDATED, "api_key", made["id"], ["expires_at"])]
    )
    done(office.owner.delete(f"/v1/api-keys/{made['id']}"), 204)
    assert changes() == [(DELETED, "api_key", made["id"], None)]
    assert office.owner.delete(f"/v1/api-keys/{made['id']}").status_code == 404
    assert changes() == []
    words |= {made["key"], rotated["key"], made["key"].rsplit("_", 1)[1]}


def mailed_token(office, email, subject):
    """The token in the link of the mail that somebody got."""
    def found():
        mails = [mail for mail in office.mails(email) if subject in mail["Subject"]]
        return mails and mails[-1]

    return token_of(wait_until(found, f"a mail to {email}"))


def test_invitations(office, changes, words, log):
    email = an_email()
    done(office.owner.post("/v1/invitations", {"email": email, "role": "agent"}), 201)
    ((code, model, invitation, fields),) = changes()
    assert (code, model, fields) == (CREATED, "invitation", None)
    token = mailed_token(office, email, "Join")
    words |= {token, token.split(".", 1)[-1]}
    visitor = Visitor(office.api)
    done(visitor.post("/v1/invitations/accept", {"token": token, "password": PASSWORD}), 204)
    user = office.people()[email]["id"]
    assert changes() == [(UPDATED, "invitation", invitation, ["accepted_at"]), (CREATED, "user", user, None)]
    row = log.rows("related_model = 'user' and relation_key = %s", user)[-1]
    assert (row["user_id"], row["sender"], row["remote_addr"]) == (user, email, visitor.address)
    # used once
    assert visitor.post("/v1/invitations/accept", {"token": token, "password": PASSWORD}).status_code == 404
    assert changes() == []


def test_passwords_by_links(office, changes, words):
    person = done(office.owner.post("/v1/users", {"email": an_email(), "role": "agent"}), 201)
    assert changes() == [(CREATED, "user", person["id"], None)]
    token = token_in(person["setup_url"])
    words.add(token)
    done(choose(office.api, token, PASSWORD), 204)
    assert changes() == [(UPDATED, "user", person["id"], ["password"])]
    done(Visitor(office.api).post("/v1/password-resets", {"email": person["email"]}), 202)
    token = mailed_token(office, person["email"], "password")
    words.add(token)
    assert changes() == []
    done(choose(office.api, token), 204)
    assert changes() == [(UPDATED, "user", person["id"], ["password"])]
    assert choose(office.api, token).status_code == 404
    assert changes() == []


def test_a_password_stands_in_each_tenant_of_the_person(office, connected, changes, words):
    other = Office(*connected)
    email = an_email("both")
    for house in (office, other):
        done(house.owner.post("/v1/invitations", {"email": email, "role": "agent"}), 201)
    tokens = wait_for_tokens(office, email, 2)
    words |= set(tokens)
    for token in tokens:
        done(accept(office.api, token, password=PASSWORD), 204)
    user = office.people()[email]["id"]
    others = Log(office.api.database, other.id)
    seq = others.seq()
    changes()
    done(Visitor(office.api).post("/v1/password-resets", {"email": email}), 202)
    token = mailed_token(office, email, "password")
    words.add(token)
    done(choose(office.api, token), 204)
    assert changes() == others.changes(seq) == [(UPDATED, "user", user, ["password"])]


def wait_for_tokens(office, email, count):
    """The tokens in the invitations that somebody got."""
    def found():
        mails = [mail for mail in office.mails(email) if "Join" in mail["Subject"]]
        return len(mails) == count and mails

    return [token_of(mail) for mail in wait_until(found, f"{count} invitations")]


def test_bots(office, changes):
    bot = "bot-" + secrets.token_hex(3)
    office.send(office.entry(bot))
    assert changes() == []
    done(office.owner.patch(f"/v1/bots/{bot}", {"name": "Renamed"}), 200)
    assert changes() == [(UPDATED, "bot", bot, ["name"])]
    done(office.owner.patch(f"/v1/bots/{bot}", {"source_url_template": "https://x.example.com/{bot_id}", "name": "Renamed"}), 200)
    assert changes() == [(UPDATED, "bot", bot, ["source_url_template"])]
    assert office.owner.patch("/v1/bots/unknown", {"name": "x"}).status_code == 404
    assert office.owner.patch(f"/v1/bots/{bot}", {"nonsense": "x"}).status_code == 400
    assert changes() == []


def test_notification_settings(office, changes):
    path = "/v1/notification-settings"
    done(office.owner.put(path, {"first_error": {"roles": ["owner", "agent"]}}), 200)
    assert changes() == [(UPDATED, "notification_settings", office.id, ["first_error"])]
    quiet = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin"}
    done(office.owner.put(path, {"reauthorise": {"roles": []}, "quiet_hours": quiet}), 200)
    assert changes() == [(UPDATED, "notification_settings", office.id, ["quiet_hours", "reauthorise"])]
    done(office.owner.put(path, {"reauthorise": {"roles": []}}), 200)
    assert changes() == []
    done(office.owner.put(path, {"first_error": {"roles": ["owner"]}, "reauthorise": {"roles": ["owner"]}, "quiet_hours": None}), 200)
    path = "/v1/me/notification-preferences"
    changes()
    done(office.owner.put(path, {"reauthorise": False}), 200)
    assert changes() == [(UPDATED, "notification_preferences", office.owner_id, ["reauthorise"])]
    done(office.owner.put(path, {"reauthorise": False}), 200)
    assert changes() == []
    done(office.owner.put(path, {"reauthorise": True}), 200)
    assert changes() == [(UPDATED, "notification_preferences", office.owner_id, ["reauthorise"])]


def test_unsubscribing(office, changes, log, words):
    office.fail("unsubscribed-bot")
    line = office.wait_for("sent", "unsubscribed-bot")
    (mail,) = [mail for mail in office.mails() if mail["Message-ID"] == line["message_id"]]
    path = unsubscribe_path(mail)
    words.add(path.split("/")[2])
    changes()
    visitor = Visitor(office.api)
    answer = visitor.http.post(path, data={"List-Unsubscribe": "One-Click"}, headers={"X-Forwarded-For": visitor.address})
    assert answer.status_code == 200, answer.text
    assert changes() == [(UPDATED, "notification_preferences", office.owner_id, ["first_error"])]
    # the calls of earlier requests are recorded when they like
    row = log.rows("related_model = 'notification_preferences'")[-1]
    assert (row["user_id"], row["sender"]) == (office.owner_id, office.owner_email)
    assert row["remote_addr"] == visitor.address and path.split("/")[2] not in str(row)


def test_channels(office, changes, words):
    path = "/v1/notification-channels"
    body = {"kind": "webhook", "name": "Hook", "url": HOOK, "events": ["first_error"]}
    made = done(office.owner.post(path, body), 201)
    words.add(made["secret"])
    assert changes() == [(CREATED, "notification_channel", made["id"], None)]
    assert office.owner.post(path, body).status_code == 409
    assert office.owner.post(path, body | {"name": "Inside", "url": "http://10.0.0.1:5432/"}).status_code == 400
    assert changes() == []
    own = f"{path}/{made['id']}"
    for change in ({"name": "Hooked"}, {"url": HOOK + "2"}, {"enabled": False}, {"events": ["reauthorise"], "enabled": True}):
        done(office.owner.patch(own, change), 200)
        assert changes() == [(UPDATED, "notification_channel", made["id"], sorted(change))]
    done(office.owner.patch(own, {"name": "Hooked", "enabled": True}), 200)
    assert changes() == []
    words.add(done(office.owner.post(own + "/rotate-secret"), 200)["secret"])
    assert changes() == [(UPDATED, "notification_channel", made["id"], ["secret"])]
    done(office.owner.delete(own), 204)
    assert changes() == [(DELETED, "notification_channel", made["id"], None)]
    for method, target in (("DELETE", own), ("PATCH", own), ("POST", own + "/rotate-secret")):
        assert office.owner.request(method, target, {"name": "x"} if method == "PATCH" else None).status_code == 404
    assert changes() == []


def test_connections(office, changes, provider_urls):
    credentials = {"api_key": KEY, "header": "X-Api-Key", **provider_urls}
    id = office.create("json_api", "api_key", name="Stock", credentials=credentials)
    assert changes() == [(CREATED, "connection", id, None)]
    assert office.try_create("json_api", "api_key", name="Stock", credentials=credentials).status_code == 409
    assert changes() == []
    office.change(id, name="Stocks")
    assert changes() == [(UPDATED, "connection", id, ["name"])]
    office.change(id, credentials=credentials | {"api_key": OTHER_KEY})
    assert changes() == [(UPDATED, "connection", id, ["credentials"])]
    office.change(id, nodes=[{"bot_id": "b", "node_id": "n", "path": "p"}])
    assert changes() == [(UPDATED, "connection", id, ["nodes"])]
    # what calls and checks find out is no change that anybody made
    office.check(id)
    assert office.call(id, "things?api_key=" + OTHER_KEY).status_code == 200
    assert changes() == []
    assert office.owner.delete(f"/v1/connections/{id}").status_code == 204
    assert changes() == [(DELETED, "connection", id, None)]
    assert office.owner.delete(f"/v1/connections/{id}").status_code == 404
    assert changes() == []


@pytest.fixture(scope="module")
def provider_urls(connected):
    """Where a connection's calls go."""
    return {"api_url": connected[1].url + "/api", "probe_url": connected[1].url + "/probe"}


def test_authorising(office, changes, words, log):
    id = office.create()
    assert changes() == [(CREATED, "connection", id, None)]
    url = office.begin(id)
    assert changes() == []
    location = office.consent(url)
    words |= set(re.findall(r"(?:state|code)=([^&]+)", location + "&" + url))
    visitor = office.owner
    done(office.arrive(location, Accept="application/json"), 200)
    assert changes() == [(UPDATED, "connection", id, ["authorisation"])]
    (row,) = log.rows("relation_key = %s and code = 'ABA-0030'", id)
    assert row["user_id"] == office.owner_id and row["remote_addr"] == visitor.address
    assert row["sender"] == office.owner_email
    assert "state" not in str(row["query"]) and row["path"] == "/oauth/callback/{application}"
    words.add(done(office.token(id), 200)["access_token"])
    # what comes back a second time changes nothing
    assert office.arrive(location).status_code == 400
    assert changes() == []


def test_commands(office, log, changes):
    database = office.api.database
    email = an_email("operated")
    made = run_json("user", "create", "--tenant", office.id, "--email", email, "--role", "agent", database=database)
    key = run_json("key", "create", "--tenant", office.id, "--name", "Operated", "--scopes", "audit:read", database=database)
    assert changes() == [(CREATED, "user", made["user_id"], None), (CREATED, "api_key", key["key_id"], None)]
    run("tenant", "update", "--tenant", office.id, "--plan", "enterprise", database=database)
    assert changes() == [(UPDATED, "tenant", office.id, ["plan"])]
    run("tenant", "update", "--tenant", office.id, "--plan", "enterprise", "--module", "unified", database=database)
    assert changes() == []
    run("tenant", "update", "--tenant", office.id, "--plan", "business", "--module", "other", database=database)
    assert changes() == [(UPDATED, "tenant", office.id, ["module", "plan"])]
    run("tenant", "update", "--tenant", office.id, "--module", "unified", database=database)
    # what the operator does is nobody's call
    rows = log.rows("relation_key = %s", made["user_id"])
    assert [(row["sender"], row["user_id"], row["apikey_id"], row["method"]) for row in rows] == [("calltrail", None, None, None)]
    for command in (
        ("user", "create", "--tenant", office.id, "--email", email, "--role", "agent"),
        ("key", "create", "--tenant", office.id, "--name", "", "--scopes", "audit:read"),
        ("tenant", "update", "--tenant", office.id, "--plan", "No Plan!"),
    ):
        changes()
        assert run(*command, database=database, check=False).returncode != 0
        assert changes() == []


def test_a_new_tenant_begins_with_itself(connected):
    database = connected[0].database
    email = an_email("founder")
    made = run_json("tenant", "create", "--name", "Founded", "--owner-email", email, database=database)
    log = Log(database, made["tenant_id"])
    owner = made["owner"]["user_id"]
    assert log.changes() == [(CREATED, "tenant", made["tenant_id"], None), (CREATED, "user", owner, None)]
    assert [row["value"] for row in log.rows()] == ["Founded", email]
    assert log.assert_intact()["entries"] == 2


def test_refused_changes_of_people(office, changes):
    first = office.people()[office.owner_email]["id"]
    for method, path, body, status in (
        ("POST", "/v1/users", {"email": office.owner_email, "role": "agent"}, 409),
        ("PATCH", f"/v1/users/{first}", {"role": "agent"}, 409),
        ("DELETE", f"/v1/users/{first}", None, 409),
        ("PATCH", "/v1/users/01234567-89ab-7000-8000-000000000000", {"role": "agent"}, 404),
        ("POST", "/v1/invitations", {"email": office.owner_email, "role": "agent"}, 409),
        ("POST", "/v1/api-keys/01234567-89ab-7000-8000-000000000000/rotate", {}, 404),
    ):
        answer = office.owner.request(method, path, body)
        assert answer.status_code == status, (path, answer.text)
    assert changes() == []


def test_changes_of_a_foreign_tenant_change_nothing(office, connected, changes):
    other = Office(*connected)
    person = other.add("agent")["id"]
    seq = Log(other.api.database, other.id).seq()
    changes()
    assert office.owner.patch(f"/v1/users/{person}", {"role": "owner"}).status_code == 404
    assert office.owner.delete(f"/v1/users/{person}").status_code == 404
    assert changes() == [] == Log(other.api.database, other.id).changes(seq)
