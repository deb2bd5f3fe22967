"""The circle: connect, call through the proxy, lose the grant, be told, reauthorise, call again."""

import re

import pytest

from harness.client import assert_problem, stamp
from harness.connections import NODES, Office, connected_scene, dump_of, found_secrets, kinds_of
from harness.notices import PUBLIC_URL, texts_of
from harness.people import Visitor

# a node that nobody told of: it is learnt from its calls
CALLER = {
    "Calltrail-Bot-Id": "order-bot",
    "Calltrail-Bot-Name": "Order bot",
    "Calltrail-Node-Id": "n-42",
    "Calltrail-Source-Path": "Orders / Look one up",
    "Calltrail-User-Id": "u-7",
}


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """An api, a worker, a mail server and a provider of the file's own."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers")) as (scene, provider):
        yield scene, provider


@pytest.fixture
def office(connected):
    """A tenant of the test's own."""
    return Office(*connected)


def nodes_of(connection):
    """What a connection says of its nodes: by bot and node their state and whether they were learnt."""
    return {(node["bot_id"], node["node_id"]): (node["state"], node["learnt"]) for node in connection["nodes"]}


def test_the_circle(office, connected):
    scene, provider = connected
    supervisor = office.add("supervisor")["email"]

    # connect
    made = office.try_create(name="Acme tickets", nodes=NODES)
    assert made.status_code == 201, made.text
    created = made.json()
    id = created["id"]
    assert (created["state"], created["state_reason"]) == ("needs_reauth", "Nobody has authorised it yet.")
    assert created["authorised_at"] is None and created["last_ok_at"] is None
    assert nodes_of(created) == {("support-bot", "n-1"): ("broken", False), ("support-bot", "n-2"): ("broken", False)}
    assert_problem(office.token(id), 409, "conflict")
    assert_problem(office.call(id), 409, "conflict")
    assert provider.requests == []
    answer = office.authorise(id)
    assert answer.status_code == 200, answer.text
    assert "Acme tickets" in answer.text and "2 nodes" in answer.text
    connection = office.find(id)
    assert connection["state"] == "healthy" and connection["state_reason"] is None
    assert connection["authorised_at"] and connection["last_ok_at"] and connection["expires_at"]
    assert connection["account"] and office.account in connection["account"]
    assert connection["impact"] is None and connection["id"] == id
    assert set(nodes_of(connection).values()) == {("attached", False)}
    # healthy after a real call, not after the exchange alone
    assert provider.counts["token"] == 1 and provider.counts["probe"] == 1

    # a node has a token, and calls through the proxy
    token = office.token(id)
    assert token.status_code == 200, token.text
    access_token = token.json()["access_token"]
    assert token.json()["token_type"] == "Bearer" and access_token in provider.secrets()
    assert token.headers["cache-control"] == "no-store"
    answer = office.call(id, "tickets.json", "POST", headers=CALLER, json={"subject": "hello"}, params={"page": "2"})
    assert answer.status_code == 200, answer.text
    echo = answer.json()
    assert (echo["method"], echo["path"], echo["query"]) == ("POST", "/api/tickets.json", "page=2")
    assert echo["headers"]["authorization"] == f"Bearer {access_token}" and echo["account"] == office.account
    assert echo["body"] == '{"subject":"hello"}'
    assert not [name for name in echo["headers"] if name.startswith("calltrail-")]

    # which is logged, without the token
    (call,) = office.wait_for_calls(id)
    assert (call["method"], call["status_code"], call["application"]) == ("POST", 200, "zendesk")
    assert call["url"] == f"{provider.url}/api/tickets.json?page=2"
    assert call["bot"] == {"id": "order-bot", "name": "Order bot"} and call["user"]["id"] == "u-7"
    assert (call["source"]["type"], call["source"]["path"]) == ("flow", "Orders / Look one up")
    assert call["source"]["node_id"] == "n-42"
    detail = office.reader.get(f"/v1/call-logs/{call['id']}")
    sent = {name.lower(): value for name, value in detail.json()["request"]["headers"].items()}
    assert "authorization" in sent and "access-" not in sent["authorization"]
    assert detail.json()["request"]["body"] == '{"subject":"hello"}'
    assert not found_secrets(detail.text, provider.secrets())
    learnt = office.wait_for_connection(id, "healthy", nodes=sorted_nodes(connection, learnt=True))
    assert nodes_of(learnt)[("order-bot", "n-42")] == ("attached", True)

    # revoked at the provider: the next call notices, and when its answer is over the connection says so
    provider.revoke_all(office.account)
    answer = office.call(id, headers=CALLER)
    assert answer.status_code == 401
    broken = office.find(id)
    assert broken["state"] == "needs_reauth", broken
    assert re.search(r"[Rr]eauthorise", broken["state_reason"]) and "Zendesk" in broken["state_reason"]
    assert set(state for state, _ in nodes_of(broken).values()) == {"broken"} and len(broken["nodes"]) == 3
    assert_problem(office.token(id), 409, "conflict")
    assert_problem(office.call(id, headers=CALLER), 409, "conflict")

    # it is told, to whom it is to be told, and with the link to the button
    (line,) = office.wait_for_notices(state="sent")
    assert line["event"] == "reauthorise" and line["channel"] == "mail" and line["recipient"] == office.owner_email
    (told_not,) = office.notices(state="suppressed")
    assert told_not["recipient"] == supervisor and told_not["reason"] == "role switched off: supervisor"
    (mail,) = [mail for mail in office.mails() if "Acme tickets" in mail["Subject"]]
    assert mail["Subject"].startswith("Reauthorise Zendesk") and mail["Message-ID"] == line["message_id"]
    for text in texts_of(mail):
        assert f"{PUBLIC_URL}/connections/{id}" in text and broken["state_reason"] in re.sub(r"\s+", " ", text)
        assert "Orders / Look one up" in text and "Main flow / Create ticket" in text
        assert office.name in text and not found_secrets(text, provider.secrets())

    # the call that was refused is in the log, and so is what the platform reports itself
    assert [call["status_code"] for call in office.wait_for_calls(id, 2)] == [401, 200]
    for user in ("u-7", "u-8", "u-8"):
        source = {"type": "flow", "path": "Main flow / Create ticket", "node_id": "n-1"}
        occurred_at = stamp(scene.now())
        members = {"status_code": 401, "source": source, "user": {"id": user}, "occurred_at": occurred_at}
        office.send(office.entry("support-bot", connection_id=id, **members))
    impact = office.find(id)["impact"]
    assert (impact["users"], impact["lower_bound"]) == (2, False), impact
    assert {bot["id"]: bot["failed_calls"] for bot in impact["bots"]}["support-bot"] == 3
    assert impact["since"] == broken["state_since"]

    # one click repairs it: the same id, the nodes attached
    answer = office.authorise(id)
    assert answer.status_code == 200 and "3 nodes" in answer.text, answer.text
    mended = office.find(id)
    assert (mended["id"], mended["state"], mended["impact"]) == (id, "healthy", None)
    assert nodes_of(mended) == nodes_of(learnt) and mended["name"] == "Acme tickets"
    assert mended["authorised_at"] > connection["authorised_at"]
    renewed = office.token(id).json()["access_token"]
    assert renewed != access_token
    answer = office.call(id, headers=CALLER)
    assert answer.status_code == 200 and answer.json()["headers"]["authorization"] == f"Bearer {renewed}"
    office.wait_for_notices(2, state="sent")
    mails = [mail for mail in office.mails() if "Acme tickets" in mail["Subject"]]
    assert len(mails) == 2 and "works again" in mails[1]["Subject"]
    for text in texts_of(mails[1]):
        assert f"{PUBLIC_URL}/connections/{id}" in text and "Failed calls" in text and "The support-bot" in text
    kinds = ["created", "authorised", "recovered", "broken", "authorised", "recovered"]
    assert kinds_of(mended) == kinds, mended["events"]
    people = [event["user_id"] for event in reversed(mended["events"])]
    assert people[:2] == [office.owner_id] * 2 and people[3:5] == [None, office.owner_id]
    assert mended["events"][2]["detail"] == broken["state_reason"]

    # and nowhere is there a secret
    words = provider.secrets()
    assert {word.split("-")[0] for word in words} >= {"access", "refresh", "code"}
    assert not found_secrets(dump_of(scene.database), words)
    for process in (*scene.apis, *scene.workers):
        assert not found_secrets(process.output, words)
    for answer in (made, office.ask("GET", "/v1/connections"), office.ask("GET", f"/v1/connections/{id}")):
        assert not found_secrets(answer.text, words)
    for call in office.wait_for_calls(id, 6):
        assert not found_secrets(office.reader.get(f"/v1/call-logs/{call['id']}").text, words)


def sorted_nodes(connection, learnt):
    """The nodes of a connection with the one that `CALLER` names, as answers order them."""
    own = [{**node, "state": "attached"} for node in connection["nodes"]]
    caller = {"bot_id": "order-bot", "node_id": "n-42", "path": "Orders / Look one up", "state": "attached"}
    return own + [{**caller, "learnt": learnt}]


def test_the_call_that_finds_out_counts(office, connected):
    """The first call that was refused is one of those that failed, and its user one of those whom it hit."""
    id = office.connect()
    connected[1].revoke_all(office.account)
    assert office.call(id, headers=CALLER).status_code == 401
    office.wait_for_calls(id)
    impact = office.find(id)["impact"]
    assert (impact["failed_calls"], impact["users"]) == (1, 1), impact
    assert impact["bots"] == [{"id": "order-bot", "name": "Order bot", "failed_calls": 1}]


def test_the_cookie_is_as_good_as_a_token(office):
    """As browsers send it when another site leads here."""
    id = office.create()
    location = office.consent(office.begin(id))
    signing = Visitor(office.api)
    cookie = signing.try_sign_in(office.owner_email).headers["set-cookie"]
    assert "samesite=lax" in cookie.lower()
    signing.http.cookies.clear()
    headers = {"Cookie": cookie.split(";")[0], "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    answer = office.arrive(location, signing, **headers)
    assert answer.status_code == 200, answer.text
    assert office.find(id)["state"] == "healthy"


def test_a_bot_builder_repairs(office, connected):
    """Who builds bots may reauthorise, and it is noted who did."""
    id = office.connect()
    connected[1].revoke_all(office.account)
    assert office.call(id).status_code == 401
    builder = office.member("bot_builder")
    assert office.authorise(id, builder).status_code == 200
    connection = office.find(id)
    assert connection["state"] == "healthy"
    assert connection["events"][0]["user_id"] == connection["events"][1]["user_id"] == builder.user["id"]


def test_other_connections_of_the_account_stay(office, connected):
    """What one connection loses is not lost to the others."""
    _, provider = connected
    first = office.connect()
    other = Office(*connected)
    second = other.connect()
    provider.revoke_all(office.account)
    assert office.call(first).status_code == 401
    assert other.call(second).status_code == 200
    assert [office.find(first)["state"], other.find(second)["state"]] == ["needs_reauth", "healthy"]
    assert_problem(other.ask("GET", f"/v1/connections/{first}"), 404, "not_found")
    assert_problem(other.call(first), 404, "not_found")


def test_an_early_end_of_the_access_token_is_silent(office, connected):
    """The access token was taken back, the refresh token was not: the call succeeds, and nobody is bothered."""
    _, provider = connected
    id = office.connect()
    before, refreshes = office.token(id).json()["access_token"], provider.refreshes
    provider.expire_access_tokens(office.account)
    answer = office.call(id, method="PUT", json={"a": 1})
    assert answer.status_code == 200 and answer.json()["body"] == '{"a":1}'
    assert provider.refreshes == refreshes + 1
    assert office.token(id).json()["access_token"] != before
    assert office.find(id)["state"] == "healthy" and office.notices() == []
    assert [call["status_code"] for call in office.wait_for_calls(id)] == [200]
