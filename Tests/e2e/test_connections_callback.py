"""Coming back from an application with what is no good: refused, and the connection stays as it was."""

import re
import secrets

import pytest

from harness.client import assert_problem
from harness.connections import Office, found_secrets
from harness.people import Visitor
from harness.proxying import changed, standing


@pytest.fixture(scope="module")
def office(connected):
    """A tenant of the file's own."""
    return Office(*connected)


@pytest.fixture(scope="module")
def connection(office):
    """A connection that works; what is refused changes nothing of it."""
    return office.connect(name="Acme tickets", nodes=[{"bot_id": "support-bot", "node_id": "n-1"}])


@pytest.fixture(autouse=True)
def good_provider(connected):
    """The provider as it is at first."""
    yield
    provider = connected[1]
    provider.heal()
    provider.consent, provider.iss = True, True


def assert_refused(answer, *words):
    """A page that says no, and why; it can do nothing."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"
    # the address holds state and code
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "is not connected" in answer.text and "<script" not in answer.text
    for word in words:
        assert word in answer.text, answer.text


# what the browser brings instead of what the provider sent; whether that reaches the provider; words of the refusal
BAD_CALLBACKS = {
    "unknown state": (lambda url: changed(url, state=secrets.token_urlsafe(32)), 0, ["never begun here"]),
    "cut state": (lambda url: re.sub(r"(state=[^&]+)[^&]", r"\1", url), 0, ["never begun here"]),
    "no state": (lambda url: changed(url, state=None), 0, ["never begun here"]),
    "empty state": (lambda url: changed(url, state=""), 0, ["never begun here"]),
    "long state": (lambda url: changed(url, state="s" * 5000), 0, ["never begun here"]),
    "nothing at all": (lambda url: url.partition("?")[0] + "?", 0, ["never begun here"]),
    "no code": (lambda url: changed(url, code=None), 0, ["no code"]),
    "empty code": (lambda url: changed(url, code=""), 0, ["no code"]),
    "other code": (lambda url: changed(url, code="code-of-nobody"), 1, ["did not take the code"]),
    "error beside a code": (lambda url: changed(url, error="server_error"), 0, ["refused", "server_error"]),
    "iss of another": (lambda url: changed(url, iss="https://elsewhere.example.com"), 0, ["does not come from"]),
    "iss with more behind": (lambda url: changed(url, iss="http://127.0.0.1.example.com"), 0, ["does not come from"]),
    "iss cut": (lambda url: re.sub(r"(iss=[^&]+)[^&]", r"\1", url), 0, ["does not come from"]),
    "empty iss": (lambda url: changed(url, iss=""), 0, ["does not come from"]),
    "iss that is no URL": (lambda url: changed(url, iss="<script>alert(1)</script>"), 0, ["does not come from"]),
}


@pytest.mark.parametrize("change, calls, words", BAD_CALLBACKS.values(), ids=BAD_CALLBACKS)
def test_bad_callbacks(office, connected, connection, change, calls, words):
    before = standing(office, connection)
    location = office.consent(office.begin(connection))
    assert change(location) != location
    connected[1].forget()
    assert_refused(office.arrive(change(location)), *words)
    assert connected[1].token_calls == calls and len(connected[1].requests) == calls
    assert standing(office, connection) == before


@pytest.mark.parametrize("application", ["google_calendar", "salesforce", "twilio"])
def test_other_applications_path(office, connected, connection, application):
    before = standing(office, connection)
    location = office.consent(office.begin(connection))
    connected[1].forget()
    assert_refused(office.arrive(location.replace("/callback/zendesk?", f"/callback/{application}?")))
    assert connected[1].requests == [] and standing(office, connection) == before
    # it was not used up there
    assert office.arrive(location).status_code == 200


def test_a_path_of_no_application(office, connection):
    location = office.consent(office.begin(connection))
    for name in ("nonsense", "Zendesk", "zendesk%2f..%2fzendesk"):
        answer = office.arrive(location.replace("/callback/zendesk?", f"/callback/{name}?"))
        assert_problem(answer, 404, "not_found")
    for method in ("POST", "PUT", "DELETE"):
        answer = office.owner.request(method, "/oauth/callback/zendesk")
        assert_problem(answer, 405, "method_not_allowed")


def test_who_does_not_consent(office, connected, connection):
    before = standing(office, connection)
    connected[1].consent = False
    location = office.consent(office.begin(connection))
    assert "error=access_denied" in location
    connected[1].forget()
    assert_refused(office.arrive(location), "was not given leave", "access_denied", "Nothing has changed")
    connected[1].consent = True
    # the state is used up, though the code would be good
    state = re.search(r"state=([^&]+)", location)[1]
    further = office.consent(office.begin(connection))
    assert_refused(office.arrive(changed(further, state=state)))
    assert connected[1].token_calls == 0 and standing(office, connection) == before
    # the same of a connection that nobody has authorised yet
    fresh = office.create()
    connected[1].consent = False
    assert_refused(office.authorise(fresh))
    found = office.find(fresh)
    assert (found["state"], found["state_reason"]) == ("needs_reauth", "Nobody has authorised it yet.")


def test_a_state_is_good_once(office, connected, connection):
    location = office.consent(office.begin(connection))
    assert office.arrive(location).status_code == 200
    after = standing(office, connection)
    connected[1].forget()
    for _ in range(3):
        assert_refused(office.arrive(location), "was used already")
    assert connected[1].requests == [] and standing(office, connection) == after


def test_other_people(office, connected, connection):
    """A callback of one's own that is slipped under somebody else connects nothing; who began it still can end it."""
    before = standing(office, connection)
    location = office.consent(office.begin(connection))
    supervisor, stranger = office.member("supervisor"), Office(*connected)
    connected[1].forget()
    assert_refused(office.arrive(location, supervisor), "Somebody else began this")
    assert_refused(office.arrive(location, stranger.owner), "Somebody else began this")
    assert_refused(office.arrive(location, Visitor(office.api)), "Sign in as the person who began this")
    assert_refused(office.arrive(location, Visitor(office.api, "nonsense")), "Sign in as the person who began this")
    # a key is no person
    assert_refused(office.arrive(location, office.node), "Sign in as the person who began this")
    assert connected[1].requests == [] and standing(office, connection) == before
    assert stranger.ask("GET", "/v1/connections").json()["data"] == []
    # it was not used up by them: not even after signing in anew
    office.owner.sign_in(office.owner_email)
    assert office.arrive(location).status_code == 200


def test_who_lost_the_right(office, connected, connection):
    """Who may not reauthorise any more when they come back has nothing to end."""
    builder = office.member("bot_builder")
    location = office.consent(office.begin(connection, builder))
    before = standing(office, connection)
    assert office.owner.patch(f"/v1/users/{builder.user['id']}", {"role": "agent"}).status_code == 200
    builder.sign_in(builder.user["email"])
    connected[1].forget()
    assert_refused(office.arrive(location, builder))
    assert connected[1].requests == [] and standing(office, connection) == before


def test_swapped_codes(office, connected, connection):
    """A code that was bought for another beginning is refused there: the verifier does not fit."""
    before = standing(office, connection)
    first, second = (office.consent(office.begin(connection)) for _ in range(2))
    code = re.search(r"code=([^&]+)", second)[1]
    assert_refused(office.arrive(changed(first, code=code)), "did not take the code")
    assert standing(office, connection) == before


def test_a_code_that_expired_there(office, connected, connection):
    before = standing(office, connection)
    location = office.consent(office.begin(connection))
    connected[1].expire_codes()
    assert_refused(office.arrive(location), "did not take the code")
    assert standing(office, connection) == before


def test_a_connection_that_is_gone(office, connected):
    id = office.connect()
    location = office.consent(office.begin(id))
    assert office.ask("DELETE", f"/v1/connections/{id}").status_code == 204
    connected[1].forget()
    assert_refused(office.arrive(location))
    assert connected[1].token_calls == 0


def test_without_iss(office, connected, connection):
    connected[1].iss = None
    location = office.consent(office.begin(connection))
    assert "iss=" not in location
    assert office.arrive(location).status_code == 200


def test_unknown_parameters_are_passed_over(office, connection):
    location = office.consent(office.begin(connection))
    assert office.arrive(changed(location, scope="read write", session_state="x", authuser="0")).status_code == 200


MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;'


@pytest.mark.parametrize("error", ["access_denied", MARKUP])
def test_markup_is_shown_as_text(office, connection, error):
    before = standing(office, connection)
    location = changed(office.consent(office.begin(connection)), error=error, error_description=MARKUP)
    answer = office.arrive(location)
    assert_refused(answer, "&lt;script&gt;")
    assert "<img" not in answer.text and "&amp;lt;b&amp;gt;" in answer.text
    assert standing(office, connection) == before


def test_long_and_strange_words(office, connection):
    """Words from an address neither flood the page nor break it."""
    words = "x\u202e\u0007\r\nSet-Cookie: a=b " + "y" * 3000
    location = changed(office.consent(office.begin(connection)), error="other", error_description=words)
    answer = office.arrive(location)
    assert_refused(answer)
    assert "set-cookie" not in answer.headers and "\u202e" not in answer.text and "\u0007" not in answer.text
    assert "y" * 300 not in answer.text


def test_names_are_shown_as_text(office):
    id = office.create(name='<b onclick="x">Acme</b>')
    answer = office.authorise(id)
    assert answer.status_code == 200 and "<b " not in answer.text and "&lt;b onclick" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_as_json(office, connected, connection):
    location = office.consent(office.begin(connection))
    answer = office.arrive(location, Accept="application/json")
    assert answer.status_code == 200 and answer.json()["id"] == connection
    assert answer.json()["state"] == "healthy" and not found_secrets(answer.text, connected[1].secrets())
    problem = assert_problem(office.arrive(location, Accept="application/json"), 400, "invalid_parameter")
    assert "was used already" in problem["detail"]
