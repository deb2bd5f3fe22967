"""Searching the audit log: every filter against a list made by hand, pages while entries come in, and the export."""

import csv
import io
import json
import secrets

import pytest

from harness.audit import CODES, KEYS, RECORDABLE, Log, every_result, record, results, search
from harness.client import assert_problem
from harness.people import House, Visitor

ODD = [
    "=1+1", "+1", "-1", "@SUM(A1)", 'say "hello"', "comma, and; semicolon", "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
    "emoji 🎉 ünï", "'; drop table audit_log; --", "100%_\\", "\u202eright to left",
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(people_api):
    """A house with entries made by hand: the program that recorded them, and what is to be found, newest first."""
    house = House(people_api)
    house.made = house.key("audit:write")
    house.program = Visitor(people_api, house.made["key"])
    mine = []
    for number in range(40):
        mine.append(
            {
                "code": sorted(RECORDABLE)[number % 6],
                "value": f"value-{number}",
                "method": ("GET", "POST", "PUT")[number % 3],
                "path": f"/orders/{number}?page={number % 4}",
                "related_model": ("order", "letter")[number % 2],
                "relation_key": str(number % 5),
                "remote_addr": f"198.51.100.{number % 7}",
                "from": f"sender-{number % 3}@example.com",
                "data": {"number": number, "colour": ("red", "blue")[number % 2]},
            }
        )
    house.ids = []
    for start in range(0, 40, 10):
        house.ids += record(house.program, mine[start : start + 10])["ids"]
    house.mine = [entry | {"id": id} for entry, id in zip(mine, house.ids)]
    # another tenant with the same
    other = House(people_api)
    record(Visitor(people_api, other.key("audit:write")["key"]), mine)
    house.other = other
    # what the house itself does from here on is about no order and no letter
    return house


def found(house, **filters):
    """The ids that a search finds of the entries made by hand, oldest first."""
    ids = set(house.ids)
    return [result["id"] for result in reversed(every_result(house.owner, **filters)) if result["id"] in ids]


def expected(house, condition):
    """The ids of those entries that meet a condition."""
    return [entry["id"] for entry in house.mine if condition(entry)]


FILTERS = {
    "code": ("ABB-0020", lambda e: e["code"] == "ABB-0020"),
    "codes": ("ABB-0020,ABD-0010,AAA-0011", lambda e: e["code"] in ("ABB-0020", "ABD-0010", "AAA-0011")),
    "method": ("PUT", lambda e: e["method"] == "PUT"),
    "methods": ("PUT,GET", lambda e: e["method"] in ("PUT", "GET")),
    "related_model": ("letter", lambda e: e["related_model"] == "letter"),
    "relation_key": ("3", lambda e: e["relation_key"] == "3"),
    "remote_addr": ("198.51.100.2", lambda e: e["remote_addr"] == "198.51.100.2"),
    "sender": ("sender-1%40example.com", lambda e: e["from"] == "sender-1@example.com"),
    "q": ("VALUE-1", lambda e: e["value"].startswith("value-1")),
    "q-path": ("orders/2", lambda e: e["path"].startswith("/orders/2")),
    "q-query": ("page%3D3", lambda e: "page=3" in e["path"]),
    "q-data": ("%22blue%22", lambda e: e["data"]["colour"] == "blue"),
    "q-nothing": ("%25", lambda e: False),
}


def name(key):
    """The parameter of a filter."""
    return {"codes": "code", "methods": "method"}.get(key, key.partition("-")[0])


@pytest.mark.parametrize("key", FILTERS)
@pytest.mark.parametrize("limit", [3, 500])
def test_each_filter(archive, key, limit):
    value, condition = FILTERS[key]
    assert found(archive, **{name(key): value}, apikey_id=archive.made["id"], limit=limit) == expected(archive, condition)
    assert found(archive, **{name(key): value}, limit=limit) == expected(archive, condition)


@pytest.mark.parametrize("keys", [(a, b) for a in FILTERS for b in FILTERS if name(a) < name(b)], ids="+".join)
def test_combinations(archive, keys):
    filters = {name(key): FILTERS[key][0] for key in keys}
    assert found(archive, **filters) == expected(archive, lambda entry: all(FILTERS[key][1](entry) for key in keys))


def test_by_key(archive):
    other = archive.key("audit:write")["id"]
    everything = expected(archive, lambda entry: True)
    assert found(archive, apikey_id=archive.made["id"]) == everything == found(archive)
    assert found(archive, apikey_id=archive.made["id"].upper()) == everything
    assert every_result(archive.owner, apikey_id=other) == []
    assert every_result(archive.owner, apikey_id=archive.other.key("audit:write")["id"]) == []


def test_by_person(archive):
    for result in every_result(archive.owner, user_id=archive.owner_id):
        assert result["data"]["user_id"] == archive.owner_id
    assert results(archive.owner, f"?user_id={archive.other.owner_id}") == []


def test_by_time(archive):
    entries = every_result(archive.owner, apikey_id=archive.made["id"])
    middle = entries[len(entries) // 2]["date"]
    inside = [e["id"] for e in entries if e["date"] >= middle]
    outside = [e["id"] for e in entries if e["date"] < middle]
    assert [e["id"] for e in every_result(archive.owner, apikey_id=archive.made["id"], from_=middle)] == inside
    assert [e["id"] for e in every_result(archive.owner, apikey_id=archive.made["id"], to=middle)] == outside
    today = middle[:10]
    both = every_result(archive.owner, apikey_id=archive.made["id"], from_="2020-01-01", to=today)
    assert [e["id"] for e in both] == inside + outside
    assert results(archive.owner, "?to=2020-01-01") == []
    offset = middle.replace("Z", "%2B00:00")
    assert [e["id"] for e in every_result(archive.owner, apikey_id=archive.made["id"], from_=offset)] == inside


def test_what_an_entry_looks_like(archive):
    entry, (result,) = archive.mine[7], results(archive.owner, f"?q=%22value-7%22&limit=1") or [None]
    if result is None:
        (result,) = results(archive.owner, "?q=value-7&limit=1")
    assert list(result) == KEYS
    for key in ("id", "code", "method", "path", "related_model", "relation_key", "remote_addr", "value", "from"):
        assert result[key] == entry[key], key
    assert {key: result["data"][key] for key in ("number", "colour")} == entry["data"]
    assert result["apikey_id"] == result["api_key_id"] == archive.made["id"]
    assert result["PartitionKey"] == "api_audit" and result["RowKey"] == entry["id"]


@pytest.mark.parametrize("path", ["/v1/logentry/search", "/v1/logentry/search/"])
def test_with_and_without_the_slash(archive, path):
    page = search(archive.owner, "?related_model=order&limit=2", path)
    assert len(page["results"]) == 2 and page["next"]
    following = search(archive.owner, f"?related_model=order&limit=2&cursor={page['next']}", "/v1/logentry/search")
    assert len({entry["id"] for entry in page["results"] + following["results"]}) == 4


def test_the_tenants_are_apart(archive):
    mine = {entry["id"] for entry in every_result(archive.owner)}
    theirs = {entry["id"] for entry in every_result(archive.other.owner)}
    assert mine and theirs and not mine & theirs
    assert len(every_result(archive.other.owner, related_model="order,letter".split(",")[0])) == 20
    text = json.dumps(every_result(archive.other.owner))
    assert archive.owner_email not in text and archive.made["id"] not in text


@pytest.mark.parametrize("limit", [1, 7])
def test_paging_while_entries_come_in(archive, limit):
    """What stood when the first page was asked for is there once; nothing is there twice."""
    filters = {"related_model": "order"}
    before = [entry["id"] for entry in every_result(archive.owner, **filters)]

    def during():
        record(archive.program, {"code": "ABB-0020", "related_model": "order", "relation_key": "new"})

    seen = [entry["id"] for entry in every_result(archive.owner, limit=limit, during=during, **filters)]
    assert seen == before
    # without a filter, when every page is itself recorded
    before = {entry["id"] for entry in every_result(archive.owner)}
    seen = [entry["id"] for entry in every_result(archive.owner, limit=limit if limit > 1 else 9, during=during)]
    assert len(seen) == len(set(seen)) and before <= set(seen)


def test_paging_over_entries_of_one_moment(archive):
    """The number in the chain tells entries apart that have one time."""
    run = "run-" + secrets.token_hex(4)
    ids = record(archive.program, [{"code": "ABB-0020", "relation_key": run} for _ in range(50)])["ids"]
    log = Log(archive.api.database, archive.id)
    log.alter(f"update audit_log set occurred_at = (select min(occurred_at) from audit_log where relation_key = '{run}') where relation_key = '{run}'")
    for limit in (1, 3, 49, 50, 500):
        pages = every_result(archive.owner, limit=limit, relation_key=run)
        assert [entry["id"] for entry in pages] == ids[::-1]
    assert len({entry["date"] for entry in pages}) == 1


def test_cursors_belong_to_their_query(archive):
    cursor = search(archive.owner, "?related_model=order&limit=2")["next"]
    for visitor, query in (
        (archive.other.owner, "related_model=order"),
        (archive.owner, "related_model=letter"),
        (archive.owner, "related_model=order&code=ABB-0020"),
        (archive.owner, "limit=2"),
    ):
        assert_problem(visitor.get(f"/v1/logentry/search?{query}&cursor={cursor}"), 400, "invalid_parameter")
    for bad in (cursor[:-1], cursor + "A", cursor[::-1], "A" * 28, "%00", "x" * 5000, "_" * 28):
        answer = archive.owner.get(f"/v1/logentry/search?related_model=order&cursor={bad}")
        assert_problem(answer, 400, "invalid_parameter")
    # the number of entries may change from page to page
    assert search(archive.owner, f"?related_model=order&limit=500&cursor={cursor}")["results"]


@pytest.mark.parametrize(
    "query, parameter",
    [
        ("code=AAA-9999", "code"),
        ("code=aaa-0010", "code"),
        ("code=AAA-0010,XXX-0001", "code"),
        ("code=", "code"),
        ("method=get", "method"),
        ("method=GET,%3Cscript%3E", "method"),
        ("apikey_id=7", "apikey_id"),
        ("user_id=me", "user_id"),
        ("from=2026-11-20&to=2026-11-19", "from"),
        ("from=2026-11-20T10:00:00Z&to=2026-11-20T10:00:00Z", "from"),
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("from=0000-00-00", "from"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=1.5", "limit"),
        ("restored=1", "restored"),
        ("q=a%00b", "q"),
        ("relation_key=%00", "relation_key"),
        ("related_model=", "related_model"),
        ("code=ABB-0020&code=ABB-0030", "code"),
    ],
)
def test_bad_filters(archive, query, parameter):
    for path in ("/v1/logentry/search/", "/v1/logentry/export"):
        if path.endswith("export"):
            if query.startswith("limit"):
                continue
            query = "format=csv&" + query
        problem = assert_problem(archive.owner.get(f"{path}?{query}"), 400, "invalid_parameter")
        # what is no text at all is refused before anybody looks at parameters
        assert "errors" not in problem if "%00" in query else problem["errors"][0]["parameter"] == parameter, problem


@pytest.mark.parametrize("query", ["colour=red", "Code=AAA-0010", "offset=3", "tenant_id=1", "limit=3&format=csv"])
def test_unknown_filters(archive, query):
    assert_problem(archive.owner.get("/v1/logentry/search/?" + query), 400, "unknown_parameter")


def test_codes(archive):
    data = archive.owner.get("/v1/logentry/codes").json()["data"]
    assert {code["code"] for code in data} == CODES
    assert {code["code"] for code in data if code["recordable"]} == RECORDABLE
    assert all(code["description"] for code in data)


def exported(visitor, format, query=""):
    """An export's text."""
    answer = visitor.get(f"/v1/logentry/export?format={format}{query and '&' + query}")
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"] and f".{format}" in answer.headers["content-disposition"]
    return answer.content.decode()


def test_exports_hold_what_pages_hold(archive):
    """More than one page of the export itself."""
    run = "export-" + secrets.token_hex(4)
    for _ in range(2):
        record(archive.program, [{"code": "ABB-0020", "relation_key": run, "value": f"v {n}"} for n in range(400)])
    pages = every_result(archive.owner, relation_key=run)
    assert len(pages) == 800
    lines = exported(archive.owner, "ndjson", f"relation_key={run}").splitlines()
    assert [json.loads(line) for line in lines] == pages
    assert [list(json.loads(line)) for line in lines[:3]] == [KEYS] * 3
    rows = list(csv.DictReader(io.StringIO(exported(archive.owner, "csv", f"relation_key={run}"), newline="")))
    assert list(rows[0]) == KEYS and len(rows) == 800
    for row, page in zip(rows, pages):
        assert json.loads(row["data"]) == page["data"]
        assert all(row[key] == (page[key] or "") for key in KEYS if key != "data")


def test_odd_values(archive):
    run = "odd-" + secrets.token_hex(4)
    record(
        archive.program,
        [{"code": "ABB-0020", "relation_key": run, "value": text, "from": text, "data": {"text": text}} for text in ODD],
    )
    pages = every_result(archive.owner, relation_key=run)[::-1]
    assert [page["value"] for page in pages] == [page["from"] for page in pages] == ODD
    assert [page["data"]["text"] for page in pages] == ODD
    lines = exported(archive.owner, "ndjson", f"relation_key={run}").split("\n")
    assert [json.loads(line) for line in lines if line][::-1] == pages
    rows = list(csv.reader(io.StringIO(exported(archive.owner, "csv", f"relation_key={run}"), newline="")))[1:][::-1]
    for row, text in zip(rows, ODD, strict=True):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row), row
        for column in ("value", "from"):
            assert row[KEYS.index(column)] in (text, "'" + text)


def test_exports_are_recorded(archive):
    log = Log(archive.api.database, archive.id)
    id = "export-" + secrets.token_hex(8)
    answer = archive.owner.get("/v1/logentry/export?format=csv&q=who-looked", X_Request_Id=id)
    assert answer.status_code == 200
    row = log.wait_for_requests([id])[id]
    assert (row["path"], row["query"], row["status"]) == ("/v1/logentry/export", "format=csv&q=who-looked", 200)
    id = "search-" + secrets.token_hex(8)
    search(archive.owner)
    archive.owner.get("/v1/logentry/search/?q=who-looked", X_Request_Id=id)
    assert log.wait_for_requests([id])[id]["query"] == "q=who-looked"


@pytest.mark.parametrize("query", ["", "format=xlsx", "format=CSV", "format=csv&format=ndjson", "format=csv&cursor=x", "format=csv&limit=3"])
def test_bad_exports(archive, query):
    assert archive.owner.get(f"/v1/logentry/export?{query}").status_code == 400


def test_foreign_exports_are_empty(archive):
    stranger = House(archive.api)
    text = exported(stranger.owner, "ndjson")
    assert archive.owner_email not in text and not any(id in text for id in archive.ids)
