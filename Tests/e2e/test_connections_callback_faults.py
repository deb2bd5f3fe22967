"""Coming back from an application while something else goes wrong: races, other accounts, faults over there."""

import concurrent.futures
import datetime

import pytest

from harness.client import assert_problem
from harness.connections import Office, connected_scene, kinds_of
from harness.people import Visitor
from harness.proxying import changed, standing


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """Two api processes and a provider of the file's own; nothing happens in the background."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers"), workers=0) as (scene, provider):
        scene.start_api()
        yield scene, provider


@pytest.fixture
def office(connected):
    """A tenant of the test's own."""
    return Office(*connected)


@pytest.fixture(autouse=True)
def good_provider(connected):
    """The provider as it is at first."""
    yield
    provider = connected[1]
    provider.heal()
    provider.release()
    provider.latency_ms, provider.profile = 0, None


def assert_refused(answer, *words):
    """A page that says no, and why."""
    assert answer.status_code == 400, answer.text
    for word in words:
        assert word in answer.text, answer.text


@pytest.mark.parametrize("number", [2, 12])
def test_at_once(office, connected, number):
    """Of callbacks that come at once with one code one wins, in two processes too; the others spoil nothing."""
    scene, provider = connected
    id = office.create()
    location = office.consent(office.begin(id))
    provider.forget()
    provider.latency_ms = 50
    visitors = [Visitor(scene.apis[index % 2], office.owner.token) for index in range(number)]
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(lambda visitor: office.arrive(location, visitor), visitors))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (number - 1)
    assert provider.token_calls == 1
    assert office.find(id)["state"] == "healthy" and office.call(id).status_code == 200


def test_two_beginnings_at_once(office, connected):
    """Two tabs that both end well: the one that ends last counts, and its grant works."""
    id = office.create()
    locations = [office.consent(office.begin(id)) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda location: office.arrive(location, api=office.api), locations))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert office.find(id)["state"] == "healthy" and office.call(id).status_code == 200
    assert kinds_of(office.find(id)).count("recovered") == 1


def test_another_account(office, connected):
    _, provider = connected
    id = office.connect()
    before = standing(office, id)
    provider.account = other = office.account + "-other"
    location = provider.authorize(office.begin(id))
    assert_refused(office.arrive(location), "another account", before[0]["account"])
    assert standing(office, id) == before
    assert office.call(id).json()["account"] == office.account
    # the same where it has been broken meanwhile: it does not become healthy by it
    provider.revoke_all(office.account)
    assert office.call(id).status_code == 401
    # the refused call is being logged meanwhile, and counts as hit then
    before = {**office.find(id), "impact": None}
    provider.account = other
    assert_refused(office.arrive(provider.authorize(office.begin(id))), "another account")
    assert {**office.find(id), "impact": None} == before and before["state"] == "needs_reauth"
    # unless that is what is wanted
    provider.account = other
    answer = office.arrive(provider.authorize(office.begin(id, accept_other_account=True)))
    assert answer.status_code == 200, answer.text
    found = office.find(id)
    assert found["state"] == "healthy" and other in found["account"]
    assert office.call(id).json()["account"] == other
    # which from then on is the one that counts
    assert_refused(office.authorise(id), "another account")


def test_it_is_the_id_that_counts(office, connected):
    """A name or an address that was changed over there makes no other account."""
    _, provider = connected
    provider.profile = {"user": {"id": 7, "name": "Ann", "email": "ann@example.com"}}
    id = office.connect()
    provider.profile = {"user": {"id": 7, "name": "Ann Other", "email": "ann.other@example.com"}}
    assert office.authorise(id).status_code == 200
    provider.profile = {"user": {"id": 8, "name": "Ann Other", "email": "ann.other@example.com"}}
    assert_refused(office.authorise(id), "another account")


STATUSES = [500, 503, 429, 400, 403]
FAULTS = [*STATUSES, "drop", "html", "big", "malformed", "truncated", "empty", "redirect", "invalid_grant"]


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_exchange(office, connected, fault):
    """Nothing is lost when a code can't be exchanged: whoever tries again succeeds."""
    _, provider = connected
    id = office.connect()
    before = standing(office, id)
    location = office.consent(office.begin(id))
    provider.fail("token", fault)
    answer = office.arrive(location)
    provider.heal()
    assert_refused(answer, "Zendesk")
    assert "malformed" not in answer.text and "trunc" not in answer.text
    assert standing(office, id) == before
    assert office.authorise(id).status_code == 200


def test_a_code_is_shown_once(office, connected):
    """A code that was lost on the way there or back is not shown again, for whoever shows one twice loses the grant."""
    _, provider = connected
    id = office.create()
    # over a connection that was good before
    assert office.authorise(id).status_code == 200
    provider.forget()
    provider.fail("token", "drop", times=1, after=True)
    assert_refused(office.authorise(id), "Zendesk")
    assert provider.token_calls == 1
    assert office.authorise(id).status_code == 200


def test_an_exchange_without_sense(office, connected):
    _, provider = connected
    id = office.create()
    for extra in ({"access_token": None}, {"access_token": ""}, {"access_token": 7}, {"access_token": "a\nb"}):
        provider.token_extra = extra
        try:
            assert_refused(office.authorise(id), "Zendesk")
        finally:
            provider.token_extra = {}
        assert office.find(id)["state"] == "needs_reauth"


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_at_once(office, connected, status):
    """Healthy only after a real call: a new grant that the probe refuses changes nothing."""
    _, provider = connected
    id = office.connect()
    before = standing(office, id)
    provider.fail("probe", status, times=1)
    assert_refused(office.authorise(id), "gave a token and then refused it", str(status))
    assert standing(office, id) == before


@pytest.mark.parametrize("fault", [500, "drop", "html", "malformed", "redirect"])
def test_a_probe_that_fails(office, connected, fault):
    """The grant is kept; the connection is not said to work before a call has succeeded, which is tried again soon."""
    scene, provider = connected
    id = office.create()
    provider.fail("probe", fault)
    answer = office.authorise(id)
    provider.heal()
    assert answer.status_code == 200 and "no call with it has succeeded yet" in answer.text, answer.text
    found = office.find(id)
    assert found["state"] != "healthy" and found["last_ok_at"] is None and found["authorised_at"]
    assert found["state_reason"] and "Nobody has authorised" not in found["state_reason"]
    soon = scene.now() + datetime.timedelta(minutes=5)
    assert datetime.datetime.fromisoformat(found["next_check_at"]) < soon, found
    assert office.check(id)["state"] == "healthy"
    assert office.call(id).status_code == 200


def test_switched_off_meanwhile(office):
    """Whoever switched it off meanwhile wins; what was granted serves when it is switched on again."""
    id = office.connect()
    location = office.consent(office.begin(id))
    office.change(id, enabled=False)
    office.arrive(location)
    assert office.find(id)["state"] == "disabled"
    assert_problem(office.token(id), 409, "conflict")
    office.change(id, enabled=True)
    assert office.check(id)["state"] == "healthy" and office.call(id).status_code == 200


def test_begun_by_a_key(office):
    """What a program began, a person ends who need not be known here: the state alone lets them."""
    id = office.create()
    program = Visitor(office.api, office.key("connections:write")["key"])
    assert office.arrive(office.consent(office.begin(id, program)), Visitor(office.api)).status_code == 200
    found = office.find(id)
    assert found["state"] == "healthy" and found["events"][0]["user_id"] is None


def test_it_runs_out(office, connected):
    """Ten minutes are for signing in there; later one begins again."""
    scene, provider = connected
    id = office.connect()
    first, second = (office.consent(office.begin(id)) for _ in range(2))
    scene.advance(minutes=9)
    assert office.arrive(first).status_code == 200
    before = standing(office, id)
    provider.forget()
    scene.advance(minutes=2)
    assert_refused(office.arrive(second), "has run out")
    assert provider.requests == [] and standing(office, id) == before
    assert_refused(office.arrive(changed(second, error="access_denied")), "has run out")
    assert office.authorise(id).status_code == 200
