"""Fixtures of the end-to-end tests: the real program against a real PostgreSQL.

Run through `make test`, or alone:
    Tests/Support/with-postgres.sh .venv/bin/pytest Tests/e2e
CALLTRAIL_BINARY names another binary than the debug build's.
"""

import os

import pytest
from playwright.sync_api import sync_playwright

from harness import dripping
from harness.client import Client
from harness.connections import connected_scene
from harness.database import Cluster, Server
from harness.mail import MailServer
from harness.mail_session import Behaviour
from harness.notices import Platform, Scene
from harness.people import House, start_mailer
from harness.program import API, Tenant, run


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes tens of seconds by its nature; runs beside the other tests")


def pytest_collection_modifyitems(items):
    # what waits for something that runs beside the other tests comes last
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session")
def server():
    """The throw-away cluster that Tests/Support/with-postgres.sh made."""
    url = os.environ.get("CALLTRAIL_TEST_DATABASE_URL")
    if not url:
        pytest.exit("CALLTRAIL_TEST_DATABASE_URL is not set: run Tests/Support/with-postgres.sh pytest Tests/e2e", 2)
    server = Server(url)
    server.make_role()
    return server


@pytest.fixture(scope="session")
def browser():
    """A real browser, one for all tests: there may be only one Playwright at a time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def binaries():
    """PostgreSQL's programs, for clusters of one's own."""
    return os.environ["CALLTRAIL_TEST_PG_BIN"]


@pytest.fixture
def cluster(binaries):
    """A cluster of the test's own, which it may break."""
    cluster = Cluster(binaries)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def database(server):
    """The session's migrated database."""
    database = server.create_database("calltrail")
    run("migrate", database=database)
    yield database
    database.drop()


@pytest.fixture(scope="session")
def migrated(server):
    """A migrated database that nobody uses, to be copied."""
    database = server.create_database("calltrail_migrated")
    run("migrate", database=database)
    yield database
    database.drop()


@pytest.fixture
def own_database(server, migrated):
    """A migrated database of the test's own, which it may break."""
    database = server.create_database("calltrail_own", template=migrated.name)
    yield database
    database.drop()


@pytest.fixture
def empty_database(server):
    """A database of the test's own that nothing was done to."""
    database = server.create_database("calltrail_empty")
    yield database
    database.drop()


@pytest.fixture(scope="session")
def api(database):
    """The session's api process."""
    api = API(database)
    yield api
    assert api.stop() == 0


@pytest.fixture(scope="session", autouse=True)
def dripping_request(request):
    """A request whose body comes a byte a second, sent beside the other tests; only when a test asks for its end."""
    if not any(
        "dripping_request" in item.fixturenames and item.get_closest_marker("slow") for item in request.session.items
    ):
        yield None
        return
    api = request.getfixturevalue("api")
    drip = dripping.Drip(api.port, Tenant(api.database).write_key)
    yield drip
    drip.close()


@pytest.fixture(scope="session", autouse=True)
def hanging_mail(request):
    """A tenant of which one mail hangs and two wait behind it, beside the other tests; only when a test asks for it."""
    if not any(one.get_closest_marker("slow") and "hanging_mail" in one.fixturenames for one in request.session.items):
        yield None
        return
    server, migrated = request.getfixturevalue("server"), request.getfixturevalue("migrated")
    database = server.create_database("calltrail_hanging", template=migrated.name)
    with MailServer() as mail:
        platform = Platform(Scene(database, mail))
        # over a connection that is good
        platform.fail("before")
        platform.wait_for("sent", "before")
        mail.behave(Behaviour.HANG, times=1)
        platform.fail("hanging")
        mail.wait_for(2)
        platform.send([platform.error("behind"), platform.error("further-behind")])
        yield platform
        platform.scene.close()
    database.drop()


@pytest.fixture(scope="module")
def tenant(database):
    """A tenant of the test file's own."""
    return Tenant(database)


@pytest.fixture(scope="module")
def client(api, tenant):
    """The session's api, as the file's tenant."""
    client = Client(api, tenant)
    yield client
    client.close()


@pytest.fixture
def new_tenant(database):
    """A tenant of the test's own."""
    return Tenant(database)


@pytest.fixture
def new_client(api, new_tenant):
    """The session's api, as the test's own tenant."""
    client = Client(api, new_tenant)
    yield client
    client.close()


@pytest.fixture
def start_api():
    """Starts api processes that end with the test."""
    started = []

    def start(database, **options):
        started.append(API(database, **options))
        return started[-1]

    yield start
    for api in started:
        if api.process.poll() is None:
            api.kill()


@pytest.fixture(scope="session")
def people_api(database, tmp_path_factory):
    """An api process that believes this machine whom it speaks for, and a worker that puts mails into a directory."""
    api = API(
        database,
        CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32",
        CALLTRAIL_OUTBOX_DIR=str(tmp_path_factory.mktemp("outbox")),
    )
    worker = start_mailer(api)
    yield api
    assert [worker.stop(), api.stop()] == [0, 0]


@pytest.fixture
def movable_api(own_database, start_api, tmp_path):
    """Such processes with a database of the test's own, whose clock may be moved."""
    api = start_api(
        own_database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32", CALLTRAIL_OUTBOX_DIR=str(tmp_path / "outbox")
    )
    worker = start_mailer(api)
    yield api
    worker.kill()


@pytest.fixture(scope="module")
def house(people_api):
    """A tenant of the test file's own, whose owner is signed in."""
    return House(people_api)


@pytest.fixture(scope="module")
def mail():
    """A mail server of the test file's own."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def scene(server, migrated, mail):
    """An api, a worker and a mail server of the test file's own; its clock goes on only."""
    database = server.create_database("calltrail_scene", template=migrated.name)
    scene = Scene(database, mail)
    yield scene
    scene.stop()
    database.drop()


@pytest.fixture
def platform(scene):
    """A tenant of the test's own that reports calls."""
    return Platform(scene)


@pytest.fixture
def start_scene(mail):
    """Starts an api, workers and a mail server for a database of the test's own."""
    started = []

    def start(database, **options):
        started.append(Scene(database, mail, **options))
        return started[-1]

    yield start
    for scene in started:
        scene.close()


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """An api and a provider of the file's own; nothing happens in the background."""
    with connected_scene(server, migrated, tmp_path_factory.mktemp("providers"), workers=0) as (scene, provider):
        yield scene, provider
