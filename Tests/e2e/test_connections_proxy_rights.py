"""Calls through the proxy: who may, with which connection, and what a refusal of the application sets off."""

import uuid

import pytest

from harness.client import assert_problem
from harness.connections import Office
from harness.people import Visitor
from harness.proxying import Upload

SCOPES = ("call_logs:write", "call_logs:read", "audit:read", "audit:write", "connections:read", "connections:write")


@pytest.fixture
def office(connected):
    """A tenant of the test's own."""
    return Office(*connected)


@pytest.fixture(autouse=True)
def provider(connected):
    """The provider as it is at first."""
    provider = connected[1]
    yield provider
    provider.heal()


def ways(office, id):
    """What a node may do with a connection: by a request as somebody."""
    yield lambda visitor: visitor.post(f"/v1/connections/{id}/token")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        yield lambda visitor, method=method: visitor.request(method, f"/v1/proxy/{id}/x")


def test_people_and_other_keys_may_not(office, provider):
    """Tokens and calls are for programs that were given the right to; a person needs none."""
    id = office.connect()
    people = [office.owner, *(office.member(role) for role in ("supervisor", "bot_builder", "agent"))]
    keys = [Visitor(office.api, office.key(scope)["key"]) for scope in SCOPES]
    provider.forget()
    for way in ways(office, id):
        for visitor in people + keys:
            assert_problem(way(visitor), 403, "forbidden")
        for visitor in (Visitor(office.api), Visitor(office.api, "nonsense")):
            assert_problem(way(visitor), 401, "unauthenticated")
    assert provider.requests == []
    for way in ways(office, id):
        assert way(office.node).status_code == 200


def test_unknown_and_foreign_ids(office, connected, provider):
    stranger = Office(*connected)
    foreign = stranger.connect()
    provider.forget()
    problems = []
    for id in (foreign, str(uuid.uuid4())):
        for way in ways(office, id):
            problems.append(assert_problem(way(office.node), 404, "not_found"))
            del problems[-1]["request_id"]
    assert all(problem == problems[0] for problem in problems)
    for id in ("nonsense", "0", foreign.replace("-", ""), "%00"):
        for way in ways(office, id):
            assert way(office.node).status_code in (400, 404)
    assert provider.requests == [] and stranger.calls(foreign) == []
    assert stranger.call(foreign).status_code == 200


def test_what_cannot_be_called_with(office, provider):
    """A connection that nobody has authorised, is broken, or is switched off: nothing is sent."""
    fresh, broken, off = office.create(), office.connect(), office.connect()
    provider.revoke_all(office.account)
    assert office.call(broken).status_code == 401
    office.change(off, enabled=False)
    provider.forget()
    for id, word in ((fresh, "authorised"), (broken, "eauthorise"), (off, "switched off")):
        for way in ways(office, id):
            assert word in assert_problem(way(office.node), 409, "conflict")["detail"]
    assert provider.requests == []
    office.change(off, enabled=True)
    assert office.ask("DELETE", f"/v1/connections/{off}").status_code == 204
    assert_problem(office.call(off), 404, "not_found")


def test_no_path(office, provider):
    """The root of the API can be called; the id alone is no address."""
    id = office.connect()
    provider.forget()
    assert office.call(id, "").status_code in (200, 404)
    assert {request.path.rstrip("/") for request in provider.requests} <= {"/api"}
    assert office.node.get(f"/v1/proxy/{id}").status_code in (200, 404)
    assert_problem(office.node.get("/v1/proxy/"), 404, "not_found")


@pytest.mark.parametrize("plan, module", [("free", "unified"), ("business", "basic")])
def test_without_call_logs_in_the_plan(connected, plan, module):
    """Calls are made all the same, and nothing is kept of them."""
    scene, provider = connected
    office, other = Office(scene, provider, plan=plan, module=module), Office(scene, provider)
    id, second = office.connect(), other.connect()
    for _ in range(3):
        assert office.call(id, headers={"Calltrail-Bot-Id": "b"}).status_code == 200
    assert office.token(id).status_code == 200
    # what was called later by somebody else is there
    assert other.call(second).status_code == 200
    other.wait_for_calls(second)
    assert scene.database.value("select count(*) from call_log where tenant_id = %s", office.id) == 0


def test_whose_call_it_is(office):
    """Who is not named is the only bot that calls with the connection; else nobody in particular."""
    bots = [(), ("red",), ("red", "blue")]
    ids = [office.connect(nodes=[{"bot_id": bot, "node_id": "n"} for bot in those]) for those in bots]
    for id, bot in zip(ids, ("proxy", "red", "proxy"), strict=True):
        assert office.call(id).status_code == 200
        assert office.wait_for_calls(id)[0]["bot"]["id"] == bot
    assert office.call(ids[1], headers={"Calltrail-Bot-Id": "green"}).status_code == 200
    assert office.wait_for_calls(ids[1], 2)[0]["bot"]["id"] == "green"


def test_a_refusal_is_tried_once_more(office, provider):
    """The access token was taken back, the refresh token was not: one silent renewal, and the same call again."""
    id = office.connect()
    before = office.token(id).json()["access_token"]
    provider.expire_access_tokens(office.account)
    provider.forget()
    answer = office.call(id, "things?a=1", "PATCH", content=b"x" * 100_000, headers={"X-Custom": "1"})
    assert answer.status_code == 200, answer.text
    first, second = provider.requests_to("/api/")
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)
    assert second.size == 100_000 and second.headers["x-custom"] == "1"
    assert first.headers["authorization"] == f"Bearer {before}" != second.headers["authorization"]
    assert provider.refreshes == 1
    assert office.find(id)["state"] == "healthy"
    assert [call["status_code"] for call in office.wait_for_calls(id)] == [200]
    # a body that streams in comes whole the second time too
    provider.expire_access_tokens(office.account)
    upload = Upload(office, id, "streamed")
    upload.send(b"a" * 1000)
    upload.send(b"b" * 1000)
    upload.end()
    answer = upload.answer()
    upload.close()
    assert answer.status_code == 200 and answer.json()["body"] == "a" * 1000 + "b" * 1000


def test_it_is_tried_once_more_only(office, provider):
    """An application that refuses every call is asked whether it is the token, and it is not; that its probe works counts."""
    id = office.connect()
    provider.forget()
    provider.fail("api", 401)
    answer = office.call(id)
    assert answer.status_code == 401 and answer.headers["calltrail-connection"] == id
    assert len(provider.requests_to("/api/")) == 1 and provider.refreshes == 0
    provider.heal()
    assert office.find(id)["state"] == "healthy" and office.call(id).status_code == 200


def test_a_long_body_is_not_sent_again(office, provider):
    """What is not at hand any more can't be: the caller is told, and the next call succeeds."""
    id = office.connect()
    provider.expire_access_tokens(office.account)
    provider.forget()
    assert office.call(id, "long", "POST", content=b"x" * 2_000_000).status_code == 401
    assert len(provider.requests_to("/api/")) == 1
    assert office.find(id)["state"] == "healthy"
    assert office.call(id, "long", "POST", content=b"x" * 2_000_000).status_code == 200


def test_a_renewal_that_fails(office, provider):
    """The caller has the refusal; that the token endpoint is down breaks nothing."""
    id = office.connect()
    provider.expire_access_tokens(office.account)
    provider.fail("token", 503)
    assert office.call(id).status_code == 401
    assert office.find(id)["state"] == "degraded"
    provider.heal()
    assert office.call(id).status_code == 200
    assert office.find(id)["state"] == "healthy"


def test_a_degraded_connection_recovers_by_a_call(office, provider):
    id = office.connect()
    provider.fail("probe", 500)
    assert office.check(id)["state"] == "degraded"
    assert office.call(id).status_code == 200
    found = office.find(id)
    assert found["state"] == "healthy" and found["events"][0]["kind"] == "recovered"
