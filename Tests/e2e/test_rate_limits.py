"""Rate limits: what is told, who is slowed down, and who is not."""

import pytest

from harness.client import assert_problem, entry
from harness.people import House, Visitor
from harness.program import run

PATH = "/v1/call-logs?limit=1"


def start(start_api, database, **settings):
    """An api process with limits of its own, which it keeps in its memory."""
    return start_api(database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32", **settings)


def numbers(answer):
    """The three headers of an answer."""
    return [int(answer.headers[f"ratelimit-{name}"]) for name in ("limit", "remaining", "reset")]


def test_reads(people_api, start_api, database):
    house, other = House(people_api), House(people_api)
    keys = [house.key("call_logs:read")["key"] for _ in range(2)]
    api = start(start_api, database, CALLTRAIL_READS_PER_MINUTE="60")
    visitor = Visitor(api, keys[0])
    remaining = []
    refused = None
    for _ in range(120):
        answer = visitor.get(PATH)
        limit, left, reset = numbers(answer)
        assert limit == 60 and 0 <= left <= 59 and 0 <= reset <= 60
        if answer.status_code == 429:
            refused = answer
            break
        assert answer.status_code == 200
        remaining.append(left)
    # one comes back every second
    assert remaining[0] == 59 and remaining[-1] == 0
    assert all(before - after <= 1 for before, after in zip(remaining, remaining[1:]))
    assert 60 <= len(remaining) < 100
    assert_problem(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) == 1
    # the limit is the key's own
    for token in (keys[1], house.owner.token, other.key("call_logs:read")["key"], other.owner.token):
        assert Visitor(api, token).get("/v1/me").status_code == 200
    # what one may not do counts too, and sending entries is counted apart
    assert_problem(visitor.post("/v1/call-logs", entry()), 403, "forbidden")
    assert visitor.get("/livez").status_code == 200 and "ratelimit-limit" not in visitor.get("/livez").headers
    assert_problem(Visitor(api).get(PATH), 401, "unauthenticated")


def test_refusals_count(people_api, start_api, database):
    house = House(people_api)
    visitor = Visitor(start(start_api, database, CALLTRAIL_READS_PER_MINUTE="3"), house.key("audit:read")["key"])
    codes = [visitor.get(PATH).status_code for _ in range(5)]
    assert codes == [403, 403, 403, 429, 429]
    assert int(visitor.get(PATH).headers["retry-after"]) in range(15, 21)


def test_the_tenants_own_limit(people_api, start_api, database):
    """Many keys of a tenant together have ten times what each has."""
    house, other = House(people_api), House(people_api)
    keys = [house.key("call_logs:read")["key"] for _ in range(14)]
    api = start(start_api, database, CALLTRAIL_READS_PER_MINUTE="6")
    codes = []
    for key in keys:
        visitor = Visitor(api, key)
        codes += [visitor.get(PATH).status_code for _ in range(6)]
    # sixty at once, and one a second comes back
    assert 60 <= codes.count(200) <= 75 and codes.count(429) == len(codes) - codes.count(200), codes
    assert codes[:60] == [200] * 60
    person = Visitor(api, house.owner.token)
    refused = [answer for answer in (person.get("/v1/me") for _ in range(6)) if answer.status_code != 200]
    assert_problem(refused[0], 429, "rate_limited")
    assert numbers(refused[0])[0] == 60
    assert Visitor(api, other.owner.token).get("/v1/me").status_code == 200
    # the limits are each process's
    assert house.owner.get("/v1/me").status_code == 200


def test_writes(people_api, start_api, database):
    house = House(people_api)
    writer, reader = house.key("call_logs:write")["key"], house.key("call_logs:read")["key"]
    api = start(start_api, database, CALLTRAIL_WRITES_PER_MINUTE="4")
    visitor = Visitor(api, writer)
    answers = [visitor.post("/v1/call-logs", entry()) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert [numbers(answer)[1] for answer in answers] == [3, 2, 1, 0, 0, 0]
    assert int(answers[-1].headers["retry-after"]) in range(10, 16)
    found = Visitor(api, reader).get("/v1/call-logs").json()["data"]
    assert len(found) == 4


@pytest.mark.parametrize("name", ["CALLTRAIL_READS_PER_MINUTE", "CALLTRAIL_WRITES_PER_MINUTE"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_odd_settings(database, name, value):
    outcome = run("api", database=database, check=False, timeout=20, **{name: value})
    assert outcome.returncode != 0 and name in outcome.stderr and len(outcome.stderr.splitlines()) == 1
