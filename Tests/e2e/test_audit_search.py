"""The audit log over REST: what is recorded, and how it is found."""

import re

import pytest

from harness.client import assert_problem, entry
from harness.people import House, Visitor
from harness.waiting import wait_until

KEYS = [
    "id", "code", "content_type", "data", "remote_addr", "method", "path", "related_model", "relation_key", "apikey_id",
    "value", "date", "PartitionKey", "from", "Timestamp", "api_key_id", "RowKey",
]  # fmt: skip


def search(visitor, query=""):
    answer = visitor.get("/v1/logentry/search/" + query, Content_Type="application/json")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"results", "next"}
    return answer.json()["results"]


def test_calls_of_keys_and_people_are_recorded(house):
    made = house.key("call_logs:write")
    writer = Visitor(house.api, made["key"])
    assert writer.post("/v1/call-logs", entry()).status_code == 200
    assert writer.get("/v1/users?limit=7", X_Request_Id="denied-1").status_code == 403
    results = wait_until(lambda: len(r := search(house.owner, f"?apikey_id={made['id']}&code=AAA-0010")) == 2 and r, "two calls recorded")
    denied, sent = results
    assert list(denied) == KEYS
    assert (denied["method"], denied["path"], denied["data"]) == (
        "GET", "/v1/users?limit=7", {"status": 403, "request_id": "denied-1"},
    )  # fmt: skip
    assert (sent["method"], sent["path"], sent["data"]["status"]) == ("POST", "/v1/call-logs", 200)
    assert sent["apikey_id"] == sent["api_key_id"] == made["id"] and sent["PartitionKey"] == "api_audit"
    assert sent["id"] == sent["RowKey"] and sent["remote_addr"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", sent["date"])
    assert sent["Timestamp"] == sent["date"].replace("T", " ").removesuffix("Z")


def test_entities_are_recorded_in_their_change(house):
    made = house.owner.post("/v1/api-keys", {"name": "For the log", "scopes": ["audit:read"]}).json()
    assert house.owner.request("DELETE", f"/v1/api-keys/{made['id']}").status_code == 204
    # at once: these are no batch
    deleted, created = search(house.owner, f"?related_model=api_key&relation_key={made['id']}")
    assert (created["code"], deleted["code"]) == ("ABA-0010", "ABA-0020")
    assert created["value"] == "For the log" and created["PartitionKey"] == "model_audit"
    assert created["from"] == house.owner_email and created["data"]["user_id"] == house.owner_id


def test_searching_is_recorded(house):
    search(house.owner, "?relation_key=findme")
    found = wait_until(lambda: search(house.owner, "?method=GET&q=relation_key%3Dfindme"), "the search recorded")
    assert found[-1]["path"] == "/v1/logentry/search/?relation_key=findme"


@pytest.mark.parametrize("query", ["?code=XXX-0001", "?colour=red", "?from=2026-11-20&to=2026-11-19", "?apikey_id=x", "?limit=0", "?cursor=abc"])
def test_bad_filters(house, query):
    answer = house.owner.get("/v1/logentry/search/" + query)
    assert_problem(answer, 400, "unknown_parameter" if "colour" in query else "invalid_parameter")
