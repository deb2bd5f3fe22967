"""One person, several tenants and sessions: whose password opens what, and when a session ends."""

import concurrent.futures

from harness.client import assert_problem
from harness.people import (
    OTHER_PASSWORD,
    PASSWORD,
    House,
    Visitor,
    accept,
    assert_soon_out,
    choose,
    own_member,
    reset,
    token_in,
)
from harness.program import run_json


def test_several_tenants(people_api):
    first, second = House(people_api), House(people_api)
    member = own_member(people_api, first, "supervisor")
    email = member.user["email"]
    # they have a password of their own, which the link neither asks for nor changes
    assert accept(people_api, second.invite(email, "agent"), password=OTHER_PASSWORD).status_code == 204
    assert_problem(Visitor(people_api).try_sign_in(email, OTHER_PASSWORD), 401, "unauthenticated")
    listed = member.get("/v1/me").json()["tenants"]
    assert [(tenant["id"], tenant["role"]) for tenant in listed] == [(first.id, "supervisor"), (second.id, "agent")]
    assert member.get("/v1/call-logs").status_code == 200
    old = member.token
    answer = member.put("/v1/sessions/current/tenant", {"tenant_id": second.id})
    assert answer.status_code == 200 and answer.json()["tenant"]["id"] == second.id
    assert answer.json()["user"]["role"] == "agent"
    member.token = answer.json()["token"]
    assert member.token != old and "calltrail=" in answer.headers["set-cookie"]
    assert_problem(member.get("/v1/me", token=old), 401, "unauthenticated")
    assert_problem(member.get("/v1/call-logs"), 403, "forbidden")
    assert member.get("/v1/me").json()["tenant"]["id"] == second.id
    assert Visitor(people_api).sign_in(email).tenant["id"] == first.id
    there = Visitor(people_api).sign_in(email, tenant_id=second.id)
    assert there.tenant["id"] == second.id
    # leaving one tenant is not leaving the other
    here = Visitor(people_api).sign_in(email)
    assert second.owner.delete(f"/v1/users/{here.user['id']}").status_code == 204
    assert_soon_out(there)
    assert here.is_signed_in()
    assert [tenant["id"] for tenant in here.get("/v1/me").json()["tenants"]] == [first.id]
    assert_problem(here.put("/v1/sessions/current/tenant", {"tenant_id": second.id}), 404, "not_found")
    assert first.owner.patch(f"/v1/users/{here.user['id']}", {"disabled": True}).status_code == 200
    assert_soon_out(here)


def test_a_move_prolongs_nothing(people_api, database):
    """A session moved from tenant to tenant ends when the first one would have ended."""
    house = House(people_api)
    session = "from session where user_id = %s"
    database.execute("update session set ends_at = ends_at - interval '3 days' where user_id = %s", house.owner_id)
    before = database.value(f"select ends_at {session}", house.owner_id)
    answer = house.owner.put("/v1/sessions/current/tenant", {"tenant_id": house.id})
    assert answer.status_code == 200
    assert database.rows(f"select ends_at {session}", house.owner_id) == [(before,)]


def test_one_token_becomes_one_session(people_api, database):
    house = House(people_api)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: house.owner.put("/v1/sessions/current/tenant", {"tenant_id": house.id}), range(8))
        )
    assert sorted(answer.status_code for answer in answers)[:2] != [200, 200], [answer.text for answer in answers]
    assert database.value("select count(*) from session where user_id = %s", house.owner_id) == 1


def test_a_new_password_ends_all_sessions(people_api):
    house, other = House(people_api), House(people_api)
    member = own_member(people_api, house)
    email = member.user["email"]
    assert accept(people_api, other.invite(email)).status_code == 204
    elsewhere = Visitor(people_api).sign_in(email, tenant_id=other.id)
    token = reset(people_api, email)
    assert member.is_signed_in() and elsewhere.is_signed_in()
    assert choose(people_api, token).status_code == 204
    for visitor in (member, elsewhere):
        assert_soon_out(visitor)
    assert_problem(Visitor(people_api).try_sign_in(email), 401, "unauthenticated")
    Visitor(people_api).sign_in(email, OTHER_PASSWORD)
    assert_problem(choose(people_api, token), 404, "not_found")


def test_sign_out(house):
    member = house.member("agent")
    other = Visitor(house.api).sign_in(member.user["email"])
    answer = member.delete("/v1/sessions/current")
    assert answer.status_code == 204 and "Max-Age=0" in answer.headers["set-cookie"]
    assert_problem(member.get("/v1/me"), 401, "unauthenticated")
    assert other.is_signed_in()
    assert_problem(Visitor(house.api).delete("/v1/sessions/current"), 401, "unauthenticated")
    program = Visitor(house.api, house.key("audit:read")["key"])
    assert_problem(program.delete("/v1/sessions/current"), 403, "forbidden")


def foreign_password_takes_nobody_in(people_api, email, password):
    """Somebody whose password another owner may know joins by an invitation only, and chooses anew."""
    other = House(people_api)
    body = {"email": email, "role": "supervisor"}
    assert_problem(other.owner.post("/v1/users", body), 409, "conflict")
    assert_problem(other.owner.post("/v1/users", {**body, "password": OTHER_PASSWORD}), 409, "conflict")
    assert email not in other.people()
    token = other.invite(email)
    problem = assert_problem(accept(people_api, token), 400, "invalid_parameter")
    assert problem["errors"][0]["pointer"] == "/password"
    own = "chosen by the person"
    assert accept(people_api, token, password=own).status_code == 204
    assert_problem(Visitor(people_api).try_sign_in(email, password), 401, "unauthenticated")
    assert Visitor(people_api).sign_in(email, own, tenant_id=other.id).tenant["id"] == other.id
    # now it is theirs alone
    assert House(people_api).owner.post("/v1/users", body).status_code == 201


def test_a_password_that_an_owner_chose(people_api):
    house = House(people_api)
    member = house.member("agent")
    foreign_password_takes_nobody_in(people_api, member.user["email"], PASSWORD)
    assert_soon_out(member)


def test_a_password_that_an_owner_could_choose(people_api):
    """The setup link is in the owner's hands before it is in the person's."""
    house = House(people_api)
    made = house.add("agent", password=None)
    assert choose(people_api, token_in(made["setup_url"])).status_code == 204
    foreign_password_takes_nobody_in(people_api, made["email"], OTHER_PASSWORD)


def test_an_unused_setup_link_opens_no_other_tenant(people_api):
    house = House(people_api)
    made = house.add("agent", password=None)
    other = House(people_api)
    assert accept(people_api, other.invite(made["email"]), password=PASSWORD).status_code == 204
    assert_problem(choose(people_api, token_in(made["setup_url"])), 404, "not_found")
    Visitor(people_api).sign_in(made["email"], tenant_id=other.id)


def test_an_unused_setup_link_opens_no_tenant_that_the_operator_makes(people_api, database):
    house = House(people_api)
    made = house.add("agent", password=None)
    answer = run_json("tenant", "create", "--name", "X", "--owner-email", made["email"], database=database)
    assert_problem(choose(people_api, token_in(made["setup_url"])), 404, "not_found")
    assert choose(people_api, token_in(answer["owner"]["setup_url"])).status_code == 204


def test_a_person_of_several_tenants_keeps_their_name(people_api):
    first, second = House(people_api), House(people_api)
    member = own_member(people_api, first)
    assert first.owner.patch(f"/v1/users/{member.user['id']}", {"name": "Right Name"}).status_code == 200
    assert accept(people_api, second.invite(member.user["email"])).status_code == 204
    renamed = second.owner.patch(f"/v1/users/{member.user['id']}", {"name": "Wrong Name"})
    assert_problem(renamed, 409, "conflict")
    assert first.people()[member.user["email"]]["name"] == "Right Name"


def test_an_owners_password_stays_an_owners(house, people_api):
    """Whoever chose the password of somebody they added does not make it that person's own by changing it."""
    member = house.add("agent")
    other = House(people_api)
    intruder = Visitor(people_api).sign_in(member["email"])
    body = {"current_password": PASSWORD, "password": "chosen by the same owner"}
    assert intruder.put("/v1/me/password", body).status_code == 204
    assert_problem(other.owner.post("/v1/users", {"email": member["email"], "role": "owner"}), 409, "conflict")
    token = other.invite(member["email"], "owner")
    # what comes by mail asks for a password that only the person knows
    answer = Visitor(people_api).post("/v1/invitations/accept", {"token": token})
    assert assert_problem(answer, 400, "invalid_parameter")["errors"][0]["pointer"] == "/password"
    chosen = {"token": token, "password": "chosen by the person"}
    assert Visitor(people_api).post("/v1/invitations/accept", chosen).status_code in (200, 204)
    assert_soon_out(intruder)
    assert intruder.try_sign_in(member["email"], "chosen by the same owner").status_code == 401
