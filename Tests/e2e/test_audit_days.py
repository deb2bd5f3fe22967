"""The days of the audit log: signed when they are over, archived and dropped after their retention, brought back when asked."""

import datetime
import hashlib
import json
import os
import shutil
import subprocess

import pytest

from harness.audit import Log, every_result, public_keys, record, verify_lines
from harness.people import House, Visitor
from harness.program import ENCRYPTION_KEYS, API, Worker, run, run_json
from harness.waiting import wait_until

NEW_KEY = "k2:" + "QUFB" * 10 + "QUE="
RETENTION = {"CALLTRAIL_AUDIT_RETENTION_DAYS": "3"}


class Days:
    """A tenant whose clock is moved from day to day, with a worker of its own settings."""

    def __init__(self, database, archive=None):
        self.database, self.offset = database, 0
        self.settings = {**RETENTION, **({"CALLTRAIL_ARCHIVE_DIR": str(archive)} if archive else {})}
        self.api = API(database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32", **RETENTION)
        self.worker = None
        self.house = House(self.api)
        self.log = Log(database, self.house.id)
        self.program = Visitor(self.api, self.house.key("audit:write", "audit:read")["key"])
        self.ids = {}

    def today(self):
        """The day by the moved clock."""
        return self.database.value("select (app_now() at time zone 'UTC')::date")

    def write(self, count=5):
        """Records entries of today."""
        made = record(self.program, [{"code": "ABB-0020", "value": f"of {self.today()}"} for _ in range(count)])
        self.ids.setdefault(self.today(), []).extend(made["ids"])

    def move(self, days):
        """Moves the clock on."""
        self.offset += days
        noticed = self.api.output.count("the clock offset changed")
        self.database.execute(f"alter database {self.database.name} set calltrail.clock_offset = '{self.offset} days'")
        wait_until(lambda: self.api.output.count("the clock offset changed") > noticed, "the moved clock to be noticed", 10)

    def days(self, count):
        """Writes on some days, one after the other; ends on the day after the last."""
        for _ in range(count):
            self.write()
            self.log.wait_until_quiet()
            self.move(1)

    def work(self, until, what, **settings):
        """Lets a worker work until something is so."""
        # what is scheduled is due whenever the test asks
        self.database.execute("update job set run_at = app_now() - interval '1 s' where kind like 'audit%' and state = 'waiting'")
        worker = Worker(self.database, **{**self.settings, **settings})
        try:
            wait_until(until, what, 20, interval=0.1)
            return worker.output
        except AssertionError as error:
            raise AssertionError(f"{error}; the job: {outcome_of(self)}; the log: {worker.output[-3000:]}") from None
        finally:
            worker.kill()

    def leaves(self):
        """The days that the live log has."""
        rows = self.database.rows(
            "select to_date(right(c.relname, 8), 'YYYYMMDD') from pg_inherits i join pg_class c on c.oid = i.inhrelid "
            "where i.inhparent = 'audit_log'::regclass order by 1"
        )
        return [row[0] for row in rows]

    def past(self):
        """Those before the oldest that is kept."""
        return [day for day in self.leaves() if day < self.first_kept()]

    def first_kept(self):
        """The oldest day that is kept."""
        return self.today() - datetime.timedelta(days=3)

    def checkpoints(self):
        """The days that are signed."""
        return [row[0] for row in self.database.rows("select day from audit_checkpoint where tenant_id = %s order by first_seq", self.house.id)]

    def drop(self, **settings):
        """Lets a worker drop what is due."""
        return self.work(lambda: not self.past(), "days to be dropped", **settings)

    def command(self, *arguments, check=True, **settings):
        """An audit command with the settings of the worker."""
        return run("audit", *arguments, database=self.database, check=check, **{**self.settings, **settings})

    def close(self):
        """Ends the api."""
        if self.api.process.poll() is None:
            self.api.kill()


@pytest.fixture
def start_days(own_database):
    """Starts a tenant with a clock of its own."""
    started = []

    def start(*arguments):
        started.append(Days(own_database, *arguments))
        return started[-1]

    yield start
    for days in started:
        days.close()


@pytest.fixture
def archive(tmp_path):
    """A directory for archives."""
    path = tmp_path / "archive"
    path.mkdir()
    return path


def restored(days, **filters):
    """The ids that a search with what was brought back finds, oldest first."""
    return [entry["id"] for entry in reversed(every_result(days.program, restored="true", code="ABB-0020", **filters))]


def test_signing(start_days):
    days = start_days()
    days.days(2)
    first, second = days.today() - datetime.timedelta(days=2), days.today() - datetime.timedelta(days=1)
    days.work(lambda: days.checkpoints() == [first, second], "two days to be signed")
    days.write()
    # once more signs nothing twice, and nothing of today
    days.move(1)
    days.work(lambda: len(days.checkpoints()) == 3, "the third day to be signed")
    assert days.checkpoints() == sorted(set(days.checkpoints()))
    verdict = days.log.assert_intact(**RETENTION)
    assert verdict["checkpoints"] == 3 and verdict["covered_through"] == str(days.today() - datetime.timedelta(days=1))


def test_an_altered_day_is_not_signed(start_days):
    days = start_days()
    days.days(1)
    days.log.alter("update audit_log set value = 'made up' where tenant_id = :tenant and value like 'of %'")
    other = House(days.api)
    days.move(1)
    signed = "select count(*) from audit_checkpoint where tenant_id = %s"
    days.work(lambda: days.database.value(signed, other.id), "another tenant's day to be signed")
    assert days.checkpoints() == []
    assert days.log.verify(**RETENTION)["first_break"]["kind"] == "changed"


def test_dropping_without_an_archive(start_days):
    days = start_days()
    days.days(6)
    kept = days.first_kept()
    days.drop()
    assert min(days.leaves()) == kept
    assert days.database.value("select count(*) from pg_class where relname like 'audit_log_2%%' and relname < %s", f"audit_log_{kept:%Y%m%d}") == 0
    # calls are kept as long as ever
    oldest = days.database.value("select min(right(inhrelid::regclass::text, 8)) from pg_inherits where inhparent = 'call_log'::regclass")
    assert oldest < f"{kept:%Y%m%d}"
    # checkpoints outlive their days, and the chain verifies over them
    assert len(days.checkpoints()) >= 3 and min(days.checkpoints()) < kept
    verdict = days.log.assert_intact(**RETENTION)
    assert verdict["dropped_entries"] == days.database.value("select min(seq) - 1 from audit_log where tenant_id = %s", days.house.id)
    # whoever says that they should still be there misses them
    assert days.log.verify(CALLTRAIL_AUDIT_RETENTION_DAYS="300")["first_break"]["kind"] == "missing"
    found = {entry["id"] for entry in every_result(days.program, code="ABB-0020")}
    assert found == {id for day, ids in days.ids.items() if day >= kept for id in ids if id in found} and found


def test_archiving_and_coming_back(start_days, archive):
    days = start_days(archive)
    days.days(6)
    due = sorted(day for day in days.ids if day < days.first_kept())
    assert due
    counts = {day: len(days.log.rows("occurred_at >= %s and occurred_at < %s", day, day + datetime.timedelta(days=1))) for day in due}
    before = {day: days.log.rows("occurred_at >= %s and occurred_at < %s", day, day + datetime.timedelta(days=1)) for day in due}
    days.drop()
    for day in due:
        manifest = json.loads((archive / f"audit-{day:%Y%m%d}.manifest.json").read_text())
        file = archive / manifest["file"]
        content = file.read_bytes()
        assert (manifest["day"], manifest["entries"], manifest["tenants"]) == (str(day), counts[day], 1)
        assert manifest["bytes"] == len(content) and manifest["sha256"] == hashlib.sha256(content).hexdigest()
        assert not file.stat().st_mode & 0o077, "others may read the archive"
        if shutil.which("zstd"):
            text = subprocess.run(["zstd", "-d", "-c", str(file)], capture_output=True, check=True).stdout.decode()
            entries = [line for line in map(json.loads, text.splitlines()) if line["type"] == "entry"]
            assert [entry["id"] for entry in entries] == [row["audit_id"] for row in before[day]]
    assert not [path for path in archive.iterdir() if path.name.endswith("part")]

    # the oldest day that is there ends with the retention, amid the day; whoever asks for what is older gets the whole of it
    live, shown = restored(days), [entry["id"] for entry in every_result(days.program, code="ABB-0020")]
    assert live[-len(shown) :] == shown[::-1] and shown
    day = due[0]
    assert json.loads(days.command("restore", "--day", str(day)).stdout) == {"day": str(day), "restored": counts[day]}
    assert restored(days) == days.ids[day] + live
    for limit in (1, 3, 500):
        assert restored(days, limit=limit) == days.ids[day] + live
    # only when asked, and marked
    assert [entry["id"] for entry in every_result(days.program, code="ABB-0020")] == shown
    entries = every_result(days.program, code="ABB-0020", restored="true")
    assert [entry["id"] for entry in entries if (entry["data"] or {}).get("restored")] == days.ids[day][::-1]
    stranger = House(days.api)
    assert not any((entry["data"] or {}).get("restored") for entry in every_result(stranger.owner, restored="true"))
    # again changes nothing; the live chain is what it was
    assert json.loads(days.command("restore", "--day", str(day)).stdout)["restored"] == 0
    days.log.assert_intact(**RETENTION)
    columns = "row_to_json(r)"
    rows = [row[0] for row in days.database.rows(f"select {columns} from audit_restored r where tenant_id = %s order by seq", days.house.id)]
    assert rows == before[day]

    assert json.loads(days.command("forget", "--day", str(day)).stdout)["removed"] == counts[day]
    assert restored(days) == live
    assert json.loads(days.command("forget", "--day", str(day)).stdout)["removed"] == 0


def refused(days, day, *words, **settings):
    """A restore that is refused, with nothing brought back."""
    outcome = days.command("restore", "--day", str(day), check=False, **settings)
    assert outcome.returncode != 0 and outcome.stdout == "" and "Fatal error" not in outcome.stderr
    for word in words:
        assert word in outcome.stderr, outcome.stderr
    assert days.database.value("select count(*) from audit_restored") == 0


def test_damaged_archives(start_days, archive):
    days = start_days(archive)
    days.days(5)
    day = min(days.ids)
    days.drop()
    file, manifest_file = archive / f"audit-{day:%Y%m%d}.ndjson.zst", archive / f"audit-{day:%Y%m%d}.manifest.json"
    content, manifest = file.read_bytes(), manifest_file.read_text()
    middle = len(content) // 2
    for damaged in (content[:middle], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], b"", content + b"x", content * 2):
        file.write_bytes(damaged)
        refused(days, day, "manifest")
        # with a manifest that says so as well: then it is no zstd, or the chain does not fit
        changed = json.loads(manifest) | {"bytes": len(damaged), "sha256": hashlib.sha256(damaged).hexdigest()}
        manifest_file.write_text(json.dumps(changed))
        refused(days, day)
        manifest_file.write_text(manifest)
    file.write_bytes(content)
    for bad in ("{}", "nonsense", manifest.replace('"entries" : ', '"entries" : 1')):
        manifest_file.write_text(bad)
        refused(days, day)
    manifest_file.write_text(manifest)
    if shutil.which("zstd"):
        text = subprocess.run(["zstd", "-d", "-c", str(file)], capture_output=True, check=True).stdout.decode()
        lines = text.splitlines(keepends=True)
        entry = next(number for number, line in enumerate(lines) if '"entry"' in line)
        for altered in (
            lines[: entry + 1] + [lines[entry + 1].replace('"ABB-0020"', '"ABB-0030"').replace('"ABA-0010"', '"ABA-0020"')] + lines[entry + 2 :],
            lines[: entry + 1] + lines[entry + 2 :],
            lines[entry:],
            lines[:entry],
        ):
            packed = subprocess.run(["zstd", "-c"], input="".join(altered).encode(), capture_output=True, check=True).stdout
            file.write_bytes(packed)
            count = sum('"entry"' in line for line in altered)
            changed = {"bytes": len(packed), "sha256": hashlib.sha256(packed).hexdigest(), "entries": count}
            manifest_file.write_text(json.dumps(json.loads(manifest) | changed))
            refused(days, day)
        file.write_bytes(content)
        manifest_file.write_text(manifest)
    file.rename(str(file) + ".away")
    refused(days, day)
    refused(days, "2020-01-01", "no archive")
    assert days.command("restore", "--day", "yesterday", check=False).returncode != 0
    os.rename(str(file) + ".away", file)
    refused(days, day, "signed", CALLTRAIL_ENCRYPTION_KEYS="k9:" + "QUFB" * 10 + "QUE=")
    assert json.loads(days.command("restore", "--day", str(day)).stdout)["restored"] > 0


def outcome_of(days):
    """What the retention job said last."""
    return json.dumps(
        [row[0] for row in days.database.rows("select row_to_json(h) from job_history h where kind = 'audit_retention' order by job_id desc limit 3")]
        + [row[0] for row in days.database.rows("select row_to_json(j) from job j where kind = 'audit_retention'")]
    )


def test_an_archive_that_can_not_be_written(start_days, archive, tmp_path):
    days = start_days(archive)
    days.days(5)
    due = days.past()
    # no directory can be made under a file
    (tmp_path / "file").write_text("")
    directory = str(tmp_path / "file" / "archive")
    output = days.work(lambda: directory in outcome_of(days), "the job to say why", CALLTRAIL_ARCHIVE_DIR=directory)
    assert f"can't be written to {directory}" in outcome_of(days)
    assert days.past() == due and "Fatal error" not in output
    days.log.assert_intact(**RETENTION)
    # and when it can, it is done
    days.drop()
    assert list(archive.glob("*.manifest.json"))


def test_an_archive_of_another_installation(start_days, archive):
    """Two installations that share a directory by mistake: no day goes that was not archived."""
    days = start_days(archive)
    days.days(5)
    due = days.past()
    day = min(day for day in due if day in days.ids)
    content = b"of somebody else"
    manifest = {
        "day": str(day), "file": f"audit-{day:%Y%m%d}.ndjson.zst", "bytes": len(content), "entries": 1, "tenants": 1,
        "sha256": hashlib.sha256(content).hexdigest(), "created_at": "2026-11-20T00:00:00Z",
    }  # fmt: skip
    (archive / manifest["file"]).write_bytes(content)
    (archive / f"audit-{day:%Y%m%d}.manifest.json").write_text(json.dumps(manifest))
    days.work(lambda: days.past() == [day], "the other days to be dropped")
    assert (archive / manifest["file"]).read_bytes() == content
    assert str(day) in outcome_of(days)
    days.log.assert_intact(**RETENTION)
    for file in archive.glob(f"audit-{day:%Y%m%d}*"):
        file.unlink()
    days.drop()
    assert json.loads(days.command("restore", "--day", str(day)).stdout)["restored"] >= 5


def test_rotating_the_keys(start_days, archive):
    """Checkpoints are signed anew; old exports and archives verify with the key of their time."""
    days = start_days(archive)
    days.days(5)
    days.drop()
    day = min(days.ids)
    new, both, (old_key,) = NEW_KEY, f"{NEW_KEY},{ENCRYPTION_KEYS}", public_keys()
    before = days.log.export()
    signed = len(days.checkpoints())
    assert not days.log.verify(CALLTRAIL_ENCRYPTION_KEYS=new, **RETENTION)["intact"]
    answer = run_json("encryption", "rotate", database=days.database, CALLTRAIL_ENCRYPTION_KEYS=both)
    assert answer["checkpoints"] == signed
    assert run_json("encryption", "rotate", database=days.database, CALLTRAIL_ENCRYPTION_KEYS=both)["checkpoints"] == 0
    days.log.assert_intact(CALLTRAIL_ENCRYPTION_KEYS=new, **RETENTION)
    days.log.assert_intact(CALLTRAIL_ENCRYPTION_KEYS=both, **RETENTION)
    assert not days.log.verify(**RETENTION)["intact"]
    (new_key,) = public_keys(CALLTRAIL_ENCRYPTION_KEYS=new)
    assert public_keys(CALLTRAIL_ENCRYPTION_KEYS=both) == [new_key, old_key]
    # the days that were dropped stand in their checkpoints
    kept = ["--kept-from", str(days.first_kept())]
    for lines, key, other in ((before, old_key, new_key), (days.log.export(), new_key, old_key)):
        text = "".join(line + "\n" for line in lines)
        outcome = run("audit", "verify", "--file", "-", "--public-key", key, *kept, stdin=text, check=False)
        assert outcome.returncode == 0, outcome.stdout
        assert run("audit", "verify", "--file", "-", "--public-key", other, *kept, stdin=text, check=False).returncode == 1
        assert verify_lines(lines, key)["first_break"]["kind"] == "missing"
    # an archive from before, when the old key is gone
    refused(days, day, "signed", CALLTRAIL_ENCRYPTION_KEYS=new)
    answer = days.command("restore", "--day", str(day), "--public-key", old_key, CALLTRAIL_ENCRYPTION_KEYS=new)
    assert json.loads(answer.stdout)["restored"] > 0


def test_a_forged_checkpoint_is_not_signed_anew(start_days):
    days = start_days()
    days.days(3)
    days.work(lambda: len(days.checkpoints()) == 3, "three days to be signed")
    days.log.alter("update audit_checkpoint set last_hash = sha256('x') where tenant_id = :tenant and first_seq = 1")
    both = f"{NEW_KEY},{ENCRYPTION_KEYS}"
    answer = run_json("encryption", "rotate", database=days.database, CALLTRAIL_ENCRYPTION_KEYS=both)
    assert answer["checkpoints"] == 2
    assert days.log.verify(CALLTRAIL_ENCRYPTION_KEYS=both, **RETENTION)["first_break"]["kind"] == "checkpoint_forged"
