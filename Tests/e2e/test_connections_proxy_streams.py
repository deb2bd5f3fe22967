"""Calls through the proxy: bodies stream both ways, and either side may go away in the middle."""

import hashlib
import socket

import httpx
import pytest

from harness.connections import Office
from harness.proxying import Download, Upload
from harness.waiting import wait_until

MIB = 1 << 20


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
    provider.release()
    # what still runs is broken off
    provider.stop()
    provider.start()


@pytest.fixture
def opened():
    """Requests under way, closed with the test."""
    found = []

    def add(request):
        found.append(request)
        return request

    yield add
    for request in found:
        request.close()


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/event-stream"])
def test_an_answer_streams(office, connection, provider, opened, kind):
    """The first chunks arrive before the last are sent."""
    download = opened(Download(office, connection, f"stream?chunks=4&size=10&hang_after=2&type={kind}"))
    assert download.begin() == 200
    assert download.read(20) == b"a" * 10 + b"b" * 10
    assert not provider.requests[0].is_answered
    provider.release()
    assert download.read(100) == b"c" * 10 + b"d" * 10
    wait_until(lambda: provider.requests[0].is_answered, "the answer to be over")
    (call,) = office.wait_for_calls(connection, q=kind)
    assert office.reader.get(f"/v1/call-logs/{call['id']}").json()["response"]["body_size"] == 40


@pytest.mark.parametrize("length", [None, 3 * 5000], ids=["chunked", "length"])
def test_a_request_streams(office, connection, provider, opened, length):
    """The first pieces arrive before the last are sent."""
    upload = opened(Upload(office, connection, "things", length))
    upload.send(b"a" * 5000)
    request = provider.wait_for("/api/things")
    wait_until(lambda: request.size == 5000, "the first piece to arrive")
    upload.send(b"b" * 5000)
    wait_until(lambda: request.size == 10_000, "the second piece to arrive")
    assert not request.is_complete
    upload.send(b"c" * 5000)
    upload.end()
    answer = upload.answer()
    assert answer.status_code == 200 and answer.json()["body_size"] == 15_000
    assert answer.json()["body"] == "a" * 5000 + "b" * 5000 + "c" * 5000
    # told on as it was told
    assert request.headers.get("content-length") == (str(length) if length else None)


def test_the_largest_request(office, connection):
    body = bytes(range(256)) * (32 * MIB // 256)
    answer = office.call(connection, "large", "PUT", content=body)
    assert answer.status_code == 200, answer.text[:500]
    assert answer.json()["body_size"] == 32 * MIB
    assert answer.json()["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_a_request_that_says_it_is_too_large(office, connection, provider, opened):
    """It is refused at its head."""
    upload = opened(Upload(office, connection, "large", 40 * MIB))
    answer = upload.answer()
    assert answer.status_code == 413 and answer.json()["code"] == "body_too_large", answer.text
    assert provider.requests == []


def test_a_request_that_turns_out_too_large(office, connection, provider, opened):
    """It is broken off over there, and the one who sends it is told."""
    before = office.api.status("VmRSS")
    upload = opened(Upload(office, connection, "large"))
    sent = upload.send_until_answered(b"x" * 65_536, 40 * MIB // 65_536)
    answer = upload.answer()
    assert answer.status_code == 413 and answer.json()["code"] == "body_too_large", answer.text
    assert sent * 65_536 >= 32 * MIB - MIB
    (request,) = provider.requests
    wait_until(lambda: request.is_abandoned, "the call to be broken off")
    assert not request.is_complete and request.size <= 32 * MIB + MIB
    # and it was kept nowhere meanwhile
    assert office.api.status("VmRSS") - before < 24 * 1024
    assert office.call(connection).status_code == 200


def test_a_slow_reader_does_not_fill_the_memory(office, connection, provider, opened):
    """What the application does not read yet is not read from the caller either."""
    before = office.api.status("VmRSS")
    upload = opened(Upload(office, connection, "upload?rate=100000", 30 * MIB))
    upload.socket.setblocking(False)
    request = provider.wait_for("/api/upload")
    sent, piece = 0, b"x" * 65_536

    def is_stuck():
        nonlocal sent
        try:
            while sent < 30 * MIB:
                sent += upload.socket.send(piece)
        except BlockingIOError:
            return request.size > 150_000
        return True

    wait_until(is_stuck, "the application to read a little")
    assert sent < 25 * MIB, "everything was taken in"
    assert office.api.status("VmRSS") - before < 24 * 1024


def test_the_caller_goes_away_while_nobody_reads(office, connection, provider, opened):
    """The call ends over there too, once the application has read what had come."""
    upload = opened(Upload(office, connection, "upload?rate=100000", 30 * MIB))
    request = provider.wait_for("/api/upload")
    for _ in range(10):
        upload.send(b"x" * 65_536)
    upload.close()
    wait_until(lambda: request.is_abandoned, "the call to be ended", 40)


def test_callers_who_go_away_leave_their_places(office, connection):
    """More of them than a tenant may have calls at a time, at several moments of a call."""
    head = (
        f"GET /v1/proxy/{connection}/slow?delay_ms=20 HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {office.node.token}\r\n\r\n").encode()
    for number in range(300):
        with socket.create_connection(("127.0.0.1", office.api.port)) as caller:
            caller.sendall(head)
            if number % 3 == 0:
                # the answer has begun
                caller.recv(1)
            if number % 3 == 1:
                caller.shutdown(socket.SHUT_WR)
    assert office.call(connection).status_code == 200


def test_a_slow_caller_does_not_fill_the_memory(office, connection, provider, opened):
    """What the caller does not read yet is not read from the application either."""
    before = office.api.status("VmRSS")
    download = opened(Download(office, connection, f"big?bytes={200 * MIB}"))
    assert download.begin() == 200
    size = 0
    for _ in range(40):
        size += len(download.read(MIB // 4))
    assert size == 10 * MIB
    assert provider.requests[0].sent < 100 * MIB, "everything was taken in"
    assert office.api.status("VmRSS") - before < 32 * 1024


def test_an_early_answer(office, connection, opened):
    """An application that answers before it has read everything is heard."""
    upload = opened(Upload(office, connection, "early?status=422"))
    upload.send_until_answered(b"x" * 10_000, 500)
    answer = upload.answer()
    assert answer.status_code == 422 and answer.headers["calltrail-connection"] == connection
    assert office.call(connection).status_code == 200


def test_the_caller_goes_away_in_mid_answer(office, connection, provider, opened):
    """The call ends over there too, and is logged as far as it went."""
    download = opened(Download(office, connection, "stream?chunks=4&size=1000&hang_after=1"))
    download.begin()
    assert download.read(1000) == b"a" * 1000
    download.close()
    wait_until(lambda: provider.requests[0].is_abandoned, "the call to be ended", 5)
    (call,) = office.wait_for_calls(connection, q="size=1000")
    assert call["status_code"] == 200


def test_the_caller_goes_away_in_mid_flood(office, connection, provider, opened):
    """The same while the application has more to say than anybody reads."""
    download = opened(Download(office, connection, f"big?bytes={100 * MIB}"))
    download.begin()
    assert len(download.read(1000)) == 1000
    download.close()
    wait_until(lambda: provider.requests[0].is_abandoned, "the call to be ended", 5)
    assert provider.requests[0].sent < 100 * MIB
    (call,) = office.wait_for_calls(connection, q=f"bytes={100 * MIB}")
    assert call["status_code"] == 200


def test_the_caller_goes_away_before_the_answer(office, connection, provider, opened):
    download = opened(Download(office, connection, "hang"))
    request = provider.wait_for("/api/hang")
    download.close()
    wait_until(lambda: request.is_abandoned, "the call to be ended", 5)
    assert office.call(connection).status_code == 200


def test_the_caller_goes_away_in_mid_request(office, connection, provider, opened):
    upload = opened(Upload(office, connection, "things", 1000))
    upload.send(b"x" * 400)
    request = provider.wait_for("/api/things")
    wait_until(lambda: request.size == 400, "the first piece to arrive")
    upload.close()
    wait_until(lambda: request.is_abandoned, "the call to be ended", 5)
    assert not request.is_complete and office.call(connection).status_code == 200


def test_the_application_breaks_off(office, connection):
    """A broken answer is not taken for a whole one."""
    with pytest.raises(httpx.RemoteProtocolError):
        office.call(connection, "stream?chunks=10&size=1000&break_after=3")
    (call,) = office.wait_for_calls(connection, q="break_after=3")
    assert call["status_code"] == 200
    detail = office.reader.get(f"/v1/call-logs/{call['id']}").json()
    assert detail["response"]["body_size"] == 3000
    assert office.find(connection)["state"] == "healthy"


def test_the_application_promised_more(office, connection, provider):
    """The same where the answer ends before the length that it named."""
    provider.fail("api", "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        office.call(connection, "promised")
    (call,) = office.wait_for_calls(connection, q="/api/promised")
    assert call["status_code"] == 200


def test_calls_under_way_do_not_hold_up_a_stop(office, connected, connection, provider, opened):
    """An answer that does not end is broken off in time."""
    api = connected[0].start_api()
    download = opened(Download(office, connection, "stream?chunks=2&size=10&hang_after=1", api))
    assert download.begin() == 200 and download.read(10) == b"a" * 10
    assert api.stop(20) == 0


def test_many_at_once(office, connection, provider, opened):
    """Answers that hang hold up nobody else."""
    held = [opened(Download(office, connection, "stream?chunks=2&size=10&hang_after=1")) for _ in range(60)]
    for download in held:
        assert download.begin() == 200 and download.read(10) == b"a" * 10
    assert office.call(connection, "between").status_code == 200
    assert office.owner.get("/v1/me").status_code == 200
    provider.release()
    for download in held:
        assert download.read(100) == b"b" * 10
