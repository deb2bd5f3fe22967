"""What the provider knows: its clients, the codes and tokens it gave, and which of them still hold."""

import base64
import dataclasses
import hashlib
import re
import secrets
import threading
import time

# RFC 7636, 4.1
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Refused(Exception):
    """An error of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str):
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclasses.dataclass
class Client:
    """A program that is registered with the provider."""

    application: str
    client_id: str
    client_secret: str
    # None until it is known: until then nobody is redirected
    redirect_uri: str | None = None


@dataclasses.dataclass(slots=True)
class Grant:
    """What an account allowed to a client: the family of all tokens that came of one code."""

    client_id: str
    account: str
    scope: str
    is_revoked: bool = False
    # the one that works; None where none was given
    refresh_token: str | None = None
    # all that were given and are still known, the oldest first
    access_tokens: list[str] = dataclasses.field(default_factory=list)
    refresh_tokens: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Code:
    """An authorization code."""

    client_id: str
    redirect_uri: str
    challenge: str
    account: str
    scope: str
    # time.monotonic()
    expires_at: float
    is_spent: bool = False
    grant: Grant | None = None


@dataclasses.dataclass(slots=True)
class AccessToken:
    """An access token."""

    grant: Grant
    # time.monotonic(); None never
    expires_at: float | None


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier by S256 (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Grants:
    """Codes and tokens; asked by the server's thread and by the test's.

    Times are by `time.monotonic()`. Every secret begins with its kind, so that it is known where it shows up.
    """

    def __init__(self):
        self._lock = threading.RLock()
        self._codes: dict[str, Code] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, Grant] = {}
        self.grants: list[Grant] = []
        # how many tokens of each kind a grant keeps; None keeps all. For load tests, whose memory it bounds
        self.kept: int | None = None

    def secrets(self) -> set[str]:
        """Every code and token that was given."""
        with self._lock:
            return {*self._codes, *self._access, *self._refresh}

    def add_code(self, client: Client, challenge: str, account: str, scope: str, lifetime: float) -> str:
        """Makes a code for a client's redirect URI."""
        value = "code-" + secrets.token_urlsafe(24)
        with self._lock:
            expires_at = time.monotonic() + lifetime
            self._codes[value] = Code(client.client_id, client.redirect_uri, challenge, account, scope, expires_at)
        return value

    def redeem(self, value: str, client: Client, redirect_uri: str, verifier: str) -> Grant:
        """What a code grants (RFC 6749, 4.1.3; RFC 7636, 4.6).

        A code works once: a second use revokes what the first one got, and a failed first use spends it as well.
        """
        with self._lock:
            code = self._codes.get(value)
            if code is None or code.client_id != client.client_id:
                raise Refused("invalid_grant", "no such code of this client")
            if code.is_spent:
                if code.grant is not None:
                    self.revoke(code.grant)
                raise Refused("invalid_grant", "the code was used before")
            code.is_spent = True
            if time.monotonic() >= code.expires_at:
                raise Refused("invalid_grant", "the code has expired")
            if redirect_uri != code.redirect_uri:
                raise Refused("invalid_grant", "another redirect_uri than the code's")
            if not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != code.challenge:
                raise Refused("invalid_grant", "the code_verifier is not the challenge's")
            code.grant = self.add_grant(client, code.account, code.scope)
            return code.grant

    def add_grant(self, client: Client, account: str, scope: str) -> Grant:
        """Makes a grant that has no tokens yet."""
        grant = Grant(client.client_id, account, scope)
        with self._lock:
            self.grants.append(grant)
        return grant

    def add_access(self, grant: Grant, lifetime: float | None, value: str | None = None) -> str:
        """Makes an access token."""
        value = value or "access-" + secrets.token_urlsafe(24)
        expires_at = None if lifetime is None else time.monotonic() + lifetime
        with self._lock:
            self._access[value] = AccessToken(grant, expires_at)
            grant.access_tokens.append(value)
            self._trim(grant.access_tokens, self._access)
        return value

    def add_refresh(self, grant: Grant, value: str | None = None) -> str:
        """Makes the grant's refresh token; the one before works no more."""
        value = value or "refresh-" + secrets.token_urlsafe(24)
        with self._lock:
            self._refresh[value] = grant
            grant.refresh_token = value
            grant.refresh_tokens.append(value)
            self._trim(grant.refresh_tokens, self._refresh)
        return value

    def refresh(self, value: str, client: Client) -> Grant:
        """What a refresh token is for; one that was replaced revokes its grant (RFC 9700, 4.14.2)."""
        with self._lock:
            grant = self._refresh.get(value)
            if grant is None or grant.client_id != client.client_id:
                raise Refused("invalid_grant", "no such refresh token of this client")
            if grant.is_revoked:
                raise Refused("invalid_grant", "the grant was revoked")
            if grant.refresh_token != value:
                self.revoke(grant)
                raise Refused("invalid_grant", "the refresh token was used before; the grant is revoked")
            return grant

    def account(self, access_token: str) -> str | None:
        """Whose access token it is; None where it is unknown, expired or revoked."""
        token = self._access.get(access_token)
        if token is None or token.grant.is_revoked:
            return None
        if token.expires_at is not None and time.monotonic() >= token.expires_at:
            return None
        return token.grant.account

    def revoke(self, grant: Grant) -> None:
        """Nothing of the grant works any more."""
        grant.is_revoked = True

    def revoke_token(self, value: str, client: Client) -> None:
        """Revokes a refresh token with its grant, or an access token alone; an unknown one is none (RFC 7009, 2)."""
        with self._lock:
            access = self._access.get(value)
            grant = access.grant if access else self._refresh.get(value)
            if grant is None:
                return
            if grant.client_id != client.client_id:
                raise Refused("unauthorized_client", "the token is another client's")
            if access:
                access.expires_at = 0.0
            else:
                self.revoke(grant)

    def revoke_all(self, account: str | None = None) -> None:
        """Revokes all grants, or those of an account."""
        with self._lock:
            for grant in self.grants:
                if account is None or grant.account == account:
                    self.revoke(grant)

    def expire_codes(self) -> None:
        """No code that was given works any more."""
        with self._lock:
            for code in self._codes.values():
                code.expires_at = 0.0

    def expire_access(self, account: str | None = None) -> None:
        """No access token that was given works any more; refresh tokens do."""
        with self._lock:
            for token in self._access.values():
                if account is None or token.grant.account == account:
                    token.expires_at = 0.0

    def _trim(self, values: list[str], known: dict) -> None:
        while self.kept is not None and len(values) > self.kept:
            known.pop(values.pop(0), None)
