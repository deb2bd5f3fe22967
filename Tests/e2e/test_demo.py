"""The demo stands by itself: a cluster of its own, realistic calls, mails about them, and data that stay."""

import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness.client import Client, ago
from harness.people import Visitor, all_mails
from harness.program import BINARY, environment, run
from harness.waiting import free_port, wait_until


@pytest.fixture
def directory():
    """A directory that the cluster's user can come to."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="calltrail-e2e-demo.", dir="/tmp"))
    path.chmod(0o755)
    yield path
    # only where the test failed
    for file in path.rglob("postmaster.pid"):
        os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)
    shutil.rmtree(path, ignore_errors=True)


def servers(directory):
    """PostgreSQL servers that run in a directory."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(directory) in line and "postgres" in line.split()[0]]


def assert_people_are_told(client, directory):
    """A login of each role works, and the owner got one mail about each bot that failed within a day."""
    log = (directory / "log").read_text()
    emails = re.search(r"logins\s+(.+)", log).group(1).split(", ")
    password = re.search(r"their password\s+(\S+)", log).group(1)
    people = {}
    for email in emails:
        person = Visitor(str(client.http.base_url)).sign_in(email, password)
        people[person.user["role"]] = person
    assert set(people) == {"owner", "supervisor", "bot_builder", "agent"}
    owner = people["owner"].user["email"]
    failed = {item["bot"]["id"] for item in client.all(status="error", from_=ago(hours=23))}

    def told():
        lines = people["owner"].get("/v1/notifications?limit=500&state=sent").json()["data"]
        return collections.Counter(line["bot_id"] for line in lines if line["recipient"] == owner)

    wait_until(lambda: failed <= set(told()), "a mail about each bot that failed", 20)
    assert set(told().values()) <= {1}
    outbox = pathlib.Path(re.search(r"mails go to\s+(\S+)", log).group(1))
    assert {mail["To"] for mail in all_mails(outbox)} <= {owner}
    assert len(all_mails(outbox)) >= len(failed)


def test_demo(directory):
    port = free_port()
    settings = dict(
        CALLTRAIL_LISTEN=f"127.0.0.1:{port}",
        CALLTRAIL_METRICS_LISTEN=f"127.0.0.1:{free_port()}",
        CALLTRAIL_ENCRYPTION_KEYS=None,
    )
    words = ["demo", "--directory", str(directory / "home"), "--calls", "2000"]

    first = run(*words, "--once", **settings)
    assert "found it" in first.stderr
    sent = int(re.search(r"sent (\d+) calls of the last 30 days", first.stderr).group(1))
    assert 1500 < sent <= 2000
    assert servers(directory) == []

    # without --once it serves until Ctrl-C, with the data of before
    log = (directory / "log").open("w+")
    demo = subprocess.Popen(
        [BINARY, *words], env=environment(**settings), stdout=log, stderr=log, stdin=subprocess.DEVNULL
    )
    try:

        def read_key():
            assert demo.poll() is None, (directory / "log").read_text()
            found = re.search(r"a key that reads\s+(ct_live_\w+)", (directory / "log").read_text())
            return found and found.group(1)

        client = Client(f"http://127.0.0.1:{port}", read_key=wait_until(read_key, "the demo's keys to be shown", 30))
        found = client.all()
        assert len(found) >= sent + 1
        assert "calls of the last 30 days" not in (directory / "log").read_text()
        assert {item["status"] for item in found} == {"success", "error"}
        assert len({item["application"] for item in found}) >= 8
        assert len(client.get("/v1/bots").json()["data"]) > 1
        wait_until(lambda: len(client.all()) > len(found), "a live call", 15, interval=0.3)
        assert_people_are_told(client, directory)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
        log.close()
    assert servers(directory) == []
