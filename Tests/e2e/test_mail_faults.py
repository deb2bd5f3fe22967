"""Mail servers that misbehave: what was not taken is tried again, what may have been is tried once, nothing leaks."""

import pytest

from harness.mail_session import PASSWORD, Behaviour
from harness.waiting import wait_until


@pytest.fixture(autouse=True)
def good_server(scene, mail):
    """A mail server as good as new to each test, to which nobody is connected."""
    mail.stop()
    mail.start()
    mail.behave(Behaviour.OK)
    mail.forget()
    yield
    scene.wait_until_idle()


def job_of(scene, line):
    """The job that sends a notification; None when it is done."""
    found = [j for j in scene.jobs("mail_notification") if j["payload"]["notification"].lower() == line["id"]]
    return found[0] if found else None


def wait_for_another_try(scene, platform, bot):
    """The line of a mail that is to be tried again, as yet without success."""
    line = platform.wait_for("queued", bot, attempts=1)
    assert line["reason"].startswith("not sent yet: ") and line["sent_at"] is None
    return line


@pytest.mark.parametrize("behaviour", [Behaviour.RCPT_451, Behaviour.DATA_451, Behaviour.END_451])
def test_not_now_is_tried_again(scene, platform, mail, behaviour):
    mail.behave(behaviour, times=1)
    bot = f"later-{behaviour.name}"
    platform.fail(bot)
    line = wait_for_another_try(scene, platform, bot)
    assert "451" in line["reason"]
    assert job_of(scene, line)["state"] == "waiting" and "451" in job_of(scene, line)["last_error"]
    assert mail.accepted == []
    scene.advance(hours=1)
    sent = platform.wait_for("sent", bot, attempts=2)
    assert sent["message_id"] == line["message_id"] and "250" in sent["reason"] and sent["sent_at"]
    assert {received.mail["Message-ID"] for received in mail.received} == {line["message_id"]}
    assert len(mail.accepted) == 1 and job_of(scene, line) is None


@pytest.mark.parametrize("behaviour, code", [(Behaviour.RCPT_550, "550"), (Behaviour.END_554, "554")])
def test_never_is_final(scene, platform, mail, behaviour, code):
    mail.behave(behaviour, times=1)
    bot = f"never-{code}"
    platform.fail(bot)
    line = platform.wait_for("dead", bot)
    assert code in line["reason"] and line["attempts"] == 1 and line["sent_at"] is None
    job = job_of(scene, line)
    assert job["state"] == "dead" and job["died_at"] and code in job["last_error"]
    scene.advance(hours=25)
    platform.fail("after-" + bot)
    platform.wait_for("sent", "after-" + bot)
    assert platform.line(bot)["attempts"] == 1 and len(mail.accepted) == 1
    assert job_of(scene, line)["state"] == "dead"


@pytest.mark.parametrize("behaviour", [Behaviour.OTHER_CA, Behaviour.OTHER_HOST, Behaviour.NO_STARTTLS])
def test_nothing_is_said_to_a_stranger(scene, platform, mail, behaviour):
    mail.behave(behaviour)
    bot = f"stranger-{behaviour.name}"
    platform.fail(bot)
    line = wait_for_another_try(scene, platform, bot)
    assert mail.connections and not {"AUTH", "MAIL"} & set(mail.verbs), mail.verbs
    assert mail.received == []
    mail.stop()
    mail.start()
    mail.behave(Behaviour.OK)
    scene.advance(hours=1)
    sent = platform.wait_for("sent", bot, attempts=2)
    assert sent["message_id"] == line["message_id"] == mail.accepted[0].mail["Message-ID"]
    assert mail.accepted[0].is_encrypted and len(mail.accepted) == 1
    assert all(set(connection.clear_verbs) <= {"EHLO", "STARTTLS", "QUIT"} for connection in mail.connections)


def test_a_wrong_password_is_tried_again(scene, platform, mail):
    worker = scene.replace_worker(**mail.settings(password="not-this-one"))
    platform.fail("password")
    line = wait_for_another_try(scene, platform, "password")
    assert "535" in line["reason"] and "MAIL" not in mail.verbs
    for told in (str(platform.ledger()), worker.output, str(job_of(scene, line))):
        assert "not-this-one" not in told
    worker = scene.replace_worker()
    scene.advance(hours=1)
    platform.wait_for("sent", "password", attempts=2)
    assert len(mail.accepted) == 1
    assert PASSWORD not in worker.output


def test_a_mail_that_may_have_arrived_is_sent_twice_at_most(scene, platform, mail):
    mail.behave(Behaviour.ACCEPT_AND_DROP)
    platform.fail("unsure")
    line = platform.wait_for("uncertain", "unsure", attempts=1)
    assert "perhaps" in line["reason"] and "once more" in line["reason"]
    scene.advance(hours=1)
    line = platform.wait_for("uncertain", "unsure", attempts=2)
    assert "not tried again" in line["reason"] and line["sent_at"] is None
    scene.wait_until_idle()
    scene.advance(hours=6)
    mail.behave(Behaviour.OK)
    platform.fail("after-unsure")
    platform.wait_for("sent", "after-unsure")
    assert platform.line("unsure") == line
    assert [r.mail["Message-ID"] for r in mail.received][:-1] == [line["message_id"]] * 2


def test_a_mail_that_may_have_arrived_is_sent_again_once(scene, platform, mail):
    mail.behave(Behaviour.ACCEPT_AND_DROP, times=1)
    platform.fail("twice")
    line = platform.wait_for("uncertain", "twice", attempts=1)
    scene.advance(hours=1)
    sent = platform.wait_for("sent", "twice", attempts=2)
    assert "it may have been sent twice" in sent["reason"] and "250" in sent["reason"]
    assert [received.mail["Message-ID"] for received in mail.received] == [line["message_id"]] * 2
    assert mail.received[0].content == mail.received[1].content


def test_a_mail_that_was_cut_off_is_sent_again(scene, platform, mail):
    mail.behave(Behaviour.DROP_IN_DATA, times=1)
    platform.fail("cut-off")
    # a short mail is on its way as a whole when the connection breaks, so nobody can know
    wait_until(lambda: "tried once more" in (platform.line("cut-off") or {"reason": ""})["reason"], "the failure")
    assert mail.received == [] and mail.verbs.count("DATA") == 1
    scene.advance(hours=1)
    sent = platform.wait_for("sent", "cut-off", attempts=2)
    assert len(mail.accepted) == len(mail.received) == 1
    assert mail.accepted[0].mail["Message-ID"] == sent["message_id"]


def test_after_a_day_it_is_no_news_any_more(scene, platform, mail):
    mail.stop()
    platform.fail("too-late")
    line = wait_for_another_try(scene, platform, "too-late")
    scene.advance(hours=12)
    line = platform.wait_for("queued", "too-late", attempts=2)
    scene.advance(hours=13)
    mail.start()
    dead = platform.wait_for("dead", "too-late")
    assert "could not be sent within 24 hours" in dead["reason"] and dead["sent_at"] is None
    job = job_of(scene, line)
    assert job["state"] == "dead" and "24 hours" in job["last_error"]
    assert mail.received == []


def test_many_mails_share_connections(scene, platform, mail):
    platform.send([platform.error(f"many-{number}") for number in range(20)])
    mail.wait_for(20)
    scene.wait_until_idle()
    assert len(mail.accepted) == 20 and len({received.mail["Message-ID"] for received in mail.accepted}) == 20
    assert len(mail.connections) < 20, len(mail.connections)
    assert all(platform.line(f"many-{number}")["state"] == "sent" for number in range(20))
