"""Entries that cannot be taken are refused one by one, each with its place and reason; the others are stored."""

import datetime
import json

import pytest

from harness.client import NDJSON, ago, assert_problem, entries, entry, ndjson, stamp


def the_error(answer, status=422):
    """The one error of an answer of which nothing was taken."""
    problem = assert_problem(answer, status, "invalid_entry")
    assert (problem["accepted"], problem["duplicates"], problem["unreachable"], problem["rejected"]) == (0, 0, 0, 1)
    (error,) = problem["errors"]
    assert error["index"] == 0 and error["detail"]
    return error["pointer"], error["code"]


def deep(pointer, value):
    """A valid entry in which the place that the pointer names has the value; `...` removes it."""
    changed = entry(
        source={"type": "flow", "path": "p", "node_id": "n"},
        user={"id": "u", "name": "n"},
        error={"type": "t", "message": "m"},
        outcome="success",
        attempt=1,
        connection_id="c",
    )
    *parents, last = pointer.strip("/").split("/")
    place = changed
    for name in parents:
        place = place[name]
    place[last] = value
    if value is ...:
        del place[last]
    return changed


@pytest.mark.parametrize(
    "pointer, value, code",
    [
        ("/application", ..., "required"),
        ("/bot", ..., "required"),
        ("/bot/id", ..., "required"),
        ("/method", ..., "required"),
        ("/url", ..., "required"),
        ("/status_code", ..., "required"),
        ("/application", 7, "wrong_type"),
        ("/application", "myspace", "unknown_value"),
        ("/application", "Zendesk", "unknown_value"),
        ("/bot", "support-bot", "wrong_type"),
        ("/bot/id", 7, "wrong_type"),
        ("/bot/id", "", "out_of_range"),
        ("/bot/id", "x" * 129, "too_long"),
        ("/bot/name", [], "wrong_type"),
        ("/method", "BREW", "unknown_value"),
        ("/method", "post", "unknown_value"),
        ("/method", True, "wrong_type"),
        ("/url", "tickets.json", "invalid_format"),
        ("/url", "ftp://example.com/", "invalid_format"),
        ("/url", "", "invalid_format"),
        ("/url", 7, "wrong_type"),
        ("/url", "https://e.com/" + "x" * 9000, "too_long"),
        ("/url", "https://example.com/a\nb", "invalid_character"),
        ("/status_code", 99, "out_of_range"),
        ("/status_code", 600, "out_of_range"),
        ("/status_code", -1, "out_of_range"),
        ("/status_code", "200", "wrong_type"),
        ("/status_code", 200.5, "wrong_type"),
        ("/status_code", [], "wrong_type"),
        ("/status_code", 10**30, "out_of_range"),
        ("/duration_ms", -1, "out_of_range"),
        ("/duration_ms", "5", "wrong_type"),
        ("/duration_ms", 1.5, "wrong_type"),
        ("/duration_ms", 2**31, "out_of_range"),
        ("/occurred_at", "1970-01-01T00:00:00Z", "out_of_window"),
        ("/occurred_at", "2099-01-01T00:00:00Z", "out_of_window"),
        # reckoned from when the test runs
        ("/occurred_at", {"days": 30, "minutes": 1}, "out_of_window"),
        ("/occurred_at", {"minutes": -11}, "out_of_window"),
        ("/occurred_at", ago(hours=1).rstrip("Z"), "invalid_format"),
        ("/occurred_at", "yesterday", "invalid_format"),
        ("/occurred_at", "2026-02-30T00:00:00Z", "invalid_format"),
        ("/occurred_at", 1_700_000_000, "wrong_type"),
        ("/source", "flow", "wrong_type"),
        ("/source/type", ..., "required"),
        ("/source/type", "mail", "unknown_value"),
        ("/user", "u-7", "wrong_type"),
        ("/user/id", 7, "wrong_type"),
        ("/request", [], "wrong_type"),
        ("/request/headers", [], "wrong_type"),
        ("/request/body", {}, "wrong_type"),
        ("/response/body", 7, "wrong_type"),
        ("/outcome", "failed", "unknown_value"),
        ("/outcome", 1, "wrong_type"),
        ("/error", "oh", "wrong_type"),
        ("/connection_id", 7, "wrong_type"),
        ("/attempt", 0, "out_of_range"),
        ("/attempt", "1", "wrong_type"),
        ("/id", "", "out_of_range"),
        ("/id", "x" * 129, "too_long"),
        ("/id", 7, "wrong_type"),
        ("/id", "a\0b", "invalid_character"),
    ],
)
def test_wrong_members_are_named(client, pointer, value, code):
    if code == "out_of_window" and isinstance(value, dict):
        value = ago(**value)
    named = "/bot/id" if (pointer, code) == ("/bot", "required") else pointer
    assert the_error(client.post(deep(pointer, value))) == (named, code)


@pytest.mark.parametrize(
    "command, code",
    [
        ("wget https://example.com", "invalid_curl"),
        ("curl 'https://e.com", "invalid_curl"),
        ("curl", "invalid_curl"),
        ("", "invalid_curl"),
    ],
)
def test_commands_that_are_not_curl(client, command, code):
    assert the_error(client.post(entry(request={"curl": command}))) == ("/request/curl", code)


def test_id_without_time_is_refused(client):
    assert the_error(client.post(entry(id="a", occurred_at=...))) == ("/occurred_at", "required")


def test_several_errors_of_one_entry_are_all_named(client):
    answer = client.post(entry(application="x", method="x", url="x", status_code=7))
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/application",
        "/method",
        "/url",
        "/status_code",
    }
    assert answer.json()["rejected"] == 1


@pytest.mark.parametrize(
    "text, error",
    [
        (
            '{"application":"zendesk","application":"twilio","bot":{"id":"b"},"method":"GET","url":"https://e.com/",'
            '"status_code":200}',
            ("/application", "duplicate_member"),
        ),
        (
            '{"application":"c2e","bot":{"id":"b","id":"c"},"method":"GET","url":"https://e.com/","status_code":200}',
            ("/bot/id", "duplicate_member"),
        ),
        ("[7]", ("", "wrong_type")),
        ("[null]", ("", "wrong_type")),
        ('["entry"]', ("", "wrong_type")),
        ("[[]]", ("", "wrong_type")),
    ],
)
def test_duplicate_members_and_no_entries(client, text, error):
    assert the_error(client.post(text.encode())) == error


def test_mixture_is_answered_by_207(new_client):
    answer = new_client.post([entry(), entry(status_code=7), entry(status_code=None), entry(bot=...)])
    assert answer.status_code == 207
    assert answer.headers["content-type"].startswith("application/json")
    counts = answer.json()
    errors = counts.pop("errors")
    assert counts == {"accepted": 1, "duplicates": 0, "unreachable": 1, "rejected": 2}
    assert [(error["index"], error["pointer"], error["code"]) for error in errors] == [
        (1, "/status_code", "out_of_range"),
        (3, "/bot/id", "required"),
    ]
    assert len(new_client.all()) == 1


@pytest.mark.parametrize("code", [None, 0])
def test_unreachable_calls_are_counted_and_not_stored(new_client, code):
    answer = new_client.post(entry(status_code=code))
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 0, "duplicates": 0, "unreachable": 1, "rejected": 0, "errors": []}
    assert new_client.all() == []


def test_malformed_line_of_ndjson_costs_only_itself(new_client):
    lines = ndjson(entries(1000)).splitlines(keepends=True)
    lines[499] = lines[499].replace(b'"method":', b'"method"', 1).replace(b'"method" ', b'"method" : : ')
    answer = new_client.post(b"".join(lines), NDJSON)
    assert answer.status_code == 207, answer.text
    counts = answer.json()
    (error,) = counts.pop("errors")
    assert counts == {"accepted": 999, "duplicates": 0, "unreachable": 0, "rejected": 1}
    assert (error["index"], error["pointer"], error["code"]) == (499, "", "malformed_json")
    assert "500" in error["detail"], "the line should be named"
    assert len(new_client.all()) == 999


def test_malformed_array_is_refused_as_a_whole(new_client):
    items = [json.dumps(item) for item in entries(1000)]
    items[499] = items[499].replace('"method":', '"method"', 1)
    problem = assert_problem(new_client.post(("[" + ",".join(items) + "]").encode()), 400, "malformed_json")
    assert "499" in problem["detail"], "the entry should be named"
    assert new_client.all() == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b"[",
        b"[{}",
        b"[{},]",
        b"[,]",
        b"{'a':1}",
        b'{"a":1}}',
        b'{"a" 1}',
        b"nul",
        b"[1 2]",
        b'{"a":01}',
        b'{"a":"\n"}',
        b'{"a":"\\x"}',
        b"<xml/>",
        b"a=b&c=d",
        b'{"a":1}\n{"a":2}',
        b"\xff\xfe",
        b"7",
        b'"text"',
        b"null",
    ],
)
def test_bodies_that_are_not_json(client, body):
    problem = assert_problem(client.post(body), 400, "malformed_json")
    assert "accepted" not in problem


@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_empty_bodies(client, body, content_type):
    assert_problem(client.post(body, content_type), 400, "malformed_json")


def test_empty_array_takes_nothing(client):
    answer = client.post([])
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 0, "duplicates": 0, "unreachable": 0, "rejected": 0, "errors": []}


@pytest.mark.parametrize(
    "age", [dict(days=29, hours=23), dict(days=29, hours=12), dict(days=12, hours=5), dict(minutes=-9)]
)
def test_old_days_get_their_partitions_on_demand(new_client, database, age):
    sent = entry(occurred_at=ago(**age))
    id = new_client.post(sent).json()["id"]
    assert new_client.find(id)["occurred_at"] == sent["occurred_at"]
    assert [item["id"] for item in new_client.all()] == [id]
    day = sent["occurred_at"][:10].replace("-", "")
    for parent in ("call_log", "call_body", "call_count"):
        assert database.value("select to_regclass(%s) is not null", f"{parent}_{day}")


def test_offsets_are_understood(client):
    zone = datetime.timezone(datetime.timedelta(hours=-7))
    local = (datetime.datetime.now(zone) - datetime.timedelta(minutes=5)).replace(microsecond=250_000)
    id = client.post(entry(occurred_at=local.isoformat(timespec="milliseconds"))).json()["id"]
    assert client.find(id)["occurred_at"] == stamp(local)


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\udc00x", "x\\ud800\\u0041"])
def test_nul_and_lone_surrogates_are_taken(client, text):
    sent = json.dumps(entry(request={"body": "PLACE"}, response={"body": "clean"}))
    answer = client.post(sent.replace("PLACE", text).encode())
    assert answer.status_code == 200, answer.text
    found = client.find(answer.json()["id"])
    assert found["request"]["sanitized"] is True and found["request"]["body"]
    assert "\0" not in found["request"]["body"]
    assert found["response"]["sanitized"] is False and found["response"]["body"] == "clean"


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\xfa", b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"ab\xe2\x82"]
)
@pytest.mark.parametrize("content_type", ["application/json", NDJSON])
def test_invalid_utf8_is_taken(client, data, content_type):
    bot = f"utf8-{data.hex()}-{content_type[-6:]}"
    sent = json.dumps(entry(bot={"id": bot}, request={"body": "before PLACE after"})).encode()
    answer = client.post(sent.replace(b"PLACE", data), content_type)
    assert answer.status_code == 200, answer.text
    (item,) = client.all(bot=bot)
    request = client.find(item["id"])["request"]
    assert request["sanitized"] is True
    assert request["body"].startswith("before ") and request["body"].endswith(" after")
    assert request["body_size"] == len(b"before " + data + b" after")


def test_nul_in_names_does_not_break_lists(client):
    answer = client.post(
        entry(
            bot={"id": "nul", "name": "a\0b"},
            user={"id": "u", "name": "x\0"},
            source={"type": "flow", "path": "p\0q"},
            error={"message": "m\0"},
            request={"headers": {"X-Nul": "\0"}, "body": "\0"},
        )
    )
    assert answer.status_code == 200, answer.text
    assert len(client.all(bot="nul")) == 1


def test_deep_nesting_is_refused_and_harmless(client, api):
    for depth in (2_000, 100_000):
        nested = "[" * depth + "]" * depth
        sent = json.dumps(entry(extra="PLACE")).replace('"PLACE"', nested)
        assert the_error(client.post(sent.encode())) == ("", "too_deep")
        answer = client.post(("[" * depth).encode())
        assert answer.status_code in (400, 422) and answer.json()["code"] in ("malformed_json", "invalid_entry")
        answer = client.post(nested.encode())
        assert answer.status_code in (400, 422), answer.text
        objects = '{"a":' * depth + "1" + "}" * depth
        answer = client.post(objects.encode(), NDJSON)
        assert answer.status_code in (400, 422), answer.text
    assert api.is_running() and client.post(entry()).status_code == 200


def test_unknown_members_are_ignored(client):
    assert client.post(entry(extra={"anything": [1, 2, {"a": None}]}, bot={"id": "b", "team": "t"})).status_code == 200
