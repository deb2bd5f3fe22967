"""The keys that secrets are sealed under: a wrong one starts nothing, and another one takes over."""

import base64
import json

import pytest

from harness.client import assert_problem
from harness.connections import Office, connected_scene, dump_of, found_secrets
from harness.program import ENCRYPTION_KEYS, Process, run


def key(id, byte):
    """A key as the setting has it."""
    return f"{id}:{base64.b64encode(byte * 32).decode()}"


OLD, NEW, WRONG = ENCRYPTION_KEYS, key("k2", b"n"), key("k1", b"w")


@pytest.fixture
def connected(server, migrated, tmp_path):
    """An api and a provider of the test's own."""
    with connected_scene(server, migrated, tmp_path, workers=0) as (scene, provider):
        yield scene, provider


@pytest.fixture
def office(connected):
    """A tenant of the test's own."""
    return Office(*connected)


def restart(scene, keys):
    """Starts the api again, with other keys."""
    assert scene.api.stop() == 0
    scene.api.settings["CALLTRAIL_ENCRYPTION_KEYS"] = keys
    scene.api.start()
    scene.api.wait_ready()


def rotate(scene, keys, check=True):
    """Seals everything anew; returns what the command did."""
    return run("encryption", "rotate", database=scene.database, check=check, CALLTRAIL_ENCRYPTION_KEYS=keys)


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_wrong_key_starts_nothing(office, connected, command):
    scene, provider = connected
    id = office.connect()
    sealed = scene.database.rows("select sealed_secrets from connection order by connection_id")
    for keys in (WRONG, f"{NEW},{WRONG}"):
        settings = {**scene.settings, "CALLTRAIL_ENCRYPTION_KEYS": keys, "CALLTRAIL_METRICS_LISTEN": "127.0.0.1:0"}
        process = Process(command, scene.database, CALLTRAIL_LISTEN="127.0.0.1:0", **settings)
        assert process.process.wait(20) not in (0, None)
        assert "k1" in process.output and "Fatal error" not in process.output, process.output
        assert keys.split(":")[-1] not in process.output
    refused = rotate(scene, WRONG, check=False)
    assert refused.returncode != 0 and "k1" in refused.stderr and refused.stdout == ""
    # and nothing was spoilt by it
    assert scene.database.rows("select sealed_secrets from connection order by connection_id") == sealed
    restart(scene, OLD)
    assert office.token(id).status_code == 200 and office.call(id).status_code == 200


def test_rotation(office, connected):
    """Another key takes over while the service runs, with authorisations under way; the old one is not needed then."""
    scene, provider = connected
    provider.api_keys = {"X-Api-Key": "key-of-the-tests"}
    urls = provider.urls()
    own = {"api_key": "key-of-the-tests", "header": "X-Api-Key", "api_url": urls["api_url"]}
    first, second = office.connect(), office.connect()
    keyed = office.create("json_api", "api_key", credentials={**own, "probe_url": urls["probe_url"]})
    tokens = {id: office.token(id).json()["access_token"] for id in (first, second, keyed)}
    under_way = office.consent(office.begin(second))

    restart(scene, f"{NEW},{OLD}")
    # what is sealed from now on is sealed under the new one
    later = office.connect()
    tokens[later] = office.token(later).json()["access_token"]
    done = json.loads(rotate(scene, f"{NEW},{OLD}").stdout)
    assert done["newest_key"] == "k2" and done["retired_keys"] == ["k1"] and done["needed_keys"] == []
    counts = {(table["table"], table["column"]): table for table in done["secrets"]}
    assert counts[("connection", "sealed_secrets")]["resealed"] == 3
    assert counts[("connection", "sealed_secrets")]["untouched"] == 1
    assert counts[("connection_authorization", "sealed_verifier")]["resealed"] == 1
    assert all(table["unopened"] == 0 for table in done["secrets"])
    # again, there is nothing to do
    again = json.loads(rotate(scene, f"{NEW},{OLD}").stdout)
    assert all(table["resealed"] == table["unopened"] == 0 for table in again["secrets"])
    # the service that runs has noticed nothing
    assert office.token(first).json()["access_token"] == tokens[first]

    restart(scene, NEW)
    for id, token in tokens.items():
        assert office.token(id).json()["access_token"] == token
        assert office.call(id).status_code == 200
    # with what was begun before
    assert office.arrive(under_way).status_code == 200
    provider.expire_access_tokens(office.account)
    assert office.call(first).status_code == 200
    assert not found_secrets(dump_of(scene.database), provider.secrets())


def test_without_the_key_that_is_needed(office, connected):
    """A key that was taken away too early: what it sealed is not to be had, nothing is lost, and it is said so."""
    scene, provider = connected
    id = office.connect()
    said = len(scene.api.output)
    restart(scene, NEW)
    assert "k1" in scene.api.output[said:]
    provider.forget()
    answer = office.token(id)
    assert answer.status_code in (500, 503) and answer.headers["content-type"] == "application/problem+json"
    assert office.call(id).status_code == answer.status_code and provider.requests == []
    before = scene.database.rows("select sealed_secrets from connection")
    assert office.ask("GET", f"/v1/connections/{id}").status_code == 200
    refused = rotate(scene, NEW, check=False)
    assert refused.returncode != 0 and json.loads(refused.stdout)["needed_keys"] == ["k1"]
    assert scene.database.rows("select sealed_secrets from connection") == before
    restart(scene, f"{NEW},{OLD}")
    assert office.token(id).status_code == 200
    assert_problem(office.token(id[:-12] + "0" * 12), 404, "not_found")
