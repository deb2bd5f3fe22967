"""People: tenants with an owner who signs in, members of every role, mails, and the clock."""

import email
import email.policy
import pathlib
import random
import re
import secrets

import httpx

from .client import assert_problem
from .program import Worker, run_json
from .waiting import wait_until

PASSWORD = "a good enough password"
OTHER_PASSWORD = "another good password"


def an_address():
    """An address of the internet, for `X-Forwarded-For`."""
    return ".".join(str(number) for number in [random.choice((11, 21, 30)), *random.choices(range(1, 255), k=3)])


def an_email(word="person"):
    """An e-mail address that nobody has."""
    return f"{word}-{secrets.token_hex(6)}@example.com"


class Visitor:
    """Somebody who sends requests: from an address of their own, as a trusted proxy tells, and perhaps with a token."""

    def __init__(self, api, token=None, address=None):
        self.api = api
        self.token = token
        self.address = address or an_address()
        self.http = httpx.Client(base_url=api if isinstance(api, str) else api.url, timeout=30, trust_env=False)
        self.user = self.tenant = None

    def request(self, method, path, body=None, token=..., **headers):
        """Sends a request; `token` replaces the visitor's own, None sends none."""
        sent = {"X-Forwarded-For": self.address}
        token = self.token if token is ... else token
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.http.request(method, path, json=body, headers=sent)

    def get(self, path, **options):
        """Reads."""
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        """Makes something."""
        return self.request("POST", path, {} if body is None else body, **options)

    def patch(self, path, body, **options):
        """Changes something."""
        return self.request("PATCH", path, body, **options)

    def put(self, path, body, **options):
        """Replaces something."""
        return self.request("PUT", path, body, **options)

    def delete(self, path, **options):
        """Ends something."""
        return self.request("DELETE", path, **options)

    def try_sign_in(self, email, password=PASSWORD, **members):
        """Tries to sign in; returns the answer."""
        return self.post("/v1/sessions", {"email": email, "password": password, **members}, token=None)

    def sign_in(self, email, password=PASSWORD, **members):
        """Signs in and stays signed in; returns itself."""
        answer = self.try_sign_in(email, password, **members)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        self.token, self.user, self.tenant = body["token"], body["user"], body["tenant"]
        return self

    def is_signed_in(self):
        """Whether the token is still good."""
        return self.get("/v1/me").status_code == 200


class House:
    """A tenant whose owner has a password and is signed in."""

    def __init__(self, api, name=None, plan="business", module="unified", owner_email=None):
        self.api = api
        self.name = name or "House " + secrets.token_hex(3)
        self.owner_email = owner_email or an_email("owner")
        made = run_json(
            *("tenant", "create", "--name", self.name, "--owner-email", self.owner_email),
            *("--plan", plan, "--module", module, "--owner-password-stdin"),
            database=api.database,
            stdin=PASSWORD + "\n",
        )
        self.id = made["tenant_id"]
        self.owner_id = made["owner"]["user_id"]
        self.owner = Visitor(api).sign_in(self.owner_email)

    def add(self, role, **members):
        """Makes somebody a member with a password; returns the answer's body."""
        body = {"email": an_email(role), "name": "", "role": role, "password": PASSWORD, **members}
        answer = self.owner.post("/v1/users", {name: value for name, value in body.items() if value is not None})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def member(self, role, **members):
        """A new member, signed in."""
        return Visitor(self.api).sign_in(self.add(role, **members)["email"])

    def key(self, *scopes, **members):
        """A new key: its id and its text."""
        answer = self.owner.post("/v1/api-keys", {"name": "test", "scopes": list(scopes), **members})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def people(self):
        """The members by address."""
        return {member["email"]: member for member in self.owner.get("/v1/users?limit=500").json()["data"]}

    def invite(self, email, role="supervisor", **members):
        """Invites somebody; returns the token that the mail brings."""
        before = len(mails_to(self.api, email, "Join"))
        answer = self.owner.post("/v1/invitations", {"email": email, "role": role, **members})
        assert answer.status_code == 201, answer.text
        return token_of(mail_to(self.api, email, "Join", number=before + 1))


def start_mailer(api):
    """Starts a worker that sends an api's mails, into the same outbox."""
    settings = {"CALLTRAIL_PUBLIC_URL": api.url, "CALLTRAIL_OUTBOX_DIR": api.settings["CALLTRAIL_OUTBOX_DIR"]}
    worker = Worker(api.database, **settings)
    worker.wait_ready()
    return worker


def mails(api):
    """The mails in an api's outbox, oldest first."""
    return all_mails(pathlib.Path(api.settings["CALLTRAIL_OUTBOX_DIR"]))


def all_mails(outbox):
    """The mails in a directory, oldest first."""
    paths = outbox.glob("*.eml")
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns)
    ]


def mails_to(api, recipient, subject=""):
    """The mails to somebody with some words in their subject, oldest first."""
    return [mail for mail in mails(api) if mail["To"] == recipient and subject in mail["Subject"]]


def mail_to(api, recipient, subject="", number=1, seconds=10):
    """The newest mail to somebody with some words in its subject, once there are that many."""

    def found():
        own = mails_to(api, recipient, subject)
        return len(own) >= number and own[-1]

    return wait_until(found, f"{number} mails to {recipient}", seconds)


def text_of(mail):
    """A mail as those read it who read plain text."""
    return mail.get_body(preferencelist=("plain",)).get_content()


def html_of(mail):
    """A mail as the others read it."""
    return mail.get_body(preferencelist=("html",)).get_content()


def link_of(mail):
    """The link in a mail."""
    return re.search(r"https?://\S+", text_of(mail)).group()


def token_of(mail):
    """The token in a mail's link."""
    return link_of(mail).rsplit("/", 1)[1]


def move_clock(database, api, offset):
    """Moves `app_now()` and waits until an api process has noticed."""
    noticed = api.output.count("the clock offset changed")
    database.execute(f"alter database {database.name} set calltrail.clock_offset = '{offset}'")
    wait_until(lambda: api.output.count("the clock offset changed") > noticed, "the api to notice the moved clock", 10)


def token_in(setup_url):
    """The token of a setup link."""
    return setup_url.rsplit("/", 1)[1]


def choose(api, token, password=OTHER_PASSWORD):
    """Chooses a password by a link's token."""
    return Visitor(api).post("/v1/passwords", {"token": token, "password": password})


def accept(api, token, **members):
    """Accepts an invitation."""
    return Visitor(api).post("/v1/invitations/accept", {"token": token, **members})


def reset(api, email):
    """Asks for a reset link and returns its token."""
    assert Visitor(api).post("/v1/password-resets", {"email": email}).status_code == 202
    return token_of(mail_to(api, email, "password"))


def assert_soon_out(visitor):
    """A token dies within the promised two seconds."""
    wait_until(lambda: not visitor.is_signed_in(), "the session to end", 2)
    assert_problem(visitor.get("/v1/me"), 401, "unauthenticated")


def own_member(api, house, role="supervisor"):
    """A member who chose their own password, by an invitation."""
    email = an_email(role)
    assert accept(api, house.invite(email, role), password=PASSWORD).status_code == 204
    return Visitor(api).sign_in(email)
