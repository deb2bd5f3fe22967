"""What the api sends to PostgreSQL for a request, learned from the server's own log: the limit runs just that."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import load
from service import Service

LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[(\d+)\] (?:\S+ )?(LOG|DETAIL):  (.*)$")
PARAMETER = re.compile(r"\$(\d+) = (?:'((?:[^']|'')*)'|NULL)")


@dataclass
class Statement:
    """A statement with its parameters, in order, as text."""

    text: str
    parameters: list[str]


def transaction(service: Service, path: str, key: str, containing: str) -> list[Statement]:
    """The statements of the transaction by which the api answers a GET, from begin to commit.

    - containing: a text that only this transaction has.
    """
    def request() -> None:
        if load.get(service.port, path, key).status != 200:
            raise RuntimeError(f"GET {path} failed")

    for _ in range(3):
        # prepared by now, and the key is remembered
        load.get(service.port, path, key)
    return observed(service, request, containing)


def observed(service: Service, provoke: Callable[[], None], containing: str) -> list[Statement]:
    """The statements of the last transaction, from begin to commit, that ran meanwhile and has a text.

    - provoke: makes it run.
    - containing: a text that only this transaction has.
    """
    log = Path(service.bench.postgres.value("show data_directory")).parent / "log"
    start = log.stat().st_size
    _log_statements(service, "'all'")
    try:
        provoke()
    finally:
        _log_statements(service, "default")
    with log.open("rb") as file:
        file.seek(start)
        found = _find(file.read().decode(errors="replace"), containing)
    if not found:
        raise RuntimeError(f"no transaction with {containing!r} in the server's log")
    return found


def _log_statements(service: Service, value: str) -> None:
    service.bench.postgres.rows(f"alter system set log_statement = {value}; select pg_reload_conf();")
    # backends read the configuration anew when they next hear of it
    time.sleep(0.3)


def _find(log: str, containing: str) -> list[Statement]:
    open_transactions: dict[str, list[Statement]] = {}
    found: list[Statement] = []
    for process, level, text in _events(log):
        if level == "DETAIL":
            values = [match[2] for match in PARAMETER.finditer(text)]
            if text.startswith("parameters:") and open_transactions.get(process):
                open_transactions[process][-1].parameters = [value.replace("''", "'") for value in values]
            continue
        if not text.startswith(("execute ", "statement: ")):
            continue
        statement = Statement(text.split(": ", 1)[1], [])
        if statement.text == "begin":
            open_transactions[process] = []
        if process not in open_transactions:
            continue
        open_transactions[process].append(statement)
        if statement.text == "commit":
            statements = open_transactions.pop(process)
            if any(containing in one.text for one in statements):
                found = statements
    return found


def _events(log: str) -> list[tuple[str, str, str]]:
    """Process, level and text of each event; the server indents continued lines by a tab."""
    events: list[tuple[str, str, str]] = []
    for line in log.splitlines():
        if match := LINE.match(line):
            events.append((match[1], match[2], match[3]))
        elif events and line.startswith("\t"):
            process, level, text = events[-1]
            events[-1] = (process, level, text + "\n" + line[1:])
    return events
