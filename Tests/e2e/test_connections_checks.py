"""Background checks of connections that people authorise: the worker renews, asks, notices and recovers by itself."""

import concurrent.futures

import pytest

from harness.client import assert_problem
from harness.connections import NODES, Office, after, connected_scene, kinds_of
from harness.provider_settings import RefreshToken

# what a provider that is in trouble does, in ways that say nothing about the authorisation
TROUBLES = [500, 503, 429, 404, "drop", "html", "big", "malformed", "truncated", "empty", "redirect"]


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """An api, a worker, a mail server and a provider of the file's own; their clock goes on only."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers")) as (scene, provider):
        yield scene, provider


@pytest.fixture
def provider(connected):
    """The provider, with its usual settings before and after each test."""
    _, provider = connected
    provider.expires_in, provider.refresh_token = 3600, RefreshToken.ROTATED
    yield provider
    provider.heal()
    provider.expires_in, provider.refresh_token = 3600, RefreshToken.ROTATED


@pytest.fixture
def office(connected, provider):
    """A tenant of the test's own."""
    return Office(*connected)


@pytest.fixture
def another(connected, provider):
    """Makes further tenants, each with an account of its own at the provider."""
    return lambda: Office(*connected)


def test_tokens_are_renewed_ahead_of_their_end(office, another, connected, provider):
    scene, _ = connected
    rotated = office.connect()
    kept_office = another()
    provider.refresh_token = RefreshToken.KEPT
    kept = kept_office.connect("google_calendar")
    provider.refresh_token = RefreshToken.ROTATED
    for turn in range(2):
        before = [office.token(rotated).json(), kept_office.token(kept).json()]
        refreshes = provider.refreshes
        # a minute before they end
        scene.advance(minutes=59)
        for own, id, old in ((office, rotated, before[0]), (kept_office, kept, before[1])):
            connection = own.wait_until_renewed(id, old["expires_at"])
            assert connection["expires_at"] > old["expires_at"] and connection["state"] == "healthy", turn
        renewed = provider.refreshes
        assert renewed >= refreshes + 2
        fresh = [office.token(rotated).json(), kept_office.token(kept).json()]
        assert all(new["access_token"] != old["access_token"] for new, old in zip(fresh, before, strict=True))
        # nobody had to wait for it
        assert provider.refreshes == renewed
    assert kinds_of(office.find(rotated)) == ["created", "authorised", "recovered"]


def test_what_does_not_end_is_asked_for_within_the_hour(office, connected, provider):
    scene, _ = connected
    provider.expires_in = None
    id = office.connect()
    connection = office.find(id)
    assert connection["expires_at"] is None
    checked_at = connection["last_checked_at"]
    assert checked_at < connection["next_check_at"] <= after(checked_at, minutes=60)
    probes, token = office.probes(), office.token(id).json()
    scene.advance(minutes=61)
    office.wait_until_checked(id, checked_at)
    assert office.probes() == probes + 1
    assert office.find(id)["state"] == "healthy" and office.token(id).json() == token


def test_a_revoked_grant_is_noticed_by_the_worker_alone(office, another, connected, provider):
    """With and without an end of the access token; and those of others go on."""
    scene, _ = connected
    ending = office.connect(nodes=NODES)
    provider.expires_in = None
    lasting = office.connect(nodes=NODES)
    other = another()
    untouched = other.connect()
    provider.revoke_all(office.account)
    scene.advance(minutes=61)
    for id in (ending, lasting):
        connection = office.wait_for_connection(id, "needs_reauth")
        assert "Zendesk" in connection["state_reason"] and "eauthorise" in connection["state_reason"]
        assert {node["state"] for node in connection["nodes"]} == {"broken"}
        assert connection["events"][0]["kind"] == "broken" and connection["events"][0]["user_id"] is None
    office.wait_for_notices(2, state="sent")
    assert len(office.mails()) == 2
    assert other.find(untouched)["state"] == "healthy" and other.notices() == []
    # which is told once, however long it lasts
    checked = office.find(lasting)["last_checked_at"]
    scene.advance(minutes=61)
    scene.wait_until_idle()
    assert [office.find(id)["state"] for id in (ending, lasting)] == ["needs_reauth"] * 2
    assert len(office.mails()) == 2 and len(office.notices()) == 2, checked


def test_without_a_refresh_token_the_end_is_the_end(office, connected, provider):
    scene, _ = connected
    provider.refresh_token = RefreshToken.ABSENT
    id = office.connect()
    scene.advance(minutes=58)
    assert office.check(id)["state"] == "healthy"
    scene.advance(minutes=3)
    connection = office.wait_for_connection(id, "needs_reauth")
    assert "run out" in connection["state_reason"] and "eauthorise" in connection["state_reason"]
    assert connection["next_check_at"] is None
    provider.refresh_token = RefreshToken.ROTATED
    assert office.authorise(id).status_code == 200
    assert office.find(id)["state"] == "healthy"


@pytest.fixture(scope="module")
def lasting(connected):
    """A tenant, and a connection of it whose access token does not end."""
    scene, provider = connected
    provider.expires_in, provider.refresh_token = None, RefreshToken.ROTATED
    office = Office(scene, provider)
    return office, office.connect()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_troubles_of_the_probe_degrade(lasting, provider, trouble):
    office, id = lasting
    before = office.check(id)
    assert before["state"] == "healthy", before
    provider.fail("probe", trouble)
    degraded = office.check(id)
    assert degraded["state"] == "degraded", degraded
    reason = degraded["state_reason"]
    assert "Zendesk" in reason and reason.endswith(".") and len(reason) < 500 and "<" not in reason
    if isinstance(trouble, int) and trouble != 429:
        assert str(trouble) in reason
    # within a few minutes, and calls go on meanwhile
    assert degraded["last_checked_at"] < degraded["next_check_at"] <= after(degraded["last_checked_at"], minutes=3)
    assert degraded["last_ok_at"] == before["last_ok_at"]
    assert office.token(id).status_code == 200
    provider.heal()
    assert office.check(id)["state"] == "healthy"
    assert office.notices() == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusing_probe_breaks(office, provider, status):
    """Whatever the token endpoint says: with such tokens no call succeeds."""
    id = office.connect()
    provider.fail("probe", status)
    connection = office.check(id)
    assert connection["state"] == "needs_reauth", connection
    assert str(status) in connection["state_reason"]
    provider.heal()
    assert office.check(id)["state"] == "healthy"


def test_troubles_of_the_token_endpoint_degrade(office, connected, provider):
    """One after the other, and in the end it is healthy again by itself."""
    scene, _ = connected
    id = office.connect(nodes=NODES)
    provider.fail("token", TROUBLES[0])
    scene.advance(minutes=61)
    assert "500" in office.wait_for_connection(id, "degraded")["state_reason"]
    for trouble in TROUBLES[1:]:
        provider.fail("token", trouble)
        connection = office.check(id)
        assert connection["state"] == "degraded", (trouble, connection)
        assert "Zendesk" in connection["state_reason"], trouble
        # the old one has ended, so there is none to hand out
        problem = assert_problem(office.token(id), 503, "unavailable")
        assert "renewed" in problem["detail"], trouble
    assert {node["state"] for node in office.find(id)["nodes"]} == {"attached"}
    provider.heal()
    scene.advance(minutes=31)
    connection = office.wait_for_connection(id, "healthy")
    assert office.token(id).status_code == 200 and office.notices() == []
    assert kinds_of(connection) == ["created", "authorised", "recovered", "degraded", "recovered"]


def test_a_refused_renewal_breaks(office, connected, provider):
    id = office.connect()
    provider.fail("token", "invalid_grant")
    connected[0].advance(minutes=56)
    connection = office.wait_for_connection(id, "needs_reauth")
    assert "Zendesk" in connection["state_reason"] and "cut off" not in connection["state_reason"]
    assert_problem(office.token(id), 409, "conflict")


def test_a_provider_that_is_gone_or_hangs(office, another, connected, provider):
    """Nobody listens, or nobody answers: degraded until somebody does, and never broken."""
    scene, _ = connected
    provider.expires_in = None
    ids = [office.connect() for _ in range(2)]
    ending = another()
    provider.expires_in = 3600
    ids_of_ending = ending.connect()
    provider.stop()
    assert [office.check(id)["state"] for id in ids] == ["degraded"] * 2
    provider.start()
    assert office.check(ids[0])["state"] == "healthy"
    provider.fail("probe", "hang")
    provider.fail("token", "hang")
    scene.advance(minutes=56)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(office.check, ids[0])
        for own, id in ((office, ids[0]), (ending, ids_of_ending)):
            connection = own.wait_for_connection(id, "degraded", 30)
            assert "Zendesk could not be asked" in connection["state_reason"]
    provider.heal()
    provider.release()
    scene.advance(minutes=31)
    for own, id in ((office, ids[0]), (office, ids[1])):
        own.wait_for_connection(id, "healthy")
    assert office.notices() == []


def test_network_failures_change_nothing_about_what_is_broken(office, connected, provider):
    provider.expires_in = None
    id = office.connect()
    provider.revoke_all(office.account)
    broken = office.check(id)
    assert broken["state"] == "needs_reauth"
    office.wait_for_notices(1, state="sent")
    for trouble in (500, "drop", "html"):
        provider.fail("probe", trouble)
        provider.fail("token", trouble)
        connection = office.check(id)
        for name in ("state", "state_reason", "state_since", "last_ok_at"):
            assert connection[name] == broken[name], (trouble, name)
    connected[0].advance(minutes=61)
    connected[0].wait_until_idle()
    found = office.find(id)
    assert found["state"] == "needs_reauth" and kinds_of(found) == ["created", "authorised", "recovered", "broken"]
    assert len(office.mails()) == 1
