"""Notifications in a browser: who is told, when, by which channels; what was told and why."""

import re

import pytest

from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.office import Tenant
from harness.people import House
from harness.waiting import wait_until

PATH = "/settings/notifications"
LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "<script>document.title='broken'</script> {{name}} \u202eevil"


def words(locator):
    return re.sub(r"\s+", " ", locator.inner_text())


@pytest.fixture(scope="module")
def tenant(place):
    """A tenant of whose errors people and channels were told."""
    tenant = Tenant(place, name="Acme Support")
    tenant.supervisor = tenant.add("supervisor", name="Ada")["email"]
    for kind, name, path in (("webhook", "Incidents " + HOSTILE, "/hook"), ("slack", "#support", "/slack")):
        made = tenant.owner.post(
            "/v1/notification-channels",
            {"kind": kind, "name": name, "url": place.hooks.url + path, "events": ["first_error", "reauthorise"]},
        )
        assert made.status_code == 201, made.text
    for bot in ("support-bot", "order-bot"):
        tenant.fail(bot)
    wait_until(lambda: len(tenant.ledger(state="sent")) >= 6, "mails and hooks to be sent")
    return tenant


@pytest.mark.parametrize("role", ["owner", "supervisor", "bot_builder", "agent"])
def test_own_mails(tenant, visit, role):
    email = tenant.owner_email if role == "owner" else tenant.add(role)["email"]
    one = visit(email, script=False)
    assert one.open(PATH).status == 200
    panel = one.page.locator("section", has_text="Your own mails").last
    panel.get_by_label("First error of a bot").uncheck()
    panel.get_by_role("button", name="Save yours").click()
    assert one.page.url.endswith(PATH) and "Your own mails are set." in words(one.page.locator("main"))
    panel = one.page.locator("section", has_text="Your own mails").last
    assert not panel.get_by_label("First error of a bot").is_checked()
    assert panel.get_by_label("Connection broke or works again").is_checked()
    panel.get_by_label("First error of a bot").check()
    panel.get_by_role("button", name="Save yours").click()
    assert panel.get_by_label("First error of a bot").is_checked()
    assert one.page.get_by_role("heading", name="Who is told by mail").count() == (role == "owner")
    assert one.page.get_by_role("heading", name="Webhooks and Slack").count() == (role == "owner")
    if role != "owner":
        for path in ("tenant", "channels"):
            answer = one.page.request.post(
                f"{one.api.url}{PATH}/{path}", form={"name": "x"}, headers={"Origin": one.api.url}, max_redirects=0
            )
            assert answer.status == 403


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_who_is_told(place, visit, script):
    tenant = Tenant(place)
    one = visit(tenant.owner_email, script=script)
    one.open(PATH)
    panel = one.page.locator("section", has_text="Who is told by mail").last
    assert panel.get_by_role("group", name="First error of a bot").get_by_label("Owner").is_checked()
    panel.get_by_role("group", name="First error of a bot").get_by_label("Supervisor").check()
    panel.get_by_role("group", name="Connection broke").get_by_label("Owner").uncheck()
    panel.get_by_label("Keep quiet hours").check()
    panel.get_by_label("From").fill("07:00")
    panel.get_by_label("To", exact=True).fill("07:00")
    panel.get_by_label("Time zone").select_option("Europe/Berlin")
    panel.get_by_role("button", name="Save for everybody").click()
    assert "It is another time than from." in words(one.page.locator('[id="n-quiet_hours.to"]'))
    assert panel.get_by_role("group", name="First error of a bot").get_by_label("Supervisor").is_checked()
    assert not panel.get_by_role("group", name="Connection broke").get_by_label("Owner").is_checked()
    assert panel.get_by_label("Keep quiet hours").is_checked() and panel.get_by_label("From").input_value() == "07:00"
    if script:
        assert_accessible(one.page)
        shoot(one.page, "notifications-refused")
    panel.get_by_label("From").fill("22:30")
    panel.get_by_role("button", name="Save for everybody").click()
    assert "Who is told is set." in words(one.page.locator("main"))
    assert tenant.owner.get("/v1/notification-settings").json() == {
        "first_error": {"roles": ["owner", "supervisor"]}, "reauthorise": {"roles": []},
        "quiet_hours": {"from": "22:30", "to": "07:00", "time_zone": "Europe/Berlin"},
    }
    panel.get_by_label("Keep quiet hours").uncheck()
    panel.get_by_role("button", name="Save for everybody").click()
    assert tenant.owner.get("/v1/notification-settings").json()["quiet_hours"] is None


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_channels(place, visit, script):
    tenant = Tenant(place)
    one = visit(tenant.owner_email, script=script)
    one.open(PATH)
    page = one.page
    panel = page.locator("section", has_text="Webhooks and Slack").last
    panel.locator("summary", has_text="Add a channel").click()
    panel.get_by_label("Name").fill("Incidents")
    panel.get_by_label("Address").fill("http://10.0.0.1/hook")
    panel.get_by_role("button", name="Add channel").click()
    assert page.locator("[aria-invalid]").get_attribute("name") == "url"
    assert panel.get_by_label("Name").input_value() == "Incidents"
    path = f"/hook-{tenant.id}"
    panel.get_by_label("Address").fill(place.hooks.url + path)
    panel.get_by_role("button", name="Add channel").click()
    secret = page.locator("#secret").inner_text().strip()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    if script:
        assert_accessible(page)
        shoot(page, "channel-secret")
        page.get_by_role("button", name="Copy secret").click()
        page.wait_for_function("document.querySelector('[data-copy=secret]').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("link", name="To the notifications").click()
    assert secret not in page.content() and path not in page.content()
    # the same again: the name is taken
    panel.locator("summary", has_text="Add a channel").click()
    panel.get_by_label("Name").fill("Incidents")
    panel.get_by_label("Address").fill(place.hooks.url + path)
    panel.get_by_role("button", name="Add channel").click()
    assert "There is a channel of this name already." in words(page.locator("#n-name"))
    one.open(PATH)
    panel.get_by_role("button", name="Send test").click()
    assert "A test is on its way." in words(page.locator("main"))
    place.hooks.wait_for(path)
    wait_until(lambda: tenant.ledger(state="sent"), "the test to be sent")
    page.reload()
    line = page.locator("section", has_text="What was told to whom").last.locator("tbody tr").first
    assert "Test of a channel" in words(line) and "Incidents" in words(line) and "Sent" in words(line)
    panel.locator("summary", has_text="New secret").click()
    page.get_by_role("button", name="New secret for Incidents").click()
    assert page.locator("#secret").inner_text().strip() != secret
    one.open(PATH)
    panel.get_by_role("button", name="Switch off").click()
    assert "Incidents is switched off." in words(page.locator("main")) and "Off" in words(panel)
    assert panel.get_by_role("button", name="Send test").count() == 0
    panel.get_by_role("button", name="Switch on").click()
    assert "Incidents is switched on." in words(page.locator("main"))
    panel.locator("summary", has_text="Remove").click()
    assert "Remove Incidents?" in words(page.locator(".confirm[open]"))
    page.get_by_role("button", name="Remove Incidents").click()
    assert "The channel is removed." in words(page.locator("main"))
    assert tenant.owner.get("/v1/notification-channels").json()["data"] == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_editing_a_channel(place, visit, script):
    tenant = Tenant(place)
    old, new = f"/old-{tenant.id}", f"/new-{tenant.id}"
    for name in ("Incidents", "Other"):
        made = tenant.owner.post(
            "/v1/notification-channels",
            {"kind": "webhook", "name": name, "url": place.hooks.url + old, "events": ["first_error"]},
        )
        assert made.status_code == 201, made.text
    one = visit(tenant.owner_email, script=script)
    page, main = one.page, one.page.locator("main")
    one.open(PATH)
    row = page.locator("tr", has_text="Incidents")
    row.get_by_role("link", name="Edit").click()
    assert main.get_by_label("Name").input_value() == "Incidents" and place.hooks.url in words(main)
    assert main.get_by_label("Address").input_value() == "" and old not in page.content()
    assert main.get_by_label("First error of a bot").is_checked()
    assert not main.get_by_label("Connection broke or works again").is_checked()
    if script:
        assert_accessible(page)
        shoot(page, "channel-edit")
    # what can't be used comes back as it was sent
    main.get_by_label("Name").fill("Others")
    main.get_by_label("Address").fill("http://10.0.0.1/hook")
    main.get_by_label("First error of a bot").uncheck()
    main.get_by_role("button", name="Save channel").click()
    assert page.locator("[aria-invalid]").get_attribute("name") == "url"
    assert main.get_by_label("Name").input_value() == "Others"
    assert not main.get_by_label("First error of a bot").is_checked()
    assert "A channel needs an event." in words(main)
    main.get_by_label("Name").fill("Other")
    main.get_by_label("Address").fill("")
    main.get_by_label("Connection broke or works again").check()
    main.get_by_role("button", name="Save channel").click()
    assert "There is a channel of this name already." in words(page.locator("#n-name"))
    # without an address it stays where it is
    main.get_by_label("Name").fill("On call")
    main.get_by_role("button", name="Save channel").click()
    assert page.url.endswith(PATH) and "On call is saved." in words(main)
    channels = {channel["name"]: channel for channel in tenant.owner.get("/v1/notification-channels").json()["data"]}
    assert channels["On call"]["events"] == ["reauthorise"] and channels["Other"]["events"] == ["first_error"]
    page.locator("tr", has_text="On call").get_by_role("button", name="Send test").click()
    place.hooks.wait_for(old)
    page.get_by_role("link", name="On call").first.click()
    main.get_by_label("Address").fill(place.hooks.url + new)
    main.get_by_role("button", name="Save channel").click()
    page.locator("tr", has_text="On call").get_by_role("button", name="Send test").click()
    place.hooks.wait_for(new)
    changed = tenant.owner.get("/v1/logentry/search?code=ABA-0030&related_model=notification_channel").json()["results"]
    assert len(changed) == 2 and new not in str(changed)
    # nobody else's, and nobody else
    address = f"{PATH}/channels/{channels['On call']['id']}"
    stranger = visit(House(place.api).owner_email)
    assert stranger.open(address).status == 404
    form, origin = {"name": "Mine", "events": "first_error"}, {"Origin": one.api.url}
    assert stranger.page.request.post(one.api.url + address, form=form, headers=origin).status == 404
    supervisor = visit(tenant.add("supervisor")["email"])
    assert supervisor.open(address).status == 403
    assert supervisor.page.request.post(one.api.url + address, form=form, headers=origin).status == 403
    assert one.open(f"{PATH}/channels/not-an-id").status == 404


def test_ledger(tenant, visit):
    one = visit(tenant.owner_email)
    one.open(PATH)
    panel = one.page.locator("section", has_text="What was told to whom").last
    table = words(panel.locator("tbody"))
    assert "role switched off: supervisor" in table and tenant.supervisor in table and tenant.owner_email in table
    panel.get_by_label("State").select_option("suppressed")
    panel.get_by_label("Bot").fill("order-bot")
    panel.get_by_role("button", name="Filter").click()
    one.page.wait_for_url(f"**{PATH}?state=suppressed&event=&bot=order-bot")
    rows = [words(row) for row in one.page.locator("section", has_text="What was told").last.locator("tbody tr").all()]
    assert rows and all("Not sent" in row and "order-bot" in row for row in rows)
    one.page.get_by_role("link", name="order-bot").first.click()
    one.page.wait_for_url("**/logs/*")
    one.open(PATH + "?state=dead")
    assert "Nothing matches" in words(one.page.locator("main"))
    other = visit(tenant.supervisor)
    other.open(PATH)
    table = words(other.page.locator("tbody"))
    assert "role switched off: supervisor" in table and tenant.owner_email not in table


def test_ledger_pages(place, visit):
    tenant = Tenant(place)
    for number in range(30):
        tenant.fail(f"bot-{number}")
    wait_until(lambda: len(tenant.ledger()) >= 30, "30 decisions")
    one = visit(tenant.owner_email, script=False)
    one.open(PATH + "?event=first_error")
    rows = one.page.locator("section", has_text="What was told").last.locator("tbody tr")
    assert rows.count() == 25
    one.page.get_by_role("link", name="Older").click()
    assert rows.count() >= 5 and "event=first_error" in one.page.url
    one.page.get_by_role("link", name="Newer").click()
    assert rows.count() == 25


def test_hostile_names_stay_texts(tenant, visit):
    one = visit(tenant.owner_email)
    one.open(PATH)
    assert one.page.title() != "broken"
    assert "Incidents <script>document.title='broken'</script> {{name}} evil" in one.page.locator("main").inner_text()
    assert "\u202e" not in one.page.locator("main").inner_text()


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(tenant, visit, size, scheme):
    one = visit(tenant.owner_email, size=size, scheme=scheme)
    one.open(PATH)
    assert_accessible(one.page)
    assert_fits(one.page)
    shoot(one.page, f"notifications-{size[0]}-{scheme}")
    one.page.evaluate("window.scrollTo(0, 760)")
    shoot(one.page, f"notifications-{size[0]}-{scheme}-2")
    one.page.evaluate("window.scrollTo(0, 1900)")
    shoot(one.page, f"notifications-{size[0]}-{scheme}-3")
    one.page.set_viewport_size({"width": 360, "height": 740})
    for menu in one.page.locator("main details").all():
        menu.locator("summary").first.click()
        assert_fits(one.page)
    other = visit(tenant.supervisor, size=size, scheme=scheme)
    other.open(PATH)
    assert_accessible(other.page)
    shoot(other.page, f"notifications-supervisor-{size[0]}-{scheme}")
