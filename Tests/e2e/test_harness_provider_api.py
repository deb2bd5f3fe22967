"""The API of the tests' provider and its faults: what other tests conclude from them has to be true."""

import asyncio
import base64
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.provider import Provider
from harness.provider_client import CALLBACK, Program, error_of
from harness.waiting import wait_until


@pytest.fixture
def provider():
    """A provider that knows one client."""
    with Provider() as provider:
        provider.register("zendesk", CALLBACK)
        yield provider


@pytest.fixture
def program(provider):
    """Its client."""
    program = Program(provider)
    yield program
    program.http.close()


def test_credentials_of_the_probe(provider, program):
    provider.api_keys = {"X-Api-Key": {"one", "two"}, "Authorization": "GenieKey three"}
    provider.basic = {"ada@example.com/token": "s:cret"}
    basic = base64.b64encode(b"ada@example.com/token:s:cret").decode()
    good = [{"X-Api-Key": "one"}, {"X-Api-Key": "two"}, {"Authorization": "GenieKey three"}]
    good.append({"Authorization": f"Basic {basic}"})
    bad = [{}, {"X-Api-Key": "three"}, {"Authorization": "GenieKey"}, {"Authorization": "Basic !"}]
    bad.append({"Authorization": f"Basic {base64.b64encode(b'nobody:').decode()}"})
    assert [program.http.get("/probe", headers=headers).status_code for headers in good] == [200] * 4
    answers = [program.http.get("/probe", headers=headers) for headers in bad]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)
    provider.profile = {"user": {"id": 7}}
    assert program.http.get("/probe", headers=good[0]).json() == {"user": {"id": 7}}


def test_the_api_echoes(provider, program):
    token = provider.grant("zendesk")["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Twice": "a, b"}
    answer = program.http.request("PATCH", "/api/a%2Fb//c?q=1&q=%20", headers=headers, content="für".encode())
    echo = answer.json()
    assert (echo["method"], echo["path"], echo["query"]) == ("PATCH", "/api/a%2Fb//c", "q=1&q=%20")
    assert (echo["body"], echo["body_size"], echo["account"]) == ("für", 4, "acct-1")
    assert echo["headers"]["x-twice"] == "a, b" and ["X-Twice", "a, b"] in echo["raw_headers"]
    assert program.http.get("/api/x").status_code == 401 and program.get("/ap", token).status_code == 404
    provider.api_status, provider.api_headers, provider.api_body = 418, {"X-Kind": "teapot"}, b"\xff\x00"
    answer = program.get("/api/x", token)
    assert (answer.status_code, answer.headers["X-Kind"], answer.content) == (418, "teapot", b"\xff\x00")
    head = program.http.head("/api/x", headers=headers)
    assert (head.headers["Content-Length"], head.content) == ("2", b"")


def test_streams(provider, program):
    token = provider.grant("zendesk")["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    with program.http.stream("GET", "/api/stream?chunks=3&size=2&hang_after=1", headers=header) as answer:
        parts = answer.iter_raw()
        # nothing more comes before the release
        assert next(parts) == b"aa" and not provider.requests_to("/api/stream")[0].is_answered
        provider.release()
        assert b"".join(parts) == b"bbcc" and answer.headers["Transfer-Encoding"] == "chunked"
    assert program.get("/api/stream?chunks=3&size=1&delay_ms=20", token).elapsed.total_seconds() >= 0.04
    with pytest.raises(httpx.RemoteProtocolError):
        program.get("/api/stream?chunks=3&break_after=2", token)
    big = program.get("/api/big?bytes=1234567", token)
    assert big.headers["Content-Length"] == "1234567" and big.content == (b"0123456789abcdef" * 80_000)[:1234567]
    assert provider.requests_to("/api/big")[0].sent == 1234567
    redirect = program.get("/api/redirect?to=http%3A%2F%2F10.0.0.1%2F&status=307", token)
    assert (redirect.status_code, redirect.headers["Location"]) == (307, "http://10.0.0.1/")
    assert program.get("/api/slow?delay_ms=20", token).elapsed.total_seconds() >= 0.02


def test_a_download_waits_for_its_reader_and_ends_when_they_leave(provider, program):
    token = provider.grant("zendesk")["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    with program.http.stream("GET", "/api/big?bytes=1000000000", headers=header) as answer:
        assert len(next(answer.iter_raw(100))) == 100
        (request,) = provider.requests
    wait_until(lambda: request.is_abandoned, "the client to leave", 5, 0.005)
    # what the sockets take
    assert not request.is_answered and 100 < request.sent < 50_000_000


def test_uploads_are_counted_as_they_come(provider, program):
    token = provider.grant("zendesk")["access_token"]
    seen = []

    def body():
        yield b"x" * 1000
        request = provider.wait_for("/api/up")
        seen.append(wait_until(lambda: request.size == 1000 and request, "the first part", interval=0.002).is_complete)
        yield b"y" * 2_000_000

    headers = {"Authorization": f"Bearer {token}"}
    answer = program.http.put("/api/up", content=body(), headers=headers).json()
    (request,) = provider.requests_to("/api/")
    assert seen == [False] and answer["body_size"] == request.size == request.arrivals[-1][1] == 2_001_000
    assert request.is_complete and request.arrivals[0][1] == 1000 and len(answer["body"]) == 1_048_576
    # slow to read, so that a sender must wait
    began = time.monotonic()
    program.http.put("/api/upload?rate=50000000", content=b"z" * 5_000_000, headers=headers)
    assert time.monotonic() - began >= 0.08


def test_an_answer_before_the_body(provider, program):
    token = provider.grant("zendesk")["access_token"]
    with socket.create_connection(("127.0.0.1", provider.port), 5) as connection:
        head = f"POST /api/early?status=409 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        connection.sendall(f"{head}Content-Length: 1000000\r\n\r\npart".encode())
        assert b"".join(iter(lambda: connection.recv(4096), b"")).startswith(b"HTTP/1.1 409 Conflict\r\n")
        # what comes late does no harm
        connection.sendall(b"more")


@pytest.mark.parametrize(
    "sent",
    [
        b"HELLO\r\n\r\n",
        b"GET /probe HTTP/1.1\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
        b"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ],
)
def test_what_is_no_http_is_refused(provider, sent):
    with socket.create_connection(("127.0.0.1", provider.port), 5) as connection:
        connection.sendall(sent)
        assert b"".join(iter(lambda: connection.recv(4096), b"")).startswith(b"HTTP/1.1 400 ")


def test_one_connection_serves_many_requests_however_they_are_cut(provider):
    token = provider.grant("zendesk")["access_token"]
    head = f"POST /api/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    counted = f"{head}Content-Length: 2\r\nConnection: close\r\n\r\nhi"
    with socket.create_connection(("127.0.0.1", provider.port), 5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in chunked.encode():
            connection.send(bytes([byte]))
        # two at once, the second of which ends the connection
        connection.sendall((chunked + counted).encode())
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK") == 3 and answers.count(b'"body": "abc0123456789"') == 2
    assert b'"body": "hi"' in answers and [one.size for one in provider.requests] == [13, 13, 2]


@pytest.mark.parametrize("endpoint", ["token", "revoke", "probe", "api"])
def test_faults(provider, program, endpoint):
    token = provider.grant("zendesk")["access_token"]

    def call():
        if endpoint in ("token", "revoke"):
            return program.post("/" + endpoint)
        return program.get({"probe": "/probe", "api": "/api/x"}[endpoint], token)

    good = call().status_code
    provider.fail(endpoint, 500, times=2)
    provider.fail(endpoint, 503, times=1)
    provider.fail(endpoint, 429, times=1, retry_after="7")
    provider.fail(endpoint, 403, times=1)
    provider.fail(endpoint, "invalid_grant", times=1)
    answers = [call() for _ in range(7)]
    assert [answer.status_code for answer in answers] == [500, 500, 503, 429, 403, 400, good]
    assert (answers[2].headers["Retry-After"], answers[3].headers["Retry-After"]) == ("1", "7")
    assert answers[5].json() == {"error": "invalid_grant"}
    provider.fail(endpoint, "html")
    assert [call().headers["Content-Type"] for _ in range(2)] == ["text/html; charset=utf-8"] * 2
    provider.fail(endpoint, "big")
    assert call().json()["access_token"] == "big" and len(call().content) > 2_000_000
    provider.fail(endpoint, "malformed")
    with pytest.raises(ValueError):
        call().json()
    provider.fail(endpoint, "empty")
    assert (call().status_code, call().content) == (200, b"")
    provider.fail(endpoint, "redirect", url="http://127.0.0.1:1/x")
    assert (call().status_code, call().headers["Location"]) == (307, "http://127.0.0.1:1/x")
    for mode in ("drop", "truncated"):
        provider.fail(endpoint, mode)
        with pytest.raises(httpx.RemoteProtocolError):
            call()
    provider.fail(endpoint, "slow", seconds=0.03)
    slow = call()
    assert slow.status_code == good and slow.elapsed.total_seconds() >= 0.03
    provider.heal(endpoint)
    assert call().status_code == good
    for wrong in ((endpoint, "nonsense"), (endpoint, 200), ("authorize", "drop")):
        with pytest.raises(ValueError):
            provider.fail(*wrong)


def test_a_fault_of_one_endpoint_is_none_of_another(provider, program):
    tokens = provider.grant("zendesk")
    provider.fail("token", 500)
    assert program.probe(tokens["access_token"]) == 200
    assert program.refresh(tokens["refresh_token"]).status_code == 500 and provider.refreshes == 1
    provider.heal()
    # nothing had happened
    assert program.refresh(tokens["refresh_token"]).status_code == 200


def test_an_answer_may_be_lost_after_the_work(provider, program):
    token = provider.grant("zendesk")["refresh_token"]
    provider.fail("token", "drop", times=1, after=True)
    with pytest.raises(httpx.RemoteProtocolError):
        program.refresh(token)
    assert error_of(program.refresh(token)) == (400, "invalid_grant")


def test_hanging_until_released_or_left(provider, program):
    tokens = provider.grant("zendesk")
    answers = []
    provider.fail("token", "hang", times=1)
    thread = threading.Thread(target=lambda: answers.append(program.refresh(tokens["refresh_token"]).status_code))
    thread.start()
    hanging = provider.wait_for("/token")
    assert not hanging.is_answered and program.probe(tokens["access_token"]) == 200
    provider.release()
    thread.join(5)
    assert answers == [200] and hanging.is_answered and not hanging.is_abandoned
    with pytest.raises(httpx.ReadTimeout):
        program.get("/api/hang", tokens["access_token"], timeout=0.05)
    left = provider.wait_for("/api/hang")
    wait_until(lambda: left.is_abandoned, "the client to leave", 5, 0.005)


def test_latency_holds_up_nobody(provider):
    token = provider.grant("zendesk")["access_token"]
    provider.latency_ms = 200
    request = f"GET /probe HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()

    async def call():
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer

    async def calls():
        return await asyncio.gather(*(call() for _ in range(200)))

    began = time.monotonic()
    # in a thread of its own: a browser of another test may keep a loop in this one
    with ThreadPoolExecutor(1) as thread:
        answers = thread.submit(lambda: asyncio.run(calls())).result()
    assert all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers)
    # one after the other they would take 40 s
    assert 0.2 <= time.monotonic() - began < 10


def test_a_stopped_provider_refuses_connections_until_it_starts_again(provider, program):
    token = provider.grant("zendesk")["access_token"]
    assert program.probe(token) == 200
    provider.stop()
    with pytest.raises(httpx.TransportError):
        program.probe(token)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", provider.port)):
        pass
    provider.start()
    assert program.probe(token) == 200
