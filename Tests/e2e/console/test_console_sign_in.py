"""Signing in and out of the console, and what surrounds its pages."""

import re

import httpx
import pytest

from harness.console import DESK, PHONE, assert_accessible, assert_fits, shoot
from harness.people import PASSWORD, House, accept, an_address, an_email, link_of, mail_to

LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def http(people_api):
    with httpx.Client(base_url=people_api.url, timeout=20, headers={"X-Forwarded-For": an_address()}) as client:
        yield client


def sign_in(http, email, password=PASSWORD, **fields):
    return http.post("/login", data={"email": email, "password": password, **fields})


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_sign_in_comes_back_to_the_page(house, reader, script):
    one = reader(script=script)
    one.open("/logs?q=a%20b")
    assert one.page.url == one.api.url + "/login?return_to=%2Flogs%3Fq%3Da%2520b"
    one.sign_in(house.owner_email, "not the password")
    assert one.page.get_by_role("alert").inner_text().strip() == "The address or the password is wrong."
    assert one.page.get_by_label("Email").input_value() == house.owner_email
    assert one.page.get_by_label("Password").input_value() == ""
    one.sign_in(house.owner_email)
    assert one.page.url == one.api.url + "/logs?q=a%20b"
    one.open("/login")
    assert one.page.url == one.api.url + "/logs"
    one.open("/")
    assert one.page.url == one.api.url + "/logs"


def test_sign_in_by_keyboard(house, reader):
    one = reader()
    one.open("/login")
    one.page.keyboard.press("Tab")
    one.page.keyboard.type(house.owner_email)
    one.page.keyboard.press("Tab")
    one.page.keyboard.type(PASSWORD)
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**/logs")
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.textContent") == "Skip to content"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_sign_out(house, reader, script):
    one = reader(house.owner_email, script=script)
    one.open("/logs")
    one.page.locator(".rail .person summary").click()
    one.page.locator(".rail").get_by_role("button", name="Sign out").click()
    one.page.wait_for_url("**/login")
    assert one.page.get_by_role("status").inner_text().strip() == "You are signed out."
    one.page.reload()
    assert one.page.get_by_role("status").count() == 0, "a notice is shown once"
    one.open("/logs")
    assert one.page.url.endswith("/login?return_to=%2Flogs")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_tenant_switch(people_api, house, reader, script):
    other, email = House(people_api), house.add("supervisor")["email"]
    assert accept(people_api, other.invite(email, "supervisor"), password=PASSWORD).status_code == 204
    one = reader(email, script=script)
    one.open("/logs")
    switch = one.page.locator(".rail .tenant summary")
    assert house.name in switch.inner_text()
    switch.click()
    one.page.locator(".rail .tenant").get_by_role("button", name=other.name).click()
    one.page.get_by_role("status").filter(has_text=f"You are looking at {other.name} now.").wait_for()
    assert one.page.url.endswith("/logs") and other.name in switch.inner_text()


def test_cookie_and_headers(house, http):
    answer = sign_in(http, house.owner_email)
    assert answer.status_code == 303 and answer.headers["location"] == "/logs" and not answer.content
    assert re.fullmatch(
        r"calltrail=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800", answer.headers["set-cookie"]
    )
    page = http.get("/logs")
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff" and page.headers["referrer-policy"] == "same-origin"
    assert "<style" not in page.text and "style=" not in page.text and not re.search(r"<script>|\son\w+=", page.text)


def test_assets_are_kept_for_good_and_the_first_page_is_small(house, http):
    sign_in(http, house.owner_email)
    page = http.get("/logs")
    size = len(page.content)
    paths = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text))
    assert len(paths) == 3
    for path in paths:
        answer = http.get(path)
        assert answer.status_code == 200 and answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        size += len(answer.content)
    assert size <= 100_000, size
    assert http.get("/assets/console-000000000000.css").status_code == 404


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/",
        "//evil.example.com",
        "/\\evil.example.com",
        "/\t/evil.example.com",
        "\\\\evil.example.com",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie: evil=1\r\nx",
        "x" * 5000,
        "",
    ],
)
def test_signing_in_leads_nowhere_else(house, http, target):
    page = http.get("/login", params={"return_to": target[:3000]})
    assert page.status_code == 200 and 'name="return_to"' not in page.text
    answer = sign_in(http, house.owner_email, return_to=target)
    assert answer.status_code == 303 and answer.headers["location"] == "/logs"
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
def test_forms_of_other_sites_are_refused(house, http, headers):
    fields = {"email": house.owner_email, "password": PASSWORD}
    foreign = http.post("/login", data=fields, headers=headers)
    assert foreign.status_code == 403 and "set-cookie" not in foreign.headers
    assert http.post("/forgot-password", data=fields, headers=headers).status_code == 403
    assert sign_in(http, house.owner_email).status_code == 303
    for path in ("/sign-out", "/session/tenant"):
        assert http.post(path, data={"tenant_id": house.id}, headers=headers).status_code == 403
        assert http.post(path, data={"tenant_id": house.id}).status_code == 403, "a browser says where it comes from"
    assert http.get("/logs").status_code == 200


def test_mistakes_stand_beside_their_fields(house, http):
    answer = http.post("/login", data={"email": "", "password": ""})
    assert answer.status_code == 422
    assert "Your email is needed." in answer.text and "Your password is needed." in answer.text
    answer = sign_in(http, house.owner_email, "<script>x</script>")
    assert answer.status_code == 422 and "x</script>" not in answer.text
    answer = http.post("/forgot-password", data={"email": "<b>nobody"})
    assert answer.status_code == 422 and 'value="&lt;b&gt;nobody"' in answer.text and "aria-invalid" in answer.text
    assert http.post("/login", json={"email": "x"}).status_code == 415
    assert http.post("/login", content=b"email=%ff", headers={"Content-Type": FORM}).status_code == 400
    assert http.post("/login", content=b"email=" + b"x" * 70_000, headers={"Content-Type": FORM}).status_code == 413


FORM = "application/x-www-form-urlencoded"


def test_too_many_tries_say_when_to_come_again(house, http):
    email = house.add("agent")["email"]
    answers = [sign_in(http, email, f"wrong password {number}") for number in range(7)]
    assert answers[0].status_code == 422 and answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1 and "Try again in" in answers[-1].text


def test_forgotten_password(people_api, house, reader):
    email = house.add("supervisor")["email"]
    one = reader()
    one.open("/login")
    one.page.get_by_role("link", name="Forgot your password?").click()
    one.page.get_by_label("Email").fill(email)
    one.page.get_by_role("button", name="Send link").click()
    assert one.page.get_by_role("heading", name="Look into your mail").is_visible()
    one.page.goto(link_of(mail_to(people_api, email, "password")))
    assert_accessible(one.page)
    one.page.get_by_label("Password").fill("short-but-twelve-characters")
    one.page.get_by_role("button", name="Set password").click()
    one.page.get_by_role("link", name="Sign in").click()
    one.sign_in(email, "short-but-twelve-characters")
    one.page.wait_for_url("**/logs")


def test_an_ended_session_says_so(house, reader, people_api):
    one = reader(house.owner_email)
    one.open("/logs")
    token = one.context.cookies()[0]["value"]
    people = httpx.delete(people_api.url + "/v1/sessions/current", headers={"Authorization": f"Bearer {token}"})
    assert people.status_code == 204
    one.open("/logs?status=error")
    assert one.page.url.endswith("/login?return_to=%2Flogs%3Fstatus%3Derror")
    assert "Your session has ended" in one.page.get_by_role("status").inner_text()


def test_a_key_opens_no_page(house, http):
    key = house.key("call_logs:read")["key"]
    answer = http.get("/logs", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("role", ["agent", "bot_builder"])
def test_roles_without_the_right(house, reader, role):
    one = reader(house.add(role)["email"])
    answer = one.open("/logs")
    if role == "agent":
        assert answer.status == 403
        assert "this page is for owner, supervisor and bot builder" in one.page.locator("main").inner_text()
        assert one.page.locator(".rail nav a").all_inner_texts() == ["Notifications"]
        assert_accessible(one.page)
    else:
        assert answer.status == 200
        assert one.page.locator(".rail nav a").all_inner_texts() == [
            "Logs", "Connections", "Bots", "Usage", "Notifications",
        ]


def test_no_plan(people_api, reader):
    poor = House(people_api, plan="starter")
    one = reader(poor.owner_email)
    assert one.open("/logs").status == 403
    words = one.page.locator("main").inner_text()
    assert "does not have call logs yet" in words and "business or enterprise plan (this tenant has starter)" in words
    assert_accessible(one.page)
    shoot(one.page, "no-plan")


def test_unknown_paths(http):
    page = http.get("/nowhere", headers={"Accept": "text/html"})
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")
    assert page.headers["x-request-id"] in page.text
    assert http.get("/nowhere").headers["content-type"] == "application/problem+json"
    assert http.get("/v1/nowhere", headers={"Accept": "text/html"}).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("size,scheme", LOOKS)
def test_looks(people_api, house, reader, size, scheme):
    email = an_email("looks")
    setup = house.owner.post("/v1/users", {"email": email, "role": "agent"}).json()["setup_url"]
    one = reader(size=size, scheme=scheme)
    for name, path in [("login", "/login"), ("forgot", "/forgot-password"), ("setup", setup), ("gone", "/reset/x")]:
        one.open(path)
        assert_accessible(one.page)
        assert_fits(one.page)
        shoot(one.page, f"{name}-{size[0]}-{scheme}")
    other = reader(house.owner_email, size=size, scheme=scheme)
    other.open("/logs")
    if size == PHONE:
        other.page.locator(".bar summary").click()
    else:
        other.page.locator(".rail .person summary").click()
    assert_accessible(other.page)
    assert_fits(other.page)
    shoot(other.page, f"frame-{size[0]}-{scheme}")
