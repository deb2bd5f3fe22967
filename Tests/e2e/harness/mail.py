"""A mail server that takes mails over STARTTLS or TLS, remembers what came, and misbehaves when told to."""

import asyncio
import collections
import tempfile
import threading
import weakref
from urllib.parse import quote

from .certificates import Authority
from .mail_session import CERTIFICATES, OF_CONNECTIONS, PASSWORD, USER, Behaviour, Connection, Received, Session
from .waiting import free_port, wait_until


class MailServer:
    """A mail server in a thread of its own, from `with` to its end.

    It insists on signing in as `USER` with `PASSWORD`, over STARTTLS at `port` and over TLS from the start at
    `tls_port`, and shows a certificate for localhost by the CA in `ca_file`.
    """

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="calltrail-mail.")
        authority = Authority(self._directory.name, "ca")
        self.ca_file = str(authority.file)
        self._contexts = {
            Behaviour.OK: authority.context("localhost", "127.0.0.1"),
            Behaviour.OTHER_CA: Authority(self._directory.name, "other-ca").context("localhost", "127.0.0.1"),
            Behaviour.OTHER_HOST: authority.context("mail.invalid"),
        }
        # the certificate is chosen when the client has spoken
        self._any_context = authority.context("localhost", "127.0.0.1")
        self._any_context.sni_callback = self._choose_certificate
        self.port = free_port()
        self.tls_port = free_port()
        self.slowness = 0.5
        # every mail whose content arrived, in order, however it was answered
        self.received: list[Received] = []
        self.connections: list[Connection] = []
        self._standing = Behaviour.OK
        self._next: collections.deque[Behaviour] = collections.deque()
        self._lock = threading.Lock()
        self._thread = None
        self._sessions = weakref.WeakSet()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self._directory.cleanup()

    def start(self):
        """Listens, again if need be: at the same ports."""
        self.loop = asyncio.new_event_loop()
        self._release = asyncio.Event()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())

    def stop(self):
        """Closes all connections and listens no more: who comes is refused. What came is kept."""
        if self._thread is None:
            return
        self._run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()
        self._thread = None

    def url(self, scheme="smtp", user=USER, password=PASSWORD):
        """The URL to send to; `smtps` is TLS from the start."""
        port = self.tls_port if scheme == "smtps" else self.port
        return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@localhost:{port}"

    def settings(self, scheme="smtp", **login):
        """The program's settings to send here."""
        return {"CALLTRAIL_SMTP_URL": self.url(scheme, **login), "CALLTRAIL_CA_FILE": self.ca_file}

    def behave(self, behaviour, times=None):
        """Behaves so from now on, or for the next mails (connections), as many as `times`, after those told before."""
        with self._lock:
            if times is None:
                self._standing = behaviour
                self._next.clear()
            else:
                self._next.extend([behaviour] * times)

    def release(self):
        """Answers the mails that hang, as good ones; those to come hang again."""

        def let_go():
            self._release.set()
            self._release = asyncio.Event()

        self.loop.call_soon_threadsafe(let_go)

    async def hang(self):
        """Waits for the next `release`."""
        await self._release.wait()

    @property
    def accepted(self):
        """The mails that were answered with 250."""
        return [received for received in self.received if received.reply == 250]

    @property
    def verbs(self):
        """Every command's verb, in the order of the connections."""
        return [verb for connection in self.connections for verb in connection.verbs]

    def to(self, address):
        """The mails for an address that arrived, however they were answered."""
        return [received for received in self.received if address in received.recipients]

    def wait_for(self, count=1, address=None, seconds=15.0):
        """Waits until that many mails have arrived, for an address or for anybody; returns all of them."""

        def arrived():
            found = self.to(address) if address else list(self.received)
            return found if len(found) >= count else None

        return wait_until(arrived, f"{count} mails for {address or 'anybody'}", seconds)

    def forget(self):
        """Forgets mails and connections, not how to behave."""
        self.received.clear()
        self.connections.clear()

    def draw(self, kind):
        """How to behave at a point where only behaviours of a kind count; those of others wait for theirs."""
        with self._lock:
            if self._next:
                return self._next.popleft() if self._next[0] in kind else Behaviour.OK
            return self._standing if self._standing in kind else Behaviour.OK

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def _listen(self):
        self._listeners = [
            await self.loop.create_server(self._accept, "127.0.0.1", self.port),
            await self.loop.create_server(self._accept_tls, "127.0.0.1", self.tls_port, ssl=self._any_context),
        ]

    def _choose_certificate(self, handshake, *_):
        handshake.context = self._contexts[self.draw(CERTIFICATES)]

    def _accept(self):
        # none where STARTTLS is not to be offered
        return self._session(False, self._contexts.get(self.draw(OF_CONNECTIONS)))

    def _accept_tls(self):
        return self._session(True, None)

    def _session(self, is_implicit_tls, context):
        connection = Connection(is_implicit_tls)
        self.connections.append(connection)
        session = Session(self, connection, context)
        self._sessions.add(session)
        return session

    async def _close(self):
        for listener in self._listeners:
            listener.close()
        for session in self._sessions:
            if session.transport is not None and not session.transport.is_closing():
                session.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
