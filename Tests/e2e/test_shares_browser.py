"""A shared call in a browser: at a desk and on a phone, in light and dark, with everything that is hard to show."""

import json
import urllib.parse

import pytest

from harness.client import entry
from harness.people import an_email
from harness.shares import Sharer

EVIL = '<script>document.title = "run"</script><img src=x onerror="document.title = \'run\'">'
WIDE = "w" * 3000


@pytest.fixture(scope="module")
def sharer(scene):
    return Sharer(scene)


def call_to_show(sharer):
    body = {"error": "service_unavailable", "text": EVIL, "wide": WIDE, "rtl": "שלום \u202egpj.exe", "n": [1, []]}
    return sharer.send(
        entry(
            status_code=503,
            duration_ms=812,
            bot={"id": "support-bot", "name": "Support bot"},
            source={"type": "flow", "path": "Main flow / Create ticket", "node_id": "n-42"},
            url="https://acme.zendesk.com/api/v2/tickets.json?" + "q=1&" * 60,
            error={"type": "provider_down", "message": "The ticket could not be made: " + EVIL},
            request={
                "headers": {
                    "Content-Type": "application/json",
                    "Authorization": "Bearer s3cretToken123456",
                    "X-Wide": WIDE,
                },
                "body": json.dumps({"ticket": {"subject": "Help", "comment": {"body": "It does not work"}}}),
            },
            response={
                "headers": {"Content-Type": "application/json", "X-Request-Id": "0123456789", "Retry-After": "30"},
                "body": json.dumps({**body, "rows": [{"number": number} for number in range(9000)]}, ensure_ascii=False),
            },
        )
    )["id"]


def address(sharer, reader):
    return urllib.parse.urljoin(sharer.api.url, reader.path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, height", [(390, 844), (1440, 900)])
def test_page(sharer, browser, tmp_path, width, height, scheme):
    recipient = an_email("reader")
    sharer.share(call_to_show(sharer), [recipient], message="Can you look at this?\nIt began this morning. " + EVIL)
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
    )
    page = context.new_page()
    errors = []
    page.on("console", lambda message: errors.append(message.text))
    page.goto(address(sharer, sharer.reader(recipient)))
    page.screenshot(path=str(tmp_path / f"share-{width}-{scheme}.png"), full_page=True)
    assert page.title() == "Zendesk answered 503 · Calltrail"
    assert errors == [], "the page obeys its own policy"
    assert page.evaluate("document.scripts.length + document.images.length") == 0
    # nothing but the boxes scrolls sideways, and they are bounded
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.eval_on_selector_all("pre, .rows", "boxes => boxes.map(box => box.offsetHeight)")
    assert len(heights) == 5 and max(heights) <= 420
    assert page.evaluate("document.documentElement.scrollHeight") < 6000
    with page.expect_download() as download:
        page.get_by_role("link", name="Download HAR").click()
    assert download.value.suggested_filename.startswith("call-zendesk-503-")
    document = json.loads(open(download.value.path()).read())
    assert document["log"]["entries"][0]["response"]["status"] == 503
    context.close()


@pytest.mark.parametrize("width, height, scheme", [(390, 844, "light"), (1440, 900, "dark")])
def test_passphrase(start_scene, own_database, browser, tmp_path, width, height, scheme):
    # the cookie of an https address would not come back here
    scene = start_scene(own_database, CALLTRAIL_PUBLIC_URL=None)
    sharer = Sharer(scene)
    recipient = an_email("reader")
    sharer.share(call_to_show(sharer), [recipient], passphrase="open sesame")
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    mail = sharer.mail_for(recipient)
    path = mail.get_body(["plain"]).get_content().split("/s/")[1].split()[0]
    page.goto(f"{sharer.api.url}/s/{path}")
    page.screenshot(path=str(tmp_path / f"passphrase-{width}-{scheme}.png"))
    page.get_by_label("Passphrase").fill("not this one")
    page.get_by_role("button", name="Show the call").click()
    assert page.get_by_role("alert").inner_text() == "That is not the passphrase."
    page.get_by_label("Passphrase").fill("open sesame")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Zendesk answered 503").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.reload()
    assert page.title() == "Zendesk answered 503 · Calltrail"
    context.close()
