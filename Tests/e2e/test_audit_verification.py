"""Verifying the audit log from the console: at once or by a worker, and one at a time, whichever process is asked."""

import concurrent.futures
import re
import signal

import httpx
import pytest

from harness.audit import Log, adopted
from harness.people import House, move_clock
from harness.program import API, Worker
from harness.waiting import wait_until

# AuditVerificationStore.mostAtOnce: a longer log is left to a worker
MOST_AT_ONCE = 50_000


class Auditor:
    """An owner who looks at the audit log's page, whichever process serves it."""

    def __init__(self, api):
        self.house = House(api)
        self.database = api.database
        self.log = Log(api.database, self.house.id)
        self.log.wait_until_quiet()

    def fill(self, count):
        """Appends that many entries to the log, as the program does."""
        self.database.execute(
            """
            select calltrail_audit_append(
                array_agg(%s::integer), array_agg(app_now() - n * interval '1 microsecond'), array_agg(gen_random_uuid()),
                array_agg('ABB-0020'::text), array_agg(none), array_agg('/letters/' || n), array_agg(none), array_agg(none),
                array_agg(none), array_agg(none), array_agg(none::uuid), array_agg(none::uuid), array_agg(none),
                array_agg(none), array_agg('number ' || n), array_agg(none), array_agg(none::smallint), array_agg(none))
            from (select n, null::text as none from generate_series(1, %s) n) given
            """,
            int(self.house.id),
            count,
        )

    def request(self, api, method, path):
        """Asks for a page as a browser does."""
        with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as http:
            http.cookies.set("calltrail", self.house.owner.token)
            return http.request(method, path, headers={"Origin": api.url})

    def verify(self, api):
        """Presses "Verify now"."""
        answer = self.request(api, "POST", "/audit/verify")
        assert answer.status_code == 303 and answer.headers["location"] == "/audit", answer.text

    def proof(self, api):
        """What the page says of the chain, as text, and whether it offers to verify."""
        answer = self.request(api, "GET", "/audit")
        assert answer.status_code == 200, answer.text
        form = re.search(r'<form class="proof .*?</form>', answer.text, re.DOTALL).group(0)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", form)).strip(), "Verify now" in form

    def wait_for(self, api, word):
        """What the page says once it says that."""
        return wait_until(lambda: (said := self.proof(api)[0]).startswith(word) and said, f"the page to say {word}", 60)

    def standing(self):
        """The row of the last verification: when it was asked for, whether it has ended, entries, and the first break."""
        rows = self.database.rows(
            "select requested_at, finished_at >= requested_at, entries, break_seq from audit_verification where tenant_id = %s",
            int(self.house.id),
        )
        return rows[0] if rows else None


def count_of(said):
    """The entries that the page says were verified."""
    return int(re.search(r"([\d,.\u202f\u00a0 ]+) entries verified", said).group(1).translate(dict.fromkeys(map(ord, ",. \u202f\u00a0"))))


def test_a_worker_verifies_a_long_log(own_database):
    """Intact, altered, and put right again; the command says the same."""
    with adopted(API(own_database)) as api:
        auditor = Auditor(api)
        auditor.fill(MOST_AT_ONCE + 1)
        auditor.verify(api)
        # nobody does it yet
        said, offered = auditor.proof(api)
        assert said.startswith("Being verified") and not offered
        assert own_database.value("select count(*) from job where kind = 'audit_verification' and tenant_id = %s", int(auditor.house.id)) == 1
        with adopted(Worker(own_database)) as worker:
            said = auditor.wait_for(api, "Intact")
            assert count_of(said) > MOST_AT_ONCE and auditor.proof(api)[1]
            assert auditor.log.assert_intact()["entries"] >= count_of(said)
            seq = MOST_AT_ONCE // 2
            auditor.log.alter(f"update audit_log set path = path || 'x' where tenant_id = :tenant and seq = {seq}")
            auditor.verify(api)
            said = auditor.wait_for(api, "Altered")
            assert f"The first break is at entry {seq}" in said and "which was changed" in said, said
            assert auditor.log.verify()["first_break"]["seq"] == seq and auditor.proof(api)[1]
            auditor.log.alter(f"update audit_log set path = left(path, -1) where tenant_id = :tenant and seq = {seq}")
            auditor.verify(api)
            auditor.wait_for(api, "Intact")
            assert own_database.value("select count(*) from job where kind = 'audit_verification'") == 0
            assert worker.stop() == 0
        assert api.stop() == 0


@pytest.mark.parametrize("ending", ["goes on", "dies"])
def test_one_at_a_time(own_database, ending):
    """While one process verifies a log, another begins no second time; one that died does not stand in the way for ever."""
    with adopted(API(own_database)) as first, adopted(API(own_database)) as second:
        auditor = Auditor(first)
        auditor.fill(MOST_AT_ONCE - 1000)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            begun = pool.submit(auditor.request, first, "POST", "/audit/verify")
            wait_until(auditor.standing, "the verification to begin", 20, interval=0.002)
            first.signal(signal.SIGSTOP)
            requested, has_ended, *_ = auditor.standing()
            assert not has_ended, "it was over before it could be held"
            for _ in range(3):
                auditor.verify(second)
                said, offered = auditor.proof(second)
                assert said.startswith("Being verified") and not offered, said
                # the first one's it is, and it has not ended
                assert auditor.standing()[:2] == (requested, None)
            if ending == "dies":
                first.kill()
                with pytest.raises(httpx.TransportError):
                    begun.result(60)
            else:
                first.signal(signal.SIGCONT)
                assert begun.result(60).status_code == 303
        if ending == "dies":
            move_clock(own_database, second, "5 minutes")
            # nothing is known, and it can be asked for again
            said, offered = auditor.proof(second)
            assert said.startswith("Not verified yet") and offered, said
        else:
            assert auditor.standing()[:2] == (requested, True)
            auditor.wait_for(second, "Intact")
        auditor.verify(second)
        assert auditor.proof(second)[0].startswith("Intact")
        assert auditor.standing()[0] > requested
        assert [process.stop() for process in (first, second) if process.process.poll() is None] == [0] * (1 if ending == "dies" else 2)
