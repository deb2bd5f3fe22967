"""Sharing a call: the mail, the page behind its link, the downloads, and what the sharer sees of all that."""

import datetime
import json
import subprocess

import pytest

from harness.client import assert_problem
from harness.mail_session import Behaviour
from harness.notices import PUBLIC_URL, texts_of
from harness.people import House, Visitor, an_email
from harness.shares import Sharer, assert_hardened, assert_page, path_of
from harness.waiting import wait_until


@pytest.fixture
def sharer(scene):
    """A tenant of the test's own that shares calls."""
    return Sharer(scene)


def test_circle(sharer):
    """From the call to every step of its readers, each under its code in the audit log and in the timeline."""
    ada, bob = an_email("ada"), an_email("bob")
    call = sharer.fail(response={"headers": {"Content-Type": "application/json"}, "body": '{"why":"down"}'})
    share = sharer.share(call, [ada, bob], message="Please look\nat this", expires_in_hours=24)
    assert set(share) == {
        *("id", "call_log_id", "created_at", "created_by", "expires_at", "revoked_at", "state", "has_passphrase"),
        *("message", "recipients"),
    }
    assert share["call_log_id"] == call and share["state"] == "active" and not share["has_passphrase"]
    assert share["created_by"] == {"id": sharer.owner_id, "email": sharer.owner_email}
    assert [one["email"] for one in share["recipients"]] == [ada, bob]
    assert share["message"] == "Please look\nat this"
    assert {one["state"] for one in share["recipients"]} <= {"queued", "sent"}
    age = datetime.datetime.fromisoformat(share["expires_at"]) - datetime.datetime.fromisoformat(share["created_at"])
    assert age == datetime.timedelta(hours=24)

    reader, other = sharer.reader(ada), sharer.reader(bob)
    assert reader.token != other.token and len(reader.token) == 43
    sharer.wait_until_sent(share)
    assert reader.open_mail().headers["content-type"] == "image/gif"
    page = reader.get()
    assert_page(page, 200, "Zendesk answered 503", "&quot;why&quot;: &quot;down&quot;", "Please look\nat this", ada)
    assert bob not in page.text
    assert reader.get("/har").status_code == reader.get("/curl").status_code == 200
    assert sharer.owner.delete(f"/v1/shares/{share['id']}").status_code == 204
    assert_page(reader.get(), 410, "has ended that")

    shared = sharer.shared(share["id"])
    assert shared["state"] == "revoked" and shared["revoked_at"]
    events = [event for event in shared["events"] if event["recipient"] != bob]
    assert [event["code"] for event in events] == [
        *("ABA-0010", "ABC-0010", "ABD-0010"),
        *("AAA-0011", "ABB-0030", "ABB-0020"),
        *("AAA-0011", "ABB-0010"),
        *("AAA-0011", "ABB-0010"),
        *("ABA-0020", "AAA-0011"),
    ]
    assert [event["code"] for event in shared["events"] if event["recipient"] == bob] == ["ABC-0010"]
    by_reader = [event for event in events if event["code"] in ("ABD-0010", "ABB-0030", "ABB-0020", "ABB-0010")]
    assert {(event["recipient"], event["remote_addr"]) for event in by_reader} == {(ada, reader.address)}
    assert events[0]["what"] == f"Shared by {sharer.owner_email}" and events[0]["recipient"] is None
    told = {one["email"]: one for one in shared["recipients"]}
    assert told[ada]["opened_at"] and told[ada]["last_seen_at"] >= told[ada]["opened_at"]
    assert told[bob]["sent_at"] and told[bob]["opened_at"] is None and told[bob]["last_seen_at"] is None

    log = sharer.audited(share["id"])
    assert sorted(line["code"] for line in log) == sorted(event["code"] for event in shared["events"])
    assert sorted(line["value"] for line in log if line["code"] == "ABC-0010") == sorted([ada, bob])
    assert [line["value"] for line in log if line["code"] == "ABB-0010"] == ["har", "curl"]
    made, ended = (next(line for line in log if line["code"] == code) for code in ("ABA-0010", "ABA-0020"))
    assert made["sender"] == ended["sender"] == sharer.owner_email and made["value"] == f"{ada}, {bob}"
    assert made["path"] == f"/v1/call-logs/{call}/shares" and ended["path"] == f"/v1/shares/{share['id']}"
    calls = [line for line in log if line["code"] == "AAA-0011"]
    path = f"/s/{share['id']}"
    assert [(line["method"], line["path"], line["status"]) for line in calls] == [
        ("GET", path, 200),
        ("GET", path + "/har", 200),
        ("GET", path + "/curl", 200),
        ("GET", path, 410),
    ]
    assert {(line["remote_addr"], line["sender"]) for line in calls} == {(reader.address, ada)}
    everything = sharer.scene.database.rows("select row_to_json(a)::text from audit_log a")
    assert not any(reader.token in row[0] for row in everything)


def test_mail(sharer):
    recipient = an_email("reader")
    call = sharer.fail(url="https://user:pw12345@acme.zendesk.com/api/v2/tickets.json?token=s3cretQuery12345")
    sharer.share(call, [recipient], message="See <b>this</b>")
    mail = sharer.mail_for(recipient)
    assert mail["Subject"] == f"{sharer.owner_email} shared an API call with you: Zendesk answered 503"
    assert mail["Reply-To"] == sharer.owner_email and mail["To"] == recipient
    assert mail["Message-ID"].startswith("<share-")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    html = mail.get_body(["html"]).get_content()
    assert "See &lt;b&gt;this&lt;/b&gt;" in html and "<b>" not in html
    for text in texts_of(mail):
        assert PUBLIC_URL + path_of(mail) in text and sharer.owner_email in text and sharer.name in text
        assert "POST acme.zendesk.com/api/v2/tickets.json" in text and "works until" in text
        for secret in ("s3cretQuery", "pw12345", "hello", '{"id":7}'):
            assert secret not in text


def test_mails_with_a_passphrase_tell_nothing_of_the_call(sharer):
    recipient = an_email("reader")
    share = sharer.share(sharer.fail(), [recipient], passphrase="open sesame")
    assert share["has_passphrase"] and "sesame" not in json.dumps(share)
    for text in texts_of(sharer.mail_for(recipient)):
        assert "passphrase" in text and "sesame" not in text
        assert "zendesk" not in text.lower() and "503" not in text
    kept = sharer.scene.database.value("select passphrase_hash from share where share_id = %s", share["id"])
    assert kept.startswith("$argon2id$")


def test_links_are_stored_as_hashes(sharer):
    recipient = an_email("reader")
    sharer.share(sharer.fail(), [recipient])
    token = sharer.reader(recipient).token
    rows = sharer.scene.database.rows(
        "select row_to_json(r)::text from share_recipient r union all select row_to_json(s)::text from share s"
        " union all select row_to_json(j)::text from job j union all select row_to_json(e)::text from share_event e"
    )
    assert rows and not any(token in row[0] for row in rows)


def test_a_repeated_mail_has_the_same_id_and_both_links_work(sharer):
    recipient = an_email("reader")
    call = sharer.fail()
    sharer.scene.wait_until_idle()
    sharer.scene.mail.behave(Behaviour.ACCEPT_AND_DROP, times=1)
    share = sharer.share(call, [recipient])
    first = sharer.scene.mail.wait_for(1, recipient)[0].mail

    def repeated():
        sharer.scene.database.execute(
            "update job set run_at = app_now() where kind = 'share_mail' and state = 'waiting'"
        )
        mails = sharer.scene.mail.to(recipient)
        return len(mails) == 2 and mails

    second = wait_until(repeated, "the repeated mail", 20)[1].mail
    assert first["Message-ID"] == second["Message-ID"]
    assert path_of(first) != path_of(second)
    sharer.wait_until_sent(share)
    for mail in (first, second):
        assert_page(sharer.reader(recipient, path=path_of(mail)).get(), 200, "Zendesk answered 503")
    assert sharer.codes(share["id"]).count("ABC-0010") == 1


def test_refused_mails_are_failed(sharer):
    recipient = an_email("reader")
    call = sharer.fail()
    sharer.scene.wait_until_idle()
    sharer.scene.mail.behave(Behaviour.RCPT_550, times=1)
    share = sharer.share(call, [recipient])
    wait_until(lambda: sharer.shared(share["id"])["recipients"][0]["state"] == "failed", "the refusal to be noted")
    told = sharer.shared(share["id"])["recipients"][0]
    assert told["reason"].startswith("refused") and told["sent_at"] is None
    assert "ABC-0010" not in sharer.codes(share["id"])


def test_nothing_is_mailed_of_a_revoked_share(sharer):
    recipient = an_email("reader")
    call = sharer.fail()
    sharer.scene.wait_until_idle()
    assert sharer.scene.worker.stop(30) == 0
    share = sharer.share(call, [recipient])
    assert sharer.owner.delete(f"/v1/shares/{share['id']}").status_code == 204
    sharer.scene.start_worker()
    wait_until(lambda: sharer.shared(share["id"])["recipients"][0]["state"] == "failed", "the mail to be given up")
    assert "revoked" in sharer.shared(share["id"])["recipients"][0]["reason"]
    assert sharer.scene.mail.to(recipient) == []


def test_downloads(sharer, tmp_path):
    recipient = an_email("reader")
    call = sharer.fail(
        url="https://acme.zendesk.com/api/v2/search.json?q=a%20b&q=c",
        duration_ms=812,
        request={
            "headers": {"Content-Type": "application/json", "Authorization": "Bearer s3cretToken123456"},
            "body": '{"a":1}',
        },
        response={"headers": {"Content-Type": "text/plain", "Location": "/x"}, "body": "down"},
    )
    sharer.share(call, [recipient])
    reader = sharer.reader(recipient)
    har = reader.get("/har")
    assert har.headers["content-type"] == "application/json"
    assert har.headers["content-disposition"] == f'attachment; filename="call-zendesk-503-{call}.har"'
    assert_hardened(har)
    document = har.json()["log"]
    assert document["version"] == "1.2" and set(document) == {"version", "creator", "entries"}
    (entry,) = document["entries"]
    request, response = entry["request"], entry["response"]
    assert entry["time"] == 812 == sum(entry["timings"].values()) and entry["cache"] == {}
    assert request["queryString"] == [{"name": "q", "value": "a b"}, {"name": "q", "value": "c"}]
    assert request["postData"] == {"mimeType": "application/json", "text": '{"a":1}'}
    assert (response["status"], response["statusText"], response["redirectURL"]) == (503, "Service Unavailable", "/x")
    assert response["content"] == {"size": 4, "mimeType": "text/plain", "text": "down"}
    assert "s3cretToken" not in har.text and "[redacted len=" in har.text
    own = Visitor(sharer.api, sharer.owner.token).get(f"/v1/call-logs/{call}/har")
    assert own.json() == har.json() and own.headers["content-disposition"] == har.headers["content-disposition"]

    curl = reader.get("/curl")
    assert curl.headers["content-disposition"] == f'attachment; filename="call-zendesk-503-{call}.sh"'
    assert curl.headers["content-type"] == "text/plain; charset=utf-8"
    assert_hardened(curl)
    assert curl.text == sharer.owner.get(f"/v1/call-logs/{call}/curl").text
    (tmp_path / "call.sh").write_text(curl.text)
    assert subprocess.run(["bash", "-n", str(tmp_path / "call.sh")]).returncode == 0


def test_each_opening_is_told(sharer):
    recipient = an_email("reader")
    share = sharer.share(sharer.fail(), [recipient])
    reader = sharer.reader(recipient)
    sharer.wait_until_sent(share)
    for _ in range(3):
        assert reader.get().status_code == 200
    codes = sharer.codes(share["id"])
    assert [codes.count(code) for code in ("AAA-0011", "ABB-0030", "ABB-0020")] == [3, 3, 3]
    opened = sharer.shared(share["id"])["recipients"][0]
    assert opened["opened_at"] < opened["last_seen_at"]


@pytest.mark.parametrize(
    "method, headers",
    [
        ("HEAD", {}),
        ("GET", {"Purpose": "prefetch"}),
        ("GET", {"Sec_Purpose": "prefetch;prerender"}),
        ("GET", {"X_Moz": "prefetch"}),
    ],
)
def test_programs_that_look_ahead_open_nothing(sharer, method, headers):
    recipient = an_email("reader")
    share = sharer.share(sharer.fail(), [recipient])
    reader = sharer.reader(recipient)
    sharer.wait_until_sent(share)
    for part in ("", "/har"):
        assert reader.get(part, method=method, **headers).status_code == 200
    assert sharer.codes(share["id"]) == ["ABA-0010", "ABC-0010", "AAA-0011", "AAA-0011"]
    told = sharer.shared(share["id"])
    assert told["recipients"][0]["opened_at"] is None and told["recipients"][0]["last_seen_at"] is None
    assert [line["method"] for line in sharer.audited(share["id"], "AAA-0011")] == [method] * 2


def test_list(sharer):
    calls = [sharer.fail() for _ in range(2)]
    made = [sharer.share(calls[number % 2]) for number in range(5)]
    ids = [share["id"] for share in reversed(made)]
    listed = sharer.owner.get("/v1/shares").json()
    assert [share["id"] for share in listed["data"]] == ids and listed["pagination"] == {"limit": 50, "next": None}
    first = sharer.owner.get("/v1/shares?limit=2").json()
    rest = sharer.owner.get(f"/v1/shares?limit=4&cursor={first['pagination']['next']}").json()
    assert [share["id"] for share in first["data"] + rest["data"]] == ids and rest["pagination"]["next"] is None
    of_call = sharer.owner.get(f"/v1/shares?call_log={calls[0]}").json()["data"]
    assert [share["id"] for share in of_call] == [ids[0], ids[2], ids[4]]
    # whoever may share sees what others shared
    assert [share["id"] for share in sharer.member("supervisor").get("/v1/shares").json()["data"]] == ids
    stranger = House(sharer.api).owner
    assert stranger.get("/v1/shares").json()["data"] == []
    for method in ("GET", "DELETE"):
        assert_problem(stranger.request(method, f"/v1/shares/{ids[0]}"), 404, "not_found")
    assert sharer.shared(ids[0])["state"] == "active"


def test_revoking_twice_is_one(sharer):
    share = sharer.share()
    for _ in range(2):
        assert sharer.owner.delete(f"/v1/shares/{share['id']}").status_code == 204
    assert sharer.codes(share["id"]).count("ABA-0020") == 1 == len(sharer.audited(share["id"], "ABA-0020"))


def test_without_tracking_mails_carry_no_image(start_scene, own_database):
    scene = start_scene(own_database, CALLTRAIL_MAIL_OPEN_TRACKING="off")
    recipient = an_email("reader")
    sharer = Sharer(scene)
    sharer.share(sharer.fail(), [recipient])
    assert "<img" not in texts_of(sharer.mail_for(recipient))[1]
