"""The API logs in a browser: found, filtered, read, by mouse and keyboard, with script and without."""

import json
import re
import urllib.parse

import pytest

from harness.client import Client, ago, entry
from harness.console import DESK, PHONE, assert_accessible, assert_fits, assert_menus_fit, shoot
from harness.people import House

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
HOSTILE = "<script>document.title='broken'</script><img src=x onerror=alert(1)>"
CONNECTION = "01890000-0000-7000-8000-000000000001"


def big_body():
    """About 200 KiB of JSON."""
    return json.dumps([{"id": n, "name": f"Item {n}", "tags": ["a", "b"], "more": {"x": {"y": "z" * 60}}} for n in range(1600)])


@pytest.fixture(scope="module")
def story(house):
    """Calls of every kind; the ids by what they are."""
    client = Client(house.api, write_key=house.key("call_logs:write")["key"], read_key=house.key("call_logs:read")["key"])
    support, sales = {"id": "support-bot", "name": "Support bot"}, {"id": "sales", "name": "مبيعات\u202eevil"}
    flow = {"type": "flow", "path": "Main flow / Create ticket", "node_id": "n-42"}
    calls = {
        "down": entry(
            occurred_at=ago(minutes=2), status_code=503, duration_ms=812, bot=support, source=flow,
            user={"id": "u-7", "name": "Ada"}, error={"type": "provider_down", "message": "upstream <b>broke</b>"},
            response={"headers": {"Content-Type": "application/json"}, "body": json.dumps(
                {"error": {"code": 503, "text": "Überlastet", "html": HOSTILE}, "list": [1, 2, {"deep": [True, None]}]})},
        ),
        "refused": entry(occurred_at=ago(minutes=4), status_code=401, bot=support, application="google_sheets",
                         method="GET", url="https://sheets.example.com/v4/x", connection_id=CONNECTION,
                         request={"headers": {"Authorization": "Bearer s3cret-of-somebody-42"}, "body": ""}),
        "hostile": entry(occurred_at=ago(minutes=6), bot=sales, method="PUT", url="https://example.com/?x=<script>alert(1)</script>",
                         user={"id": HOSTILE, "name": HOSTILE}, source={"type": "flow", "path": HOSTILE},
                         response={"headers": {"X-Bad": HOSTILE}, "body": HOSTILE + "\u202e"}),
        "inbox": entry(occurred_at=ago(minutes=8), source={"type": "inbox", "agent": {"name": "Grace", "email": "g@example.com"}}),
        "big": entry(occurred_at=ago(minutes=10), bot=support, response={"headers": {}, "body": big_body()}),
        "cut": entry(occurred_at=ago(minutes=12), bot=support, response={"headers": {}, "body": '{"a":"' + "x" * 300_000 + '"}'}),
        "yesterday": entry(occurred_at=ago(hours=25), bot=support, duration_ms=12_345, application="twilio"),
    }
    client.send(list(calls.values()))
    client.send([entry(occurred_at=ago(days=3, minutes=n), bot=support, application="json_api") for n in range(60)])
    template = house.owner.patch("/v1/bots/support-bot", {"source_url_template": "https://flows.example.com/{bot_id}/{node_id}"})
    assert template.status_code == 200
    house.owner.patch("/v1/bots/sales", {"source_url_template": "javascript:alert('{path}')"})
    found = {item["occurred_at"]: item["id"] for item in client.all()}
    client.close()
    return {name: found[call["occurred_at"]] for name, call in calls.items()}


def rows(page):
    return page.locator("#list .call")


def test_list_and_report(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs")
    assert rows(one.page).count() == 50
    assert one.page.locator("#list h2.day").first.inner_text().startswith("Today")
    first = rows(one.page).first
    assert "503 failed" in re.sub(r"\s+", " ", first.text_content()) and "Support bot" in first.inner_text()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", first.locator("time").inner_text())
    assert first.locator("time").get_attribute("title").endswith("UTC")
    assert "No call chosen" in one.page.locator("#pane").inner_text()
    first.click()
    one.page.wait_for_selector("#report")
    assert one.page.url.endswith("/logs/" + story["down"])
    words = one.page.locator("#sentence").inner_text()
    assert re.sub(r"\s+", " ", words) == "Zendesk answered 503 to Support bot at Main flow / Create ticket, 812 ms"
    report = one.page.locator("#report").inner_text()
    assert "Zendesk is down or overloaded" in report and "upstream <b>broke</b>" in report
    assert "Überlastet" in report and "Disappears in 29 days" in report
    source = one.page.get_by_role("link", name="Main flow / Create ticket")
    assert source.get_attribute("href") == "https://flows.example.com/support-bot/n-42"
    one.page.go_back()
    one.page.wait_for_url("**/logs")


def test_keyboard(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs")
    one.page.keyboard.press("j")
    one.page.wait_for_url("**/logs/" + story["down"])
    one.page.keyboard.press("j")
    one.page.wait_for_url("**/logs/" + story["refused"])
    one.page.wait_for_selector(f'[data-report="{story["refused"]}"]')
    assert one.page.locator("[data-call][aria-current]").get_attribute("data-call") == story["refused"]
    one.page.keyboard.press("c")
    one.page.locator("[data-copy=curl]", has_text="Copied").wait_for()
    copied = one.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl --request GET") and "s3cret" not in copied
    assert copied == house.owner.get(f"/v1/call-logs/{story['refused']}/curl").text.rstrip("\n")
    one.page.keyboard.press("k")
    one.page.wait_for_url("**/logs/" + story["down"])
    one.page.keyboard.press("?")
    assert one.page.get_by_role("dialog").is_visible()
    assert_accessible(one.page)
    one.page.keyboard.press("Escape")
    one.page.keyboard.press("/")
    one.page.keyboard.type("sheets.example")
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**/logs?q=sheets.example")
    assert rows(one.page).count() == 1
    for _ in range(60):
        one.page.keyboard.press("j")
    one.page.wait_for_selector(f'[data-report="{story["refused"]}"]')


def test_reauthorise_is_offered_where_it_is_the_cure(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs/" + story["refused"])
    link = one.page.get_by_role("link", name="Reauthorise Google Sheets")
    assert link.get_attribute("href") == "/connections/" + CONNECTION
    assert "1 secret was redacted" in one.page.locator("#report").inner_text()
    one.open("/logs/" + story["down"])
    assert one.page.get_by_role("link", name=re.compile("Reauthorise")).count() == 0
    one.open("/logs/" + story["inbox"])
    assert "Grace" in one.page.locator(".facts").inner_text() and "g@example.com" in one.page.locator(".facts").inner_text()


def test_hostile_texts_stay_texts(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs/" + story["hostile"])
    assert one.page.title() != "broken" and one.page.locator("img").count() == 0
    assert one.page.locator('a[href^="javascript"]').count() == 0
    assert HOSTILE in one.page.locator("#report").inner_text()
    assert "\u202e" not in one.page.locator("body").inner_text()
    assert "⟨U+202E⟩" in one.page.locator("#report .message").last.inner_text()
    answer = one.page.request.get(f"{one.api.url}/logs/{story['hostile']}/response")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'" and HOSTILE in answer.text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_filters(house, story, reader, script):
    one = reader(house.owner_email, script=script)
    one.open("/logs")
    bar = one.page.get_by_role("search")
    bar.locator("summary", has_text="Status").click()
    assert re.sub(r"\s+", "", bar.locator("label.check", has_text="Error").inner_text()) == "Error2"
    bar.get_by_role("checkbox", name="Error").check()
    bar.locator("summary", has_text="Method").click()
    bar.get_by_label("GET").check()
    bar.get_by_label("POST").check()
    bar.get_by_role("button", name="Apply").locator("visible=true").last.click()
    one.page.wait_for_url("**/logs?status=error&method=*")
    chosen = urllib.parse.parse_qs(urllib.parse.urlsplit(one.page.url).query)
    assert sorted(chosen["method"][0].split(",")) == ["GET", "POST"] and chosen["status"] == ["error"]
    assert rows(one.page).count() == 2
    chips = one.page.locator(".chip")
    assert chips.count() == 3
    chips.filter(has_text="POST").click()
    one.page.wait_for_url("**/logs?status=error&method=GET")
    assert rows(one.page).count() == 1
    rows(one.page).first.click()
    one.page.wait_for_url(f"**/logs/{story['refused']}?status=error&method=GET")
    one.page.wait_for_selector("#report")
    one.page.get_by_role("link", name="Clear all").click()
    one.page.wait_for_url("**/logs")
    one.open("/logs?q=nothing-like-this&method=GET")
    assert "No call matches" in one.page.locator("#list").inner_text()
    one.page.get_by_role("link", name="Without text").click()
    one.page.wait_for_url("**/logs?method=GET")
    one.open("/logs?status=neither")
    assert "This filter can't be used" in one.page.locator("main").inner_text()
    assert one.page.get_by_role("link", name="Clear all").is_visible()


def test_periods(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs")
    one.page.locator("summary", has_text="All time").click()
    one.page.get_by_role("link", name="Last 24 hours").click()
    one.page.wait_for_url("**/logs?period=24h")
    assert rows(one.page).count() == 6
    one.page.locator("summary", has_text="Last 24 hours").click()
    day = ago(days=3)[:10]
    one.page.get_by_label("From", exact=True).fill(day)
    one.page.get_by_label("To", exact=True).fill(day)
    one.page.keyboard.press("Enter")
    one.page.wait_for_url(f"**/logs?from={day}&to={day}")
    assert rows(one.page).count() >= 1
    answer = one.page.request.get(one.api.url + "/logs?period=1y")
    assert answer.status == 400 and "1h, 24h, 7d" in answer.text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_pages(house, story, reader, script):
    one = reader(house.owner_email, script=script)
    one.open("/logs?application=json_api")
    assert rows(one.page).count() == 50
    one.page.get_by_role("link", name="Older").click()
    one.page.wait_for_url("**cursor=*")
    assert rows(one.page).count() == 10 and one.page.get_by_role("link", name="Older").count() == 0
    one.page.get_by_role("link", name="Newer").click()
    one.page.wait_for_url("**/logs?application=json_api")
    answer = one.page.request.get(one.api.url + "/logs?cursor=nonsense")
    assert answer.status == 400 and "cursor" in answer.text()


def test_histogram(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs?period=24h")
    bars = one.page.locator(".histogram a")
    assert 20 <= bars.count() <= 48
    assert "6 calls, 2 failed" in one.page.locator("#counted").inner_text()
    box = one.page.locator(".histogram svg").bounding_box()
    one.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 30, steps=4)
    assert one.page.locator(".histogram a.brushed").count() > 5
    one.page.mouse.up()
    one.page.wait_for_url("**/logs?from=*&to=*")
    assert rows(one.page).count() == 6
    one.open("/logs?period=24h")
    bars.last.focus()
    one.page.keyboard.press("Shift+ArrowLeft")
    one.page.keyboard.press("Shift+ArrowLeft")
    assert one.page.locator(".histogram a.brushed").count() == 3
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**/logs?from=*&to=*")
    assert rows(one.page).count() == 6


def test_histogram_without_script(house, story, reader):
    one = reader(house.owner_email, script=False)
    one.open("/logs?period=1h")
    one.page.locator(".histogram a").last.focus()
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**/logs?from=*&to=*")


def test_large_bodies_stay_small_pages(house, story, reader):
    one = reader(house.owner_email)
    answer = one.open("/logs/" + story["big"])
    assert len(answer.body()) < 120_000
    assert one.page.locator(".json li").count() < 400
    assert "The response is long" in one.page.locator("#report").inner_text()
    one.page.get_by_role("link", name="Open all of it").first.click()
    one.page.wait_for_url("**/response")
    assert one.page.evaluate("document.body.innerText.length") > 190_000
    one.open("/logs/" + story["cut"])
    assert "its first 256 KiB are kept" in one.page.locator("#report").inner_text()


def test_find_in_a_response(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs/" + story["down"])
    one.page.get_by_label("Search in the response").fill("überl")
    assert one.page.locator(".json .hit").count() == 1
    one.page.get_by_label("Search in the response").fill("deep")
    assert one.page.locator(".json .hit").first.is_visible()


def test_times_in_the_readers_zone(house, story, reader):
    one = reader(house.owner_email, zone="Asia/Tokyo")
    one.open("/login")
    one.open("/logs/" + story["down"])
    assert one.page.locator("html").get_attribute("data-zone") == "Asia/Tokyo"
    universal = reader(house.owner_email, script=False)
    universal.open("/logs/" + story["down"])
    assert universal.page.locator(".facts time").inner_text().endswith(" UTC")
    # whoever comes by a link has the times rewritten once
    late = reader(house.owner_email, zone="Asia/Tokyo")
    late.open("/logs/" + story["down"])
    assert late.page.locator(".facts time").inner_text() == one.page.locator(".facts time").inner_text()


def test_nothing_moves_while_a_page_loads(house, story, reader):
    one = reader(house.owner_email)
    one.page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) "
        "{ window.shift += entry.value; for (const one of entry.sources) window.moved = (window.moved || '') + "
        "(one.node?.outerHTML || '').slice(0, 90) + JSON.stringify([one.previousRect, one.currentRect]); } }).observe({ type: 'layout-shift', buffered: true });"
    )
    for path in ("/login", "/logs", "/logs/" + story["down"], "/logs?status=error"):
        one.open(path)
        one.page.wait_for_load_state("networkidle")
        assert one.page.evaluate("window.shift") < 0.01, (path, one.page.evaluate("window.moved"))


def test_foreign_calls_are_unknown(people_api, story, reader):
    one = reader(House(people_api).owner_email)
    for path in ("/logs/" + story["down"], f"/logs/{story['down']}/response", "/logs/x"):
        assert one.open(path).status == 404
    assert "There is no such call" in one.page.request.get(one.api.url + "/logs/" + story["down"]).text()


def test_first_call(people_api, reader):
    new = House(people_api)
    one = reader(new.owner_email)
    one.open("/logs")
    assert one.page.get_by_role("link", name="Make a key").get_attribute("href") == "/api-keys"
    assert "Waiting for your first call" in one.page.get_by_role("status").inner_text()
    assert_accessible(one.page)
    shoot(one.page, "first-call")
    client = Client(people_api, write_key=new.key("call_logs:write")["key"])
    client.send([entry()])
    client.close()
    one.page.wait_for_selector("#list .call", timeout=10_000)
    builder = reader(new.add("bot_builder")["email"])
    builder.open("/logs")
    assert rows(builder.page).count() == 1


def test_ended_session_while_reading(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs")
    one.context.clear_cookies()
    rows(one.page).first.click()
    one.page.wait_for_url("**/login?return_to=*")
    assert story["down"] in one.page.url


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(house, story, reader, size, scheme):
    one = reader(house.owner_email, size=size, scheme=scheme)
    one.open("/login")
    pages = {"list": "/logs", "report": "/logs/" + story["down"], "refused": "/logs/" + story["refused"] + "?status=error",
             "hostile": "/logs/" + story["hostile"], "big": "/logs/" + story["big"], "empty": "/logs?q=zzz&method=PUT",
             "bad": "/logs?code=abc"}
    for name, path in pages.items():
        one.open(path)
        shoot(one.page, f"logs-{name}-{size[0]}-{scheme}")
        assert_accessible(one.page)
        assert_fits(one.page)
    one.open("/logs?status=error")
    one.page.locator("summary", has_text="Application").click()
    shoot(one.page, f"logs-menu-{size[0]}-{scheme}")
    assert_accessible(one.page)
    assert_fits(one.page)


def test_menus_open_within_the_page(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs?status=error&code=5xx&method=GET&period=24h")
    assert_menus_fit(one.page)


def test_only_the_panes_scroll(house, story, reader):
    one = reader(house.owner_email)
    one.open("/logs/" + story["big"])
    assert one.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
