"""Every filter finds what it names and nothing else, alone, with several values and together with others."""

import datetime
import itertools

import pytest

from harness.client import Client, assert_problem, entry, now, stamp
from harness.program import Tenant

BASE = now().replace(minute=0, second=0) - datetime.timedelta(days=1)
DAY = BASE.date().isoformat()


def calls():
    """Calls that differ in everything that can be filtered, by a number that stands in their URL."""
    applications = ["zendesk", "twilio", "json_api"]
    methods = ["GET", "POST", "PATCH", "DELETE"]
    codes = [200, 201, 404, 429, 500, 503]
    for number in range(48):
        yield entry(
            occurred_at=stamp(BASE - datetime.timedelta(hours=number)),
            application=applications[number % 3],
            method=methods[number % 4],
            status_code=codes[number % 6],
            bot={"id": f"bot-{number % 5}"},
            url=f"https://api.example.com/calls/{number:02}",
            duration_ms=number * 10,
            outcome="error" if number == 6 else ...,
            user={"id": f"u-{number % 7}", "name": f"User {number % 7}"} if number % 2 else ...,
            source=(
                {"type": "flow", "path": f"Flow {number % 4} / 100%_done", "node_id": f"n-{number}"}
                if number % 3
                else {"type": "inbox", "agent": {"name": "Mia Müller", "email": f"agent{number}@example.com"}}
            ),
            error={"type": "rate_limit", "message": f"Slow down {number}"} if codes[number % 6] == 429 else ...,
            connection_id=f"conn-{number % 2}" if number > 9 else ...,
        )


CALLS = list(calls())


@pytest.fixture(scope="module")
def filled(api, database):
    """A tenant with the calls above."""
    client = Client(api, Tenant(database))
    client.send(CALLS)
    yield client
    client.close()


def number_of(item):
    return int(item["url"].rsplit("/", 1)[1])


def status_of(call):
    return "error" if call["status_code"] >= 400 or call.get("outcome") == "error" else "success"


def time_of(call):
    return datetime.datetime.fromisoformat(call["occurred_at"])


def at(number):
    return BASE - datetime.timedelta(hours=number)


def has_text(call, text, names):
    source, agent = call["source"], call["source"].get("agent", {})
    user, error = call.get("user", {}), call.get("error", {})
    texts = {
        "url": call["url"],
        "path": source.get("path"),
        "node": source.get("node_id"),
        "agent": agent.get("name"),
        "email": agent.get("email"),
        "user": user.get("id"),
        "user_name": user.get("name"),
        "error": error.get("type"),
        "message": error.get("message"),
    }
    return any(text.lower() in (texts[name] or "").lower() for name in names)


SOURCE = ["path", "node", "agent", "email"]
EVERYWHERE = ["url", *SOURCE, "user", "user_name", "error", "message"]

FILTERS = {
    ("status", "error"): lambda call: status_of(call) == "error",
    ("status", "success"): lambda call: status_of(call) == "success",
    ("status", "success,error"): lambda call: True,
    ("method", "PATCH"): lambda call: call["method"] == "PATCH",
    ("method", "GET,DELETE"): lambda call: call["method"] in ("GET", "DELETE"),
    ("method", "OPTIONS"): lambda call: False,
    ("code", "404"): lambda call: call["status_code"] == 404,
    ("code", "5xx"): lambda call: call["status_code"] >= 500,
    ("code", "201,4xx"): lambda call: call["status_code"] in (201, 404, 429),
    ("bot", "bot-3"): lambda call: call["bot"]["id"] == "bot-3",
    ("bot", "bot-1,bot-4,unknown"): lambda call: call["bot"]["id"] in ("bot-1", "bot-4"),
    ("bot", "unknown"): lambda call: False,
    ("application", "twilio"): lambda call: call["application"] == "twilio",
    ("application", "twilio,zendesk"): lambda call: call["application"] in ("twilio", "zendesk"),
    ("from", stamp(at(40))): lambda call: time_of(call) >= at(40),
    ("from", stamp(at(20))): lambda call: time_of(call) >= at(20),
    ("to", stamp(at(20))): lambda call: time_of(call) < at(20),
    ("from", DAY): lambda call: call["occurred_at"][:10] >= DAY,
    ("to", DAY): lambda call: call["occurred_at"][:10] <= DAY,
    ("user", "u-3"): lambda call: call.get("user", {}).get("id") == "u-3",
    ("user", "u-3,User 5"): lambda call: call.get("user", {}).get("id") in ("u-3", "u-5"),
    ("source", "flow 2"): lambda call: has_text(call, "flow 2", SOURCE),
    ("source", "agent12@"): lambda call: has_text(call, "agent12@", SOURCE),
    ("source", "MÜLLER"): lambda call: has_text(call, "müller", SOURCE),
    ("source", "100%_d"): lambda call: has_text(call, "100%_d", SOURCE),
    ("source", "100__d"): lambda call: False,
    ("q", "/CALLS/1"): lambda call: has_text(call, "/calls/1", EVERYWHERE),
    ("q", "slow down 2"): lambda call: has_text(call, "slow down 2", EVERYWHERE),
    ("q", "user 4"): lambda call: has_text(call, "user 4", EVERYWHERE),
    ("q", "rate_limit"): lambda call: has_text(call, "rate_limit", EVERYWHERE),
    ("min_duration_ms", "100"): lambda call: call["duration_ms"] >= 100,
    ("connection", "conn-1"): lambda call: call.get("connection_id") == "conn-1",
    ("connection", "conn-0,conn-1"): lambda call: call.get("connection_id") is not None,
}


def expected(*conditions):
    return [number for number, call in enumerate(CALLS) if all(condition(call) for condition in conditions)]


@pytest.mark.parametrize("filter", FILTERS, ids=lambda filter: "=".join(filter))
def test_each_filter(filled, filter):
    found = [number_of(item) for item in filled.all(**dict([filter]))]
    assert found == expected(FILTERS[filter])


def combinations():
    """Pairs of filters with different names, and some larger sets."""
    for first, second in list(itertools.combinations(FILTERS, 2))[::7]:
        if first[0] != second[0] and {first[0], second[0]} != {"from", "to"}:
            yield first, second
    yield ("status", "error"), ("method", "GET,DELETE"), ("code", "201,4xx"), ("application", "twilio,zendesk")
    yield ("from", stamp(at(40))), ("to", stamp(at(20))), ("q", "/CALLS/1"), ("min_duration_ms", "100")
    yield ("status", "success"), ("user", "u-3,User 5"), ("source", "agent12@"), ("connection", "conn-0,conn-1")
    yield ("from", stamp(at(40))), ("bot", "bot-3"), ("source", "flow 2"), ("method", "GET,DELETE")


def test_combinations(filled):
    found, wanted = {}, {}
    for filters in combinations():
        found[filters] = [number_of(item) for item in filled.all(**dict(filters))]
        wanted[filters] = expected(*(FILTERS[filter] for filter in filters))
    assert found == wanted
    assert sum(map(bool, wanted.values())) > 10


def test_pages_of_a_filtered_list(filled):
    found = [number_of(item) for item in filled.all(status="error", limit=3)]
    assert found == expected(FILTERS["status", "error"])


def test_time_zones_and_days(filled):
    shifted = at(20).astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30))).isoformat()
    assert [number_of(item) for item in filled.all(from_=shifted)] == expected(lambda call: time_of(call) >= at(20))
    day = (BASE - datetime.timedelta(days=1)).date().isoformat()
    found = [number_of(item) for item in filled.all(from_=day, to=day)]
    assert found == expected(lambda call: call["occurred_at"][:10] == day)


@pytest.mark.parametrize(
    "name, value",
    [
        ("status", "failed"),
        ("method", "get"),
        ("method", "BREW"),
        ("code", "99"),
        ("code", "600"),
        ("code", "6xx"),
        ("code", "abc"),
        ("application", "myspace"),
        ("from", "yesterday"),
        ("from", "2026-11-20T10:00:00"),
        ("to", "2026-02-30"),
        ("min_duration_ms", "-1"),
        ("min_duration_ms", "1.5"),
    ],
)
def test_bad_values_are_named(filled, name, value):
    problem = assert_problem(filled.get("/v1/call-logs", **{name: value}), 400, "invalid_parameter")
    assert [error["parameter"] for error in problem["errors"]] == [name]
    assert all(error["code"] and error["detail"] for error in problem["errors"])


def test_turned_period_is_refused(filled):
    answer = filled.get("/v1/call-logs", **{"from": stamp(at(1)), "to": stamp(at(2))})
    assert_problem(answer, 400, "invalid_parameter")


def test_parameter_given_twice_is_refused(filled):
    assert_problem(filled.get("/v1/call-logs?status=error&status=success"), 400, "invalid_parameter")


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "q=%zz", "user=%00"])
def test_queries_that_are_no_text_are_refused(filled, query):
    assert_problem(filled.get(f"/v1/call-logs?{query}"), 400, "invalid_parameter")
