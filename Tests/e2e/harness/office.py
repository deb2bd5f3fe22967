"""A tenant in the console's tests: connected to the stub provider, with a hook of its own, at an address that browsers know."""

import contextlib
import datetime
import types
from urllib.parse import urlsplit

from .connections import LOOPBACK, Office, settings_of
from .hooks import HookServer
from .program import API, Worker
from .provider import Provider


@contextlib.contextmanager
def premises(server, migrated, directory):
    """An api at its own address, its worker, a provider and a hook server, with a database of their own."""
    database = server.create_database("calltrail_console", template=migrated.name)
    with Provider() as provider, HookServer() as hooks:
        settings = {
            "CALLTRAIL_TRUSTED_PROXIES": "127.0.0.1/32",
            "CALLTRAIL_OUTBOX_DIR": str(directory / "outbox"),
            **settings_of(provider, directory),
            **LOOPBACK,
        }
        api = API(database, **settings)
        # people come back to where the api itself is
        provider.register_callbacks(api.url)
        worker = Worker(database, **{**settings, "CALLTRAIL_PUBLIC_URL": api.url})
        worker.wait_ready()
        try:
            yield types.SimpleNamespace(
                api=api, provider=provider, hooks=hooks, now=lambda: datetime.datetime.now(datetime.UTC)
            )
            assert [worker.stop(), api.stop()] == [0, 0]
        finally:
            for process in (worker, api):
                if process.process.poll() is None:
                    process.kill()
    database.drop()


class Tenant(Office):
    """An office whose people come back to the api itself."""

    def __init__(self, premises, **options):
        super().__init__(premises, premises.provider, **options)

    def arrive(self, location, visitor=None, api=None, **headers):
        """Comes back as the owner, or as somebody else who is signed in; returns the answer."""
        assert location.startswith(self.api.url), location
        parts = urlsplit(location)
        return (visitor or self.owner).get(f"{parts.path}?{parts.query}", **headers)
