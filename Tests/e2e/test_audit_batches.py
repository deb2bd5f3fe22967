"""Batches of entries that a tenant's own pages record: what they cost the database, and what their entries share."""

import secrets

import pytest

from harness.audit import Log, adopted, every_result, record
from harness.client import assert_problem, entry
from harness.people import House, Visitor
from harness.program import API, run

PATH = "/v1/logentry/"
# far beyond what a clock tells, as ids can
FAR = "ffffffff-ffff-7fff-bfff-ffffffffffff"


class Statements:
    """What a cluster's server was asked: its log names every statement."""

    def __init__(self, cluster, database):
        self.log = cluster.directory / "server.log"
        with cluster.connect() as connection:
            connection.execute(f"alter database {database.name} set log_statement = 'all'")
        self.after = 0

    def forget(self):
        """Counts from here on."""
        self.after = self.log.stat().st_size

    def about(self, *tables):
        """How many statements read one of these tables since."""
        with open(self.log, "rb") as log:
            log.seek(self.after)
            text = log.read().decode(errors="replace")
        asked = [part for part in text.split(" LOG:  ")[1:] if part.startswith(("execute ", "statement: "))]
        return len([one for one in asked if any(f" {table} " in one.replace("\n", " ") for table in tables)])


def test_a_batch_asks_once_whose_its_entities_are(cluster):
    """A thousand entries about as many things: not a thousand statements, and the first that is not theirs is named."""
    database = cluster.create_database("calltrail")
    run("migrate", database=database)
    statements = Statements(cluster, database)
    with adopted(API(database)) as api:
        house = House(api)
        program = Visitor(api, house.key("audit:write", "call_logs:write")["key"])
        bots = [f"bot-{number}" for number in range(500)]
        assert program.post("/v1/call-logs", [entry(bot={"id": bot}) for bot in bots]).status_code == 200
        calls = [row[0] for row in database.rows("select id::text from call_log where tenant_id = %s", int(house.id))]
        mine = [("bot", bot) for bot in bots] + [("call_log", call) for call in calls[:490]]
        mine += [("user", house.owner_id), ("user", house.owner_id.upper()), ("tenant", str(house.id)), ("order", "4711")]
        mine += [("notification_settings", str(house.id)), ("bot", "bot-1")]
        body = [{"code": "ABB-0030", "related_model": model, "relation_key": key} for model, key in mine]
        statements.forget()
        record(program, body)
        tables = ("bot", "call_log", "membership")
        asked = statements.about(*tables)
        assert 1 <= asked <= len(tables), asked
        # kinds and ids that are none of theirs, amid those that are
        for place, (model, key) in ((0, ("bot", "unknown")), (700, ("call_log", FAR)), (len(body), ("share", calls[0]))):
            foreign = {"code": "ABB-0030", "related_model": model, "relation_key": key}
            sent = body[:place] + [foreign] + body[place:] + [foreign | {"relation_key": "later"}]
            statements.forget()
            problem = assert_problem(program.post(PATH, sent), 400, "invalid_parameter")
            assert [issue["pointer"] for issue in problem["errors"]] == [f"/{place}/relation_key"]
            assert statements.about(*tables, "share") <= len(tables) + 1
        Log(database, house.id).assert_intact()
        assert api.stop() == 0


@pytest.mark.parametrize("count", [2, 1000])
def test_a_batch_has_the_time_of_its_request(house, count):
    program = Visitor(house.api, house.key("audit:write")["key"])
    word = "run-" + secrets.token_hex(6)
    ids = record(program, [{"code": "ABB-0020", "relation_key": word}] * count)["ids"]
    found = every_result(house.owner, relation_key=word)[::-1]
    assert [one["id"] for one in found] == ids
    assert len({one["date"] for one in found}) == 1
