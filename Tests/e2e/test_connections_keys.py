"""Checks of connections with API keys and passwords, and what calls in the log say about connections."""

import base64
import datetime

import pytest

from harness.client import stamp
from harness.connections import NODES, Office, after, connected_scene, dump_of, found_secrets, kinds_of
from harness.waiting import wait_until

KEY, OTHER_KEY = "key-6f1c9a20d4e84b7f", "key-0b77aa1e5c3d4f69"
SID, TOKEN = "AC" + "0a1b2c3d" * 4, "auth-5d2f8c7e9b104a36"


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """An api, a worker, a mail server and a provider of the file's own; their clock goes on only."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers")) as (scene, provider):
        yield scene, provider


@pytest.fixture
def provider(connected):
    """The provider, which takes the keys and passwords of these tests and is well after each."""
    _, provider = connected
    allow(provider)
    yield provider
    provider.heal()
    allow(provider)


@pytest.fixture
def office(connected, provider):
    """A tenant of the test's own."""
    return Office(*connected)


def allow(provider):
    """Takes the keys and passwords of these tests."""
    provider.api_keys = {"X-Api-Key": {KEY, OTHER_KEY}, "Authorization": {KEY, OTHER_KEY, f"Bearer {KEY}"}}
    provider.basic = {SID: TOKEN, KEY: "X", OTHER_KEY: "X", "somebody": TOKEN}


def refuse(provider):
    """Takes none of them any more."""
    provider.api_keys, provider.basic = {}, {}


def kinds(provider):
    """Connections of every kind: application, auth, credentials, and the header that their calls carry."""
    own = {"api_url": provider.url + "/api", "probe_url": provider.url + "/probe"}

    def basic(user, password):
        return "authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    return [
        ("twilio", "basic", {"account_sid": SID, "auth_token": TOKEN}, basic(SID, TOKEN)),
        ("freshdesk", "api_key", {"subdomain": "acme", "api_key": KEY}, basic(KEY, "X")),
        ("clickatell", "api_key", {"api_key": KEY}, ("authorization", KEY)),
        ("json_api", "api_key", {"api_key": KEY, "header": "X-Api-Key", **own}, ("x-api-key", KEY)),
        ("json_api", "api_key", {"api_key": KEY, **own}, ("authorization", f"Bearer {KEY}")),
        ("json_api", "basic", {"username": "somebody", "password": TOKEN, **own}, basic("somebody", TOKEN)),
    ]


NAMES = ["twilio", "freshdesk", "clickatell", "json_api-header", "json_api-bearer", "json_api-basic"]


@pytest.fixture(params=range(len(NAMES)), ids=NAMES)
def kind(request, provider):
    """One kind of connection after the other."""
    return kinds(provider)[request.param]


def test_a_key_that_is_refused(office, provider, connected, kind):
    """From the first check over both refusals and a mended key to a replaced one."""
    application, auth, credentials, (header, value) = kind
    made = office.try_create(application, auth, credentials=credentials, nodes=NODES)
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert made.json()["state"] == "degraded" and "not been checked" in made.json()["state_reason"]
    checked = office.check(id)
    assert (checked["state"], checked["state_reason"]) == ("healthy", None), checked
    echo = office.call(id, "things").json()
    assert echo["headers"][header] == value and echo["path"] == "/api/things"
    token = office.token(id).json()
    assert token["access_token"] == value.removeprefix("Basic ").removeprefix("Bearer ")
    assert token["header"].lower() == header

    name = checked["application_name"]
    for status in (401, 403):
        if status == 401:
            refuse(provider)
        else:
            provider.fail("probe", 403)
        broken = office.check(id)
        assert broken["state"] == "needs_reauth", (status, broken)
        assert name in broken["state_reason"] and str(status) in broken["state_reason"]
        assert {node["state"] for node in broken["nodes"]} == {"broken"}
        assert office.token(id).status_code == 409
        # what an administrator mends there is found out here
        allow(provider)
        provider.heal()
        mended = office.check(id)
        assert mended["state"] == "healthy" and {node["state"] for node in mended["nodes"]} == {"attached"}

    # a person mends it here: other credentials are checked at once, and all parts of the old ones are gone
    refuse(provider)
    assert office.check(id)["state"] == "needs_reauth"
    provider.api_keys = {"X-Api-Key": OTHER_KEY, "Authorization": {OTHER_KEY, f"Bearer {OTHER_KEY}"}}
    provider.basic = {SID: OTHER_KEY, OTHER_KEY: "X", "somebody": OTHER_KEY}
    replaced = {key: OTHER_KEY if value in (KEY, TOKEN) else value for key, value in credentials.items()}
    answer = office.ask("PATCH", f"/v1/connections/{id}", {"credentials": replaced})
    assert answer.status_code == 200 and answer.json()["state"] == "healthy", answer.text
    assert office.call(id, "things").status_code == 200
    assert "credentials_changed" in kinds_of(office.find(id))
    words = {KEY, OTHER_KEY, TOKEN, value.removeprefix("Basic ")}
    for text in (made.text, answer.text, dump_of(connected[0].database), office.ask("GET", "/v1/connections").text):
        assert not found_secrets(text, words)
    for call in office.wait_for_calls(id, 2):
        assert not found_secrets(office.reader.get(f"/v1/call-logs/{call['id']}").text, words), call


def test_the_worker_checks_keys_by_itself(office, provider, connected):
    """Soon after they were made, within each hour from then on, and also while they are refused."""
    scene, _ = connected
    ids = [office.create(*kind[:2], credentials=kind[2]) for kind in kinds(provider)]
    scene.advance(seconds=20)
    for id in ids:
        office.wait_for_connection(id, "healthy")
    refuse(provider)
    scene.advance(minutes=61)
    for id in ids:
        office.wait_for_connection(id, "needs_reauth")
    office.wait_for_notices(len(ids), state="sent")
    allow(provider)
    scene.advance(minutes=61)
    for id in ids:
        office.wait_for_connection(id, "healthy")
    office.wait_for_notices(2 * len(ids), state="sent")
    assert len(office.mails()) == 2 * len(ids)


def test_a_rest_that_is_asked_for_is_given(office, provider):
    kind = kinds(provider)[0]
    id = office.create(*kind[:2], credentials=kind[2])
    assert office.check(id)["state"] == "healthy"
    provider.fail("probe", 429, retry_after="900")
    connection = office.check(id)
    assert connection["state"] == "degraded" and "too often" in connection["state_reason"]
    earliest, latest = (after(connection["last_checked_at"], seconds=seconds) for seconds in (899, 3600))
    assert earliest <= connection["next_check_at"] <= latest
    assert office.call(id, "things").status_code == 200
    # a call that succeeds tells as much as a check
    assert office.find(id)["state"] == "healthy"


def test_breaking_again_soon_is_not_told_again(office, provider, connected):
    """Within six hours; if it lasts it is told then, and when it is over, too."""
    scene, _ = connected
    kind = kinds(provider)[2]
    id = office.create(*kind[:2], credentials=kind[2], name="Flapping")
    assert office.check(id)["state"] == "healthy"
    refuse(provider)
    assert office.check(id)["state"] == "needs_reauth"
    office.wait_for_notices(1, state="sent")
    allow(provider)
    assert office.check(id)["state"] == "healthy"
    office.wait_for_notices(2, state="sent")
    assert ["Reauthorise" in mail["Subject"] for mail in office.mails()] == [True, False]

    for _ in range(2):
        scene.advance(hours=1)
        refuse(provider)
        assert office.check(id)["state"] == "needs_reauth"
        assert "not told again" in office.find(id)["events"][0]["detail"]
        allow(provider)
        assert office.check(id)["state"] == "healthy"
    scene.wait_until_idle()
    assert len(office.mails()) == 2
    assert kinds_of(office.find(id))[-6:] == ["broken", "recovered"] * 3

    # lasting
    refuse(provider)
    assert office.check(id)["state"] == "needs_reauth"
    scene.advance(hours=3)
    office.wait_until_checked(id, office.find(id)["last_checked_at"])
    scene.wait_until_idle()
    assert len(office.mails()) == 2
    scene.advance(hours=1, minutes=2)
    office.wait_for_notices(3, state="sent")
    assert "Reauthorise" in office.mails()[2]["Subject"]
    allow(provider)
    assert office.check(id)["state"] == "healthy"
    office.wait_for_notices(4, state="sent")
    assert len(office.mails()) == 4


def refused(office, id, status_code=401):
    """A call with a connection as the platform reports it."""
    occurred_at = stamp(office.scene.now() - datetime.timedelta(seconds=1))
    return office.entry("order-bot", connection_id=id, status_code=status_code, occurred_at=occurred_at)


def wait_until_taken_in(office):
    """Waits until what calls said was taken in, and what follows from it done."""
    office.scene.wait_until_idle()
    jobs = ("connection_signals", "connection_check")
    wait_until(lambda: all(job["state"] == "dead" for job in office.scene.jobs(*jobs)), "signals to be taken in")


def test_a_burst_of_refusals_is_looked_into_at_once(office, provider):
    """Three are a burst, in one report or in several; two are not, nor are three failures of another kind."""
    provider.expires_in = None
    id = office.connect()
    probes = office.probes()
    office.send([refused(office, id) for _ in range(2)])
    office.send([refused(office, id, status) for status in (403, 500, 404)])
    wait_until_taken_in(office)
    assert office.probes() == probes and office.find(id)["state"] == "healthy"
    provider.revoke_all(office.account)
    # the third one, a while later; in upper case, as some platforms write ids
    office.scene.advance(seconds=60)
    office.send(refused(office, id.upper()))
    connection = office.wait_for_connection(id, "needs_reauth")
    assert connection["events"][0]["user_id"] is None
    office.wait_for_notices(1, state="sent")


def test_refusals_that_are_far_apart_are_no_burst(office, provider):
    provider.expires_in = None
    id = office.connect()
    probes = office.probes()
    for _ in range(4):
        office.send(refused(office, id))
        wait_until_taken_in(office)
        office.scene.advance(minutes=3)
    assert office.probes() == probes


def test_a_burst_of_single_reports(office, provider):
    """Each call reported by itself, one close upon the other."""
    provider.expires_in = None
    id = office.connect()
    provider.revoke_all(office.account)
    for _ in range(3):
        office.send(refused(office, id))
    office.wait_for_connection(id, "needs_reauth", seconds=10)


def test_a_burst_of_another_tenant_is_nobodys(office, provider, connected):
    provider.expires_in = None
    id = office.connect()
    stranger = Office(*connected)
    probes = office.probes()
    stranger.send([refused(stranger, id) for _ in range(5)])
    wait_until_taken_in(stranger)
    assert office.probes() == probes
    assert office.find(id)["nodes"] == [] and office.find(id)["state"] == "healthy"
