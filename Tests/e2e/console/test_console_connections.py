"""Connections in a browser: found broken, mended there and back, connected, changed, deleted; by script and without."""

import re

import pytest

from harness.client import ago
from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.office import Tenant
from harness.people import House

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "<script>document.title='broken'</script> {{name}} {{{name}}} \u202eevil"
NODES = [
    {"bot_id": "support-bot", "node_id": "n-1", "path": "Main flow / Create ticket"},
    {"bot_id": "support-bot", "node_id": "n-2", "path": "Main flow / Close ticket"},
]


@pytest.fixture(scope="module")
def tenant(place):
    """A tenant with connections in every state; `ids` has them by state."""
    tenant = Tenant(place, name="Acme Support")
    ids = {"healthy": tenant.connect(name="Acme tickets", nodes=NODES)}
    ids["broken"] = tenant.connect("google_sheets", name="Orders sheet", nodes=NODES[:1])
    place.provider.revoke_all(tenant.account)
    tenant.check(ids["broken"])
    calls = [
        tenant.error(bot, status_code=401, application="google_sheets", connection_id=ids["broken"],
                     occurred_at=ago(), user={"id": f"u-{n}"})
        for n, bot in enumerate(["support-bot", "support-bot", "order-bot"])
    ]
    tenant.send(calls)
    tenant.account = "acct-of-the-healthy"
    assert tenant.authorise(ids["healthy"], accept_other_account=True).status_code == 200
    ids["off"] = tenant.create("salesforce", name="Sales force", credentials={})
    tenant.change(ids["off"], enabled=False)
    ids["hostile"] = tenant.create(name=HOSTILE, nodes=[{"bot_id": HOSTILE, "node_id": "n", "path": HOSTILE}])
    tenant.ids = ids
    return tenant


def words(locator):
    return re.sub(r"\s+", " ", locator.inner_text())


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_whole_circle(place, tenant, visit, script):
    id = tenant.connect(name=f"Circle {'with' if script else 'without'} script", nodes=NODES)
    place.provider.revoke_all(tenant.account)
    one = visit(tenant.owner_email, script=script)
    one.open(f"/connections/{id}")
    assert "Healthy" in words(one.page.locator(".situation"))
    one.page.get_by_role("button", name="Check now").click()
    assert "Zendesk was asked, and refuses it." in words(one.page.locator("main"))
    assert "Needs reauthorisation" in words(one.page.locator(".situation"))
    assert one.page.locator("td .badge.error", has_text="Broken").count() == 2
    place.provider.account = tenant.account
    one.page.get_by_role("button", name="Reauthorise Zendesk").click()
    one.page.wait_for_url(f"{place.api.url}/oauth/callback/zendesk?**")
    assert "Zendesk is connected" in words(one.page.locator("main"))
    assert "Its 2 nodes are attached again." in words(one.page.locator("main"))
    assert one.page.locator("header.rail").count() == 1 and "code=" not in one.page.content()
    assert_accessible(one.page) if script else None
    shoot(one.page, f"arrival-{'script' if script else 'plain'}")
    one.page.get_by_role("link", name="To the connection", exact=True).click()
    one.page.wait_for_url(f"**/connections/{id}")
    assert "Healthy" in words(one.page.locator(".situation"))
    assert one.page.locator("td .badge.success", has_text="Attached").count() == 2
    history = words(one.page.locator("section", has_text="History").last)
    assert "Broke" in history and "Works again" in history and tenant.owner_email in history


def test_refusing_leads_back(place, tenant, visit):
    id = tenant.create(name="Refused")
    one = visit(tenant.owner_email)
    one.open(f"/connections/{id}")
    place.provider.consent = False
    one.page.get_by_role("button", name="Reauthorise Zendesk").click()
    one.page.wait_for_url("**/oauth/callback/**")
    place.provider.consent = True
    assert "was not given leave" in words(one.page.locator("main"))
    one.page.get_by_role("link", name="To the connections").click()
    one.page.wait_for_url("**/connections")


def test_another_account(place, tenant, visit):
    tenant.account = "acct-first"
    id = tenant.connect(name="Changes hands")
    place.provider.account = "acct-second"
    one = visit(tenant.owner_email)
    one.open(f"/connections/{id}")
    one.page.get_by_role("button", name="Reauthorise Zendesk").click()
    one.page.wait_for_url("**/oauth/callback/**")
    assert "another account" in words(one.page.locator("main"))
    one.open(f"/connections/{id}")
    one.page.locator("summary", has_text="Use another account").click()
    one.page.get_by_role("button", name="Authorise with another account").click()
    one.page.wait_for_url("**/oauth/callback/**")
    assert "Zendesk is connected" in words(one.page.locator("main"))
    assert "acct-second" in tenant.find(id)["account"]


def test_what_is_hit(tenant, visit):
    one = visit(tenant.owner_email)
    one.open("/connections")
    panel = one.page.locator("section", has_text="Needs you")
    assert "Orders sheet" in words(panel)
    panel.get_by_role("link", name="Orders sheet").click()
    one.page.wait_for_url(f"**/connections/{tenant.ids['broken']}")
    hit = words(one.page.locator("section", has_text="What is hit"))
    assert "Failed calls 3" in hit and "Bots 2" in hit and "End users 3" in hit and "The order-bot" in hit
    one.page.locator(".figures a").click()
    one.page.wait_for_url("**/logs?status=error&connection=*")
    assert one.page.locator("#list .call").count() == 3


def test_connecting_by_sign_in(place, tenant, visit):
    tenant.account = place.provider.account = "acct-new"
    one = visit(tenant.owner_email)
    one.open("/connections")
    one.page.get_by_role("link", name="Connect an application").click()
    assert_accessible(one.page)
    shoot(one.page, "new-choice")
    one.page.get_by_role("link", name="Zendesk").click()
    one.page.get_by_label("Name").fill("By the console")
    one.page.get_by_label("Subdomain").fill("acme")
    assert_accessible(one.page)
    shoot(one.page, "new-form")
    one.page.get_by_role("button", name="Make connection").click()
    one.page.wait_for_url(re.compile("/connections/[0-9a-f-]{36}$"))
    assert "By the console is made." in words(one.page.locator("main"))
    one.page.get_by_role("button", name="Reauthorise Zendesk").click()
    one.page.wait_for_url("**/oauth/callback/**")
    assert "Zendesk is connected" in words(one.page.locator("main"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_connecting_by_key(place, tenant, visit, script):
    sid, name = "AC" + ("1" if script else "2") * 32, f"Texts {script}"
    place.provider.basic = {sid: "good-token"}
    one = visit(tenant.owner_email, script=script)
    one.open("/connections/new?application=twilio&auth=basic")
    form = one.page.locator("main form")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Account SID").fill("not an id!")
    form.get_by_label("Auth token").fill("secret-token-1")
    form.get_by_role("button", name="Connect").click()
    assert one.page.locator("[aria-invalid]").get_attribute("name") == "credentials.account_sid"
    assert form.get_by_label("Name").input_value() == name
    assert form.get_by_label("Auth token").input_value() == "" and "secret-token-1" not in one.page.content()
    form.get_by_label("Account SID").fill(sid)
    form.get_by_label("Auth token").fill("bad-token")
    form.get_by_role("button", name="Connect").click()
    one.page.wait_for_url(re.compile("/connections/[0-9a-f-]{36}$"))
    assert "Needs reauthorisation" in words(one.page.locator(".situation"))
    one.page.get_by_role("link", name="Replace credentials").click()
    part = one.page.locator("#credentials")
    assert part.get_by_label("Account SID").input_value() == sid and "bad-token" not in one.page.content()
    part.get_by_label("Auth token").fill("good-token")
    part.get_by_role("button", name="Replace credentials").click()
    assert "The credentials are replaced." in words(one.page.locator("main"))
    assert "Healthy" in words(one.page.locator(".situation"))


def test_names_are_taken_once(tenant, visit):
    one = visit(tenant.owner_email)
    one.open("/connections/new?application=zendesk")
    one.page.get_by_label("Name").fill("Acme tickets")
    one.page.get_by_label("Subdomain").fill("acme")
    one.page.get_by_role("button", name="Make connection").click()
    assert one.page.locator("#n-name").inner_text().strip().startswith("There is a connection of this name already.")
    assert one.page.get_by_label("Subdomain").input_value() == "acme"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_changing(tenant, visit, script):
    id = tenant.create(name=f"Changing {script}")
    one = visit(tenant.owner_email, script=script)
    one.open(f"/connections/{id}")
    one.page.get_by_label("Name", exact=True).fill("  ")
    one.page.get_by_role("button", name="Rename").click()
    assert "needs a name" in words(one.page.locator("#n-name"))
    one.page.get_by_label("Name", exact=True).fill(f"Changed {script}")
    one.page.get_by_role("button", name="Rename").click()
    assert one.page.locator("h1").inner_text() == f"Changed {script}"
    one.page.locator("summary", has_text="Add a node").click()
    one.page.get_by_label("Bot", exact=True).fill("order-bot")
    one.page.get_by_role("button", name="Add node").click()
    assert "A node has a node_id or a path." in words(one.page.locator("#add-node"))
    one.page.get_by_label("Path", exact=True).fill("Orders / Look up")
    one.page.get_by_role("button", name="Add node").click()
    one.page.locator("summary", has_text="Add a node").click()
    one.page.get_by_label("Bot", exact=True).fill("order-bot")
    one.page.get_by_label("Node", exact=True).fill("n-9")
    one.page.get_by_role("button", name="Add node").click()
    assert {node["node_id"] for node in tenant.find(id)["nodes"]} == {None, "n-9"}
    one.page.locator("tr", has_text="Orders / Look up").locator("summary").click()
    one.page.locator("tr", has_text="Orders / Look up").get_by_role("button", name="Remove node").click()
    assert "The node is removed." in words(one.page.locator("main"))
    assert {node["node_id"] for node in tenant.find(id)["nodes"]} == {"n-9"}
    one.page.locator("summary", has_text="Switch off").click()
    one.page.get_by_role("button", name=f"Switch off Changed {script}").click()
    assert "Switched off" in words(one.page.locator(".situation"))
    one.page.get_by_role("button", name="Switch on").click()
    assert tenant.find(id)["state"] == "needs_reauth"
    one.page.locator("summary", has_text="Delete connection").click()
    assert f"Delete Changed {script}?" in words(one.page.locator(".confirm[open]"))
    one.page.get_by_role("button", name=f"Delete Changed {script}").click()
    one.page.wait_for_url("**/connections")
    assert f"Changed {script} is deleted." in words(one.page.locator("main"))
    assert one.open(f"/connections/{id}").status == 404
    assert "somebody deleted it" in words(one.page.locator("main"))
    again = one.page.request.post(f"{one.api.url}/connections/{id}/delete", headers={"Origin": one.api.url})
    assert again.status == 404


def test_by_keyboard(tenant, visit):
    id = tenant.create(name="By keyboard")
    one = visit(tenant.owner_email)
    one.open(f"/connections/{id}")
    one.page.locator("summary", has_text="Delete connection").focus()
    one.page.keyboard.press("Enter")
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.textContent") == "Delete By keyboard"
    one.page.keyboard.press("Escape")
    assert one.page.locator(".confirm[open]").count() == 0
    one.page.keyboard.press("Enter")
    one.page.keyboard.press("Tab")
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**/connections")


def test_hostile_names_stay_texts(tenant, visit):
    one = visit(tenant.owner_email)
    for path in ("/connections", f"/connections/{tenant.ids['hostile']}"):
        one.open(path)
        assert one.page.title() != "broken"
        assert "<script>document.title='broken'</script> {{name}} {{{name}}} evil" in one.page.locator("main").inner_text()
        assert "\u202e" not in one.page.locator("main").inner_text()


@pytest.mark.parametrize("role", ["owner", "supervisor", "bot_builder", "agent"])
def test_roles(tenant, visit, role):
    email = tenant.owner_email if role == "owner" else tenant.add(role)["email"]
    one = visit(email)
    answers = [one.open(path).status for path in ("/connections", f"/connections/{tenant.ids['broken']}")]
    if role == "agent":
        assert answers == [403, 403] and "Your role does not include this page" in one.page.content()
        return
    assert answers == [200, 200]
    assert one.page.get_by_role("button", name="Reauthorise Google Sheets").count() == 1
    may = role != "bot_builder"
    assert (one.page.locator("summary", has_text="Delete connection").count() == 1) == may
    assert (one.open("/connections/new").status == 200) == may
    answer = one.page.request.post(
        f"{one.api.url}/connections/{tenant.ids['off']}/enabled", form={"enabled": "false"},
        headers={"Origin": one.api.url}, max_redirects=0,
    )
    assert answer.status == (303 if may else 403)
    # a page of another site
    assert one.page.request.post(f"{one.api.url}/connections/{tenant.ids['off']}/check", form={}).status == 403


def test_other_tenants_connections_are_unknown(place, tenant, visit):
    other = House(place.api)
    one = visit(other.owner_email)
    assert one.open(f"/connections/{tenant.ids['broken']}").status == 404
    assert one.open("/connections/not-an-id").status == 404
    for action in ("reauthorise", "check", "name", "credentials", "enabled", "nodes/add", "nodes/remove", "delete"):
        answer = one.page.request.post(
            f"{one.api.url}/connections/{tenant.ids['broken']}/{action}", form={"name": "x"},
            headers={"Origin": one.api.url}, max_redirects=0,
        )
        assert answer.status == 404, action
    one.open("/connections")
    assert "Nothing is connected yet" in words(one.page.locator("main"))
    assert_accessible(one.page)
    shoot(one.page, "connections-empty")


def test_pages_and_states(place, visit):
    tenant = Tenant(place)
    for number in range(53):
        tenant.create(name=f"Connection {number:02}", auth="oauth2")
    one = visit(tenant.owner_email, script=False)
    one.open("/connections?state=needs_reauth")
    assert one.page.locator("tbody tr").count() == 50
    one.page.get_by_role("link", name="Older").click()
    assert one.page.locator("tbody tr").count() == 3
    one.page.get_by_role("link", name="Newer").click()
    assert one.page.locator("tbody tr").count() == 50
    one.page.get_by_role("link", name="Switched off").click()
    assert "No connection is in the state “Switched off”." in words(one.page.locator("main"))


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(tenant, visit, size, scheme):
    one = visit(tenant.owner_email, size=size, scheme=scheme)
    paths = {"list": "/connections", **{name: f"/connections/{id}" for name, id in tenant.ids.items()}}
    for name, path in paths.items():
        one.open(path)
        assert_accessible(one.page)
        assert_fits(one.page)
        shoot(one.page, f"connection-{name}-{size[0]}-{scheme}")
    one.page.set_viewport_size({"width": 360, "height": 740})
    for path in [*paths.values(), "/connections/new", "/connections/new?application=zendesk&auth=basic"]:
        one.open(path)
        assert_fits(one.page)
        for menu in one.page.locator("main details.menu:visible, main details.part:visible").all():
            menu.locator("summary").first.click()
            assert_fits(one.page)
