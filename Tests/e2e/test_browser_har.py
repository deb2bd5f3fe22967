"""A HAR that a real browser recorded is shipped, and its calls are found by filters."""

import http.server
import json
import threading

import pytest

from harness.program import run

PAGE = """<!doctype html><meta charset="utf-8"><title>calls</title><script>
const call = (path, options) => fetch(path, options).then(answer => answer.text());
Promise.allSettled([
  call("/api/items?page=2"), call("/api/items", {method: "POST", headers: {"Content-Type": "application/json",
    "Authorization": "Bearer s3cretOfTheBrowser123"},
    body: JSON.stringify({name: "Grüße", password: "s3cretOfTheBody"})}),
  call("/api/items/7", {method: "PUT", body: "a=1&b=2"}), call("/api/items/7", {method: "DELETE"}),
  call("/api/missing"), call("/api/broken"),
]).then(() => document.title = "done");
</script>"""


class Site(http.server.BaseHTTPRequestHandler):
    """The page, and an API that it calls."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = {"/api/missing": 404, "/api/broken": 500}.get(self.path, 200)
        body = (PAGE if self.path == "/" else json.dumps({"path": self.path})).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def recorded(browser, tmp_path_factory):
    """The HAR of a visit, and the site's address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = tmp_path_factory.mktemp("har") / "visit.har"
    address = f"http://127.0.0.1:{server.server_port}"
    context = browser.new_context(record_har_path=str(path))
    page = context.new_page()
    page.goto(address + "/")
    page.wait_for_function("document.title === 'done'")
    context.close()
    server.shutdown()
    server.server_close()
    return path, address


def test_recorded_calls_are_found(new_client, recorded):
    path, address = recorded
    arguments = [
        "ship",
        "--url",
        str(new_client.http.base_url),
        "--key",
        new_client.write_key,
        "--bot",
        "browser",
        str(path),
    ]
    first = run(*arguments).stdout
    calls = json.loads(path.read_text())["log"]["entries"]
    assert len(calls) >= 7
    assert first.startswith(f"{len(calls)} accepted, 0 duplicates, 0 unreachable, 0 rejected"), first

    def paths(**filters):
        return sorted(item["url"].removeprefix(address) for item in new_client.all(**filters))

    assert paths(method="POST") == ["/api/items"]
    assert paths(method="PUT,DELETE") == ["/api/items/7", "/api/items/7"]
    assert paths(code="5xx") == ["/api/broken"]
    assert "/api/missing" in paths(code="404") and paths(code="404", q="/api/") == ["/api/missing"]
    assert paths(q="page=2") == ["/api/items?page=2"]
    assert paths(bot="browser", application="json_api", status="success", method="POST") == ["/api/items"]
    assert len(paths(bot="browser")) == len(calls)

    posted = new_client.find(new_client.all(method="POST")[0]["id"])
    assert json.loads(posted["request"]["body"])["name"] == "Grüße"
    assert json.loads(posted["response"]["body"]) == {"path": "/api/items"}
    assert "s3cretOfTheBrowser123" not in json.dumps(posted) and "s3cretOfTheBody" not in json.dumps(posted)

    again = run(*arguments).stdout
    assert again.startswith(f"0 accepted, {len(calls)} duplicates, 0 unreachable, 0 rejected"), again
    assert len(paths(bot="browser")) == len(calls)
