"""Invitations and password resets by mail: what the mails are, and how long their links are good."""

import concurrent.futures
import html
import pathlib
import re

import pytest

from harness.client import assert_problem
from harness.people import (
    OTHER_PASSWORD,
    PASSWORD,
    House,
    Visitor,
    accept,
    an_email,
    choose,
    html_of,
    link_of,
    mail_to,
    mails,
    mails_to,
    move_clock,
    text_of,
    token_of,
)
from harness.program import Worker, run_json
from harness.waiting import wait_until

def ask_for_reset(api, email):
    """Asks for a reset link."""
    return Visitor(api).post("/v1/password-resets", {"email": email})


def wait_until_sent(api):
    """Waits until no mail of this kind is to be sent any more."""
    waiting = "select count(*) from job where kind = 'account_mail' and state <> 'dead'"
    wait_until(lambda: api.database.value(waiting) == 0, "all mails to be sent")


def assert_is_account_mail(api, mail, purpose, recipient):
    """A mail has each header once, nobody else gets it, it can be read as text and as HTML, and has its job's name."""
    names = [name.lower() for name in mail.keys()]
    assert sorted(names) == sorted(set(names)), names
    assert not {"cc", "bcc", "reply-to", "x-injected"} & set(names)
    assert mail["To"] == recipient and "calltrail@localhost" in mail["From"]
    assert mail["Date"].datetime and mail["MIME-Version"] == "1.0"
    name = re.fullmatch(rf"<({purpose}-[1-9]\d*)@localhost>", mail["Message-ID"]).group(1)
    assert (pathlib.Path(api.settings["CALLTRAIL_OUTBOX_DIR"]) / f"{name}.eml").is_file()
    assert mail.get_content_type() == "multipart/alternative"
    # the last alternative is the richest
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in mail.walk():
        assert not part.defects, part.defects
    assert html.escape(link_of(mail)) in html_of(mail)
    for header in (mail["Subject"], mail["From"], mail["To"]):
        assert not header.defects, header.defects


def test_invitation(house):
    email = an_email()
    answer = house.owner.post("/v1/invitations", {"email": email.upper(), "name": "Ada", "role": "bot_builder"})
    assert answer.status_code == 201
    assert {**answer.json(), "expires_at": 0} == {"email": email, "role": "bot_builder", "expires_at": 0}
    mail = mail_to(house.api, email)
    assert_is_account_mail(house.api, mail, "invitation", email)
    assert mail["Subject"] == f"Join {house.name} at Calltrail"
    assert house.name in text_of(mail) and link_of(mail).startswith(house.api.url + "/invitation/")
    token = token_of(mail)
    assert token not in answer.text
    assert email not in house.people()
    problem = assert_problem(accept(house.api, token), 400, "invalid_parameter")
    assert problem["errors"][0]["pointer"] == "/password"
    assert_problem(accept(house.api, token, password="too short"), 400, "invalid_parameter")
    answer = accept(house.api, token, password=PASSWORD)
    assert (answer.status_code, answer.content) == (204, b"")
    visitor = Visitor(house.api).sign_in(email)
    assert visitor.user["role"] == "bot_builder" and visitor.user["name"] == "Ada"
    assert visitor.tenant["id"] == house.id
    assert_problem(accept(house.api, token, password=OTHER_PASSWORD), 404, "not_found")
    assert_problem(Visitor(house.api).try_sign_in(email, OTHER_PASSWORD), 401, "unauthenticated")


def test_invitation_works_once_even_at_once(house):
    email = an_email()
    token = house.invite(email)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        codes = [
            answer.status_code for answer in pool.map(lambda _: accept(house.api, token, password=PASSWORD), range(6))
        ]
    assert sorted(codes) == [204] + [404] * 5


def test_two_invitations_make_one_member(house):
    email = an_email()
    tokens = [house.invite(email, "agent"), house.invite(email, "supervisor")]
    assert tokens[0] != tokens[1]
    assert accept(house.api, tokens[0], password=PASSWORD).status_code == 204
    assert_problem(accept(house.api, tokens[1], password=OTHER_PASSWORD), 409, "conflict")
    assert Visitor(house.api).sign_in(email).user["role"] == "agent"


@pytest.mark.parametrize("token", ["", "x", "1", "1.", ".x", "0.x", "-1.x", "99999999999.x", "1.x.y", "é.ü", "x" * 200])
def test_tokens_that_are_none(people_api, token):
    unknown = assert_problem(accept(people_api, "1." + "A" * 43, password=PASSWORD), 404, "not_found")
    problem = assert_problem(accept(people_api, token, password=PASSWORD), 404, "not_found")
    assert problem["detail"] == unknown["detail"]
    assert_problem(choose(people_api, token), 404, "not_found")


def test_a_token_of_another_tenant_is_none(people_api, house):
    other = House(people_api)
    token = house.invite(an_email())
    moved = f"{other.id}.{token.split('.', 1)[1]}"
    assert_problem(accept(people_api, moved, password=PASSWORD), 404, "not_found")
    assert accept(people_api, token, password=PASSWORD).status_code == 204


def test_links_are_for_their_own_purpose(people_api, house):
    email = an_email()
    invitation = house.invite(email)
    assert_problem(choose(people_api, invitation), 404, "not_found")
    assert accept(people_api, invitation, password=PASSWORD).status_code == 204
    ask_for_reset(people_api, email)
    reset = token_of(mail_to(people_api, email, "password"))
    assert_problem(accept(people_api, f"{house.id}.{reset}", password=PASSWORD), 404, "not_found")
    assert_problem(Visitor(people_api, reset).get("/v1/me"), 401, "unauthenticated")
    assert choose(people_api, reset).status_code == 204


def test_reset(house):
    email = house.add("supervisor")["email"]
    answer = ask_for_reset(house.api, email.upper())
    assert answer.status_code == 202
    mail = mail_to(house.api, email)
    assert_is_account_mail(house.api, mail, "reset", email)
    assert mail["Subject"] == "Choose a new password"
    assert email in text_of(mail) and link_of(mail).startswith(house.api.url + "/reset/")
    Visitor(house.api).sign_in(email)
    token = token_of(mail)
    assert_problem(choose(house.api, token, "too short"), 400, "invalid_parameter")
    assert choose(house.api, token).status_code == 204
    assert_problem(choose(house.api, token, PASSWORD), 404, "not_found")
    Visitor(house.api).sign_in(email, OTHER_PASSWORD)


def test_a_second_reset_link_ends_with_the_first(house):
    email = house.add("agent")["email"]
    for _ in range(2):
        assert ask_for_reset(house.api, email).status_code == 202
    mail_to(house.api, email, number=2)
    tokens = [token_of(mail) for mail in mails_to(house.api, email)]
    assert len(set(tokens)) == 2
    assert choose(house.api, tokens[0]).status_code == 204
    assert_problem(choose(house.api, tokens[1], PASSWORD), 404, "not_found")


def test_reset_for_an_unknown_address(house):
    known = house.add("agent")["email"]
    unknown = an_email()
    answers = [ask_for_reset(house.api, email) for email in (unknown, known)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert set(answers[0].headers) == set(answers[1].headers)
    wait_until_sent(house.api)
    assert len(mails_to(house.api, known)) == 1 and mails_to(house.api, unknown) == []


def test_resets_do_not_bomb_anybody(house):
    """Whoever asks again and again is slowed down: the same for known and unknown addresses."""
    known = house.add("agent")["email"]
    for email in (known, an_email()):
        answers = [ask_for_reset(house.api, email) for _ in range(12)]
        assert [answer.status_code for answer in answers[:3]] == [202] * 3
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 4
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    wait_until_sent(house.api)
    assert 3 <= len(mails_to(house.api, known)) <= 8


def test_invitation_expires(movable_api, own_database):
    house = House(movable_api)
    emails = [an_email(), an_email()]
    tokens = [house.invite(email) for email in emails]
    move_clock(own_database, movable_api, "6 days 23 hours")
    assert accept(movable_api, tokens[0], password=PASSWORD).status_code == 204
    move_clock(own_database, movable_api, "7 days 1 minute")
    assert_problem(accept(movable_api, tokens[1], password=PASSWORD), 404, "not_found")
    assert_problem(Visitor(movable_api).try_sign_in(emails[1]), 401, "unauthenticated")


def test_setup_and_reset_links_expire(movable_api, own_database):
    house = House(movable_api)
    setup = [house.add("agent", password=None)["setup_url"].rsplit("/", 1)[1] for _ in range(2)]
    emails = [house.add("agent")["email"] for _ in range(2)]
    for email in emails:
        ask_for_reset(movable_api, email)
    reset = [token_of(mail_to(movable_api, email)) for email in emails]
    move_clock(own_database, movable_api, "59 minutes")
    assert choose(movable_api, reset[0]).status_code == 204
    move_clock(own_database, movable_api, "61 minutes")
    assert_problem(choose(movable_api, reset[1]), 404, "not_found")
    Visitor(movable_api).sign_in(emails[1])
    move_clock(own_database, movable_api, "6 days 23 hours")
    assert choose(movable_api, setup[0]).status_code == 204
    move_clock(own_database, movable_api, "7 days 1 minute")
    assert_problem(choose(movable_api, setup[1]), 404, "not_found")


NAMES = [
    "Müller & Söhne GmbH — Straße «Größe»",
    "日本語の会社名" * 12,
    "👩‍👩‍👧‍👦" * 20,
    "=?utf-8?Q?Bcc=3A_evil=40example.com?=",
    "a@example.com, b@example.com; <c@example.com>",
    "x" * 200,
    'two  spaces and a trailing \\ "quote"',
    "line\u2028separator\u0085next",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_tenant_name_in_a_mail(people_api, name):
    house = House(people_api, name=name)
    email = an_email()
    house.invite(email, name=name[:200])
    mail = mail_to(people_api, email)
    assert_is_account_mail(people_api, mail, "invitation", email)
    assert mail["Subject"].split() == f"Join {name} at Calltrail".split()
    # what would end a line does not
    shown = name.replace("\u2028", " ").replace("\u0085", " ")
    assert shown in text_of(mail)
    assert html.escape(shown) in html_of(mail)


@pytest.mark.parametrize("name", ["a\r\nBcc: evil@example.com", "a\nX-Injected: 1", "a\r\n\r\nbody", "a\rb"])
def test_line_breaks_in_names(people_api, database, house, name):
    body = {"email": an_email(), "name": name, "role": "agent"}
    for path in ("/v1/invitations", "/v1/users"):
        problem = assert_problem(house.owner.post(path, body), 400, "invalid_parameter")
        assert problem["errors"][0]["pointer"] == "/name"
    # the operator may name a tenant as they like: a mail stays a mail
    owner = an_email("owner")
    run_json(
        *("tenant", "create", "--name", name, "--owner-email", owner, "--owner-password-stdin"),
        stdin=PASSWORD + "\n",
        database=database,
    )
    email = an_email()
    answer = Visitor(people_api).sign_in(owner).post("/v1/invitations", {"email": email, "role": "agent"})
    assert answer.status_code == 201
    mail = mail_to(people_api, email)
    assert_is_account_mail(people_api, mail, "invitation", email)
    assert mail["Subject"].startswith("Join a")


@pytest.mark.parametrize(
    "email", ["a@example.com\r\nBcc: b@example.com", "a@example.com\n", "a b@example.com", "@", "a,b@c"]
)
def test_bad_addresses(people_api, house, email):
    wait_until_sent(people_api)
    before = len(mails(people_api))
    for answer in (
        ask_for_reset(people_api, email),
        house.owner.post("/v1/invitations", {"email": email, "role": "agent"}),
    ):
        problem = assert_problem(answer, 400, "invalid_parameter")
        assert [error["pointer"] for error in problem["errors"]] == ["/email"]
    wait_until_sent(people_api)
    assert len(mails(people_api)) == before


def test_mails_are_for_their_readers_only(house):
    """The outbox's files hold links: nobody else on the machine reads them."""
    house.invite(an_email())
    directory = pathlib.Path(house.api.settings["CALLTRAIL_OUTBOX_DIR"])
    assert {path.stat().st_mode & 0o777 for path in directory.glob("*.eml")} == {0o600}


def test_bogus_links_cost_no_hashing(people_api):
    """Nobody keeps the processors busy with links that are none: a hash takes tens of milliseconds on purpose."""

    def processor_seconds():
        fields = open(f"/proc/{people_api.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    visitor = Visitor(people_api)
    before = processor_seconds()
    for _ in range(60):
        assert visitor.post("/v1/passwords", {"token": "A" * 43, "password": PASSWORD}).status_code == 404
        token = "1." + "A" * 43
        assert visitor.post("/v1/invitations/accept", {"token": token, "password": PASSWORD}).status_code == 404
    assert processor_seconds() - before < 1.5


def test_mail_without_a_way_to_send_it(own_database, start_api):
    """Without SMTP and outbox the worker's log says so, and not the secret; the mail waits for a way."""
    house = House(start_api(own_database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32"))
    email = an_email()
    assert house.owner.post("/v1/invitations", {"email": email, "role": "agent"}).status_code == 201
    worker = Worker(own_database)
    try:
        wait_until(lambda: "a mail was not sent" in worker.output, "a word in the log")
        job = "select state, attempts, last_error from job where kind = 'account_mail'"
        wait_until(lambda: own_database.rows(job)[0][0] == "waiting", "the job to wait")
        (state, attempts, error), = own_database.rows(job)
        assert attempts == 1 and "CALLTRAIL_OUTBOX_DIR" in error
        assert "/invitation/" not in worker.output and email not in worker.output
    finally:
        worker.kill()
