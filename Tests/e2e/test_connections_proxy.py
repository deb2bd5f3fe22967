"""Calls through the proxy: what goes on to the application and what comes back."""

import gzip
import hashlib
import random

import pytest

from harness.client import assert_problem
from harness.connections import Office, found_secrets
from harness.people import Visitor
from harness.proxying import send_raw


@pytest.fixture(scope="module")
def office(connected):
    """A tenant of the file's own."""
    return Office(*connected)


@pytest.fixture(scope="module")
def connection(office):
    """A connection that works and goes on working."""
    return office.connect(nodes=[{"bot_id": "support-bot", "node_id": "n-1"}])


@pytest.fixture(autouse=True)
def provider(connected):
    """The provider as it is at first; it has seen nothing."""
    provider = connected[1]
    provider.forget()
    yield provider
    provider.heal()
    provider.api_status, provider.api_headers, provider.api_body = 200, {}, None


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods(office, connection, method):
    body = b"" if method in ("GET", "OPTIONS") else b'{"a": "b\xc3\xa4"}'
    answer = office.call(connection, "things/1", method, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    echo = answer.json()
    assert (echo["method"], echo["path"], echo["query"]) == (method, "/api/things/1", "")
    assert echo["body"].encode() == body and echo["body_size"] == len(body)
    assert echo["account"] == office.account
    if body:
        assert echo["headers"]["content-length"] == str(len(body)) and "transfer-encoding" not in echo["headers"]
    else:
        assert "transfer-encoding" not in echo["headers"] and echo["headers"].get("content-length", "0") == "0"
    logged = office.wait_for_calls(connection, method=method)[0]
    assert logged["url"].endswith("/api/things/1") and logged["status_code"] == 200


def test_head(office, connection, provider):
    answer = office.call(connection, "big?bytes=70000", "HEAD")
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["content-type"] == "application/octet-stream"
    assert [request.method for request in provider.requests] == ["HEAD"]
    # what a GET would have; none is as good, another one is wrong
    assert answer.headers.get("content-length", "70000") == "70000"


def test_head_is_logged(office, connection):
    assert office.call(connection, "heads", "HEAD").status_code == 200
    (call,) = office.wait_for_calls(connection, q="/api/heads")
    assert (call["method"], call["status_code"]) == ("HEAD", 200)


PATHS = [
    "tickets.json",
    "a%20b/c%23d/%C3%A4/e@f.com/g:h;i=1,2/~x/(y)!$&'*+",
    "@elsewhere.example.com/",
    "a/",
    "a..b/...c",
    "%41%7e",
    "a%3Fb",
]


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_kept(office, connection, path):
    answer = send_raw(office, f"/v1/proxy/{connection}/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["path"] == "/api/" + path


@pytest.mark.parametrize("query", ["q=a%20b&q=c+d&x=%2F..%2F&empty=&y", "", "a=1?b=2/../&c[]=1", "%zz", "q=%C3%A4'"])
def test_queries_are_kept(office, connection, query):
    answer = send_raw(office, f"/v1/proxy/{connection}/search?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["path"] == "/api/search" and answer.json()["query"] == query


HOSTILE = [
    "../probe", "..", ".", "./x", "a/../../probe", "a/..", "%2e%2e/probe", "%2E%2E%2Fprobe", ".%2e/probe", "..%2fprobe",
    "a/%2e%2e/%2e%2e/probe", "%252e%252e/probe", "%25252e%25252e/probe", "..%252fprobe", "..;/probe", "..;a=b/probe",
    "..\\probe", "a\\..\\..\\probe", "%5c..%5cprobe", "..%5cprobe", "\\\\elsewhere.example.com\\x",
    "/elsewhere.example.com/x", "//elsewhere.example.com/x", "%2f%2felsewhere.example.com/x", "a//b",
    "http://elsewhere.example.com/x", "https://elsewhere.example.com/", "http:/\\elsewhere.example.com/",
    "a%00b", "a%0d%0aX-Injected:%201", "a%0ab", "%zz", "%", "%ff", "%c0%ae%c0%ae/probe",
    "%EF%BC%8E%EF%BC%8E/probe", "\xef\xbc\x8e\xef\xbc\x8e/probe", "\xe4", "a|b", "a<b>", 'a"b', "a{b}",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths(office, connection, provider, path):
    answer = send_raw(office, f"/v1/proxy/{connection}/{path}")
    assert answer.status_code == 400, answer.text
    assert provider.requests == [] and "calltrail-connection" not in answer.headers
    assert office.find(connection)["state"] == "healthy"


@pytest.mark.parametrize("target", ["/v1//proxy/{id}/tickets", "//v1/proxy/{id}/tickets", "/v1/proxy//{id}/tickets"])
def test_doubled_slashes_before(office, connection, provider, target):
    """What is put behind the API's URL is what stands behind the id, or nothing is called."""
    answer = send_raw(office, target.format(id=connection))
    assert [request.path for request in provider.requests] in ([], ["/api/tickets"])
    assert answer.status_code == (200 if provider.requests else 404)


SENT = [
    ("Accept", "application/vnd.x+json"), ("X-Custom", "one"), ("X-Custom", "two"), ("Content-Type", "text/plain"),
    ("User-Agent", "flow/1"), ("If-None-Match", '"tag"'), ("Idempotency-Key", "k-1"), ("Accept-Language", "de"),
]  # fmt: skip
KEPT_BACK = [
    ("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"), ("TE", "trailers"),
    ("Proxy-Authorization", "Basic eDp5"), ("Proxy-Connection", "keep-alive"), ("Upgrade", "h2c"),
    ("Cookie", "calltrail=of-the-browser"), ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Host", "inner.example.com"),
    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Anything", "x"), ("Forwarded", "for=1.2.3.4"), ("Via", "1.1 inner"),
    ("X-Real-Ip", "1.2.3.4"), ("X-Request-Id", "of-the-caller"), ("Sec-Fetch-Site", "cross-site"),
    ("Origin", "https://inner.example.com"), ("Referer", "https://inner.example.com/secret"),
    ("Calltrail-Bot-Id", "header-bot"), ("Calltrail-Bot-Name", "J%C3%BCrgen"), ("Calltrail-Anything", "x"),
    ("calltrail-node-id", "n-7"), ("Calltrail-User-Id", "u-1"), ("Calltrail-User-Name", "Zo%C3%AB"),
    ("Calltrail-Source-Path", "Haupt%20/%20%C3%84ndern"),
]  # fmt: skip


def test_headers_that_go_on(office, connection, provider):
    answer = send_raw(office, f"/v1/proxy/{connection}/x", "POST", SENT + KEPT_BACK, b"body")
    assert answer.status_code == 200, answer.text
    arrived = [(name.lower(), value) for name, value in answer.json()["raw_headers"]]
    for name, value in SENT:
        assert (name.lower(), value) in arrived, name
    names = [name for name, _ in arrived]
    for name, _ in KEPT_BACK:
        assert name.lower() not in names, name
    assert names.count("host") == names.count("authorization") == names.count("content-length") == 1
    headers = dict(arrived)
    assert headers["host"] == provider.url.removeprefix("http://")
    assert headers["authorization"].startswith("Bearer access-")
    # nothing that the caller proves itself by, or that tells of the inside
    assert office.node.token not in answer.text and "1.2.3.4" not in answer.text and "inner" not in answer.text
    # what was told of the call stands in the log
    (call,) = office.wait_for_calls(connection, bot="header-bot")
    assert call["bot"] == {"id": "header-bot", "name": "Jürgen"}
    assert call["user"] == {"id": "u-1", "name": "Zoë"}
    assert call["source"]["path"] == "Haupt / Ändern" and call["source"]["node_id"] == "n-7"


def test_authorization_is_not_the_callers_to_choose(office, connection, provider):
    """A second header of the name, whatever its case, does not go on."""
    target = f"/v1/proxy/{connection}/x"
    answer = send_raw(office, target, headers=[("aUTHORIZATION", "Basic eDp5")])
    assert answer.status_code in (200, 400, 401), answer.text
    for request in provider.requests:
        values = [value for name, value in request.raw_headers if name.lower() == "authorization"]
        assert len(values) == 1 and values[0].startswith("Bearer access-")


BAD_CONTEXT = [
    ("Calltrail-Bot-Id", "b" * 129),
    ("Calltrail-Node-Id", "%00"),
    ("Calltrail-User-Id", "a%0Ab"),
    ("Calltrail-Source-Path", "%zz"),
    ("Calltrail-Bot-Name", "%FF"),
]


@pytest.mark.parametrize("name, value", BAD_CONTEXT)
def test_what_is_told_wrongly(office, connection, provider, name, value):
    problem = assert_problem(office.call(connection, headers={name: value}), 400, "invalid_parameter")
    assert problem["errors"][0]["header"] == name and provider.requests == []


def test_headers_that_come_back(office, connection, provider):
    provider.api_headers = {
        "Set-Cookie": "session=of-the-provider", "X-Rate-Limit": "5", "ETag": '"x"', "X-Request-Id": "of-the-provider",
        "Content-Security-Policy": "script-src *", "Keep-Alive": "timeout=1", "X-Powered-By": "y",
        "Link": '<https://x.example.com/?page=2>; rel="next"', "Cache-Control": "max-age=60", "Alt-Svc": 'h3=":1"',
    }  # fmt: skip
    answer = office.call(connection, headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    for name in ("set-cookie", "keep-alive", "alt-svc"):
        assert name not in answer.headers
    for name in ("X-Rate-Limit", "ETag", "Link", "X-Powered-By"):
        assert answer.headers[name] == provider.api_headers[name]
    # no cache between here and the caller may give it to another one
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["calltrail-connection"] == connection
    # a page of the application's, opened in a browser, can do nothing here
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy and "*" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


STATUSES = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 402, 403, 404, 405, 409, 410, 413, 418, 422, 429,
    500, 502, 503, 504, 599,
]  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_come_back(office, connection, provider, status):
    provider.api_status, provider.api_body = status, b"" if status in (204, 304) else b"said there"
    provider.api_headers = {"Location": "https://elsewhere.example.com/", "Retry-After": "17"}
    answer = office.call(connection, f"status/{status}")
    assert (answer.status_code, answer.content) == (status, provider.api_body)
    assert answer.headers["location"] == "https://elsewhere.example.com/" and answer.headers["retry-after"] == "17"
    assert answer.headers["calltrail-connection"] == connection and len(provider.requests) == 1
    # a call's answer says nothing about the authorisation, unless it is 401
    found = office.find(connection)
    assert (found["state"], found["state_reason"]) == ("healthy", None)
    (call,) = [call for call in office.wait_for_calls(connection, q=f"status/{status}")]
    assert call["status_code"] == status and call["status"] == ("error" if status >= 400 else "success")


def test_bytes_are_bytes(office, connection, provider):
    body = random.Random(1).randbytes(700_000)
    answer = office.call(connection, "blob", "PUT", content=body, headers={"Content-Type": "application/zip"})
    assert answer.json()["body_sha256"] == hashlib.sha256(body).hexdigest() and answer.json()["body_size"] == len(body)
    provider.api_body, provider.api_headers = body, {"Content-Type": "application/zip"}
    answer = office.call(connection, "blob")
    assert answer.content == body
    calls = office.wait_for_calls(connection, 2, q="/api/blob")
    detail = office.reader.get(f"/v1/call-logs/{calls[0]['id']}").json()
    assert detail["response"]["truncated"] and detail["response"]["body_size"] == len(body)
    detail = office.reader.get(f"/v1/call-logs/{calls[1]['id']}").json()
    assert detail["request"]["truncated"] and detail["request"]["body_size"] == len(body)


def test_the_length_comes_back(office, connection):
    answer = send_raw(office, f"/v1/proxy/{connection}/big?bytes=70000")
    assert answer.headers.get("content-length") == "70000" and len(answer.body) == 70_000


def test_codings_are_left_alone(office, connection, provider):
    text = b'{"text": "' + b"x" * 5000 + b'"}'
    provider.api_body = gzip.compress(text)
    provider.api_headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = send_raw(office, f"/v1/proxy/{connection}/packed")
    assert answer.body == provider.api_body and answer.headers["content-encoding"] == "gzip"
    # nobody asked for it: the log is to be read by people
    assert "accept-encoding" not in provider.requests[0].headers


def test_secrets_are_not_logged(office, connection, provider, connected):
    """What a call proves itself by is in no log, also where the application repeats it."""
    assert office.call(connection, "echo-of-secrets", "POST", json={"a": 1}).status_code == 200
    (call,) = office.wait_for_calls(connection, q="echo-of-secrets")
    detail = office.reader.get(f"/v1/call-logs/{call['id']}")
    sent = {name.lower(): value for name, value in detail.json()["request"]["headers"].items()}
    assert "authorization" in sent
    assert not found_secrets(detail.text, provider.secrets())
    assert not found_secrets(connected[0].api.output, provider.secrets())


def test_nobody_there(office, connection, provider):
    for method in ("GET", "POST"):
        provider.fail("api", "drop")
        answer = office.call(connection, "lost", method, content=b"x" if method == "POST" else b"")
        problem = assert_problem(answer, 503, "unavailable")
        assert "retry-after" in answer.headers and "Zendesk" in problem["detail"]
        provider.heal()
    provider.stop()
    try:
        assert_problem(office.call(connection, "lost"), 503, "unavailable")
    finally:
        provider.start()
    # that is no reason to authorise anew
    assert office.find(connection)["state"] in ("healthy", "degraded")
    assert office.call(connection).status_code == 200


@pytest.mark.parametrize("body", [b"", b"x"])
def test_what_is_done_is_done_once(office, connection, provider, body):
    """A call whose answer is lost is not made again: it may have sent a message or opened a ticket."""
    # over a connection that was good before
    assert office.call(connection, "once", "POST", content=body).status_code == 200
    provider.forget()
    provider.fail("api", "drop", times=1, after=True)
    assert_problem(office.call(connection, "once", "POST", content=body), 503, "unavailable")
    assert len(provider.requests) == 1


def test_an_unknown_visitor(office, connection, provider):
    answer = Visitor(office.api).get(f"/v1/proxy/{connection}/tickets")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer") and provider.requests == []
