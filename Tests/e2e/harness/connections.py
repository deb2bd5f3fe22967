"""Connections: a tenant that connects to the stub provider, and what its people, nodes and platform do with that."""

import base64
import contextlib
import datetime
import re
import secrets
from urllib.parse import quote, quote_plus, urlsplit

from .mail import MailServer
from .notices import PUBLIC_URL, Platform, Scene
from .people import Visitor
from .provider import Provider, write_providers_file
from .waiting import wait_until

APPLICATIONS = ("zendesk", "salesforce", "google_calendar", "google_sheets")
# those that are called with keys and passwords
KEYED = ("twilio", "freshdesk", "clickatell")
LOOPBACK = {"CALLTRAIL_EGRESS_ALLOW": "127.0.0.0/8"}
NODES = [
    {"bot_id": "support-bot", "node_id": "n-1", "path": "Main flow / Create ticket"},
    {"bot_id": "support-bot", "node_id": "n-2", "path": "Main flow / Close ticket"},
]


def settings_of(provider, directory, **blocks):
    """The program's settings by which applications are a provider's; `blocks` replace those of the providers file."""
    provider.register_callbacks(PUBLIC_URL)
    content = {name: provider.block(name) for name in APPLICATIONS}
    content |= {name: {key: provider.urls()[key] for key in ("probe_url", "api_url")} for name in KEYED}
    path = write_providers_file(directory / "providers.yaml", content | blocks)
    return {**LOOPBACK, "CALLTRAIL_PROVIDERS_FILE": path}


@contextlib.contextmanager
def connected_scene(server, migrated, directory, workers=1, **settings):
    """A provider, and an api, workers, a mail server and a database of their own: as (scene, provider)."""
    database = server.create_database("calltrail_connections", template=migrated.name)
    with MailServer() as mail, Provider() as provider:
        own = settings_of(provider, directory)
        scene = Scene(database, mail, workers=workers, **{**own, **settings})
        try:
            yield scene, provider
            scene.stop()
        finally:
            scene.close()
    database.drop()


class Office(Platform):
    """A tenant with connections: its owner, a node's key, and the account that people sign in to at the provider."""

    def __init__(self, scene, provider, **options):
        super().__init__(scene, **options)
        self.provider = provider
        # whose grants are nobody else's, so that they can be revoked alone
        self.account = "acct-" + secrets.token_hex(4)
        self.node = Visitor(scene.api, self.key("connections:token")["key"])
        self.reader = Visitor(scene.api, self.key("call_logs:read")["key"])

    def ask(self, method, path, body=None):
        """Sends a request as the owner, who signs in again when the clock was moved past the session's end."""
        answer = self.owner.request(method, path, body)
        if answer.status_code == 401:
            self.owner.sign_in(self.owner_email)
            answer = self.owner.request(method, path, body)
        return answer

    def try_create(self, application="zendesk", auth="oauth2", visitor=None, **members):
        """Asks for a connection; returns the answer."""
        body = {"application": application, "name": "Connection " + secrets.token_hex(4), "auth": auth, **members}
        if application == "zendesk" and "credentials" not in body:
            body["credentials"] = {"subdomain": "acme"}
        body = {name: value for name, value in body.items() if value is not ...}
        return visitor.post("/v1/connections", body) if visitor else self.ask("POST", "/v1/connections", body)

    def create(self, application="zendesk", auth="oauth2", **members):
        """Makes a connection; returns its id."""
        answer = self.try_create(application, auth, **members)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def connect(self, application="zendesk", **members):
        """Makes a connection and authorises it; returns its id."""
        id = self.create(application, **members)
        answer = self.authorise(id)
        assert answer.status_code == 200, answer.text
        assert self.find(id)["state"] == "healthy", self.find(id)
        return id

    def begin(self, id, visitor=None, **body):
        """Begins to authorise a connection; returns where the browser goes."""
        path = f"/v1/connections/{id}/reauthorise"
        answer = visitor.post(path, body) if visitor else self.ask("POST", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["authorize_url"]

    def consent(self, authorize_url, **overrides):
        """Signs in at the provider with the office's account; returns where the browser is sent back to."""
        self.provider.account = self.account
        return self.provider.authorize(authorize_url, **overrides)

    def arrive(self, location, visitor=None, api=None, **headers):
        """Comes back as somebody who is signed in, the owner unless told otherwise; returns the answer."""
        parts = urlsplit(location)
        assert f"{parts.scheme}://{parts.netloc}" == PUBLIC_URL, location
        visitor = visitor or self.owner
        if api is not None:
            visitor = Visitor(api, visitor.token)
        return visitor.get(f"{parts.path}?{parts.query}", **headers)

    def authorise(self, id, visitor=None, **body):
        """Goes the whole way there and back; returns the answer to coming back."""
        return self.arrive(self.consent(self.begin(id, visitor, **body)), visitor)

    def find(self, id):
        """A connection in detail, as the owner sees it."""
        answer = self.ask("GET", f"/v1/connections/{id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def check(self, id):
        """Has a connection checked now; returns it."""
        answer = self.ask("POST", f"/v1/connections/{id}/check", {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def change(self, id, **members):
        """Changes a connection; returns it."""
        answer = self.ask("PATCH", f"/v1/connections/{id}", members)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def token(self, id, api=None):
        """Asks for a token as a node; returns the answer."""
        visitor = self.node if api is None else Visitor(api, self.node.token)
        return visitor.post(f"/v1/connections/{id}/token")

    def call(self, id, path="tickets.json", method="GET", **options):
        """Calls through the proxy as a node; `options` are httpx's; returns the answer."""
        headers = {"Authorization": f"Bearer {self.node.token}", **options.pop("headers", {})}
        return self.node.http.request(method, f"/v1/proxy/{id}/{path}", headers=headers, **options)

    def calls(self, id, **filters):
        """The logged calls of a connection, newest first."""
        query = "&".join(f"{name}={value}" for name, value in {"connection": id, "limit": 500, **filters}.items())
        answer = self.reader.get(f"/v1/call-logs?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def wait_for_calls(self, id, count=1, **filters):
        """The logged calls of a connection, once there are that many."""

        def found():
            calls = self.calls(id, **filters)
            return calls if len(calls) >= count else None

        return wait_until(found, f"{count} calls of {id} in the log")

    def probes(self):
        """How often the office's account was asked after, whoever asked."""
        return sum(request.account == self.account for request in self.provider.requests_to("/probe"))

    def wait_for_connection(self, id, state, seconds=45, **members):
        """A connection once it has a state, and members given their values: sweeps are 15 s apart, a check may take 10."""
        wanted = {"state": state, **members}

        def found():
            connection = self.find(id)
            return connection if {name: connection[name] for name in wanted} == wanted else None

        try:
            return wait_until(found, f"a connection {wanted}", seconds, interval=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.find(id)}") from None

    def wait_until_renewed(self, id, expires_at, seconds=20):
        """A connection once what it calls with ends later than it did."""
        return self._wait(id, "expires_at", expires_at, seconds)

    def wait_until_checked(self, id, last_checked_at, seconds=20):
        """A connection once it was checked later than it had been."""
        return self._wait(id, "last_checked_at", last_checked_at, seconds)

    def _wait(self, id, member, before, seconds):
        def found():
            connection = self.find(id)
            return connection if connection[member] != before else None

        return wait_until(found, f"another {member} than {before}", seconds, interval=0.1)

    def notices(self, **members):
        """The ledger's lines about connections, newest first."""
        lines = self.ledger(event="reauthorise")
        return [line for line in lines if all(line[name] == value for name, value in members.items())]

    def wait_for_notices(self, count=1, **members):
        """The ledger's lines about connections, once there are that many."""

        def found():
            lines = self.notices(**members)
            return lines if len(lines) >= count else None

        return wait_until(found, f"{count} lines about connections {members}", interval=0.1)


def after(time, **difference):
    """A time of an answer, some minutes or so later, as answers write it."""
    later = datetime.datetime.fromisoformat(time) + datetime.timedelta(**difference)
    return later.isoformat(timespec="microseconds").replace("+00:00", "Z")


def kinds_of(connection):
    """What has happened to a connection, oldest first."""
    return [event["kind"] for event in reversed(connection["events"])]


def dump_of(database):
    """Everything that stands in a database, as text: each row of each table, bytes as they are and as hexadecimal."""
    tables = database.rows(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = 'public' order by 1"
    )
    return "\n".join(row[0] for (table,) in tables for row in database.rows(f"select t::text from {table} t"))


def found_secrets(text, words):
    """The secrets that a text holds: bare, in hexadecimal as PostgreSQL shows bytes, or escaped as in JSON and URLs."""

    def ways(word):
        yield from (word, word.encode().hex(), base64.b64encode(word.encode()).decode())
        yield from (re.sub(r'(?=[/"])', r"\\", word), quote(word, safe=""), quote_plus(word))

    return {word for word in words if any(way in text for way in ways(word))}
