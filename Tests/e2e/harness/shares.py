"""Calls that are shared: the links that come by mail, and what whoever follows them sees."""

import re
import urllib.parse

import httpx

from .notices import PUBLIC_URL, Platform, texts_of
from .people import an_address, an_email
from .waiting import wait_until

HTML_POLICY = "default-src 'none'; style-src 'sha256-"


class Sharer(Platform):
    """A tenant that shares calls."""

    def try_share(self, call, recipients, visitor=None, **members):
        """Tries to share a call; returns the answer."""
        return (visitor or self.owner).post(f"/v1/call-logs/{call}/shares", {"recipients": recipients, **members})

    def share(self, call=None, recipients=None, **members):
        """Shares a call with people, a new one with somebody unless told otherwise; returns the answer's body."""
        answer = self.try_share(call or self.fail(), recipients or [an_email("reader")], **members)
        assert answer.status_code == 201, answer.text + self.api.output[-2000:]
        return answer.json()

    def shared(self, id):
        """A share with its timeline."""
        answer = self.owner.get(f"/v1/shares/{id}")
        if answer.status_code == 401:
            # the clock was moved past the session's end
            self.owner.sign_in(self.owner.user["email"])
            answer = self.owner.get(f"/v1/shares/{id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def codes(self, id):
        """The codes of a share's timeline, in order."""
        return [event["code"] for event in self.shared(id)["events"]]

    def audited(self, id, code=None):
        """What stands in the audit log about a share, in order: as records with the table's columns."""
        rows = self.scene.database.rows(
            "select row_to_json(a) from audit_log a where tenant_id = %s and related_model = 'share'"
            " and relation_key = %s and (%s::text is null or code = %s) order by seq",
            int(self.id),
            id,
            code,
            code,
        )
        return [row[0] for row in rows]

    def mail_for(self, recipient, number=1):
        """The newest mail to somebody, once there are that many."""
        return self.scene.mail.wait_for(number, recipient)[-1].mail

    def reader(self, recipient, **options):
        """Whoever got the newest mail to an address, at their browser."""
        return Reader(self.api, self.mail_for(recipient), **options)

    def wait_until_sent(self, share):
        """Waits until every mail of a share was sent."""
        wait_until(
            lambda: {one["state"] for one in self.shared(share["id"])["recipients"]} == {"sent"}, "the mails to be sent"
        )


class Reader:
    """Somebody with a browser and the mail with a share's link."""

    def __init__(self, api, mail=None, path=None, address=None):
        self.mail = mail
        self.address = address or an_address()
        self.path = path or path_of(mail)
        self.token = self.path.rsplit("/", 1)[1]
        self.http = httpx.Client(base_url=api.url, timeout=30, trust_env=False)

    def get(self, part="", method="GET", **headers):
        """Opens the link, or what stands below it."""
        sent = {"X-Forwarded-For": self.address, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.http.request(method, self.path + part, headers=sent)

    def unlock(self, passphrase):
        """Sends a passphrase as the form does."""
        return self.http.post(
            self.path, data={"passphrase": passphrase}, headers={"X-Forwarded-For": self.address, "Origin": "null"}
        )

    def open_mail(self, **headers):
        """Loads the image in the mail."""
        image = re.search(r'<img src="([^"]+)"', self.mail.get_body(["html"]).get_content()).group(1)
        sent = {"X-Forwarded-For": self.address, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.http.get(urllib.parse.urlsplit(image).path, headers=sent)


def path_of(mail):
    """The path of the link in a share's mail."""
    links = set(re.findall(rf"{re.escape(PUBLIC_URL)}(/s/[A-Za-z0-9_-]+)", texts_of(mail)[0]))
    assert len(links) == 1, links
    return links.pop()


def assert_hardened(answer):
    """Nothing of an answer below /s/ is kept, found by a search engine, told to others, or run."""
    headers = answer.headers
    assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"
    assert "noindex" in headers["x-robots-tag"] and headers["x-content-type-options"] == "nosniff"
    if answer.status_code != 303:
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]


def assert_page(answer, status, *words):
    """A page with a status and some words, without script."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith(HTML_POLICY)
    assert_hardened(answer)
    assert "<script" not in answer.text.lower()
    for word in words:
        assert word in answer.text, word
