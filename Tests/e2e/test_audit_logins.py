"""Logins: who signed in and who failed to stands in the log, and nobody learns from it who has an account."""

import math
import time

import pytest

from harness.audit import FAILED_LOGIN, LOGIN, Log, results
from harness.client import assert_problem
from harness.connections import found_secrets
from harness.people import OTHER_PASSWORD, PASSWORD, House, Visitor, accept, an_email
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


def test_throttled_attempts(own_house):
    """Those that were made are recorded; whoever is told to wait has tried nothing."""
    log = own_house.log
    answers = [Visitor(own_house.api).try_sign_in(own_house.owner_email, WRONG) for _ in range(30)]
    made = [answer.status_code for answer in answers].count(401)
    # the right password in between tells nothing either, as long as the wait lasts
    answers.append(Visitor(own_house.api).try_sign_in(own_house.owner_email))
    came_in = [answer.status_code for answer in answers].count(201)
    assert made and {answer.status_code for answer in answers[:30]} == {401, 429}
    log.wait_until_quiet()
    assert len(log.rows("code = %s", FAILED_LOGIN)) == made
    assert len(log.rows("code = %s", LOGIN)) == 1 + came_in
    log.assert_intact()


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
