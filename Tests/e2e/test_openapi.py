"""The published API: the served document is valid, and the server does what the document says."""

import gzip
import itertools

import httpx
import pytest
import schemathesis
import zstandard
from harness.client import assert_problem, entries, entry, ndjson
from harness.people import PASSWORD, House, an_address, an_email, mail_to, token_of
from harness.waiting import wait_until
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCOPES = "call_logs:write call_logs:read audit:read audit:write connections:read connections:token connections:write"
# They end the session that the others are asked with; each has a test of its own below.
OWN_SESSION = ["signOut", "moveSession"]
# Bounded, and the same examples every time.
EXAMPLES = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


@schemathesis.serializer("application/x-ndjson")
def as_lines(context, value):
    """NDJSON is text already."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def document(people_api):
    """The document as it is served."""
    return httpx.get(people_api.url + "/openapi.json", trust_env=False).json()


@pytest.fixture(scope="module")
def published(people_api, document):
    """The document as schemathesis understands it."""
    return schemathesis.openapi.from_dict(
        document,
        config=schemathesis.Config.from_dict(
            {
                "base-url": people_api.url,
                "seed": 20261120,
                "generation": {"deterministic": True, "database": "none"},
            }
        ),
    )


def connection(name, auth="api_key"):
    """What to make a connection of. Nobody can be asked at these addresses: they lead nowhere else than here."""
    address = "https://127.0.0.1:1"
    credentials = {
        "api_key": {"api_key": "key-of-the-shop", "api_url": address, "probe_url": address + "/me"},
        "oauth2": {
            "client_id": "calltrail",
            "authorize_url": address + "/authorize",
            "token_url": address + "/token",
        },
    }
    return {
        "application": "json_api",
        "name": name,
        "auth": auth,
        "credentials": credentials[auth],
        "nodes": [{"bot_id": "support-bot", "node_id": "n-1", "path": "Main flow / Create ticket"}],
    }


@pytest.fixture(scope="module")
def house(people_api):
    """A tenant with calls, people, keys, channels and connections to be looked at, changed and removed."""
    house = House(people_api)
    key = house.key(*SCOPES.split())["key"]
    answer = house.owner.http.post(
        "/v1/call-logs",
        content=ndjson([*entries(29), entry(status_code=503)]),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    calls = house.owner.get("/v1/call-logs?limit=500").json()["data"]
    people = [house.add("agent", password=None)["id"] for _ in range(10)]
    keys = [house.key("call_logs:read")["id"] for _ in range(20)]
    channels = [
        house.owner.post(
            "/v1/notification-channels",
            {
                "kind": kind,
                "name": f"{kind} {number}",
                "url": f"https://{kind}.example.com/{number}",
                "events": ["first_error"],
            },
        ).json()["id"]
        for kind in ("webhook", "slack")
        for number in range(6)
    ]
    connections = [house.owner.post("/v1/connections", connection(f"Shop {one}")).json()["id"] for one in range(10)]
    clients = [
        house.owner.post("/v1/connections", connection(f"Client {one}", auth="oauth2")).json()["id"] for one in range(3)
    ]
    shares = [
        house.owner.post(f"/v1/call-logs/{calls[0]['id']}/shares", {"recipients": [an_email("reader")]}).json()["id"]
        for _ in range(5)
    ]
    house.key_of_all_scopes = key
    # By the beginning of the path that they stand in, the longer beginning first. /v1/proxy is left out: what an
    # application answers there is published nowhere, and an id that nobody has is answered by this server alone.
    house.ids = {
        "/v1/call-logs/{id}": itertools.cycle([call["id"] for call in calls]),
        "/v1/shares/{id}": itertools.cycle(shares),
        "/v1/bots/{id}": itertools.cycle(sorted({call["bot"]["id"] for call in calls})),
        "/v1/users/{id}": itertools.cycle(people),
        "/v1/api-keys/{id}/rotate": itertools.cycle(keys[:10]),
        "/v1/api-keys/{id}": itertools.cycle(keys[10:]),
        "/v1/notification-channels/{id}/": itertools.cycle([channels[0], channels[6]]),
        "/v1/notification-channels/{id}": itertools.cycle(channels[1:6] + channels[7:]),
        "/v1/connections/{id}/reauthorise": itertools.cycle(clients[:2] + connections[:1]),
        "/v1/connections/{id}/": itertools.cycle(connections[:2] + clients[:1]),
        "/v1/connections/{id}": itertools.cycle(connections[2:] + clients[2:]),
    }
    house.turn = itertools.count()
    return house


@pytest.fixture(scope="module", params=["an owner's session", "a key of all scopes"])
def token(request, house):
    """What a request brings to say who is calling."""
    return house.owner.token if request.param == "an owner's session" else house.key_of_all_scopes


def aim(case, house):
    """Puts the id of something that is there into every second request's path: a random one finds nothing."""
    ids = next((ids for path, ids in house.ids.items() if case.path.startswith(path)), None)
    if ids and next(house.turn) % 2:
        case.path_parameters["id"] = next(ids)


def pack(case):
    """Compresses a body of lines as the request's Content-Encoding says; others go out as they are, and are refused."""
    encoding = case.headers.get("Content-Encoding") if case.headers else None
    if encoding in ("gzip", "zstd") and isinstance(case.body, str):
        data = case.body.encode()
        case.body = gzip.compress(data, 1) if encoding == "gzip" else zstandard.compress(data)


def send(case, token):
    """Sends a request and checks its answer against the document."""
    # from elsewhere each time: what slows down guessing counts by address
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": an_address()}
    return case.call_and_validate(headers=headers, checks=CHECKS)


def test_document_is_valid(document):
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1.")


def test_every_operation_says_who_may(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["x-access"] in ("open", "any_principal", "permission"), where
            assert ("x-permission" in operation) == (operation["x-access"] == "permission"), where
            assert ("401" in operation["responses"]) or operation["x-access"] == "open", where


def operations(published):
    """The operations of the document by their operationId."""
    return {result.ok().definition.raw["operationId"]: result.ok() for result in published.get_all_operations()}


def exercise(operation, examples, check):
    """Asks an operation with the document's own examples, with what the document allows, and with what it does not."""
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query or operation.path_parameters:
        modes.append(GenerationMode.NEGATIVE)
    strategies = [operation.as_strategy(generation_mode=mode) for mode in modes]
    for strategy in [*operation.get_strategies_from_examples(), *strategies]:

        @settings(EXAMPLES, max_examples=examples)
        @given(case=strategy)
        def ask(case):
            check(case)

        ask()


def forget(case, answer, house):
    """Removes a connection that was just made: a worker would ask the application that an example names."""
    if case.operation.definition.raw["operationId"] == "createConnection" and answer.status_code == 201:
        assert house.owner.request("DELETE", "/v1/connections/" + answer.json()["id"]).status_code == 204


def test_answers_are_as_published(published, token, house, subtests):
    def check(case):
        aim(case, house)
        pack(case)
        forget(case, send(case, token), house)

    for name, operation in operations(published).items():
        if name not in OWN_SESSION:
            with subtests.test(operation=name):
                exercise(operation, 10, check)


def test_answers_about_the_own_session_are_as_published(published, house, subtests):
    for name in OWN_SESSION:
        operation = operations(published)[name]
        with subtests.test(operation=name):
            exercise(operation, 2, lambda case: send(case, house.owner.sign_in(house.owner_email).token))
            house.owner.sign_in(house.owner_email)
            members = {"moveSession": {"body": {"tenant_id": house.id}, "media_type": "application/json"}}
            send(operation.Case(**members.get(name, {})), house.owner.token)
            assert not house.owner.is_signed_in()
            house.owner.sign_in(house.owner_email)


def test_what_chance_does_not_find_is_as_published(published, house):
    by_name = operations(published)

    def status(name, body, token):
        return send(by_name[name].Case(body=body, media_type="application/json"), token).status_code

    key, owner = house.key_of_all_scopes, house.owner.token
    assert status("signIn", {"email": house.owner_email, "password": PASSWORD}, owner) == 201
    assert status("sendCallLogs", entry(), key) == 200
    assert status("sendCallLogs", [entry(), entry(status_code=None), entry(status_code=7)], key) == 207
    assert status("sendCallLogs", [entry(status_code=7)], key) == 422
    assert status("createUser", {"email": an_email(), "role": "agent", "password": PASSWORD}, owner) == 201
    invited = an_email()
    assert status("invite", {"email": invited, "role": "agent"}, owner) == 201
    accepted = {"token": token_of(mail_to(house.api, invited)), "password": PASSWORD, "name": "Grace"}
    assert status("acceptInvitation", accepted, owner) == 204
    assert status("requestPasswordReset", {"email": invited}, owner) == 202
    chosen = {"token": token_of(mail_to(house.api, invited, number=2)), "password": PASSWORD + "!"}
    assert status("choosePassword", chosen, owner) == 204
    # the call that failed has been told of by mail
    wait_until(lambda: house.owner.get("/v1/notifications?state=sent").json()["data"], "the mail about the error")
    assert send(by_name["listNotifications"].Case(), owner).json()["data"]


def test_shares_that_are_there_are_as_published(published, house):
    by_name = operations(published)
    call = house.owner.get("/v1/call-logs?limit=1").json()["data"][0]["id"]

    def ask(name, id=None, **members):
        if "body" in members:
            members["media_type"] = "application/json"
        given = {"path_parameters": {"id": id}} if id else {}
        return send(by_name[name].Case(**given, **members), house.owner.token)

    body = {"recipients": [an_email("reader")], "message": "Look", "passphrase": "open sesame"}
    made = ask("shareCallLog", call, body=body)
    assert made.status_code == 201
    id = made.json()["id"]
    assert ask("getShare", id).json()["events"]
    assert id in [share["id"] for share in ask("listShares", query={"call_log": call}).json()["data"]]
    assert ask("revokeShare", id).status_code == 204
    assert ask("getShare", id).json()["state"] == "revoked"
    assert ask("getCallLogAsHAR", call).status_code == 200


def test_connections_that_are_there_are_as_published(published, house):
    by_name = operations(published)
    key, owner = house.key_of_all_scopes, house.owner.token

    def ask(name, token, id=None, **members):
        given = {"path_parameters": {"id": id}} if id else {}
        if "body" in members:
            members["media_type"] = "application/json"
        return send(by_name[name].Case(**given, **members), token)

    made = ask("createConnection", owner, body=connection("of keys"))
    client = ask("createConnection", key, body=connection("of people", auth="oauth2"))
    assert (made.status_code, client.status_code) == (201, 201)
    id, person = made.json()["id"], client.json()["id"]
    assert ask("createConnection", owner, body=connection("of keys")).status_code == 409
    assert ask("createConnection", owner, body={**connection("none"), "credentials": {}}).status_code == 400
    assert ask("checkConnection", owner, id).json()["state"] == "degraded"
    assert ask("getConnectionToken", key, id).json()["access_token"] == "key-of-the-shop"
    assert ask("getConnectionToken", key, person).status_code == 409
    assert ask("getConnectionToken", owner, id).status_code == 403
    assert ask("reauthoriseConnection", owner, person, body={}).status_code == 200
    assert ask("reauthoriseConnection", owner, id, body={}).status_code == 409
    found = ask("getConnection", owner, person).json()
    assert (found["state"], found["nodes"][0]["state"]) == ("needs_reauth", "broken")
    assert ask("updateConnection", owner, id, body={"enabled": False}).json()["state"] == "disabled"
    assert ask("getConnectionToken", key, id).status_code == 409
    listed = ask("listConnections", owner, query={"state": "disabled", "application": "json_api"}).json()["data"]
    assert id in [one["id"] for one in listed]
    assert ask("removeConnection", owner, id).status_code == 204
    assert ask("getConnection", owner, id).status_code == 404


def test_path_with_nul_finds_nothing(house):
    for path in ("/v1/bots/%00", "/v1/bots/a%00b", "/v1/users/%00"):
        assert_problem(house.owner.patch(path, {"name": "x"}), 404, "not_found")


def test_documents_are_cached(people_api):
    with httpx.Client(base_url=people_api.url, trust_env=False) as http:
        for path in ("/openapi.json", "/docs"):
            first = http.get(path)
            assert first.status_code == 200 and first.headers["cache-control"] == "public, max-age=300"
            again = http.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
            assert http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
