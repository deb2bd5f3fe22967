"""The people of a tenant in the console: members, roles, invitations, setup links."""

import re
import urllib.parse

import pytest

from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.people import PASSWORD, House, Visitor, accept, an_email, mail_to, mails_to, token_of

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "<script>document.title='broken'</script> {{email}} \u202eevil"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def owner(request, house, reader):
    """The owner at the team's page."""
    one = reader(house.owner_email, script=request.param)
    one.open("/team")
    return one


def row(one, words):
    return one.page.get_by_role("row").filter(has_text=words)


def notice(one):
    return one.page.get_by_role("status").first.inner_text().strip()


def confirm(one, first, second, within=None):
    """Asks once, then does it."""
    (within or one.page).locator("details.confirm summary", has_text=first).click()
    (within or one.page).get_by_role("button", name=second).click()


def test_members_are_listed(house, owner):
    member = house.add("agent", name=HOSTILE)
    owner.open("/team")
    table = owner.page.locator("table").first
    assert "you" in row(owner, house.owner_email).inner_text()
    listed = row(owner, member["email"]).inner_text()
    assert "<script>" in listed and "{{email}}" in listed and "\u202e" not in listed and "Agent" in listed
    assert owner.page.title() == "Team · Calltrail" and table.get_by_role("columnheader").count() >= 5


def test_change_of_role_signs_out(house, owner):
    member = house.member("agent")
    owner.open("/team")
    row(owner, member.user["email"]).get_by_role("link").click()
    owner.page.get_by_label("What they may do").select_option("bot_builder")
    owner.page.get_by_role("button", name="Change role").click()
    assert notice(owner) == f"{member.user['email']} is bot builder now."
    assert house.people()[member.user["email"]]["role"] == "bot_builder"
    assert owner.page.get_by_label("What they may do").input_value() == "bot_builder"


def test_disable_enable_remove(house, owner):
    email = house.add("supervisor", name="Grace")["email"]
    row(owner, email).count() or owner.open("/team")
    row(owner, email).get_by_role("link").click()
    confirm(owner, "Disable", "Disable Grace")
    assert notice(owner) == f"{email} can't sign in here any more."
    assert Visitor(house.api).try_sign_in(email).status_code == 401
    owner.page.get_by_role("button", name="Enable").click()
    assert notice(owner) == f"{email} can sign in here again."
    assert Visitor(house.api).try_sign_in(email).status_code == 201
    confirm(owner, "Remove", "Remove Grace")
    assert notice(owner) == f"{email} is no member any more."
    assert owner.page.url.endswith("/team") and email not in house.people()


def test_rules_of_owners_are_told(people_api, reader):
    house = House(people_api)
    one = reader(house.owner_email)
    one.open(f"/team/{house.owner_id}")
    assert "The owner who created the account stays an owner." in one.page.locator("main").inner_text()
    assert one.page.get_by_role("button", name="Remove").count() == 0
    confirm(one, "Disable", f"Disable {house.owner_email}")
    assert one.page.get_by_role("alert").inner_text().strip() == "A tenant needs an owner; make somebody else one first."
    assert_accessible(one.page)


def test_invitation(people_api, house, owner):
    email = an_email("invited")
    owner.page.get_by_role("link", name="Add somebody").click()
    owner.page.get_by_label("Email").fill(email)
    owner.page.get_by_label("Name", exact=True).fill("Ada & Co <b>")
    owner.page.get_by_label("Role").select_option("agent")
    owner.page.get_by_role("button", name="Send invitation").click()
    assert notice(owner) == f"An invitation is on its way to {email}."
    listed = row(owner, email)
    assert "Waiting" in listed.inner_text() and "Ada & Co <b>" in listed.inner_text()
    first = token_of(mail_to(people_api, email, "Join"))
    # sent twice
    owner.open("/team/add")
    owner.page.get_by_label("Email").fill(email)
    owner.page.get_by_role("button", name="Send invitation").click()
    assert "is invited already" in owner.page.get_by_role("alert").inner_text()
    assert owner.page.get_by_label("Email").input_value() == email
    owner.open("/team")
    row(owner, email).get_by_role("button", name="Send again").click()
    assert notice(owner) == f"A new link is on its way to {email}."
    second = token_of(mail_to(people_api, email, "Join", number=2))
    assert accept(people_api, first, password=PASSWORD).status_code == 404
    confirm(owner, "Withdraw", "Withdraw the invitation", row(owner, email))
    assert notice(owner) == f"The invitation to {email} is withdrawn."
    assert row(owner, email).count() == 0
    assert accept(people_api, second, password=PASSWORD).status_code == 404
    codes = [(one["code"], one["value"]) for one in house.owner.get(f"/v1/logentry/search?related_model=invitation&q={urllib.parse.quote(email)}").json()["results"]]
    assert codes == [("ABA-0020", email), ("ABA-0030", email), ("ABA-0010", email)]


def test_invitations_over_http(people_api, house):
    email = an_email("listed")
    token = house.invite(email, "agent")
    house.invite(email, "supervisor")
    listed = [one for one in house.owner.get("/v1/invitations?limit=500").json()["data"] if one["email"] == email]
    assert len(listed) == 1 and listed[0]["role"] == "supervisor" and listed[0]["invited_by"] == house.owner_email
    stranger = House(people_api)
    assert stranger.owner.get("/v1/invitations").json()["data"] == []
    path = f"/v1/invitations/{listed[0]['id']}"
    assert stranger.owner.delete(path).status_code == 404
    assert house.owner.delete(path).status_code == 204
    assert house.owner.delete(path).status_code == 404
    assert accept(people_api, token, password=PASSWORD).status_code == 404, "the earlier one to the same address too"
    assert len(mails_to(people_api, email, "Join")) == 2


def test_setup_link(people_api, house, owner, reader):
    email = an_email("setup")
    owner.open("/team/add")
    owner.page.get_by_label("Email").fill(email)
    owner.page.get_by_role("button", name="Make a setup link").click()
    link = owner.page.locator("#setup").inner_text().strip()
    assert re.fullmatch(rf"{re.escape(people_api.url)}/setup/[\w-]{{43}}", link)
    owner.open("/team")
    assert "No password yet" in row(owner, email).inner_text()
    owner.open("/team/add")
    owner.page.get_by_label("Email").fill(email)
    owner.page.get_by_role("button", name="Make a setup link").click()
    assert owner.page.get_by_role("alert").inner_text().strip() == f"{email} is a member already."
    other = reader()
    other.open(link)
    other.page.get_by_label("Password").fill(PASSWORD)
    other.page.get_by_role("button", name="Set password").click()
    assert Visitor(people_api).try_sign_in(email).status_code == 201


def test_mistakes_stand_beside_their_fields(house, reader):
    owner = reader(house.owner_email)
    owner.open("/team/add")
    owner.page.get_by_label("Name", exact=True).fill("Kept")
    owner.page.evaluate("document.querySelector('form.form').noValidate = true")
    owner.page.get_by_role("button", name="Send invitation").click()
    assert owner.page.locator("#n-email").inner_text().strip() == "This is needed."
    assert owner.page.get_by_label("Name", exact=True).input_value() == "Kept"
    assert_accessible(owner.page)


@pytest.mark.parametrize("role", ["supervisor", "bot_builder", "agent"])
def test_the_team_is_for_owners(house, reader, role):
    one = reader(house.add(role)["email"])
    for path in ("/team", "/team/add", f"/team/{house.owner_id}"):
        assert one.open(path).status == 403
        assert "this page is for the owner" in one.page.locator("main").inner_text()
    token = {cookie["name"]: cookie["value"] for cookie in one.context.cookies()}
    answer = one.page.request.post("/team/add", form={"email": an_email(), "role": "agent"}, headers={"Origin": house.api.url})
    assert answer.status == 403 and token


def test_foreign_people_are_unknown(people_api, house, reader):
    stranger = House(people_api)
    one = reader(stranger.owner_email)
    assert one.open(f"/team/{house.owner_id}").status == 404
    for action in ("role", "disable", "enable", "remove"):
        answer = one.page.request.post(f"/team/{house.owner_id}/{action}", form={"role": "agent"}, headers={"Origin": people_api.url})
        assert answer.status == 404, action
    assert one.open("/team/nonsense").status == 404


def fill_house(people_api):
    """A tenant with people in every state."""
    house = House(people_api, name="Acme Support")
    people_with_names = [("owner", "Grace Hopper"), ("supervisor", "Katherine Johnson"), ("bot_builder", ""), ("agent", "شركة")]
    added = [house.add(role, name=name) for role, name in people_with_names]
    house.owner.patch(f"/v1/users/{added[3]['id']}", {"disabled": True})
    house.owner.post("/v1/users", {"email": an_email("new"), "role": "agent", "name": "Not here yet"})
    for role in ("agent", "supervisor"):
        assert house.owner.post("/v1/invitations", {"email": an_email("invited"), "role": role}).status_code == 201
    return house, added


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(people_api, reader, size, scheme):
    house, added = fill_house(people_api)
    one = reader(house.owner_email, size=size, scheme=scheme)
    for name, path in [("team", "/team"), ("add", "/team/add"), ("member", f"/team/{added[1]['id']}")]:
        one.open(path)
        assert_accessible(one.page)
        assert_fits(one.page)
        shoot(one.page, f"{name}-{size[0]}-{scheme}")
    one.page.locator("details.confirm summary").last.click()
    assert_accessible(one.page)
    shoot(one.page, f"member-confirm-{size[0]}-{scheme}")
    one.page.set_viewport_size({"width": 360, "height": 740})
    one.open("/team")
    assert_fits(one.page)
