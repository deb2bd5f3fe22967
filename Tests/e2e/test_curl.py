"""The curl command of a stored call, run against a server, sends what the bot had sent."""

import http.server
import subprocess
import threading

import pytest

from harness.client import entry


class Echo(http.server.BaseHTTPRequestHandler):
    """Remembers each request."""

    def remember(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.received.append((self.command, self.path, dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = remember

    def log_message(self, *_):
        pass


@pytest.fixture
def echo():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.received = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


BODIES = {
    "json": ("POST", {"Content-Type": "application/json"}, '{"a":"it\'s","b":[1,2]}'),
    "several lines": ("PUT", {"Content-Type": "text/plain"}, "a\n  b\t'c'\n\\ $HOME `id` ü 🙂\n"),
    "no content type": ("POST", {}, "plain"),
    "like a file name": ("PATCH", {"Content-Type": "text/plain"}, "@/etc/hostname"),
    "no body": ("DELETE", {"X-Empty": "", "X-Quoted": 'it\'s "so"'}, None),
    "get": ("GET", {"Accept": "text/csv"}, None),
    "options": ("OPTIONS", {}, None),
    "head": ("HEAD", {"X-One": "1"}, None),
}


@pytest.mark.parametrize("name", BODIES)
def test_curl_sends_the_call_again(client, echo, name):
    method, headers, body = BODIES[name]
    path = "/v1/items?q=a%20b&list[]=1&x={y}"
    request = {"headers": headers} | ({"body": body} if body is not None else {})
    sent = client.post(entry(method=method, url=f"http://127.0.0.1:{echo.server_port}{path}", request=request))
    command = client.get(f"/v1/call-logs/{sent.json()['id']}/curl").text
    subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=20)
    (received,) = echo.received
    assert received[0] == method
    assert received[1] == path
    assert {key: received[2].get(key) for key in headers} == headers
    if body and "Content-Type" not in headers:
        assert "Content-Type" not in received[2]
    assert received[3] == (body or "").encode()
