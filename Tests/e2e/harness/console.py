"""The console in a real browser: people who look at it, and what they may complain of."""

import os
import pathlib

from axe_playwright_python.sync_playwright import Axe

from .people import PASSWORD, Visitor, an_address

DESK, PHONE = (1440, 900), (390, 844)
SHOTS = os.environ.get("CALLTRAIL_SHOTS")


class Reader:
    """Somebody at a browser of their own; signed in when an address is given."""

    def __init__(self, browser, api, email=None, size=DESK, scheme="light", script=True, zone="Europe/Berlin"):
        self.api = api
        self.context = browser.new_context(
            base_url=api.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=script,
            timezone_id=zone,
            extra_http_headers={"X-Forwarded-For": an_address()},
            permissions=["clipboard-read", "clipboard-write"],
        )
        if email:
            token = Visitor(api).sign_in(email).token
            self.context.add_cookies([{"name": "calltrail", "value": token, "url": api.url, "httpOnly": True}])
        self.page = self.context.new_page()
        self.complaints = []
        # a policy that is broken, and whatever a script throws, is an error of the console
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self._complain(message))

    def _complain(self, message):
        # the browser itself reports every page that is answered by 4xx
        if "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, path):
        """Opens a page; returns the answer."""
        return self.page.goto(path)

    def sign_in(self, email, password=PASSWORD):
        """Fills in the form that is shown."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def close(self):
        """Ends; nothing may have gone wrong in the browser."""
        self.context.close()
        assert not self.complaints, self.complaints


def assert_accessible(page):
    """axe finds nothing that is serious or critical."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [
        (one["id"], [node["target"] for node in one["nodes"]][:5], one["nodes"][0].get("failureSummary"))
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not serious, serious


def assert_fits(page):
    """Nothing makes the page scroll sideways."""
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    # what stands out to the right
    beyond = "e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1"
    wide = f"[...document.querySelectorAll('body *')].filter({beyond}).map(e => e.outerHTML.slice(0, 120))"
    assert widths[0] <= widths[1], (widths, page.evaluate(wide)[:5])


def assert_menus_fit(page):
    """Each menu of the filters opens within the page, wherever it stands."""
    for width in (360, 800, 1100, 1321, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for menu in page.locator(".filters > details").all():
            menu.evaluate("menu => menu.open = true")
            assert_fits(page)
            left = menu.locator(".pop").evaluate(
                "pop => pop.getBoundingClientRect().left - pop.closest('main').getBoundingClientRect().left"
            )
            assert left >= 0, (width, menu.inner_text())
            menu.evaluate("menu => menu.open = false")


def shoot(page, name):
    """Keeps a picture of the page, where somebody wants to look at it."""
    if SHOTS:
        pathlib.Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")
