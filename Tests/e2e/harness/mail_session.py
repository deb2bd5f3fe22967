"""One connection to the mail server: what came over it, and how it is answered."""

import asyncio
import dataclasses
import email
import email.message
import email.policy
import enum
import logging

from aiosmtpd.smtp import SMTP, AuthResult

# its warnings are about its own older interfaces
logging.getLogger("mail.log").setLevel(logging.ERROR)

USER = "user"
# holds a character that a URL must escape
PASSWORD = "p@ss"


class Behaviour(enum.Enum):
    """What the server does to a mail, or to a connection."""

    OK = enum.auto()
    # Decided for each mail, at MAIL:
    RCPT_451 = enum.auto()
    RCPT_550 = enum.auto()
    # in answer to the command, so that no content is sent
    DATA_451 = enum.auto()
    # in answer to the whole content
    END_451 = enum.auto()
    END_554 = enum.auto()
    # takes the whole content, then closes the connection without an answer: the mail counts as arrived
    ACCEPT_AND_DROP = enum.auto()
    # closes the connection after the first line of the content: the mail has not arrived
    DROP_IN_DATA = enum.auto()
    # takes the whole content and does not answer until `MailServer.release`; the connection stays open
    HANG = enum.auto()
    # answers each command of the mail only after `MailServer.slowness` seconds
    SLOW = enum.auto()
    # Decided for each connection, as it opens:
    # offers AUTH in the clear instead, so that a careless client is caught
    NO_STARTTLS = enum.auto()
    # shows a certificate for the right host by a CA of which nobody knows
    OTHER_CA = enum.auto()
    # shows a certificate by the right CA for another host
    OTHER_HOST = enum.auto()


CERTIFICATES = frozenset({Behaviour.OTHER_CA, Behaviour.OTHER_HOST})
OF_CONNECTIONS = CERTIFICATES | {Behaviour.NO_STARTTLS}
OF_MAILS = frozenset(Behaviour) - OF_CONNECTIONS


@dataclasses.dataclass
class Connection:
    """One connection, from its first byte on, whether or not a mail came over it."""

    is_implicit_tls: bool
    # every command as it came, with whether it came encrypted
    commands: list[tuple[str, bool]] = dataclasses.field(default_factory=list)
    # who signed in, and by which mechanism
    user: str | None = None
    mechanism: str | None = None

    @property
    def verbs(self):
        """The commands' verbs in order."""
        return [verb for verb, _ in self.commands]

    @property
    def clear_verbs(self):
        """The verbs that came unencrypted, in order."""
        return [verb for verb, is_encrypted in self.commands if not is_encrypted]


@dataclasses.dataclass
class Received:
    """A mail whose whole content arrived."""

    sender: str
    recipients: list[str]
    # as sent, with CRLF, without the doubled dots
    content: bytes
    # parameters of MAIL, such as SIZE=… or SMTPUTF8
    options: list[str]
    is_encrypted: bool
    user: str | None
    connection: Connection
    # the answer's code; None as long as, or because, none was given
    reply: int | None = None

    @property
    def mail(self) -> email.message.EmailMessage:
        """The content, parsed."""
        return email.message_from_bytes(self.content, policy=email.policy.default)


class Session(SMTP):
    """The protocol of one connection."""

    def __init__(self, server, connection, context):
        self.connection = connection
        self._handler = _Handler(server, connection)
        super().__init__(
            self._handler,
            hostname="localhost",
            ident="test mail server",
            enable_SMTPUTF8=True,
            tls_context=context,
            auth_required=True,
            authenticator=self._handler.sign_in,
            loop=server.loop,
        )
        # set here because the constructor warns of it; over TLS from the start it is no matter of STARTTLS
        self._auth_require_tls = context is not None
        self._smtp_methods = _Noted(self._smtp_methods, self._note)

    def _note(self, verb):
        self.connection.commands.append((verb, self.is_encrypted))

    @property
    def is_encrypted(self):
        """Whether what comes now comes over TLS."""
        return self.transport.get_extra_info("ssl_object") is not None

    async def smtp_DATA(self, argument):
        """Content: only some behaviours need more than the hook after its end."""
        if self.envelope.rcpt_tos:
            behaviour = self._handler.behaviour
            await self._handler.dawdle()
            if behaviour is Behaviour.DATA_451:
                self._set_post_data_state()
                await self.push("451 4.3.0 Not now")
                return
            if behaviour is Behaviour.DROP_IN_DATA:
                await self.push("354 Go ahead")
                await self._reader.readuntil(b"\r\n")
                await self.drop()
        await super().smtp_DATA(argument)

    async def drop(self):
        """Closes the connection and does not return."""
        self.transport.abort()
        await _forever()


class _Handler:
    """Decides about one connection's mails: the hooks of aiosmtpd, called when a command is in order."""

    def __init__(self, server, connection):
        self.server = server
        self.connection = connection
        self.behaviour = Behaviour.OK

    async def dawdle(self):
        """Waits where the mail is a slow one."""
        if self.behaviour is Behaviour.SLOW:
            await asyncio.sleep(self.server.slowness)

    def sign_in(self, _server, _session, _envelope, mechanism, login):
        """Whether name and password are right."""
        if (login.login, login.password) != (USER.encode(), PASSWORD.encode()):
            return AuthResult(success=False, handled=False)
        self.connection.user, self.connection.mechanism = USER, mechanism
        return AuthResult(success=True)

    async def handle_MAIL(self, _protocol, _session, envelope, address, options):
        """The begin of a mail."""
        self.behaviour = self.server.draw(OF_MAILS)
        await self.dawdle()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _protocol, _session, envelope, address, options):
        """A recipient."""
        await self.dawdle()
        if self.behaviour is Behaviour.RCPT_451:
            return "451 4.2.1 The mailbox is busy"
        if self.behaviour is Behaviour.RCPT_550:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, protocol, _session, envelope):
        """The end of the content."""
        received = Received(
            envelope.mail_from,
            list(envelope.rcpt_tos),
            envelope.content,
            list(envelope.mail_options),
            protocol.is_encrypted,
            self.connection.user,
            self.connection,
        )
        self.server.received.append(received)
        if self.behaviour is Behaviour.HANG:
            await self.server.hang()
        if self.behaviour is Behaviour.ACCEPT_AND_DROP:
            await protocol.drop()
        await self.dawdle()
        answers = {Behaviour.END_451: "451 4.3.0 Try later", Behaviour.END_554: "554 5.6.0 Not this one"}
        answer = answers.get(self.behaviour, "250 2.0.0 OK")
        received.reply = int(answer[:3])
        return answer


class _Noted(dict):
    """The commands by verb, which tells of every look: unknown verbs are seen, too."""

    def __init__(self, commands, note):
        super().__init__(commands)
        self._note_verb = note

    def get(self, verb, default=None):
        """Notes the verb and finds its command."""
        self._note_verb(verb)
        return super().get(verb, default)


async def _forever():
    """Waits until the connection is gone: then its task is cancelled."""
    await asyncio.Event().wait()
