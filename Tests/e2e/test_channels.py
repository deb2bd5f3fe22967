"""Webhooks and Slack: what is shown of them, how messages are signed, and what becomes of those that are not taken."""

import base64
import itertools
import re

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from harness.client import assert_problem, entry
from harness.hooks import HookServer
from harness.people import House, Visitor, move_clock
from harness.program import API, Process, run
from harness.waiting import free_port, wait_until

CHANNELS = "/v1/notification-channels"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def hooks():
    with HookServer() as server:
        yield server


def start_worker(database, **settings):
    return Process("worker", database, CALLTRAIL_METRICS_LISTEN=f"127.0.0.1:{free_port()}", **settings)


def start_scene(database, outbox, worker_may="127.0.0.1"):
    """An api and a worker that may call this machine."""
    own = {"CALLTRAIL_TRUSTED_PROXIES": "127.0.0.1/32", "CALLTRAIL_OUTBOX_DIR": str(outbox)}
    api = API(database, CALLTRAIL_EGRESS_ALLOW="127.0.0.1/32", **own)
    return api, start_worker(database, CALLTRAIL_EGRESS_ALLOW=worker_may, **own)


@pytest.fixture(scope="module")
def api(server, migrated, tmp_path_factory):
    """An api whose worker may call this machine, with a database of the file's own."""
    database = server.create_database("calltrail_channels", template=migrated.name)
    api, worker = start_scene(database, tmp_path_factory.mktemp("outbox"))
    yield api
    assert [worker.stop(), api.stop()] == [0, 0]
    database.drop()


@pytest.fixture(scope="module")
def house(api):
    return House(api)


@pytest.fixture
def scene(own_database, tmp_path):
    """Starts an api and its worker with a database of the test's own, whose clock may be moved."""
    started = []

    def start(**options):
        started[:] = start_scene(own_database, tmp_path / "outbox", **options)
        return House(started[0])

    yield start
    for process in started:
        if process.process.poll() is None:
            process.kill()


def make(house, url, kind="webhook", name=None, events=("first_error", "reauthorise")):
    """Makes a channel; returns the answer's body."""
    body = {"kind": kind, "name": name or f"Channel {next(_numbers)}", "url": url, "events": list(events)}
    answer = house.owner.post(CHANNELS, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def find(house, id):
    """A channel as it is listed."""
    return next(item for item in house.owner.get(f"{CHANNELS}?limit=500").json()["data"] if item["id"] == id)


def ask_for_test(house, channel):
    """Asks for a test; returns the notification's id."""
    answer = house.owner.post(f"{CHANNELS}/{channel['id']}/test")
    assert answer.status_code == 202, answer.text
    return answer.json()["notification_id"]


def line(house, notification):
    """A line of the ledger."""
    lines = house.owner.get("/v1/notifications?limit=500").json()["data"]
    return next(line for line in lines if line["id"] == notification)


def wait_for_state(house, notification, state, seconds=20):
    """The line of the ledger, once it has a state."""
    wait_until(lambda: line(house, notification)["state"] == state, f"{notification} to be {state}", seconds)
    return line(house, notification)


def is_signed(post, secret):
    """Whether a post is signed with a secret."""
    try:
        Webhook(secret).verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return True


def test_secrets_are_shown_once(house):
    channel = make(house, "https://hooks.example.com:8443/T0/hidden?token=hidden")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", channel["secret"])
    assert len(base64.b64decode(channel["secret"][6:])) == 32
    assert channel["origin"] == "https://hooks.example.com:8443"
    assert channel["enabled"] and channel["failures"] == 0 and channel["created_by"] == house.owner_id
    slack = make(house, "https://hooks.slack.com/services/T0/B0/hidden", kind="slack")
    assert slack["secret"] is None and slack["origin"] == "https://hooks.slack.com"
    for answer in (
        house.owner.get(CHANNELS),
        house.owner.patch(f"{CHANNELS}/{channel['id']}", {"name": "Renamed"}),
        house.owner.patch(f"{CHANNELS}/{slack['id']}", {"url": "https://hooks.slack.com/services/hidden"}),
    ):
        assert answer.status_code == 200
        assert "hidden" not in answer.text and "whsec" not in answer.text and '"url"' not in answer.text
    dump = house.api.database.rows("select row_to_json(c)::text, sealed_url from notification_channel c")
    assert not any("hidden" in text or b"hidden" in bytes(sealed) for text, sealed in dump)
    assert "hidden" not in house.api.output


def test_messages_are_signed(house, hooks):
    channel = make(house, f"{hooks.url}/signed?x=1", name="Signed")
    notification = ask_for_test(house, channel)
    post = hooks.wait_for("/signed?x=1")
    assert is_signed(post, channel["secret"])
    assert post.headers["content-type"] == "application/json"
    assert post.headers["webhook-id"] == notification
    message = post.json()
    assert message["type"] == "test"
    assert message["data"] == {"channel_name": "Signed", "requested_by": house.owner_email}
    sent = wait_for_state(house, notification, "sent")
    assert (sent["event"], sent["channel"], sent["recipient"]) == ("test", "webhook", "Signed")
    assert sent["sent_at"] and sent["attempts"] == 1 and sent["message_id"] == notification
    wait_until(lambda: find(house, channel["id"])["last_ok_at"], "the channel to know")

    answer = house.owner.post(f"{CHANNELS}/{channel['id']}/rotate-secret")
    assert answer.status_code == 200 and answer.json()["id"] == channel["id"]
    ask_for_test(house, channel)
    post = hooks.wait_for("/signed?x=1", 2)
    assert is_signed(post, answer.json()["secret"]) and not is_signed(post, channel["secret"])


def test_first_error_reaches_the_channels(api, hooks):
    house = House(api)
    webhook = make(house, f"{hooks.url}/errors", events=["first_error"])
    make(house, f"{hooks.url}/chat", kind="slack", events=["first_error"])
    make(house, f"{hooks.url}/others", events=["reauthorise"])
    writer = Visitor(api, house.key("call_logs:write")["key"])
    bot = {"id": "loud-bot", "name": "<!channel> & <https://evil.example|friends>"}
    for _ in range(2):
        assert writer.post("/v1/call-logs", entry(bot=bot, status_code=503)).status_code == 200
    post = hooks.wait_for("/errors")
    assert is_signed(post, webhook["secret"])
    message = post.json()
    assert message["type"] == "bot.first_error"
    assert message["data"]["bot_id"] == "loud-bot" and message["data"]["bot_name"] == bot["name"]
    assert message["data"]["status_code"] == 503 and message["data"]["entry_url"]
    text = hooks.wait_for("/chat").body.decode()
    assert "<!" not in text and "<https://evil" not in text
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|friends&gt;" in text
    assert len(hooks.posts("/errors")) == 1 and not hooks.posts("/others")


def test_gone_disables(house, hooks):
    channel = make(house, f"{hooks.url}/gone")
    hooks.will_answer("/gone", 410)
    dead = wait_for_state(house, ask_for_test(house, channel), "dead")
    assert "410" in dead["reason"]
    disabled = find(house, channel["id"])
    assert not disabled["enabled"] and disabled["disabled_at"] and "410" in disabled["disabled_reason"]
    answer = house.owner.patch(f"{CHANNELS}/{channel['id']}", {"enabled": True})
    assert answer.json()["enabled"] and answer.json()["disabled_reason"] is None and answer.json()["failures"] == 0
    wait_for_state(house, ask_for_test(house, channel), "sent")


@pytest.mark.parametrize("status", [400, 401, 404])
def test_refusals_are_final(house, hooks, status):
    channel = make(house, f"{hooks.url}/refused/{status}")
    hooks.will_answer(f"/refused/{status}", status)
    dead = wait_for_state(house, ask_for_test(house, channel), "dead")
    assert str(status) in dead["reason"] and dead["attempts"] == 1
    refused = find(house, channel["id"])
    assert refused["enabled"] and refused["failures"] == 1


def test_redirects_are_not_followed(house, hooks):
    channel = make(house, f"{hooks.url}/moved")
    hooks.will_answer("/moved", 307, Location=f"{hooks.url}/secret")
    assert "redirect" in wait_for_state(house, ask_for_test(house, channel), "dead")["reason"]
    assert not hooks.posts("/secret")


def test_failures_are_tried_again(scene, hooks):
    house = scene()
    channel = make(house, f"{hooks.url}/again")
    hooks.will_answer("/again", 500, 503)
    notification = ask_for_test(house, channel)
    for number, state in ((1, "queued"), (2, "queued"), (3, "sent")):
        post = hooks.wait_for("/again", number)
        assert post.headers["webhook-id"] == notification and is_signed(post, channel["secret"])
        told = wait_for_state(house, notification, state)
        assert told["attempts"] == number
        if state == "queued":
            assert find(house, channel["id"])["failures"] == number
            move_clock(house.api.database, house.api, f"{number} hours")
    assert len({post.body for post in hooks.posts("/again")}) == 1
    wait_until(lambda: find(house, channel["id"])["failures"] == 0, "the channel to know")


def test_private_addresses_are_refused(scene, people_api, hooks):
    """At once where the address stands in the URL, and at delivery in any case."""
    house = House(people_api)
    texts = (
        "http://127.0.0.1/x http://10.0.0.1:8080/ https://169.254.169.254/latest/ http://[::1]/ http://0/ "
        "http://127.1/ http://localhost:8080/ http://2130706433/ http://[::ffff:127.0.0.1]/ ftp://example.com/ "
        "http://user@example.com/ http://example.com:99999/ example.com http://"
    )
    for url in texts.split():
        body = {"kind": "webhook", "name": "Private", "url": url, "events": ["first_error"]}
        problem = assert_problem(house.owner.post(CHANNELS, body), 400, "invalid_parameter")
        assert [error["pointer"] for error in problem["errors"]] == ["/url"], url
    channel = make(house, "https://hooks.example.com/")
    problem = assert_problem(
        house.owner.patch(f"{CHANNELS}/{channel['id']}", {"url": "http://127.0.0.1/"}), 400, "invalid_parameter"
    )
    assert problem["errors"][0]["pointer"] == "/url"

    # this api allows what its worker does not
    house = scene(worker_may="10.0.0.0/8")
    channel = make(house, f"{hooks.url}/private")
    dead = wait_for_state(house, ask_for_test(house, channel), "dead")
    assert dead["reason"] == "the address 127.0.0.1 must not be reached"
    assert not hooks.posts("/private")


def test_bad_bodies(house):
    good = {"kind": "webhook", "name": "Bad", "url": "https://hooks.example.com/", "events": ["first_error"]}
    bad = {
        "kind": ["mail", None, 7],
        "name": ["", "x" * 201, "a\nb", None, 7],
        "url": [None, 7, ""],
        "events": [[], ["test"], "first_error", None],
        "secret": ["whsec_x"],
    }
    for member, value in ((member, value) for member, values in bad.items() for value in values):
        problem = assert_problem(house.owner.post(CHANNELS, good | {member: value}), 400, "invalid_parameter")
        assert {error["pointer"] for error in problem["errors"]} == {"/" + member}, (member, value)
        assert len(problem["errors"]) == 1
    channel = make(house, "https://hooks.example.com/")
    for body in ({"kind": "slack"}, {"enabled": "yes"}, {"events": []}, {"name": ""}):
        assert_problem(house.owner.patch(f"{CHANNELS}/{channel['id']}", body), 400, "invalid_parameter")
    slack = make(house, "https://hooks.slack.com/services/x", kind="slack")
    assert_problem(house.owner.post(f"{CHANNELS}/{slack['id']}/rotate-secret"), 409, "conflict")
    assert house.owner.delete(f"{CHANNELS}/{slack['id']}").status_code == 204
    assert_problem(house.owner.delete(f"{CHANNELS}/{slack['id']}"), 404, "not_found")
    assert_problem(house.owner.post(f"{CHANNELS}/{slack['id']}/test"), 404, "not_found")


def test_names_and_numbers_are_limited(api):
    house = House(api)
    made = [make(house, "https://hooks.example.com/", name=f"Hook {number}") for number in range(20)]
    body = {"kind": "slack", "name": "Hook 20", "url": "https://hooks.slack.com/x", "events": ["first_error"]}
    assert "20" in assert_problem(house.owner.post(CHANNELS, body), 409, "conflict")["detail"]
    assert house.owner.delete(f"{CHANNELS}/{made[0]['id']}").status_code == 204
    assert_problem(house.owner.post(CHANNELS, body | {"name": "Hook 1"}), 409, "conflict")
    assert_problem(house.owner.patch(f"{CHANNELS}/{made[2]['id']}", {"name": "Hook 1"}), 409, "conflict")
    seen, cursor = [], ""
    while cursor is not None:
        page = house.owner.get(f"{CHANNELS}?limit=8{cursor and '&cursor=' + cursor}").json()
        seen += [item["id"] for item in page["data"]]
        cursor = page["pagination"]["next"]
    assert seen == [channel["id"] for channel in reversed(made[1:])]


def key(id, byte):
    return f"{id}:" + base64.b64encode(byte * 32).decode()


@pytest.mark.parametrize("command", ["api", "worker"])
def test_another_key_of_the_same_name_is_refused(own_database, start_api, command):
    assert start_api(own_database, CALLTRAIL_ENCRYPTION_KEYS=key("k1", b"a")).stop() == 0
    settings = {
        "CALLTRAIL_LISTEN": f"127.0.0.1:{free_port()}",
        "CALLTRAIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
    }
    for keys in (key("k1", b"b"), key("k2", b"c") + "," + key("k1", b"b")):
        outcome = run(command, database=own_database, check=False, CALLTRAIL_ENCRYPTION_KEYS=keys, **settings)
        assert outcome.returncode != 0
        assert "the encryption key k1 is not the one this database was written with" in outcome.stderr + outcome.stdout
    both = key("k2", b"c") + "," + key("k1", b"a")
    assert start_api(own_database, CALLTRAIL_ENCRYPTION_KEYS=both).stop() == 0
