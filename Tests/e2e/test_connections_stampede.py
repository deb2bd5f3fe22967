"""Renewing an access token: once, however many need it; and cut off at the worst moment."""

import concurrent.futures
import threading

import httpx
import pytest

from harness.client import assert_problem
from harness.connections import Office, connected_scene, kinds_of
from harness.provider_settings import RefreshToken


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """Two apis, no worker, a mail server and a provider of the file's own; their clock goes on only."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers"), workers=0) as (scene, provider):
        scene.start_api()
        yield scene, provider


@pytest.fixture
def provider(connected):
    """The provider, with its usual settings after each test."""
    _, provider = connected
    yield provider
    provider.heal()
    provider.release()
    provider.latency_ms, provider.refresh_token = 0, RefreshToken.ROTATED


@pytest.fixture
def office(connected, provider):
    """A tenant of the test's own."""
    return Office(*connected)


def test_a_stampede_makes_one_call(office, connected, provider):
    """Fifty at once, half of them at either api, some through the proxy."""
    scene, _ = connected
    id = office.connect()
    old = office.token(id).json()["access_token"]
    scene.advance(minutes=61)
    provider.expire_access_tokens(office.account)
    provider.latency_ms = 300
    provider.forget()
    together = threading.Barrier(50)

    def need(number):
        api = scene.apis[number % 2]
        # a client each, so that nobody waits for another's connection
        with httpx.Client(base_url=api.url, timeout=30, trust_env=False) as http:
            headers = {"Authorization": f"Bearer {office.node.token}"}
            together.wait()
            if number % 5:
                return http.post(f"/v1/connections/{id}/token", headers=headers)
            return http.get(f"/v1/proxy/{id}/x.json", headers=headers)

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(need, range(50)))
    assert [answer.status_code for answer in answers] == [200] * 50, {answer.text for answer in answers}
    bodies = [answer.json() for answer in answers]
    tokens = {
        body["access_token"] if "access_token" in body else body["headers"]["authorization"].removeprefix("Bearer ")
        for body in bodies
    }
    assert provider.refreshes == 1 and provider.token_calls == 1
    assert len(tokens) == 1 and old not in tokens and tokens < provider.secrets()
    assert office.find(id)["state"] == "healthy"
    # what was bought last buys the next one
    scene.advance(minutes=61)
    assert office.token(id, scene.apis[1]).json()["access_token"] not in {old, *tokens}
    assert provider.refreshes == 2


def test_stampedes_of_several_connections_do_not_wait_for_each_other(office, connected, provider):
    """While one renewal hangs, others go on."""
    scene, _ = connected
    first, second = office.connect(), office.connect()
    scene.advance(minutes=61)
    provider.forget()
    provider.fail("token", "hang", times=1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        hanging = pool.submit(Office.token, office, first, scene.apis[1])
        provider.wait_for("/token")
        answer = office.token(second)
        assert answer.status_code == 200, answer.text
        assert not hanging.done()
        # who comes for the first one meanwhile waits for the renewal that is under way
        waiting = pool.submit(Office.token, office, first, scene.apis[0])
        provider.release()
        assert hanging.result(20).status_code == 200
        assert hanging.result().json()["access_token"] == waiting.result(20).json()["access_token"]
    assert provider.refreshes == 2


def test_a_renewal_outlives_who_asked_for_it(office, connected, provider):
    """The client goes away while the provider answers: what was granted is kept."""
    scene, _ = connected
    id = office.connect()
    scene.advance(minutes=61)
    provider.forget()
    provider.fail("token", "hang", times=1, after=True)
    with pytest.raises(httpx.ReadTimeout):
        headers = {"Authorization": f"Bearer {office.node.token}"}
        httpx.post(
            f"{scene.api.url}/v1/connections/{id}/token", json={}, headers=headers, timeout=0.5, trust_env=False
        )
    provider.wait_for("/token")
    provider.release()
    assert office.token(id).status_code == 200
    assert provider.refreshes == 1 and office.find(id)["state"] == "healthy"


def test_a_crash_between_the_renewal_and_keeping_it(office, connected, provider):
    """The provider has replaced the refresh token, and whoever was to keep the new one was killed."""
    scene, _ = connected
    id, other = office.connect(), Office(*connected)
    untouched = other.connect()
    victim = scene.start_api()
    scene.advance(minutes=61)
    provider.forget()
    provider.fail("token", "hang", times=1, after=True)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asking = pool.submit(Office.token, office, id, victim)
        provider.wait_for("/token")
        victim.kill()
        provider.release()
        with pytest.raises(httpx.TransportError):
            asking.result(20)
    # others go on, also while the renewal counts as under way
    assert other.token(untouched).status_code == 200
    # long enough for it to count as cut off
    scene.advance(minutes=2)
    problem = assert_problem(office.token(id), 409, "conflict")
    connection = office.find(id)
    assert connection["state"] == "needs_reauth"
    assert "cut off" in connection["state_reason"] and "eauthorise" in connection["state_reason"]
    assert "cut off" in problem["detail"]
    assert other.token(untouched).status_code == 200 and other.find(untouched)["state"] == "healthy"
    assert office.authorise(id).status_code == 200
    assert office.find(id)["state"] == "healthy" and office.token(id).status_code == 200
    assert kinds_of(office.find(id)) == ["created", "authorised", "recovered", "broken", "authorised", "recovered"]


@pytest.mark.parametrize("loss", ["drop", "truncated", "html", 502])
def test_an_answer_that_was_lost(office, connected, provider, loss):
    """The provider has replaced the refresh token, and its answer never came: that is said as long as it may be so."""
    scene, _ = connected
    id = office.connect()
    # over a connection that is in use already
    scene.advance(minutes=61)
    assert office.token(id).status_code == 200
    scene.advance(minutes=61)
    provider.forget()
    provider.fail("token", loss, times=1, after=True)
    answer = office.token(id)
    assert provider.refreshes == 1, "what may have been done is not to be tried again unasked"
    problem = assert_problem(answer, 503, "unavailable")
    assert "renewed" in problem["detail"] and office.find(id)["state"] == "degraded"
    assert_problem(office.token(id), 409, "conflict")
    connection = office.find(id)
    assert connection["state"] == "needs_reauth" and "cut off" in connection["state_reason"], connection


def test_a_provider_in_trouble_leaves_the_token_at_hand(office, connected, provider):
    """A renewal that is due and can't be had is no reason to refuse a token that is still good."""
    scene, _ = connected
    id = office.connect()
    old = office.token(id).json()["access_token"]
    scene.advance(minutes=56)
    for trouble in (500, "html", 429):
        provider.fail("token", trouble, times=1)
        answer = office.token(id)
        assert answer.status_code == 200 and answer.json()["access_token"] == old, trouble
    answer = office.token(id)
    assert answer.status_code == 200 and answer.json()["access_token"] != old
    assert office.find(id)["state"] == "healthy"


def test_a_call_whose_answer_was_lost_is_made_once(office, provider):
    """What the provider may have done, nobody repeats but who asked for it; also over a connection that is in use."""
    id = office.connect()
    for method, options in (("POST", {"content": b"one order"}), ("POST", {}), ("PATCH", {})):
        assert office.call(id, "orders").status_code == 200
        provider.forget()
        provider.fail("api", "drop", times=1, after=True)
        answer = office.call(id, "orders", method, **options)
        assert len(provider.requests_to("/api/")) == 1, (method, options)
        assert_problem(answer, 503, "unavailable")
