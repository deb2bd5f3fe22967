"""A call goes in, in every form there is, and is found again with everything but its secrets."""

import json
import subprocess

import pytest
import zstandard

from harness.client import NDJSON, ago, entries, entry, ndjson, packed

TOKEN = "tok3nT0k3nT0k3nT0k3nT0k3n"
QUERY_SECRET = "qu3rySecr3tQu3rySecr3t"
PASSWORD = "p4ssw0rdInTheB0dy"
COOKIE = "c00kieC00kieC00kie"
USER_SECRET = "us3rInf0Secr3t"
SECRETS = [TOKEN, QUERY_SECRET, PASSWORD, COOKIE, USER_SECRET]


def answer_of(count):
    return {"accepted": count, "duplicates": 0, "unreachable": 0, "rejected": 0, "errors": []}


def test_single_object_is_found_with_everything(client):
    sent = entry(
        source={"type": "flow", "path": "Main flow / Create ticket", "node_id": "n-42"},
        user={"id": "u-7", "name": "end user 7"},
        status_code=503,
        duration_ms=812,
        outcome="error",
        error={"type": "provider_down", "message": "no answer"},
        connection_id="conn-1",
        attempt=2,
    )
    answer = client.post(sent)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    id = answer.json().pop("id")
    assert answer.json() == {"id": id, **answer_of(1)}

    found = client.find(id)
    request, response = found.pop("request"), found.pop("response")
    expires_at = found.pop("expires_at")
    assert found == {
        "id": id,
        "occurred_at": sent["occurred_at"],
        "status": "error",
        "status_code": 503,
        "method": "POST",
        "application": "zendesk",
        "application_name": "Zendesk",
        "bot": {"id": "support-bot", "name": "Support bot"},
        "source": {
            "type": "flow",
            "path": "Main flow / Create ticket",
            "node_id": "n-42",
            "agent": None,
            "label": "Main flow / Create ticket",
            "url": None,
        },
        "user": {"id": "u-7", "name": "end user 7"},
        "url": sent["url"],
        "duration_ms": 812,
        "error": {"type": "provider_down", "message": "no answer"},
        "client_id": None,
        "connection_id": "conn-1",
        "attempt": 2,
    }
    assert expires_at[:10] > sent["occurred_at"][:10]
    assert request["headers"] == sent["request"]["headers"]
    assert request["body"] == sent["request"]["body"]
    assert request["body_size"] == len(sent["request"]["body"])
    assert request["truncated"] is False
    assert request["curl"].startswith("curl ") and sent["url"] in request["curl"]
    assert response["headers"] == sent["response"]["headers"]
    assert response["body"] == sent["response"]["body"]
    assert response["body_size"] == len(sent["response"]["body"])
    assert response["truncated"] is False

    listed = [item for item in client.all(status="error") if item["id"] == id]
    assert len(listed) == 1
    assert listed[0] == {
        name: value for name, value in found.items() if name not in ("client_id", "connection_id", "attempt")
    } | {"expires_at": expires_at}


def test_agent_of_the_inbox_is_kept(client):
    answer = client.post(entry(source={"type": "inbox", "agent": {"name": "Mia", "email": "mia@example.com"}}))
    source = client.find(answer.json()["id"])["source"]
    assert source["type"] == "inbox"
    assert source["agent"] == {"name": "Mia", "email": "mia@example.com"}
    assert source["label"] == "Mia"


def test_client_id_comes_back(client):
    answer = client.post(entry(id="ticket/2026-11/ä-1"))
    assert client.find(answer.json()["id"])["client_id"] == "ticket/2026-11/ä-1"


def test_minimal_entry_is_taken_as_of_now(client):
    answer = client.post(
        {"application": "c2e", "bot": {"id": "b"}, "method": "C2E", "url": "c2e://conversation/1", "status_code": 200}
    )
    assert answer.status_code == 200, answer.text
    found = client.find(answer.json()["id"])
    assert (found["status"], found["user"], found["source"], found["error"]) == ("success", None, None, None)


@pytest.mark.parametrize("fraction", ["", ".5", ".123456", ".999999", ".123456789"])
def test_finer_times_are_found_by_id(client, fraction):
    time = ago(hours=1)[:19]
    id = client.post(entry(occurred_at=f"{time}{fraction}Z", bot={"id": "fine" + fraction})).json()["id"]
    assert client.find(id)["occurred_at"].startswith(time)
    assert [item["id"] for item in client.all(bot="fine" + fraction)] == [id]


@pytest.mark.parametrize(
    "status_code, outcome, status",
    [
        (200, ..., "success"),
        (200, "error", "error"),
        (399, ..., "success"),
        (400, ..., "error"),
        (404, "success", "error"),
        (599, ..., "error"),
        (100, ..., "success"),
    ],
)
def test_status_follows_code_and_outcome(client, status_code, outcome, status):
    answer = client.post(entry(status_code=status_code, outcome=outcome))
    assert client.find(answer.json()["id"])["status"] == status


def forms():
    """Every form in which a request may carry entries."""

    def array(items):
        return json.dumps(items).encode()

    def zstd(data):
        return zstandard.ZstdCompressor().compress(data)

    def streamed_zstd(data):
        compressor = zstandard.ZstdCompressor().compressobj()
        return compressor.compress(data) + compressor.flush()

    yield "array", array, "application/json", None
    yield "array with charset", array, "application/json; charset=utf-8", None
    yield "ndjson", ndjson, NDJSON, None
    yield "ndjson without last newline", lambda items: ndjson(items).rstrip(b"\n"), NDJSON, None
    yield "ndjson with CRLF and blank lines", lambda items: ndjson(items).replace(b"\n", b"\r\n\r\n"), NDJSON, None
    yield "gzip", lambda items: packed(ndjson(items)), NDJSON, "gzip"
    yield "gzip of two members", lambda items: packed(ndjson(items[:2])) + packed(ndjson(items[2:])), NDJSON, "gzip"
    yield "gzip of an array", lambda items: packed(array(items)), "application/json", "gzip"
    yield "zstd", lambda items: zstd(ndjson(items)), NDJSON, "zstd"
    yield "zstd without size", lambda items: streamed_zstd(ndjson(items)), NDJSON, "zstd"
    yield "zstd of two frames", lambda items: zstd(ndjson(items[:2])) + zstd(ndjson(items[2:])), NDJSON, "zstd"


@pytest.mark.parametrize("name, encode, content_type, encoding", [pytest.param(*form, id=form[0]) for form in forms()])
def test_every_form_is_taken(client, name, encode, content_type, encoding):
    bot = "form-" + name.replace(" ", "-")
    sent = entries(5, bot={"id": bot})
    headers = {"Content_Encoding": encoding} if encoding else {}
    answer = client.post(encode(sent), content_type, **headers)
    assert answer.status_code == 200, answer.text
    assert answer.json() == answer_of(5)
    assert sorted(item["occurred_at"] for item in client.all(bot=bot)) == sorted(item["occurred_at"] for item in sent)


def test_curl_text_as_request(client):
    command = (
        "curl -X PUT 'https://api.example.com/v1/items/7?full=1' -H 'Content-Type: application/json' "
        f"-H 'Authorization: Bearer {TOKEN}' --data-raw '{{\"name\":\"it'\\''s\"}}'"
    )
    answer = client.post(entry(method=..., url=..., request={"curl": command}))
    assert answer.status_code == 200, answer.text
    found = client.find(answer.json()["id"])
    assert (found["method"], found["url"]) == ("PUT", "https://api.example.com/v1/items/7?full=1")
    assert found["request"]["headers"]["Content-Type"] == "application/json"
    assert found["request"]["body"] == '{"name":"it\'s"}'
    assert TOKEN not in json.dumps(found)


def test_secrets_are_stored_nowhere(client, database, tenant):
    in_fields = entry(
        bot={"id": "secretive"},
        url=f"https://mia:{USER_SECRET}@api.example.com/v1/me?token={QUERY_SECRET}&page=2",
        request={
            "headers": {"Authorization": f"Bearer {TOKEN}", "Cookie": f"session={COOKIE}", "Accept": "*/*"},
            "body": json.dumps({"user": "mia", "password": PASSWORD}),
        },
        response={
            "headers": {"Set-Cookie": f"session={COOKIE}; Path=/"},
            "body": json.dumps({"access_token": TOKEN, "ok": True}),
        },
        error={"type": "auth", "message": f"refused: Authorization: Bearer {TOKEN}"},
        status_code=401,
    )
    in_curl = entry(
        bot={"id": "secretive"},
        method=...,
        url=...,
        request={
            "curl": (
                f"curl 'https://api.example.com/v1/me?token={QUERY_SECRET}' -u mia:{PASSWORD} "
                f"-H 'Authorization: Bearer {TOKEN}' -b 'session={COOKIE}' -d 'password={PASSWORD}&user=mia'"
            )
        },
    )
    client.send([in_fields, in_curl])

    found = client.all(bot="secretive")
    assert len(found) == 2
    details = [client.find(item["id"]) for item in found]
    commands = [client.get(f"/v1/call-logs/{item['id']}/curl").text for item in found]
    seen = json.dumps([found, details]) + "".join(commands)
    for secret in SECRETS:
        assert secret not in seen, secret
    # what is redacted says so, and the rest is there
    first = next(detail for detail in details if detail["status_code"] == 401)
    assert first["request"]["headers"]["Authorization"].startswith("Bearer [redacted len=")
    assert first["request"]["headers"]["Accept"] == "*/*"
    assert json.loads(first["request"]["body"])["user"] == "mia"
    assert json.loads(first["request"]["body"])["password"].startswith("[redacted len=")
    assert first["url"].endswith("page=2")
    # the same secret is recognised by its fingerprint
    fingerprint = first["request"]["headers"]["Authorization"].split("fp=")[1].rstrip("]")
    assert fingerprint in first["response"]["body"]
    assert_absent_from_tables(database, tenant)


def assert_absent_from_tables(database, tenant):
    """No table holds a secret, neither as text nor within compressed bodies."""
    tables = [
        name
        for (name,) in database.rows(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        )
    ]
    for table in tables:
        for (text,) in database.rows(f"select t::text from {table} t"):
            assert not any(secret in text for secret in SECRETS), table
    payloads = database.rows("select payload from call_body where tenant_id = %s", tenant.id)
    assert payloads
    for (payload,) in payloads:
        for data in [bytes(payload), *frames(bytes(payload))]:
            assert not any(secret.encode() in data for secret in SECRETS)


def frames(payload):
    """What the zstd frames of a payload hold."""
    start = payload.find(b"\x28\xb5\x2f\xfd")
    assert start >= 0, "no zstd frame in a body block"
    while start >= 0:
        yield zstandard.ZstdDecompressor().decompressobj().decompress(payload[start:])
        start = payload.find(b"\x28\xb5\x2f\xfd", start + 4)


def test_bots_register_themselves(new_client):
    new_client.send(
        [
            entry(bot={"id": "alpha", "name": "Alpha"}),
            entry(bot={"id": "beta"}),
            entry(bot={"id": "alpha", "name": "Alpha"}),
        ]
    )
    answer = new_client.get("/v1/bots").json()
    assert [(bot["id"], bot["name"]) for bot in answer["data"]] == [("alpha", "Alpha"), ("beta", None)]
    assert answer["pagination"] == {"limit": 50, "next": None}
    new_client.send([entry(bot={"id": "beta", "name": "Beta"})])
    assert [bot["name"] for bot in new_client.get("/v1/bots").json()["data"]] == ["Alpha", "Beta"]
    page = new_client.get("/v1/bots", limit=1).json()
    assert [bot["id"] for bot in page["data"]] == ["alpha"]
    page = new_client.get("/v1/bots", limit=1, cursor=page["pagination"]["next"]).json()
    assert [bot["id"] for bot in page["data"]] == ["beta"] and page["pagination"]["next"] is None


@pytest.mark.parametrize(
    "sent",
    [
        entry(
            url="https://api.example.com/a'b?x=$HOME&y=`id`&z=%20",
            request={"headers": {"X-Odd": 'it\'s; $(touch /tmp/x) \\ "quoted"', "X-Empty": ""}, "body": "a'b\n$(id)\\"},
        ),
        entry(method="GET", request={}),
        entry(method="HEAD"),
        entry(application="c2e", method="C2E", url="c2e://conversation/1", request={"body": "--next"}),
        entry(url="https://api.example.com/[1-3]/{a,b}", request={"body": "@/etc/hostname"}),
    ],
)
def test_curl_is_shell(client, sent, tmp_path):
    id = client.post(sent).json()["id"]
    answer = client.get(f"/v1/call-logs/{id}/curl")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    script = tmp_path / "call.sh"
    script.write_text(answer.text)
    subprocess.run(["sh", "-n", script], check=True)
    assert answer.text.strip() == client.find(id)["request"]["curl"].strip()
