"""The mail about a first error: whatever clients say, it is well formed, harmless, and keeps secrets."""

import email.errors
import email.policy
import re

from harness.notices import texts_of

HEADERS = (
    "from to subject date message-id auto-submitted list-unsubscribe list-unsubscribe-post list-id mime-version "
    "content-type"
).split()
INJECTED = "\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>"


def assert_is_strict(content):
    """A mail as it travelled has the headers that it should, each once, and nothing that a lenient reader misreads."""
    content.decode("ascii")
    assert b"\r\n" in content and not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    head = lines[: lines.index(b"")]
    names = [line.split(b":")[0].decode().lower() for line in head if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted(HEADERS)
    assert not any(line.strip() == b"" for line in head)
    try:
        mail = email.message_from_bytes(content, policy=email.policy.SMTP.clone(raise_on_defect=True))
        for value in mail.values():
            assert not value.defects, value.defects
        parts = [part for part in mail.walk() if not part.is_multipart()]
        assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
        for part in parts:
            part.get_content()
    except email.errors.MessageDefect as defect:
        raise AssertionError(f"{defect!r} in {content!r}") from None
    return mail


def test_nothing_a_client_says_becomes_a_header_or_markup(platform, scene):
    # as somebody with access to the database could have named it
    scene.database.execute("update tenant set name = %s where tenant_id = %s", "Ten" + INJECTED, platform.id)
    names = {
        "injected": "Bot" + INJECTED,
        "controls": "Bot\x01\x1b[31m\x7f\u0085\u2028Bcc: evil@example.com\u2029\u202etxt",
        "markup": "<img src=x onerror=alert(1)>\"'&lt;<b>\u0301",
        "template": "{{subject}} {{{html}}} {{> layout}}",
        "encoded": "=?utf-8?Q?=0D=0ABcc:_evil=40example.com?=",
        "long": "ö" * 200,
        "comma": '"Ada", evil@example.com (hidden) <evil@example.com>;',
    }
    for bot, name in names.items():
        item = platform.error(
            error={"type": "x" + INJECTED, "message": "Message" + INJECTED},
            source={"type": "flow", "path": "Path" + INJECTED, "node_id": "n" + INJECTED},
            url="https://acme.example.com/<script>alert(1)</script>",
        )
        platform.send(item | {"bot": {"id": bot, "name": name}})
        platform.wait_for("sent", bot)
    received = scene.mail.to(platform.owner_email)
    assert len(received) == len(names)
    for one in received:
        assert one.recipients == [platform.owner_email]
        mail = assert_is_strict(one.content)
        assert mail["To"] == platform.owner_email and "evil" not in mail["From"]
        page = mail.get_body(["html"]).get_content()
        assert "<script" not in page and "<b>" not in page and "onerror=alert(1)>" not in page
        assert page.count("<img") == 1
        assert "Message" in page and "&lt;script&gt;" in page
        for text in (page, mail.get_body(["plain"]).get_content()):
            assert not re.search("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", text)
    assert scene.mail.to("evil@example.com") == []


def test_mails_hold_no_secrets(platform, scene):
    platform.fail(
        url="https://user:s3cret-1@acme.example.com/path?token=s3cret-2&q=s3cret-3#s3cret-4",
        request={"headers": {"Authorization": "Bearer s3cret-5", "X-Mine": "s3cret-6"}, "body": '{"a":"s3cret-7"}'},
        response={"headers": {"Set-Cookie": "s3cret-8"}, "body": "s3cret-9"},
        user={"id": "s3cret-10", "name": "s3cret-11"},
        error={"type": "x", "message": "Bearer abcdefghijklmnopqrstuvwxyz0123456789 was refused"},
    )
    line = platform.wait_for("sent")
    (mail,) = platform.mails()
    whole = str(mail["Subject"]) + "".join(texts_of(mail))
    assert "acme.example.com/path" in whole
    assert "s3cret" not in whole and "abcdefghijklmnopqrstuvwxyz0123456789" not in whole
    facts = scene.database.value("select facts::text from notification where notification_id = %s", line["id"])
    assert "s3cret" not in facts and "s3cret" not in str(line)
    assert "s3cret" not in scene.worker.output
