"""Where connections may lead: no address that is not public, in whatever spelling, by whatever way."""

import re
import socket

import pytest

from harness.client import assert_problem
from harness.connections import Office, connected_scene
from harness.people import Visitor
from harness.program import API
from harness.provider import write_providers_file
from harness.proxying import Trap

LOOPBACK = [
    "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "0x7f000001", "0x7F.1", "0x7f.0x0.0x0.0x1", "017700000001",
    "0177.0.0.1", "0177.1", "00000000177.0.0.1", "2130706433", "127.0.0.1.", "127.1.", "0", "0.0.0.0", "0x0",
    "localhost", "LOCALHOST", "localhost.", "x.localhost", "x.localhost.", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::0001]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:127.0.0.1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[::1%lo]",
]  # fmt: skip
OTHERS = [
    "169.254.169.254", "0xa9fea9fe", "0251.0376.0251.0376", "2852039166", "169.254.43518", "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[fd00:ec2::254]", "[fe80::1]", "169.254.170.2", "100.100.100.200",
    "192.0.0.192", "10.0.0.1", "10.1", "012.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.257",
    "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fc00::1]", "[ff02::1]",
    "[2001:db8::1]", "[fec0::1]",
]  # fmt: skip
# what a reader of URLs could take for another host than the one who calls
CONFUSED = [
    "public.example.com@127.0.0.1", "127.0.0.1\\@public.example.com", "127.0.0.1#@public.example.com",
    "127.0.0.1 ", "127.0.0.1\t", "127.0.0.1%2eexample.com", "127%2e0%2e0%2e1",
    "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛocalhost", "loc\u00adalhost", "[::1", "::1", "[127.0.0.1]", "127.0.0.1\r\nX: y",
    "%6c%6f%63alhost",
]  # fmt: skip


@pytest.fixture(scope="module")
def connected(server, migrated, tmp_path_factory):
    """An api that may reach public addresses alone, and a provider on loopback."""
    directory = tmp_path_factory.mktemp("providers")
    own = {"workers": 0, "CALLTRAIL_EGRESS_ALLOW": None}
    with connected_scene(server, migrated, directory, **own) as (scene, provider):
        yield scene, provider


@pytest.fixture(scope="module")
def office(connected):
    """A tenant of the file's own."""
    return Office(*connected)


@pytest.fixture(scope="module")
def trap():
    """A port of every address of this machine, which nobody may reach."""
    trap = Trap()
    yield trap
    trap.close()


@pytest.fixture(scope="module")
def allowed(connected):
    """An api of the same database that may reach 127.0.0.1, where the provider is, and no other address like it."""
    scene = connected[0]
    api = API(scene.database, **{**scene.settings, "CALLTRAIL_EGRESS_ALLOW": "127.0.0.1/32"})
    yield api
    assert api.stop() == 0


@pytest.fixture
def neighbour():
    """A port of 127.0.0.2."""
    trap = Trap("127.0.0.2")
    assert trap.works()
    yield trap
    trap.close()


class Guest(Office):
    """An office at the api that may reach 127.0.0.1."""

    def __init__(self, scene, provider, api):
        super().__init__(scene, provider)
        self.api = api
        self.owner, self.node = Visitor(api, self.owner.token), Visitor(api, self.node.token)


@pytest.fixture
def guest(connected, allowed):
    """A tenant of the test's own, at the api that may reach the provider."""
    return Guest(*connected, allowed)


def credentials(base, **others):
    """An API at a URL, with a key."""
    return {"api_key": "key-of-the-tests", "api_url": base, "probe_url": base + "/me", **others}


def refused_where(office, base):
    """Asks for a connection to a URL, has it checked, calls with it; returns where that was refused."""
    answer = office.try_create("json_api", "api_key", credentials=credentials(base))
    if answer.status_code == 400:
        pointers = [error["pointer"] for error in assert_problem(answer, 400, "invalid_parameter")["errors"]]
        assert set(pointers) <= {"/credentials/api_url", "/credentials/probe_url"} and pointers
        return "creation"
    assert answer.status_code == 201, answer.text
    id = answer.json()["id"]
    checked = office.check(id)
    assert checked["state"] == "degraded" and checked["last_ok_at"] is None, checked
    assert_not_made(office.call(id, "latest/meta-data/"))
    return checked["state_reason"]


def assert_not_made(answer):
    """A call was refused here, and not because nobody answered; names of this machine need not have an address."""
    assert answer.status_code in (403, 503) and "calltrail-connection" not in answer.headers, answer.text
    assert re.search("must not be reached|could not resolve", answer.json()["detail"]), answer.text


def test_it_is_refused_for_good(office):
    """An address that must not be reached is not one to try again soon, whether it is written down or has a name."""
    for host in ("127.0.0.1", "[::1]", "localhost", *names_of_this_machine()):
        id = office.create("json_api", "api_key", credentials=credentials(f"http://{host}:9"))
        answer = office.call(id)
        assert_problem(answer, 403, "forbidden")
        assert "retry-after" not in answer.headers


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine(office, trap, host):
    assert trap.works()
    assert refused_where(office, f"http://{host}:{trap.port}")
    assert trap.visitors == []


@pytest.mark.parametrize("host", OTHERS)
def test_neighbours_and_metadata(office, host):
    reason = refused_where(office, f"http://{host}")
    # it was not tried and found unreachable
    assert reason == "creation" or "must not be reached" in reason, reason


@pytest.mark.parametrize("host", CONFUSED)
def test_hosts_that_read_in_two_ways(office, trap, host):
    base = f"http://{host}:{trap.port}"
    answer = office.try_create("json_api", "api_key", credentials=credentials(base))
    assert_problem(answer, 400, "invalid_parameter")
    assert trap.visitors == []


@pytest.mark.parametrize("base", ["file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", "ftp://x.example.com/"])
def test_other_schemes(office, base):
    answer = office.try_create("json_api", "api_key", credentials=credentials(base))
    assert_problem(answer, 400, "invalid_parameter")


def names_of_this_machine():
    """Names that lead to this machine, beside localhost."""
    with open("/etc/hosts") as file:
        lines = [re.sub("#.*", "", line).split() for line in file]
    names = {name for address, *found in filter(None, lines) for name in found if re.match("127|::1", address)}
    names.add(socket.gethostname())
    return sorted(name for name in names - {"localhost"} if leads_here(name))


def leads_here(name):
    """Whether a name has an address that is not public."""
    try:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(re.match(r"127\.|10\.|172\.|192\.168\.|169\.254\.|::1|f[cde]", address[4][0]) for address in found)


def test_names_that_lead_here(office, trap):
    """What counts is the address that a name has when it is called."""
    for name in ("localhost.", *names_of_this_machine()):
        assert refused_where(office, f"http://{name}:{trap.port}")
        assert trap.visitors == []


def test_probe_and_api_are_looked_at_each(office, trap):
    """A public API with a private probe, and the other way round."""
    inside = f"http://127.0.0.1:{trap.port}"
    for own in ({"api_url": "https://api.example.com", "probe_url": inside}, {"api_url": inside}):
        answer = office.try_create("json_api", "api_key", credentials={"api_key": "k", **own})
        if answer.status_code == 201:
            id = answer.json()["id"]
            office.check(id)
            if own["api_url"] == inside:
                assert_not_made(office.call(id))
    assert trap.visitors == []


def test_the_operators_own_addresses_need_the_exception(office, connected):
    """The providers file names loopback; without the exception nothing reaches it."""
    provider = connected[1]
    provider.forget()
    id = office.create()
    answer = office.arrive(office.consent(office.begin(id)))
    assert answer.status_code == 400 and "must not be reached" in answer.text, answer.text
    assert provider.token_calls == 0 and office.find(id)["state"] == "needs_reauth"


def test_token_endpoints_of_ones_own(guest, neighbour):
    """An authorisation leads the browser anywhere, and this service to public addresses alone."""
    provider, inside = guest.provider, f"http://127.0.0.2:{neighbour.port}"
    client = provider.register("json_api")
    own = {"authorize_url": provider.url + "/authorize", "token_url": inside + "/token", "api_url": inside}
    own |= {"client_id": client.client_id, "client_secret": client.client_secret, "probe_url": inside + "/me"}
    id = guest.create("json_api", "oauth2", credentials={**own, "scopes": "read"})
    answer = guest.authorise(id)
    assert answer.status_code == 400 and "must not be reached" in answer.text, answer.text
    assert guest.find(id)["state"] == "needs_reauth" and neighbour.visitors == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(guest, neighbour, status):
    provider, inside = guest.provider, f"http://127.0.0.2:{neighbour.port}/"
    id = guest.connect()
    answer = guest.call(id, f"redirect?to={inside}&status={status}", "POST", content=b"x")
    assert answer.status_code == status and answer.headers["location"] == inside
    try:
        provider.fail("probe", "redirect", url=inside, status=status)
        found = guest.check(id)
        assert found["state"] == "degraded" and "redirect" in found["state_reason"]
        provider.expire_access_tokens(guest.account)
        provider.fail("token", "redirect", url=inside, status=status)
        assert guest.call(id).status_code == 401
        assert guest.find(id)["state"] == "degraded"
        assert guest.authorise(id).status_code == 400
        provider.fail("revoke", "redirect", url=inside, status=status)
        assert guest.ask("DELETE", f"/v1/connections/{id}").status_code == 204
    finally:
        provider.heal()
    assert neighbour.visitors == []


def test_an_exception_is_one_of_addresses(guest, neighbour):
    """That 127.0.0.1 may be reached makes no other address reachable."""
    guest.provider.api_keys = {"X-Api-Key": "key-of-the-tests"}
    for host, port, is_allowed in (
        ("127.0.0.1", guest.provider.port, True),
        ("0x7f000001", guest.provider.port, True),
        ("127.0.0.2", neighbour.port, False),
        ("[::ffff:127.0.0.2]", neighbour.port, False),
    ):
        own = credentials(f"http://{host}:{port}/api", header="X-Api-Key", probe_url=f"http://{host}:{port}/probe")
        answer = guest.try_create("json_api", "api_key", credentials=own)
        assert answer.status_code == 201 or not is_allowed, answer.text
        if answer.status_code == 201:
            id = answer.json()["id"]
            assert guest.check(id)["state"] == ("healthy" if is_allowed else "degraded")
            if is_allowed:
                assert guest.call(id).status_code == 200
            else:
                assert_not_made(guest.call(id))
    assert neighbour.visitors == []


INSTANCES = [f"http://{host}:{{port}}" for host in ("127.0.0.2", "0x7f000002", "x@127.0.0.2", "localhost")]


@pytest.fixture(scope="module")
def salesforce(server, migrated, tmp_path_factory):
    """An api whose Salesforce is the provider, but for the address of the API."""
    directory = tmp_path_factory.mktemp("salesforce")
    own = {"workers": 0, "CALLTRAIL_EGRESS_ALLOW": "127.0.0.1/32"}
    with connected_scene(server, migrated, directory, **own) as (scene, provider):
        block = provider.block("salesforce", api_url=None)
        write_providers_file(scene.settings["CALLTRAIL_PROVIDERS_FILE"], {"salesforce": block})
        assert scene.api.stop() == 0
        scene.api.start()
        scene.api.wait_ready()
        yield scene, provider


@pytest.mark.parametrize("instance", INSTANCES)
def test_what_an_application_says_of_its_own_address(salesforce, neighbour, instance):
    """Salesforce tells with its tokens where calls go: that is looked at as well."""
    office, provider = Office(*salesforce), salesforce[1]
    provider.token_extra = {"instance_url": instance.format(port=neighbour.port)}
    id = office.create("salesforce")
    if office.authorise(id).status_code == 200:
        answer = office.call(id, "services/data/")
        assert answer.status_code in (400, 403, 409, 503) and "calltrail-connection" not in answer.headers, answer.text
    assert neighbour.visitors == []
