"""`calltrail ship` sends files in, whatever form they have, and again without harm."""

import json
import subprocess
import sys

import pytest

from harness.client import Client, entry, ndjson, with_ids
from harness.program import API, BINARY, Tenant, environment, run


def ship(client, *files, check=True, **options):
    """Ships files to the session's api."""
    return ship_with(client, client.write_key, *files, check=check, **options)


def ship_with(client, key, *files, **options):
    """Ships files with a certain key."""
    return run("ship", "--url", str(client.http.base_url), "--key", key, *map(str, files), **options)


def counts(accepted=0, duplicates=0, unreachable=0, rejected=0):
    return f"{accepted} accepted, {duplicates} duplicates, {unreachable} unreachable, {rejected} rejected"


def test_ndjson_and_again(new_client, tmp_path):
    sent = with_ids(2500)
    (tmp_path / "calls.ndjson").write_bytes(ndjson(sent))
    outcome = ship(new_client, tmp_path / "calls.ndjson")
    assert outcome.stdout.splitlines()[0] == counts(accepted=2500)
    assert "\r" not in outcome.stderr and "\x1b" not in outcome.stderr, "no progress bar without a terminal"
    assert len(new_client.all()) == 2500
    assert ship(new_client, tmp_path / "calls.ndjson").stdout.splitlines()[0] == counts(duplicates=2500)


@pytest.mark.parametrize("indent", [None, 2])
def test_json_array_and_object(new_client, tmp_path, indent):
    (tmp_path / "array").write_text(json.dumps(with_ids(30), indent=indent))
    (tmp_path / "object").write_text(json.dumps(with_ids(1)[0], indent=indent))
    outcome = ship(new_client, tmp_path / "array", tmp_path / "object")
    assert outcome.stdout.splitlines()[0] == counts(accepted=31)
    assert len(new_client.all()) == 31


def test_stdin(new_client):
    outcome = ship(new_client, "-", stdin=ndjson(with_ids(40)).decode())
    assert outcome.stdout.splitlines()[0] == counts(accepted=40)


def test_stdin_of_a_slow_pipe(new_client):
    """What a pipe brings little by little is sent."""
    lines = ndjson(with_ids(6)).decode().splitlines()
    feeder = "import sys, time\nfor line in sys.argv[1:]:\n  print(line, flush=True); time.sleep(0.05)\n"
    feeding = subprocess.Popen([sys.executable, "-c", feeder, *lines], stdout=subprocess.PIPE)
    outcome = subprocess.run(
        [BINARY, "ship", "--url", str(new_client.http.base_url), "-"],
        stdin=feeding.stdout,
        text=True,
        capture_output=True,
        timeout=30,
        env=environment(CALLTRAIL_KEY=new_client.write_key),
    )
    feeding.wait(10)
    assert outcome.returncode == 0 and outcome.stdout.splitlines()[0] == counts(accepted=6), outcome.stderr


def test_what_is_wrong_is_named_by_file_and_line(new_client, tmp_path):
    lines = ndjson(with_ids(5)).splitlines(keepends=True)
    lines[1] = ndjson([entry(status_code=None)])
    lines[2] = ndjson([entry(status_code=7)])
    lines[3] = b"{broken\n"
    (tmp_path / "calls.ndjson").write_bytes(b"".join(lines))
    outcome = ship(new_client, tmp_path / "calls.ndjson", check=False)
    assert outcome.returncode == 1
    assert outcome.stdout.splitlines()[0] == counts(accepted=2, unreachable=1, rejected=2)
    assert "calls.ndjson:3: out_of_range at /status_code" in outcome.stdout
    assert "calls.ndjson:4:" in outcome.stdout
    assert len(new_client.all()) == 2


def har(entries):
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}}


def har_entry(number, **response):
    sent = entry()
    return {
        "startedDateTime": sent["occurred_at"],
        "time": 12.5 + number,
        "request": {
            "method": "POST",
            "url": f"https://acme.zendesk.com/tickets/{number}.json?token=s3cretOfTheHar",
            "httpVersion": "HTTP/2",
            "cookies": [],
            "queryString": [],
            "headersSize": -1,
            "bodySize": 2,
            "headers": [{"name": ":method", "value": "POST"}, {"name": "Content-Type", "value": "application/json"}],
            "postData": {"mimeType": "application/json", "text": "{}"},
        },
        "response": {
            "status": 201,
            "statusText": "",
            "httpVersion": "HTTP/2",
            "cookies": [],
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 4,
            "headers": [{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}],
            "content": {"size": 4, "mimeType": "text/plain", "text": "b2theQ==", "encoding": "base64"},
            **response,
        },
        "cache": {},
        "timings": {"send": 1, "wait": 1, "receive": 1},
    }


def test_har_and_again(new_client, tmp_path):
    (tmp_path / "network.har").write_text(
        json.dumps(har([har_entry(1), har_entry(2, status=404), har_entry(3, status=0)]))
    )
    outcome = ship(new_client, tmp_path / "network.har")
    assert outcome.stdout.splitlines()[0] == counts(accepted=2, unreachable=1)
    found = new_client.all()
    assert {(item["application"], item["method"], item["status_code"]) for item in found} == {
        ("zendesk", "POST", 201),
        ("zendesk", "POST", 404),
    }
    detail = new_client.find(next(item["id"] for item in found if item["status_code"] == 201))
    assert detail["response"]["body"] == "okay" and detail["request"]["body"] == "{}"
    assert detail["response"]["headers"]["X-A"] == "1, 2"
    assert ":method" not in detail["request"]["headers"]
    assert "s3cretOfTheHar" not in json.dumps(detail)
    again = ship(new_client, tmp_path / "network.har")
    assert again.stdout.splitlines()[0] == counts(duplicates=2, unreachable=1)
    assert len(new_client.all()) == 2


@pytest.mark.parametrize("text, word", [("", ""), ("[1, 2", ""), ("<html>", ""), ('{"log": 7}', "")])
def test_files_that_hold_no_calls(new_client, tmp_path, text, word):
    (tmp_path / "odd").write_text(text)
    outcome = ship(new_client, tmp_path / "odd", check=False)
    assert new_client.all() == []
    assert "accepted" in outcome.stdout or outcome.returncode != 0


def test_missing_file_and_wrong_key(new_client, tmp_path):
    outcome = ship(new_client, tmp_path / "missing", check=False)
    assert outcome.returncode != 0 and "missing" in outcome.stderr
    (tmp_path / "calls").write_bytes(ndjson(with_ids(3)))
    outcome = ship_with(new_client, new_client.read_key, tmp_path / "calls", check=False)
    assert outcome.returncode != 0 and "403" in outcome.stderr + outcome.stdout
    assert new_client.read_key not in outcome.stderr + outcome.stdout
    assert run("ship", str(tmp_path / "calls"), check=False).returncode != 0
    assert new_client.all() == []


def test_retries_until_the_api_is_there(own_database, tmp_path):
    """An api that starts late is waited for; its clients need not be told."""
    tenant = Tenant(own_database)
    (tmp_path / "calls").write_bytes(ndjson(with_ids(50)))
    api = API(own_database)
    port = api.port
    assert api.stop() == 0
    shipping = subprocess.Popen(
        [BINARY, "ship", "--url", f"http://127.0.0.1:{port}", "--key", tenant.write_key, str(tmp_path / "calls")],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    api.start()
    output, errors = shipping.communicate(timeout=40)
    assert shipping.returncode == 0, errors
    assert output.splitlines()[0] == counts(accepted=50)
    assert len(Client(api, tenant).all()) == 50
    assert api.stop() == 0
