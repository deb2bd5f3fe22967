"""The links in notification mails: one click ends them, an image tells of opening, tampered ones do nothing."""

import html
import re

import httpx
import pytest

from harness.notices import PUBLIC_URL


@pytest.fixture(scope="module")
def browser(scene):
    """Somebody who is not signed in and sends no cookies."""
    with httpx.Client(base_url=scene.api.url, timeout=20, trust_env=False) as client:
        yield client


def mail_about(platform, bot="support-bot"):
    """The mail about a bot's first error, and the ledger's line about it."""
    platform.fail(bot)
    line = platform.wait_for("sent", bot)
    (received,) = [r for r in platform.scene.mail.received if r.mail["Message-ID"] == line["message_id"]]
    return received.mail, line


def page_of(mail):
    """The HTML of a mail."""
    return mail.get_body(["html"]).get_content()


def unsubscribe_path(mail):
    """The path of the link that ends such mails."""
    (link,) = re.fullmatch(r"<(\S+)>", mail["List-Unsubscribe"]).groups()
    assert link.startswith(PUBLIC_URL + "/n/")
    return link.removeprefix(PUBLIC_URL)


def image_path(mail):
    """The path of the image that tells that the mail was opened."""
    (link,) = re.findall(r'<img src="([^"]+)"', page_of(mail))
    assert link.startswith(PUBLIC_URL + "/n/")
    return html.unescape(link).removeprefix(PUBLIC_URL)


def wants_first_errors(visitor):
    """Whether somebody's own preference is on."""
    answer = visitor.get("/v1/me/notification-preferences")
    assert answer.status_code == 200, answer.text
    return answer.json()["first_error"]


def tampered(path, other):
    """The path with other tokens in it: changed ones, and one for another purpose."""
    token = path.split("/")[2]
    tokens = [
        token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :]
        for place in (0, 20, len(token) - 1)
    ]
    tokens += [
        token[:-1],
        token + "A",
        token.swapcase(),
        "A" * len(token),
        "x",
        "%00",
        "%C3%A9" * 8,
        other.split("/")[2],
    ]
    return [path.replace(token, changed) for changed in tokens]


def assert_is_image(answer):
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/gif"
    assert answer.content.startswith(b"GIF89a") and len(answer.content) < 100
    assert "no-store" in answer.headers["cache-control"] and "set-cookie" not in answer.headers


def test_one_click_ends_the_mails(platform, browser):
    supervisor = platform.member("supervisor")
    roles = {"first_error": {"roles": ["owner", "supervisor"]}}
    assert platform.owner.put("/v1/notification-settings", roles).status_code == 200
    mail, line = mail_about(platform)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = unsubscribe_path(mail)
    assert PUBLIC_URL + path in mail.get_body(["plain"]).get_content()
    assert f'href="{PUBLIC_URL}{path}"' in html.unescape(page_of(mail))

    # looking at it, as programs that check links do, ends nothing
    for ask in (browser.get, browser.head):
        answer = ask(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert '<form method="post"' in browser.get(path).text
    assert wants_first_errors(platform.owner)

    # RFC 8058: a form, without cookies, without following redirects
    answer = browser.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    assert not wants_first_errors(platform.owner)
    assert platform.owner.get("/v1/me/notification-preferences").json()["reauthorise"] is True
    assert wants_first_errors(supervisor)
    # again is no error
    assert browser.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200

    platform.fail("another-bot")
    assert "switched off by the recipient" in platform.wait_for("suppressed", "another-bot")["reason"]
    platform.wait_for("sent", "another-bot", supervisor.user["email"])
    answer = platform.owner.put("/v1/me/notification-preferences", {"first_error": True})
    assert answer.status_code == 200 and wants_first_errors(platform.owner)
    mail_about(platform, "third-bot")


def test_a_part_of_the_form_is_enough(platform, browser):
    """Some mail programs send the form as multipart (RFC 8058, section 3.2)."""
    mail, _ = mail_about(platform)
    answer = browser.post(unsubscribe_path(mail), files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200 and not wants_first_errors(platform.owner)


def test_tampered_links_do_nothing(platform, browser):
    mail, _ = mail_about(platform)
    path = unsubscribe_path(mail)
    for changed in tampered(path, image_path(mail)):
        for answer in (browser.get(changed), browser.post(changed, data={"List-Unsubscribe": "One-Click"})):
            assert answer.status_code == 404, changed
            assert "<form" not in answer.text and platform.owner_email not in answer.text
    assert wants_first_errors(platform.owner)


def test_the_image_notes_the_first_opening(platform, browser):
    mail, line = mail_about(platform)
    assert line["opened_at"] is None
    path = image_path(mail)
    assert path != unsubscribe_path(mail)
    for changed in tampered(path, unsubscribe_path(mail)):
        assert_is_image(browser.get(changed))
    assert platform.line()["opened_at"] is None
    assert_is_image(browser.get(path))
    opened = platform.line()
    assert opened["opened_at"] >= opened["sent_at"] and opened["state"] == "sent"
    platform.scene.advance(minutes=5)
    assert_is_image(browser.get(path))
    assert platform.line() == opened
    assert wants_first_errors(platform.owner)


def test_tracking_can_be_left_out(platform, browser, scene):
    scene.replace_worker(CALLTRAIL_MAIL_OPEN_TRACKING="off")
    mail, line = mail_about(platform)
    assert "<img" not in page_of(mail) and "opened.gif" not in page_of(mail)
    assert "List-Unsubscribe" in mail and line["opened_at"] is None
    scene.replace_worker()
    mail, _ = mail_about(platform, "another-bot")
    assert_is_image(browser.get(image_path(mail)))
