"""What follows an error: an api, its workers and the mail server, and tenants whose platform reports its calls."""

import datetime
import html

from .client import entry, stamp
from .mail_session import Behaviour
from .people import House, Visitor
from .program import API, Worker
from .waiting import wait_until

# what links in mails begin with; the api itself listens elsewhere, as behind a proxy
PUBLIC_URL = "https://calltrail.example.com"
NOTICES = ("first_error", "mail_notification", "account_mail", "share_mail")


class Scene:
    """An api and workers that send by a mail server; their database's clock may be moved on."""

    def __init__(self, database, mail, workers=1, **settings):
        self.database, self.mail = database, mail
        self.settings = {
            "CALLTRAIL_TRUSTED_PROXIES": "127.0.0.1/32",
            "CALLTRAIL_PUBLIC_URL": PUBLIC_URL,
            **mail.settings(),
            **settings,
        }
        self.offset = datetime.timedelta(0)
        mail.behave(Behaviour.OK)
        mail.forget()
        self.workers = []
        self.apis = [API(database, wait=False, **self.settings)]
        for _ in range(workers):
            self.start_worker(wait=False)
        for process in (*self.apis, *self.workers):
            process.wait_ready()

    @property
    def api(self):
        """The first api."""
        return self.apis[0]

    @property
    def worker(self):
        """The newest worker."""
        return self.workers[-1]

    def start_api(self):
        """Starts a further api."""
        self.apis.append(API(self.database, **self.settings))
        return self.apis[-1]

    def start_worker(self, wait=True, **settings):
        """Starts a further worker; settings given replace the others'."""
        self.workers.append(Worker(self.database, **{**self.settings, **settings}))
        if wait:
            self.worker.wait_ready()
        return self.worker

    def replace_worker(self, **settings):
        """Stops the newest worker and starts another."""
        assert self.worker.stop(30) == 0, self.worker.output
        return self.start_worker(**settings)

    def now(self):
        """`app_now()`."""
        return datetime.datetime.now(datetime.UTC) + self.offset

    def advance(self, but=None, **difference):
        """Moves the clock on, and waits until every process but one has noticed."""
        self.move(self.offset + datetime.timedelta(**difference), but)

    def move(self, offset, but=None):
        """Moves the clock to an offset, and waits until every process but one has noticed."""
        self.offset = offset
        running = [p for p in (*self.apis, *self.workers) if p is not but and p.process.poll() is None]
        noticed = {process: process.output.count("the clock offset changed") for process in running}
        self.database.execute(
            f"alter database {self.database.name} set calltrail.clock_offset = '{offset.total_seconds()} seconds'"
        )
        for process, count in noticed.items():
            wait_until(
                lambda: process.output.count("the clock offset changed") > count, "the moved clock to be noticed", 10
            )

    def jobs(self, *kinds):
        """The jobs of some kinds, oldest first: as records with `payload` and the table's other columns."""
        rows = self.database.rows("select row_to_json(j) from job j where kind = any(%s) order by job_id", list(kinds))
        return [row[0] for row in rows]

    def wait_until_idle(self, seconds=20):
        """Waits until nothing about notices and mails waits or runs any more; what is dead stays."""
        wait_until(
            lambda: all(job["state"] == "dead" for job in self.jobs(*NOTICES)), "all notices to be over", seconds
        )

    def close(self):
        """Kills what still runs."""
        for process in (*self.apis, *self.workers):
            if process.process.poll() is None:
                process.kill()

    def stop(self):
        """Stops everything in good order."""
        for process in (*self.workers, *self.apis):
            if process.process.poll() is None:
                assert process.stop(30) == 0, process.output[-2000:]


class Platform(House):
    """A tenant whose platform reports calls."""

    def __init__(self, scene, **options):
        super().__init__(scene.api, **options)
        self.scene = scene
        self.writer = Visitor(scene.api, self.key("call_logs:write")["key"])

    def entry(self, bot="support-bot", **members):
        """A call of a bot that was made a second ago, by the scene's clock, and succeeded."""
        occurred_at = stamp(self.scene.now() - datetime.timedelta(seconds=1))
        return entry(**{"occurred_at": occurred_at, "bot": {"id": bot, "name": f"The {bot}"}, **members})

    def error(self, bot="support-bot", **members):
        """A call that failed."""
        return self.entry(bot, **{"status_code": 503, **members})

    def send(self, items):
        """Reports a call, or several; all must be taken."""
        answer = self.writer.post("/v1/call-logs", items)
        assert answer.status_code == 200, answer.text + self.api.output[-2000:]
        return answer.json()

    def fail(self, bot="support-bot", **members):
        """Reports an error; returns the call's id."""
        return self.send(self.error(bot, **members))["id"]

    def set_roles(self, *roles, **others):
        """Sets whose roles are told of first errors, and other settings; returns all of them."""
        answer = self.owner.put("/v1/notification-settings", {"first_error": {"roles": list(roles)}, **others})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def mails(self, recipient=None):
        """What came for somebody, the owner unless told otherwise, parsed."""
        return [received.mail for received in self.scene.mail.to(recipient or self.owner_email)]

    def counted(self, bot):
        """The lines that say that further errors of a bot were only counted."""
        return [line for line in self.ledger(bot=bot) if line["channel"] is None]

    def ledger(self, visitor=None, **filters):
        """The ledger's newest lines as somebody sees them, the owner unless told otherwise."""
        visitor = visitor or self.owner
        query = "&".join(f"{name}={value}" for name, value in {"limit": 500, **filters}.items())
        answer = visitor.get(f"/v1/notifications?{query}")
        if answer.status_code == 401:
            # the clock was moved past the session's end
            visitor.sign_in(visitor.user["email"])
            answer = visitor.get(f"/v1/notifications?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def line(self, bot="support-bot", recipient=None):
        """The newest line about mailing somebody of a bot, the owner unless told otherwise; None when there is none."""
        recipient = recipient or self.owner_email
        return next((line for line in self.ledger(bot=bot) if line["recipient"] == recipient), None)

    def wait_for(self, state, bot="support-bot", recipient=None, seconds=15, **members):
        """The newest line about mailing somebody of a bot, once it has a state, and members given their values."""
        wanted = {"state": state, **members}

        def found():
            line = self.line(bot, recipient)
            return line if line and {name: line[name] for name in wanted} == wanted else None

        try:
            return wait_until(found, f"a line {wanted}", seconds, interval=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.line(bot, recipient)}") from None


def texts_of(mail):
    """A mail's plain text, and its HTML with entities resolved."""
    return mail.get_body(["plain"]).get_content(), html.unescape(mail.get_body(["html"]).get_content())
