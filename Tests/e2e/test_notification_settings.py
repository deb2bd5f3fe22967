"""What owners and people set about notifications, and the ledger that says what came of it."""

import pytest

from harness.client import assert_problem
from harness.notices import Platform
from harness.people import Visitor

LEDGER, SETTINGS, PREFERENCES = "/v1/notifications", "/v1/notification-settings", "/v1/me/notification-preferences"


@pytest.fixture(scope="module")
def reader(scene):
    """A tenant whose ledger is read only: three bots failed, one twice, with an owner, a supervisor and an agent."""
    platform = Platform(scene)
    platform.supervisor, platform.agent = platform.member("supervisor"), platform.member("agent")
    platform.set_roles("owner", "agent")
    for bot in ("first", "second", "third"):
        platform.fail(bot)
        platform.wait_for("sent", bot)
        platform.wait_for("sent", bot, platform.agent.user["email"])
    platform.fail("third")
    return platform


def test_settings_say_who_is_told(platform, scene):
    assert platform.owner.get(SETTINGS).json() == {
        "first_error": {"roles": ["owner"]},
        "reauthorise": {"roles": ["owner"]},
        "quiet_hours": None,
    }
    people = {role: platform.member(role) for role in ("supervisor", "bot_builder", "agent")}
    second_owner = platform.member("owner")
    emails = {role: visitor.user["email"] for role, visitor in people.items()}
    quiet = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin"}
    answer = platform.set_roles("agent", "owner", "supervisor", quiet_hours=quiet)
    assert answer["first_error"]["roles"] == ["owner", "supervisor", "agent"] and answer["quiet_hours"] == quiet
    assert platform.owner.get(SETTINGS).json() == answer
    answer = platform.owner.put(SETTINGS, {"quiet_hours": None}).json()
    assert answer["quiet_hours"] is None and answer["first_error"]["roles"] == ["owner", "supervisor", "agent"]

    assert people["agent"].put(PREFERENCES, {"first_error": False}).json() == {
        "first_error": False,
        "reauthorise": True,
    }
    ids = platform.people()
    shut_out = platform.owner.patch(f"/v1/users/{second_owner.user['id']}", {"disabled": True})
    assert shut_out.status_code == 200 and second_owner.user["email"] in ids
    platform.fail()
    platform.wait_for("sent")
    platform.wait_for("sent", recipient=emails["supervisor"])
    reasons = {line["recipient"]: (line["state"], line["reason"]) for line in platform.ledger()}
    assert reasons[emails["agent"]] == ("suppressed", "switched off by the recipient")
    assert reasons[second_owner.user["email"]] == ("suppressed", "shut out of the tenant")
    assert reasons[emails["bot_builder"]] == ("suppressed", "role switched off: bot_builder")
    assert len(reasons) == 5

    assert platform.set_roles()["first_error"]["roles"] == []
    platform.fail("nobody's")
    scene.wait_until_idle()
    lines = platform.ledger(bot="nobody's")
    assert len(lines) == 5 and {line["state"] for line in lines} == {"suppressed"}
    assert all(line["reason"].startswith("role switched off: ") for line in lines)
    assert {line["recipient"] for line in lines} == {platform.owner_email, second_owner.user["email"], *emails.values()}


def test_the_ledger_is_paged_and_filtered(reader):
    everything = reader.ledger()
    # of each bot the owner's, the agent's and the supervisor's line, and one about the third's further error
    assert len(everything) == 10 and len({line["id"] for line in everything}) == 10
    times = [line["created_at"] for line in everything]
    assert times == sorted(times, reverse=True)
    for limit in (1, 3, 10):
        seen, cursor = [], ""
        while cursor is not None:
            page = reader.owner.get(f"/v1/notifications?limit={limit}{cursor and '&cursor=' + cursor}").json()
            assert len(page["data"]) <= limit == page["pagination"]["limit"]
            seen += page["data"]
            cursor = page["pagination"]["next"]
        assert seen == everything
    states = {state: len(reader.ledger(state=state)) for state in ("sent", "suppressed", "dead", "sent,suppressed")}
    assert states == {"sent": 6, "suppressed": 4, "dead": 0, "sent,suppressed": 10}
    assert [len(reader.ledger(event=event)) for event in ("first_error", "reauthorise", "test")] == [10, 0, 0]
    assert [len(reader.ledger(bot=bot)) for bot in ("first", "third", "fourth")] == [3, 4, 0]
    assert len(reader.ledger(bot="third", state="sent", event="first_error")) == 2
    for query, parameter in (
        ("state=lost", "state"),
        ("state=sent,lost", "state"),
        ("event=last_error", "event"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("cursor=x", "cursor"),
    ):
        problem = assert_problem(reader.owner.get(f"/v1/notifications?{query}"), 400, "invalid_parameter")
        assert [error["parameter"] for error in problem["errors"]] == [parameter]
    assert_problem(reader.owner.get("/v1/notifications?color=red"), 400, "unknown_parameter")


def test_people_see_their_own_lines(reader, platform):
    agent = reader.agent.user["email"]
    own = reader.ledger(reader.agent)
    assert len(own) == 3 and {line["recipient"] for line in own} == {agent}
    assert {line["state"] for line in own} == {"sent"}
    own = reader.ledger(reader.supervisor)
    assert {line["recipient"] for line in own} == {reader.supervisor.user["email"]}
    assert {(line["state"], line["reason"]) for line in own} == {("suppressed", "role switched off: supervisor")}
    assert platform.ledger() == [] and platform.ledger(bot="first") == []
    for scope in ("call_logs:read", "call_logs:write", "audit:read"):
        key = Visitor(reader.api, reader.key(scope)["key"])
        for path in ("/v1/notifications", SETTINGS, PREFERENCES):
            assert_problem(key.get(path), 403, "forbidden")
        assert_problem(key.put(PREFERENCES, {"first_error": False}), 403, "forbidden")
    for path in ("/v1/notifications", SETTINGS, PREFERENCES):
        assert_problem(Visitor(reader.api).get(path), 401, "unauthenticated")
    for visitor in (reader.supervisor, reader.agent):
        assert_problem(visitor.get(SETTINGS), 403, "forbidden")
        assert_problem(visitor.put(SETTINGS, {"first_error": {"roles": []}}), 403, "forbidden")
        assert visitor.get(PREFERENCES).json() == {"first_error": True, "reauthorise": True}


def quiet(**members):
    own = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin", **members}
    return {"quiet_hours": {name: value for name, value in own.items() if value is not ...}}


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({"first_error": {"roles": ["king"]}}, "/first_error/roles"),
        ({"first_error": {"roles": ["owner", 7]}}, "/first_error/roles"),
        ({"first_error": {"roles": "owner"}}, "/first_error/roles"),
        ({"first_error": {}}, "/first_error/roles"),
        ({"reauthorise": {"roles": ["owner"], "rolls": []}}, "/reauthorise/rolls"),
        ({"first_error": ["owner"]}, "/first_error"),
        ({"first_eror": {"roles": []}}, "/first_eror"),
        (quiet(**{"from": "25:00"}), "/quiet_hours/from"),
        (quiet(**{"from": ...}), "/quiet_hours/from"),
        (quiet(to="7:00"), "/quiet_hours/to"),
        (quiet(to="24:00"), "/quiet_hours/to"),
        (quiet(to="22:00"), "/quiet_hours/to"),
        (quiet(to=7), "/quiet_hours/to"),
        (quiet(time_zone="Mars/Phobos"), "/quiet_hours/time_zone"),
        (quiet(time_zone="../../etc/passwd"), "/quiet_hours/time_zone"),
        (quiet(time_zone="CET"), "/quiet_hours/time_zone"),
        (quiet(time_zone=...), "/quiet_hours/time_zone"),
        (quiet(zone="Europe/Berlin"), "/quiet_hours/zone"),
        ({"quiet_hours": "22:00-07:00"}, "/quiet_hours"),
    ],
)
def test_settings_that_cannot_be(reader, body, pointer):
    before = reader.owner.get(SETTINGS).json()
    problem = assert_problem(reader.owner.put(SETTINGS, body), 400, "invalid_parameter")
    assert [error["pointer"] for error in problem["errors"]] == [pointer], problem["errors"]
    assert reader.owner.get(SETTINGS).json() == before


def test_several_faults_are_told_at_once(reader):
    body = {"first_error": {"roles": ["king"]}, **quiet(**{"from": "x", "time_zone": "y"}), "z": 1}
    problem = assert_problem(reader.owner.put(SETTINGS, body), 400, "invalid_parameter")
    assert {error["pointer"] for error in problem["errors"]} == {
        *("/first_error/roles", "/quiet_hours/from", "/quiet_hours/time_zone", "/z")
    }
    assert_problem(reader.owner.put(SETTINGS, ["owner"]), 400, "malformed_json")
    for body, pointer in (
        ({"first_error": "no"}, "/first_error"),
        ({"reauthorise": 0}, "/reauthorise"),
        ({"last_error": True}, "/last_error"),
    ):
        problem = assert_problem(reader.supervisor.put(PREFERENCES, body), 400, "invalid_parameter")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
