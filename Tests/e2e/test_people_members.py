"""Members: how they come, change, are shut out and go; the commands."""

import concurrent.futures
import re

import pytest

from harness.client import assert_problem
from harness.people import (
    OTHER_PASSWORD,
    PASSWORD,
    House,
    Visitor,
    an_email,
    assert_soon_out,
    choose,
    token_in,
)
from harness.program import run, run_json
from harness.waiting import wait_until

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


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
