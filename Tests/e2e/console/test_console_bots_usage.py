"""Bots and usage in a browser."""

import random
import re

import pytest

from harness.client import Client, ago, entry
from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.people import House, Visitor

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "<script>document.title='broken'</script> {{name}} \u202eevil"
ODD = "../a b/&?#%"


def words(locator):
    return re.sub(r"\s+", " ", locator.inner_text())


@pytest.fixture(scope="module")
def full(house):
    """A tenant with three weeks of calls."""
    client = Client(house.api, write_key=house.key("call_logs:write")["key"], read_key=house.key("call_logs:read")["key"])
    chance = random.Random(7)
    bots = [{"id": "support-bot", "name": "Support bot"}, {"id": "order-bot", "name": "Order bot"}, {"id": "hostile", "name": HOSTILE},
            {"id": ODD, "name": ""}]
    calls = []
    for day in range(20):
        for number in range(chance.randrange(10, 60) if day % 7 else 4):
            application = chance.choice(["zendesk", "google_sheets", "twilio"])
            calls.append(
                entry(occurred_at=ago(days=day, minutes=number + 1), bot=chance.choice(bots[:2]), application=application,
                      status_code=503 if chance.random() < 0.09 else 200, duration_ms=chance.randrange(40, 900),
                      response={"headers": {}, "body": "x" * chance.randrange(4000)}))
    calls += [entry(occurred_at=ago(minutes=3), bot=bot) for bot in bots[2:]]
    calls += [entry(occurred_at=ago(minutes=2), bot=bots[3], status_code=404)]
    client.send(calls)
    client.close()
    house.calls = calls
    return house


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_bots(full, reader, script):
    one = reader(full.owner_email, script=script)
    one.open("/bots")
    odd = one.page.locator("tr", has_text=ODD)
    assert [words(cell) for cell in odd.locator("td").all()[:2]] == ["2", "1 (50 %)"]
    odd.get_by_role("link", name="1 (50 %)").click()
    assert one.page.locator("#list .call").count() == 1
    one.open("/bots")
    odd.get_by_role("link", name="Edit").click()
    one.page.get_by_label("Name").fill("Odd one")
    one.page.get_by_label("Link to a node").fill("javascript:alert(1)//{path}")
    one.page.get_by_role("button", name="Save").click()
    assert "It begins with https:// or http://." in words(one.page.locator("#n-source_url_template"))
    assert one.page.get_by_label("Name").input_value() == "Odd one"
    assert one.page.locator('a[href^="javascript"]').count() == 0
    one.page.get_by_label("Link to a node").fill("https://flows.example.com/{bot_id}?at={path}&node={node_id}")
    one.page.get_by_role("button", name="Save").click()
    assert "Odd one is saved." in words(one.page.locator("main"))
    example = one.page.locator("section", has_text="Example").get_by_role("link")
    assert example.get_attribute("href") == (
        "https://flows.example.com/..%2Fa%20b%2F%26%3F%23%25?at=Main%20flow%20%2F%20Create%20ticket&node=n-42"
    )
    assert full.owner.get("/v1/bots").json()["data"][0]["source_url_template"].startswith("https://flows.example.com/")
    one.page.get_by_label("Name").fill("")
    one.page.get_by_label("Link to a node").fill("")
    one.page.get_by_role("button", name="Save").click()
    assert one.open("/bots/edit?bot=nobody").status == 404


def test_bots_in_pages(people_api, reader):
    house = House(people_api)
    writer = Visitor(people_api, house.key("call_logs:write")["key"])
    answer = writer.post("/v1/call-logs", [entry(occurred_at=ago(minutes=1), bot={"id": f"b-{n:03}"}) for n in range(120)])
    assert answer.status_code == 200
    one = reader(house.owner_email, script=False)
    one.open("/bots")
    assert one.page.locator("tbody tr").count() == 50
    one.page.get_by_role("link", name="Next page").click()
    one.page.get_by_role("link", name="Next page").click()
    assert one.page.locator("tbody tr").count() == 20
    assert {words(row.locator("td").first) for row in one.page.locator("tbody tr").all()} == {"1"}
    one.page.get_by_role("link", name="To the first page").click()
    assert one.page.locator("tbody tr").count() == 50


def test_usage(full, reader):
    one = reader(full.owner_email)
    one.open("/usage")
    figures = words(one.page.locator(".figures").first)
    errors = sum(call["status_code"] >= 400 for call in full.calls)
    assert re.search(rf"Calls {len(full.calls)} Failed {errors} ", figures), figures
    assert "Bots that called 4" in figures
    drawing = one.page.get_by_role("img", name="Calls by day")
    assert drawing.locator("g").count() == 30
    table = one.page.get_by_role("table", name="Calls and storage by day")
    assert table.locator("tbody tr").count() == 30
    counted = [int(words(row.locator("td").first)) for row in table.locator("tbody tr").all()]
    assert sum(counted) == len(full.calls)
    assert "newest 10 000 calls" in words(one.page.locator("main")).replace("\u202f", " ")
    slowest = one.page.get_by_role("table", name="Slowest applications")
    assert re.search(r"\d+ ms", words(slowest.locator("tbody")))
    api = full.owner.get("/v1/usage").json()
    assert words(slowest.locator("tbody tr").first).startswith(api["recent_durations"][0]["name"])
    failing = one.page.get_by_role("table", name="Bots that fail most").locator("tbody tr").first
    assert f" {api['failing_bots'][0]['errors']} " in words(failing)
    one.page.get_by_role("link", name="7 days").click()
    assert one.page.get_by_role("img", name="Calls by day").locator("g").count() == 7
    day = one.page.get_by_role("table", name="Calls and storage by day").locator("tbody tr").nth(1)
    number = int(words(day.locator("td").first))
    day.get_by_role("link").click()
    one.page.wait_for_url("**/logs?from=*&to=*")
    assert one.page.locator("#list .call").count() == min(number, 50)


@pytest.mark.parametrize("role", ["owner", "supervisor", "bot_builder", "agent"])
@pytest.mark.parametrize("path", ["/bots", "/usage", "/bots/edit?bot=support-bot"])
def test_roles(full, reader, role, path):
    email = full.owner_email if role == "owner" else full.add(role)["email"]
    assert reader(email).open(path).status == (403 if role == "agent" else 200)


def test_without_the_plan_and_without_calls(people_api, reader):
    poor = reader(House(people_api, plan="starter").owner_email)
    for path in ("/bots", "/usage"):
        assert poor.open(path).status == 403
        assert "does not have call logs yet" in words(poor.page.locator("main"))
    empty = reader(House(people_api).owner_email)
    empty.open("/bots")
    assert "No bots here" in words(empty.page.locator("main"))
    assert_accessible(empty.page)
    empty.open("/usage")
    assert "No calls in this time" in words(empty.page.locator("main"))
    assert_accessible(empty.page)


def test_hostile_names_stay_texts(full, reader):
    one = reader(full.owner_email)
    for path in ("/bots", "/bots/edit?bot=hostile"):
        one.open(path)
        assert one.page.title() != "broken"
        assert "<script>document.title='broken'</script> {{name}} evil" in one.page.locator("main").inner_text()
        assert "\u202e" not in one.page.locator("main").inner_text()


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(full, reader, size, scheme):
    one = reader(full.owner_email, size=size, scheme=scheme)
    for name, path in {"usage": "/usage", "bots": "/bots", "bot": "/bots/edit?bot=support-bot"}.items():
        one.open(path)
        assert_accessible(one.page)
        assert_fits(one.page)
        shoot(one.page, f"{name}-{size[0]}-{scheme}")
        one.page.evaluate("window.scrollTo(0, 640)")
        shoot(one.page, f"{name}-{size[0]}-{scheme}-2")
    one.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/usage", "/bots", "/bots/edit?bot=support-bot"):
        one.open(path)
        assert_fits(one.page)
