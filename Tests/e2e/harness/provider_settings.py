"""What a test may set at the provider, at any time."""

import dataclasses
import enum


class RefreshToken(enum.Enum):
    """How the token endpoint deals with refresh tokens."""

    # gives none
    ABSENT = enum.auto()
    # gives one with the code, none when refreshing: the first one goes on working
    KEPT = enum.auto()
    # as KEPT, but repeats it in every answer
    REPEATED = enum.auto()
    # a new one in every answer; the one before works no more, and whoever uses it revokes the grant
    ROTATED = enum.auto()


class ClientAuthentication(enum.Enum):
    """Where the client's credentials may be (RFC 6749, 2.3.1)."""

    ANY = enum.auto()
    BASIC = enum.auto()
    BODY = enum.auto()


@dataclasses.dataclass(eq=False)
class Settings:
    """The provider's settings with their defaults."""

    # who signs in, and whether they consent
    account: str = "acct-1"
    consent: bool = True
    # `iss` of the redirect (RFC 9207): True is the provider's own, None is none, a text is that
    iss: str | bool | None = True
    # seconds a code is good for
    code_lifetime: float = 60.0
    # as answered; a positive number of seconds is also how long an access token works, anything else is forever
    expires_in: int | float | str | None = 3600
    refresh_token: RefreshToken = RefreshToken.ROTATED
    # further members of the token answers, such as instance_url; None takes a member away
    token_extra: dict[str, object] = dataclasses.field(default_factory=dict)
    client_authentication: ClientAuthentication = ClientAuthentication.ANY
    # whether revocation needs the client's credentials (RFC 7009, 2.1 says so; not every provider does)
    revoke_needs_client: bool = True
    # milliseconds before every answer
    latency_ms: float = 0.0
    # header → value, or values, that are good besides access tokens
    api_keys: dict[str, str | set[str]] = dataclasses.field(default_factory=dict)
    # user → password that are good as Basic
    basic: dict[str, str] = dataclasses.field(default_factory=dict)
    # the probe's answer; None is id, name and email of the account
    profile: object = None
    # the API's answer; None echoes the request
    api_status: int = 200
    api_headers: dict[str, str] = dataclasses.field(default_factory=dict)
    api_body: bytes | None = None
