"""What holds for every answer: problems, request ids, methods, health, metrics."""

import re
import socket

import httpx
import pytest

from harness.client import assert_problem, entry, ndjson, with_ids


@pytest.mark.parametrize(
    "path",
    [
        "/login/x",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/call-logs/a/b/c",
        "/metrics",
        "/login/../nothing",
        "/%00",
        "/v1/call-logs/x/nothing",
        "//v1//nothing",
    ],
)
def test_unknown_paths(client, path):
    assert_problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("PUT", "/v1/call-logs", {"GET", "HEAD", "POST"}),
        ("DELETE", "/v1/call-logs", {"GET", "HEAD", "POST"}),
        ("PATCH", "/v1/call-logs", {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/v1/call-logs", {"GET", "HEAD", "POST"}),
        ("PROPFIND", "/v1/call-logs", {"GET", "HEAD", "POST"}),
        ("POST", "/v1/call-logs/abc", {"GET", "HEAD"}),
        ("DELETE", "/v1/call-logs/abc/curl", {"GET", "HEAD"}),
        ("POST", "/v1/bots", {"GET", "HEAD"}),
        ("POST", "/livez", {"GET", "HEAD"}),
        ("DELETE", "/readyz", {"GET", "HEAD"}),
    ],
)
def test_wrong_methods(client, method, path, allowed):
    answer = client.http.request(method, path, headers={"Authorization": f"Bearer {client.read_key}"})
    assert_problem(answer, 405, "method_not_allowed")
    assert allowed <= {name.strip() for name in answer.headers["allow"].split(",")}
    assert method not in answer.headers["allow"].replace(" ", "").split(",")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1/call-logs?limit=3", "/v1/bots"])
def test_head_is_get_without_the_body(client, path):
    headers = {"Authorization": f"Bearer {client.read_key}"}
    head, get = client.http.head(path, headers=headers), client.http.get(path, headers=headers)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["content-length"] == get.headers["content-length"]


def test_head_of_a_problem_has_no_body(client):
    for path, status in (("/v1/nothing", 404), ("/v1/call-logs", 401)):
        answer = client.http.head(path)
        assert (answer.status_code, answer.content) == (status, b"")
    # the connection is still good
    assert client.get("/v1/bots").status_code == 200


def test_post_takes_no_parameters(client):
    answer = client.http.post(
        "/v1/call-logs?dry_run=1", json=entry(), headers={"Authorization": f"Bearer {client.write_key}"}
    )
    assert_problem(answer, 400, "unknown_parameter")
    assert_problem(client.get("/v1/bots?limit=5&color=red"), 400, "unknown_parameter")


@pytest.mark.parametrize("id", ["a", "req-1", "A.b_c-9", "x" * 128])
def test_request_id_is_taken(client, id):
    for answer in (
        client.http.get("/livez", headers={"X-Request-Id": id}),
        client.http.get("/v1/nothing", headers={"X-Request-Id": id}),
        client.http.post(
            "/v1/call-logs", json=entry(), headers={"X-Request-Id": id, "Authorization": f"Bearer {client.write_key}"}
        ),
    ):
        assert answer.headers["x-request-id"] == id
    assert client.http.get("/v1/nothing", headers={"X-Request-Id": id}).json()["request_id"] == id


@pytest.mark.parametrize("id", ["", "x" * 129, "a b", 'a"b', "<script>", "ä", "a;b", "{}"])
def test_request_id_is_replaced(client, id):
    answers = [client.http.get("/v1/nothing", headers={"X-Request-Id": id.encode()}) for _ in range(2)]
    ids = [assert_problem(answer, 404, "not_found")["request_id"] for answer in answers]
    assert id not in ids and ids[0] != ids[1]


def test_refused_entries_are_problems_with_the_request_id(client):
    answer = client.http.post(
        "/v1/call-logs",
        json=entry(status_code=7),
        headers={"X-Request-Id": "mine", "Authorization": f"Bearer {client.write_key}"},
    )
    assert assert_problem(answer, 422, "invalid_entry")["request_id"] == "mine"


def test_answers_are_not_cached_nor_sniffed(client):
    for answer in (client.get("/v1/call-logs"), client.get("/v1/nothing"), client.get("/livez")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_health(api, client):
    for path in ("/livez", "/readyz"):
        answer = client.http.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/bots HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"POST /v1/call-logs HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /v1/call-logs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100,
    ],
)
def test_bad_http_harms_nobody(api, client, text):
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    assert not answer or re.match(rb"HTTP/1\.\d [45]\d\d ", answer), answer[:100]
    assert client.get("/v1/bots").status_code == 200


NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (NaN|[+-]Inf|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?)$")


def test_metrics_are_prometheus_text(api, client):
    client.get("/v1/nothing")
    answer = httpx.get(api.metrics_url, trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    types, helped, seen, current = {}, set(), set(), None
    for line in answer.text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped, f"{name} stands twice"
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, type = line.split(" ")
            assert type in ("counter", "gauge", "histogram", "summary") and name not in types
            types[name], current = type, name
        else:
            match = SAMPLE.match(line)
            assert match, line
            family = re.sub("_(bucket|sum|count)$", "", match[1]) if types.get(current) == "histogram" else match[1]
            assert family == current, f"{line} stands outside its family"
            assert (match[1], match[2]) not in seen, f"{line} stands twice"
            seen.add((match[1], match[2]))
            assert types[current] != "counter" or match[1].endswith("_total"), line
    assert helped == set(types)


def test_histogram_buckets_grow(api, client):
    client.get("/v1/bots")
    metrics = api.metrics()
    prefix = 'calltrail_http_request_duration_seconds_bucket{route="/v1/bots",le='
    buckets = [value for name, value in metrics.items() if name.startswith(prefix)]
    assert buckets and buckets == sorted(buckets)
    assert buckets[-1] == metrics['calltrail_http_request_duration_seconds_count{route="/v1/bots"}']


def test_metrics_count_entries(api, client):
    def counts():
        metrics = api.metrics()
        return {
            result: metrics[f'calltrail_ingest_entries_total{{result="{result}"}}']
            for result in ("accepted", "duplicate", "unreachable", "rejected")
        }

    before = counts()
    sent = with_ids(5)
    body = ndjson(sent + sent[:2] + [entry(status_code=None), entry(status_code=7), entry(bot=...), entry(url="x")])
    assert client.post(body, "application/x-ndjson").status_code == 207
    after = counts()
    assert {name: after[name] - before[name] for name in after} == {
        "accepted": 5,
        "duplicate": 2,
        "unreachable": 1,
        "rejected": 3,
    }
    metrics = api.metrics()
    assert metrics["calltrail_database_up"] == 1
    assert metrics["calltrail_partitions_ahead_days"] == 8
    assert metrics["calltrail_ingest_queue_entries"] == 0


def test_metrics_count_requests_by_route(api, client):
    def count(status):
        return api.metrics().get(
            f'calltrail_http_requests_total{{route="/v1/call-logs/{{id}}",method="GET",status="{status}"}}', 0
        )

    before = count(404)
    for number in range(3):
        client.get(f"/v1/call-logs/unknown-{number}")
    assert count(404) - before == 3


def test_listeners_are_apart(api, client):
    assert_problem(client.get("/metrics"), 404, "not_found")
    assert httpx.get(api.metrics_url.replace("/metrics", "/v1/bots"), trust_env=False).status_code == 404


def test_secrets_do_not_reach_the_log(api, client):
    client.get("/v1/call-logs", q="s3cretInQuery")
    client.http.get("/v1/call-logs?token=s3cretInQuery", headers={"Authorization": "Bearer s3cretInHeader"})
    client.post(b'{"broken": "s3cretInBody')
    for secret in ("s3cretInQuery", "s3cretInHeader", "s3cretInBody", client.read_key, client.write_key):
        assert secret not in api.output


@pytest.mark.parametrize(
    "raw, status, code",
    [
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 20_000 + b"\r\n\r\n", 431, "header_too_large"),
        (
            b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(500)) + b"\r\n",
            431,
            "header_too_large",
        ),
        (b"what is this\r\n\r\n", 400, "invalid_parameter"),
        (b"GET /livez HTTP/1.1\r\nHost x\r\n\r\n", 400, "invalid_parameter"),
    ],
)
def test_what_never_becomes_a_request_is_a_problem_too(client, raw, status, code):
    url = httpx.URL(str(client.http.base_url))
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(raw)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), received[:300]
    assert b"application/problem+json" in head
    problem = httpx.Response(status, content=body).json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] and problem["request_id"].encode() in head
