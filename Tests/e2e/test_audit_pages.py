"""What a tenant's own pages record: one entry or a thousand, all or none, and durable when answered."""

import http.client
import json
import secrets

import pytest

from harness.audit import CODES, RECORDABLE, Log, adopted, every_result, record, results
from harness.client import assert_problem, entry
from harness.people import House, Visitor
from harness.program import API

PATH = "/v1/logentry/"
KIB = 1024


@pytest.fixture(scope="module")
def program(house):
    """The key by which the house's pages record."""
    made = house.key("audit:write")
    visitor = Visitor(house.api, made["key"])
    visitor.key_id = made["id"]
    return visitor


@pytest.fixture(scope="module")
def log(house):
    """The house's audit log."""
    return Log(house.api.database, house.id)


@pytest.fixture
def run():
    """A word by which a test knows its entries."""
    return "run-" + secrets.token_hex(6)


def send(program, body, content_type="application/json"):
    """Sends bytes as they are."""
    headers = {"Authorization": f"Bearer {program.token}"}
    if content_type:
        headers["Content-Type"] = content_type
    return program.http.post(PATH, content=body, headers=headers)


def found(house, run):
    """The entries of a test."""
    return every_result(house.owner, relation_key=run)[::-1]


@pytest.mark.parametrize("path", ["/v1/logentry", "/v1/logentry/"])
@pytest.mark.parametrize("code", sorted(RECORDABLE))
def test_one(house, program, run, code, path):
    body = {"code": code, "relation_key": run, "related_model": "letter", "value": "someone@example.com", "data": {"a": [1, None]}}
    answer = program.post(path, body)
    assert answer.status_code == 201 and set(answer.json()) == {"id"}
    # at once
    (result,) = found(house, run)
    assert result["id"] == answer.json()["id"] and result["apikey_id"] == program.key_id
    assert {key: result[key] for key in ("code", "related_model", "value")} == {key: body[key] for key in ("code", "related_model", "value")}
    assert result["data"]["a"] == [1, None] and result["remote_addr"] == program.address
    assert result["PartitionKey"] == "api_audit"


@pytest.mark.parametrize("code", sorted(CODES - RECORDABLE) + ["XXX-0001", "abb-0020", "", 7, None])
def test_codes_that_are_not_theirs(house, program, run, code):
    """Who could record logins and calls by hand could make up a history."""
    for body, pointer in (
        ({"code": code, "relation_key": run}, "/code"),
        ([{"code": "ABB-0020", "relation_key": run}, {"code": code, "relation_key": run}], "/1/code"),
    ):
        problem = assert_problem(program.post(PATH, body), 400, "invalid_parameter")
        assert [issue["pointer"] for issue in problem["errors"]] == [pointer]
    assert found(house, run) == []


def test_batches(house, program, log, run):
    answer = record(program, [{"code": "ABB-0020", "relation_key": run, "value": f"{n}"} for n in range(1000)])
    assert answer["accepted"] == 1000 and len(set(answer["ids"])) == 1000
    entries = found(house, run)
    assert [e["id"] for e in entries] == answer["ids"] and [e["value"] for e in entries] == [f"{n}" for n in range(1000)]
    problem = assert_problem(program.post(PATH, [{"code": "ABB-0020", "relation_key": run}] * 1001), 400, "invalid_parameter")
    assert "1000" in problem["errors"][0]["detail"] or "1,000" in problem["errors"][0]["detail"]
    assert_problem(program.post(PATH, []), 400, "invalid_parameter")
    assert len(found(house, run)) == 1000
    log.assert_intact()


def test_one_bad_entry_spoils_the_batch(house, program, run):
    good = {"code": "ABB-0020", "relation_key": run}
    for bad in (
        {"relation_key": run}, {"code": "ABB-0020", "colour": "red"}, "text", 7, None, [],
        {"code": "ABB-0020", "value": 7}, {"code": "ABB-0020", "remote_addr": "nowhere"},
        {"code": "ABB-0020", "value": "x" * 2000}, {"code": "ABB-0020", "path": 7},
    ):  # fmt: skip
        problem = assert_problem(program.post(PATH, [good] * 5 + [bad] + [good] * 5), 400, "invalid_parameter")
        assert all(issue["pointer"].startswith("/5") for issue in problem["errors"]), problem
    assert found(house, run) == []


def test_only_its_own_key(house, program, run):
    record(program, {"code": "ABB-0020", "relation_key": run, "apikey_id": program.key_id})
    record(program, {"code": "ABB-0020", "relation_key": run, "apikey_id": program.key_id.upper()})
    for id in (house.key("audit:write")["id"], "7", secrets.token_hex(16), House(house.api).key("audit:write")["id"]):
        body = {"code": "ABB-0020", "relation_key": run, "apikey_id": id}
        problem = assert_problem(program.post(PATH, body), 400, "invalid_parameter")
        assert problem["errors"][0]["pointer"] == "/apikey_id"
    entries = found(house, run)
    assert [e["apikey_id"] for e in entries] == [program.key_id] * 2


def test_foreign_entities(house, program, log):
    """An entry about something of another tenant would stand in a history that is not its own."""
    writer = Visitor(house.api, house.key("call_logs:write")["key"])
    other = House(house.api)
    stranger = Visitor(house.api, other.key("call_logs:write")["key"])
    bot, call = "bot-" + secrets.token_hex(4), entry()
    mine = {
        "call_log": writer.post("/v1/call-logs", entry(bot={"id": bot})).json()["id"],
        "bot": bot, "user": house.owner_id, "api_key": program.key_id, "tenant": house.id,
    }  # fmt: skip
    bot = "bot-" + secrets.token_hex(4)
    theirs = {
        "call_log": stranger.post("/v1/call-logs", call | {"bot": {"id": bot}}).json()["id"],
        "bot": bot, "user": other.owner_id, "api_key": other.key("audit:write")["id"], "tenant": other.id,
        "connection": "01234567-89ab-7000-8000-000000000000", "share": "7", "session": "x",
    }  # fmt: skip
    for model, key in mine.items():
        record(program, {"code": "ABB-0030", "related_model": model, "relation_key": key})
    seq = log.seq()
    for model, key in theirs.items():
        for number, body in enumerate(({"code": "ABB-0030"}, [{"code": "ABB-0030"}, {"code": "ABB-0030"}])):
            member = {"related_model": model, "relation_key": key}
            body = body | member if number == 0 else [body[0], body[1] | member]
            problem = assert_problem(program.post(PATH, body), 400, "invalid_parameter")
            assert problem["errors"][0]["pointer"] == ("/relation_key", "/1/relation_key")[number]
    log.wait_until_quiet()
    assert log.rows("seq > %s and code = 'ABB-0030'", seq) == []
    # of what this service does not keep it knows nothing
    record(program, {"code": "ABB-0030", "related_model": "order", "relation_key": "4711"})


def test_sizes(house, program, run):
    def body(size, **members):
        # as JSON the object takes 8 bytes
        return {"code": "ABB-0020", "relation_key": run, "data": {"d": "x" * (size - 8)}, **members}

    record(program, body(64 * KIB))
    problem = assert_problem(program.post(PATH, body(64 * KIB + 1)), 400, "invalid_parameter")
    assert problem["errors"][0]["pointer"] == "/data" and problem["errors"][0]["code"] == "too_long"
    assert_problem(program.post(PATH, body(1024 * KIB)), 413, "body_too_large")
    problem = assert_problem(program.post(PATH, body(900 * KIB)), 400, "invalid_parameter")
    assert problem["errors"][0]["pointer"] == "/data"
    for member, longest in (("value", 1000), ("from", 320), ("related_model", 100), ("path", 4000), ("relation_key", 200)):
        problem = assert_problem(
            program.post(PATH, {"code": "ABB-0020", "relation_key": run, member: "ü" * (longest + 1)}), 400, "invalid_parameter"
        )
        assert problem["errors"][0]["pointer"] == "/" + member
    (result,) = found(house, run)
    assert len(result["data"]["d"]) == 64 * KIB - 8


@pytest.mark.parametrize(
    "data",
    [
        '"\\u0000"', '{"a\\u0000b": 1}', '"\\ud800"', '{"x": "\\udfff\\ud800"}', '"\\u0007\\u001b[31m"', '"\u2028"', "1e400", "1e-400",
        "123456789012345678901234567890", "-0.0", "{}", "[]", "0", "false", '""', '" "', "null", '{"a":1,"a":2}', '{"":""}', "[[[[[]]]]]",
        '{"status":"forged","request_id":"forged","user_id":"forged","erased":false,"restored":true}',
        "[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000, "[" * 100 + "]" * 100,
    ],
    ids=lambda data: data[:24],
)  # fmt: skip
def test_odd_data(house, program, log, run, data):
    """What is taken comes back as JSON that everybody can read; what is not is refused with a reason; nothing else happens."""
    answer = send(program, f'{{"code":"ABB-0020","relation_key":"{run}","data":{data}}}'.encode())
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 400:
        assert_problem(answer, 400, answer.json()["code"])
        assert found(house, run) == []
        return
    answer = house.owner.get(f"/v1/logentry/search/?relation_key={run}")
    assert answer.status_code == 200, answer.text

    def once(pairs):
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    (result,) = json.loads(answer.content.decode(), object_pairs_hook=once)["results"]
    json.dumps(result, ensure_ascii=False).encode()
    assert house.owner.get(f"/v1/logentry/export?format=ndjson&relation_key={run}").text.count("\n") == 1
    assert house.owner.get(f"/v1/logentry/export?format=csv&relation_key={run}").status_code == 200
    if isinstance(result["data"], dict):
        assert result["data"].get("request_id") != "forged" and "restored" not in result["data"], result["data"]
    log.assert_intact()


def test_what_is_this_services_own_word(house, program, run):
    """Nobody makes an entry look as if it had been erased, or as if another request had sent it."""
    for name in ("request_id", "erased", "restored"):
        body = {"code": "ABB-0020", "relation_key": run, "data": {"colour": "red", name: "forged"}}
        problem = assert_problem(program.post(PATH, body), 400, "invalid_parameter")
        assert problem["errors"][0]["pointer"] == "/data" and name in problem["errors"][0]["detail"]
    record(program, {"code": "ABB-0020", "relation_key": run, "data": {"status": "opened", "user_id": 7, "x": {"erased": 1}}})
    (result,) = found(house, run)
    assert result["data"].items() >= {"status": "opened", "user_id": 7, "x": {"erased": 1}}.items()


def test_people_stand_where_they_can_be_erased(house, program, run):
    for member in ("relation_key", "related_model"):
        body = {"code": "ABB-0020", "relation_key": run, member: "Ada@example.com"}
        problem = assert_problem(program.post(PATH, body), 400, "invalid_parameter")
        assert problem["errors"][0]["pointer"] == "/" + member
    record(program, {"code": "ABB-0020", "relation_key": run, "path": "/letters/ada%40example.com/open?to=ada@example.com"})
    assert found(house, run)[0]["path"] == "/letters/{email}/open?to=ada@example.com"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"\xff\xfe", b'{"code":"ABB-0020","value":"\xff\xfe"}', b'{"code":"ABB-0020"} {}', b"\x00", b"7", b'"text"', b"[1,", b" [ "],
)  # fmt: skip
def test_bodies_that_are_no_json(program, log, body):
    log.wait_until_quiet()
    seq = log.seq()
    answer = send(program, body)
    assert answer.status_code == 400, answer.text
    log.wait_until_quiet()
    assert log.rows("seq > %s and code <> 'AAA-0010'", seq) == []


@pytest.mark.parametrize("member", ["value", "from", "relation_key", "related_model", "content_type", "method", "path"])
def test_texts(house, program, run, member):
    """NUL can't be kept; everything else is kept as it is or refused."""
    for text in ("a\0b", "a\x1b[31mb", "a\r\nb", "🎉" * 5, "\u202e", "' or 1=1 --"):
        own = {"code": "ABB-0020", "relation_key": run, "data": run, member: text}
        answer = program.post(PATH, own)
        assert answer.status_code in (201, 400), answer.text
        if "\0" in text:
            assert_problem(answer, 400, "invalid_parameter")
        if answer.status_code == 201:
            (result,) = results(house.owner, f"?apikey_id={program.key_id}&limit=1&code=ABB-0020")
            assert result["id"] == answer.json()["id"] and result[member] == text


def test_secrets_are_redacted(house, program, run, log):
    words = [secrets.token_hex(12) for _ in range(4)]
    data = {"password": words[0], "headers": {"Authorization": f"Bearer {words[1]}"}, "nested": [{"api_key": words[2]}], "kept": "yes"}
    record(program, {"code": "ABB-0020", "relation_key": run, "path": f"/s?token={words[3]}&page=2", "data": data})
    (result,) = found(house, run)
    assert result["data"]["kept"] == "yes" and "page=2" in result["path"]
    text = json.dumps(log.rows("relation_key = %s", run)) + json.dumps(result)
    assert not any(word in text for word in words)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-ndjson", "application/x-www-form-urlencoded", "", None])
def test_content_types(program, content_type):
    assert_problem(send(program, b'{"code":"ABB-0020"}', content_type), 415, "unsupported_media_type")
    assert send(program, b'{"code":"ABB-0020"}', "application/json; charset=utf-8").status_code == 201


@pytest.mark.parametrize("scopes", [["audit:read"], ["call_logs:write", "call_logs:read", "connections:write"]])
def test_other_scopes_may_not(house, scopes):
    visitor = Visitor(house.api, house.key(*scopes)["key"])
    assert_problem(visitor.post(PATH, {"code": "ABB-0020"}), 403, "forbidden")
    assert_problem(house.owner.post(PATH, {"code": "ABB-0020"}), 403, "forbidden")


def test_durable_when_answered(own_database):
    """A process that dies right after its answer has lost nothing of it."""
    with adopted(API(own_database)) as api:
        house = House(api)
        program = Visitor(api, house.key("audit:write")["key"])
        log = Log(own_database, house.id)
        taken = []
        for size in (1, 100, 1000):
            taken += record(program, [{"code": "ABB-0020"}] * size)["ids"]
            api.kill()
            api.start()
            api.wait_ready()
            program.http.close()
            program = Visitor(api, program.token)
        assert [row["audit_id"] for row in log.rows("code = 'ABB-0020'")] == taken
        log.assert_intact()
        assert api.stop() == 0
