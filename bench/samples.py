"""Realistic entries: as requests for the api, and as files for \\copy into a plain table."""

import json
import random
import subprocess
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import load

NDJSON = "application/x-ndjson"


def stream(binary: Path, entries: int, seed: int, hours: float) -> Iterator[bytes]:
    """Lines of NDJSON, oldest first. Calls that reached nobody are left out: the api counts them and stores nothing."""
    command = [binary, "sample", "--entries", str(entries), "--seed", str(seed), "--hours", str(hours)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            # quotes inside bodies are escaped, so this is the entry's own member
            if b'"status_code":null' not in line and b'"status_code":0,' not in line:
                yield line
    if process.returncode:
        raise RuntimeError(f"calltrail sample ended with {process.returncode}")


def chunks(lines: list[bytes], size: int) -> list[list[bytes]]:
    """The entries of one request each."""
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def spread(lines: Iterable[bytes], port: int, tenants: list, size: int) -> Iterator[bytes]:
    """Requests of the tenants in turn, so that each has entries of the whole time."""
    waiting: list[list[bytes]] = [[] for _ in tenants]
    for index, line in enumerate(lines):
        number = index % len(tenants)
        waiting[number].append(line)
        if len(waiting[number]) == size:
            yield load.request("POST", "/v1/call-logs", port, tenants[number].key, b"".join(waiting[number]), NDJSON)
            waiting[number] = []
    for tenant, rest in zip(tenants, waiting):
        if rest:
            yield load.request("POST", "/v1/call-logs", port, tenant.key, b"".join(rest), NDJSON)


# call_log's columns without those that point to a body, and the messages as text; no CHECK slows it down
PLAIN_TABLE = """
    drop table if exists plain;
    create table plain (
        occurred_at timestamptz not null, id uuid not null, tenant_id integer not null, bot_key integer not null,
        duration_ms integer, status_code smallint not null, attempt smallint, is_error boolean not null,
        method text not null, application text not null, url text not null, source_type text, source_path text,
        source_node_id text, agent_name text, agent_email text, user_id text, user_name text, error_type text,
        error_message text, connection_id text,
        request_headers text, request_body text, response_headers text, response_body text,
        primary key (tenant_id, occurred_at, id));
    create index plain_errors on plain (tenant_id, occurred_at desc, id desc) where is_error;
    """
PLAIN_COLUMNS = """occurred_at, id, tenant_id, bot_key, duration_ms, status_code, attempt, is_error, method,
    application, url, source_type, source_path, source_node_id, agent_name, agent_email, user_id, user_name, error_type,
    error_message, connection_id, request_headers, request_body, response_headers, response_body""".replace("\n", " ")


class PlainRows:
    """Turns entries into the plain table's rows."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)
        self._bots: dict[str, int] = {}

    def row(self, line: bytes, tenant: int) -> list[str | None]:
        """The columns of PLAIN_COLUMNS."""
        entry = json.loads(line)
        occurred_at = entry["occurred_at"]
        source, user, error = entry.get("source") or {}, entry.get("user") or {}, entry.get("error") or {}
        agent = source.get("agent") or {}
        request, response = entry.get("request") or {}, entry.get("response") or {}
        code = entry["status_code"]
        is_error = code >= 400 or entry.get("outcome") == "error"
        return [
            occurred_at, str(self._identifier(occurred_at)), str(tenant), str(self._bot(entry["bot"]["id"])),
            _text(entry.get("duration_ms")), str(code), _text(entry.get("attempt")), "t" if is_error else "f",
            entry["method"], entry["application"], entry["url"], source.get("type"), source.get("path"),
            source.get("node_id"), agent.get("name"), agent.get("email"), user.get("id"), user.get("name"),
            error.get("type"), error.get("message"), entry.get("connection_id"), _headers(request), request.get("body"),
            _headers(response), response.get("body"),
        ]

    def _identifier(self, occurred_at: str) -> UUID:
        """A UUIDv7, as the api gives them: they grow with time, which is kind to the index."""
        milliseconds = int(datetime.fromisoformat(occurred_at).timestamp() * 1000)
        bits = milliseconds << 80 | self._random.getrandbits(76)
        return UUID(int=bits & ~(0xF << 76) & ~(3 << 62) | 7 << 76 | 2 << 62)

    def _bot(self, name: str) -> int:
        return self._bots.setdefault(name, len(self._bots) + 1)


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _headers(message: dict) -> str | None:
    headers = message.get("headers")
    return None if headers is None else json.dumps(headers, ensure_ascii=False, separators=(",", ":"))


TEXT_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_line(row: list[str | None], form: str) -> str:
    """A row as COPY reads it in format `text` or `csv`."""
    if form == "text":
        return "\t".join("\\N" if value is None else value.translate(TEXT_ESCAPES) for value in row) + "\n"
    return ",".join("" if value is None else _csv(value) for value in row) + "\n"


def _csv(value: str) -> str:
    if value and not any(character in value for character in ',"\n\r'):
        return value
    return '"' + value.replace('"', '""') + '"'
