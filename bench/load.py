"""An HTTP client that sends prepared bytes: it costs next to nothing beside what it measures."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.client import HTTPResponse


@dataclass
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass
class Sent:
    """What became of many requests."""

    seconds: float
    accepted: int
    requests: int


class Client:
    """One connection."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> Answer:
        """Sends a whole request and reads the whole answer."""
        self._socket.sendall(request)
        response = HTTPResponse(self._socket)
        response.begin()
        return Answer(response.status, response.read())

    def close(self) -> None:
        self._socket.close()


def request(method: str, path: str, port: int, key: str | None, body: bytes = b"", content_type: str = "") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if method == "POST":
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(port: int, path: str, key: str | None) -> Answer:
    """One request on a connection of its own."""
    client = Client(port)
    try:
        return client.send(request("GET", path, port, key))
    finally:
        client.close()


def accepted(answer: Answer) -> int:
    """Entries that a request brought in; anything but full success ends the benchmark."""
    if answer.status != 200:
        raise RuntimeError(f"sending entries was answered by {answer.status}: {answer.body[:500]!r}")
    return json.loads(answer.body)["accepted"]


def send_all(
    requests: Iterable[bytes], port: int, clients: int, progress: Callable[[str], None] | None = None
) -> Sent:
    """Sends requests over some connections, on each the next one when the one before was answered.

    The clock runs from the first byte sent to the last answer. A full queue (503) is waited for, as a client should.
    """
    pending = iter(requests)
    lock = threading.Lock()
    sent = Sent(0, 0, 0)
    failures: list[BaseException] = []
    connections = [Client(port) for _ in range(clients)]

    def work(client: Client) -> None:
        try:
            while not failures:
                with lock:
                    one = next(pending, None)
                if one is None:
                    return
                answer = client.send(one)
                while answer.status == 503:
                    time.sleep(0.05)
                    answer = client.send(one)
                count = accepted(answer)
                with lock:
                    sent.accepted += count
                    sent.requests += 1
                    if progress and sent.requests % 100 == 0:
                        progress(f"{sent.accepted} entries")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(client,)) for client in connections]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent.seconds = time.monotonic() - start
    for client in connections:
        client.close()
    if failures:
        raise failures[0]
    return sent
