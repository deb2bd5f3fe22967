"""Members: how they come, change, are shut out and go; several tenants for one person; the commands."""

import concurrent.futures
import re

import pytest

from harness.client import assert_problem
from harness.people import PASSWORD, House, Visitor, an_email, mail_to, token_of
from harness.program import run, run_json
from harness.waiting import wait_until

OTHER_PASSWORD = "another good password"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def token_in(setup_url):
    """The token of a setup link."""
    return setup_url.rsplit("/", 1)[1]


def choose(api, token, password=OTHER_PASSWORD):
    """Chooses a password by a link's token."""
    return Visitor(api).post("/v1/passwords", {"token": token, "password": password})


def accept(api, token, **members):
    """Accepts an invitation."""
    return Visitor(api).post("/v1/invitations/accept", {"token": token, **members})


def reset(api, email):
    """Asks for a reset link and returns its token."""
    assert Visitor(api).post("/v1/password-resets", {"email": email}).status_code == 202
    return token_of(mail_to(api, email, "password"))


def assert_soon_out(visitor):
    """A token dies within the promised two seconds."""
    wait_until(lambda: not visitor.is_signed_in(), "the session to end", 2)
    assert_problem(visitor.get("/v1/me"), 401, "unauthenticated")


def own_member(api, house, role="supervisor"):
    """A member who chose their own password, by an invitation."""
    email = an_email(role)
    assert accept(api, house.invite(email, role), password=PASSWORD).status_code == 204
    return Visitor(api).sign_in(email)


def test_create_with_a_password(house):
    email = an_email()
    made = house.add("supervisor", email=email.upper(), name="Zoë Ångström")
    assert made["email"] == email and made["name"] == "Zoë Ångström" and made["role"] == "supervisor"
    assert made["setup_url"] is None and made["active"] and not made["disabled"] and not made["is_creator"]
    assert ID.fullmatch(made["id"])
    visitor = Visitor(house.api).sign_in(email.upper())
    assert visitor.user == {"id": made["id"], "email": email, "name": "Zoë Ångström", "role": "supervisor"}
    assert visitor.tenant["id"] == house.id and visitor.tenant["name"] == house.name
    listed = house.people()[email]
    del made["setup_url"]
    assert listed == made
    assert "password" not in str(listed)


def test_create_without_a_password(house):
    email = an_email()
    made = house.add("agent", email=email, password=None)
    assert not made["active"] and made["setup_url"].startswith(house.api.url + "/setup/")
    assert_problem(Visitor(house.api).try_sign_in(email), 401, "unauthenticated")
    token = token_in(made["setup_url"])
    assert_problem(choose(house.api, token, "too short"), 400, "invalid_parameter")
    assert_problem(choose(house.api, token[:-1] + ("A" if token[-1] != "A" else "B")), 404, "not_found")
    answer = choose(house.api, token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(choose(house.api, token), 404, "not_found")
    assert_problem(choose(house.api, token, PASSWORD), 404, "not_found")
    Visitor(house.api).sign_in(email, OTHER_PASSWORD)
    assert house.people()[email]["active"]


def test_setup_link_works_once_even_at_once(house):
    token = token_in(house.add("agent", password=None)["setup_url"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = [answer.status_code for answer in pool.map(lambda _: choose(house.api, token), range(8))]
    assert sorted(codes) == [204] + [404] * 7


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"email": "nobody"}, "/email"),
        ({"email": "a b@example.com"}, "/email"),
        ({"email": "a@b@example.com"}, "/email"),
        ({"email": "a@example.com\r\nBcc: b@example.com"}, "/email"),
        ({"email": None}, "/email"),
        ({"email": 7}, "/email"),
        ({"role": "admin"}, "/role"),
        ({"role": "Owner"}, "/role"),
        ({"role": None}, "/role"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "x\r\ny"}, "/name"),
        ({"password": "x" * 11}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"passwort": PASSWORD}, "/passwort"),
        ({"is_creator": True}, "/is_creator"),
    ],
)
def test_what_is_refused_of_a_new_person(house, change, pointer):
    body = {"email": an_email(), "name": "", "role": "agent", "password": PASSWORD, **change}
    before = house.people()
    problem = assert_problem(house.owner.post("/v1/users", body), 400, "invalid_parameter")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert house.people() == before


def test_longest_and_shortest_passwords(house):
    for password in ("x" * 12, "x" * 128, "пароль из слов", "🐎🔋📎" * 4):
        email = house.add("agent", password=password)["email"]
        Visitor(house.api).sign_in(email, password)


def test_create_twice(house):
    email = house.add("agent")["email"]
    body = {"email": email, "role": "owner", "password": OTHER_PASSWORD}
    assert_problem(house.owner.post("/v1/users", body), 409, "conflict")
    assert house.people()[email]["role"] == "agent"
    Visitor(house.api).sign_in(email, PASSWORD)
    assert_problem(house.owner.post("/v1/invitations", {"email": email, "role": "owner"}), 409, "conflict")


def test_people_are_paged(people_api):
    house = House(people_api)
    emails = sorted([house.owner_email, *(house.add("agent")["email"] for _ in range(4))])
    found, path = [], "/v1/users?limit=2"
    while path:
        page = house.owner.get(path).json()
        found += [member["email"] for member in page["data"]]
        path = page["pagination"]["next"] and f"/v1/users?limit=2&cursor={page['pagination']['next']}"
    assert found == emails


def test_the_creator_stays_an_owner(people_api):
    house = House(people_api)
    assert house.people()[house.owner_email]["is_creator"]
    second = house.member("owner")
    for role in ("supervisor", "bot_builder", "agent"):
        assert_problem(second.patch(f"/v1/users/{house.owner_id}", {"role": role}), 409, "conflict")
    assert_problem(second.delete(f"/v1/users/{house.owner_id}"), 409, "conflict")
    assert house.people()[house.owner_email]["role"] == "owner"
    # shut out they can be, and another owner lets them in again
    assert second.patch(f"/v1/users/{house.owner_id}", {"disabled": True}).json()["disabled"]
    assert_soon_out(house.owner)
    assert_problem(second.patch(f"/v1/users/{second.user['id']}", {"role": "agent"}), 409, "conflict")
    assert_problem(second.delete(f"/v1/users/{second.user['id']}"), 409, "conflict")
    assert second.patch(f"/v1/users/{house.owner_id}", {"disabled": False}).json()["disabled"] is False
    house.owner.sign_in(house.owner_email)


@pytest.mark.parametrize(
    "method, body", [("PATCH", {"role": "agent"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
def test_the_last_owner_stays(people_api, method, body):
    house = House(people_api)
    assert_problem(house.owner.request(method, f"/v1/users/{house.owner_id}", body), 409, "conflict")
    # a disabled owner is none
    second = house.add("owner")["id"]
    assert house.owner.patch(f"/v1/users/{second}", {"disabled": True}).status_code == 200
    assert_problem(house.owner.request(method, f"/v1/users/{house.owner_id}", body), 409, "conflict")
    assert house.owner.is_signed_in()


@pytest.mark.parametrize(
    "method, body", [("PATCH", {"role": "agent"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
def test_two_owners_do_not_remove_each_other(people_api, method, body):
    house = House(people_api)
    for _ in range(4):
        owners = [house.member("owner"), house.member("owner")]
        assert owners[0].patch(f"/v1/users/{house.owner_id}", {"disabled": True}).status_code == 200
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(
                    lambda pair: pair[0].request(method, f"/v1/users/{pair[1].user['id']}", body),
                    [(owners[0], owners[1]), (owners[1], owners[0])],
                )
            )
        codes = sorted(answer.status_code for answer in answers)
        # the loser may have been signed out before it was its turn
        assert codes[0] in (200, 204) and codes[1] in (401, 409), [answer.text for answer in answers]
        left = next(owner for owner, answer in zip(owners, answers) if answer.status_code in (200, 204))
        active = [m for m in left.get("/v1/users").json()["data"] if m["role"] == "owner" and not m["disabled"]]
        assert [member["id"] for member in active] == [left.user["id"]]
        assert left.patch(f"/v1/users/{house.owner_id}", {"disabled": False}).status_code == 200
        house.owner.sign_in(house.owner_email)
        house.owner.patch(f"/v1/users/{left.user['id']}", {"disabled": True})


def test_disabled_members_are_out_at_once(house):
    member = house.member("supervisor")
    second = Visitor(house.api).sign_in(member.user["email"])
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"disabled": True}).json()["disabled"]
    for visitor in (member, second):
        assert_soon_out(visitor)
    wrong = assert_problem(
        Visitor(house.api).try_sign_in(member.user["email"], "a wrong password"), 401, "unauthenticated"
    )
    right = assert_problem(Visitor(house.api).try_sign_in(member.user["email"]), 401, "unauthenticated")
    assert wrong["detail"] == right["detail"]
    assert house.people()[member.user["email"]]["disabled"]
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"disabled": False}).status_code == 200
    assert not member.is_signed_in()
    member.sign_in(member.user["email"])


def test_removed_members_are_out_at_once(house):
    member = house.member("supervisor")
    assert house.owner.delete(f"/v1/users/{member.user['id']}").status_code == 204
    assert_soon_out(member)
    assert_problem(Visitor(house.api).try_sign_in(member.user["email"]), 401, "unauthenticated")
    assert member.user["email"] not in house.people()
    assert_problem(house.owner.delete(f"/v1/users/{member.user['id']}"), 404, "not_found")
    assert_problem(house.owner.patch(f"/v1/users/{member.user['id']}", {"role": "owner"}), 404, "not_found")


def test_a_changed_role_takes_effect(house):
    member = house.member("agent")
    assert_problem(member.get("/v1/users"), 403, "forbidden")
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"role": "owner"}).json()["role"] == "owner"
    # a session never grows rights: they come with the next one
    assert_soon_out(member)
    assert member.sign_in(member.user["email"]).get("/v1/users").status_code == 200
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"role": "supervisor"}).status_code == 200
    assert_soon_out(member)
    assert_problem(member.sign_in(member.user["email"]).get("/v1/users"), 403, "forbidden")
    # what is no change ends nothing
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"role": "supervisor"}).status_code == 200
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {"name": "Renamed"}).json()["name"] == "Renamed"
    assert house.owner.patch(f"/v1/users/{member.user['id']}", {}).status_code == 200
    wait_until(lambda: member.get("/v1/me").json()["user"]["name"] == "Renamed", "the new name", 2)


def test_nobody_makes_themselves_an_owner(house):
    for role in ("supervisor", "bot_builder", "agent"):
        member = house.member(role)
        assert_problem(member.patch(f"/v1/users/{member.user['id']}", {"role": "owner"}), 403, "forbidden")
        assert_problem(member.post("/v1/users", {"email": an_email(), "role": "owner"}), 403, "forbidden")
        assert house.people()[member.user["email"]]["role"] == role


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


def test_commands_print_what_is_promised(database, people_api):
    without = run_json("tenant", "create", "--name", "Ä & Co", "--owner-email", an_email("O"), database=database)
    assert set(without) == {"tenant_id", "owner"} and set(without["owner"]) == {"user_id", "email", "setup_url"}
    assert ID.fullmatch(without["owner"]["user_id"]) and re.fullmatch(r"[1-9]\d*", without["tenant_id"])
    assert without["owner"]["email"] == without["owner"]["email"].lower()
    assert choose(people_api, token_in(without["owner"]["setup_url"])).status_code == 204
    owner = Visitor(people_api).sign_in(without["owner"]["email"], OTHER_PASSWORD)
    assert owner.tenant["name"] == "Ä & Co" and owner.user["id"] == without["owner"]["user_id"]

    email = an_email("owner")
    with_password = run_json(
        *("tenant", "create", "--name", "B", "--owner-email", email, "--owner-password-stdin"),
        stdin=PASSWORD + "\n",
        database=database,
    )
    owner = {"user_id": with_password["owner"]["user_id"], "email": email, "setup_url": None}
    assert with_password == {"tenant_id": with_password["tenant_id"], "owner": owner}
    Visitor(people_api).sign_in(email)

    member = an_email()
    command = ("user", "create", "--tenant", without["tenant_id"], "--email", member, "--role", "bot_builder")
    made = run_json(*command, "--password-stdin", stdin=PASSWORD + "\n", database=database)
    assert made.pop("setup_url", None) is None
    assert made == {"user_id": made["user_id"], "email": member, "role": "bot_builder"}
    assert Visitor(people_api).sign_in(member).user["id"] == made["user_id"]
    refused = run(*command, "--password-stdin", stdin=PASSWORD + "\n", database=database, check=False)
    assert refused.returncode != 0 and refused.stdout == "" and len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"--tenant": "2147483647"},
        {"--tenant": "none"},
        {"--email": "nobody"},
        {"--role": "king"},
        {"password": "short\n"},
        {"password": ""},
    ],
)
def test_commands_refuse(house, database, change):
    options = {"--tenant": house.id, "--email": an_email(), "--role": "agent", "password": PASSWORD + "\n", **change}
    stdin = options.pop("password")
    words = [word for pair in options.items() for word in pair]
    before = house.people()
    outcome = run("user", "create", *words, "--password-stdin", stdin=stdin, database=database, check=False)
    assert outcome.returncode != 0 and outcome.stdout == "" and outcome.stderr
    assert house.people() == before
