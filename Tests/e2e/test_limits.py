"""What is too large, slow, or of an unknown kind is refused early and cheaply."""

import contextlib
import gzip
import http.client
import socket
import subprocess
import threading
import time
import zlib

import pytest
import zstandard

from harness.client import NDJSON, Client, assert_problem, entries, entry, ndjson, packed
from harness.waiting import wait_until

KEPT = 256 * 1024
MIB = 1 << 20


@pytest.mark.parametrize("character", ["x", "ü", "€", "🙂"])
def test_large_bodies_are_cut_on_a_character(client, character):
    body = "." + character * (2 * MIB // len(character.encode()))
    answer = client.post(entry(request={"body": body}, response={"body": "x" * KEPT}))
    assert answer.status_code == 200, answer.text
    found = client.find(answer.json()["id"])
    assert found["request"]["truncated"] is True
    assert found["request"]["body_size"] == len(body.encode())
    kept = found["request"]["body"]
    assert body.startswith(kept) and KEPT - 4 < len(kept.encode()) <= KEPT
    assert found["response"]["truncated"] is False and found["response"]["body_size"] == KEPT
    assert found["response"]["body"] == "x" * KEPT


def test_number_of_entries(new_client):
    line = ndjson([entry(request=..., response=...)])
    answer = new_client.post(packed(line * 10_000), NDJSON, Content_Encoding="gzip")
    assert answer.status_code == 200 and answer.json()["accepted"] == 10_000
    for count in (10_001, 11_000):
        assert_problem(new_client.post(packed(line * count), NDJSON, Content_Encoding="gzip"), 413, "body_too_large")
    array = b"[" + b",".join([line.strip()] * 11_000) + b"]"
    assert_problem(new_client.post(packed(array), Content_Encoding="gzip"), 413, "body_too_large")


def test_announced_large_body_is_refused_at_once(api, tenant):
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(
            (
                f"POST /v1/call-logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.write_key}\r\n"
                f"Content-Type: {NDJSON}\r\nContent-Length: {1 << 40}\r\n\r\n"
            ).encode()
        )
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413
        assert b'"code":"body_too_large"' in answer.read()


def expecting(api, key, length):
    """The first line of the answer to a head that asks whether to send the body."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=5) as connection:
        connection.sendall(
            (
                f"POST /v1/call-logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: {NDJSON}\r\nContent-Length: {length}\r\n"
                "Expect: 100-continue\r\n\r\n"
            ).encode()
        )
        return connection.recv(65536).split(b"\r\n")[0]


def test_clients_that_ask_before_sending_are_answered(api, tenant):
    """As curl does from 1 MiB on; without an answer it would wait for a second (RFC 9110, section 10.1.1)."""
    assert expecting(api, tenant.write_key, 2 * MIB).startswith(b"HTTP/1.1 100")
    assert expecting(api, tenant.write_key, 9 * MIB).startswith(b"HTTP/1.1 413")


def test_body_after_the_word_to_continue(api, tenant, tmp_path):
    (tmp_path / "body").write_bytes(b" " * 2 * MIB + ndjson(entries(3)))
    outcome = subprocess.run(
        [
            "curl",
            "-sS",
            "-w",
            "%{http_code}",
            "--data-binary",
            f"@{tmp_path / 'body'}",
            "-H",
            f"Content-Type: {NDJSON}",
            "-H",
            f"Authorization: Bearer {tenant.write_key}",
            api.url + "/v1/call-logs",
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert outcome.stdout.endswith("200") and '"accepted":3' in outcome.stdout, outcome


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_8_mib_is_refused(client, api, chunked):
    line = b" " * 65535 + b"\n"
    count = (8 * MIB) // len(line) + 1

    def body():
        for _ in range(count):
            yield line

    content = body() if chunked else line * count
    headers = {"Authorization": f"Bearer {client.write_key}", "Content-Type": NDJSON}
    assert_problem(client.http.post("/v1/call-logs", content=content, headers=headers), 413, "body_too_large")
    assert client.post(entry()).status_code == 200


def test_just_8_mib_is_taken(client):
    sent = ndjson([entry()])
    assert client.post(b" " * (8 * MIB - len(sent)) + sent, NDJSON).status_code == 200


@pytest.mark.parametrize("encoding, encode", [("gzip", packed), ("zstd", zstandard.ZstdCompressor().compress)])
def test_decompressed_size(client, encoding, encode):
    sent = ndjson([entry()])
    fits = b"\n" * (16 * MIB - len(sent)) + sent
    assert client.post(encode(fits), NDJSON, Content_Encoding=encoding).status_code == 200
    assert_problem(client.post(encode(b"\n" + fits), NDJSON, Content_Encoding=encoding), 413, "body_too_large")


def gzip_bomb(gigabytes=10):
    """Gigabytes of zeros as gzip, nested out of one compressed block that repeats itself."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    compressor.compress(bytes(MIB))
    head = compressor.flush(zlib.Z_FULL_FLUSH)
    # after a full flush nothing refers back, so the next block may be repeated as it is
    block = compressor.compress(bytes(8 * MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    start = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = start.compress(bytes(8 * MIB)) + start.flush(zlib.Z_FULL_FLUSH)
    assert head and first
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return (header + first + block * (gigabytes * 1024 // 8 - 1))[: 8 * MIB - 1024]


def zstd_bomb(gigabytes=10):
    """Gigabytes of zeros as one zstd frame."""
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    zeros = bytes(8 * MIB)
    return b"".join(compressor.compress(zeros) for _ in range(gigabytes * 1024 // 8)) + compressor.flush()


@pytest.mark.parametrize("encoding, bomb", [("gzip", gzip_bomb), ("zstd", zstd_bomb)])
def test_bombs_cost_neither_time_nor_memory(start_api, database, tenant, encoding, bomb):
    api = start_api(database)
    client = Client(api, tenant)
    for _ in range(3):
        client.send(entries(1000))
    before = api.status("VmHWM")
    data = bomb(1 if encoding == "zstd" else 10)
    for _ in range(2):
        began = time.monotonic()
        assert_problem(client.post(data, NDJSON, Content_Encoding=encoding), 413, "body_too_large")
        assert time.monotonic() - began < 3
    grown = (api.status("VmHWM") - before) / 1024
    assert grown < 64, f"memory grew by {grown:.0f} MiB"
    assert api.stop() == 0


@pytest.mark.parametrize(
    "encoding, data",
    [
        ("gzip", gzip.compress(ndjson(entries(10)))[:-9]),
        ("gzip", gzip.compress(ndjson(entries(10)))[:5]),
        ("gzip", b"not gzip at all"),
        ("gzip", b""),
        ("gzip", gzip.compress(ndjson(entries(1))) + b"garbage"),
        ("zstd", zstandard.compress(ndjson(entries(10)))[:-5]),
        ("zstd", b"not zstd"),
        ("zstd", b""),
    ],
)
def test_broken_compression(new_client, encoding, data):
    assert_problem(new_client.post(data, NDJSON, Content_Encoding=encoding), 400, "malformed_json")
    assert new_client.all() == []


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, zstd", "snappy"])
def test_unknown_encodings(client, encoding):
    assert_problem(client.post([entry()], Content_Encoding=encoding), 415, "unsupported_media_type")


def test_identity_encoding_is_taken(client):
    assert client.post([entry()], Content_Encoding="identity").status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
    ],
)
def test_unknown_types(client, content_type):
    assert_problem(client.post([entry()], content_type), 415, "unsupported_media_type")


def test_many_large_bodies_at_once_are_bounded(start_api, database, tenant):
    """Sixteen clients that hold back the end of 8 MiB: the process says no rather than grow without limit."""
    api = start_api(database)
    head = (
        f"POST /v1/call-logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.write_key}\r\n"
        f"Content-Type: {NDJSON}\r\nContent-Length: {8 * MIB}\r\n\r\n"
    ).encode()
    answers, connections = [], []

    def send(connection):
        try:
            connection.sendall(head + b" " * (8 * MIB - 1))
            answers.append(connection.recv(65536))
        except OSError as error:
            answers.append(str(error).encode())

    threads = []
    for _ in range(16):
        connections.append(socket.create_connection(("127.0.0.1", api.port), timeout=20))
        threads.append(threading.Thread(target=send, args=[connections[-1]], daemon=True))
        threads[-1].start()
    try:
        # 96 MiB may be held; what comes on top is told to come again
        wait_until(lambda: any(b"503" in answer[:20] for answer in answers), "a request to be put off", 15)
        assert api.status("VmHWM") / 1024 < 600
        assert Client(api, tenant).get("/v1/bots").status_code == 200
    finally:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in threads:
            thread.join(10)


def test_large_headers_are_refused(api, client):
    answer = client.get("/v1/call-logs", key="x" * 40_000)
    assert 400 <= answer.status_code < 500
    assert client.get("/v1/bots").status_code == 200


@pytest.mark.slow
def test_dripping_request_is_ended(dripping_request):
    """The whole request must arrive within 30 seconds, however steadily it comes."""
    lived = dripping_request.wait(40)
    assert lived is not None, "the request still lives after 40 s"
    assert 25 < lived < 36
    head = dripping_request.answer.split(b"\r\n", 1)[0]
    assert b" 408 " in head, dripping_request.answer
    assert b'"code":"request_timeout"' in dripping_request.answer
