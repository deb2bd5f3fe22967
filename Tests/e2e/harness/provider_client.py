"""A client of the provider's that does everything well, unless a test says otherwise."""

import secrets
import ssl
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from .provider_grants import challenge_of

CALLBACK = "http://127.0.0.1:1/oauth/callback/zendesk"
# nobody: to load the usual authorities takes longer than a test
TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Program:
    """The client of the application `zendesk`, whose redirect URI is `CALLBACK`."""

    def __init__(self, provider):
        self.provider = provider
        self.client = provider.register("zendesk")
        self.http = httpx.Client(trust_env=False, timeout=10, base_url=provider.url, verify=TRUST)
        self.verifier = secrets.token_urlsafe(32)

    def authorize_url(self, **changes):
        """Where the browser is sent."""
        query = {"response_type": "code", "client_id": self.client.client_id, "redirect_uri": CALLBACK}
        query |= {"state": "a state", "scope": "read write", "code_challenge_method": "S256"}
        query |= {"code_challenge": challenge_of(self.verifier), **changes}
        return f"{self.provider.url}/authorize?{urlencode({k: v for k, v in query.items() if v is not None})}"

    def code(self):
        """A new code."""
        return query_of(self.provider.authorize(self.authorize_url()))["code"]

    def post(self, path, auth=None, **form):
        """A request with the client's credentials in the body, or as Basic."""
        if auth is None:
            form = {"client_id": self.client.client_id, "client_secret": self.client.client_secret, **form}
        return self.http.post(path, data={k: v for k, v in form.items() if v is not None}, auth=auth)

    def redeem(self, code, **changes):
        """Changes a code."""
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier, **changes}
        return self.post("/token", grant_type="authorization_code", **form)

    def refresh(self, token, **more):
        """Refreshes."""
        return self.post("/token", grant_type="refresh_token", refresh_token=token, **more)

    def connect(self):
        """The tokens of a new grant."""
        answer = self.redeem(self.code())
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path, token, **options):
        """A call with an access token."""
        return self.http.get(path, headers={"Authorization": f"Bearer {token}"}, **options)

    def probe(self, token):
        """The probe's status."""
        return self.get("/probe", token).status_code


def query_of(url):
    """A URL's query."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def error_of(answer):
    """Status and error."""
    return answer.status_code, answer.json()["error"]
