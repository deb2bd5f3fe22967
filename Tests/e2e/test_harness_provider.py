"""The OAuth provider of the tests itself: what other tests conclude from it has to be true."""

from urllib.parse import quote_plus

import httpx
import pytest
import yaml

from harness.certificates import Authority
from harness.provider import Provider, write_providers_file
from harness.provider_client import CALLBACK, Program, error_of, query_of
from harness.provider_grants import challenge_of
from harness.provider_settings import ClientAuthentication, RefreshToken
from harness.waiting import wait_until

INVALID_GRANT = (400, "invalid_grant")
INVALID_REQUEST = (400, "invalid_request")


@pytest.fixture
def provider():
    """A provider that knows one client."""
    with Provider() as provider:
        provider.register("zendesk", CALLBACK)
        yield provider


@pytest.fixture
def program(provider):
    """Its client."""
    program = Program(provider)
    yield program
    program.http.close()


def test_the_whole_circle(provider, program):
    provider.account = "acct-7"
    callback = provider.authorize(program.authorize_url(access_type="offline"))
    query = query_of(callback)
    assert callback.startswith(CALLBACK + "?") and query.keys() == {"code", "state", "iss"}
    assert (query["state"], query["iss"]) == ("a state", provider.url)
    answer = program.redeem(query["code"])
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "read write")
    assert answer.headers["Cache-Control"] == "no-store"
    profile = program.get("/probe", tokens["access_token"]).json()
    assert profile == {"id": "acct-7", "name": "Account acct-7", "email": "acct-7@example.com"}
    refreshed = program.refresh(tokens["refresh_token"]).json()
    assert [program.probe(refreshed["access_token"]), program.probe("access-of-nobody")] == [200, 401]
    (visit,) = provider.authorizations
    assert (visit.scope, visit.query["access_type"], visit.location) == ("read write", "offline", callback)
    assert (provider.token_calls, provider.refreshes) == (2, 1)
    assert [one.form["grant_type"] for one in provider.requests_to("/token")] == ["authorization_code", "refresh_token"]
    given = {query["code"], *(t[name] for t in (tokens, refreshed) for name in ("access_token", "refresh_token"))}
    assert provider.secrets() == given | {program.client.client_secret}
    provider.forget()
    assert provider.requests == [] and provider.token_calls == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK.replace("127.0.0.1", "localhost")},
        {"redirect_uri": None},
    ],
)
def test_a_wrong_client_or_redirect_uri_is_never_redirected(provider, program, changes):
    answer = program.http.get(program.authorize_url(**changes))
    assert answer.status_code == 400 and "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(AssertionError):
        provider.authorize(program.authorize_url(), **changes)
    assert [visit.status for visit in provider.authorizations] == [400, 400]


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
    ],
)
def test_other_errors_are_redirected(provider, program, changes, error):
    query = query_of(provider.authorize(program.authorize_url(), **changes))
    assert query["error"] == error and "code" not in query and provider.authorizations[0].error == error
    assert query.get("state") == changes.get("state", "a state")


def test_a_parameter_given_twice_is_refused(provider, program):
    assert query_of(provider.authorize(program.authorize_url()))["code"]
    answer = program.http.get(program.authorize_url() + "&scope=admin")
    assert query_of(answer.headers["Location"])["error"] == "invalid_request"
    assert program.http.get(program.authorize_url() + f"&redirect_uri={quote_plus(CALLBACK)}").status_code == 400


def test_consent_and_issuer(provider, program):
    provider.consent = False
    assert query_of(provider.authorize(program.authorize_url()))["error"] == "access_denied"
    provider.consent, provider.iss = True, None
    assert "iss" not in query_of(provider.authorize(program.authorize_url()))
    provider.iss = "https://elsewhere.example"
    assert query_of(provider.authorize(program.authorize_url()))["iss"] == "https://elsewhere.example"


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"code_verifier": "x" * 43}, INVALID_GRANT),
        ({"code_verifier": "short"}, INVALID_GRANT),
        ({"code_verifier": None}, INVALID_REQUEST),
        ({"redirect_uri": CALLBACK + "?"}, INVALID_GRANT),
        ({"redirect_uri": None}, INVALID_REQUEST),
        ({"code": "code-of-nobody"}, INVALID_GRANT),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"client_secret": None}, (401, "invalid_client")),
        ({"client_id": "another"}, (401, "invalid_client")),
    ],
)
def test_what_the_token_endpoint_refuses(provider, program, changes, error):
    form = {"code": program.code(), "redirect_uri": CALLBACK, "code_verifier": program.verifier}
    answer = program.post("/token", **{"grant_type": "authorization_code", **form, **changes})
    assert error_of(answer) == error and provider.grants.grants == []


def test_a_plain_verifier_is_refused(program):
    # the mistake of sending the challenge where the verifier belongs
    assert error_of(program.redeem(program.code(), code_verifier=challenge_of(program.verifier))) == INVALID_GRANT


def test_the_form_must_be_one(program):
    for options in ({"json": {}}, {"params": {"grant_type": "refresh_token"}, "data": {"a": "b"}}):
        assert error_of(program.http.post("/token", **options)) == INVALID_REQUEST
    twice = "grant_type=refresh_token&grant_type=refresh_token"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert error_of(program.http.post("/token", content=twice, headers=kind)) == INVALID_REQUEST
    assert program.http.get("/token").status_code == 405


def test_a_used_code_revokes_what_it_got(program):
    code = program.code()
    tokens = program.redeem(code).json()
    assert program.probe(tokens["access_token"]) == 200
    assert error_of(program.redeem(code)) == INVALID_GRANT
    assert program.probe(tokens["access_token"]) == 401
    assert error_of(program.refresh(tokens["refresh_token"])) == INVALID_GRANT


def test_codes_are_spent_by_a_failure_bound_to_their_client_and_expire(provider, program):
    code = program.code()
    assert error_of(program.redeem(code, code_verifier="x" * 43)) == INVALID_GRANT
    assert error_of(program.redeem(code)) == INVALID_GRANT
    code, other = program.code(), provider.register("salesforce", CALLBACK)
    theirs = {"client_id": other.client_id, "client_secret": other.client_secret}
    assert error_of(program.redeem(code, **theirs)) == INVALID_GRANT
    tokens = program.redeem(code).json()
    assert error_of(program.refresh(tokens["refresh_token"], **theirs)) == INVALID_GRANT
    assert program.refresh(tokens["refresh_token"]).status_code == 200
    code = program.code()
    provider.expire_codes()
    assert error_of(program.redeem(code)) == INVALID_GRANT
    provider.code_lifetime = 0
    assert error_of(program.redeem(program.code())) == INVALID_GRANT


def test_client_authentication(provider, program):
    token = program.connect()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    basic = (program.client.client_id, quote_plus(program.client.client_secret))
    provider.refresh_token = RefreshToken.KEPT
    assert program.post("/token", auth=basic, **form).status_code == 200
    answer = program.post("/token", auth=(basic[0], program.client.client_secret), **form)
    assert error_of(answer) == (401, "invalid_client") and answer.headers["WWW-Authenticate"].startswith("Basic")
    # both at once
    both = {**form, "client_secret": program.client.client_secret}
    assert error_of(program.post("/token", auth=basic, **both)) == INVALID_REQUEST
    assert error_of(program.post("/token", auth=basic, client_id="another", **form)) == INVALID_REQUEST
    provider.client_authentication = ClientAuthentication.BODY
    statuses = [program.post("/token", auth=auth, **form).status_code for auth in (None, basic)]
    provider.client_authentication = ClientAuthentication.BASIC
    statuses += [program.post("/token", auth=auth, **form).status_code for auth in (None, basic)]
    assert statuses == [200, 401, 401, 200]


def test_a_rotated_refresh_token_works_once(program):
    first = program.connect()
    second = program.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert program.probe(first["access_token"]) == 200
    assert error_of(program.refresh(first["refresh_token"])) == INVALID_GRANT
    # that revoked the whole family
    assert error_of(program.refresh(second["refresh_token"])) == INVALID_GRANT
    assert [program.probe(tokens["access_token"]) for tokens in (first, second)] == [401, 401]


def test_other_refresh_tokens(provider, program):
    for kind, again in ((RefreshToken.KEPT, False), (RefreshToken.REPEATED, True)):
        provider.refresh_token = kind
        token = program.connect()["refresh_token"]
        for _ in range(2):
            assert program.refresh(token).json().get("refresh_token") == (token if again else None)
    provider.refresh_token = RefreshToken.ABSENT
    assert "refresh_token" not in program.connect()
    assert error_of(program.refresh("refresh-of-nobody")) == INVALID_GRANT
    assert error_of(program.refresh(token, scope="read admin")) == (400, "invalid_scope")


def test_what_the_answer_holds(provider, program):
    provider.expires_in = None
    provider.token_extra = {"instance_url": "https://na1.example", "scope": None}
    tokens = program.connect()
    assert tokens.keys() == {"access_token", "token_type", "refresh_token", "instance_url"}
    provider.expires_in = 0.001
    short = program.refresh(tokens["refresh_token"]).json()
    wait_until(lambda: program.probe(short["access_token"]) == 401, "the token to expire", 5, 0.001)
    assert program.probe(tokens["access_token"]) == 200
    provider.expire_access_tokens()
    assert program.probe(tokens["access_token"]) == 401
    assert program.refresh(short["refresh_token"]).status_code == 200


def test_revocation(provider, program):
    one, two = program.connect(), program.connect()
    assert program.post("/revoke", token=one["access_token"]).status_code == 200
    assert program.probe(one["access_token"]) == 401
    one = program.refresh(one["refresh_token"]).json()
    assert error_of(program.post("/revoke", token=one["refresh_token"], client_secret="wrong"))[0] == 401
    assert program.probe(one["access_token"]) == 200
    assert program.post("/revoke", token=one["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert program.probe(one["access_token"]) == 401 and program.probe(two["access_token"]) == 200
    assert error_of(program.refresh(one["refresh_token"])) == INVALID_GRANT
    # an unknown token is revoked already
    assert program.post("/revoke", token="of-nobody").status_code == 200
    assert error_of(program.post("/revoke")) == INVALID_REQUEST
    other = provider.grant("salesforce")
    assert error_of(program.post("/revoke", token=other["access_token"])) == (400, "unauthorized_client")
    assert len(provider.revocations) == 3
    provider.revoke_needs_client = False
    assert program.http.post("/revoke", data={"token": two["refresh_token"]}).status_code == 200
    assert [program.probe(tokens["access_token"]) for tokens in (two, other)] == [401, 200]


def test_an_administrator_revokes(provider, program):
    mine, theirs = provider.grant("zendesk"), provider.grant("zendesk", "acct-2")
    provider.revoke_all("acct-1")
    assert [program.probe(tokens["access_token"]) for tokens in (mine, theirs)] == [401, 200]
    provider.revoke_all()
    assert program.probe(theirs["access_token"]) == 401
    assert error_of(program.refresh(theirs["refresh_token"])) == INVALID_GRANT


def test_the_providers_file(provider, tmp_path):
    provider.register_callbacks("http://127.0.0.1:8080")
    path = provider.providers_file(tmp_path / "providers.yaml", "zendesk", "google_calendar")
    with open(path) as file:
        blocks = yaml.safe_load(file)
    assert blocks.keys() == {"zendesk", "google_calendar"}
    names = ("authorize_url", "token_url", "revoke_url", "probe_url", "api_url")
    assert {name: blocks["zendesk"][name] for name in names} == provider.urls()
    client = provider.clients[blocks["google_calendar"]["client_id"]]
    assert client.redirect_uri == "http://127.0.0.1:8080/oauth/callback/google_calendar"
    assert blocks["google_calendar"]["client_secret"] == client.client_secret
    assert blocks["zendesk"]["scopes"] == ["read", "write"]
    one = {"zendesk": provider.block("zendesk", "tickets:read", revoke_url=None)}
    with open(write_providers_file(tmp_path / "one.yaml", one)) as file:
        assert yaml.safe_load(file) == one and "revoke_url" not in one["zendesk"]


def test_over_tls(tmp_path):
    with Provider(Authority(tmp_path, "ca"), account="acct-9") as provider:
        provider.register("zendesk", CALLBACK)
        program = Program(provider)
        assert provider.url.startswith("https://127.0.0.1:")
        callback = provider.authorize(program.authorize_url())
        assert query_of(callback)["iss"] == provider.url
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            program.http.get("/probe")
        program.http.close()
