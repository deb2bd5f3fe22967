"""Cookies, and pages of other sites that make a browser send them."""

import socket
import uuid

import pytest

from harness.client import assert_problem
from harness.people import PASSWORD, House, Visitor, an_address, an_email

PUBLIC = "https://calltrail.example.com"


class Browser(Visitor):
    """A browser: it has the cookie and no token."""

    def __init__(self, api, email):
        super().__init__(api)
        answer = self.try_sign_in(email)
        assert answer.status_code == 201
        self.set_cookie = answer.headers["set-cookie"]
        self.cookie = self.set_cookie.split(";")[0]
        self.session_token = answer.json()["token"]
        # httpx keeps cookies by itself; here each request says what it sends
        self.http.cookies.clear()

    def send(self, method, path="/v1/me", body=None, cookie=None, **headers):
        """Sends a request with the cookie."""
        try:
            return self.request(method, path, body, Cookie=cookie or self.cookie, **headers)
        finally:
            self.http.cookies.clear()


@pytest.fixture(scope="module")
def browser(house):
    return Browser(house.api, house.owner_email)


@pytest.fixture
def secure(database, start_api):
    """A browser that knows the service by https."""
    api = start_api(database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32", CALLTRAIL_PUBLIC_URL=PUBLIC + "/")
    return Browser(api, House(api).owner_email)


def attributes(set_cookie):
    """What stands behind a cookie's value."""
    return {part.strip().lower() for part in set_cookie.split(";")[1:]}


def unsafe_requests():
    """Requests that would change something, and their answer when they may."""
    unknown = str(uuid.uuid4())
    return [
        ("POST", "/v1/api-keys", {"name": "x"}, 400),
        ("POST", f"/v1/api-keys/{unknown}/rotate", {}, 404),
        ("DELETE", f"/v1/api-keys/{unknown}", None, 404),
        ("PATCH", f"/v1/users/{unknown}", {"role": "owner"}, 404),
        ("DELETE", f"/v1/users/{unknown}", None, 404),
        ("PUT", "/v1/sessions/current/tenant", {"tenant_id": "2147483647"}, 404),
        ("POST", "/v1/invitations", {"email": "nobody", "role": "agent"}, 400),
        ("PATCH", "/v1/bots/unknown", {"name": "x"}, 404),
    ]


def test_cookie_over_http(browser):
    assert browser.cookie == f"calltrail={browser.session_token}"
    assert {"httponly", "samesite=lax", "path=/"} <= attributes(browser.set_cookie)
    assert "secure" not in attributes(browser.set_cookie) and "domain" not in browser.set_cookie.lower()


def test_cookie_over_https(secure):
    assert secure.cookie == f"__Host-calltrail={secure.session_token}"
    assert {"httponly", "samesite=lax", "path=/", "secure"} <= attributes(secure.set_cookie)
    assert "domain" not in secure.set_cookie.lower()
    assert secure.send("GET").status_code == 200
    # only the name that a neighbouring host can't set is taken
    assert_problem(secure.send("GET", cookie=f"calltrail={secure.session_token}"), 401, "unauthenticated")
    origins = [(PUBLIC, 404), ("http://calltrail.example.com", 403), ("https://evil.example.com", 403)]
    for origin, status in origins:
        answer = secure.send("DELETE", f"/v1/api-keys/{uuid.uuid4()}", Origin=origin)
        assert answer.status_code == status, origin
    ended = secure.send("DELETE", "/v1/sessions/current", Origin=PUBLIC)
    assert ended.status_code == 204
    assert ended.headers["set-cookie"].startswith("__Host-calltrail=;") and "secure" in attributes(
        ended.headers["set-cookie"]
    )
    assert_problem(secure.send("GET"), 401, "unauthenticated")


def test_reading_needs_no_origin(browser):
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.com"}):
        for method in ("GET", "HEAD"):
            assert browser.send(method, **headers).status_code == 200
    # a page elsewhere can't read the answer
    answer = browser.send("GET", Origin="https://evil.example.com")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "Same-Origin, cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "OWN"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://evil.example.com"},
        {"Origin": "OWN.evil.example.com"},
        {"Origin": "OWN@evil.example.com"},
        {"Origin": "https://evil.example.com/?OWN"},
        {"Origin": "http://localhost:PORT"},
        {"Referer": "OWN/"},
        {"X-Requested-With": "XMLHttpRequest"},
    ],
)
def test_unsafe_requests_of_other_sites_are_refused(house, browser, headers):
    own = {
        name: value.replace("OWN", browser.api.url).replace("PORT", str(browser.api.port))
        for name, value in headers.items()
    }
    before = house.people(), house.owner.get("/v1/api-keys").json()
    for method, path, body, _ in unsafe_requests():
        assert_problem(browser.send(method, path, body, **own), 403, "forbidden")
    assert_problem(browser.send("DELETE", "/v1/sessions/current", **own), 403, "forbidden")
    assert (house.people(), house.owner.get("/v1/api-keys").json()) == before
    assert browser.send("GET").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "OWN"}, {"Sec-Fetch-Site": "same-origin", "Origin": "OWN"}],
)
def test_unsafe_requests_of_own_pages_pass(browser, headers):
    own = {name: value.replace("OWN", browser.api.url) for name, value in headers.items()}
    for method, path, body, status in unsafe_requests():
        answer = browser.send(method, path, body, **own)
        assert answer.status_code == status, (path, answer.text)


def test_a_token_needs_no_origin(browser):
    for method, path, body, status in unsafe_requests():
        answer = browser.request(method, path, body, token=browser.session_token, **{"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == status, path


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "", "application/jsonx"],
)
def test_forms_of_other_sites_are_refused(house, browser, kind):
    """What a form can send without asking first is not taken, with a cookie or without."""
    headers = {"X-Forwarded-For": an_address(), "Cookie": browser.cookie, "Sec-Fetch-Site": "cross-site"}
    own = {**headers, "Sec-Fetch-Site": "same-origin"}
    if kind:
        headers["Content-Type"] = own["Content-Type"] = kind
    before = house.people()
    body = '{"email":"EMAIL","role":"owner","password":"PASSWORD","x":"="}'.replace("EMAIL", an_email())
    body = body.replace("PASSWORD", PASSWORD)
    http = browser.http
    assert_problem(http.post("/v1/users", content=body, headers=headers), 403, "forbidden")
    assert_problem(http.post("/v1/users", content=body, headers=own), 415, "unsupported_media_type")
    signing_in = f'{{"email":"{house.owner_email}","password":"{PASSWORD}"}}'
    for path, content in [
        ("/v1/sessions", signing_in),
        ("/v1/password-resets", f'{{"email":"{house.owner_email}"}}'),
        ("/v1/passwords", f'{{"token":"x","password":"{PASSWORD}"}}'),
        ("/v1/invitations/accept", '{"token":"1.x"}'),
    ]:
        answer = http.post(path, content=content, headers=headers)
        assert_problem(answer, 415, "unsupported_media_type")
        assert "set-cookie" not in answer.headers
    assert house.people() == before


@pytest.mark.parametrize(
    "cookie",
    [
        "calltrail=",
        "calltrail",
        "calltrail==",
        "calltrail=x%0d%0aSet-Cookie:%20evil=1",
        'calltrail="TOKEN"',
        "calltrail=TOKEN%00",
        "calltrail=TOKENx",
        "CALLTRAIL=TOKEN",
        "xcalltrail=TOKEN",
        "calltrail=' or 1=1 --",
        "calltrail=" + "x" * 8000,
        "; ; =; calltrail",
        "a=b; " * 500 + "calltrail=x",
    ],
)
def test_odd_cookies(browser, cookie):
    answer = browser.send("GET", cookie=cookie.replace("TOKEN", browser.session_token))
    assert_problem(answer, 401, "unauthenticated")
    assert "set-cookie" not in answer.headers and "evil" not in answer.text


def test_cookies_among_others(browser):
    assert browser.send("GET", cookie=f"a=b; {browser.cookie};c=d=e").status_code == 200


@pytest.mark.parametrize(
    "given", ["a%0d%0aSet-Cookie: evil=1", "a b", "a;b", "<script>", "x" * 129, "é", "a\tb", '"quoted"']
)
def test_request_ids_that_could_harm(browser, given):
    answer = browser.http.get("/livez", headers={"X-Request-Id": given.encode()})
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] != given and "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "line",
    [
        b"X-Request-Id: good\r\nSet-Cookie: evil=1",
        b"X-Request-Id: good\nSet-Cookie: evil=1",
        b"X-Request-Id: good\rSet-Cookie: evil=1",
        b"X-Request-Id: good\x00evil",
        b"X-Request-Id: good\r\n Set-Cookie: evil=1",
        b"Cookie: calltrail=x\r\nSet-Cookie: evil=1",
        b"Cookie: calltrail=x\x00; evil=1",
        b"Origin: x\r\nLocation: evil",
    ],
)
def test_raw_header_injection(people_api, line):
    with socket.create_connection(("127.0.0.1", people_api.port), timeout=10) as connection:
        connection.sendall(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + line + b"\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head = answer.split(b"\r\n\r\n")[0]
    assert head.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 ")), head
    assert b"evil" not in answer
    assert people_api.is_running()
