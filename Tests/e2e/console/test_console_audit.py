"""The audit log in the console: sentences, filters, pages, export, and whether the chain is intact."""

import re

import pytest

from harness.client import entry
from harness.console import DESK, PHONE, assert_accessible, assert_fits, assert_menus_fit, shoot
from harness.people import House, Visitor
from harness.waiting import wait_until

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "Backend <script>alert(1)</script> {{name}} \u202eevil"


@pytest.fixture(scope="module")
def story(people_api):
    """A tenant in which things happened; the house, and the key that was revoked."""
    house = House(people_api, name="Acme Support")
    key = house.key("call_logs:write", "audit:write", name=HOSTILE)
    program = Visitor(people_api, key["key"])
    assert program.post("/v1/call-logs", entry()).status_code == 200
    assert program.get("/v1/call-logs?q=secret").status_code == 403
    assert program.post("/v1/logentry", {"code": "ABB-0030", "from": "reader@example.com", "value": "<b>x</b>"}).status_code == 201
    member = house.add("supervisor", name="Grace")
    house.owner.patch(f"/v1/users/{member['id']}", {"role": "agent"})
    Visitor(people_api).try_sign_in(member["email"], "a wrong password")
    assert house.owner.delete(f"/v1/api-keys/{key['id']}").status_code == 204
    search = "/v1/logentry/search?limit=500"
    wait_until(lambda: "AAA-0002" in house.owner.get(search).text and f"/v1/api-keys/{key['id']}" in house.owner.get(search).text, "all to be recorded", 10)
    return house, key, member


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def owner(request, story, reader):
    """The owner at the audit log."""
    one = reader(story[0].owner_email, script=request.param)
    one.open("/audit")
    return one


def sentences(one):
    return [words.replace("\n", " ") for words in one.page.locator(".audit summary .words").all_inner_texts()]


def test_entries_are_sentences(story, owner):
    house, _, member = story
    visible = HOSTILE.replace("\u202e", "")
    owner.open("/audit?period=24h")
    told = sentences(owner)
    for words in (
        f"{house.owner_email} revoked the API key {visible}",
        f"{house.owner_email} made the API key {visible}",
        f"API key {visible} called POST /v1/call-logs: 200",
        f"API key {visible} called GET /v1/call-logs: 403",
        f"{house.owner_email} added {member['email']}",
        f"{house.owner_email} changed {member['email']}: role",
        f"Signing in as {member['email']} failed",
        f"{house.owner_email} signed in",
    ):
        assert words in told, (words, told)
    assert any("opened the link they received" in words for words in told)
    assert "alert(1)</script>" not in owner.page.content()


def test_filters_are_the_address(story, owner):
    house, key, member = story
    owner.page.get_by_role("navigation", name="Views").get_by_role("link", name="Changes").click()
    assert owner.page.url.endswith("/audit?code=ABA-0010,ABA-0030,ABA-0020")
    assert len(sentences(owner)) >= 4 and not any("called" in words for words in sentences(owner))
    owner.page.locator(".filters summary", has_text="About").click()
    owner.page.get_by_role("link", name="API keys", exact=True).last.click()
    assert "related_model=api_key" in owner.page.url and len(sentences(owner)) == 2
    owner.page.locator(".chips a", has_text="API keys").click()
    assert "related_model" not in owner.page.url
    owner.open("/audit")
    owner.page.locator(".filters summary", has_text="What").click()
    owner.page.get_by_label("Failed to sign in").check()
    owner.page.get_by_role("button", name="Apply").first.click()
    assert sentences(owner) == [f"Signing in as {member['email']} failed"]
    owner.open(f"/audit?apikey_id={key['id']}&method=GET")
    assert len(sentences(owner)) == 1 and "403" in sentences(owner)[0]
    assert "Backend" in owner.page.locator(".chips").inner_text()
    owner.open("/audit?q=" + member["email"].split("@")[0] + "&code=ABA-0030")
    assert len(sentences(owner)) == 1
    owner.open("/audit?from=2020-01-01&to=2020-01-02")
    assert "No entry matches" in owner.page.locator("main").inner_text()
    owner.page.get_by_role("link", name="Clear all").last.click()
    assert owner.page.url.endswith("/audit")
    assert owner.open("/audit?code=nonsense").status == 400
    assert "This filter can't be used" in owner.page.locator("main").inner_text()


def test_details(story, owner):
    owner.open("/audit?code=ABA-0030&related_model=user")
    owner.page.locator(".audit summary").first.click()
    inside = owner.page.locator(".audit .inside").first
    words = inside.inner_text()
    for part in ("ABA-0030: An entity was updated.", "PATCH", '{"changed":["role"]}', story[2]["id"], story[0].owner_id):
        assert part in words, part
    inside.get_by_role("link", name="Only this id").click()
    assert f"relation_key={story[2]['id']}" in owner.page.url and len(sentences(owner)) == 1


def test_pages(people_api, reader):
    house = House(people_api)
    for number in range(120):
        house.owner.get(f"/v1/users?bad{number}=1")
    search = "/v1/logentry/search?limit=500&code=AAA-0010"
    wait_until(lambda: len(house.owner.get(search).json()["results"]) >= 120, "all to be recorded", 10)
    one = reader(house.owner_email)
    one.open("/audit?code=AAA-0010&q=v1%2Fusers")
    pages = []
    for _ in range(3):
        one.page.locator(".audit summary").first.wait_for()
        one.page.locator(".audit details").evaluate_all("all => all.forEach(one => one.open = true)")
        pages.append([re.search(r"bad(\d+)", words).group(1) for words in one.page.locator(".audit .inside").all_inner_texts()])
        if len(pages) < 3:
            one.page.get_by_role("link", name="Older").click()
    assert [len(page) for page in pages] == [50, 50, 20] and len(set(sum(pages, []))) == 120
    for expected in (pages[1], pages[0]):
        one.page.get_by_role("link", name="Newer").click()
        one.page.locator(".audit details").evaluate_all("all => all.forEach(one => one.open = true)")
        shown = [re.search(r"bad(\d+)", words).group(1) for words in one.page.locator(".audit .inside").all_inner_texts()]
        assert shown == expected
    assert one.page.get_by_role("link", name="Newer").count() == 0


def test_export_has_the_same_filters(story, owner):
    owner.open("/audit?period=24h&code=ABA-0020&related_model=api_key")
    owner.page.locator(".head summary").click()
    for name, ending in (("As CSV", "csv"), ("As NDJSON", "ndjson")):
        with owner.page.expect_download() as begun:
            owner.page.get_by_role("link", name=name).click()
        text = open(begun.value.path(), encoding="utf-8").read()
        assert begun.value.suggested_filename == f"audit-log.{ending}"
        assert len(text.splitlines()) == (2 if ending == "csv" else 1) and "ABA-0020" in text and story[1]["id"] in text


def test_verify(people_api, database, reader):
    house = House(people_api)
    one = reader(house.owner_email)
    one.open("/audit")
    proof = one.page.locator(".proof")
    assert "Not verified yet" in proof.inner_text() and "No day is signed yet" in proof.inner_text()
    proof.get_by_role("button", name="Verify now").click()
    assert re.search(r"Intact\s+\d+ (entry|entries) verified", proof.inner_text())
    last = database.value(f"select max(seq) from audit_log where tenant_id = {house.id}")
    database.execute(f"update audit_log set method = 'GETT' where tenant_id = {house.id} and seq = {last} - 1")
    proof.get_by_role("button", name="Verify now").click()
    words = proof.inner_text()
    assert "Altered" in words and f"entry {last - 1}" in words, words
    assert_accessible(one.page)


@pytest.mark.parametrize("role", ["supervisor", "bot_builder", "agent"])
def test_roles(story, reader, role):
    one = reader(story[0].add(role)["email"])
    answer = one.open("/audit")
    verified = one.page.request.post("/audit/verify", headers={"Origin": one.api.url}, max_redirects=0)
    if role == "supervisor":
        assert answer.status == 200 and verified.status == 303
    else:
        assert answer.status == 403 and verified.status == 403
        assert "this page is for owner and supervisor" in one.page.locator("main").inner_text()


def test_by_keyboard(story, reader):
    one = reader(story[0].owner_email)
    one.open("/audit?code=ABA-0020")
    one.page.locator(".audit summary").first.focus()
    one.page.keyboard.press("Enter")
    assert one.page.locator(".audit details[open]").count() == 1


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(story, reader, size, scheme):
    one = reader(story[0].owner_email, size=size, scheme=scheme)
    one.open("/audit")
    if "Verify now" in one.page.locator(".proof").inner_text():
        one.page.get_by_role("button", name="Verify now").click()
    one.open("/audit")
    assert_accessible(one.page)
    assert_fits(one.page)
    shoot(one.page, f"audit-{size[0]}-{scheme}")
    one.open("/audit?period=24h&code=ABA-0010,ABA-0020,ABA-0030")
    one.page.locator(".audit summary").nth(1).click()
    assert_accessible(one.page)
    assert_fits(one.page)
    shoot(one.page, f"audit-open-{size[0]}-{scheme}")
    one.page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(one.page)


def test_menus_open_within_the_page(story, reader):
    one = reader(story[0].owner_email)
    one.open("/audit?code=ABA-0010&method=POST&period=24h")
    assert_menus_fit(one.page)
