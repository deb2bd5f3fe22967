"""API keys over REST: made, listed, used, rotated, revoked; and where they must never be."""

import os
import subprocess
import urllib.parse
import uuid

import pytest

from harness.client import assert_problem, entry
from harness.people import House, Visitor
from harness.program import run_json
from harness.waiting import wait_until


def listed(house):
    """A tenant's keys by their ids."""
    return {key["id"]: key for key in house.owner.get("/v1/api-keys?limit=500").json()["data"]}


def works(api, key):
    """Whether a key is taken."""
    answer = Visitor(api, key).get("/v1/me")
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def test_create_shows_the_key_once(house):
    answer = house.owner.post(
        "/v1/api-keys", {"name": "Backend", "scopes": ["call_logs:write", "call_logs:read"], "expires_in_days": 30}
    )
    assert answer.status_code == 201 and set(answer.json()) == {"id", "key"}
    made = answer.json()
    key = listed(house)[made["id"]]
    assert key["name"] == "Backend" and key["scopes"] == ["call_logs:read", "call_logs:write"]
    assert key["created_by"] == {"id": house.owner_id, "email": house.owner_email}
    assert made["key"].startswith(key["prefix"] + "_") and len(key["prefix"]) == len("ct_live_") + 8
    assert key["last_used_at"] is None and key["revoked_at"] is None and key["expires_at"] > key["created_at"]
    assert made["key"][17:] not in house.owner.get("/v1/api-keys?limit=500").text
    visitor = Visitor(house.api, made["key"])
    assert visitor.post("/v1/call-logs", entry()).status_code == 200
    assert visitor.get("/v1/call-logs").status_code == 200


def test_keys_of_the_operator_have_no_creator(house):
    owner = House(house.api)
    made = run_json(
        "key", "create", "--tenant", owner.id, "--name", "ops", "--scopes", "audit:read", database=house.api.database
    )
    assert listed(owner)[made["key_id"]]["created_by"] is None


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"name": None}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": None}, "/scopes"),
        ({"scopes": "call_logs:read"}, "/scopes"),
        ({"scopes": ["call_logs:read", "team:manage"]}, "/scopes"),
        ({"scopes": ["*"]}, "/scopes"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": 1.5}, "/expires_in_days"),
        ({"expires_in_days": 100000}, "/expires_in_days"),
        ({"tenant_id": 1}, "/tenant_id"),
    ],
)
def test_what_is_refused_of_a_new_key(house, change, pointer):
    body = {"name": "x", "scopes": ["call_logs:read"], **change}
    problem = assert_problem(house.owner.post("/v1/api-keys", body), 400, "invalid_parameter")
    assert {error["pointer"] for error in problem["errors"]} == {pointer}


def test_an_empty_name_is_refused(house):
    body = {"name": "", "scopes": ["call_logs:read"]}
    assert_problem(house.owner.post("/v1/api-keys", body), 400, "invalid_parameter")


def test_keys_are_paged(people_api):
    house = House(people_api)
    made = [house.key("audit:read")["id"] for _ in range(5)]
    found, cursor = [], ""
    while True:
        page = house.owner.get(f"/v1/api-keys?limit=2{cursor}").json()
        found += [key["id"] for key in page["data"]]
        if page["pagination"]["next"] is None:
            break
        cursor = f"&cursor={urllib.parse.quote(page['pagination']['next'])}"
    assert found == made[::-1]


def test_revoked_keys_die_on_every_process(people_api, start_api, database):
    apis = [people_api, start_api(database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32")]
    house = House(people_api)
    made, kept = house.key("call_logs:read"), house.key("call_logs:read")
    assert all(works(api, key["key"]) for api in apis for key in (made, kept))
    assert house.owner.delete(f"/v1/api-keys/{made['id']}").status_code == 204
    wait_until(lambda: not any(works(api, made["key"]) for api in apis), "the key to die on both", 2)
    assert all(works(api, kept["key"]) for api in apis)
    assert_problem(house.owner.delete(f"/v1/api-keys/{made['id']}"), 404, "not_found")
    assert_problem(house.owner.post(f"/v1/api-keys/{made['id']}/rotate"), 404, "not_found")
    assert listed(house)[made["id"]]["revoked_at"] is not None


def test_keys_outlive_their_creator(people_api):
    house = House(people_api)
    second = house.member("owner")
    key = second.post("/v1/api-keys", {"name": "x", "scopes": ["audit:read"]}).json()
    assert house.owner.delete(f"/v1/users/{second.user['id']}").status_code == 204
    assert works(people_api, key["key"])
    assert listed(house)[key["id"]]["created_by"]["id"] == second.user["id"]


def test_rotation_at_once(house):
    old = house.key("audit:read", name="Rotated")
    new = house.owner.post(f"/v1/api-keys/{old['id']}/rotate", {"overlap_hours": 0}).json()
    assert works(house.api, new["key"])
    wait_until(lambda: not works(house.api, old["key"]), "the old key to die", 2)
    keys = listed(house)
    assert keys[new["id"]]["name"] == "Rotated" and keys[new["id"]]["scopes"] == ["audit:read"]


@pytest.mark.parametrize("hours", [-1, 721, "24", 1.5])
def test_odd_overlaps(house, hours):
    key = house.key("audit:read")
    answer = house.owner.post(f"/v1/api-keys/{key['id']}/rotate", {"overlap_hours": hours})
    assert_problem(answer, 400, "invalid_parameter")
    assert works(house.api, key["key"])


def test_expiry_rotation_and_last_use_by_the_clock(movable_api, own_database, start_api):
    house = House(movable_api)
    short = house.key("audit:read", expires_in_days=1)
    old = house.key("audit:read", expires_in_days=300)
    eternal, unused = house.key("audit:read"), house.key("audit:read")
    new = house.owner.post(f"/v1/api-keys/{old['id']}/rotate", {"overlap_hours": 2}).json()
    assert all(works(movable_api, key["key"]) for key in (short, old, new, eternal))

    own_database.execute(f"alter database {own_database.name} set calltrail.clock_offset = '119 minutes'")
    # the use is noted once a minute, and when the process ends
    assert movable_api.stop() == 0
    times = dict(own_database.rows("select key_id::text, last_used_at from api_key"))
    assert all(times[key["id"]] is not None for key in (short, old, new, eternal)) and times[unused["id"]] is None

    api = start_api(own_database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32")
    assert all(works(api, key["key"]) for key in (short, old, new, eternal))
    offset = "alter database {} set calltrail.clock_offset = '{}'"
    own_database.execute(offset.format(own_database.name, "121 minutes"))
    wait_until(lambda: not works(api, old["key"]), "the rotated key to die", 5)
    assert all(works(api, key["key"]) for key in (short, new, eternal))
    own_database.execute(offset.format(own_database.name, "25 hours"))
    wait_until(lambda: not works(api, short["key"]), "the short-lived key to die", 5)
    assert all(works(api, key["key"]) for key in (new, eternal))
    owner = Visitor(api).sign_in(house.owner_email)
    assert_problem(owner.post(f"/v1/api-keys/{short['id']}/rotate"), 404, "not_found")


def test_the_database_holds_no_part_of_a_key(people_api, database, binaries):
    house = House(people_api)
    made = [house.key("call_logs:write", "call_logs:read"), house.key("audit:read")]
    made.append(house.owner.post(f"/v1/api-keys/{made[1]['id']}/rotate").json())
    Visitor(people_api, made[0]["key"]).post("/v1/call-logs", entry())
    tables = ["api_key", "tenant", "session", "idempotent_answer", "maintenance_log", "bot"]
    dump = subprocess.run(
        [os.path.join(binaries, "pg_dump"), "--data-only", *(f"--table={table}" for table in tables)]
        + [database.superuser_url],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for key in made:
        assert key["id"] in dump
        secret = key["key"][17:]
        parts = [secret[start : start + 8] for start in range(len(secret) - 7)]
        assert [part for part in parts if part in dump] == []
    assert house.owner.token not in dump


def test_keys_elsewhere_are_none(people_api, start_api, database):
    """A key counts in the Authorization header only, and never gets into a log."""
    api = start_api(database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32", CALLTRAIL_LOG_LEVEL="trace")
    house = House(api)
    key = house.key("call_logs:read")["key"]
    stranger = Visitor(api)
    for name in ("api_key", "key", "token", "access_token", "authorization", "Authorization", "bearer"):
        assert_problem(stranger.get(f"/v1/call-logs?{name}={key}"), 401, "unauthenticated")
        assert_problem(stranger.get(f"/v1/call-logs?{name}=Bearer%20{key}"), 401, "unauthenticated")
        assert_problem(stranger.post(f"/v1/call-logs?{name}={key}", entry()), 401, "unauthenticated")
    assert_problem(Visitor(api, key).get(f"/v1/call-logs?api_key={key}"), 400, "unknown_parameter")
    for headers in ({"X-API-Key": key}, {"Cookie": f"calltrail={key}"}, {"Cookie": f"__Host-calltrail={key}"}):
        assert_problem(stranger.get("/v1/call-logs", **headers), 401, "unauthenticated")
    assert_problem(stranger.get("/v1/call-logs", Authorization=f"Basic {key}"), 401, "unauthenticated")
    assert Visitor(api, key).get("/v1/call-logs").status_code == 200
    assert api.output.count('"path"') >= 20
    for secret in (key, key[17:47], house.owner.token, "good enough password"):
        assert secret not in api.output
        assert urllib.parse.quote(secret) not in api.output


def test_mistyped_keys_and_tokens(house):
    key, token = house.key("call_logs:read")["key"], house.owner.token
    for text in (
        *(
            key[:-1],
            key + "A",
            key.swapcase(),
            key[:20] + key[21] + key[20] + key[22:],
            key.replace("_live_", "_test_"),
        ),
        *(token[:-1], token + "A", token.swapcase(), token[1:] + token[0], "A" * 43, "x", str(uuid.uuid4())),
        *("A" * 10_000, "ct_live_" + "A" * 10_000, "null", "' or 1=1 --"),
    ):
        if text not in (key, token):
            assert_problem(Visitor(house.api, text).get("/v1/me"), 401, "unauthenticated")
    assert works(house.api, key) and works(house.api, token)


def test_strangers_tokens_fill_no_memory(people_api):
    """Long tokens that are none are not remembered."""
    visitor = Visitor(people_api)

    def send(numbers):
        for number in numbers:
            assert visitor.get("/v1/me", token=f"{number:06}" + "x" * 15_000).status_code == 401

    send(range(50))
    before = people_api.status("VmRSS")
    send(range(50, 550))
    assert people_api.status("VmRSS") - before < 4 << 10
