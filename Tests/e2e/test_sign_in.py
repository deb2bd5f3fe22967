"""Signing in: what a guesser learns and how fast, from where, and how long a session lives."""

import concurrent.futures
import hashlib
import statistics
import time

import pytest

from harness.client import assert_problem
from harness.people import PASSWORD, House, Visitor, an_address, an_email, move_clock
from harness.waiting import wait_until

WRONG = "a wrong password"


def body_of(answer):
    """An answer's body without the id of its request."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_answer(people_api, house):
    answer = Visitor(people_api).try_sign_in(f"  {house.owner_email.upper()} ")
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"token", "expires_at", "user", "tenant"}
    assert body["user"] == {"id": house.owner_id, "email": house.owner_email, "name": "", "role": "owner"}
    assert body["tenant"] == {"id": house.id, "name": house.name, "plan": "business", "module": "unified"}
    assert len(body["token"]) == 43 and body["expires_at"].endswith("Z")
    assert answer.headers["cache-control"] == "no-store"
    assert Visitor(people_api).try_sign_in(house.owner_email).json()["token"] != body["token"]


def test_token_is_stored_as_a_hash_only(people_api, house, database):
    visitor = Visitor(people_api).sign_in(house.owner_email)
    for (row,) in database.rows("select s::text from session s where user_id = %s", house.owner_id):
        assert visitor.token not in row and visitor.token[8:20] not in row
    (hash,) = database.rows("select password_hash from app_user where user_id = %s", house.owner_id)[0]
    assert hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_wrong_and_unknown_look_the_same(people_api, house):
    without_password = house.add("agent", password=None)["email"]
    answers = [
        Visitor(people_api).try_sign_in(email, password)
        for email, password in [
            (house.owner_email, WRONG),
            (an_email(), PASSWORD),
            (without_password, PASSWORD),
            (without_password, ""),
            ("no address", PASSWORD),
            (house.owner_email + "x", PASSWORD),
            (house.owner_email, PASSWORD + " "),
            (house.owner_email, PASSWORD.upper()),
        ]
    ]
    for answer in answers:
        assert_problem(answer, 401, "unauthenticated")
        assert body_of(answer) == body_of(answers[0])
        assert set(answer.headers) == set(answers[0].headers) and "set-cookie" not in answer.headers


def test_wrong_and_unknown_take_the_same_time(people_api, house):
    def seconds(email):
        visitor = Visitor(people_api)
        visitor.get("/livez")
        began = time.perf_counter()
        assert visitor.try_sign_in(email, WRONG).status_code == 401
        return time.perf_counter() - began

    known = [house.add("agent")["email"] for _ in range(9)]
    seconds(an_email())
    pairs = [(seconds(email), seconds(an_email())) for email in known]
    wrong, unknown = (statistics.median(times) for times in zip(*pairs))
    assert 1 / 3 < wrong / unknown < 3, pairs


@pytest.mark.parametrize(
    "body, pointers",
    [
        ({}, ["/email", "/password"]),
        ({"email": "a@example.com"}, ["/password"]),
        ({"email": ["a@example.com"], "password": PASSWORD}, ["/email"]),
        ({"email": "a@example.com", "password": {"$ne": 1}}, ["/password"]),
        ({"email": "a@example.com", "password": "x" * 1001}, ["/password"]),
        ({"email": "a@example.com", "password": PASSWORD, "tenant_id": "x"}, ["/tenant_id"]),
        ({"email": "a@example.com", "password": PASSWORD, "role": "owner"}, ["/role"]),
        ({"email": "a\x00@example.com", "password": PASSWORD}, ["/email"]),
    ],
)
def test_bad_bodies(people_api, body, pointers):
    problem = assert_problem(Visitor(people_api).post("/v1/sessions", body, token=None), 400, "invalid_parameter")
    assert sorted(error["pointer"] for error in problem["errors"]) == pointers


def subject(kind, text):
    """What stands for an account in the table of failures."""
    return hashlib.sha256(f"{kind}\0{text}".encode()).digest()


def test_failures_slow_down_the_account(people_api, house, database):
    email = house.add("agent")["email"]

    def now():
        return database.value("select extract(epoch from app_now())::float8")

    def fail():
        """Fails once, as soon as it may; returns for how many seconds that blocked the account, at the least and the most."""

        def attempt():
            before = now()
            answer = Visitor(people_api).try_sign_in(email, WRONG)
            return answer.status_code != 429 and (answer, before)

        answer, before = wait_until(attempt, "the account to be free again")
        after = now()
        assert_problem(answer, 401, "unauthenticated")
        until = database.value(
            "select extract(epoch from blocked_until)::float8 from sign_in_throttle where subject = %s",
            subject("account", email),
        )
        return until - after, until - before

    # the times of the api and of the database are not read at once
    for _ in range(4):
        assert fail()[0] <= 0.1
    for seconds in (1, 2, 4):
        least, most = fail()
        assert least - 0.1 <= seconds <= most + 0.1
    # doubling ends at a quarter of an hour; the right password has to wait too, whatever the address
    database.execute(
        "update sign_in_throttle set failures = 40, blocked_until = app_now() where subject = %s",
        subject("account", email),
    )
    assert_problem(Visitor(people_api).try_sign_in(email, WRONG), 401, "unauthenticated")
    for password in (WRONG, PASSWORD):
        refused = Visitor(people_api).try_sign_in(email, password)
        assert_problem(refused, 429, "rate_limited")
        assert 880 <= int(refused.headers["retry-after"]) <= 900


def test_unknown_accounts_are_slowed_down_alike(people_api):
    email = an_email()
    codes = [Visitor(people_api).try_sign_in(email, WRONG).status_code for _ in range(10)]
    assert codes[:5] == [401] * 5 and 429 in codes[5:]


def test_success_forgets_the_failures(people_api, house):
    email = house.add("agent")["email"]
    for _ in range(3):
        codes = [Visitor(people_api).try_sign_in(email, WRONG).status_code for _ in range(4)]
        assert codes == [401] * 4
        assert Visitor(people_api).try_sign_in(email).status_code == 201


def test_failures_are_counted_together(people_api, start_api, database):
    """On two api processes and at the same time there are no more guesses than on one."""
    apis = [people_api, start_api(database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32")]
    email = an_email()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(
            pool.map(lambda number: Visitor(apis[number % 2]).try_sign_in(email, WRONG).status_code, range(40))
        )
    # while the time runs, a second later one more guess is looked at, two seconds after that the next
    assert 5 <= codes.count(401) <= 8 and codes.count(429) == 40 - codes.count(401), codes


def test_a_thousand_guesses(people_api, house):
    """A flood from one address neither gets far nor keeps others out."""
    attacker, victim, other = an_address(), house.add("agent")["email"], house.add("agent")["email"]

    def guess(number):
        visitor = Visitor(people_api, address=attacker)
        codes = []
        for index in range(100):
            email = victim if index % 2 else f"guess-{number}-{index}@example.com"
            codes.append(visitor.try_sign_in(email, f"{WRONG} {number} {index}").status_code)
        return codes

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        running = [pool.submit(guess, number) for number in range(10)]
        visitor = Visitor(people_api)
        began = time.monotonic()
        assert visitor.try_sign_in(other).status_code == 201
        assert time.monotonic() - began < 10
        codes = [code for future in running for code in future.result()]
    assert len(codes) == 1000 and set(codes) <= {401, 429}
    # thirty a minute, and the minute may turn while the flood runs
    assert codes.count(401) <= 60, codes.count(401)
    assert Visitor(people_api).try_sign_in(other).status_code == 201


def test_a_blocked_address_blocks_no_accounts(people_api, house, database):
    """Past its limit an address can't fill other people's counts."""
    attacker, victim = Visitor(people_api), house.add("agent")["email"]
    assert attacker.try_sign_in(an_email(), WRONG).status_code == 401
    almost_block(database, attacker.address)
    assert [attacker.try_sign_in(an_email(), WRONG).status_code for _ in range(3)] == [401, 401, 429]
    for _ in range(10):
        refused = attacker.try_sign_in(victim, WRONG)
        assert_problem(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert Visitor(people_api).try_sign_in(victim).status_code == 201


def almost_block(database, address):
    """Makes an address that has tried once one that has tried 28 times within this minute."""
    with database.connect() as connection:
        changed = connection.execute(
            "update sign_in_throttle set failures = 28, window_start = app_now() where subject = %s",
            [subject("address", address)],
        ).rowcount
    assert changed == 1, address


def codes_from(api, forwarded):
    """Tries as many unknown accounts as there are values of `X-Forwarded-For`."""
    visitor = Visitor(api)
    return [
        visitor.post(
            "/v1/sessions", {"email": an_email(), "password": WRONG}, token=None, **{"X-Forwarded-For": value}
        ).status_code
        for value in forwarded
    ]


def test_forwarded_for_of_strangers_is_ignored(own_database, start_api):
    """Without trusted proxies everybody may write what they like into X-Forwarded-For: it changes nothing."""
    api = start_api(own_database)
    assert codes_from(api, [an_address()]) == [401]
    almost_block(own_database, "127.0.0.1")
    assert codes_from(api, [an_address() for _ in range(4)]) == [401, 401, 429, 429]


def test_only_the_last_hop_is_believed(people_api, database):
    """What stands before the trusted proxy's own word came from the client."""
    address = an_address()
    assert codes_from(people_api, [f"{an_address()}, {address}"]) == [401]
    almost_block(database, address)
    assert codes_from(people_api, [f"{an_address()}, {address}" for _ in range(4)]) == [401, 401, 429, 429]
    # a proxy that names another trusted one is asked further
    assert codes_from(people_api, [f"{an_address()}, {address}, 127.0.0.1"]) == [429]
    assert codes_from(people_api, [f"{address}, {an_address()}"]) == [401]


@pytest.mark.parametrize("value", ["", "nonsense", ", ,", "1.2.3.4:80", "::1, x", "999.1.1.1", "1.2.3.4' or 1=1"])
def test_odd_forwarded_for(people_api, house, value):
    answer = Visitor(people_api).post(
        "/v1/sessions", {"email": house.owner_email, "password": PASSWORD}, token=None, **{"X-Forwarded-For": value}
    )
    # all of these count as the proxy's own address, of which there are fewer than thirty
    assert answer.status_code == 201


def test_idle_sessions_end(movable_api, own_database, start_api):
    house = House(movable_api)
    used, unused = (Visitor(movable_api).sign_in(house.owner_email) for _ in range(2))
    move_clock(own_database, movable_api, "11 hours 59 minutes")
    assert used.is_signed_in()
    # the use is noted once a minute, and when the process ends
    assert movable_api.stop() == 0
    move_to = "alter database {} set calltrail.clock_offset = '12 hours 2 minutes'"
    own_database.execute(move_to.format(own_database.name))
    api = start_api(own_database, CALLTRAIL_TRUSTED_PROXIES="127.0.0.1/32")
    for visitor, alive in ((used, True), (unused, False)):
        assert Visitor(api, visitor.token).is_signed_in() == alive
    move_clock(own_database, api, "24 hours 2 minutes")
    wait_until(lambda: not Visitor(api, used.token).is_signed_in(), "the used session to end too", 3)


def test_sessions_end_after_seven_days(movable_api, own_database):
    house = House(movable_api)
    visitors = [Visitor(movable_api).sign_in(house.owner_email) for _ in range(2)]
    # as if they were used all the time
    own_database.execute("update session set expires_at = ends_at")
    move_clock(own_database, movable_api, "6 days 23 hours")
    assert visitors[0].is_signed_in()
    move_clock(own_database, movable_api, "7 days 1 minute")
    assert_problem(visitors[1].get("/v1/me"), 401, "unauthenticated")
    wait_until(lambda: not visitors[0].is_signed_in(), "the session to end", 3)
    assert movable_api.stop() == 0
    assert own_database.value("select bool_and(expires_at <= ends_at) from session")
