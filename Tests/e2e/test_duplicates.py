"""What is sent again is stored once, however it comes again."""

import concurrent.futures
import json
import random
import secrets

import pytest

from harness.client import NDJSON, Client, assert_problem, entry, ndjson, with_ids


def counts(accepted, duplicates):
    return {"accepted": accepted, "duplicates": duplicates, "unreachable": 0, "rejected": 0, "errors": []}


def client_ids(client, **filters):
    return sorted(client.find(item["id"])["client_id"] for item in client.all(**filters))


def test_same_ids_again(new_client):
    sent = with_ids(20)
    assert new_client.send(sent) == counts(20, 0)
    assert new_client.send(sent) == counts(0, 20)
    assert new_client.send(sent[::-1]) == counts(0, 20)
    assert new_client.post(sent).json() == counts(0, 20)
    assert client_ids(new_client) == sorted(item["id"] for item in sent)


def test_mixture_of_new_and_known(new_client):
    first, second = with_ids(30), with_ids(15)
    assert new_client.send(first) == counts(30, 0)
    mixed = first[:20] + second + [entry(), entry()]
    random.Random(7).shuffle(mixed)
    assert new_client.send(mixed) == counts(17, 20)
    assert len(new_client.all()) == 47


def test_duplicates_within_a_request(new_client):
    sent = with_ids(10)
    assert new_client.send(sent + sent[:4] + sent[:1]) == counts(10, 5)
    assert len(new_client.all()) == 10


def test_single_object_again(new_client):
    (sent,) = with_ids(1)
    first, second = new_client.post(sent).json(), new_client.post(sent).json()
    assert first == {"id": first["id"], **counts(1, 0)}
    assert second == {"id": first["id"], **counts(0, 1)}


def test_first_content_stays(new_client):
    (sent,) = with_ids(1)
    id = new_client.post(sent).json()["id"]
    assert new_client.post({**sent, "status_code": 500, "duration_ms": 1}).json()["duplicates"] == 1
    assert new_client.find(id)["status_code"] == 200


def test_same_id_of_another_tenant_is_another_call(new_client, client):
    sent = with_ids(3)
    assert new_client.send(sent) == counts(3, 0)
    assert client.send(sent) == counts(3, 0)


def test_entries_without_id_are_never_duplicates(new_client):
    one = entry()
    assert new_client.send([one] * 5) == counts(5, 0)
    assert new_client.send([one] * 5) == counts(5, 0)
    assert len(new_client.all()) == 10


def test_eight_threads_send_the_same_ids(api, new_tenant, new_client):
    sent = with_ids(500)

    def send(seed):
        shuffled = sent[:]
        random.Random(seed).shuffle(shuffled)
        client = Client(api, new_tenant)
        answers = [client.send(shuffled[start : start + 100]) for start in range(0, 500, 100)]
        client.close()
        return answers

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [answer for answers in pool.map(send, range(8)) for answer in answers]
    assert sum(answer["accepted"] for answer in answers) == 500
    assert sum(answer["duplicates"] for answer in answers) == 3500
    found = new_client.all()
    assert len(found) == len({item["id"] for item in found}) == 500
    sample = random.Random(1).sample(found, 20)
    assert {new_client.find(item["id"])["client_id"] for item in sample} <= {item["id"] for item in sent}


def keyed(client, body, key, content_type=NDJSON):
    return client.post(body, content_type, Idempotency_Key=key)


@pytest.mark.parametrize(
    "items, status",
    [
        ([entry(), entry()], 200),
        ([entry(), entry(status_code=7)], 207),
        ([entry(status_code=7)], 422),
        ([entry(status_code=None)], 200),
        ([entry(status_code=None), entry()], 200),
    ],
)
def test_key_replays_the_answer(new_client, items, status):
    key, body = secrets.token_hex(8), ndjson(items)
    first, second = keyed(new_client, body, key), keyed(new_client, body, key)
    assert first.status_code == second.status_code == status
    assert first.headers["content-type"] == second.headers["content-type"]
    if status == 422:
        assert {**first.json(), "request_id": None} == {**second.json(), "request_id": None}
    else:
        assert first.content == second.content
    assert len(new_client.all()) == sum(item["status_code"] == 200 for item in items)


def test_key_replays_a_single_object(new_client):
    body = json.dumps(entry()).encode()
    first, second = (keyed(new_client, body, "single", "application/json") for _ in range(2))
    assert first.content == second.content and first.json()["accepted"] == 1
    assert [item["id"] for item in new_client.all()] == [first.json()["id"]]


def test_key_with_another_body_is_a_conflict(new_client):
    assert keyed(new_client, ndjson([entry()]), "k").status_code == 200
    assert_problem(keyed(new_client, ndjson([entry()] * 2), "k"), 409, "conflict")
    assert len(new_client.all()) == 1


def test_key_of_another_tenant_is_another_key(new_client, client):
    body = ndjson([entry()])
    assert keyed(new_client, body, "shared").json() == counts(1, 0)
    assert keyed(client, ndjson([entry()] * 3), "shared").json() == counts(3, 0)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ü"])
def test_bad_keys_are_refused(client, key):
    answer = client.http.post(
        "/v1/call-logs",
        json=entry(),
        headers={"Authorization": f"Bearer {client.write_key}", "Idempotency-Key": key.encode()},
    )
    assert_problem(answer, 400, "invalid_parameter")


def test_key_counts_for_48_hours(new_client, database, tenant):
    body = ndjson([entry()])
    assert keyed(new_client, body, "old").status_code == 200
    database.execute("update idempotent_answer set created_at = created_at - interval '47 hours'")
    assert_problem(keyed(new_client, ndjson([entry()]), "old"), 409, "conflict")
    database.execute("update idempotent_answer set created_at = created_at - interval '2 hours'")
    assert keyed(new_client, ndjson([entry()]), "old").json() == counts(1, 0)
    assert len(new_client.all()) == 2


@pytest.mark.parametrize("ids", [True, False])
def test_eight_requests_with_one_key_at_once(api, new_tenant, new_client, ids):
    body = ndjson(with_ids(200) if ids else [entry()] * 200)

    def send(_):
        client = Client(api, new_tenant)
        answer = keyed(client, body, "at-once")
        client.close()
        return answer

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.content for answer in answers if answer.status_code == 200} == {json_bytes(counts(200, 0))}
    assert len(new_client.all()) == 200
    assert keyed(new_client, body, "at-once").content == json_bytes(counts(200, 0))


def json_bytes(value):
    return json.dumps(value, separators=(",", ":")).encode()
