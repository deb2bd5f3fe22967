"""An audit log of several signed days, and copies of it to be altered."""

import pytest

from harness.audit import Log, public_keys, record
from harness.people import House, Visitor
from harness.program import API, Worker
from harness.tampering import DAYS
from harness.waiting import wait_until


class Scene:
    """A tenant whose log holds entries of three signed days and of today."""

    def __init__(self, database, days=DAYS):
        self.database = database
        self.api = API(database)
        self.house = House(self.api)
        self.log = Log(database, self.house.id)
        self.program = Visitor(self.api, self.house.key("audit:write")["key"])
        for day in range(days):
            self.move(day)
            for _ in range(3):
                record(self.program, [{"code": "ABB-0020", "value": f"{day}", "data": {"n": 1}, "relation_key": "k"}] * 4)
            self.log.wait_until_quiet()
        self.api.kill()
        self.sign()

    def move(self, days):
        """Moves the clock and waits until the api has noticed."""
        if not days:
            return
        noticed = self.api.output.count("the clock offset changed")
        self.database.execute(f"alter database {self.database.name} set calltrail.clock_offset = '{days} days'")
        wait_until(lambda: self.api.output.count("the clock offset changed") > noticed, "the moved clock to be noticed", 10)

    def sign(self):
        """Lets a worker sign the days that are over."""
        worker = Worker(self.database)
        try:
            wait_until(lambda: self.checkpoints(), "checkpoints of the ended days")
        finally:
            worker.kill()

    def checkpoints(self):
        """The days that are signed."""
        return self.database.rows("select day, first_seq, last_seq from audit_checkpoint where tenant_id = %s order by 2", self.house.id)


@pytest.fixture(scope="package")
def original(server, migrated):
    """A scene that nobody alters."""
    database = server.create_database("calltrail_tampering", template=migrated.name)
    yield Scene(database)
    database.drop()


@pytest.fixture
def log(server, original):
    """A copy of its log, to be altered."""
    copy = server.create_database("calltrail_altered", template=original.database.name)
    copy.execute(f"alter database {copy.name} set calltrail.clock_offset = '{DAYS - 1} days'")
    yield Log(copy, original.house.id)
    copy.drop()


@pytest.fixture(scope="package")
def keys():
    """The public keys of the installation."""
    return public_keys()
