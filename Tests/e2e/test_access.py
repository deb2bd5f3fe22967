"""Who may do what: keys, scopes, plans."""

import zlib

import pytest

from harness.client import Client, assert_problem, entry
from harness.program import Tenant, run
from harness.waiting import wait_until


def test_working_keys(client):
    assert client.post(entry()).status_code == 200
    assert client.get("/v1/call-logs").status_code == 200
    assert client.get("/v1/bots").status_code == 200


def mistyped(key):
    """Keys that look like the key."""
    other = "A" if key[-1] != "A" else "B"
    return [
        key[:-1] + other,
        key[:20] + ("x" if key[20] != "x" else "y") + key[21:],
        key[:-1],
        key + "0",
        key.upper(),
        key.replace("ct_live_", "ct_test_"),
        "x" * 53,
        "ct_live_",
        "ü",
    ]


def test_mistyped_keys(client):
    for key in mistyped(client.read_key):
        answer = client.http.get("/v1/call-logs", headers={"Authorization": f"Bearer {key}".encode()})
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Token KEY", "KEY"])
def test_other_authorization(client, header):
    headers = {} if header is None else {"Authorization": header.replace("KEY", client.read_key)}
    assert_problem(client.http.get("/v1/call-logs", headers=headers), 401, "unauthenticated")
    assert_problem(client.http.post("/v1/call-logs", json=entry(), headers=headers), 401, "unauthenticated")


def test_key_of_a_dropped_world(client):
    """A key of the right form and check that nobody gave out."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    head = client.read_key[:17] + "0" * 30
    check, text = zlib.crc32(head.encode()), ""
    for _ in range(6):
        text, check = digits[check % 62] + text, check // 62
    assert_problem(client.get("/v1/call-logs", key=head + text), 401, "unauthenticated")


def test_scopes_bind(client, tenant):
    assert_problem(client.post(entry(), key=client.read_key), 403, "forbidden")
    assert_problem(client.get("/v1/call-logs", key=client.write_key), 403, "forbidden")
    assert_problem(client.get("/v1/bots", key=client.write_key), 403, "forbidden")
    both = tenant.key("call_logs:read,call_logs:write")["key"]
    assert client.post(entry(), key=both).status_code == 200
    assert client.get("/v1/call-logs", key=both).status_code == 200
    assert_problem(client.get("/v1/call-logs", key=tenant.key("audit:read")["key"]), 403, "forbidden")


def test_revoked_key(client, tenant):
    made = tenant.key("call_logs:read")
    assert client.get("/v1/call-logs", key=made["key"]).status_code == 200
    run("key", "revoke", "--tenant", tenant.id, "--key", made["key_id"], database=tenant.database)
    wait_until(lambda: client.get("/v1/call-logs", key=made["key"]).status_code == 401, "the key to be refused", 2.5)
    assert_problem(client.get("/v1/call-logs", key=made["key"]), 401, "unauthenticated")
    again = run("key", "revoke", "--tenant", tenant.id, "--key", made["key_id"], database=tenant.database, check=False)
    assert again.returncode != 0


def test_expired_key(client, tenant, database):
    made = tenant.key("call_logs:read", "--expires-days", "1")
    assert client.get("/v1/call-logs", key=made["key"]).status_code == 200
    database.execute("update api_key set expires_at = app_now() - interval '1 s' where key_id = %s", made["key_id"])
    wait_until(lambda: client.get("/v1/call-logs", key=made["key"]).status_code == 401, "the key to expire", 2.5)
    assert_problem(client.get("/v1/call-logs", key=made["key"]), 401, "unauthenticated")


@pytest.mark.parametrize("plan, module", [("free", "unified"), ("business", "basic")])
def test_plan_and_module(api, database, plan, module):
    tenant = Tenant(database, plan=plan, module=module)
    client = Client(api, tenant)
    assert_problem(client.post(entry()), 403, "plan_required")
    assert_problem(client.get("/v1/call-logs"), 403, "plan_required")
    assert_problem(client.get("/v1/call-logs/00000000-0000-7000-8000-000000000000"), 403, "plan_required")
    # a wrong scope is told first: whoever may not, need not know the plan
    assert_problem(client.post(entry(), key=tenant.read_key), 403, "forbidden")
    shown = tenant.update("--plan", "business", "--module", "unified")
    assert (shown["plan"], shown["module"]) == ("business", "unified")
    wait_until(lambda: client.post(entry()).status_code == 200, "the plan to take effect for writing", 2.5)
    wait_until(lambda: client.get("/v1/call-logs").status_code == 200, "the plan to take effect for reading", 2.5)
    tenant.update("--plan", plan, "--module", module)
    wait_until(lambda: client.post(entry()).status_code == 403, "the plan to be taken back", 2.5)


def test_enterprise_has_call_logs(api, database):
    assert Client(api, Tenant(database, plan="enterprise")).post(entry()).status_code == 200


def test_keys_are_stored_as_hashes_only(database, tenant):
    for (text,) in database.rows("select k::text from api_key k where tenant_id = %s", tenant.id):
        assert tenant.read_key not in text and tenant.write_key not in text
        assert tenant.read_key[17:] not in text and tenant.write_key[17:] not in text
