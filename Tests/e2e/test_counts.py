"""The hourly counts are those of the rows, exactly, after whatever came in."""

import concurrent.futures
import random

from harness.client import NDJSON, Client, ago, entry, ndjson, with_ids
from harness.program import Tenant

# by the numbers that the counts use for application and method, both sides must group alike
BY_ROW = """
    select bot_key, date_trunc('hour', occurred_at, 'UTC'), status_code, is_error, count(*)
    from call_log where tenant_id = %s group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
BY_COUNT = """
    select bot_key, hour, status_code, is_error, sum(entries)
    from call_count where tenant_id = %s group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
APPLICATIONS_BY_ROW = """
    select bot_key, date_trunc('hour', occurred_at, 'UTC'), array_agg(n order by n) from (
        select bot_key, occurred_at, application, method,
               count(*) over (partition by bot_key, date_trunc('hour', occurred_at, 'UTC'), application, method,
                              status_code, is_error) n,
               row_number() over (partition by bot_key, date_trunc('hour', occurred_at, 'UTC'), application, method,
                                  status_code, is_error) r
        from call_log where tenant_id = %s) groups
    where r = 1 group by 1, 2 order by 1, 2"""
APPLICATIONS_BY_COUNT = """
    select bot_key, hour, array_agg(entries::bigint order by entries) from call_count
    where tenant_id = %s group by 1, 2 order by 1, 2"""


def mixture(seed):
    """Entries of several hours, days, bots, methods; some with ids, some unreachable, some bad."""
    dice = random.Random(seed)
    made = []
    for item in with_ids(150):
        item["occurred_at"] = ago(minutes=dice.choice([1, 30, 50, 70, 130, 1500, 3000, 20000]))
        item["application"] = dice.choice(["zendesk", "twilio", "json_api", "c2e"])
        item["method"] = dice.choice(["GET", "POST", "PUT", "C2E", "HEAD"])
        item["bot"] = {"id": f"bot-{dice.randrange(4)}"}
        item["status_code"] = dice.choice([200, 200, 200, 404, 500, None, 0, 7])
        if dice.random() < 0.3:
            del item["id"]
        if dice.random() < 0.2:
            item["outcome"] = "error"
        made.append(item)
    return made


def assert_counts_match(database, tenant_id):
    """Rows and counts of a tenant agree in every way in which they may be grouped."""
    rows, counts = database.rows(BY_ROW, tenant_id), database.rows(BY_COUNT, tenant_id)
    assert [tuple(map(str, row)) for row in rows] == [tuple(map(str, row)) for row in counts]
    assert database.rows(APPLICATIONS_BY_ROW, tenant_id) == database.rows(APPLICATIONS_BY_COUNT, tenant_id)
    return sum(row[-1] for row in rows)


def test_counts_after_a_mixture(api, database):
    tenants = [Tenant(database), Tenant(database)]
    requests = []
    for seed in range(12):
        body = ndjson(mixture(seed))
        # each twice, one of them with a key: duplicates, replays and collisions must leave the counts alone
        requests += [(tenants[seed % 2], body, None), (tenants[seed % 2], body, f"key-{seed}" if seed % 3 else None)]
    random.Random(3).shuffle(requests)

    def send(request):
        tenant, body, key = request
        client = Client(api, tenant)
        answer = client.post(body, NDJSON, **({"Idempotency_Key": key} if key else {}))
        client.close()
        assert answer.status_code == 207, answer.text
        return tenant.id, answer.json()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, requests))
    for tenant in tenants:
        accepted = sum(answer["accepted"] for id, answer in answers if id == tenant.id)
        assert accepted > 500
        assert assert_counts_match(database, tenant.id) == accepted


def test_counts_of_every_tenant_of_the_session(database):
    """Whatever the other tests did: the counts are those of the rows."""
    for (tenant_id,) in database.rows("select tenant_id from tenant order by 1"):
        assert_counts_match(database, tenant_id)


def test_first_bodies_are_those_of_their_rows(api, database):
    """Entries that travelled together, out of order and over days, keep their own bodies."""
    tenant = Tenant(database)
    client = Client(api, tenant)
    sent = [
        {**item, "status_code": 200, "request": {"body": f"body {number}"}, "url": f"https://e.com/{number}"}
        for number, item in enumerate(mixture(99) + mixture(98))
    ]
    assert client.send([entry(**item) for item in sent])["accepted"] == 300
    for item in random.Random(5).sample(client.all(), 60):
        assert client.find(item["id"])["request"]["body"] == "body " + item["url"].rsplit("/", 1)[1]
