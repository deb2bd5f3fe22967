"""What comes to the tests' provider and what it answers, as HTTP sees it."""

import asyncio
import collections.abc
import dataclasses
import hashlib
import time
from urllib.parse import parse_qsl

# bytes of a body that are kept; what comes beyond is counted and hashed
KEPT_BODY = 1_048_576


@dataclasses.dataclass(slots=True)
class Request:
    """A request, from the end of its head on."""

    method: str
    # as sent: path and query
    target: str
    path: str
    query: str
    # as sent, in order
    raw_headers: list[tuple[str, str]]
    # by name in lower case; several of one name are joined by a comma
    headers: dict[str, str]
    # time.monotonic() at the end of the head
    arrived: float
    body: bytes = b""
    # bytes of the body so far, and each moment at which some came with the size by then
    size: int = 0
    arrivals: list[tuple[float, int]] = dataclasses.field(default_factory=list)
    is_complete: bool = False
    # whose credential came with it
    account: str | None = None
    # the answer: its status, the bytes of its body that were given to the connection, whether it was given whole
    status: int | None = None
    sent: int = 0
    is_answered: bool = False
    # the client closed the connection before the answer was given whole
    is_abandoned: bool = False
    # bytes a second at which the body is read; None is as fast as it comes
    rate: int | None = None
    digest: "hashlib._Hash | None" = None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's names and values in order."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The form's names and values in order."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        """The form by name."""
        return dict(self.fields)

    def argument(self, name: str, default: str) -> str:
        """A value of the query."""
        return dict(self.parameters).get(name, default)

    def take(self, data: bytes) -> None:
        """Takes a part of the body."""
        if self.digest is None:
            self.digest = hashlib.sha256()
        self.digest.update(data)
        self.size += len(data)
        self.arrivals.append((time.monotonic(), self.size))
        if len(self.body) < KEPT_BODY:
            self.body += data[: KEPT_BODY - len(self.body)]


@dataclasses.dataclass(slots=True)
class Answer:
    """What is answered."""

    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    # streamed instead of the body, as chunks unless `length` is set; `ConnectionAbortedError` breaks it off
    stream: collections.abc.AsyncIterator[bytes] | None = None
    # Content-Length where it is not that of the body
    length: int | None = None
    # closes the connection: without an answer, or after it
    is_dropped: bool = False
    is_last: bool = False


Outcome = Answer | collections.abc.Coroutine[object, object, Answer]


class Site:
    """What a connection needs to know: overridden by the provider."""

    loop: asyncio.AbstractEventLoop
    # seconds before each answer
    latency: float = 0.0

    def begin(self, request: Request) -> Answer | None:
        """The head has come; an answer given here is sent before the body has come."""

    def answer(self, request: Request) -> Outcome:
        """The whole request has come."""
        raise NotImplementedError
