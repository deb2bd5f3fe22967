"""Requests that no well-behaved client sends, and listeners that nobody must reach."""

import contextlib
import http.client
import json
import select
import socket
import threading
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .waiting import wait_until


def changed(url, **changes):
    """A URL with parameters of its query changed, or taken away where they are None."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in changes]
    query += [(name, value) for name, value in changes.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(query)))


def standing(office, connection):
    """All that is to be seen of a connection, and its token."""
    return office.find(connection), office.token(connection).json()


class Answer:
    """An answer as it came: status, headers in lower case (several of a name in order), body."""

    def __init__(self, response):
        self.status_code = response.status
        self.raw_headers = [(name.lower(), value) for name, value in response.getheaders()]
        self.headers = dict(self.raw_headers)
        self.body = response.read()

    @property
    def text(self):
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)


def send_raw(office, target, method="GET", headers=(), body=b"", token=...):
    """Sends a request whose target goes out letter by letter as given, as the office's node; returns the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", office.api.port, timeout=30)
    try:
        # in Latin-1, so that bytes beyond ASCII go out too
        connection._encode_request = lambda line: line.encode("latin-1")
        connection._validate_path = lambda path: None
        connection.putrequest(method, target, skip_accept_encoding=True)
        token = office.node.token if token is ... else token
        if token is not None:
            connection.putheader("Authorization", f"Bearer {token}")
        for name, value in headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Upload:
    """A proxied request whose body is sent piece by piece, as the office's node."""

    def __init__(self, office, id, path, length=None, method="POST"):
        self.is_chunked = length is None
        self.socket = socket.create_connection(("127.0.0.1", office.api.port), 30)
        framing = "Transfer-Encoding: chunked" if self.is_chunked else f"Content-Length: {length}"
        self.socket.sendall(
            f"{method} /v1/proxy/{id}/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
            f"Authorization: Bearer {office.node.token}\r\n{framing}\r\n\r\n".encode()
        )

    def send(self, piece):
        """Sends a piece."""
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if self.is_chunked else piece)

    def send_until_answered(self, piece, times):
        """Sends a piece again and again, until an answer comes or nobody listens; returns how often it went out."""
        for number in range(times):
            if select.select([self.socket], [], [], 0)[0]:
                return number
            try:
                self.send(piece)
            except (BrokenPipeError, ConnectionResetError):
                return number
        return times

    def end(self):
        """Ends the body."""
        if self.is_chunked:
            self.socket.sendall(b"0\r\n\r\n")

    def answer(self):
        """The answer."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        return Answer(response)

    def close(self):
        """Goes away."""
        self.socket.close()


class Download:
    """A proxied request whose answer is read piece by piece, as the office's node."""

    def __init__(self, office, id, path, api=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", (api or office.api).port, timeout=30)
        headers = {"Authorization": f"Bearer {office.node.token}"}
        self.connection.request("GET", f"/v1/proxy/{id}/{path}", headers=headers)

    def begin(self):
        """Waits for the head of the answer."""
        self.response = self.connection.getresponse()
        return self.response.status

    def read(self, size):
        """The next bytes, exactly so many unless the answer ends."""
        return self.response.read(size)

    def close(self):
        """Goes away."""
        # of two holders of the socket both must let go
        if getattr(self, "response", None) is not None:
            self.response.close()
        self.connection.close()


class Trap:
    """A port that nobody must connect to: every IPv4 address of this machine, and its IPv6 ones where there are any."""

    def __init__(self, host="0.0.0.0"):
        self.visitors = []
        self._listeners = [socket.create_server((host, 0), backlog=50)]
        self.port = self._listeners[0].getsockname()[1]
        if host == "0.0.0.0":
            with contextlib.suppress(OSError):
                self._listeners.append(socket.create_server(("::", self.port), family=socket.AF_INET6, backlog=50))
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                visitor, address = listener.accept()
            except OSError:
                return
            self.visitors.append(address)
            answer = b'{"id": "trap", "access_token": "trap", "token_type": "Bearer"}'
            with contextlib.suppress(OSError), visitor:
                visitor.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                visitor.sendall(head % len(answer) + answer)

    def works(self):
        """Whether it would notice somebody: who comes is forgotten again."""
        with socket.create_connection(self._listeners[0].getsockname(), 5):
            wait_until(lambda: self.visitors, "the trap to notice a visitor", 5)
        self.visitors.clear()
        return True

    def close(self):
        """Listens no more."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
