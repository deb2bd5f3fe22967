"""A service whose applications are all one provider: that of the end-to-end tests, as a process of its own (this file,
started by itself).
"""

import http.client
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service import Bench, Service

USER, PASSWORD = "AC0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"
# goes as user with the password X
API_KEY = "abcdefghij0123456789"
# application → how it is called, and what has to be typed in for it
APPLICATIONS = {
    "zendesk": ("oauth2", {"subdomain": "acme"}),
    "twilio": ("basic", {"account_sid": USER, "auth_token": PASSWORD}),
    "salesforce": ("oauth2", {}),
    "freshdesk": ("basic", {"subdomain": "acme", "api_key": API_KEY}),
    "google_sheets": ("oauth2", {}),
}


class Provider:
    """The tests' provider in a process of its own. It ends with its standard input, so that none is left behind."""

    def __init__(self, public_url: str):
        end_to_end = Path(__file__).resolve().parent.parent / "Tests" / "e2e"
        self._process = subprocess.Popen(
            [sys.executable, __file__, public_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(end_to_end)})
        try:
            hello = self._read()
        except RuntimeError:
            self.close()
            raise
        self.port: int = hello["port"]
        self.blocks: dict[str, dict] = hello["blocks"]

    def set(self, **settings) -> None:
        """Changes settings of the provider."""
        self._tell({"set": settings})

    def forget(self) -> None:
        """Counts anew."""
        self._tell({"forget": True})

    def count(self, endpoint: str) -> int:
        """Requests to an endpoint: token, probe, api."""
        return self._tell({}).get(endpoint, 0)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _tell(self, order: dict) -> dict[str, int]:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the provider has ended")
        return json.loads(line)


def serve(public_url: str) -> None:
    """The provider's process: orders come as lines of JSON, each is answered by the counts of requests."""
    from harness import provider as harness

    # Ctrl-C is for the benchmark, which then closes this process' input
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with harness.Provider() as provider:
        provider.register_callbacks(public_url)
        provider.kept, provider.grants.kept = 1_000, 4
        provider.basic = {USER: PASSWORD, API_KEY: "X"}
        # tokens that last, so that checks probe
        provider.expires_in = None
        provider.api_headers, provider.api_body = {"Content-Type": "application/json"}, b'{"ok": true}'
        blocks = {}
        for name, (auth, _) in APPLICATIONS.items():
            urls = provider.urls()
            blocks[name] = (
                provider.block(name) if auth == "oauth2" else {key: urls[key] for key in ("probe_url", "api_url")})
        print(json.dumps({"port": provider.port, "blocks": blocks}), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            for name, value in order.get("set", {}).items():
                setattr(provider, name, value)
            if order.get("forget"):
                provider.forget()
            print(json.dumps(provider.counts), flush=True)


class Connected(Service):
    """A service whose applications are all one provider."""

    def __init__(self, bench: Bench, name: str):
        super().__init__(bench, name)
        self._provider: Provider | None = None
        self._file = bench.directory / f"{name}-providers.yaml"

    def __enter__(self) -> "Connected":
        self._provider = Provider(f"http://127.0.0.1:{self.port}")
        try:
            # JSON is YAML
            self._file.write_text(json.dumps(self.provider.blocks))
            super().__enter__()
        except BaseException:
            self._close_provider()
            raise
        return self

    def __exit__(self, *details) -> None:
        super().__exit__(*details)
        self._close_provider()

    @property
    def provider(self) -> Provider:
        """The provider; there is one inside the block."""
        if self._provider is None:
            raise RuntimeError("there is no provider outside the block")
        return self._provider

    def _close_provider(self) -> None:
        provider, self._provider = self._provider, None
        if provider:
            provider.close()

    def _environment(self, **settings: str) -> dict[str, str]:
        own = {
            "CALLTRAIL_PROVIDERS_FILE": str(self._file),
            "CALLTRAIL_EGRESS_ALLOW": "127.0.0.0/8",
            # one client makes more requests than the limits grant a tenant's
            "CALLTRAIL_READS_PER_MINUTE": "100000000",
            "CALLTRAIL_WRITES_PER_MINUTE": "100000000",
        }
        return super()._environment(**(own | settings))

    def keys(self, count: int) -> list[str]:
        """Makes tenants, each with a key that may do everything with connections."""
        keys = []
        for tenant in self.tenants(count):
            scopes = "connections:write,connections:read,connections:token"
            words = ["key", "create", "--tenant", str(tenant.number), "--name", "connections", "--scopes", scopes]
            keys.append(json.loads(self.command(*words))["key"])
        return keys


@dataclass
class Caller:
    """A client of the service that also goes through the provider's pages as a browser would."""

    service: Connected

    def __post_init__(self):
        self._service = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        self._provider = http.client.HTTPConnection("127.0.0.1", self.service.provider.port, timeout=60)

    def connect(self, application: str, name: str, key: str) -> str:
        """Makes a connection, and authorises one with OAuth; returns its id."""
        auth, credentials = APPLICATIONS[application]
        members = {"application": application, "name": name, "auth": auth, "credentials": credentials}
        id = self._ask("POST", "/v1/connections", key, members)["id"]
        if auth == "oauth2":
            begun = self._ask("POST", f"/v1/connections/{id}/reauthorise", key, {})
            back = self._ask("GET", _target(self._consent(begun["authorize_url"])), key)
            if back["state"] != "healthy":
                raise RuntimeError(f"a connection was authorised and is {back}")
        return id

    def close(self) -> None:
        self._service.close()
        self._provider.close()

    def _consent(self, authorize_url: str) -> str:
        self._provider.request("GET", _target(authorize_url))
        answer = self._provider.getresponse()
        body = answer.read()
        if answer.status != 302:
            raise RuntimeError(f"the provider answered {answer.status}: {body[:500]!r}")
        return answer.getheader("Location")

    def _ask(self, method: str, path: str, key: str, members: dict | None = None) -> dict:
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        if members is not None:
            headers["Content-Type"] = "application/json"
        self._service.request(method, path, None if members is None else json.dumps(members), headers)
        answer = self._service.getresponse()
        body = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path.partition('?')[0]} was answered {answer.status}: {body[:500]!r}")
        return json.loads(body)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


if __name__ == "__main__":
    serve(sys.argv[1])
