"""API keys in the console: made, shown once, rotated, revoked."""

import re

import pytest

from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.people import House, Visitor
from harness.waiting import wait_until

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "Backend <script>alert(1)</script> {{name}}"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def owner(request, house, reader):
    """The owner at the page of keys."""
    one = reader(house.owner_email, script=request.param)
    one.open("/api-keys")
    return one


def row(one, words):
    return one.page.get_by_role("row").filter(has_text=words)


def notice(one):
    return one.page.get_by_role("status").first.inner_text().strip()


def make(one, name, *scopes, days=""):
    one.open("/api-keys/new")
    one.page.get_by_label("Name").fill(name)
    for scope in scopes:
        one.page.locator(f"input[value='{scope}']").check()
    one.page.get_by_label("It ends after").select_option(days)
    one.page.get_by_role("button", name="Make the key").click()
    return one.page.locator("#key").inner_text().strip()


def is_good(api, key):
    return Visitor(api, key).get("/v1/me").status_code == 200


def test_make_use_and_revoke(people_api, house, owner):
    key = make(owner, HOSTILE, "call_logs:read", "audit:read", days="90")
    assert re.fullmatch(r"ct_live_\w+", key) and is_good(people_api, key)
    example = owner.page.locator("#example").inner_text()
    assert key in example and f"{people_api.url}/v1/call-logs" in example
    assert "<script>alert(1)</script>" in owner.page.locator("h1").inner_text()
    owner.page.get_by_role("link", name="Done").click()
    assert key not in owner.page.content()
    listed = row(owner, "Backend").first
    words = listed.inner_text()
    assert "call_logs:read" in words and "audit:read" in words and "In force" in words and house.owner_email in words
    listed.locator("details.confirm summary").click()
    assert re.search(r"(last used|never used)", listed.inner_text())
    listed.get_by_role("button", name="Revoke Backend").click()
    assert notice(owner).startswith("Backend") and notice(owner).endswith("is revoked.")
    wait_until(lambda: not is_good(people_api, key), "the key to end", 2)
    assert "Revoked" in row(owner, "Backend").first.inner_text()


def test_the_key_is_copied(house, reader):
    one = reader(house.owner_email)
    key = make(one, "Copied", "call_logs:write")
    one.page.get_by_role("button", name="Copy key").click()
    one.page.get_by_role("button", name="Copied").wait_for()
    assert one.page.evaluate("navigator.clipboard.readText()") == key


def test_sent_twice_makes_one(house, owner):
    page = owner.page.request.get("/api-keys/new").text()
    form = {"once": re.search(r'name="once" value="([^"]+)"', page).group(1), "name": "Once", "scopes": "audit:read"}
    first = owner.page.request.post("/api-keys/new", form=form, headers={"Origin": house.api.url})
    second = owner.page.request.post("/api-keys/new", form=form, headers={"Origin": house.api.url})
    assert (first.status, second.status) == (200, 409)
    assert "This key was made already" in second.text()


def test_rotate(people_api, house, owner):
    key = make(owner, "Turned", "call_logs:read")
    owner.page.get_by_role("link", name="Done").click()
    row(owner, "Turned").first.get_by_role("link", name="Rotate").click()
    assert owner.page.get_by_label("It still works for").input_value() == "24"
    owner.page.get_by_role("button", name="Rotate key").click()
    new = owner.page.locator("#key").inner_text().strip()
    assert new != key and is_good(people_api, new) and is_good(people_api, key)
    owner.page.get_by_role("link", name="Done").click()
    assert row(owner, "Turned").count() >= 2 and "Ends soon" in owner.page.locator("main").inner_text()


def test_mistakes_stand_beside_their_fields(house, reader):
    owner = reader(house.owner_email)
    owner.open("/api-keys/new")
    owner.page.evaluate("document.querySelector('form.form').noValidate = true")
    owner.page.locator("input[value='audit:read']").check()
    owner.page.get_by_role("button", name="Make the key").click()
    assert owner.page.locator("#n-name .wrong").inner_text().strip() == "This is needed."
    assert owner.page.locator("input[value='audit:read']").is_checked()
    owner.page.get_by_label("Name").fill("x")
    owner.page.locator("input[value='audit:read']").uncheck()
    owner.page.get_by_role("button", name="Make the key").click()
    assert owner.page.locator("#n-scopes").inner_text().strip() == "A key needs a scope."
    assert_accessible(owner.page)


@pytest.mark.parametrize("role", ["supervisor", "bot_builder", "agent"])
def test_keys_are_for_owners(house, reader, role):
    one = reader(house.add(role)["email"])
    for path in ("/api-keys", "/api-keys/new"):
        assert one.open(path).status == 403
        assert "this page is for the owner" in one.page.locator("main").inner_text()
    answer = one.page.request.post("/api-keys/new", form={"name": "x", "scopes": "audit:read"}, headers={"Origin": house.api.url})
    assert answer.status == 403


def test_foreign_keys_are_unknown(people_api, house, reader):
    key = house.key("audit:read")
    one = reader(House(people_api).owner_email)
    assert one.open(f"/api-keys/{key['id']}/rotate").status == 404
    for action in ("rotate", "revoke"):
        answer = one.page.request.post(f"/api-keys/{key['id']}/{action}", form={}, headers={"Origin": people_api.url})
        assert answer.status == 404
    assert is_good(people_api, key["key"])


def test_nothing_yet(people_api, reader):
    one = reader(House(people_api).owner_email)
    one.open("/api-keys")
    assert "No keys yet" in one.page.locator("main").inner_text()
    assert_accessible(one.page)
    shoot(one.page, "keys-empty")


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(people_api, reader, size, scheme):
    house = House(people_api, name="Acme Support")
    for name, scopes, days in [
        ("Platform backend", ("call_logs:write",), None), ("Nightly export of everything that failed", ("call_logs:read", "audit:read"), 365),
        ("Old", ("audit:read",), 3), ("Connections", ("connections:read", "connections:token", "connections:write"), None)]:
        made = house.key(*scopes, name=name, **({"expires_in_days": days} if days else {}))
        Visitor(people_api, made["key"]).get("/v1/me")
    house.owner.delete(f"/v1/api-keys/{house.key('audit:read', name='Leaked')['id']}")
    one = reader(house.owner_email, size=size, scheme=scheme)
    for name, path in [("keys", "/api-keys"), ("keys-new", "/api-keys/new")]:
        one.open(path)
        assert_accessible(one.page)
        assert_fits(one.page)
        shoot(one.page, f"{name}-{size[0]}-{scheme}")
    # a box and its words are on one line
    boxes = one.page.locator("label.check").evaluate_all(
        "all => all.map(one => [...one.children].map(part => part.getBoundingClientRect().top))"
    )
    assert len(boxes) == 7 and all(abs(words - box) < 8 for box, words in boxes), boxes
    make(one, "Fresh", "call_logs:write")
    if size == PHONE:
        # nothing lies upon the key
        button = one.page.get_by_role("button", name="Copy key").bounding_box()
        assert button["y"] + button["height"] <= one.page.locator("#key").bounding_box()["y"]
    assert_accessible(one.page)
    assert_fits(one.page)
    shoot(one.page, f"keys-made-{size[0]}-{scheme}")
    one.open("/api-keys")
    one.page.locator("details.confirm summary").first.click()
    assert_accessible(one.page)
    shoot(one.page, f"keys-confirm-{size[0]}-{scheme}")
    one.page.set_viewport_size({"width": 360, "height": 740})
    one.open("/api-keys")
    assert_fits(one.page)
