"""Lists of connections, who may do what with them, the catalogue, and what becomes of one that is removed."""

import uuid
from urllib.parse import quote

import pytest

from harness.client import assert_problem
from harness.connections import Office
from harness.people import Visitor
from harness.provider import RefreshToken

APPLICATIONS = [
    "floatchat", "json_api", "clickatell", "twilio", "google_calendar", "google_sheets", "api_trigger", "salesforce",
    "zendesk", "freshdesk", "c2e",
]  # fmt: skip
KEY = {"api_key": "key-of-the-tests"}


@pytest.fixture
def office(connected):
    """A tenant of the test's own."""
    return Office(*connected)


@pytest.fixture(autouse=True)
def provider(connected):
    """The provider as it is at first; it has seen nothing."""
    provider = connected[1]
    provider.forget()
    yield provider
    provider.heal()
    provider.refresh_token = RefreshToken.ROTATED


def page(office, **parameters):
    """A page of the list."""
    query = "&".join(f"{name}={quote(str(value))}" for name, value in parameters.items())
    answer = office.ask("GET", f"/v1/connections?{query}")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"data", "pagination"} and set(answer.json()["pagination"]) >= {"limit", "next"}
    return answer.json()["data"], answer.json()["pagination"]["next"]


def pages(office, limit, **filters):
    """The ids of all pages."""
    found, next = page(office, limit=limit, **filters)
    ids = [item["id"] for item in found]
    while next is not None:
        assert len(found) == limit
        found, next = page(office, limit=limit, cursor=next, **filters)
        ids += [item["id"] for item in found]
    return ids


def test_lists_in_pages(office, connected):
    stranger = Office(*connected)
    ids = [office.create() for _ in range(7)]
    stranger.create()
    for limit in (1, 2, 3, 7, 500):
        assert pages(office, limit) == ids[::-1], limit
    assert page(office)[1] is None
    # what one tenant's cursor says shows nothing of it to another
    cursor = page(office, limit=1)[1]
    answer = stranger.ask("GET", f"/v1/connections?cursor={quote(cursor)}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert not set(ids) & {item["id"] for item in answer.json()["data"]}


def test_pages_while_connections_come_and_go(office):
    ids = [office.create() for _ in range(6)]
    _, cursor = page(office, limit=2)
    office.create()
    # the last one of the page
    assert office.ask("DELETE", f"/v1/connections/{ids[4]}").status_code == 204
    assert [item["id"] for item in page(office, cursor=cursor)[0]] == ids[3::-1]


def test_filters(office, provider):
    healthy, fresh = office.connect(), office.create()
    keyed = office.create("json_api", "api_key", credentials=KEY)
    off = office.create("salesforce")
    office.change(off, enabled=False)
    for state, id in (("healthy", healthy), ("needs_reauth", fresh), ("degraded", keyed), ("disabled", off)):
        found, _ = page(office, state=state)
        assert [(item["id"], item["state"]) for item in found] == [(id, state)]
    assert pages(office, 1, application="zendesk") == [fresh, healthy]
    assert pages(office, 50, application="zendesk", state="healthy") == [healthy]
    assert pages(office, 50, application="twilio") == []


def test_lists_show_nodes(office):
    nodes = [{"bot_id": "b", "node_id": f"n-{number}", "path": "P"} for number in range(3)]
    ids = [office.create(nodes=nodes[:number]) for number in range(4)]
    found = {item["id"]: [node["node_id"] for node in item["nodes"]] for item in page(office)[0]}
    assert found == {id: [f"n-{node}" for node in range(number)] for number, id in enumerate(ids)}


WRONG = [
    ("limit=0", "invalid_parameter"), ("limit=501", "invalid_parameter"), ("limit=x", "invalid_parameter"),
    ("limit=-1", "invalid_parameter"), ("limit=", "invalid_parameter"), ("limit=1&limit=2", "invalid_parameter"),
    ("state=broken", "invalid_parameter"), ("state=healthy&state=degraded", "invalid_parameter"),
    ("application=fax", "invalid_parameter"), ("cursor=nonsense", "invalid_parameter"),
    ("colour=red", "unknown_parameter"), ("q=x", "unknown_parameter"), ("offset=1", "unknown_parameter"),
]  # fmt: skip


@pytest.mark.parametrize("query, code", WRONG)
def test_wrong_parameters(office, query, code):
    problem = assert_problem(office.ask("GET", f"/v1/connections?{query}"), 400, code)
    assert problem["errors"][0]["parameter"] == query.split("=")[0]


def test_others_take_no_parameters(office):
    id = office.create()
    for path in (f"/v1/connections/{id}?a=1", "/v1/applications?a=1"):
        assert_problem(office.ask("GET", path), 400, "unknown_parameter")
    assert_problem(office.ask("DELETE", f"/v1/connections/{id}?a=1"), 400, "unknown_parameter")
    for path in ("check", "reauthorise"):
        answer = office.ask("POST", f"/v1/connections/{id}/{path}", {"a": 1})
        assert assert_problem(answer, 400, "invalid_parameter")["errors"][0]["pointer"] == "/a"
    answer = office.ask("POST", f"/v1/connections/{id}/reauthorise", {"accept_other_account": "yes"})
    assert assert_problem(answer, 400, "invalid_parameter")["errors"][0]["pointer"] == "/accept_other_account"
    assert_problem(office.node.post(f"/v1/connections/{id}/token", {"a": 1}), 400, "invalid_parameter")


def test_unknown_and_foreign_ids(office, connected):
    stranger = Office(*connected)
    own = office.connect()
    before = office.find(own)
    requests = [
        ("GET", "", None), ("PATCH", "", {"name": "taken over"}), ("PATCH", "", {"enabled": False}),
        ("PATCH", "", {"credentials": {"subdomain": "elsewhere"}}), ("POST", "/check", {}),
        ("POST", "/reauthorise", {}), ("DELETE", "", None),
    ]  # fmt: skip
    for method, path, body in requests:
        problems = []
        for id in (own, str(uuid.uuid4())):
            problems.append(assert_problem(stranger.ask(method, f"/v1/connections/{id}{path}", body), 404, "not_found"))
            del problems[-1]["request_id"]
        assert problems[0] == problems[1]
        for id in ("nonsense", "0", "%00"):
            assert stranger.ask(method, f"/v1/connections/{id}{path}", body).status_code in (400, 404)
    assert office.find(own) == before and stranger.ask("GET", "/v1/connections").json()["data"] == []


def test_what_people_of_each_role_may(office, provider):
    id = office.connect()
    supervisor, builder, agent = (office.member(role) for role in ("supervisor", "bot_builder", "agent"))
    body = {"application": "json_api", "auth": "api_key", "credentials": KEY}
    for visitor, name in ((supervisor, "Theirs"), (builder, "Not theirs"), (agent, "Not theirs either")):
        may = visitor is supervisor
        made = visitor.post("/v1/connections", {**body, "name": name})
        assert made.status_code == (201 if may else 403), made.text
        path = f"/v1/connections/{made.json()['id'] if may else id}"
        assert visitor.patch(path, {"name": name + "!"}).status_code == (200 if may else 403)
        assert visitor.patch(path, {"enabled": False}).status_code == (200 if may else 403)
        assert visitor.delete(path).status_code == (204 if may else 403)
    for visitor in (supervisor, builder):
        assert [item["id"] for item in visitor.get("/v1/connections").json()["data"]] == [id]
        assert visitor.get(f"/v1/connections/{id}").status_code == visitor.get("/v1/applications").status_code == 200
        assert visitor.post(f"/v1/connections/{id}/check").json()["state"] == "healthy"
        assert office.authorise(id, visitor).status_code == 200
    for method, path in (
        ("GET", "/v1/connections"), ("GET", f"/v1/connections/{id}"), ("GET", "/v1/applications"),
        ("POST", f"/v1/connections/{id}/check"), ("POST", f"/v1/connections/{id}/reauthorise"),
    ):  # fmt: skip
        assert_problem(agent.request(method, path), 403, "forbidden")
        assert_problem(Visitor(office.api).request(method, path), 401, "unauthenticated")
    assert office.find(id)["name"].startswith("Connection ")


def test_what_keys_of_each_scope_may(office, provider):
    id = office.connect()
    scopes = ("connections:read", "connections:write", "connections:token")
    reader, writer, node = (Visitor(office.api, office.key(scope)["key"]) for scope in scopes)
    assert reader.get(f"/v1/connections/{id}").status_code == 200
    assert_problem(reader.post(f"/v1/connections/{id}/check"), 403, "forbidden")
    assert_problem(node.get(f"/v1/connections/{id}"), 403, "forbidden")
    assert_problem(node.delete(f"/v1/connections/{id}"), 403, "forbidden")
    body = {"application": "json_api", "auth": "api_key", "credentials": KEY, "name": "By a program"}
    made = writer.post("/v1/connections", body)
    assert made.status_code == 201, made.text
    path = f"/v1/connections/{made.json()['id']}"
    assert writer.patch(path, {"name": "Changed"}).status_code == 200
    assert writer.post(f"{path}/check").status_code == 200
    assert office.ask("GET", path).json()["events"][-1]["user_id"] is None
    assert writer.delete(path).status_code == 204
    assert_problem(writer.post(f"/v1/connections/{id}/token"), 403, "forbidden")


def test_what_a_reauthorisation_needs(office, provider):
    """It is for what people authorise, and for what the operator or the connection has a client of."""
    keyed = office.create("json_api", "api_key", credentials=KEY)
    problem = assert_problem(office.ask("POST", f"/v1/connections/{keyed}/reauthorise", {}), 409, "conflict")
    assert "PATCH" in problem["detail"]
    answer = office.try_create("json_api", "oauth2", credentials={"authorize_url": "https://x.example.com/a"})
    places = {issue["pointer"] for issue in assert_problem(answer, 400, "invalid_parameter")["errors"]}
    assert places == {"/credentials/token_url", "/credentials/client_id"}
    # with a client of its own
    urls = {name: url for name, url in provider.urls().items()}
    client = provider.register("json_api")
    own = {**urls, "client_id": client.client_id, "client_secret": client.client_secret}
    id = office.create("json_api", "oauth2", credentials={**own, "scopes": "read"})
    assert office.authorise(id).status_code == 200
    assert office.call(id).json()["account"] == office.account


def test_a_removed_connection_is_given_back(office, provider):
    id = office.connect(name="Gone")
    provider.forget()
    token = office.token(id).json()["access_token"]
    assert office.ask("DELETE", f"/v1/connections/{id}").status_code == 204
    (revoked,) = provider.revocations
    assert revoked.startswith("refresh-") or revoked == token
    # which ends what nodes hold of it
    assert provider.grants.account(token) is None
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/check"), ("POST", "/reauthorise")):
        assert_problem(office.ask(method, f"/v1/connections/{id}{path}"), 404, "not_found")
    assert_problem(office.token(id), 404, "not_found")
    assert page(office)[0] == [] and len(provider.revocations) == 1
    for table in ("connection_node", "connection_event", "connection_authorization"):
        count = f"select count(*) from {table} where tenant_id = %s and connection_id = %s"
        assert office.scene.database.value(count, office.id, id) == 0
    office.create(name="Gone")


@pytest.mark.parametrize("fault", [500, 400, 401, "drop", "html", "redirect"])
def test_it_is_removed_though_it_can_not_be_given_back(office, provider, fault):
    id = office.connect()
    provider.fail("revoke", fault)
    assert office.ask("DELETE", f"/v1/connections/{id}").status_code == 204
    assert_problem(office.ask("GET", f"/v1/connections/{id}"), 404, "not_found")


def test_what_was_never_granted_is_not_given_back(office, provider):
    for id in (office.create(), office.create("json_api", "api_key", credentials=KEY)):
        assert office.ask("DELETE", f"/v1/connections/{id}").status_code == 204
    assert provider.requests == []
    # without a refresh token the access token is
    provider.refresh_token = RefreshToken.ABSENT
    id = office.connect()
    token = office.token(id).json()["access_token"]
    assert office.ask("DELETE", f"/v1/connections/{id}").status_code == 204
    assert provider.revocations == [token]


def test_the_catalogue(office, provider):
    answer = office.ask("GET", "/v1/applications")
    assert answer.status_code == 200
    found = {item["application"]: item for item in answer.json()["data"]}
    assert sorted(found) == sorted(APPLICATIONS)
    for client in provider.clients.values():
        assert client.client_secret not in answer.text
    for name, item in found.items():
        assert item["name"] and item["auth"] and isinstance(item["checked"], bool), name
        for way in item["auth"]:
            assert way["auth"] in ("oauth2", "api_key", "basic")
            for field in way["credentials"]:
                assert field["name"] and field["description"]
                assert isinstance(field["required"], bool) and isinstance(field["secret"], bool)
            if way["auth"] != "oauth2":
                assert any(field["secret"] and field["required"] for field in way["credentials"]), name
    assert {way["auth"] for way in found["zendesk"]["auth"]} == {"oauth2", "basic"}
    assert found["zendesk"]["scopes"] == ["read", "write"] and found["twilio"]["scopes"] == []


def test_what_the_catalogue_says_is_enough(office):
    """Whoever fills in what is required gets a connection; whoever leaves one out is told which."""
    samples = {"subdomain": "acme", "email": "a@example.com"}
    urls = ("api_url", "probe_url", "authorize_url", "token_url")
    for item in office.ask("GET", "/v1/applications").json()["data"]:
        for way in item["auth"]:
            fields = [field["name"] for field in way["credentials"] if field["required"]]
            given = {name: "https://x.example.com" if name in urls else samples.get(name, "x1") for name in fields}
            answer = office.try_create(item["application"], way["auth"], credentials=given)
            assert answer.status_code == 201, (item["application"], way["auth"], answer.text)
            for name in fields:
                less = {key: value for key, value in given.items() if key != name}
                answer = office.try_create(item["application"], way["auth"], credentials=less)
                places = [issue["pointer"] for issue in assert_problem(answer, 400, "invalid_parameter")["errors"]]
                assert places == [f"/credentials/{name}"]
