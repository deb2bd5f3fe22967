"""The provider's OAuth 2.0 endpoints: as strict as the standards allow."""

import base64
import binascii
import collections.abc
import dataclasses
import html
import json
import re
import secrets
from urllib.parse import unquote_plus, urlencode

from .provider_grants import Client, Grant, Grants, Refused
from .provider_http import Answer, Request
from .provider_settings import ClientAuthentication, RefreshToken, Settings

# BASE64URL of a SHA-256 digest
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_JSON = {"Content-Type": "application/json", **_NO_STORE}


@dataclasses.dataclass
class Authorization:
    """A visit to the authorization endpoint."""

    # as sent; the first of several values
    query: dict[str, str]
    status: int
    # where the browser was sent; None where it was shown a page
    location: str | None
    error: str | None

    @property
    def scope(self) -> str:
        """The scopes that were asked for, by spaces."""
        return self.query.get("scope", "")


class OAuth:
    """Authorization, token and revocation endpoint."""

    def __init__(self, settings: Settings, grants: Grants, clients: dict[str, Client], issuer: str):
        self._settings = settings
        self._grants = grants
        self._clients = clients
        self._issuer = issuer
        # every visit, in order
        self.authorizations: list[Authorization] = []
        # tokens that were to be revoked, in order
        self.revocations: list[str] = []

    # Authorization (RFC 6749, 4.1.1):

    def authorize(self, request: Request) -> Answer:
        """Signs the account in and asks it, as the settings say, and redirects."""
        query: dict[str, str] = {}
        for name, value in request.parameters:
            query.setdefault(name, value)
        location, error = None, None
        try:
            client = self._client_to_redirect(request, query)
        except Refused as refused:
            error = refused.description
            page = f"<!doctype html><title>Bad request</title><p>{html.escape(error)}</p>"
            answer = Answer(400, {"Content-Type": "text/html; charset=utf-8"}, page.encode())
        else:
            try:
                result = {"code": self._code(request, query, client)}
            except Refused as refused:
                error = refused.error
                result = {"error": error, "error_description": refused.description}
            location = self._redirect(client.redirect_uri, result, query.get("state"))
            answer = Answer(302, {"Location": location, **_NO_STORE})
        self.authorizations.append(Authorization(query, answer.status, location, error))
        return answer

    def _client_to_redirect(self, request: Request, query: dict[str, str]) -> Client:
        """The client, where it is safe to redirect to it (RFC 6749, 4.1.2.1; RFC 9700, 4.1.3)."""
        names = [name for name, _ in request.parameters]
        if names.count("client_id") != 1 or names.count("redirect_uri") != 1:
            raise Refused("invalid_request", "client_id and redirect_uri must be given once")
        client = self._clients.get(query["client_id"])
        if client is None:
            raise Refused("invalid_request", "unknown client_id")
        if client.redirect_uri is None or query["redirect_uri"] != client.redirect_uri:
            raise Refused("invalid_request", f"redirect_uri is not the registered one, {client.redirect_uri}")
        return client

    def _code(self, request: Request, query: dict[str, str], client: Client) -> str:
        names = [name for name, _ in request.parameters]
        for name in set(names):
            if names.count(name) > 1:
                raise Refused("invalid_request", f"{name} is given twice")
        if not query.get("state"):
            raise Refused("invalid_request", "state is missing")
        if not query.get("response_type"):
            raise Refused("invalid_request", "response_type is missing")
        if query["response_type"] != "code":
            raise Refused("unsupported_response_type", "response_type must be code")
        if query.get("code_challenge_method") != "S256":
            raise Refused("invalid_request", "code_challenge_method must be S256")
        if not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
            raise Refused("invalid_request", "code_challenge must be 43 characters of base64url")
        settings = self._settings
        if not settings.consent:
            raise Refused("access_denied", "the account does not consent")
        challenge, scope = query["code_challenge"], query.get("scope", "")
        return self._grants.add_code(client, challenge, settings.account, scope, settings.code_lifetime)

    def _redirect(self, redirect_uri: str, result: dict[str, str], state: str | None) -> str:
        if state is not None:
            result["state"] = state
        iss = self._issuer if self._settings.iss is True else self._settings.iss
        if iss:
            result["iss"] = iss
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(result)}"

    # Tokens (RFC 6749, 4.1.3 and 6):

    def token(self, request: Request) -> Answer:
        """Changes a code or a refresh token into tokens."""
        return self._answer(request, self._grant)

    def _grant(self, request: Request, form: dict[str, str]) -> Answer:
        client = self._authenticated(request, form)
        kind = _required(form, "grant_type")
        if kind == "authorization_code":
            values = [_required(form, name) for name in ("code", "redirect_uri", "code_verifier")]
            grant = self._grants.redeem(values[0], client, *values[1:])
            return Answer(headers=_JSON, body=json.dumps(self.give(grant, is_first=True)).encode())
        if kind != "refresh_token":
            raise Refused("unsupported_grant_type", "grant_type is neither authorization_code nor refresh_token")
        grant = self._grants.refresh(_required(form, "refresh_token"), client)
        scope = form.get("scope", grant.scope)
        if not set(scope.split()) <= set(grant.scope.split()):
            raise Refused("invalid_scope", "a scope that was not granted")
        return Answer(headers=_JSON, body=json.dumps(self.give(grant, is_first=False)).encode())

    def give(self, grant: Grant, is_first: bool) -> dict[str, object]:
        """New tokens of a grant, as they are answered."""
        settings = self._settings
        lifetime = settings.expires_in
        is_limited = isinstance(lifetime, (int, float)) and lifetime > 0
        access_token = self._grants.add_access(grant, lifetime if is_limited else None)
        answer = {"access_token": access_token, "token_type": "Bearer", "scope": grant.scope}
        if lifetime is not None:
            answer["expires_in"] = lifetime
        kind = settings.refresh_token
        if kind is RefreshToken.ROTATED or is_first and kind is not RefreshToken.ABSENT:
            answer["refresh_token"] = self._grants.add_refresh(grant)
        elif kind is RefreshToken.REPEATED and grant.refresh_token is not None:
            answer["refresh_token"] = grant.refresh_token
        answer.update(settings.token_extra)
        return {name: value for name, value in answer.items() if value is not None}

    # Revocation (RFC 7009, 2):

    def revoke(self, request: Request) -> Answer:
        """Revokes a token."""
        return self._answer(request, self._revoke)

    def _revoke(self, request: Request, form: dict[str, str]) -> Answer:
        token = _required(form, "token")
        if self._settings.revoke_needs_client:
            self._grants.revoke_token(token, self._authenticated(request, form))
        else:
            for client in list(self._clients.values()):
                try:
                    self._grants.revoke_token(token, client)
                except Refused:
                    continue
        self.revocations.append(token)
        return Answer(headers=dict(_NO_STORE))

    # What both have in common:

    def _answer(self, request: Request, work: collections.abc.Callable[[Request, dict[str, str]], Answer]) -> Answer:
        if request.method != "POST":
            return Answer(405, {"Allow": "POST"})
        try:
            return work(request, _form(request))
        except Refused as refused:
            body = json.dumps({"error": refused.error, "error_description": refused.description}).encode()
            if refused.error != "invalid_client":
                return Answer(400, _JSON, body)
            return Answer(401, {**_JSON, "WWW-Authenticate": 'Basic realm="provider"'}, body)

    def _authenticated(self, request: Request, form: dict[str, str]) -> Client:
        """The client, by its secret (RFC 6749, 2.3.1)."""
        header, required = request.headers.get("authorization"), self._settings.client_authentication
        if header is not None and "client_secret" in form:
            raise Refused("invalid_request", "the client authenticates twice")
        if header is not None and required is ClientAuthentication.BODY:
            raise Refused("invalid_client", "the client must authenticate in the body")
        if header is None and required is ClientAuthentication.BASIC:
            raise Refused("invalid_client", "the client must authenticate by Basic")
        if header is None:
            client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
        else:
            client_id, client_secret = basic_credentials(header) or ("", "")
            client_id, client_secret = unquote_plus(client_id), unquote_plus(client_secret)
            if form.get("client_id", client_id) != client_id:
                raise Refused("invalid_request", "client_id is another one than that of Basic")
        client = self._clients.get(client_id)
        if client is None:
            raise Refused("invalid_client", f"unknown client_id: {client_id}")
        if not secrets.compare_digest(client.client_secret.encode(), client_secret.encode()):
            raise Refused("invalid_client", "wrong secret; in Basic it must be form-encoded")
        return client


def basic_credentials(header: str) -> tuple[str, str] | None:
    """User and password of an Authorization header (RFC 7617); None where it holds none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "the body must be application/x-www-form-urlencoded")
    if request.query:
        raise Refused("invalid_request", "parameters belong in the body")
    fields = request.fields
    form = dict(fields)
    if len(form) != len(fields):
        raise Refused("invalid_request", "a parameter is given twice")
    # an empty parameter is as good as none (RFC 6749, 3.2)
    return {name: value for name, value in form.items() if value}


def _required(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise Refused("invalid_request", f"{name} is missing")
    return form[name]
