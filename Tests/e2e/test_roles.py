"""The matrix: what people of every role, keys of every scope, strangers and other plans get from every endpoint."""

import functools
import re
import secrets
import uuid
from urllib.parse import quote

import pytest

from harness.client import assert_problem, entry
from harness.people import PASSWORD, House, Visitor, an_email

OWNER, SUPERVISOR, BOT_BUILDER, AGENT = ROLES = ("owner", "supervisor", "bot_builder", "agent")

# What is promised to people of the roles.
PEOPLE = {
    "call_logs.read": {OWNER, SUPERVISOR, BOT_BUILDER},
    "call_logs.export": {OWNER, SUPERVISOR, BOT_BUILDER},
    "connections.read": {OWNER, SUPERVISOR, BOT_BUILDER},
    "connections.reauthorise": {OWNER, SUPERVISOR, BOT_BUILDER},
    "bots.manage": {OWNER, SUPERVISOR, BOT_BUILDER},
    "call_logs.share": {OWNER, SUPERVISOR},
    "connections.manage": {OWNER, SUPERVISOR},
    "audit.read": {OWNER, SUPERVISOR},
    "notification_settings.manage": {OWNER},
    "notification_preferences.own": {OWNER, SUPERVISOR, BOT_BUILDER, AGENT},
    "team.manage": {OWNER},
    "api_keys.manage": {OWNER},
    "tenant.manage": {OWNER},
    # done by programs
    "call_logs.write": set(),
    "audit.write": set(),
    "connections.token": set(),
}

# What is promised to keys of the scopes.
KEYS = {
    "call_logs:write": {"call_logs.write"},
    "call_logs:read": {"call_logs.read", "call_logs.export"},
    "audit:read": {"audit.read"},
    "audit:write": {"audit.write"},
    "connections:read": {"connections.read"},
    "connections:token": {"connections.token"},
    "connections:write": {"connections.manage", "connections.reauthorise"},
}

UNKNOWN = str(uuid.UUID(int=0x0123456789AB70008000000000000000))
ANYBODY, ANY_PERSON, ANY_PRINCIPAL = "anybody", "any person", "any principal"


def new_person():
    return {"email": an_email(), "role": "agent"}


def new_key():
    return {"name": "of the matrix", "scopes": ["audit:read"]}


def new_channel():
    return {
        "kind": "webhook",
        "name": "of the matrix " + secrets.token_hex(8),
        "url": "https://hooks.example.com/matrix",
        "events": ["first_error"],
    }


def new_share():
    return {"recipients": [an_email("reader")]}


def new_connection():
    # nothing is asked of an application before a person has authorised it
    credentials = {"subdomain": "matrix", "client_id": "matrix", "client_secret": secrets.token_hex(8)}
    name = "of the matrix " + secrets.token_hex(8)
    return {"application": "zendesk", "name": name, "auth": "oauth2", "credentials": credentials}


# method, path, what it needs, a body, the answer to whoever may. Ids are unknown: the matrix changes nothing.
ENDPOINTS = [
    ("GET", "/livez", ANYBODY, None, 200),
    ("GET", "/readyz", ANYBODY, None, 200),
    ("POST", "/v1/sessions", ANYBODY, lambda: {}, 400),
    ("POST", "/v1/password-resets", ANYBODY, lambda: {}, 400),
    ("POST", "/v1/passwords", ANYBODY, lambda: {}, 400),
    ("POST", "/v1/invitations/accept", ANYBODY, lambda: {"token": "1.x"}, 404),
    ("GET", "/openapi.json", ANYBODY, None, 200),
    ("GET", "/docs", ANYBODY, None, 200),
    ("GET", "/v1/me", ANY_PRINCIPAL, None, 200),
    ("PATCH", "/v1/me", ANY_PERSON, lambda: {"name": ""}, 204),
    ("PUT", "/v1/me/password", ANY_PERSON, lambda: {"current_password": PASSWORD, "password": "short"}, 400),
    ("GET", "/v1/sessions", ANY_PERSON, None, 200),
    ("DELETE", f"/v1/sessions/{UNKNOWN}", ANY_PERSON, None, 404),
    ("PUT", "/v1/sessions/current/tenant", ANY_PERSON, lambda: {"tenant_id": "2147483647"}, 404),
    ("POST", "/v1/call-logs", "call_logs.write", entry, 200),
    ("GET", "/v1/call-logs", "call_logs.read", None, 200),
    ("GET", "/v1/call-logs/facets", "call_logs.read", None, 200),
    ("GET", "/v1/call-logs/histogram", "call_logs.read", None, 200),
    ("GET", "/v1/usage", "call_logs.read", None, 200),
    ("GET", f"/v1/call-logs/{UNKNOWN}", "call_logs.read", None, 404),
    ("GET", f"/v1/call-logs/{UNKNOWN}/curl", "call_logs.read", None, 404),
    ("GET", f"/v1/call-logs/{UNKNOWN}/har", "call_logs.read", None, 404),
    ("POST", f"/v1/call-logs/{UNKNOWN}/shares", "call_logs.share", new_share, 404),
    ("GET", "/v1/shares", "call_logs.share", None, 200),
    ("GET", f"/v1/shares/{UNKNOWN}", "call_logs.share", None, 404),
    ("DELETE", f"/v1/shares/{UNKNOWN}", "call_logs.share", None, 404),
    ("GET", "/v1/bots", "call_logs.read", None, 200),
    ("PATCH", "/v1/bots/unknown", "bots.manage", lambda: {"name": "x"}, 404),
    ("GET", "/v1/users", "team.manage", None, 200),
    ("POST", "/v1/users", "team.manage", new_person, 201),
    ("PATCH", f"/v1/users/{UNKNOWN}", "team.manage", lambda: {"name": "x"}, 404),
    ("DELETE", f"/v1/users/{UNKNOWN}", "team.manage", None, 404),
    ("POST", "/v1/invitations", "team.manage", new_person, 201),
    ("GET", "/v1/invitations", "team.manage", None, 200),
    ("DELETE", f"/v1/invitations/{UNKNOWN}", "team.manage", None, 404),
    ("GET", "/v1/api-keys", "api_keys.manage", None, 200),
    ("POST", "/v1/api-keys", "api_keys.manage", new_key, 201),
    ("DELETE", f"/v1/api-keys/{UNKNOWN}", "api_keys.manage", None, 404),
    ("POST", f"/v1/api-keys/{UNKNOWN}/rotate", "api_keys.manage", lambda: {}, 404),
    ("GET", "/v1/notification-channels", "notification_settings.manage", None, 200),
    ("POST", "/v1/notification-channels", "notification_settings.manage", new_channel, 201),
    (
        "PATCH",
        f"/v1/notification-channels/{UNKNOWN}",
        "notification_settings.manage",
        lambda: {"name": "x"},
        404,
    ),
    ("DELETE", f"/v1/notification-channels/{UNKNOWN}", "notification_settings.manage", None, 404),
    ("POST", f"/v1/notification-channels/{UNKNOWN}/test", "notification_settings.manage", lambda: {}, 404),
    ("POST", f"/v1/notification-channels/{UNKNOWN}/rotate-secret", "notification_settings.manage", lambda: {}, 404),
    ("GET", "/v1/notification-settings", "notification_settings.manage", None, 200),
    ("PUT", "/v1/notification-settings", "notification_settings.manage", lambda: {}, 200),
    ("GET", "/v1/me/notification-preferences", "notification_preferences.own", None, 200),
    ("PUT", "/v1/me/notification-preferences", "notification_preferences.own", lambda: {}, 200),
    ("GET", "/v1/notifications", "notification_preferences.own", None, 200),
    ("GET", "/v1/logentry/search", "audit.read", None, 200),
    ("GET", "/v1/logentry/codes", "audit.read", None, 200),
    ("GET", "/v1/logentry/export?format=ndjson", "audit.read", None, 200),
    ("POST", "/v1/logentry", "audit.write", lambda: {"code": "ABB-0020"}, 201),
    ("GET", "/v1/applications", "connections.read", None, 200),
    ("GET", "/v1/connections", "connections.read", None, 200),
    ("POST", "/v1/connections", "connections.manage", new_connection, 201),
    ("GET", f"/v1/connections/{UNKNOWN}", "connections.read", None, 404),
    ("PATCH", f"/v1/connections/{UNKNOWN}", "connections.manage", lambda: {"name": "x"}, 404),
    ("DELETE", f"/v1/connections/{UNKNOWN}", "connections.manage", None, 404),
    ("POST", f"/v1/connections/{UNKNOWN}/reauthorise", "connections.reauthorise", lambda: {}, 404),
    ("POST", f"/v1/connections/{UNKNOWN}/check", "connections.reauthorise", lambda: {}, 404),
    ("POST", f"/v1/connections/{UNKNOWN}/token", "connections.token", lambda: {}, 404),
    *(
        (method, f"/v1/proxy/{UNKNOWN}/tickets.json", "connections.token", None, 404)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    ),
]
endpoints = pytest.mark.parametrize(
    "method, path, needs, body, status",
    ENDPOINTS,
    ids=[f"{row[0]} {row[1]}".replace(UNKNOWN, "{id}") for row in ENDPOINTS],
)
with_call_logs = {"call_logs.read", "call_logs.write", "call_logs.export", "call_logs.share"}


@pytest.fixture(scope="module")
def principals(house):
    """A principal by each role's or scope's name: whether it is a person, its token, its permissions."""
    found = {OWNER: house.owner} | {role: house.member(role) for role in ROLES[1:]}
    found |= {scope: Visitor(house.api, house.key(scope)["key"]) for scope in KEYS}
    return found


def may(name, needs):
    """Whether a role or a scope has what an endpoint needs."""
    if needs in (ANYBODY, ANY_PRINCIPAL):
        return True
    if needs == ANY_PERSON:
        return name in ROLES
    return name in PEOPLE[needs] if name in ROLES else needs in KEYS[name]


@endpoints
def test_matrix(people_api, principals, method, path, needs, body, status):
    anonymous = Visitor(people_api).request(method, path, body and body())
    if needs == ANYBODY:
        assert anonymous.status_code == status, anonymous.text
    else:
        assert_problem(anonymous, 401, "unauthenticated")
        assert anonymous.headers["www-authenticate"].startswith("Bearer")
    for name, principal in principals.items():
        answer = principal.request(method, path, body and body())
        if may(name, needs):
            assert answer.status_code == status, (name, answer.text)
        else:
            problem = assert_problem(answer, 403, "forbidden")
            assert "errors" not in problem, name


@endpoints
def test_bad_bodies_do_not_come_before_rights(people_api, principals, method, path, needs, body, status):
    """Who may not learns nothing of what would be right."""
    if needs in (ANYBODY, ANY_PRINCIPAL, ANY_PERSON) or body is None:
        return
    assert_problem(Visitor(people_api).request(method, path, ["nonsense"]), 401, "unauthenticated")
    for name in (name for name in principals if not may(name, needs)):
        assert_problem(principals[name].request(method, path, ["nonsense"]), 403, "forbidden")


# Who signs out is signed out: it has its own test.
ELSEWHERE = {("DELETE", "/v1/sessions/current")}


def test_the_matrix_is_complete(people_api):
    """Whatever the service says it has stands in the matrix."""
    paths = Visitor(people_api).get("/openapi.json").json()["paths"]
    published = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, operations in paths.items()
        for method in operations
        if method in ("get", "post", "put", "patch", "delete")
    }
    values = ((UNKNOWN, "{}"), ("/bots/unknown", "/bots/{}"), ("/tickets.json", "/{}"))
    tested = {(row[0], functools.reduce(lambda path, pair: path.replace(*pair), values, row[1].split("?")[0])) for row in ENDPOINTS}
    assert published - ELSEWHERE == tested - ELSEWHERE


def test_me_tells_the_permissions(principals):
    for name, principal in principals.items():
        told = principal.get("/v1/me").json()
        if name in ROLES:
            assert set(told["permissions"]) == {needs for needs, roles in PEOPLE.items() if name in roles}, name
            assert told["role"] == told["user"]["role"] == name and told["api_key"] is None
            assert [tenant["role"] for tenant in told["tenants"]] == [name]
        else:
            assert set(told["permissions"]) == KEYS[name], name
            assert told["api_key"]["scopes"] == [name] and told["user"] is None and told["role"] is None
            assert told["tenants"] == []


def waiting_invitation(house):
    """The id of an invitation that nobody has accepted."""
    assert house.owner.post("/v1/invitations", new_person()).status_code == 201
    return house.owner.get("/v1/invitations").json()["data"][0]["id"]


@pytest.fixture(scope="module")
def own_ids(house):
    """Ids that exist here."""
    writer = Visitor(house.api, house.key("call_logs:write")["key"])
    call = writer.post("/v1/call-logs", entry(bot={"id": "matrix-bot"})).json()["id"]
    channel = house.owner.post("/v1/notification-channels", new_channel()).json()["id"]
    connection = house.owner.post("/v1/connections", new_connection()).json()["id"]
    share = house.owner.post(f"/v1/call-logs/{call}/shares", new_share()).json()["id"]
    return {
        "person": house.add("agent")["id"],
        "invitation": waiting_invitation(house),
        "session": house.owner.get("/v1/sessions").json()["data"][0]["id"],
        "key": house.key("audit:read")["id"],
        "call": call,
        "bot": "matrix-bot",
        "channel": channel,
        "connection": connection,
        "share": share,
    }


FOREIGN = [
    ("GET", "/v1/call-logs/{call}", None),
    ("GET", "/v1/call-logs/{call}/curl", None),
    ("GET", "/v1/call-logs/{call}/har", None),
    ("POST", "/v1/call-logs/{call}/shares", new_share()),
    ("GET", "/v1/shares/{share}", None),
    ("DELETE", "/v1/shares/{share}", None),
    ("PATCH", "/v1/bots/{bot}", {"name": "taken over"}),
    ("PATCH", "/v1/users/{person}", {"role": "owner"}),
    ("PATCH", "/v1/users/{person}", {"disabled": True}),
    ("DELETE", "/v1/users/{person}", None),
    ("DELETE", "/v1/invitations/{invitation}", None),
    ("DELETE", "/v1/sessions/{session}", None),
    ("DELETE", "/v1/api-keys/{key}", None),
    ("POST", "/v1/api-keys/{key}/rotate", {"overlap_hours": 0}),
    ("PATCH", "/v1/notification-channels/{channel}", {"url": "https://elsewhere.example.com/"}),
    ("PATCH", "/v1/notification-channels/{channel}", {"enabled": False}),
    ("DELETE", "/v1/notification-channels/{channel}", None),
    ("POST", "/v1/notification-channels/{channel}/test", {}),
    ("POST", "/v1/notification-channels/{channel}/rotate-secret", {}),
    ("GET", "/v1/connections/{connection}", None),
    ("PATCH", "/v1/connections/{connection}", {"name": "taken over"}),
    ("PATCH", "/v1/connections/{connection}", {"credentials": {"subdomain": "elsewhere"}}),
    ("PATCH", "/v1/connections/{connection}", {"enabled": False}),
    ("DELETE", "/v1/connections/{connection}", None),
    ("POST", "/v1/connections/{connection}/reauthorise", {}),
    ("POST", "/v1/connections/{connection}/check", {}),
]


def kept(house):
    """What a tenant's lists show, but for when something was used last, which is noted later."""
    lists = ("/v1/users", "/v1/api-keys", "/v1/bots", "/v1/notification-channels", "/v1/connections")
    return [
        {name: value for name, value in one.items() if name not in ("last_used_at", "last_seen_at")}
        for path in lists
        for one in house.owner.get(path).json()["data"]
    ]


@pytest.mark.parametrize("method, path, body", FOREIGN)
def test_foreign_ids_are_like_unknown_ones(house, people_api, own_ids, method, path, body):
    stranger = House(people_api).owner
    before = kept(house)
    unknown_ids = dict.fromkeys(own_ids, UNKNOWN) | {"call": own_ids["call"][:24] + "0" * 12, "bot": "unknown"}
    foreign = stranger.request(method, path.format_map(own_ids), body)
    unknown = stranger.request(method, path.format_map(unknown_ids), body)
    problems = [assert_problem(answer, 404, "not_found") for answer in (foreign, unknown)]
    for problem in problems:
        del problem["request_id"]
    assert problems[0] == problems[1]
    assert set(foreign.headers) == set(unknown.headers)
    assert before == kept(house)


def test_foreign_call_by_key(house, people_api, own_ids):
    reader = Visitor(people_api, House(people_api).key("call_logs:read")["key"])
    assert_problem(reader.get(f"/v1/call-logs/{own_ids['call']}"), 404, "not_found")
    assert reader.get("/v1/call-logs").json()["data"] == []


def test_foreign_connection_by_key(house, people_api, own_ids):
    """Keys get at their own tenant's connections alone."""
    caller = Visitor(people_api, House(people_api).key("connections:token", "connections:write")["key"])
    paths = [
        ("POST", "/v1/connections/{}/token"),
        ("POST", "/v1/connections/{}/check"),
        ("GET", "/v1/proxy/{}/tickets.json"),
        ("DELETE", "/v1/proxy/{}/tickets.json"),
    ]
    for method, path in paths:
        problems = []
        for id in (own_ids["connection"], UNKNOWN):
            answer = caller.request(method, path.format(id))
            problems.append(assert_problem(answer, 404, "not_found"))
            del problems[-1]["request_id"]
        assert problems[0] == problems[1], path


def test_foreign_tenant_is_like_an_unknown_one(house, people_api):
    stranger = House(people_api)
    problems = []
    for tenant in (house.id, "2147483647", "0", "nonsense"):
        problems.append(
            assert_problem(stranger.owner.put("/v1/sessions/current/tenant", {"tenant_id": tenant}), 404, "not_found")
        )
        del problems[-1]["request_id"]
    assert all(problem == problems[0] for problem in problems)
    assert stranger.owner.is_signed_in()
    signing = [Visitor(people_api).try_sign_in(stranger.owner_email, tenant_id=id) for id in (house.id, "2147483647")]
    for answer in signing:
        assert_problem(answer, 401, "unauthenticated")


def test_lists_hold_the_own_people_and_keys(house, people_api, own_ids):
    stranger = House(people_api)
    assert set(stranger.people()) == {stranger.owner_email}
    assert stranger.owner.get("/v1/api-keys").json()["data"] == []
    for path in ("/v1/api-keys", "/v1/users"):
        cursor = house.owner.get(f"{path}?limit=1").json()["pagination"]["next"]
        found = stranger.owner.get(f"{path}?cursor={quote(cursor)}").json()["data"]
        assert {item.get("email") for item in found} <= {stranger.owner_email}


@pytest.mark.parametrize("plan, module", [("free", "unified"), ("business", "basic")])
def test_other_plans(people_api, plan, module):
    """Without call logs in the plan there are no call logs; people and keys are managed as ever."""
    house = House(people_api, plan=plan, module=module)
    agent = house.member(AGENT)
    keys = {scope: Visitor(people_api, house.key(scope)["key"]) for scope in ("call_logs:write", "call_logs:read")}
    caller = Visitor(people_api, house.key("connections:token")["key"])
    for method, path, needs, body, status in ENDPOINTS:
        answer = house.owner.request(method, path, body and body())
        if needs in with_call_logs and OWNER in PEOPLE[needs]:
            assert_problem(answer, 403, "plan_required")
            # people share, keys do not
            of_key = "plan_required" if needs in KEYS["call_logs:read"] else "forbidden"
            assert_problem(keys["call_logs:read"].request(method, path, body and body()), 403, of_key)
            assert_problem(agent.request(method, path, body and body()), 403, "forbidden")
        elif needs == "call_logs.write":
            assert_problem(answer, 403, "forbidden")
            assert_problem(keys["call_logs:write"].request(method, path, body and body()), 403, "plan_required")
        elif needs == "connections.token":
            assert_problem(answer, 403, "forbidden")
            assert caller.request(method, path, body and body()).status_code == status, path
        elif needs == "audit.write":
            assert_problem(answer, 403, "forbidden")
        else:
            assert answer.status_code == status, (path, answer.text)
