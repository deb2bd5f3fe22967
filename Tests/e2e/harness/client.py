"""Requests as a platform's backend sends them, and entries to send."""

import datetime
import gzip
import itertools
import json
import secrets

import httpx

NDJSON = "application/x-ndjson"
JSON = "application/json"
_numbers = itertools.count(1)


def now():
    """The current time, to the millisecond, as entries carry it."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def stamp(time):
    """A time in RFC 3339 with milliseconds."""
    return time.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(**difference):
    """A time that many days, hours … ago, in RFC 3339."""
    return stamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(**difference))


def entry(**members):
    """A valid entry; members given replace its own, and those given as `...` are left out."""
    own = {
        "occurred_at": ago(seconds=next(_numbers) % 50),
        "application": "zendesk",
        "bot": {"id": "support-bot", "name": "Support bot"},
        "method": "POST",
        "url": "https://acme.zendesk.com/api/v2/tickets.json",
        "status_code": 200,
        "duration_ms": 120,
        "request": {"headers": {"Content-Type": "application/json"}, "body": '{"subject":"hello"}'},
        "response": {"headers": {"Content-Type": "application/json"}, "body": '{"id":7}'},
    }
    own.update(members)
    return {name: value for name, value in own.items() if value is not ...}


def entries(count, **members):
    """That many valid entries."""
    return [entry(**members) for _ in range(count)]


def with_ids(count, **members):
    """That many valid entries with ids of their own."""
    run = secrets.token_hex(6)
    return [entry(id=f"{run}-{number}", **members) for number in range(count)]


def ndjson(items):
    """Entries, one a line."""
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items)


def packed(data):
    """Data as gzip, quickly."""
    return gzip.compress(data, 1)


class Client:
    """Talks to an api process for one tenant."""

    def __init__(self, api, tenant=None, write_key=None, read_key=None, timeout=30):
        self.http = httpx.Client(base_url=api if isinstance(api, str) else api.url, timeout=timeout, trust_env=False)
        self.write_key = write_key or (tenant and tenant.write_key)
        self.read_key = read_key or (tenant and tenant.read_key)

    def close(self):
        """Closes its connections."""
        self.http.close()

    def post(self, body, content_type=JSON, key=None, **headers):
        """Sends entries in: bytes as they are, anything else as JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {key or self.write_key}"}
        if content_type:
            sent["Content-Type"] = content_type
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.http.post("/v1/call-logs", content=body, headers=sent)

    def send(self, items, **headers):
        """Sends entries as NDJSON; all must be taken."""
        answer = self.post(ndjson(items), NDJSON, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path, key=None, **parameters):
        """Reads."""
        return self.http.get(
            path, params=parameters or None, headers={"Authorization": f"Bearer {key or self.read_key}"}
        )

    def list(self, **parameters):
        """A page of calls, with its pagination."""
        answer = self.get("/v1/call-logs", **{name.rstrip("_"): value for name, value in parameters.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all(self, **parameters):
        """Every call that matches, page by page."""
        parameters.setdefault("limit", 500)
        found, cursor = [], {}
        while True:
            page = self.list(**parameters, **cursor)
            found += page["data"]
            if page["pagination"]["next"] is None:
                return found
            cursor = {"cursor": page["pagination"]["next"]}

    def find(self, id):
        """One call with its bodies."""
        answer = self.get(f"/v1/call-logs/{id}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def assert_problem(answer, status, code):
    """An answer is the problem (RFC 9457) expected, in every part that all problems share."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["request_id"] == answer.headers["x-request-id"]
    for member in ("type", "title", "detail"):
        assert isinstance(problem[member], str) and problem[member], member
    return problem
