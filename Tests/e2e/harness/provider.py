"""A provider of OAuth 2.0 and of an API: strict as to what is sent to it, and as faulty as it is told to be.

By itself, for benchmarks: `python -m harness.provider --port 9000 --latency-ms 100 --grants 1000`.
"""

import argparse
import asyncio
import functools
import json
import pathlib
import signal
import socket
import ssl
import threading
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import yaml

from .certificates import Authority
from .provider_api import API
from .provider_connection import Connection
from .provider_faults import Fault, Faults, misbehave
from .provider_grants import Client, Grants
from .provider_http import Answer, Outcome, Request, Site
from .provider_oauth import OAuth
from .provider_settings import RefreshToken, Settings
from .waiting import wait_until


class Provider(Settings, Site):
    """A provider on a port of 127.0.0.1, in a thread of its own, from `with` to its end.

    The settings (`provider_settings.Settings`) are attributes and may be set at any time. With an authority it is
    served over TLS.
    """

    def __init__(self, authority: Authority | None = None, port: int = 0, **settings):
        super().__init__(**settings)
        self._tls = authority.context("127.0.0.1", "localhost") if authority else None
        # without an authority a context that trusts nobody: to load the usual ones takes longer than a test
        self._trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if authority:
            self._trust.load_verify_locations(authority.file)
        # bound for as long as the provider lives, so that nobody else gets the port while it is stopped
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", port))
        self.port = self._reserved.getsockname()[1]
        self.url = f"{'https' if authority else 'http'}://127.0.0.1:{self.port}"
        # by client_id
        self.clients: dict[str, Client] = {}
        self.grants = Grants()
        self.faults = Faults()
        # every request in order: those to the API from their head on, others when they have come whole
        self.requests: list[Request] = []
        # how many of them are kept; None keeps all
        self.kept: int | None = None
        # requests to the token endpoint, those of them that were to refresh, and those to each endpoint
        self.token_calls = 0
        self.refreshes = 0
        self.counts: dict[str, int] = {}
        self._public_url: str | None = None
        self._oauth = OAuth(self, self.grants, self.clients, self.url)
        self._api = API(self, self.grants, self._hang)
        self._endpoints = {"/token": "token", "/revoke": "revoke", "/probe": "probe"}
        self._work = {
            "token": self._oauth.token,
            "revoke": self._oauth.revoke,
            "probe": self._api.probe,
            "api": self._api.call,
        }
        self._connections: set[Connection] = set()
        self._thread: threading.Thread | None = None
        self._released_at = 0.0

    def __enter__(self) -> "Provider":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self._reserved.close()

    def start(self) -> None:
        """Listens, again if need be: at the same port."""
        self.loop = asyncio.new_event_loop()
        self._release = asyncio.Event()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        """Closes all connections and listens no more: who comes is refused. What is known is kept."""
        if self._thread is None:
            return
        self._run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()
        self._thread = None

    # Clients:

    def register(self, application: str, redirect_uri: str | None = None, **changes) -> Client:
        """Registers the client of an application, or changes its redirect URI, client_id or client_secret."""
        client = next((one for one in self.clients.values() if one.application == application), None)
        if client is None:
            # the secret holds what Basic must escape
            client = Client(application, f"client-of-{application}", f"secret:of {application}/100%+")
            if self._public_url is not None:
                client.redirect_uri = _callback(self._public_url, application)
        self.clients.pop(client.client_id, None)
        for name, value in changes.items():
            setattr(client, name, value)
        client.redirect_uri = redirect_uri or client.redirect_uri
        self.clients[client.client_id] = client
        return client

    def register_callbacks(self, public_url: str) -> None:
        """Registers the program's callback for every application, also for those to come."""
        self._public_url = public_url
        for client in list(self.clients.values()):
            client.redirect_uri = _callback(public_url, client.application)

    def urls(self) -> dict[str, str]:
        """The provider's URLs, named as in the providers file."""
        names = {"authorize_url": "/authorize", "token_url": "/token", "revoke_url": "/revoke"}
        names |= {"probe_url": "/probe", "api_url": "/api"}
        return {name: self.url + path for name, path in names.items()}

    def block(self, application: str, *scopes: str, **changes) -> dict[str, object]:
        """An application's block of the providers file; None takes an entry away."""
        client = self.register(application)
        entries = {**self.urls(), "client_id": client.client_id, "client_secret": client.client_secret}
        entries |= {"scopes": list(scopes or ("read", "write")), **changes}
        return {name: value for name, value in entries.items() if value is not None}

    def providers_file(self, path: pathlib.Path | str, *applications: str) -> str:
        """Writes the file that CALLTRAIL_PROVIDERS_FILE names; returns its path."""
        return write_providers_file(path, {name: self.block(name) for name in applications})

    def authorize(self, authorize_url: str, **overrides: str | None) -> str:
        """Visits the authorization endpoint as a browser would; returns the URL that it is sent back to.

        - Parameter overrides: parameters of the query to change, or with None to take away.
        """
        parts = urlsplit(authorize_url)
        assert authorize_url.startswith(self.url + "/authorize?"), authorize_url
        query = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in overrides]
        query += [(name, value) for name, value in overrides.items() if value is not None]
        url = f"{self.url}{parts.path}?{urlencode(query)}"
        answer = httpx.get(url, follow_redirects=False, trust_env=False, timeout=20, verify=self._trust)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def grant(self, application: str, account: str | None = None, scope: str = "read write") -> dict[str, object]:
        """Tokens as the token endpoint would answer them, without the way there."""
        grant = self.grants.add_grant(self.register(application), account or self.account, scope)
        return self._oauth.give(grant, is_first=True)

    def secrets(self) -> set[str]:
        """Everything that must show up in no log and no database: client secrets, codes, tokens, keys, passwords."""
        keys = {key for values in self.api_keys.values() for key in ([values] if isinstance(values, str) else values)}
        clients = {client.client_secret for client in self.clients.values()}
        return clients | self.grants.secrets() | keys | set(self.basic.values())

    # What happens at the provider:

    def revoke_all(self, account: str | None = None) -> None:
        """An administrator revokes the grants, of an account or of all."""
        self.grants.revoke_all(account)

    def expire_access_tokens(self, account: str | None = None) -> None:
        """Access tokens expire; refresh tokens do not."""
        self.grants.expire_access(account)

    def expire_codes(self) -> None:
        """The codes that were given expire."""
        self.grants.expire_codes()

    def fail(self, endpoint: str, mode: str | int, times: int | None = None, **options) -> None:
        """Misbehaves at token, revoke, probe or api: from now on, or as often as `times`, after those told before.

        `options` are those of `provider_faults.Fault`.
        """
        self.faults.add(endpoint, Fault(mode, **options), times)

    def heal(self, endpoint: str | None = None) -> None:
        """Misbehaves no more, at an endpoint or at all; what hangs goes on hanging until `release`."""
        self.faults.clear(endpoint)

    def release(self) -> None:
        """Answers the requests that have come and hang, or are about to; those to come hang again."""
        self._released_at = time.monotonic()

        def let_go():
            self._release.set()
            self._release = asyncio.Event()

        self.loop.call_soon_threadsafe(let_go)

    # What came:

    @property
    def authorizations(self):
        """The visits to the authorization endpoint, in order."""
        return self._oauth.authorizations

    @property
    def revocations(self) -> list[str]:
        """The tokens that were revoked by the client, in order."""
        return self._oauth.revocations

    def requests_to(self, path: str) -> list[Request]:
        """The requests to a path, or below it where it ends in a slash."""
        return [one for one in list(self.requests) if one.path == path or path[-1] == "/" and one.path.startswith(path)]

    def wait_for(self, path: str, number: int = 1, seconds: float = 15.0) -> Request:
        """The newest of so many requests to a path."""
        wait_until(lambda: len(self.requests_to(path)) >= number, f"{number} requests to {path}", seconds)
        return self.requests_to(path)[number - 1]

    def forget(self) -> None:
        """Forgets requests and counts, not grants, settings and faults."""
        for one in (self.requests, self.counts, self.authorizations, self.revocations):
            one.clear()
        self.token_calls = self.refreshes = 0

    # In the server's thread:

    @property
    def latency(self) -> float:
        """Seconds before each answer."""
        return self.latency_ms / 1000

    def begin(self, request: Request) -> Answer | None:
        """The head has come."""
        if not request.path.startswith("/api/"):
            return None
        self._note(request)
        return self._api.begin(request)

    def answer(self, request: Request) -> Outcome:
        """The whole request has come."""
        path = request.path
        endpoint = "api" if path.startswith("/api/") else self._endpoints.get(path)
        if endpoint != "api":
            self._note(request)
        if endpoint is None:
            return self._other(request)
        if endpoint == "token":
            self.token_calls += 1
            self.refreshes += request.form.get("grant_type") == "refresh_token"
        self.counts[endpoint] = self.counts.get(endpoint, 0) + 1
        fault = self.faults.draw(endpoint)
        if fault is None:
            return self._work[endpoint](request)
        return misbehave(fault, request, self._work[endpoint], self._hang)

    def _other(self, request: Request) -> Answer:
        if request.path == "/authorize":
            return self._oauth.authorize(request) if request.method == "GET" else Answer(405, {"Allow": "GET"})
        if request.path == "/counts":
            counts = {**self.counts, "refreshes": self.refreshes, "connections": len(self._connections)}
            return Answer(headers={"Content-Type": "application/json"}, body=json.dumps(counts).encode())
        return Answer(404, body=b"not found")

    def _note(self, request: Request) -> None:
        self.requests.append(request)
        if self.kept is not None and len(self.requests) > 2 * self.kept:
            del self.requests[: -self.kept]

    async def _hang(self, request: Request) -> None:
        # one that has come but does not hang yet when it is released would miss it
        if request.arrived > self._released_at:
            await self._release.wait()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def _listen(self):
        connect = functools.partial(Connection, self, self._connections)
        self._listener = await self.loop.create_server(
            connect, "127.0.0.1", self.port, ssl=self._tls, backlog=1024, reuse_address=True
        )

    async def _close(self):
        self._listener.close()
        for connection in list(self._connections):
            connection.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.loop.shutdown_asyncgens()


def write_providers_file(path: pathlib.Path | str, blocks: dict[str, dict[str, object]]) -> str:
    """Writes a providers file of blocks, also of several providers; returns its path."""
    pathlib.Path(path).write_text(yaml.safe_dump(blocks, sort_keys=False, width=10_000, allow_unicode=True))
    return str(path)


def _callback(public_url: str, application: str) -> str:
    return f"{public_url}/oauth/callback/{application}"


def main() -> None:
    """Serves until it is told to end; prints where and what for as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--application", default="zendesk")
    parser.add_argument("--redirect-uri")
    parser.add_argument("--refresh-token", choices=[kind.name.lower() for kind in RefreshToken], default="rotated")
    parser.add_argument("--grants", type=int, default=0, help="with tokens seed-refresh-N and seed-access-N, from 0 on")
    options = parser.parse_args()
    # blocked before the server's thread begins, so that signals wait for this one
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with Provider(port=options.port, latency_ms=options.latency_ms) as provider:
        provider.refresh_token = RefreshToken[options.refresh_token.upper()]
        provider.kept = 1000
        provider.grants.kept = 4
        client = provider.register(options.application, options.redirect_uri)
        for number in range(options.grants):
            grant = provider.grants.add_grant(client, f"acct-{number}", "read write")
            provider.grants.add_access(grant, None, f"seed-access-{number}")
            provider.grants.add_refresh(grant, f"seed-refresh-{number}")
        print(json.dumps({options.application: provider.block(options.application)}), flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
