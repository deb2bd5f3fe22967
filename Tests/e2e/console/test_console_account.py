"""One's own account in the console: name, password, sessions, tenants."""

import pytest

from harness.client import assert_problem
from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.people import OTHER_PASSWORD, PASSWORD, House, Visitor, accept, an_email, assert_soon_out

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def agent(request, house, reader):
    """An agent at their account."""
    email = house.add("agent")["email"]
    one = reader(email, script=request.param)
    one.email = email
    one.open("/account")
    return one


def notice(one):
    return one.page.get_by_role("status").first.inner_text().strip()


def change_password(one, given, new):
    one.page.get_by_label("The password you have").fill(given)
    one.page.get_by_label("New password").fill(new)
    one.page.get_by_role("button", name="Change password").click()


def test_name(house, agent):
    agent.page.get_by_label("Name", exact=True).fill("Ada <b>Lovelace</b>")
    agent.page.get_by_role("button", name="Save name").click()
    assert notice(agent) == "Your name is saved."
    assert house.people()[agent.email]["name"] == "Ada <b>Lovelace</b>"
    assert agent.page.get_by_label("Name", exact=True).input_value() == "Ada <b>Lovelace</b>"


def test_password(people_api, agent):
    elsewhere = Visitor(people_api).sign_in(agent.email)
    change_password(agent, "not the password", OTHER_PASSWORD)
    assert agent.page.locator("#n-current_password").inner_text().strip() == "This is not the password you have."
    change_password(agent, PASSWORD, "short")
    assert "A password has 12 to 128 characters." in agent.page.locator("#n-password").inner_text()
    change_password(agent, PASSWORD, OTHER_PASSWORD)
    assert notice(agent) == "Your password is changed. Everywhere else you are signed out."
    assert_soon_out(elsewhere)
    agent.open("/account")
    assert agent.page.locator("h1").inner_text() == "Account", "this session goes on"
    assert Visitor(people_api).try_sign_in(agent.email).status_code == 401
    assert Visitor(people_api).try_sign_in(agent.email, OTHER_PASSWORD).status_code == 201


def test_sessions(people_api, agent):
    elsewhere = [Visitor(people_api).sign_in(agent.email) for _ in range(2)]
    agent.open("/account")
    table = agent.page.get_by_role("table", name="Sessions")
    assert table.locator("tbody tr").count() == 3 and table.get_by_text("This one").count() == 1
    table.get_by_role("button", name="Sign out").first.click()
    assert notice(agent) == "That session is signed out."
    assert agent.page.get_by_role("table", name="Sessions").locator("tbody tr").count() == 2
    elsewhere.append(Visitor(people_api).sign_in(agent.email))
    agent.open("/account")
    agent.page.locator("details.confirm summary").click()
    agent.page.get_by_role("button", name="Sign out everywhere else").click()
    assert "2 sessions ended" in notice(agent)
    for visitor in elsewhere:
        assert_soon_out(visitor)
    assert agent.open("/account").status == 200


def test_too_many_wrong_passwords(agent, people_api):
    one = Visitor(people_api).sign_in(agent.email)
    answers = [one.put("/v1/me/password", {"current_password": f"wrong {n}", "password": OTHER_PASSWORD}) for n in range(8)]
    assert answers[0].status_code == 400 and answers[0].json()["errors"][0]["pointer"] == "/current_password"
    assert_problem(answers[-1], 429, "rate_limited")
    change_password(agent, PASSWORD, OTHER_PASSWORD)
    assert "Too many wrong passwords. Try again in" in agent.page.get_by_role("alert").inner_text()


def test_over_http(people_api, house):
    email = house.add("supervisor")["email"]
    one, other = Visitor(people_api).sign_in(email), Visitor(people_api).sign_in(email)
    assert one.patch("/v1/me", {"name": "Grace"}).status_code == 204
    assert one.get("/v1/me").json()["user"]["name"] == "Grace"
    sessions = one.get("/v1/sessions").json()["data"]
    assert [session["current"] for session in sessions].count(True) == 1 and len(sessions) == 2
    ended = next(session["id"] for session in sessions if not session["current"])
    assert_problem(house.owner.delete(f"/v1/sessions/{ended}"), 404, "not_found")
    assert one.delete(f"/v1/sessions/{ended}").status_code == 204
    assert_soon_out(other)
    third = Visitor(people_api).sign_in(email)
    assert one.put("/v1/me/password", {"current_password": PASSWORD, "password": OTHER_PASSWORD}).status_code == 204
    assert_soon_out(third)
    assert one.is_signed_in()
    changes = house.owner.get("/v1/logentry/search?related_model=user&code=ABA-0030&sender=" + email).json()["results"]
    assert [change["data"]["changed"] for change in changes] == [["password"], ["name"]]
    ends = house.owner.get("/v1/logentry/search?related_model=session&sender=" + email).json()["results"]
    assert [end["relation_key"] for end in ends] == [ended]
    key = Visitor(people_api, house.key("audit:read")["key"])
    for method, path in (("GET", "/v1/sessions"), ("PATCH", "/v1/me"), ("PUT", "/v1/me/password")):
        assert_problem(key.request(method, path, None if method == "GET" else {}), 403, "forbidden")


def test_tenants(people_api, house, reader):
    email = house.add("agent")["email"]
    other = House(people_api)
    assert accept(people_api, other.invite(email, "supervisor"), password=PASSWORD).status_code == 204
    one = reader(email)
    one.open("/account")
    table = one.page.get_by_role("table", name="Tenants")
    assert "You are here" in table.get_by_role("row").filter(has_text=house.name).inner_text()
    table.get_by_role("row").filter(has_text=other.name).get_by_role("button", name="Switch").click()
    assert other.name in one.page.locator(".rail .tenant").inner_text()


@pytest.mark.parametrize("role", ["owner", "supervisor", "bot_builder", "agent"])
def test_everybody_has_an_account(house, reader, role):
    one = reader(house.add(role)["email"])
    assert one.open("/account").status == 200
    assert_accessible(one.page)


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(people_api, house, reader, size, scheme):
    email = an_email("ada")
    house.add("supervisor", email=email, name="Ada Lovelace")
    Visitor(people_api).sign_in(email)
    Visitor(people_api).sign_in(email)
    one = reader(email, size=size, scheme=scheme)
    one.open("/account")
    assert_accessible(one.page)
    assert_fits(one.page)
    shoot(one.page, f"account-{size[0]}-{scheme}")
    one.page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(one.page)
