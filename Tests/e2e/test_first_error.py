"""The first error of a bot: who is told, once, of what, and what the ledger says about it."""

import concurrent.futures
import datetime
import re
import zoneinfo

import pytest

from harness.client import stamp, with_ids
from harness.notices import PUBLIC_URL, Platform, texts_of
from harness.people import Visitor

PREFERENCES = "/v1/me/notification-preferences"


def cycle_of(platform, bot):
    """When the newest cycle of a bot was opened and when it ends."""
    return platform.scene.database.rows(
        "select c.opened_at, c.until from error_cycle c join bot b using (tenant_id, bot_key) "
        "where c.tenant_id = %s and b.bot_id = %s",
        platform.id,
        bot,
    )[0]


def test_the_first_error_is_mailed_and_further_ones_are_not(platform, scene):
    supervisor = platform.add("supervisor")["email"]
    id = platform.fail(error={"type": "provider_down", "message": "The shop is closed"})
    sent = platform.wait_for("sent")
    (mail,) = platform.mails()
    assert mail["To"] == platform.owner_email and "calltrail@localhost" in mail["From"]
    assert "The support-bot" in mail["Subject"] and "503" in mail["Subject"] and "Zendesk" in mail["Subject"]
    assert mail["Message-ID"] == sent["message_id"] and mail["Date"].datetime
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, page = texts_of(mail)
    link = f"{PUBLIC_URL}/logs/{id}"
    for text in (plain, page):
        assert "The shop is closed" in text and platform.name in text and link in text
        assert f"{PUBLIC_URL}/logs?bot=support-bot" in text and f"{PUBLIC_URL}/settings/notifications" in text
    assert sent["event"] == "first_error" and sent["channel"] == "mail" and sent["call_log_id"] == id
    assert sent["attempts"] == 1 and sent["sent_at"] and sent["due_at"] is None and "250" in sent["reason"]
    told_not = platform.line(recipient=supervisor)
    assert (told_not["state"], told_not["reason"]) == ("suppressed", "role switched off: supervisor")
    assert told_not["message_id"] is None and told_not["attempts"] == 0
    assert platform.counted("support-bot") == []

    platform.fail()
    platform.send([platform.error() for _ in range(20)])
    (counted,) = platform.counted("support-bot")
    assert counted["state"] == "suppressed" and counted["recipient"] is None
    assert re.fullmatch(r"cycle of \S+ open until \S+", counted["reason"])
    scene.wait_until_idle()
    assert len(platform.mails()) == 1 and platform.mails(supervisor) == []
    assert len(platform.ledger()) == 3
    # the entry's link leads to the entry
    reader = Visitor(scene.api, platform.key("call_logs:read")["key"])
    assert reader.get(f"/v1/call-logs/{id}").json()["error"]["message"] == "The shop is closed"


def test_each_bot_has_its_own_first_error(platform, scene):
    other = Platform(scene)
    platform.send([platform.error(bot) for bot in ("red", "green", "blue", "red")] + [platform.entry("yellow")])
    other.fail("red")
    scene.wait_until_idle()
    subjects = sorted(mail["Subject"] for mail in platform.mails())
    assert [subject.split(":")[0] for subject in subjects] == ["The blue", "The green", "The red"]
    assert len(platform.counted("red")) == 1 and platform.counted("green") == []
    assert platform.ledger(bot="yellow") == []
    assert len(other.mails()) == 1 and len(other.ledger()) == 1


def test_a_success_that_carries_an_error_counts(platform):
    id = platform.fail("polite", status_code=200, outcome="error", error={"type": "x", "message": "not really"})
    assert platform.wait_for("sent", "polite")["call_log_id"] == id
    (mail,) = platform.mails()
    assert "200" in mail["Subject"] and "error" in mail["Subject"] and "not really" in texts_of(mail)[0]


def test_what_opens_no_cycle(platform, scene):
    day = datetime.timedelta(hours=24)
    old = stamp(scene.now() - day - datetime.timedelta(minutes=1))
    platform.fail(occurred_at=old)
    platform.send([platform.error(occurred_at=old) for _ in range(3)])
    platform.send(platform.entry())
    answer = platform.writer.post("/v1/call-logs", platform.error(status_code=0, outcome="error"))
    assert answer.json()["unreachable"] == 1
    answer = platform.writer.post("/v1/call-logs", platform.error(url=...))
    assert answer.status_code == 422
    scene.wait_until_idle()
    assert platform.ledger() == [] and platform.mails() == []
    # of a batch the first one that is news counts
    fresh = platform.error(id="fresh", error={"type": "x", "message": "a fresh one"})
    platform.send([platform.error(occurred_at=old), fresh])
    platform.wait_for("sent")
    assert "a fresh one" in texts_of(platform.mails()[0])[0]
    assert platform.counted("support-bot") == []
    # the same error sent again is none that followed
    assert platform.send(fresh)["duplicates"] == 1
    assert platform.counted("support-bot") == []
    # almost a day old is young enough
    platform.fail("almost", occurred_at=stamp(scene.now() - day + datetime.timedelta(minutes=1)))
    platform.wait_for("sent", "almost")


def test_thousands_at_once_are_one(scene):
    """6,000 first errors of a bot, in posts of one and of many, by two api processes."""
    platform = Platform(scene)
    apis = [scene.api, scene.start_api()]
    key = platform.writer.token
    batches = [with_ids(125, bot={"id": "storm", "name": "Storm"}, status_code=500) for _ in range(48)]
    occurred_at = stamp(scene.now() - datetime.timedelta(seconds=1))
    for item in (item for batch in batches for item in batch):
        item["occurred_at"] = occurred_at
    posts = [*batches[:4], *([item] for batch in batches[4:8] for item in batch), *batches[8:]]

    def send(numbers):
        writers = [Visitor(api, key) for api in apis]
        return [writers[number % 2].post("/v1/call-logs", posts[number]).json()["accepted"] for number in numbers]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(send, [range(first, len(posts), 8) for first in range(8)]))
    assert sum(sum(counts) for counts in accepted) == 48 * 125
    platform.wait_for("sent", "storm")
    scene.wait_until_idle()
    assert len(platform.mails()) == 1
    assert sorted(line["state"] for line in platform.ledger()) == ["sent", "suppressed"]
    assert scene.database.value("select count(*) from error_cycle where tenant_id = %s", platform.id) == 1
    assert apis[1].stop() == 0


@pytest.fixture
def day(own_database, start_scene):
    """A tenant with a clock of its own."""
    return Platform(start_scene(own_database))


def test_the_next_cycle_tells_what_followed(day):
    scene, hour = day.scene, datetime.timedelta(hours=1)
    day.fail()
    day.wait_for("sent")
    opened, until = cycle_of(day, "support-bot")
    assert until - opened == 24 * hour
    assert "further errors" in texts_of(day.mails()[0])[0].lower()
    day.fail("silent")
    day.wait_for("sent", "silent")

    # errors all through the cycle, in its first and last hours too
    scene.move(5 * hour)
    times = [opened + datetime.timedelta(minutes=minutes) for minutes in (1, 59, 61, 130, 299)]
    day.send([day.error(occurred_at=stamp(time)) for time in times for _ in range(4)])
    scene.move(24 * hour - datetime.timedelta(minutes=1))
    day.fail(occurred_at=stamp(scene.now() - datetime.timedelta(seconds=40)))
    assert len(day.counted("support-bot")) == 1
    assert cycle_of(day, "support-bot") == (opened, until)
    recovered = scene.now() - datetime.timedelta(seconds=20)
    assert recovered < until
    day.send([day.entry(occurred_at=stamp(recovered)), day.entry(occurred_at=stamp(recovered + hour / 360))])
    # of another bot: nothing to do with it
    day.send([day.error("other") for _ in range(7)])
    day.wait_for("sent", "other")
    expected = 5 * 4 + 1

    scene.move(24 * hour + datetime.timedelta(seconds=1))
    before = len(day.mails())
    id = day.fail()
    again = day.wait_for("sent", call_log_id=id)
    mails = day.mails()
    assert len(mails) == before + 1
    plain, page = (re.sub(r"\s+", " ", text) for text in texts_of(mails[-1]))
    minute = f"{recovered.day} {recovered:%b %Y, %H:%M} UTC"
    for text in (plain, page):
        assert f"{expected} more errors of this bot followed" in text
        assert f"Calls succeeded again from {minute} on" in text
    assert again["message_id"] != mails[0]["Message-ID"] and again["message_id"] == mails[-1]["Message-ID"]
    assert cycle_of(day, "support-bot")[0] >= until
    day.fail()
    assert len(day.counted("support-bot")) == 2

    # where nothing followed, and nothing succeeded, it says so, and not that anything did
    id = day.fail("silent")
    day.wait_for("sent", "silent", call_log_id=id)
    plain, _ = texts_of(day.mails()[-1])
    assert "no more errors of this bot followed" in re.sub(r"\s+", " ", plain) and "succeeded again" not in plain
    scene.stop()


def test_what_came_with_the_first_error_has_followed_it(day):
    """A platform that reports once a minute reports the errors of a minute together, each a little old by then."""
    reported = day.scene.now()
    ages = [datetime.timedelta(seconds=seconds) for seconds in (55, 40, 25, 10, 5)]
    day.send([day.error(occurred_at=stamp(reported - age)) for age in ages])
    day.wait_for("sent")
    day.send([day.error(occurred_at=stamp(reported - ages[-1])) for _ in range(3)])
    assert len(day.counted("support-bot")) == 1
    day.scene.move(datetime.timedelta(hours=24, seconds=1))
    day.wait_for("sent", call_log_id=day.fail())
    assert "7 more errors of this bot followed" in re.sub(r"\s+", " ", texts_of(day.mails()[-1])[0])
    day.scene.stop()


def test_what_is_no_news_any_more_stands_in_the_ledger(day):
    """No worker was at work for more than a day: nobody is told of what happened before, and the ledger says so."""
    scene = day.scene
    assert scene.worker.stop(30) == 0
    old, older = day.fail("quiet-since"), day.fail("failing-on")
    scene.move(datetime.timedelta(hours=25))
    fresh = day.fail("failing-on")
    scene.start_worker()
    day.wait_for("sent", "failing-on", call_log_id=fresh)
    scene.wait_until_idle()
    assert len(day.mails()) == 1
    for bot, id in (("quiet-since", old), ("failing-on", older)):
        lines = [line for line in day.ledger(bot=bot) if line["call_log_id"] == id]
        assert [line["state"] for line in lines] == ["suppressed"], (bot, lines)
        assert "24 hours" in lines[0]["reason"]
    scene.stop()


def next_change_of_time(zone):
    """The next day, by UTC's calendar, in whose night a zone's clocks are put forward."""
    day = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        day += datetime.timedelta(days=1)
        before, after = (time.astimezone(zone).utcoffset() for time in (day, day + datetime.timedelta(hours=6)))
        if after > before:
            return day.date()


def test_quiet_hours_put_off(own_database, start_scene, mail):
    """In the night in which Berlin's clocks are put forward, so that its quiet hours are an hour shorter."""
    berlin, minute = zoneinfo.ZoneInfo("Europe/Berlin"), datetime.timedelta(minutes=1)
    changing = next_change_of_time(berlin)
    evening = datetime.datetime.combine(changing - datetime.timedelta(days=1), datetime.time(23, 30), berlin)
    morning = datetime.datetime.combine(changing, datetime.time(7, 0), berlin)
    assert morning.astimezone(datetime.UTC) - evening.astimezone(datetime.UTC) == datetime.timedelta(hours=6.5)
    offset = evening - datetime.datetime.now(datetime.UTC)
    own_database.execute(
        f"alter database {own_database.name} set calltrail.clock_offset = '{offset.total_seconds()} seconds'"
    )
    scene = start_scene(own_database)
    scene.offset = offset
    sleeper, early, awake = Platform(scene), Platform(scene), Platform(scene)
    waking = (evening + 20 * minute).astimezone(zoneinfo.ZoneInfo("Asia/Kolkata")).strftime("%H:%M")
    zones = {sleeper: ("22:00", "07:00", "Europe/Berlin"), early: ("02:00", waking, "Asia/Kolkata")}
    zones[awake] = ("08:00", "21:00", "Europe/Berlin")
    for platform, (begin, end, zone) in zones.items():
        platform.set_roles("owner", "supervisor", quiet_hours={"from": begin, "to": end, "time_zone": zone})
    restless, leaving = sleeper.member("supervisor"), sleeper.add("supervisor")
    for platform in zones:
        platform.fail()
    awake.wait_for("sent")
    queued = sleeper.wait_for("queued", attempts=0)
    assert queued["reason"] == "quiet hours until 07:00 (Europe/Berlin)"
    assert queued["due_at"].startswith(morning.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:00"))
    assert waking in early.wait_for("queued", attempts=0)["reason"]
    # further errors are counted in the night, too, and what is set in the night holds in the morning
    sleeper.fail()
    assert len(sleeper.counted("support-bot")) == 1
    assert restless.put(PREFERENCES, {"first_error": False}).status_code == 200
    assert sleeper.owner.delete(f"/v1/users/{leaving['id']}").status_code == 204
    assert len(mail.received) == 1

    scene.advance(minutes=21)
    early.wait_for("sent")
    assert sleeper.line()["state"] == "queued" and len(mail.received) == 2
    scene.move(morning - datetime.datetime.now(datetime.UTC) - minute)
    awake.fail("late-bot")
    awake.wait_for("sent", "late-bot")
    assert sleeper.line()["state"] == "queued" and len(mail.received) == 3
    scene.advance(seconds=61)
    sent = sleeper.wait_for("sent")
    assert sent["due_at"] == queued["due_at"] and sent["sent_at"]
    wanted = sleeper.wait_for("suppressed", recipient=restless.user["email"])
    assert wanted["reason"] == "switched off by the recipient"
    assert sleeper.wait_for("suppressed", recipient=leaving["email"])["reason"] == "no longer a member"
    scene.wait_until_idle()
    assert len(mail.received) == 4
    scene.stop()
