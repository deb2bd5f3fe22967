"""Erasing a person from the audit log: nothing tells of them any more, and the chain verifies as before."""

import json
from urllib.parse import quote, quote_plus

import pytest

from harness.audit import Log, every_result, public_keys, record, verify_lines
from harness.people import House, Visitor, an_email
from harness.program import run, run_json
from harness.waiting import wait_until


class Person:
    """Somebody who did things, of whom others speak, and another one beside them."""

    def __init__(self, api, email):
        self.house = House(api)
        self.log = Log(api.database, self.house.id)
        self.email = email
        self.user = self.house.add("supervisor", email=email)
        self.visitor = Visitor(api).sign_in(email)
        self.other_email = "x" + email
        self.other = Visitor(api).sign_in(self.house.add("supervisor", email=self.other_email)["email"])
        program = Visitor(api, self.house.key("audit:write")["key"])
        self.visitor.try_sign_in(email, "quite a wrong password")
        for visitor in (self.visitor, self.other):
            visitor.get("/v1/me")
            visitor.get("/v1/connections?limit=3")
        for text in (quote(email, safe=""), quote_plus(email), email, email.upper(), quote(email, safe="@+"), email.replace("@", "%40")):
            self.house.owner.get(f"/v1/call-logs?user={text}&limit=1")
            self.house.owner.get(f"/v1/call-logs?q={text}")
        everything = "".join(f"%{ord(letter):02x}" for letter in email)
        self.house.owner.get(f"/v1/call-logs?user={everything}")
        self.house.owner.get(f"/v1/call-logs/{quote(email)}")
        self.house.owner.request("PATCH", f"/v1/bots/{email}", {"name": "x"})
        for member in ("value", "from"):
            record(program, {"code": "ABB-0030", member: email})
            record(program, {"code": "ABB-0030", member: email.upper()})
        record(program, {"code": "ABB-0030", "data": {"to": [email], "note": f"mailed to <{email}>, twice"}})
        record(program, {"code": "ABB-0030", "data": {email: 1}, "path": f"/s/{email}/open?to={email}"})
        # who looks like them, and is not
        record(program, [{"code": "ABB-0030", "value": text} for text in self.others()])
        self.log.wait_until_quiet()

    def others(self):
        """Addresses that the person's own is a part of."""
        return [self.other_email, self.email + ".org", self.email.replace("@", "-2@")]

    def traces(self):
        """The entries that tell of the person, however it is written."""
        account = self.user["id"]
        return [row for row in self.log.rows() if row["user_id"] == account or self.is_in(json.dumps(row))]

    def is_in(self, text):
        """Whether a text holds the person's address, and not as a part of another one."""
        text = text.lower()
        for other in self.others():
            text = text.replace(other.lower(), "").replace(quote(other, safe="").lower(), "")
        spellings = {self.email, quote(self.email, safe=""), self.email.replace("@", "%40")}
        return any(spelling.lower() in text for spelling in spellings)


@pytest.fixture(params=["ada", "ada+lovelace", "a.d_a-9"])
def person(request, people_api):
    """A person whose address has signs that a pattern or a query could take for something else."""
    name, domain = an_email("").lstrip("-").split("@")
    return Person(people_api, f"{request.param}{name}@{domain}")


@pytest.mark.parametrize("by", ["user", "email"])
def test_nothing_tells_of_them(person, by):
    log, database = person.log, person.log.database
    assert len(person.traces()) > 10
    others = [row for row in log.rows() if row["user_id"] == person.other.user["id"]]
    kept = {column: [row[column] for row in log.rows()] for column in ("seq", "hash", "code", "path", "audit_id")}
    end = log.seq()
    option = person.user["id"] if by == "user" else person.email.upper()
    erased = run_json("audit", "erase", "--tenant", person.house.id, f"--{by}", option, database=database)["erased"]
    assert person.traces() == []
    # the others are as they were
    assert [row for row in log.rows() if row["user_id"] == person.other.user["id"]] == others
    values = {row["value"] for row in log.rows("code = 'ABB-0030'")}
    assert set(person.others()) <= values
    for column, before in kept.items():
        assert [row[column] for row in log.rows("seq <= %s", end)] == before
    # entries of both say what is left of them
    changed = [entry for entry in every_result(person.house.owner) if isinstance(entry["data"], dict) and entry["data"].get("erased")]
    assert len(changed) == erased
    assert not person.is_in(json.dumps(every_result(person.house.owner)))
    # that it was done is told, and not of whom
    (last,) = log.rows("related_model = 'audit_log'")
    assert last["code"] == "ABA-0030" and json.loads(last["data"]) == {"erased_entries": erased, "erased_shares": 0}
    verdict = log.assert_intact()
    assert verdict["erased_entries"] == erased
    assert verify_lines(log.export(), *public_keys())["intact"]
    assert not person.is_in("".join(log.export()))
    # again finds nothing more
    assert run_json("audit", "erase", "--tenant", person.house.id, f"--{by}", option, database=database)["erased"] == 0
    # what an erased entry held can't be put back as something else
    seq = changed and log.rows("who_hash is not null")[0]["seq"]
    log.alter(f"update audit_log set who_hash = sha256('x') where tenant_id = :tenant and seq = {seq}")
    assert log.verify()["first_break"]["seq"] == seq


def test_only_one_tenants_log(people_api):
    email = an_email("both")
    first, second = House(people_api), House(people_api)
    for house in (first, second):
        program = Visitor(people_api, house.key("audit:write")["key"])
        record(program, {"code": "ABB-0030", "value": email})
    run_json("audit", "erase", "--tenant", first.id, "--email", email, database=people_api.database)
    rows = "value = %s"
    assert Log(people_api.database, first.id).rows(rows, email) == []
    assert len(Log(people_api.database, second.id).rows(rows, email)) == 1


@pytest.mark.parametrize(
    "options",
    [(), ("--email", "nobody"), ("--email", ""), ("--email", "%"), ("--user", "me"), ("--user", "")],
)
def test_bad_options(house, options):
    log = Log(house.api.database, house.id)
    log.wait_until_quiet()
    before = log.rows()
    outcome = run("audit", "erase", "--tenant", house.id, *options, database=house.api.database, check=False)
    assert outcome.returncode != 0 and outcome.stdout == ""
    assert log.rows() == before


@pytest.mark.parametrize("email", ["@", ".*@.*", "a@b", "%@%", "(@)", "[@", "\\@x"])
def test_patterns_erase_nobody_else(house, email):
    """An address is text, whatever a pattern would make of it."""
    log = Log(house.api.database, house.id)
    log.wait_until_quiet()
    before = log.rows("value is not null or user_id is not null")
    assert len(before) > 1
    run("audit", "erase", "--tenant", house.id, "--email", email, database=house.api.database, check=False)
    assert log.rows("(value is not null or user_id is not null) and related_model is distinct from 'audit_log'") == before


def test_erasing_while_calls_come_in(people_api):
    person = Person(people_api, an_email("busy"))
    log = person.log

    def erase():
        return run_json("audit", "erase", "--tenant", person.house.id, "--user", person.user["id"], database=log.database)

    assert person.visitor.get("/v1/me").status_code == 200
    erase()
    # what they do afterwards is recorded again, until it is erased too
    person.visitor.get("/v1/me", X_Request_Id="after-erasing")
    wait_until(lambda: log.rows("request_id = 'after-erasing'"), "the call afterwards", 3)
    assert len(person.traces()) >= 1
    erase()
    log.wait_until_quiet()
    assert person.traces() == []
    log.assert_intact()
