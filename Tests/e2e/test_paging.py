"""Pages by keyset: nothing twice, nothing missing, whatever comes in meanwhile."""

import base64
import datetime
import threading

import pytest

from harness.client import Client, assert_problem, entry, now, stamp
from harness.program import Tenant

BASE = now() - datetime.timedelta(hours=6)


def calls(count, start, step):
    """Calls at distances of `step`; several share a time, so that the id must tell them apart."""
    return [entry(occurred_at=stamp(start + step * (number // 3)), duration_ms=number) for number in range(count)]


@pytest.fixture(scope="module")
def filled(api, database):
    """A tenant with 1,000 calls of two days."""
    client = Client(api, Tenant(database))
    client.send(calls(1000, BASE - datetime.timedelta(hours=36), datetime.timedelta(minutes=6)))
    yield client
    client.close()


def test_everything_once_while_calls_come_in(api, filled):
    originals = {item["id"] for item in filled.all()}
    assert len(originals) == 1000
    stop = threading.Event()
    sent = []

    def insert():
        client = Client(api, write_key=filled.write_key)
        for number in range(10_000):
            if stop.is_set():
                break
            older = BASE - datetime.timedelta(hours=35, minutes=7 * number % 1900)
            sent.append(client.send([entry(), entry(occurred_at=stamp(older))]))
        client.close()

    inserter = threading.Thread(target=insert)
    inserter.start()
    try:
        seen, parameters, pages = [], {"limit": 37}, 0
        while True:
            page = filled.list(**parameters)
            assert len(page["data"]) <= 37 and page["pagination"]["limit"] == 37
            seen += page["data"]
            pages += 1
            if page["pagination"]["next"] is None:
                break
            parameters["cursor"] = page["pagination"]["next"]
    finally:
        stop.set()
        inserter.join(30)
    assert sent and pages >= 27
    keys = [(item["occurred_at"], item["id"]) for item in seen]
    assert keys == sorted(keys, reverse=True)
    ids = [item["id"] for item in seen]
    assert len(ids) == len(set(ids))
    assert originals <= set(ids)


@pytest.mark.parametrize(
    "filters", [{"status": "success"}, {"min_duration_ms": 500}, {"q": "tickets", "method": "POST"}]
)
def test_filtered_pages_are_the_filtered_whole(filled, filters):
    until = stamp(BASE)
    whole = [item["id"] for item in filled.all(to=until, **filters)]
    paged = [item["id"] for item in filled.all(to=until, limit=41, **filters)]
    assert paged == whole and len(whole) == len(set(whole)) >= 490


@pytest.mark.parametrize("limit", [1, 2, 499, 500])
def test_limits_are_kept(filled, limit):
    page = filled.list(limit=limit)
    assert len(page["data"]) == limit
    assert page["pagination"] == {"limit": limit, "next": page["pagination"]["next"]}
    assert page["pagination"]["next"]


def test_default_limit(filled):
    page = filled.list()
    assert len(page["data"]) == page["pagination"]["limit"] == 50


@pytest.mark.parametrize("limit", ["0", "501", "-1", "abc", "1.5", "99999999999999999999"])
def test_other_limits_are_refused(filled, limit):
    problem = assert_problem(filled.get("/v1/call-logs", limit=limit), 400, "invalid_parameter")
    assert [error["parameter"] for error in problem["errors"]] == ["limit"]


@pytest.mark.parametrize("path", ["/v1/call-logs?offset=50", "/v1/call-logs?limit=5&Limit=6", "/v1/bots?page=2"])
def test_unknown_parameters_are_refused(filled, path):
    problem = assert_problem(filled.get(path), 400, "unknown_parameter")
    assert problem["errors"][0]["parameter"] in ("offset", "Limit", "page")


def test_last_page_has_no_next(filled):
    page = filled.list(to=stamp(BASE), limit=500, min_duration_ms=990)
    assert len(page["data"]) == 10 and page["pagination"]["next"] is None
    exactly = filled.list(to=stamp(BASE), limit=10, min_duration_ms=990)
    assert len(exactly["data"]) == 10 and exactly["pagination"]["next"] is None


def test_cursor_of_other_filters_is_refused(filled):
    cursor = filled.list(limit=5, status="success")["pagination"]["next"]
    for filters in ({}, {"status": "error"}, {"status": "success", "method": "POST"}):
        answer = filled.get("/v1/call-logs", limit=5, cursor=cursor, **filters)
        problem = assert_problem(answer, 400, "invalid_parameter")
        assert problem["errors"][0]["parameter"] == "cursor"
    # the page's size is no filter
    assert filled.get("/v1/call-logs", limit=7, cursor=cursor, status="success").status_code == 200


def test_cursor_of_another_tenant_is_refused(filled, new_client):
    cursor = filled.list(limit=5)["pagination"]["next"]
    new_client.send([entry(occurred_at=stamp(BASE - datetime.timedelta(hours=36)))])
    assert_problem(new_client.get("/v1/call-logs", limit=5, cursor=cursor), 400, "invalid_parameter")


def garbage():
    yield from ["x", "!!!!", "AAAA", "null", "ü", "' or 1=1 --", "A" * 38, "A" * 200]
    for length in (1, 12, 13, 29, 30):
        yield base64.urlsafe_b64encode(b"\x01" + b"\xff" * (length - 1)).decode().rstrip("=")


@pytest.mark.parametrize("cursor", list(garbage()))
def test_garbage_cursor_is_refused(filled, cursor):
    problem = assert_problem(filled.get("/v1/call-logs", cursor=cursor), 400, "invalid_parameter")
    assert problem["errors"][0]["parameter"] == "cursor"


def test_cut_cursor_is_refused(filled):
    cursor = filled.list(limit=5)["pagination"]["next"]
    assert_problem(filled.get("/v1/call-logs", cursor=cursor[:-4]), 400, "invalid_parameter")
