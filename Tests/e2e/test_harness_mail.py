"""The mail server of the tests themselves: what other tests conclude from it has to be true."""

import smtplib
import ssl
import time

import pytest

from harness.mail import MailServer
from harness.mail_session import PASSWORD, USER, Behaviour

SENDER, RECIPIENT = "calltrail@example.com", "ada@example.com"
CONTENT = b"Subject: Hello\r\n\r\nfirst line\r\n.hidden by a dot\r\nf\xc3\xbcr dich\r\n"


@pytest.fixture(scope="module")
def running():
    """The file's server."""
    with MailServer() as server:
        yield server


@pytest.fixture
def server(running):
    """The file's server, as good as new."""
    running.behave(Behaviour.OK)
    running.forget()
    return running


def trust(server):
    """Trusts the server's CA alone, and checks the host name."""
    return ssl.create_default_context(cafile=server.ca_file)


def connect(server, timeout=10):
    """A client that is encrypted and signed in."""
    client = smtplib.SMTP("localhost", server.port, timeout=timeout)
    client.starttls(context=trust(server))
    client.login(USER, PASSWORD)
    return client


def send(client, *recipients):
    """Sends a mail; returns the recipients that were refused."""
    return client.sendmail(SENDER, recipients or [RECIPIENT], CONTENT)


def test_a_mail_is_recorded_as_it_came(server):
    with connect(server) as client:
        assert send(client, RECIPIENT, "bob@example.com") == {}
        send(client)
    first, second = server.accepted
    assert (first.sender, first.recipients) == (SENDER, [RECIPIENT, "bob@example.com"])
    assert first.content == CONTENT
    assert first.mail["Subject"] == "Hello" and "für dich" in first.content.decode()
    assert (first.is_encrypted, first.user, first.reply) == (True, USER, 250)
    assert server.to("bob@example.com") == [first] and server.to(RECIPIENT) == [first, second]
    (connection,) = server.connections
    assert first.connection is second.connection is connection and not connection.is_implicit_tls
    assert connection.clear_verbs == ["EHLO", "STARTTLS"]
    mail = ["MAIL", "RCPT", "DATA"]
    assert connection.verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", *mail[1:], *mail, "QUIT"]
    assert server.wait_for(2, RECIPIENT) == [first, second]


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN"])
def test_tls_from_the_start(server, mechanism):
    with smtplib.SMTP_SSL("localhost", server.tls_port, timeout=10, context=trust(server)) as client:
        client.ehlo()
        assert not client.has_extn("starttls") and mechanism in client.esmtp_features["auth"]
        client.user, client.password = USER, PASSWORD
        client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
        send(client)
    (connection,) = server.connections
    assert connection.is_implicit_tls and connection.clear_verbs == [] and connection.mechanism == mechanism
    assert [received.is_encrypted for received in server.accepted] == [True]


def test_no_mail_without_tls_and_the_right_password(server):
    with smtplib.SMTP("localhost", server.port, timeout=10) as client:
        client.ehlo()
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", "PLAIN AHVzZXIAcEBzcw==")[0] == 538
        assert client.mail(SENDER)[0] == 530
        client.starttls(context=trust(server))
        client.ehlo()
        assert client.mail(SENDER)[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(USER, "wrong")
        assert client.mail(SENDER)[0] == 530
        client.docmd("WHAT")
    (connection,) = server.connections
    assert server.received == [] and connection.user is None
    assert "AUTH" in connection.clear_verbs and "WHAT" in server.verbs


@pytest.mark.parametrize(
    "behaviour, code, arrives",
    [
        (Behaviour.RCPT_451, 451, False),
        (Behaviour.RCPT_550, 550, False),
        (Behaviour.DATA_451, 451, False),
        (Behaviour.END_451, 451, True),
        (Behaviour.END_554, 554, True),
    ],
)
def test_refusals_count_down(server, behaviour, code, arrives):
    server.behave(behaviour, times=2)
    with connect(server) as client:
        for _ in range(2):
            with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused)) as refusal:
                send(client)
            error = refusal.value
            codes = [given for given, _ in getattr(error, "recipients", {}).values()] or [error.smtp_code]
            assert codes == [code]
        send(client)
    assert [received.reply for received in server.received] == ([code] * 2 if arrives else []) + [250]
    assert len(server.accepted) == len(server.connections) == 1


@pytest.mark.parametrize("behaviour, arrives", [(Behaviour.ACCEPT_AND_DROP, True), (Behaviour.DROP_IN_DATA, False)])
def test_dropped_connections(server, behaviour, arrives):
    server.behave(behaviour, times=1)
    client = connect(server)
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        send(client)
    client.close()
    assert [(received.content, received.reply) for received in server.received] == [(CONTENT, None)] * arrives
    with connect(server) as client:
        send(client)
    assert len(server.accepted) == 1 and len(server.connections) == 2


def test_hang(server):
    server.behave(Behaviour.HANG)
    client = connect(server, timeout=0.3)
    # smtplib tells of a missing answer as of a closed connection
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(client)
    client.close()
    (received,) = server.wait_for(1)
    assert received.content == CONTENT and received.reply is None and server.accepted == []


def test_slow(server):
    server.slowness = 0.05
    server.behave(Behaviour.SLOW, times=1)
    with connect(server) as client:
        began = time.monotonic()
        send(client)
        slow = time.monotonic() - began
    # MAIL, RCPT, DATA and the end of the content
    assert slow >= 4 * server.slowness and len(server.accepted) == 1


def test_no_starttls_tempts_to_sign_in_unencrypted(server):
    server.behave(Behaviour.NO_STARTTLS, times=1)
    with smtplib.SMTP("localhost", server.port, timeout=10) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        client.login(USER, PASSWORD)
        send(client)
    (received,) = server.accepted
    assert not received.is_encrypted and "AUTH" in server.connections[0].clear_verbs
    connect(server).quit()


@pytest.mark.parametrize(
    "behaviour, reason", [(Behaviour.OTHER_CA, "unable to get local issuer"), (Behaviour.OTHER_HOST, "mismatch")]
)
def test_wrong_certificates(server, behaviour, reason):
    # connections do not use up what is meant for mails, nor the other way round
    server.behave(behaviour, times=2)
    server.behave(Behaviour.END_554, times=1)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        connect(server)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        smtplib.SMTP_SSL("localhost", server.tls_port, timeout=10, context=trust(server))
    with connect(server) as client:
        with pytest.raises(smtplib.SMTPDataError):
            send(client)
        send(client)
    assert [connection.verbs for connection in server.connections[:2]] == [["EHLO", "STARTTLS"], []]


def test_a_stopped_server_refuses_connections_until_it_starts_again():
    with MailServer() as server:
        assert server.url() == f"smtp://user:p%40ss@localhost:{server.port}"
        assert server.settings("smtps")["CALLTRAIL_SMTP_URL"].startswith("smtps://user:p%40ss@localhost:")
        client = connect(server)
        server.stop()
        with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
            send(client)
        client.close()
        with pytest.raises(ConnectionRefusedError):
            connect(server)
        server.start()
        with connect(server) as client:
            send(client)
        assert len(server.accepted) == 1
