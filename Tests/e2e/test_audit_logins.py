"""Logins: who signed in and who failed to stands in the log, and nobody learns from it who has an account."""

import json
import math
import time

import httpx
import pytest

from harness.audit import FAILED_LOGIN, LOGIN, Log, results
from harness.client import assert_problem
from harness.connections import found_secrets
from harness.people import OTHER_PASSWORD, PASSWORD, House, Visitor, accept, an_email, move_clock
from harness.waiting import wait_until

WRONG = "quite a wrong password"


@pytest.fixture
def own_house(people_api):
    """A tenant of the test's own."""
    house = House(people_api)
    house.log = Log(people_api.database, house.id)
    return house


def logins(log):
    """Logins in the order of the chain."""
    return log.rows("code in (%s, %s)", LOGIN, FAILED_LOGIN)


def test_success(own_house):
    log = own_house.log
    visitor = Visitor(own_house.api).sign_in(own_house.owner_email.upper())
    # at once
    row = logins(log)[-1]
    assert (row["code"], row["user_id"], row["value"]) == (LOGIN, own_house.owner_id, own_house.owner_email)
    assert row["remote_addr"] == visitor.address and row["sender"] == own_house.owner_email
    assert (row["method"], row["path"]) == ("POST", "/v1/sessions") and row["request_id"]
    assert len(logins(log)) == 2
    (found,) = results(own_house.owner, f"?code={LOGIN}&remote_addr={visitor.address}")
    assert found["value"] == own_house.owner_email and found["PartitionKey"] == "api_audit"
    assert not found_secrets(str(log.rows()), {PASSWORD, visitor.token})


def test_wrong_password(own_house):
    log, visitor = own_house.log, Visitor(own_house.api)
    assert_problem(visitor.try_sign_in(own_house.owner_email, WRONG), 401, "unauthenticated")
    (row,) = wait_until(lambda: log.rows("code = %s", FAILED_LOGIN), "the failure to be recorded", 2)
    assert (row["user_id"], row["value"], row["remote_addr"]) == (own_house.owner_id, own_house.owner_email, visitor.address)
    assert row["sender"] is None and row["path"] == "/v1/sessions"
    assert WRONG not in str(log.rows())


@pytest.mark.parametrize("shut_out", ["member", "password"])
def test_who_may_not_sign_in(own_house, shut_out):
    log = own_house.log
    person = own_house.add("agent", password=PASSWORD if shut_out == "member" else None)
    if shut_out == "member":
        assert own_house.owner.patch(f"/v1/users/{person['id']}", {"disabled": True}).status_code == 200
    assert_problem(Visitor(own_house.api).try_sign_in(person["email"]), 401, "unauthenticated")
    (row,) = wait_until(lambda: log.rows("code = %s", FAILED_LOGIN), "the failure to be recorded", 2)
    assert row["user_id"] == person["id"] and not log.rows("code = %s and user_id = %s", LOGIN, person["id"])


def test_an_unknown_address_is_recorded_nowhere(own_house):
    log = own_house.log
    log.wait_until_quiet()
    before = log.database.value("select count(*) from audit_log where code = %s", FAILED_LOGIN)
    email = an_email("nobody")
    assert_problem(Visitor(own_house.api).try_sign_in(email), 401, "unauthenticated")
    assert Visitor(own_house.api).try_sign_in(email, tenant_id=own_house.id).status_code in (400, 401)
    log.wait_until_quiet()
    assert log.database.value("select count(*) from audit_log where code = %s", FAILED_LOGIN) == before
    assert log.database.value("select count(*) from audit_log a where a::text like %s", f"%{email}%") == 0


def test_the_time_tells_nothing(own_house):
    """A known address and an unknown one take as long: within what measuring on a busy machine allows."""

    def seconds(email):
        visitor = Visitor(own_house.api)
        visitor.get("/livez")
        began = time.perf_counter()
        assert visitor.try_sign_in(email, WRONG).status_code == 401
        return time.perf_counter() - began

    known = unknown = math.inf
    # each account once: who fails several times has to wait. In turns, and the shortest of each counts: whatever else the
    # machine does only adds to it
    for turn in range(30):
        known = min(known, seconds(own_house.add("agent")["email"]))
        unknown = min(unknown, seconds(an_email("nobody")))
        if turn >= 4 and 0.5 < known / unknown < 2:
            return
    raise AssertionError((known, unknown))


def refusals(log):
    """The attempts that the throttle turned away, as far as they are recorded."""
    return [row for row in log.rows("code = %s", FAILED_LOGIN) if json.loads(row["data"] or "{}").get("outcome") == "throttled"]


def test_throttled_attempts(own_house):
    """Those that were made are recorded, and of those that were turned away the first of each wait."""
    log = own_house.log
    answers = [Visitor(own_house.api).try_sign_in(own_house.owner_email, WRONG) for _ in range(60)]
    made = [answer.status_code for answer in answers].count(401)
    # the right password in between tells nothing either, as long as the wait lasts
    answers.append(Visitor(own_house.api).try_sign_in(own_house.owner_email))
    came_in = [answer.status_code for answer in answers].count(201)
    assert made and {answer.status_code for answer in answers[:60]} == {401, 429}
    log.wait_until_quiet()
    refused = refusals(log)
    assert len(log.rows("code = %s", FAILED_LOGIN)) == made + len(refused)
    # from the fifth failure on each makes a wait
    assert 1 <= len(refused) <= made - 4
    for row in refused:
        assert (row["user_id"], row["value"], row["sender"]) == (own_house.owner_id, own_house.owner_email, None)
        assert row["remote_addr"] and row["path"] == "/v1/sessions" and json.loads(row["data"]) == {"outcome": "throttled"}
    assert len(log.rows("code = %s", LOGIN)) == 1 + came_in
    # in words as well
    cookies = {"calltrail": own_house.owner.token}
    page = httpx.get(f"{own_house.api.url}/audit?code={FAILED_LOGIN}", cookies=cookies, timeout=30, trust_env=False)
    assert page.text.count("was refused, after too many attempts") == len(refused)
    log.assert_intact()


def test_a_flood_from_one_address(own_house):
    """An address that may try no more: once for each account that it goes on with, and never for what is no account."""
    log, database = own_house.log, own_house.api.database
    visitor = Visitor(own_house.api)
    for _ in range(30):
        assert visitor.try_sign_in(an_email("nobody")).status_code == 401
    members = [own_house.add("agent")["email"] for _ in range(3)]
    rows = database.value("select count(*) from sign_in_throttle")
    for _ in range(8):
        for email in (an_email("nobody"), *members):
            assert_problem(visitor.try_sign_in(email, WRONG), 429, "rate_limited")
    log.wait_until_quiet()
    assert sorted(row["value"] for row in refusals(log)) == sorted(members)
    assert {row["remote_addr"] for row in refusals(log)} == {visitor.address}
    # nor do words that are no account fill the throttle's table
    assert database.value("select count(*) from sign_in_throttle") <= rows + len(members)
    # by themselves these accounts are not slowed down
    assert Visitor(own_house.api).try_sign_in(members[0]).status_code == 201


def test_the_next_wait_is_told_too(movable_api):
    """By the clock: one line for each wait that somebody ran into."""
    house = House(movable_api)
    log = Log(movable_api.database, house.id)
    for wait in range(1, 4):
        tries = 0
        # one more than may be made
        while Visitor(movable_api).try_sign_in(house.owner_email, WRONG).status_code == 401:
            tries += 1
            assert tries < 20
        for _ in range(3):
            assert Visitor(movable_api).try_sign_in(house.owner_email, WRONG).status_code in (401, 429)
        move_clock(movable_api.database, movable_api, f"{wait} hours")
        wait_until(lambda: len(refusals(log)) >= wait, "the refusal to be recorded", 5)
    log.wait_until_quiet()
    made = len(log.rows("code = %s", FAILED_LOGIN)) - len(refusals(log))
    assert 3 <= len(refusals(log)) <= made - 4


def test_turning_to_another_tenant(people_api, own_house):
    """It is a login of the tenant that is turned to."""
    other = House(people_api)
    email = an_email("both")
    for house in (own_house, other):
        assert accept(people_api, house.invite(email, "agent"), password=OTHER_PASSWORD).status_code == 204
    visitor = Visitor(people_api).sign_in(email, OTHER_PASSWORD)
    assert visitor.tenant["id"] == own_house.id
    theirs = Log(people_api.database, other.id)
    before = len(logins(theirs))
    answer = visitor.put("/v1/sessions/current/tenant", {"tenant_id": other.id})
    assert answer.status_code == 200, answer.text
    row = logins(theirs)[-1]
    assert len(logins(theirs)) == before + 1
    assert (row["code"], row["value"], row["remote_addr"]) == (LOGIN, email, visitor.address)
    # the call was made where they were
    wait_until(lambda: own_house.log.rows("path = '/v1/sessions/current/tenant' and method = 'PUT'"), "the call", 3)
    # a failure is one of the tenant that they would have got to
    assert visitor.try_sign_in(email, WRONG, tenant_id=other.id).status_code == 401
    wait_until(lambda: theirs.rows("code = %s", FAILED_LOGIN), "the failure there", 3)
    assert visitor.put("/v1/sessions/current/tenant", {"tenant_id": "2147483647"}, token=answer.json()["token"]).status_code == 404
    assert len(logins(theirs)) == before + 2
