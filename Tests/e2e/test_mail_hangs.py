"""A mail server that takes a mail and never answers: that mail may have arrived, those behind it surely have not."""

import datetime

import pytest

from harness.waiting import wait_until

# how long one mail may take, and some seconds to spare
LONGEST = datetime.timedelta(seconds=75)


@pytest.mark.slow
def test_what_hangs_holds_up_others_for_a_minute_at_most(hanging_mail):
    platform = hanging_mail
    line = wait_until(
        lambda: (line := platform.line("hanging"))["state"] != "sending" and line, "the hanging mail to be given up", 80
    )
    assert line["state"] == "sent" or line["state"] == "uncertain" and "perhaps sent" in line["reason"]
    for bot in ("behind", "further-behind"):
        sent = platform.wait_for("sent", bot, seconds=130)
        # they never left the worker before they were sent
        assert sent["attempts"] == 1 and "twice" not in sent["reason"], sent
        times = [datetime.datetime.fromisoformat(sent[name]) for name in ("created_at", "sent_at")]
        assert times[1] - times[0] < LONGEST, sent
        assert len([r for r in platform.scene.mail.received if r.mail["Message-ID"] == sent["message_id"]]) == 1
