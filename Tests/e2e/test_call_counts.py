"""Facets, histogram and usage say exactly what the list shows, for the same filters, and refuse what they can't answer."""

import collections
import datetime
import itertools

import pytest

from harness.client import Client, ago, assert_problem, entry, now, stamp
from harness.program import Tenant
from test_filters import BASE, CALLS, FILTERS, at, combinations, status_of

FACETS = "/v1/call-logs/facets"
HISTOGRAM = "/v1/call-logs/histogram"

# what a call counts for in each facet, and the filter that the facet leaves out
VALUES = {
    "status": lambda call: status_of(call),
    "method": lambda call: call["method"],
    "code": lambda call: str(call["status_code"]),
    "bot": lambda call: call["bot"]["id"],
    "application": lambda call: call["application"],
}


@pytest.fixture(scope="module")
def filled(api, database):
    """A tenant with the calls of the filters' tests, beside another one that has some too."""
    other = Client(api, Tenant(database))
    other.send(CALLS[:10])
    other.close()
    client = Client(api, Tenant(database))
    client.send(CALLS)
    yield client
    client.close()


@pytest.fixture
def empty(api, database):
    """A tenant without calls."""
    client = Client(api, Tenant(database))
    yield client
    client.close()


def read(client, path, **parameters):
    answer = client.get(path, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(values):
    """The values that occur."""
    return {value["value"]: value["count"] for value in values if value["count"]}


def expected(filters, value):
    found = [call for call in CALLS if all(FILTERS[filter](call) for filter in filters)]
    return collections.Counter(value(call) for call in found)


def check_facets(client, filters):
    facets = read(client, FACETS, **dict(filters))
    assert facets["complete"] is True and "scanned_to" not in facets
    assert facets["total"] == len(client.all(**dict(filters)))
    for name, value in VALUES.items():
        others = [filter for filter in filters if filter[0] != name]
        assert counts(facets[name]) == expected(others, value), name
    others = [filter for filter in filters if filter[0] != "code"]
    assert counts(facets["code_class"]) == expected(others, lambda call: f"{call['status_code'] // 100}xx")
    assert facets["bots_total"] == len(counts(facets["bot"]))


@pytest.mark.parametrize("filter", FILTERS, ids=lambda filter: "=".join(filter))
def test_facets_of_each_filter(filled, filter):
    check_facets(filled, [filter])


def test_facets_of_combinations(filled):
    check_facets(filled, [])
    for filters in list(combinations())[::5]:
        check_facets(filled, filters)


def test_facets_name_what_people_read(filled):
    facets = read(filled, FACETS, application="twilio", bot="bot-3,nobody", code="418")
    assert {"value": "twilio", "name": "Twilio", "count": 0} in facets["application"]
    assert {"value": "bot-3", "name": None, "count": 0} in facets["bot"]
    assert {"value": "418", "count": 0} in facets["code"]
    assert [value["value"] for value in facets["status"]] == ["success", "error"]
    assert [value["value"] for value in facets["code_class"]] == ["2xx", "3xx", "4xx", "5xx"]


@pytest.mark.parametrize("filter", FILTERS, ids=lambda filter: "=".join(filter))
@pytest.mark.parametrize("interval", ["hour", "day"])
def test_histogram_of_each_filter(filled, filter, interval):
    histogram = read(filled, HISTOGRAM, interval=interval, **dict([filter]))
    assert histogram["complete"] is True and histogram["interval"] == interval
    length = 13 if interval == "hour" else 10
    wanted = collections.Counter()
    for call in CALLS:
        if FILTERS[filter](call):
            wanted[call["occurred_at"][:length], status_of(call)] += 1
    found = {
        (bucket["start"][:length], status): bucket[status]
        for bucket in histogram["data"]
        for status in ("success", "error")
        if bucket[status]
    }
    assert found == wanted


def test_histogram_has_no_gaps(filled):
    data = read(filled, HISTOGRAM)["data"]
    starts = [datetime.datetime.fromisoformat(bucket["start"]) for bucket in data]
    assert {after - before for before, after in itertools.pairwise(starts)} == {datetime.timedelta(hours=1)}
    assert len(starts) in (721, 722)
    days = read(filled, HISTOGRAM, interval="day")["data"]
    assert len(days) in (31, 32)
    assert sum(day["success"] + day["error"] for day in days) == len(CALLS)


def test_hours_that_the_period_cuts(empty):
    """Calls of every minute of three hours, and periods that begin and end within them."""
    start = now().replace(minute=0, second=0) - datetime.timedelta(hours=6)
    empty.send([entry(occurred_at=stamp(start + datetime.timedelta(minutes=minute))) for minute in range(180)])
    for first, last in [(0, 180), (1, 180), (0, 179), (59, 61), (17, 43), (60, 120), (30, 150), (179, 180), (5, 6)]:
        period = {
            "from": stamp(start + datetime.timedelta(minutes=first)),
            "to": stamp(start + datetime.timedelta(minutes=last)),
        }
        histogram = read(empty, HISTOGRAM, **period)
        assert sum(bucket["success"] for bucket in histogram["data"]) == last - first
        assert (histogram["from"], histogram["to"]) == (period["from"], period["to"])
        assert read(empty, FACETS, **period)["total"] == last - first


def test_repeats_count_once(empty):
    call = entry(id="once", occurred_at=ago(minutes=5))
    empty.send([call])
    assert empty.post([call]).json()["duplicates"] == 1
    assert read(empty, FACETS)["total"] == 1
    assert read(empty, "/v1/usage")["entries"] == 1


def test_five_hundred_bots(empty):
    empty.send(
        entry(bot={"id": f"bot-{number}", "name": f"Bot {number}"})
        for number in range(500)
        for _ in range(2 if number < 100 else 1)
    )
    facets = read(empty, FACETS)
    assert (facets["total"], facets["bots_total"], len(facets["bot"])) == (600, 500, 200)
    assert {bot["value"] for bot in facets["bot"][:100]} == {f"bot-{number}" for number in range(100)}
    assert all(bot["name"] == "Bot " + bot["value"][4:] for bot in facets["bot"])
    rare = next(f"bot-{number}" for number in range(499, 0, -1) if f"bot-{number}" not in counts(facets["bot"]))
    chosen = read(empty, FACETS, bot=rare)
    assert chosen["total"] == 1 and chosen["bots_total"] == 500
    assert counts(chosen["bot"])[rare] == 1


def test_without_calls(empty):
    facets = read(empty, FACETS)
    assert facets["total"] == facets["bots_total"] == 0
    assert facets["method"] == facets["code"] == facets["bot"] == facets["application"] == []
    assert all(bucket["success"] == bucket["error"] == 0 for bucket in read(empty, HISTOGRAM)["data"])
    usage = read(empty, "/v1/usage", days=3)
    assert usage["entries"] == usage["errors"] == 0 and len(usage["days"]) == 3
    assert usage["failing_bots"] == usage["failing_applications"] == usage["recent_durations"] == []


def test_usage(filled):
    usage = read(filled, "/v1/usage", days=4)
    today = datetime.datetime.now(datetime.UTC).date()
    dates = [(today - datetime.timedelta(days=ago)).isoformat() for ago in (3, 2, 1, 0)]
    calls = [call for call in CALLS if call["occurred_at"][:10] >= dates[0]]
    assert usage["complete"] is True
    assert [day["date"] for day in usage["days"]] == dates
    for day in usage["days"]:
        own = [call for call in calls if call["occurred_at"][:10] == day["date"]]
        assert day["entries"] == len(own)
        assert day["errors"] == sum(status_of(call) == "error" for call in own)
        assert bool(day["body_bytes"]) == bool(day["body_bytes_uncompressed"]) == bool(own)
    assert usage["entries"] == len(calls)
    assert usage["errors"] == sum(status_of(call) == "error" for call in calls)
    errors = collections.Counter(call["bot"]["id"] for call in calls if status_of(call) == "error")
    assert {bot["value"]: bot["errors"] for bot in usage["failing_bots"]} == errors
    assert [bot["errors"] for bot in usage["failing_bots"]] == sorted(errors.values(), reverse=True)
    assert sum(application["calls"] for application in usage["recent_durations"]) == len(calls)
    p95 = [application["p95_ms"] for application in usage["recent_durations"]]
    assert p95 == sorted(p95, reverse=True)


@pytest.mark.parametrize("path", [FACETS, HISTOGRAM, "/v1/usage"])
@pytest.mark.parametrize("name", ["limit", "cursor", "bots", "Status", "days_"])
def test_unknown_parameters(filled, path, name):
    problem = assert_problem(filled.get(path, **{name: "1"}), 400, "unknown_parameter")
    assert problem["errors"][0]["parameter"] == name


@pytest.mark.parametrize(
    "path, parameters, name",
    [
        (HISTOGRAM, {"interval": "week"}, "interval"),
        (HISTOGRAM, {"interval": "Hour"}, "interval"),
        (HISTOGRAM, {"interval": "hour,day"}, "interval"),
        (HISTOGRAM, {"interval": ""}, "interval"),
        *(
            (path, parameters, name)
            for path in (FACETS, HISTOGRAM)
            for parameters, name in [
                ({"from": stamp(at(1)), "to": stamp(at(2))}, "from"),
                ({"from": stamp(BASE), "to": stamp(BASE)}, "from"),
                ({"from": "yesterday"}, "from"),
                ({"to": "2026-13-01"}, "to"),
                ({"code": "99"}, "code"),
                ({"status": "failed"}, "status"),
                ({"method": "BREW"}, "method"),
                ({"min_duration_ms": "-1"}, "min_duration_ms"),
            ]
        ),
        *(("/v1/usage", {"days": days}, "days") for days in ("0", "-1", "31", "x", "1.5", "99999999999999999999")),
    ],
)
def test_bad_parameters(filled, path, parameters, name):
    problem = assert_problem(filled.get(path, **parameters), 400, "invalid_parameter")
    assert problem["errors"][0]["parameter"] == name
