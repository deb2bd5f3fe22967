"""Every call of a key or a person stands in the audit log of its tenant, once, with what was asked and answered."""

import re

import pytest

from harness.audit import CALL, Log, request_id, results, with_every_scope
from harness.client import assert_problem, entry
from harness.people import House, Visitor
from harness.waiting import wait_until
from test_roles import ANYBODY, ENDPOINTS

# what only a proxy or a mistyped client brings
SECRET = "s3cr3t-5b1f0c9a7e2d4f68"


@pytest.fixture(scope="module")
def log(house):
    """The house's audit log."""
    return Log(house.api.database, house.id)


@pytest.fixture(scope="module")
def program(house):
    """A program that may do whatever a key may."""
    return with_every_scope(house)


@pytest.fixture(scope="module")
def callers(house, program):
    """Callers, and the column by which their calls are known with its value."""
    agent = house.member("agent")
    return [
        (program, "apikey_id", program.key_id),
        (house.owner, "user_id", house.owner_id),
        (agent, "user_id", agent.user["id"]),
    ]


def call(visitor, method, path, body=None, **headers):
    """Sends a request with an id of its own; returns what the log must say of it, and the answer."""
    id = request_id()
    answer = visitor.request(method, path, body, X_Request_Id=id, **headers)
    assert answer.headers["x-request-id"] == id
    plain, _, query = path.partition("?")
    expected = {"method": method, "path": plain, "query": query or None, "status": answer.status_code}
    return id, {**expected, "remote_addr": visitor.address}, answer


def assert_recorded(log, expected):
    """Each request is recorded as expected, once; nothing else of these requests is."""
    rows = log.wait_for_requests(expected)
    for id, members in expected.items():
        assert {name: rows[id][name] for name in members} == members


def test_every_endpoint(house, callers, log):
    """The list is the published one: the matrix of the roles is held to it."""
    other = Log(log.database, House(house.api).id)
    expected, statuses = {}, set()
    for visitor, column, value in callers:
        for method, path, needs, body, _ in ENDPOINTS:
            if needs == ANYBODY:
                continue
            for verb, target in ((method, path), *([("HEAD", path), ("GET", "odd")] if method == "GET" else [])):
                if target == "odd":
                    target = path + ("&" if "?" in path else "?") + "unknown=1"
                id, members, answer = call(visitor, verb, target, body() if body and verb == method else None)
                # who is calling is known by one column, and not by the other
                expected[id] = members | {"apikey_id": None, "user_id": None, column: value}
                statuses.add(answer.status_code)
    assert {200, 201, 400, 403, 404} <= statuses, statuses
    assert_recorded(log, expected)
    assert other.of_requests(expected) == []
    log.assert_intact()


def test_what_a_search_tells(house, program, callers, log):
    id, members, _ = call(program, "POST", "/v1/call-logs", entry())
    assert_recorded(log, {id: members})
    (found,) = results(house.owner, f"?q={id}") or results(house.owner, f"?apikey_id={program.key_id}&method=POST&limit=1")
    assert found["apikey_id"] == found["api_key_id"] == program.key_id and found["code"] == CALL
    assert found["PartitionKey"] == "api_audit" and found["id"] == found["RowKey"]
    assert found["data"] == {"status": 200, "request_id": id} and found["content_type"] == "application/json"
    assert found["remote_addr"] == program.address and found["from"] == "test"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["date"])
    assert found["Timestamp"] == found["date"].replace("T", " ").removesuffix("Z")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", found["Timestamp"])
    id, members, _ = call(house.owner, "GET", "/v1/me")
    assert_recorded(log, {id: members})
    (found,) = results(house.owner, f"?user_id={house.owner_id}&limit=1&code={CALL}")
    assert found["from"] == house.owner_email and found["data"]["user_id"] == house.owner_id and not found["apikey_id"]


def test_recorded_within_a_second(program, log):
    for _ in range(5):
        id, members, _ = call(program, "GET", "/v1/applications")
        log.wait_for_requests([id], seconds=1)


def test_signing_out_is_recorded(house, log):
    visitor = house.member("agent")
    id, members, answer = call(visitor, "DELETE", "/v1/sessions/current")
    assert answer.status_code == 204
    assert_recorded(log, {id: members | {"user_id": visitor.user["id"]}})


def test_too_many_requests_are_recorded(house, start_api):
    made = house.key("call_logs:read")
    api = start_api(house.api.database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32", CALLTRAIL_READS_PER_MINUTE="3")
    visitor = Visitor(api, made["key"])
    expected = dict(call(visitor, "GET", "/v1/call-logs?limit=1")[:2] for _ in range(6))
    assert [members["status"] for members in expected.values()] == [200] * 3 + [429] * 3
    assert_recorded(Log(api.database, house.id), expected)


def test_plans_that_lack_the_logs_are_recorded(people_api):
    small = House(people_api, plan="free")
    id, members, answer = call(small.owner, "GET", "/v1/call-logs")
    assert_problem(answer, 403, "plan_required")
    assert_recorded(Log(people_api.database, small.id), {id: members})


def test_bad_bodies_are_recorded(house, program, log):
    expected = {}
    for visitor, path, body, status in (
        (program, "/v1/call-logs", {"application": "nothing"}, 422),
        (program, "/v1/logentry", {"code": "ABA-0010"}, 400),
        (house.owner, "/v1/users", {"role": "agent"}, 400),
        (house.owner, "/v1/users", {"email": house.owner_email, "role": "agent"}, 409),
    ):
        id, members, answer = call(visitor, "POST", path, body)
        assert answer.status_code == status, answer.text
        expected[id] = members
    assert_recorded(log, expected)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/call-logs?q=x&api_key={SECRET}",
        f"/v1/call-logs?access_token={SECRET}&limit=1",
        f"/v1/logentry/search/?q=x&password={SECRET}",
        f"/v1/proxy/01234567-89ab-7000-8000-000000000000/tickets.json?token={SECRET}&page=2",
        f"/v1/proxy/01234567-89ab-7000-8000-000000000000/a/b?client_secret={SECRET}&x=%22%3Cscript%3E",
        f"/v1/connections?authorization=Bearer%20{SECRET}",
    ],
)
def test_secrets_in_a_query_are_not_kept(program, log, path):
    id, members, _ = call(program, "GET", path)
    rows = log.wait_for_requests([id])
    assert SECRET not in str(rows[id]) and rows[id]["path"] == path.partition("?")[0]
    assert "REDACTED" in rows[id]["query"].upper() or "fingerprint" in rows[id]["query"], rows[id]["query"]


def test_keys_in_a_path_are_not_kept(program, log):
    """Whoever sticks a key into a path, or sends a session's token as a bot's id."""
    for path in (f"/v1/bots/{program.token}", f"/v1/call-logs?q={program.token}", f"/v1/call-logs/{program.token}/curl"):
        method = "PATCH" if "bots" in path else "GET"
        id, _, _ = call(program, method, path, {"name": "x"} if method == "PATCH" else None)
        assert program.token not in str(log.wait_for_requests([id]))


def test_only_trusted_proxies_are_believed(house, start_api):
    api = start_api(house.api.database)
    visitor = Visitor(api, house.key("call_logs:read")["key"], address="11.22.33.44")
    id, members, _ = call(visitor, "GET", "/v1/me")
    assert_recorded(Log(api.database, house.id), {id: members | {"remote_addr": "127.0.0.1"}})


def test_addresses_of_chained_proxies(program, log):
    """The last address that no trusted proxy stands for is the caller's: what they wrote before it is theirs to invent."""
    id, members, _ = call(program, "GET", "/v1/me", X_Forwarded_For="1.2.3.4, 30.9.8.7")
    assert_recorded(log, {id: members | {"remote_addr": "30.9.8.7"}})
    id, members, _ = call(program, "GET", "/v1/me", X_Forwarded_For="'; drop table audit_log; --")
    (row,) = log.wait_for_requests([id]).values()
    assert row["remote_addr"] == "127.0.0.1"


def test_calls_of_nobody_are_recorded_nowhere(house, log):
    visitor = Visitor(house.api)
    ids = []
    for token in (None, "nonsense", "A" * 43, "ct_live_0000Sg3a_4fZq81LmT0xVbN7cKd2RyPw9GhJs5u1AbC9x"):
        id = request_id()
        assert visitor.get("/v1/me", token=token, X_Request_Id=id).status_code == 401
        ids.append(id)
    last, members, _ = call(house.owner, "GET", "/v1/me")
    log.wait_for_requests([last])
    count = "select count(*) from audit_log where request_id = any(%s)"
    assert log.database.value(count, ids) == 0


@pytest.mark.parametrize("end", ["revoked", "expired", "rotated"])
def test_ended_keys(house, log, end):
    made = house.key("audit:read")
    visitor = Visitor(house.api, made["key"])
    assert visitor.get("/v1/me").status_code == 200
    if end == "revoked":
        assert house.owner.delete(f"/v1/api-keys/{made['id']}").status_code == 204
    elif end == "rotated":
        assert house.owner.post(f"/v1/api-keys/{made['id']}/rotate", {"overlap_hours": 0}).status_code == 201
    else:
        log.database.execute("update api_key set expires_at = app_now() where key_id = %s", made["id"])
    wait_until(lambda: visitor.get("/v1/me").status_code == 401, "the key to be out of force", 5)

    def refused():
        visitor.get(f"/v1/logentry/search/?password={SECRET}")
        return log.rows("apikey_id = %s and status = 401 and path like '/v1/logentry/search%%'", made["id"])

    (row,) = wait_until(refused, "a call with the ended key to be recorded", 5)[:1]
    assert row["code"] == CALL and row["remote_addr"] == visitor.address and row["method"] == "GET"
    assert row["sender"] == "test" and SECRET not in str(row)
    # a loop that goes on with it does not flood the log
    log.wait_until_quiet()
    before = log.seq()
    for _ in range(30):
        assert visitor.get("/v1/me").status_code == 401
    log.wait_until_quiet()
    assert len(log.rows("seq > %s and apikey_id = %s", before, made["id"])) <= 5
    # a secret that is not the key's own is nobody's
    forged = made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B")
    before = log.seq()
    assert Visitor(house.api, forged).get("/v1/me").status_code == 401
    log.wait_until_quiet()
    assert log.rows("seq > %s and status = 401", before) == []
