"""Share links that do not work, or not yet: ended ones, guesses, passphrases, bad input; and texts that are hard to show."""

import json

import pytest

from harness.client import assert_problem, entry
from harness.people import House, Visitor, an_email
from harness.shares import Reader, Sharer, assert_hardened, assert_page
from harness.waiting import wait_until

UNKNOWN_TOKEN = "A" * 43
PARTS = ("", "/har", "/curl")


@pytest.fixture
def sharer(scene):
    """A tenant of the test's own that shares calls."""
    return Sharer(scene)


@pytest.fixture
def reader(sharer):
    """Somebody who got a link."""
    recipient = an_email("reader")
    share = sharer.share(sharer.fail(), [recipient])
    reader = sharer.reader(recipient)
    reader.share = share
    sharer.wait_until_sent(share)
    return reader


def states(sharer):
    """The states of the tenant's shares, newest first."""
    if sharer.owner.get("/v1/shares").status_code == 401:
        sharer.owner.sign_in(sharer.owner_email)
    return [share["state"] for share in sharer.owner.get("/v1/shares").json()["data"]]


def test_revoking_ends_an_open_page(sharer, reader):
    assert_page(reader.get(), 200)
    assert sharer.owner.delete(f"/v1/shares/{reader.share['id']}").status_code == 204
    for part in PARTS:
        assert_page(reader.get(part), 410, "has ended that")
    assert states(sharer) == ["revoked"]
    assert [line["status"] for line in sharer.audited(reader.share["id"], "AAA-0011")] == [200, 410, 410, 410]


def test_a_link_is_not_good_for_ever(sharer, reader):
    """Whoever has one could fill the audit log otherwise."""
    assert_page(reader.get(), 200)
    # as after some hundred visits
    sharer.scene.database.execute("update share_recipient set events = 1000 where share_id = %s", reader.share["id"])
    before = len(sharer.audited(reader.share["id"]))
    for part in PARTS:
        assert_page(reader.get(part), 429, "This link was used too often")
    assert len(sharer.audited(reader.share["id"])) == before


@pytest.mark.parametrize("token", [UNKNOWN_TOKEN, "x", "%3Cscript%3E", "%00", "A" * 42 + "%2B", "A" * 500, "..%2f"])
def test_tokens_that_are_none(sharer, token):
    for part in PARTS:
        answer = Reader(sharer.api, path=f"/s/{token}").get(part)
        assert_page(answer, 404, "This link does not work", "never was one")
        assert answer.text == Reader(sharer.api, path=f"/s/{UNKNOWN_TOKEN}").get().text


def test_guesses_are_slowed_down_by_address(sharer, reader):
    guesser = Reader(sharer.api, path=f"/s/{UNKNOWN_TOKEN}")
    codes = [guesser.get().status_code for _ in range(35)]
    assert codes[:29] == [404] * 29 and codes[-1] == 429
    slowed = guesser.get()
    assert_page(slowed, 429, "Not just now")
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    # the right one too, from there; from elsewhere it works
    assert Reader(sharer.api, path=reader.path, address=guesser.address).get().status_code == 429
    assert reader.get().status_code == 200


def test_shares_end_by_the_clock(start_scene, own_database):
    scene = start_scene(own_database)
    sharer = Sharer(scene)
    ann, bea, cid = (an_email(name) for name in ("ann", "bea", "cid"))
    call = sharer.fail()
    sharer.share(call, [ann], expires_in_hours=1, passphrase="open sesame")
    long = sharer.share(call, [bea], expires_in_hours=720)
    ended = sharer.share(call, [cid], expires_in_hours=720)
    readers = [sharer.reader(one) for one in (ann, bea, cid)]
    # no longer than its call, which was made a second before
    assert long["expires_at"] == sharer.owner.get(f"/v1/call-logs/{call}").json()["expires_at"]
    unlocked = readers[0].unlock("open sesame")
    cookie = unlocked.headers["set-cookie"]
    assert unlocked.status_code == 303 and 0 < int(cookie.split("Max-Age=")[1].split(";")[0]) <= 3600
    readers[0].http.cookies.set("calltrail_share", cookie.split("=")[1].split(";")[0])
    assert_page(readers[0].get(), 200, "answered 503")
    assert sharer.owner.delete(f"/v1/shares/{ended['id']}").status_code == 204

    scene.advance(hours=1, seconds=5)
    assert_page(readers[0].get(), 410, "Its time is over")
    assert_page(readers[1].get(), 200, "answered 503")
    assert states(sharer) == ["revoked", "active", "expired"]

    scene.advance(days=30)
    for reader, words in zip(readers, ("Its time is over", "kept no longer", "has ended that")):
        for part in PARTS:
            assert_page(reader.get(part), 410, words)
    assert states(sharer) == ["revoked", "call_expired", "expired"]
    assert_problem(sharer.try_share(call, [ann]), 404, "not_found")

    # all of it goes in time
    scene.advance(days=31)
    tables = " + ".join(f"(select count(*) from {table})" for table in ("share", "share_recipient", "share_event"))
    wait_until(lambda: scene.database.value(f"select {tables}") == 0, "old shares to be deleted", 30)
    assert states(sharer) == []
    assert_page(readers[1].get(), 404, "never was one")


def test_a_dropped_day_ends_its_shares(start_scene, own_database):
    scene = start_scene(own_database)
    sharer = Sharer(scene)
    recipient = an_email("reader")
    share = sharer.share(sharer.fail(), [recipient])
    reader = sharer.reader(recipient)
    sharer.wait_until_sent(share)
    scene.database.execute("delete from call_log")
    assert_page(reader.get(), 410, "kept no longer")
    assert states(sharer) == ["call_expired"]


def test_tokens_stay_out_of_the_log(start_scene, own_database):
    scene = start_scene(own_database, CALLTRAIL_LOG_LEVEL="debug")
    sharer = Sharer(scene)
    recipient = an_email("reader")
    sharer.share(sharer.fail(), [recipient])
    reader = sharer.reader(recipient)
    assert reader.get().status_code == reader.open_mail().status_code == 200
    scene.database.execute("alter table share_event rename to elsewhere")
    # what cannot be noted is not shown
    assert_problem(reader.get(), 500, "internal_error")
    scene.database.execute("alter table elsewhere rename to share_event")
    logged = scene.api.output.replace("\\/", "/")
    assert '"path":"/s/{token}"' in logged and '"path":"/n/{token}/opened.gif"' in logged
    assert reader.token not in logged + scene.worker.output


def test_a_tenant_without_call_logs_shows_none(sharer, reader):
    sharer.scene.database.execute("update tenant set plan = 'free' where tenant_id = %s", int(sharer.id))
    assert_page(reader.get(), 410)


class TestPassphrase:
    """Pages that ask for a passphrase."""

    @pytest.fixture
    def reader(self, sharer):
        """Somebody who got a link to a protected call."""
        recipient = an_email("reader")
        share = sharer.share(sharer.fail(), [recipient, an_email("other")], passphrase="Ünlock, please")
        reader = sharer.reader(recipient)
        reader.share = share
        sharer.wait_until_sent(share)
        return reader

    def test_it_opens_the_page(self, sharer, reader):
        assert_page(reader.get(), 200, "This call is protected", 'type="password"')
        assert "503" not in reader.get().text and "Zendesk" not in reader.get().text
        for part in ("/har", "/curl"):
            assert_page(reader.get(part), 403, "This call is protected")
        assert_page(reader.unlock("ünlock, please"), 403, "That is not the passphrase")
        unlocked = reader.unlock("Ünlock, please")
        assert unlocked.status_code == 303 and unlocked.headers["location"] == reader.path
        assert_hardened(unlocked)
        cookie = unlocked.headers["set-cookie"]
        # the scene's public address is https
        assert f"; Path={reader.path}; " in cookie and "; HttpOnly; SameSite=Lax; Secure" in cookie
        value = cookie.split("=", 1)[1].split(";")[0]
        given = {"Cookie": f"other=1; calltrail_share={value}"}
        for part, words in (("", "answered 503"), ("/har", '"log"'), ("/curl", "curl ")):
            answer = reader.get(part, **given)
            assert answer.status_code == 200 and words in answer.text
        # another's link is not opened by it, nor is this one by another cookie
        other = sharer.reader(reader.share["recipients"][1]["email"])
        assert_page(other.get(**given), 200, "This call is protected")
        for bad in (value[:-1] + ("A" if value[-1] != "A" else "B"), "", "x" * 48, reader.token):
            assert_page(reader.get(Cookie=f"calltrail_share={bad}"), 200, "This call is protected")
        events = [event["what"] for event in sharer.shared(reader.share["id"])["events"]]
        assert "Passphrase sent: a wrong one (403)" in events and "Passphrase sent: the right one (303)" in events
        codes = sharer.codes(reader.share["id"])
        assert codes.count("ABB-0020") == 1 and codes.count("ABB-0010") == 2
        assert sharer.owner.delete(f"/v1/shares/{reader.share['id']}").status_code == 204
        assert_page(reader.get(**given), 410)
        assert_page(reader.unlock("Ünlock, please"), 410)

    def test_wrong_ones_are_slowed_down(self, sharer, reader):
        codes = [reader.unlock(f"wrong {number}").status_code for number in range(8)]
        assert codes[:5] == [403] * 5 and 429 in codes[5:]
        slowed = reader.unlock("Ünlock, please")
        while slowed.status_code != 429:
            slowed = reader.unlock("wrong again")
        assert_page(slowed, 429, "Too many passphrases")
        # by the share, wherever they come from
        other = sharer.reader(reader.share["recipients"][1]["email"])
        assert other.unlock("Ünlock, please").status_code == 429
        statuses = [line["status"] for line in sharer.audited(reader.share["id"], "AAA-0011")]
        assert statuses[:5] == [403] * 5 and statuses[-1] == 429

    def test_there_may_be_none(self, sharer):
        recipient = an_email("reader")
        sharer.share(sharer.fail(), [recipient])
        answer = sharer.reader(recipient).unlock("anything")
        assert answer.status_code == 303 and "set-cookie" not in answer.headers


BAD = [
    ({}, "/recipients", "required"),
    ({"recipients": []}, "/recipients", "out_of_range"),
    ({"recipients": [f"a{number}@example.com" for number in range(21)]}, "/recipients", "out_of_range"),
    ({"recipients": "a@example.com"}, "/recipients", "wrong_type"),
    ({"recipients": ["a@example.com", "nobody"]}, "/recipients/1", "invalid_format"),
    ({"recipients": ["a@example.com\r\nBcc: b@example.com"]}, "/recipients/0", "invalid_format"),
    ({"recipients": [7]}, "/recipients/0", "invalid_format"),
    ({"expires_in_hours": 0}, "/expires_in_hours", "out_of_range"),
    ({"expires_in_hours": 721}, "/expires_in_hours", "out_of_range"),
    ({"expires_in_hours": "1"}, "/expires_in_hours", "wrong_type"),
    ({"message": "x" * 1001}, "/message", "invalid_format"),
    ({"message": "a\u0000b"}, "/message", "invalid_format"),
    ({"message": 1}, "/message", "wrong_type"),
    ({"passphrase": "short"}, "/passphrase", "out_of_range"),
    ({"passphrase": "x" * 129}, "/passphrase", "invalid_format"),
    ({"recipient": "a@example.com"}, "/recipient", "unknown_member"),
]


@pytest.mark.parametrize("members, pointer, code", BAD)
def test_bad_input(sharer, members, pointer, code):
    body = members if members == {} else {"recipients": ["a@example.com"], **members}
    answer = sharer.owner.post(f"/v1/call-logs/{sharer.fail()}/shares", body)
    problem = assert_problem(answer, 400, "invalid_parameter")
    assert (pointer, code) in [(issue["pointer"], issue["code"]) for issue in problem["errors"]]
    assert sharer.owner.get("/v1/shares").json()["data"] == []


def test_recipients_that_stand_twice_are_one(sharer):
    email = an_email("reader")
    share = sharer.share(sharer.fail(), [email, email.upper(), f" {email} "])
    assert [one["email"] for one in share["recipients"]] == [email]
    sharer.wait_until_sent(share)
    assert len(sharer.scene.mail.to(email)) == 1


def test_foreign_calls_and_other_people(sharer):
    call, stranger = sharer.fail(), House(sharer.api)
    problems = []
    for id in (call, call[:24] + "0" * 12, "nonsense"):
        problems.append(assert_problem(sharer.try_share(id, [an_email()], stranger.owner), 404, "not_found"))
        del problems[-1]["request_id"]
    assert all(problem == problems[0] for problem in problems)
    for role, status in (("supervisor", 201), ("bot_builder", 403), ("agent", 403)):
        assert sharer.try_share(call, [an_email()], sharer.member(role)).status_code == status
    reader = Visitor(sharer.api, sharer.key("call_logs:read")["key"])
    assert_problem(sharer.try_share(call, [an_email()], reader), 403, "forbidden")
    for path in ("/v1/shares?cursor=x", "/v1/shares?call_log=x", "/v1/shares?limit=0"):
        assert_problem(sharer.owner.get(path), 400, "invalid_parameter")
    assert_problem(sharer.owner.get("/v1/shares?state=active"), 400, "unknown_parameter")
    assert_problem(sharer.owner.get("/v1/shares/nonsense"), 404, "not_found")


def test_fifty_an_hour(sharer):
    call = sharer.fail()
    supervisor = sharer.member("supervisor")
    sharer.scene.database.execute(
        "insert into share (tenant_id, share_id, call_log_id, call_occurred_at, created_by, created_by_email,"
        " created_by_name, created_at, expires_at) select %s, gen_random_uuid(), gen_random_uuid(), app_now(), %s, 'x', '',"
        " app_now() - interval '59 minutes', app_now() + interval '1 day' from generate_series(1, 49)",
        int(sharer.id),
        sharer.owner_id,
    )
    sharer.share(call)
    refused = sharer.try_share(call, [an_email()])
    assert_problem(refused, 429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 62
    assert sharer.try_share(call, [an_email()], supervisor).status_code == 201


SCRIPT = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "\u202egpj.exe\u202c"


def test_texts_are_texts(sharer):
    recipient = an_email("reader")
    evil = SCRIPT + '"><img src=x onerror=alert(1)>' + RIGHT_TO_LEFT
    call = sharer.send(
        entry(
            status_code=503,
            bot={"id": "evil" + SCRIPT, "name": evil},
            source={"type": "flow", "path": evil, "node_id": evil},
            user={"id": "u", "name": "Nobody's Business"},
            url=f"https://acme.zendesk.com/{SCRIPT}?a={SCRIPT}",
            error={"type": SCRIPT, "message": evil},
            request={"headers": {"X-Evil": evil}, "body": evil},
            response={"headers": {"X-Evil": evil, "Content-Type": "text/html"}, "body": f"\n<html>{evil}</html>"},
        )
    )["id"]
    sharer.share(call, [recipient], message=evil)
    reader = sharer.reader(recipient)
    page = reader.get()
    assert_page(page, 200, "&lt;script&gt;alert(1)&lt;/script&gt;")
    assert "<img" not in page.text and "onerror=alert(1)&gt;" in page.text
    assert "\u202e" not in page.text and "⟦U+202E⟧gpj.exe⟦U+202C⟧" in page.text
    assert "Nobody's Business" not in page.text.replace("&#39;", "'")
    assert "<script" not in sharer.mail_for(recipient).get_body(["html"]).get_content()
    (kept,) = reader.get("/har").json()["log"]["entries"]
    assert kept["response"]["content"]["text"].startswith("\n<html>")


def test_large_bodies(sharer):
    """The page stays bounded, the download holds the whole."""
    recipient = an_email("reader")
    body = json.dumps([{"number": number} for number in range(20_000)], separators=(",", ":"))[: 255 << 10]
    body = body[: body.rindex("},")] + "}]"
    sharer.share(sharer.fail(response={"headers": {}, "body": body}), [recipient])
    reader = sharer.reader(recipient)
    page = reader.get()
    assert_page(page, 200, "the HAR holds the whole", "&quot;number&quot;: 0")
    assert len(page.content) < 3 << 20
    assert reader.get("/har").json()["log"]["entries"][0]["response"]["content"]["text"] == body


@pytest.mark.parametrize(
    "body, shown",
    [
        ('{"b":1,"a":[],"c":{"d":"x{,}\\\\"}}', '{\n  "b": 1,\n  "a": [],\n  "c": {\n    "d": "x{,}\\\\"\n  }\n}'),
        ("[1.50,\n null , true]", "[\n  1.50,\n  null,\n  true\n]"),
        ("{not json} at all", "{not json} at all"),
        ("[" * 5000 + "]" * 5000, "[" * 5000),
    ],
)
def test_json_is_spread(sharer, body, shown):
    recipient = an_email("reader")
    sharer.share(sharer.send(sharer.entry(response={"headers": {}, "body": body}))["id"], [recipient])
    page = sharer.reader(recipient).get()
    assert_page(page, 200, "Zendesk answered 200")
    assert "<code>" + shown.replace('"', "&quot;") in page.text
