"""Sharing calls in the console: the form, the list, the timeline, revoking."""

import re

import httpx
import pytest

from harness.client import entry
from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.people import House, Visitor, an_email, link_of, mail_to, mails_to

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "Look <script>alert(1)</script>\n{{message}} \u202eevil"


@pytest.fixture(scope="module")
def call(house):
    """The id of a call."""
    writer = Visitor(house.api, house.key("call_logs:write")["key"])
    return writer.post("/v1/call-logs", entry(status_code=503, bot={"id": "support", "name": "Support <b>bot</b>"})).json()["id"]


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def sharer(request, house, reader):
    """A supervisor."""
    one = reader(house.add("supervisor")["email"], script=request.param)
    return one


def notice(one):
    return one.page.get_by_role("status").first.inner_text().strip()


def test_circle(people_api, call, sharer):
    ada, bob = an_email("ada"), an_email("bob")
    sharer.open(f"/logs/{call}")
    sharer.page.get_by_role("link", name="Share", exact=True).click()
    assert "Zendesk answered 503 to Support <b>bot</b>" in sharer.page.locator(".head").inner_text()
    sharer.page.get_by_label("Email addresses").fill(f"{ada}, {bob}\n{ada}")
    sharer.page.get_by_label("The links work for").select_option("24")
    sharer.page.get_by_label("Message").fill(HOSTILE)
    sharer.page.get_by_label("Passphrase").fill("correct horse")
    sharer.page.get_by_role("button", name="Send links").click()
    assert notice(sharer) == "2 links are on their way."
    link = link_of(mail_to(people_api, ada))
    assert httpx.get(link).status_code == 200
    sharer.page.reload()
    words = sharer.page.locator("main").inner_text()
    for part in (ada, bob, "Active", "Asked for", "<script>alert(1)</script>", "{{message}}", "⟨U+202E⟩", "Shared by", "Link opened"):
        assert part in words, part
    sharer.open("/shares")
    listed = sharer.page.get_by_role("row").filter(has_text=ada)
    assert "1 of 2" in listed.inner_text() and "Active" in listed.inner_text()
    listed.get_by_role("link").click()
    sharer.page.locator("details.confirm summary").click()
    assert "all 2 links" in sharer.page.locator("details.confirm").inner_text()
    sharer.page.get_by_role("button", name="Revoke this share").click()
    assert notice(sharer) == "The share is revoked: its links show nothing any more."
    assert httpx.get(link).status_code == 410
    assert "Revoked" in sharer.page.locator("main").inner_text()
    assert sharer.page.get_by_role("button", name="Revoke this share").count() == 0


def test_mistakes_stand_beside_their_fields(house, call, reader):
    sharer = reader(house.owner_email)
    sharer.open(f"/logs/{call}/share")
    sharer.page.get_by_label("Email addresses").fill("nobody at all")
    sharer.page.get_by_label("Message").fill("Kept")
    sharer.page.get_by_label("Passphrase").fill("short")
    sharer.page.get_by_role("button", name="Send links").click()
    assert sharer.page.locator("#n-recipients .wrong").inner_text().strip() == "It is not an e-mail address."
    assert sharer.page.locator("#n-passphrase .wrong").inner_text().strip() == "It has 8 characters or more."
    assert sharer.page.get_by_label("Message").input_value() == "Kept"
    assert sharer.page.get_by_label("Email addresses").input_value() == "nobody at all"
    assert sharer.page.get_by_label("Passphrase").input_value() == ""
    assert_accessible(sharer.page)


def test_sent_twice_shares_once(people_api, call, sharer):
    email = an_email("once")
    page = sharer.page.request.get(f"/logs/{call}/share").text()
    form = {"once": re.search(r'name="once" value="([^"]+)"', page).group(1), "recipients": email}
    sent = [
        sharer.page.request.post(f"/logs/{call}/share", form=form, headers={"Origin": people_api.url}, max_redirects=0)
        for _ in range(2)
    ]
    assert [answer.status for answer in sent] == [303, 303]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    mail_to(people_api, email)
    assert len(mails_to(people_api, email)) == 1


@pytest.mark.parametrize("role", ["bot_builder", "agent"])
def test_sharing_is_for_owners_and_supervisors(house, call, reader, role):
    one = reader(house.add(role)["email"])
    for path in ("/shares", f"/logs/{call}/share"):
        assert one.open(path).status == 403
    answer = one.page.request.post(f"/logs/{call}/share", form={"recipients": an_email()}, headers={"Origin": house.api.url})
    assert answer.status == 403
    if role == "bot_builder":
        one.open(f"/logs/{call}")
        assert one.page.get_by_role("link", name="Share", exact=True).count() == 0


def test_other_tenants_and_plans(people_api, house, call, reader):
    share = house.owner.post(f"/v1/call-logs/{call}/shares", {"recipients": [an_email()]}).json()["id"]
    one = reader(House(people_api).owner_email)
    assert one.open(f"/shares/{share}").status == 404
    assert one.open(f"/logs/{call}/share").status == 404
    assert one.page.request.post(f"/shares/{share}/revoke", headers={"Origin": people_api.url}).status == 404
    one.open("/shares")
    assert "Nothing is shared" in one.page.locator("main").inner_text()
    poor = reader(House(people_api, plan="starter").owner_email)
    assert poor.open("/shares").status == 403
    assert "does not have call logs yet" in poor.page.locator("main").inner_text()


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(people_api, reader, size, scheme):
    house = House(people_api, name="Acme Support")
    writer = Visitor(people_api, house.key("call_logs:write")["key"])
    call = writer.post("/v1/call-logs", entry(status_code=503, bot={"id": "support", "name": "Support bot"})).json()["id"]
    ada = an_email("ada")
    many = house.owner.post(f"/v1/call-logs/{call}/shares", {
        "recipients": [ada, an_email("bob"), an_email("eve")], "message": "Can you see why?\nIt began this morning."}).json()["id"]
    other = house.owner.post(f"/v1/call-logs/{call}/shares", {"recipients": [an_email("zoe")]}).json()["id"]
    house.owner.delete(f"/v1/shares/{other}")
    link = link_of(mail_to(people_api, ada))
    httpx.get(link), httpx.get(link + "/har")
    one = reader(house.owner_email, size=size, scheme=scheme)
    for name, path in [("shares", "/shares"), ("share", f"/shares/{many}"), ("share-form", f"/logs/{call}/share")]:
        one.open(path)
        assert_accessible(one.page)
        assert_fits(one.page)
        shoot(one.page, f"{name}-{size[0]}-{scheme}")
    one.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/shares", f"/shares/{many}"):
        one.open(path)
        assert_fits(one.page)
