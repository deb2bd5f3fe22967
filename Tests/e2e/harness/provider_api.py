"""The provider's probe and API: they need a good credential; the API echoes, streams, dawdles and hangs."""

import asyncio
import collections.abc
import json

from .provider_grants import Grants
from .provider_http import KEPT_BODY, Answer, Outcome, Request
from .provider_oauth import basic_credentials
from .provider_settings import Settings

_JSON = {"Content-Type": "application/json"}
_BLOCK = b"0123456789abcdef" * 4096


class API:
    """Probe and API."""

    def __init__(
        self,
        settings: Settings,
        grants: Grants,
        hang: collections.abc.Callable[[Request], collections.abc.Awaitable[None]],
    ):
        self._settings = settings
        self._grants = grants
        self._hang = hang
        self._pages = {
            "/api/stream": self._stream,
            "/api/big": _big,
            "/api/redirect": _redirect,
            "/api/slow": _slow,
            "/api/hang": self._hanging,
        }

    def begin(self, request: Request) -> Answer | None:
        """What is decided before a body has come."""
        if request.path == "/api/upload":
            request.rate = int(request.argument("rate", "0")) or None
        elif request.path == "/api/early":
            return self._authenticate(request) or Answer(int(request.argument("status", "413")), _JSON, b"{}")
        return None

    def probe(self, request: Request) -> Answer:
        """Who the credential's account is."""
        refused = self._authenticate(request)
        if refused is not None:
            return refused
        if request.method not in ("GET", "HEAD"):
            return Answer(405, {"Allow": "GET, HEAD"})
        account, profile = request.account, self._settings.profile
        if profile is None:
            profile = {"id": account, "name": f"Account {account}", "email": f"{account}@example.com"}
        return Answer(headers=_JSON, body=json.dumps(profile).encode())

    def call(self, request: Request) -> Outcome:
        """Any request below /api."""
        refused = self._authenticate(request)
        if refused is not None:
            return refused
        page = self._pages.get(request.path)
        if page is not None:
            return page(request)
        settings = self._settings
        if settings.api_body is None:
            return Answer(settings.api_status, {**_JSON, **settings.api_headers}, echo(request))
        return Answer(settings.api_status, dict(settings.api_headers), settings.api_body)

    def _authenticate(self, request: Request) -> Answer | None:
        """Notes whose credential it is; the answer where it is nobody's (RFC 6750, 3)."""
        request.account = self._account(request)
        if request.account is not None:
            return None
        challenge = 'Bearer realm="provider"'
        if "authorization" in request.headers:
            challenge += ', error="invalid_token"'
        return Answer(401, {**_JSON, "WWW-Authenticate": challenge}, b'{"error": "invalid_token"}')

    def _account(self, request: Request) -> str | None:
        settings = self._settings
        for name, values in settings.api_keys.items():
            sent = request.headers.get(name.lower())
            if sent is not None and (sent == values if isinstance(values, str) else sent in values):
                return settings.account
        header = request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            return self._grants.account(token)
        credentials = basic_credentials(header)
        if credentials is not None and settings.basic.get(credentials[0]) == credentials[1]:
            return settings.account
        return None

    def _stream(self, request: Request) -> Answer:
        """`chunks` of `size` bytes, one letter each, with `delay_ms` between.

        After `hang_after` of them it hangs until released, after `break_after` it breaks off.
        """
        chunks, size = int(request.argument("chunks", "10")), int(request.argument("size", "1000"))
        delay = float(request.argument("delay_ms", "0")) / 1000
        hang_after, break_after = (int(request.argument(name, "-1")) for name in ("hang_after", "break_after"))

        async def parts():
            for index in range(chunks):
                if index == break_after:
                    raise ConnectionAbortedError
                if index == hang_after:
                    await self._hang(request)
                if index and delay > 0:
                    await asyncio.sleep(delay)
                yield bytes([ord("a") + index % 26]) * size

        kind = request.argument("type", "application/octet-stream")
        return Answer(headers={"Content-Type": kind}, stream=parts())

    async def _hanging(self, request: Request) -> Answer:
        await self._hang(request)
        return Answer(headers=_JSON, body=echo(request))


def echo(request: Request) -> bytes:
    """The request as JSON; of a long body only the begin, but the size and hash of all of it."""
    parts = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "raw_headers": request.raw_headers,
        "body": request.body[:KEPT_BODY].decode("utf-8", "replace"),
        "body_size": request.size,
        "body_sha256": request.digest.hexdigest() if request.digest is not None else None,
        "account": request.account,
    }
    return json.dumps(parts).encode()


def _big(request: Request) -> Answer:
    """`bytes` many, of known length: 0123456789abcdef again and again."""
    size = int(request.argument("bytes", "1000000"))

    async def parts():
        for _ in range(size // len(_BLOCK)):
            yield _BLOCK
        yield _BLOCK[: size % len(_BLOCK)]

    return Answer(headers={"Content-Type": "application/octet-stream"}, stream=parts(), length=size)


def _redirect(request: Request) -> Answer:
    """Leads to `to` with `status`."""
    return Answer(int(request.argument("status", "302")), {"Location": request.argument("to", "/")})


async def _slow(request: Request) -> Answer:
    """Echoes after `delay_ms`."""
    await asyncio.sleep(float(request.argument("delay_ms", "1000")) / 1000)
    return Answer(headers=_JSON, body=echo(request))
