"""Erasing a person reaches the shares: whom they were for, who made them, and every text that names them."""

import json

import pytest

from harness.audit import Log, public_keys, verify_lines
from harness.mail_session import Behaviour
from harness.people import Visitor, an_email
from harness.program import run_json
from harness.shares import Reader, Sharer, assert_page
from harness.waiting import wait_until

TABLES = ("share", "share_recipient", "share_event", "audit_log", "job", "job_history")


@pytest.fixture
def sharer(scene):
    """A tenant of the test's own that shares calls."""
    return Sharer(scene)


def erase(sharer, *options):
    """Runs the command, when the calls that were made before are recorded; returns its answer."""
    Log(sharer.scene.database, sharer.id).wait_until_quiet()
    return run_json("audit", "erase", "--tenant", sharer.id, *options, database=sharer.scene.database)


def traces(sharer, *words):
    """Where words stand in what is kept of a tenant, as (table, row)."""
    return [
        (table, row[0])
        for table in TABLES
        for row in sharer.scene.database.rows(
            f"select row_to_json(t)::text from {table} t where tenant_id = %s"
            " and exists (select from unnest(%s::text[]) w where strpos(lower(t::text), lower(w)) > 0)",
            int(sharer.id),
            list(words),
        )
    ]


def assert_verifies(sharer):
    """The chain verifies, here and elsewhere; returns the export's text."""
    log = Log(sharer.scene.database, sharer.id)
    log.wait_until_quiet()
    log.assert_intact()
    lines = log.export()
    assert verify_lines(lines, *public_keys())["intact"]
    return "".join(lines)


@pytest.mark.parametrize("word", ["ada", "ada+x", "a.d_a-9"])
def test_a_recipient(sharer, word):
    """Their address, from where they came and their link are gone; the timeline and the other recipient stay."""
    ada = an_email(word)
    # addresses that hold theirs as a part
    longer, other = "x" + ada, an_email("bob")
    share = sharer.share(recipients=[ada, other, longer], message=f"Ask {ada.upper()}, or {longer}")
    sharer.wait_until_sent(share)
    reader, colleague = sharer.reader(ada), sharer.reader(other)
    second = sharer.share(recipients=[ada])
    untouched = sharer.share(recipients=[other], message=f"Ask {longer}")
    for each in (second, untouched):
        sharer.wait_until_sent(each)
    reader.open_mail()
    assert_page(reader.get(), 200)
    assert reader.get("/har").status_code == 200
    assert_page(colleague.get(), 200)
    before = sharer.shared(share["id"])
    assert {event["remote_addr"] for event in before["events"]} == {None, reader.address, colleague.address}
    assert erase(sharer, "--email", ada.upper())["shares"] == 2
    told = [row for _, row in traces(sharer, ada) if ada in row.replace(longer, "").lower()]
    assert told == [] and traces(sharer, reader.address) == []
    # what was done is still told, and not of whom
    after = sharer.shared(share["id"])
    assert [(event["code"], event["occurred_at"], event["what"]) for event in after["events"]] == [
        (event["code"], event["occurred_at"], event["what"]) for event in before["events"]
    ]
    names = [one["email"] for one in after["recipients"]]
    assert len(set(names)) == 3 and set(names) >= {other, longer} and ada not in names
    assert {event["remote_addr"] for event in after["events"]} == {None, colleague.address}
    assert after["state"] == "active" and after["message"] is None
    assert {one["state"] for one in after["recipients"]} == {"sent"}
    assert sharer.shared(untouched["id"])["message"] == f"Ask {longer}"
    assert ada not in sharer.owner.get("/v1/shares").text.replace(longer, "")
    # theirs is no link any more, and asking for it is recorded nowhere; the others' are
    assert reader.get().status_code == 404 and reader.open_mail().headers["content-type"] == "image/gif"
    assert_page(colleague.get(), 200)
    assert traces(sharer, reader.address) == [] or all(ada not in row for _, row in traces(sharer, reader.address))
    assert ada not in assert_verifies(sharer).replace(longer, "").lower()
    assert erase(sharer, "--email", ada) == {"erased": 0, "shares": 0}


@pytest.mark.parametrize("by", ["user", "email"])
def test_who_shared(sharer, by):
    """Account, address, name and words are gone from what they shared; the links work on."""
    email, name = an_email("grace"), "Grace Hopper"
    member = sharer.add("supervisor", email=email, name=name)
    visitor = Visitor(sharer.api).sign_in(email)
    reader_email = an_email("reader")
    made = sharer.try_share(sharer.fail(), [reader_email], visitor, message="Yours, G.")
    assert made.status_code == 201
    mine = sharer.share(recipients=[reader_email], message=f"{email} knows more")
    sharer.wait_until_sent(made.json())
    reader = sharer.reader(reader_email)
    ended = sharer.try_share(sharer.fail(), [an_email("late")], visitor).json()
    assert visitor.delete(f"/v1/shares/{ended['id']}").status_code == 204
    assert f"Revoked by {email}" in json.dumps(sharer.shared(ended["id"])["events"])
    assert erase(sharer, f"--{by}", member["id"] if by == "user" else email)["shares"] == 3
    assert [one for one in traces(sharer, email, name, member["id"], "Yours, G.") if one[0].startswith("share")] == []
    for id in (made.json()["id"], ended["id"]):
        shared = sharer.shared(id)
        assert shared["created_by"] == {"id": "00000000-0000-0000-0000-000000000000", "email": "erased"}
        assert shared["message"] is None
    assert [event["what"] for event in sharer.shared(ended["id"])["events"] if event["code"].startswith("ABA")] == [
        "Shared by somebody who was erased",
        "Revoked by somebody who was erased",
    ]
    assert sharer.shared(mine["id"])["message"] is None
    assert sharer.shared(mine["id"])["created_by"]["email"] == sharer.owner_email
    page = reader.get()
    assert_page(page, 200)
    assert email not in page.text and name not in page.text
    assert email not in assert_verifies(sharer)
    assert erase(sharer, f"--{by}", member["id"] if by == "user" else email)["shares"] == 0


def test_a_mail_that_was_refused(sharer):
    """What the mail server said of a recipient is erased with them, and nothing more is sent."""
    ada = an_email("ada")
    call = sharer.fail()
    sharer.scene.wait_until_idle()
    sharer.scene.mail.behave(Behaviour.RCPT_550, times=1)
    share = sharer.share(call, [ada])
    wait_until(lambda: sharer.shared(share["id"])["recipients"][0]["state"] == "failed", "the mail to be refused")
    # whatever the server's words were: some repeat the address
    for table, column in (("share_recipient", "reason"), ("job", "last_error"), ("job_history", "detail")):
        sharer.scene.database.execute(
            f"update {table} set {column} = 'refused: 550 <{ada}> unknown' where tenant_id = {int(sharer.id)}"
            + ("" if table == "share_recipient" else " and kind = 'share_mail'")
        )
    assert erase(sharer, "--email", ada)["shares"] == 1
    assert traces(sharer, ada) == []
    (recipient,) = sharer.shared(share["id"])["recipients"]
    assert recipient["state"] == "failed" and recipient["reason"] == "the recipient was erased"
    assert_verifies(sharer)


def test_another_tenants_shares_stay(scene):
    ada = an_email("both")
    first, second = Sharer(scene), Sharer(scene)
    readers = []
    for number, sharer in enumerate((first, second), 1):
        sharer.made = sharer.share(recipients=[ada])
        sharer.wait_until_sent(sharer.made)
        readers.append(Reader(sharer.api, sharer.mail_for(ada, number)))
        assert_page(readers[-1].get(), 200)
    assert erase(first, "--email", ada)["shares"] == 1
    assert first.shared(first.made["id"])["recipients"][0]["email"] != ada
    assert second.shared(second.made["id"])["recipients"][0]["email"] == ada
    assert [reader.get().status_code for reader in readers] == [404, 200]
