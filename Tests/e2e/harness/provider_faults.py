"""The provider's faults: what an endpoint does instead of what it should."""

import asyncio
import collections
import collections.abc
import dataclasses
import threading

from .provider_http import Answer, Outcome, Request

ENDPOINTS = ("token", "revoke", "probe", "api")
BIG = 2_000_000

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}

# The answer of each mode that has one; besides these a mode may be a status, `slow` or `hang`.
_ANSWERS: dict[str, collections.abc.Callable[["Fault"], Answer]] = {
    # closes the connection without an answer
    "drop": lambda fault: Answer(is_dropped=True),
    "html": lambda fault: Answer(
        headers=HTML, body=b"<!doctype html><title>Sign in</title><p>We will be back soon.</p>"
    ),
    # good JSON, of 2 MB; who takes it has the token "big"
    "big": lambda fault: Answer(headers=JSON, body=_big()),
    # JSON that ends too early, in an answer that is whole
    "malformed": lambda fault: Answer(headers=JSON, body=b'{"access_token": "malformed", "token_type": "Bea'),
    # an answer that ends before its Content-Length
    "truncated": lambda fault: Answer(headers=JSON, body=b'{"access_token": "trunc', length=500, is_last=True),
    "empty": lambda fault: Answer(headers=JSON),
    "redirect": lambda fault: Answer(fault.status, {"Location": fault.url}),
    "invalid_grant": lambda fault: Answer(400, JSON, b'{"error": "invalid_grant"}'),
}


def _big() -> bytes:
    return b'{"access_token": "big", "token_type": "Bearer", "padding": "%b"}' % (b"x" * BIG)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One way to misbehave."""

    # a status from 400 on, "slow", "hang", or a key of `_ANSWERS`
    mode: str | int
    # of "slow"
    seconds: float = 0.5
    # where "redirect" leads, and by which status
    url: str = "http://127.0.0.1:1/"
    status: int = 307
    # the header's value, with statuses 429 and 503
    retry_after: str | None = "1"
    # does what was asked, then misbehaves: the client does not learn of what has happened
    after: bool = False

    def __post_init__(self):
        is_status = isinstance(self.mode, int) and 400 <= self.mode <= 599
        if not is_status and self.mode not in ("slow", "hang") and self.mode not in _ANSWERS:
            raise ValueError(f"no such mode: {self.mode}")

    def answer(self) -> Answer:
        """The wrong answer."""
        if not isinstance(self.mode, int):
            return _ANSWERS[self.mode](self)
        headers = dict(JSON)
        if self.mode == 401:
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        if self.mode == 403:
            headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
        if self.mode in (429, 503) and self.retry_after is not None:
            headers["Retry-After"] = self.retry_after
        return Answer(self.mode, headers, b'{"error": "status_%d"}' % self.mode)


class Faults:
    """Which faults are to come, by endpoint; told by the test's thread, drawn by the server's."""

    def __init__(self):
        self._lock = threading.Lock()
        self._standing: dict[str, Fault] = {}
        self._next: dict[str, collections.deque[Fault]] = {name: collections.deque() for name in ENDPOINTS}

    def add(self, endpoint: str, fault: Fault, times: int | None) -> None:
        """The next `times` requests after those told before, or all from now on."""
        if endpoint not in ENDPOINTS:
            raise ValueError(f"no such endpoint: {endpoint}")
        with self._lock:
            if times is None:
                self._standing[endpoint] = fault
                self._next[endpoint].clear()
            else:
                self._next[endpoint].extend([fault] * times)

    def clear(self, endpoint: str | None = None) -> None:
        """No more faults, of an endpoint or of all."""
        with self._lock:
            for name in [endpoint] if endpoint else ENDPOINTS:
                self._standing.pop(name, None)
                self._next[name].clear()

    def draw(self, endpoint: str) -> Fault | None:
        """The fault of the request that has come."""
        # the lock is not worth its time where nothing was told
        if not self._standing and not self._next[endpoint]:
            return None
        with self._lock:
            waiting = self._next[endpoint]
            return waiting.popleft() if waiting else self._standing.get(endpoint)


async def misbehave(
    fault: Fault,
    request: Request,
    work: collections.abc.Callable[[Request], Outcome],
    hang: collections.abc.Callable[[Request], collections.abc.Awaitable[None]],
) -> Answer:
    """Answers a request with a fault; what is slow or hangs is answered well in the end."""
    is_late = fault.mode in ("slow", "hang")
    good = await _settle(work(request)) if fault.after else None
    if fault.mode == "slow":
        await asyncio.sleep(fault.seconds)
    elif fault.mode == "hang":
        await hang(request)
    if not is_late:
        return fault.answer()
    return good or await _settle(work(request))


async def _settle(outcome: Outcome) -> Answer:
    return outcome if isinstance(outcome, Answer) else await outcome
