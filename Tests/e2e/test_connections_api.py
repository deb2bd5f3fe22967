"""Making and changing connections: what is wrong is told with its place, and secrets never come back."""

import pytest

from harness.client import assert_problem
from harness.connections import Office, dump_of, found_secrets, kinds_of

SECRET = "s3cr3t-of-the-tests"
BASIC = {"account_sid": "AC0123", "auth_token": SECRET}


@pytest.fixture(scope="module")
def office(connected):
    """A tenant of the file's own."""
    return Office(*connected)


@pytest.fixture(autouse=True)
def provider(connected):
    """The provider, which knows one key."""
    provider = connected[1]
    provider.forget()
    provider.api_keys = {"X-Api-Key": "good-" + SECRET}
    yield provider
    provider.heal()


def keyed(provider, key="good-" + SECRET, **others):
    """Credentials for the provider's API by a key."""
    urls = provider.urls()
    own = {"api_key": key, "header": "X-Api-Key", "api_url": urls["api_url"], "probe_url": urls["probe_url"]}
    return {name: value for name, value in {**own, **others}.items() if value is not None}


def issues_of(answer):
    """What is wrong, by its place; nothing of what was sent is repeated."""
    problem = assert_problem(answer, 400, "invalid_parameter")
    assert SECRET not in answer.text
    assert all(issue["detail"] for issue in problem["errors"])
    return sorted((issue["pointer"], issue["code"]) for issue in problem["errors"])


def api_key(**credentials):
    return {"application": "json_api", "auth": "api_key", "credentials": {"api_key": SECRET, **credentials}}


def basic(**credentials):
    return {"application": "twilio", "auth": "basic", "credentials": credentials}


def nodes(*given):
    return {"nodes": list(given)}


NODE = {"bot_id": "b", "node_id": "n"}
LONG = "x" * 8193
# members of a body that is good otherwise; ... takes one away
BAD = {
    "nothing": (dict.fromkeys(["application", "auth", "name"], ...), ["/application", "/auth", "/name"], "required"),
    "null": ({"application": None}, ["/application"], "required"),
    "unknown application": ({"application": "fax"}, ["/application"], "unknown_value"),
    "application that is no text": ({"application": 7}, ["/application"], "wrong_type"),
    "unknown auth": ({"auth": "oauth"}, ["/auth"], "unknown_value"),
    "auth that it has not": ({"application": "zendesk", "auth": "api_key"}, ["/auth"], "invalid_format"),
    "auth that it has not either": ({"application": "google_sheets", "auth": "basic"}, ["/auth"], "invalid_format"),
    "empty name": ({"name": ""}, ["/name"], "required"),
    "long name": ({"name": "n" * 201}, ["/name"], "invalid_format"),
    "name with a line break": ({"name": "a\nb"}, ["/name"], "invalid_format"),
    "name that is no text": ({"name": ["a"]}, ["/name"], "wrong_type"),
    "unknown member": ({"colour": "red", "tenant_id": 1}, ["/colour", "/tenant_id"], "unknown_member"),
    "no credentials": ({"credentials": ...}, ["/credentials/account_sid", "/credentials/auth_token"], "required"),
    "half of them": (basic(auth_token=SECRET), ["/credentials/account_sid"], "required"),
    "null credential": (basic(account_sid="AC1", auth_token=None), ["/credentials/auth_token"], "required"),
    "empty credential": (basic(account_sid="AC1", auth_token=""), ["/credentials/auth_token"], "invalid_format"),
    "unknown credential": (basic(**BASIC, colour=SECRET), ["/credentials/colour"], "unknown_member"),
    "credential with a slash": (basic(**BASIC, **{"a/b~c": "x"}), ["/credentials/a~1b~0c"], "unknown_member"),
    "two names of one": (basic(**BASIC, password=SECRET), ["/credentials/password"], "duplicate_member"),
    "credentials that are a list": ({"credentials": [SECRET]}, ["/credentials"], "wrong_type"),
    "credentials that are a text": ({"credentials": SECRET}, ["/credentials"], "wrong_type"),
    "credential that is a number": (basic(**{**BASIC, "account_sid": 7}), ["/credentials/account_sid"], "wrong_type"),
    "credential that is an object": (basic(**{**BASIC, "auth_token": {}}), ["/credentials/auth_token"], "wrong_type"),
    "long credential": (basic(account_sid="AC1", auth_token=LONG), ["/credentials/auth_token"], "invalid_format"),
    "credential with a line break": (api_key(api_key=SECRET + "\r\nX: y"), ["/credentials/api_key"], "invalid_format"),
    "credential with NUL": (api_key(api_key=SECRET + "\0"), ["/credentials/api_key"], "invalid_format"),
    "identifier that leads elsewhere": (
        basic(account_sid="../Accounts", auth_token=SECRET), ["/credentials/account_sid"], "invalid_format"),
    "header of the connection": (api_key(header="Host"), ["/credentials/header"], "invalid_format"),
    "header that is none": (api_key(header="a b"), ["/credentials/header"], "invalid_format"),
    "URL that is none": (api_key(api_url="elsewhere"), ["/credentials/api_url"], "invalid_format"),
    "base with a query": (api_key(api_url="https://x.example.com/?a=1"), ["/credentials/api_url"], "invalid_format"),
    "base with dots": (api_key(api_url="https://x.example.com/../a"), ["/credentials/api_url"], "invalid_format"),
    "nodes that are no list": ({"nodes": NODE}, ["/nodes"], "wrong_type"),
    "node that is no object": (nodes(NODE, "n"), ["/nodes/1"], "wrong_type"),
    "node without bot": (nodes({"node_id": "n"}), ["/nodes/0/bot_id"], "required"),
    "node without place": (nodes(NODE, {"bot_id": "b"}), ["/nodes/1/node_id"], "required"),
    "node with a state": (nodes({**NODE, "state": "attached"}), ["/nodes/0/state"], "unknown_member"),
    "long bot": (nodes({**NODE, "bot_id": "b" * 129}), ["/nodes/0/bot_id"], "invalid_format"),
    "long path": (nodes({**NODE, "path": "p" * 1001}), ["/nodes/0/path"], "invalid_format"),
    "too many nodes": (nodes(*({**NODE, "node_id": str(n)} for n in range(1001))), ["/nodes"], "too_many"),
}  # fmt: skip


@pytest.mark.parametrize("members, places, code", BAD.values(), ids=BAD)
def test_what_is_wrong(office, members, places, code):
    before = office.ask("GET", "/v1/connections?limit=500").json()
    answer = office.try_create(**{"application": "twilio", "auth": "basic", "credentials": BASIC, **members})
    assert issues_of(answer) == sorted((place, code) for place in places)
    assert office.ask("GET", "/v1/connections?limit=500").json() == before


def test_all_that_is_wrong_at_once(office):
    answer = office.try_create("twilio", "basic", name="", credentials={"colour": "x"}, nodes=[{}], x=1)
    assert {place for place, _ in issues_of(answer)} >= {"/name", "/nodes/0/bot_id", "/x"}


SUBDOMAINS = [
    "", "acme.evil.example", "acme/", "acme#", "acme@x", "-acme", "acme-", "ACME", "a" * 64, "a b", "ac\nme", "é",
    "%61",
]  # fmt: skip


@pytest.mark.parametrize("application, auth", [("zendesk", "oauth2"), ("freshdesk", "api_key")])
def test_subdomains(office, application, auth):
    for subdomain in SUBDOMAINS:
        credentials = {"subdomain": subdomain} | ({"api_key": SECRET} if auth == "api_key" else {})
        answer = office.try_create(application, auth, credentials=credentials)
        assert issues_of(answer) == [("/credentials/subdomain", "invalid_format")], subdomain


NO_OBJECTS = [b"[]", b"7", b'"x"', b"null", b"{", b'{"name": "a",}', b"\xff{}", b'{"name": "\xff"}']


@pytest.mark.parametrize("body", NO_OBJECTS)
def test_bodies_that_are_no_object(office, body):
    headers = {"Authorization": f"Bearer {office.owner.token}", "Content-Type": "application/json"}
    for path in ("/v1/connections", "/v1/connections/x/check"):
        answer = office.owner.http.post(path, content=body, headers=headers)
        assert answer.status_code in (400, 404), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_names_are_taken_once(office, connected):
    taken = office.create(name="Taken")
    assert_problem(office.try_create(name="Taken"), 409, "conflict")
    other = office.create(name="Free")
    assert_problem(office.ask("PATCH", f"/v1/connections/{other}", {"name": "Taken"}), 409, "conflict")
    assert office.find(other)["name"] == "Free"
    assert office.change(other, name="Free")["name"] == "Free"
    # in a tenant of its own it is free, and so it is when it was given up
    assert Office(*connected).try_create(name="Taken").status_code == 201
    assert office.ask("DELETE", f"/v1/connections/{taken}").status_code == 204
    assert office.change(other, name="Taken")["name"] == "Taken"


def test_names_in_all_languages(office):
    for name in ("n" * 200, "Ä" * 200, "顧客サポート 🎧", " padded ", "' or 1=1 --", "<b>"):
        answer = office.try_create(name=name)
        assert answer.status_code == 201, answer.text
        assert office.find(answer.json()["id"])["name"] == name


def test_nodes_are_told(office):
    given = [{**NODE, "path": "P / Q"}, NODE, {"bot_id": "b", "path": "only a path"}, {"bot_id": "c", "node_id": "n"}]
    id = office.create(nodes=given)
    found = {(node["bot_id"], node["node_id"], node["path"]) for node in office.find(id)["nodes"]}
    assert found == {("b", "n", "P / Q"), ("b", None, "only a path"), ("c", "n", None)}
    changed = office.change(id, nodes=[{"bot_id": "c", "node_id": "n"}])
    assert [(node["bot_id"], node["node_id"]) for node in changed["nodes"]] == [("c", "n")]
    assert office.change(id, nodes=[])["nodes"] == []
    assert issues_of(office.ask("PATCH", f"/v1/connections/{id}", {"nodes": [{}]}))[0][0] == "/nodes/0/bot_id"
    # a thousand may be told
    many = [{"bot_id": "b", "node_id": f"n-{number}"} for number in range(1000)]
    assert len(office.change(id, nodes=many)["nodes"]) == 1000


def test_patches_that_are_wrong(office, provider):
    id = office.create("json_api", "api_key", credentials=keyed(provider))
    before = office.find(id)
    path = f"/v1/connections/{id}"
    for body, place in (
        ({"application": "zendesk"}, "/application"),
        ({"auth": "basic"}, "/auth"),
        ({"state": "healthy"}, "/state"),
        ({"enabled": "no"}, "/enabled"),
        ({"enabled": 0}, "/enabled"),
        ({"name": ""}, "/name"),
        ({"credentials": {}}, "/credentials/api_key"),
        ({"credentials": {"api_url": "https://x.example.com"}}, "/credentials/api_key"),
        ({"credentials": {"api_key": SECRET, "colour": "x"}}, "/credentials/colour"),
        ({"name": "Other", "credentials": {"api_key": ""}}, "/credentials/api_key"),
        ({"name": "Other", "nodes": 7}, "/nodes"),
    ):
        assert [where for where, _ in issues_of(office.ask("PATCH", path, body))] == [place], body
    assert office.find(id) == before and provider.requests == []
    assert office.ask("PATCH", path, {}).status_code == 200 and office.find(id) == before
    unknown = path[:-12] + "0" * 12
    assert_problem(office.ask("PATCH", unknown, {"name": "x"}), 404, "not_found")
    assert_problem(office.ask("PATCH", unknown, {"credentials": {"api_key": "x"}}), 404, "not_found")


def test_new_credentials_are_checked(office, provider):
    id = office.create("json_api", "api_key", credentials=keyed(provider, "old-" + SECRET))
    assert office.check(id)["state"] == "needs_reauth"
    assert_problem(office.token(id), 409, "conflict")
    # wrong ones change nothing about that
    wrong = office.change(id, credentials=keyed(provider, "wrong-" + SECRET))
    assert wrong["state"] == "needs_reauth" and wrong["last_ok_at"] is None
    provider.forget()
    right = office.change(id, credentials=keyed(provider))
    assert right["state"] == "healthy" and right["last_ok_at"] and provider.counts == {"probe": 1}
    assert office.token(id).json()["access_token"] == "good-" + SECRET
    assert office.call(id).status_code == 200
    # and wrong ones break what worked
    broken = office.change(id, credentials=keyed(provider, "wrong-" + SECRET))
    assert broken["state"] == "needs_reauth" and "401" in broken["state_reason"]
    assert SECRET not in broken["state_reason"]
    # they replace all of the old ones
    assert office.change(id, credentials={"api_key": SECRET})["settings"] == {}
    kinds = ["created", "broken", *["credentials_changed"] * 2, "recovered", "credentials_changed", "broken"]
    assert kinds_of(office.find(id))[:7] == kinds


def test_addresses_of_what_people_authorise_stay(office, provider):
    """A grant is not sent elsewhere by changing where it is sent."""
    id = office.connect()
    answer = office.ask("PATCH", f"/v1/connections/{id}", {"credentials": {"subdomain": "elsewhere"}})
    assert_problem(answer, 409, "conflict")
    assert office.find(id)["settings"] == {"subdomain": "acme"} and office.call(id).status_code == 200


def test_off_and_on(office, provider):
    id = office.connect(nodes=[NODE])
    off = office.change(id, enabled=False)
    assert off["state"] == "disabled" and off["state_reason"] and off["next_check_at"] is None
    assert office.change(id, enabled=False)["state_since"] == off["state_since"]
    provider.forget()
    assert office.check(id)["state"] == "disabled"
    assert_problem(office.token(id), 409, "conflict")
    assert_problem(office.call(id), 409, "conflict")
    assert_problem(office.ask("POST", f"/v1/connections/{id}/reauthorise", {}), 409, "conflict")
    assert provider.requests == []
    on = office.change(id, enabled=True)
    assert on["state"] == "degraded" and on["next_check_at"]
    assert office.check(id)["state"] == "healthy" and office.call(id).status_code == 200
    assert kinds_of(office.find(id))[-3:] == ["disabled", "enabled", "recovered"]
    # one that nobody has authorised goes back to that
    fresh = office.create()
    office.change(fresh, enabled=False)
    assert office.change(fresh, enabled=True)["state"] == "needs_reauth"


SORTS = [
    ("twilio", "basic", BASIC),
    ("twilio", "api_key", {"account_sid": "AC1", "api_key_sid": "SK1", "api_key_secret": SECRET}),
    ("clickatell", "api_key", {"key": SECRET}),
    ("freshdesk", "api_key", {"domain": "acme", "api_key": SECRET}),
    ("freshdesk", "basic", {"subdomain": "acme", "username": SECRET, "password": SECRET + "-2"}),
    ("floatchat", "api_key", {"token": SECRET, "api_url": "https://x.example.com"}),
    ("api_trigger", "basic", {"user": "u", "password": SECRET}),
    ("c2e", "basic", {"username": "u", "password": SECRET}),
    ("zendesk", "basic", {"subdomain": "acme", "email": "a@example.com", "api_token": SECRET}),
    ("zendesk", "oauth2", {"subdomain": "acme", "client_id": "own", "client_secret": SECRET}),
    ("json_api", "api_key", {"api_key": SECRET, "prefix": "Token"}),
]


@pytest.mark.parametrize("application, auth, credentials", SORTS, ids=[f"{row[0]} {row[1]}" for row in SORTS])
def test_secrets_never_come_back(office, connected, application, auth, credentials):
    made = office.try_create(application, auth, credentials=credentials, nodes=[NODE])
    assert made.status_code == 201, made.text
    path = f"/v1/connections/{made.json()['id']}"
    assert made.json()["application"] == application and made.json()["auth"] == auth
    answers = [made, office.ask("GET", path), office.ask("GET", "/v1/connections?limit=500")]
    answers.append(office.ask("PATCH", path, {"name": f"Changed {application} {auth}", "credentials": credentials}))
    answers += [office.ask("POST", f"{path}/check", {}), office.ask("GET", path), office.call(made.json()["id"])]
    for answer in answers:
        assert answer.status_code < 600 and SECRET not in answer.text, answer.text
    settings = made.json()["settings"]
    assert SECRET not in settings.values() and ("subdomain" not in credentials or settings["subdomain"] == "acme")
    assert office.ask("DELETE", path).status_code == 204
    assert not found_secrets(connected[0].api.output, [SECRET])


def test_secrets_are_sealed(office, connected, provider):
    id = office.create("json_api", "api_key", credentials=keyed(provider))
    assert office.check(id)["state"] == "healthy"
    office.connect()
    assert not found_secrets(dump_of(connected[0].database), {SECRET, *provider.secrets()})
