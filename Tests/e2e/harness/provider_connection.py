"""HTTP/1.1 for the tests' provider: many slow answers at a time in one thread, and faults no usual server offers."""

import asyncio
import logging
import time
from http import HTTPStatus

from .provider_http import Answer, Outcome, Request, Site

MAXIMAL_HEAD = 65_536
# bytes of further requests that may wait for the answer to the one before
MAXIMAL_PIPELINE = 262_144


class _Refusal(Exception):
    """What came is no HTTP."""


class Connection(asyncio.Protocol):
    """One connection: one request after the other."""

    def __init__(self, site: Site, connections: set["Connection"]):
        self._site = site
        self._connections = connections
        self._buffer = bytearray()
        self._request: Request | None = None
        # bytes of the body (of the chunk) still to come; None where a chunk's size comes next
        self._remaining: int | None = 0
        self._is_chunked = False
        self._is_trailer = False
        self._is_answering = False
        self._is_closing = False
        self._pending: asyncio.TimerHandle | asyncio.Task | None = None
        self._drained: asyncio.Future | None = None
        self.transport: asyncio.Transport | None = None

    # What the loop calls:

    def connection_made(self, transport):
        """It is open."""
        self.transport = transport
        self._connections.add(self)

    def connection_lost(self, error):
        """It is closed."""
        self._connections.discard(self)
        if self._request is not None and not self._request.is_answered and not self._is_closing:
            self._request.is_abandoned = True
        self._is_closing = True
        if self._pending is not None:
            self._pending.cancel()
        self.resume_writing()

    def data_received(self, data):
        """Some bytes came."""
        if self._is_closing:
            return
        self._buffer += data
        if self._is_answering and len(self._buffer) > MAXIMAL_PIPELINE:
            self.transport.pause_reading()
        self._advance()

    def pause_writing(self):
        """The client reads more slowly than it is written to."""
        self._drained = self._site.loop.create_future()

    def resume_writing(self):
        """The client has read."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # Reading:

    def _advance(self):
        try:
            while not self._is_answering and not self._is_closing:
                if self._request is None and not self._read_head():
                    return
                if self._is_closing or not self._read_body():
                    return
                self._request.is_complete = True
                self._begin_answer()
        except _Refusal as refusal:
            self._is_answering = True
            self._write(Answer(400, body=str(refusal).encode(), is_last=True))

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAXIMAL_HEAD:
                raise _Refusal("the head is too long")
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        words = first.split(" ")
        if len(words) != 3 or words[2] != "HTTP/1.1" or not words[1].startswith("/"):
            raise _Refusal(f"no request line: {first[:200]}")
        raw_headers, headers = [], {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise _Refusal(f"no header: {line[:200]}")
            value = value.strip(" \t")
            raw_headers.append((name, value))
            name = name.lower()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        path, _, query = words[1].partition("?")
        self._request = Request(words[0], words[1], path, query, raw_headers, headers, time.monotonic())
        if "host" not in headers:
            raise _Refusal("no Host")
        self._expect_body(headers)
        early = self._site.begin(self._request)
        if early is not None:
            self._is_answering = True
            early.is_last = True
            self._write(early)
        elif headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _expect_body(self, headers):
        coding, length = headers.get("transfer-encoding"), headers.get("content-length", "0")
        if coding is not None and (coding.lower() != "chunked" or "content-length" in headers):
            raise _Refusal("Transfer-Encoding must be chunked, and without Content-Length")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal("Content-Length is no number")
        self._is_chunked = coding is not None
        self._is_trailer = False
        self._remaining = None if self._is_chunked else int(length)

    def _read_body(self) -> bool:
        """Whether the body has come whole."""
        while True:
            if self._remaining:
                part = bytes(self._buffer[: self._remaining])
                if not part:
                    return False
                del self._buffer[: len(part)]
                self._remaining -= len(part)
                self._request.take(part)
                if self._request.rate:
                    self._rest(len(part) / self._request.rate)
            elif not self._is_chunked:
                return True
            else:
                line = self._read_line()
                if line is None:
                    return False
                if self._is_trailer:
                    if not line:
                        return True
                elif self._remaining is None:
                    self._begin_chunk(line)
                elif line:
                    raise _Refusal("a chunk is longer than it said")
                else:
                    self._remaining = None

    def _begin_chunk(self, line: bytes):
        try:
            self._remaining = int(line.partition(b";")[0], 16)
        except ValueError:
            raise _Refusal("a chunk has no size") from None
        self._is_trailer = self._remaining == 0

    def _read_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _rest(self, seconds: float):
        """Reads nothing for a while, so that the client cannot send."""
        self.transport.pause_reading()
        self._site.loop.call_later(seconds, lambda: None if self._is_closing else self.transport.resume_reading())

    # Answering:

    def _begin_answer(self):
        self._is_answering = True
        try:
            outcome = self._site.answer(self._request)
        except Exception:
            outcome = self._failure()
        latency = self._site.latency
        if not isinstance(outcome, Answer) or outcome.stream is not None:
            self._pending = self._site.loop.create_task(self._answer_later(outcome, latency))
        elif latency > 0:
            self._pending = self._site.loop.call_later(latency, self._write_later, outcome)
        else:
            self._write(outcome)

    async def _answer_later(self, outcome: Outcome, latency: float):
        try:
            answer = outcome if isinstance(outcome, Answer) else await outcome
        except Exception:
            answer = self._failure()
        if latency > 0:
            await asyncio.sleep(latency)
        if answer.stream is None:
            self._write_later(answer)
            return
        self._write_head(answer)
        try:
            is_whole = await self._write_stream(answer)
        except ConnectionAbortedError:
            self._is_closing = True
            self.transport.close()
            return
        if is_whole:
            self._finish(answer)
            self._go_on()

    def _failure(self) -> Answer:
        logging.exception("the provider fails at %s %s", self._request.method, self._request.target)
        return Answer(500, body=b"the provider itself is broken")

    async def _write_stream(self, answer: Answer) -> bool:
        """Whether the client stayed to the end."""
        async for part in answer.stream:
            if self._drained is not None:
                await self._drained
            # lets others have their turn, and `connection_lost` come
            await asyncio.sleep(0)
            if self.transport.is_closing():
                return False
            if part and self._request.method != "HEAD":
                # noted first, for the client may have it before this thread goes on
                self._request.sent += len(part)
                self._request.is_answered = self._request.sent == answer.length
                self.transport.write(part if answer.length is not None else b"%x\r\n%b\r\n" % (len(part), part))
        self._request.is_answered = True
        if answer.length is None and self._request.method != "HEAD":
            self.transport.write(b"0\r\n\r\n")
        return True

    def _write_later(self, answer: Answer):
        self._write(answer)
        self._go_on()

    def _go_on(self):
        self._pending = None
        if not self._is_closing:
            self.transport.resume_reading()
            self._advance()

    def _write(self, answer: Answer):
        if answer.is_dropped:
            self._is_closing = True
            self.transport.close()
            return
        if self._request is not None:
            self._request.is_answered = True
        self._write_head(answer)
        self._finish(answer)

    def _write_head(self, answer: Answer):
        request = self._request
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Status"
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.stream is not None and answer.length is None:
            lines.append("Transfer-Encoding: chunked")
        elif answer.status not in (204, 304):
            lines.append(f"Content-Length: {len(answer.body) if answer.length is None else answer.length}")
        if self._closes_after(answer):
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        has_body = request is None or request.method != "HEAD" and answer.status not in (204, 304)
        body = answer.body if has_body and answer.stream is None else b""
        if request is not None:
            request.status = answer.status
            request.sent += len(body)
        self.transport.write(head + body)

    def _closes_after(self, answer: Answer) -> bool:
        asked = self._request is not None and self._request.headers.get("connection", "").lower() == "close"
        return answer.is_last or asked

    def _finish(self, answer: Answer):
        if not self._closes_after(answer):
            self._request = None
            self._is_answering = False
            return
        self._is_closing = True
        if self._request is None or self._request.is_complete or not self.transport.can_write_eof():
            self.transport.close()
            return
        # what is still being sent is read and thrown away, for a reset could overtake the answer
        self.transport.write_eof()
        self._pending = self._site.loop.call_later(5, self.transport.abort)
