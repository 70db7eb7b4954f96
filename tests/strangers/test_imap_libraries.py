"""IMAP libraries that do not know us: imaplib, IMAPClient and aioimaplib, each through the whole day of a mailbox, over STARTTLS."""

import asyncio
import contextlib
import datetime as dt
import imaplib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from email.header import decode_header, make_header
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any, TypeVar

import aioimaplib
import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, base64_of, control, letter

SHARED = f"Shared/{PRACTICE}/INBOX"
OTHERS = f"Other Users/{DOCTOR}/INBOX"
SECONDS = 20
DOCTOR_ACCOUNT = ("camille.martin", "cabinet-2026")
SECRETARY_ACCOUNT = ("sophie.petit", "cabinet-2026")
_Client = TypeVar("_Client")


def _with_report(subject: str) -> bytes:
    """A letter of two parts: a text and a report that is not text."""
    message = letter(HOSPITAL, DOCTOR, subject, "Voici le compte rendu.")
    message.add_attachment(b"%PDF-1.4 \x00\xff", maintype="application", subtype="pdf", filename="compte-rendu.pdf")
    return message.as_bytes(policy=SMTP)


def _tls(simulator: Simulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=simulator.ready()["ca_file"])


async def _token(simulator: Simulator, who: str) -> str:
    minted = await control(simulator, "POST", "/tokens", {"who": who})
    assert minted.status_code == 201, minted.text
    return str(minted.json()["access_token"])


async def _deliver(simulator: Simulator, to: str, subject: str) -> None:
    """Another persona writes while a client waits."""
    sent = await Person(simulator, "hospital").smtp(HOSPITAL, to, letter(HOSPITAL, to, subject))
    assert sent.code == 250, sent.text


@contextlib.asynccontextmanager
async def _threaded(blocking: contextlib.AbstractContextManager[_Client]) -> AsyncIterator[_Client]:
    """A blocking client that the test drives step by step: it comes and goes in a thread, since the simulator runs in the test's own."""
    client = await asyncio.to_thread(blocking.__enter__)
    try:
        yield client
    finally:
        await asyncio.to_thread(blocking.__exit__, None, None, None)


# imaplib, the standard library's: it knows no IDLE on the older Pythons, so the two lines are said by hand


@contextlib.contextmanager
def _imaplib(simulator: Simulator) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("localhost", simulator.ready()["imap"]["port"], timeout=SECONDS) as client:
        assert "LOGINDISABLED" in client.capabilities
        client.starttls(_tls(simulator))
        yield client


def _said(answer: tuple[str, Any]) -> Any:
    """The data of an answer that must be OK."""
    kind, data = answer
    assert kind == "OK", data
    return data


async def test_imaplib_keeps_a_mailbox_in_order(simulator: Simulator) -> None:
    def day() -> None:
        with _imaplib(simulator) as client:
            _said(client.login(*DOCTOR_ACCOUNT))
            assert b'(\\HasNoChildren \\Sent) "/" "Sent"' in _said(client.list())
            _said(client.select("INBOX"))
            for subject in ("un", "deux", "trois"):
                date = imaplib.Time2Internaldate(dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC))
                assert b"APPENDUID" in _said(client.append("INBOX", "", date, _with_report(subject)))[0]
            assert _said(client.search(None, "UNSEEN")) == [b"1 2 3"]
            _imaplib_fetches(client)
            _imaplib_moves(client)
            _said(client.close())

    await asyncio.to_thread(day)


def _imaplib_fetches(client: imaplib.IMAP4) -> None:
    (envelope,) = _said(client.fetch("2", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"))
    assert b'ENVELOPE ("Mon, 05 Jan 2026 09:00:00 +0100" "deux" ((NIL NIL "paul.durand" "hopital-ormes.sim.mssante.fr"))' in envelope
    assert b'INTERNALDATE " 5-Jan-2026 09:00:00 +0000"' in envelope
    (structure,) = _said(client.fetch("2", "(BODYSTRUCTURE)"))
    assert b'("application" "pdf"' in structure.lower()
    (body, end) = _said(client.fetch("2", "(BODY.PEEK[])"))
    assert end == b")"
    assert b"Subject: deux\r\n" in body[1]
    assert body[0] == b"2 (BODY[] {%d}" % len(body[1])
    assert re.search(rb"RFC822.SIZE (\d+)", envelope)[1] == b"%d" % len(body[1])  # type: ignore[index]
    (report, _) = _said(client.fetch("2", "(BODY.PEEK[2])"))
    assert report[1].strip() == base64_of(b"%PDF-1.4 \x00\xff").encode()
    assert _said(client.search(None, "UNSEEN")) == [b"1 2 3"], "PEEK leaves no trace"
    _said(client.fetch("2", "(BODY[TEXT])"))
    assert _said(client.search(None, "UNSEEN")) == [b"1 3"]


def _imaplib_moves(client: imaplib.IMAP4) -> None:
    stored = _said(client.store("1", "+FLAGS", r"(\Flagged $Forwarded)"))
    assert b"\\Flagged" in stored[0]
    assert b"$Forwarded" in stored[0]
    assert _said(client.search(None, "KEYWORD", "$Forwarded", "SUBJECT", '"UN"')) == [b"1"]
    _said(client.create("Dossiers/2026"))
    _said(client.copy("1:2", "Dossiers/2026"))
    _said(client.uid("MOVE", "3", "Dossiers/2026"))
    assert client.response("EXPUNGE") == ("EXPUNGE", [b"3"])
    assert _said(client.status("Dossiers/2026", "(MESSAGES UNSEEN UIDNEXT)")) == [b'"Dossiers/2026" (MESSAGES 3 UNSEEN 2 UIDNEXT 4)']
    _said(client.store("1", "+FLAGS.SILENT", r"(\Deleted)"))
    assert _said(client.expunge()) == [b"1"]
    assert _said(client.search(None, "ALL")) == [b"1"]


async def test_imaplib_hears_of_a_letter_while_it_idles(simulator: Simulator) -> None:
    async with _threaded(_imaplib(simulator)) as client:
        await asyncio.to_thread(client.login, *DOCTOR_ACCOUNT)
        await asyncio.to_thread(client.select, "INBOX")
        await asyncio.to_thread(client.send, b"I1 IDLE\r\n")
        assert (await asyncio.to_thread(client.readline)).startswith(b"+ ")
        await _deliver(simulator, DOCTOR, "pendant IDLE")
        assert [await asyncio.to_thread(client.readline) for _ in range(2)] == [b"* 1 EXISTS\r\n", b"* 1 RECENT\r\n"]
        await asyncio.to_thread(client.send, b"DONE\r\n")
        assert (await asyncio.to_thread(client.readline)).startswith(b"I1 OK")
        (found, _) = _said(await asyncio.to_thread(client.fetch, "1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
        assert found[1] == b"Subject: pendant IDLE\r\n\r\n"


async def test_imaplib_reads_the_shared_mailbox(simulator: Simulator) -> None:
    await _deliver(simulator, PRACTICE, "au cabinet")

    def read() -> None:
        with _imaplib(simulator) as client:
            _said(client.login(*SECRETARY_ACCOUNT))
            assert _said(client.namespace()) == [b'(("" "/")) (("Other Users/" "/")) (("Shared/" "/"))']
            names = [re.sub(rb'.* "/" ', b"", line) for line in _said(client.list('""', '"*/INBOX"'))]
            assert sorted(names) == [f'"{OTHERS}"'.encode(), f'"{SHARED}"'.encode()]
            assert _said(client.select(f'"{SHARED}"')) == [b"1"]
            assert b'"au cabinet"' in _said(client.fetch("1", "(ENVELOPE)"))[0]
            assert b"\\Answered" in _said(client.store("1", "+FLAGS", r"(\Answered)"))[0]

    await asyncio.to_thread(read)


async def test_imaplib_logs_in_with_a_token(simulator: Simulator) -> None:
    token = await _token(simulator, "sophie.petit")

    def enter() -> None:
        with _imaplib(simulator) as client:
            _said(client.authenticate("XOAUTH2", lambda _: f"user={PRACTICE}\x01auth=Bearer {token}\x01\x01".encode()))
            assert _said(client.namespace()) == [b'(("" "/")) NIL NIL']
            _said(client.select("INBOX"))
        with _imaplib(simulator) as client, pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.authenticate("XOAUTH2", lambda _: f"user={PRACTICE}\x01auth=Bearer {token[:-4]}\x01\x01".encode())

    await asyncio.to_thread(enter)


async def test_imaplib_is_refused_without_tls(simulator: Simulator) -> None:
    def enter() -> None:
        where = ("localhost", simulator.ready()["imap"]["port"], SECONDS)
        with imaplib.IMAP4(*where) as client, pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
            client.login(*DOCTOR_ACCOUNT)

    await asyncio.to_thread(enter)


async def test_imaplib_that_trusts_another_authority_does_not_connect(simulator: Simulator) -> None:
    def enter() -> None:
        client = imaplib.IMAP4("localhost", simulator.ready()["imap"]["port"], timeout=SECONDS)
        with pytest.raises(ssl.SSLCertVerificationError):
            client.starttls(ssl.create_default_context())
        with contextlib.suppress(OSError):  # the library tries to take leave of a socket that is gone
            client.shutdown()

    await asyncio.to_thread(enter)


# IMAPClient


@contextlib.contextmanager
def _imapclient(simulator: Simulator) -> Iterator[IMAPClient]:
    with IMAPClient("localhost", simulator.ready()["imap"]["port"], ssl=False, timeout=SECONDS) as client:
        client.starttls(_tls(simulator))
        yield client


async def test_imapclient_keeps_a_mailbox_in_order(simulator: Simulator) -> None:
    def day() -> None:
        with _imapclient(simulator) as client:
            client.login(*DOCTOR_ACCOUNT)
            assert client.enable("CONDSTORE") == [b"CONDSTORE"]
            assert client.find_special_folder(rb"\Trash") == "Trash"
            assert client.select_folder("INBOX")[b"EXISTS"] == 0
            for subject in ("un", "deux", "trois"):
                client.append("INBOX", _with_report(subject), [rb"\Seen"] if subject == "un" else [])
            assert client.search(["UNSEEN"]) == [2, 3]
            assert client.search(["SUBJECT", "deux", "NOT", "DELETED"]) == [2]
            assert client.sort("REVERSE ARRIVAL") == [3, 2, 1]
            assert sorted(client.thread("REFERENCES")) == [(1,), (2,), (3,)]
            _imapclient_fetches(client)
            _imapclient_moves(client)

    await asyncio.to_thread(day)


def _imapclient_fetches(client: IMAPClient) -> None:
    found = client.fetch([1, 2, 3], ["ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[]", "FLAGS", "MODSEQ"])
    assert [found[uid][b"ENVELOPE"].subject for uid in (1, 2, 3)] == [b"un", b"deux", b"trois"]
    structure = found[2][b"BODYSTRUCTURE"]
    assert structure.is_multipart
    parts, kind = structure[0], structure[1]
    assert [part[0].lower() for part in parts] == [b"text", b"application"]
    assert kind.lower() == b"mixed"
    assert (b"attachment", (b"filename", b"compte-rendu.pdf")) in parts[1]
    assert b"Subject: trois\r\n" in found[3][b"BODY[]"]
    assert found[2][b"FLAGS"] == (rb"\Recent",)
    assert found[1][b"FLAGS"] == (rb"\Seen", rb"\Recent")


def _imapclient_moves(client: IMAPClient) -> None:
    assert client.add_flags([2], [rb"\Flagged", b"$Junk"]) == {2: (rb"\Flagged", rb"\Recent", b"$Junk")}
    assert client.remove_flags([2], [b"$Junk"]) == {2: (rb"\Flagged", rb"\Recent")}
    client.create_folder("Été & hiver")
    assert client.folder_exists("Été & hiver")
    client.copy([1, 2], "Été & hiver")
    client.move([3], "Été & hiver")
    assert client.folder_status("Été & hiver", ["MESSAGES", "UIDNEXT"]) == {b"MESSAGES": 3, b"UIDNEXT": 4}
    client.delete_messages([1, 2])
    client.uid_expunge([1])
    assert client.search() == [2]
    client.expunge()
    assert client.search() == []
    client.rename_folder("Été & hiver", "Plein")
    client.delete_folder("Plein")
    assert not client.folder_exists("Plein")


async def test_imapclient_hears_of_a_letter_while_it_idles(simulator: Simulator) -> None:
    async with _threaded(_imapclient(simulator)) as client:
        await asyncio.to_thread(client.login, *DOCTOR_ACCOUNT)
        await asyncio.to_thread(client.select_folder, "INBOX")
        await asyncio.to_thread(client.idle)
        sent = await Person(simulator, "hospital").send(HOSPITAL, to=[DOCTOR], subject="par REST")
        assert sent.status_code == 201, sent.text
        assert (1, b"EXISTS") in await asyncio.to_thread(client.idle_check, SECONDS)
        _, told = await asyncio.to_thread(client.idle_done)
        assert told == []
        envelope = (await asyncio.to_thread(client.fetch, [1], ["ENVELOPE"]))[1][b"ENVELOPE"]
        assert envelope.subject == b"par REST"
        assert parseaddr(str(make_header(decode_header(str(envelope.from_[0]))))) == ("Dr_Paul_DURAND_Hôpital des Ormes", HOSPITAL)


async def test_imapclient_reads_the_shared_mailbox_within_its_rights(simulator: Simulator) -> None:
    await _deliver(simulator, PRACTICE, "au cabinet")

    def read() -> None:
        with _imapclient(simulator) as client:
            client.login(*SECRETARY_ACCOUNT)
            assert client.namespace() == ((("", "/"),), (("Other Users/", "/"),), (("Shared/", "/"),))
            names = {name for _, _, name in client.list_folders()}
            assert {SHARED, OTHERS, f"Shared/{PRACTICE}/Sent"} <= names
            opened = client.select_folder(SHARED)
            assert b"READ-WRITE" in opened
            assert rb"\Deleted" not in opened[b"PERMANENTFLAGS"]
            assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"].endswith(b"Bonjour.\r\n")
            assert client.add_flags([1], [rb"\Seen"]) == {1: (rb"\Seen", rb"\Recent")}
            with pytest.raises(IMAPClientError):
                client.delete_messages([1])
            assert client.get_quota_root(SHARED)[1]

    await asyncio.to_thread(read)
    assert len(await Person(simulator, "doctor").inbox(PRACTICE)) == 1


async def test_imapclient_logs_in_with_a_token(simulator: Simulator) -> None:
    token = await _token(simulator, "sophie.petit")

    def enter() -> None:
        with _imapclient(simulator) as client:
            client.oauth2_login(PRACTICE, token)
            assert client.namespace() == ((("", "/"),), None, None)
            assert client.folder_exists("INBOX")
        with _imapclient(simulator) as client, pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
            client.login("sophie.petit", "wrong")

    await asyncio.to_thread(enter)


# aioimaplib: it speaks TLS from the first octet or not at all, so STARTTLS is said before the connection is handed to it


async def _recv_line(loop: asyncio.AbstractEventLoop, plain: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        line += await loop.sock_recv(plain, 1)
    return line


class _StartTls(aioimaplib.IMAP4):  # type: ignore[misc]
    """The library's client on a connection that began in clear."""

    def create_client(self, host: str, port: int, loop: Any, conn_lost_cb: Any = None, ssl_context: Any = None) -> None:
        running = asyncio.get_running_loop()
        self.protocol = aioimaplib.IMAP4ClientProtocol(running, conn_lost_cb)
        self._client_task = running.create_task(self._encrypt(running, host, port, ssl_context))

    async def _encrypt(self, loop: asyncio.AbstractEventLoop, host: str, port: int, context: ssl.SSLContext) -> None:
        plain = socket.socket()
        plain.setblocking(False)
        await loop.sock_connect(plain, ("127.0.0.1", port))
        greeting = await _recv_line(loop, plain)
        await loop.sock_sendall(plain, b"T1 STARTTLS\r\n")
        assert (await _recv_line(loop, plain)).startswith(b"T1 OK")
        await loop.create_connection(lambda: self.protocol, sock=plain, ssl=context, server_hostname=host)
        self.protocol.data_received(greeting)


@contextlib.asynccontextmanager
async def _aioimaplib(simulator: Simulator) -> AsyncIterator[aioimaplib.IMAP4]:
    client = _StartTls("localhost", simulator.ready()["imap"]["port"], timeout=SECONDS, ssl_context=_tls(simulator))
    await client.wait_hello_from_server()
    yield client
    await client.logout()


async def _lines(answer: Callable[..., Any], *arguments: Any, **named: Any) -> list[bytes]:
    """The lines of an answer that must be OK."""
    found = await answer(*arguments, **named)
    assert found.result == "OK", found.lines
    return [bytes(line) for line in found.lines]


async def test_aioimaplib_keeps_a_mailbox_in_order(simulator: Simulator) -> None:
    async with _aioimaplib(simulator) as client:
        await _lines(client.login, *DOCTOR_ACCOUNT)
        assert b'(\\HasNoChildren \\Drafts) "/" "Drafts"' in await _lines(client.list, '""', '"*"')
        await _lines(client.select, "INBOX")
        for subject in ("un", "deux", "trois"):
            await _lines(client.append, _with_report(subject), "INBOX", flags=r"\Flagged" if subject == "trois" else None)
        assert (await _lines(client.search, "FLAGGED"))[0] == b"3"
        assert (await _lines(client.uid_search, "FROM", "durand", "UNFLAGGED"))[0] == b"1 2"
        envelope, structure, body = [await _lines(client.fetch, "2", item) for item in ("(ENVELOPE)", "(BODYSTRUCTURE)", "(BODY.PEEK[])")]
        assert b'"deux"' in envelope[0]
        assert b'("application" "pdf"' in structure[0].lower()
        assert b"Voici le compte rendu." in body[1]
        assert b"\\Answered" in (await _lines(client.store, "2", "+FLAGS", r"(\Answered)"))[0]
        await _lines(client.create, '"Dossiers/2026"')
        await _lines(client.copy, "2", '"Dossiers/2026"')
        assert b"1 EXPUNGE" in await _lines(client.move, "1", '"Dossiers/2026"')
        assert b'"Dossiers/2026" (MESSAGES 2)' in await _lines(client.status, '"Dossiers/2026"', "(MESSAGES)")
        await _lines(client.uid, "STORE", "2", "+FLAGS", r"(\Deleted)")
        assert b"1 EXPUNGE" in await _lines(client.expunge)
        assert (await _lines(client.uid_search, "ALL"))[0] == b"3"


async def test_aioimaplib_hears_of_letters_while_it_idles(simulator: Simulator) -> None:
    async with _aioimaplib(simulator) as client:
        await _lines(client.login, *DOCTOR_ACCOUNT)
        await _lines(client.select, "INBOX")
        idling = await client.idle_start(timeout=60)
        for number in (1, 2):
            await _deliver(simulator, DOCTOR, f"pendant IDLE {number}")
            assert await client.wait_server_push(timeout=SECONDS) == [f"{number} EXISTS".encode(), f"{number} RECENT".encode()]
        client.idle_done()
        assert (await asyncio.wait_for(idling, SECONDS)).result == "OK"
        assert b'"pendant IDLE 2"' in (await _lines(client.fetch, "2", "(ENVELOPE)"))[0]


async def test_aioimaplib_reads_the_shared_mailbox(simulator: Simulator) -> None:
    await _deliver(simulator, PRACTICE, "au cabinet")
    async with _aioimaplib(simulator) as client:
        await _lines(client.login, *SECRETARY_ACCOUNT)
        assert (await _lines(client.namespace))[0] == b'(("" "/")) (("Other Users/" "/")) (("Shared/" "/"))'
        assert b"1 EXISTS" in await _lines(client.select, f'"{SHARED}"')
        assert b'"au cabinet"' in (await _lines(client.fetch, "1", "(ENVELOPE)"))[0]
        assert (await client.store("1", "+FLAGS", r"(\Deleted)")).result == "NO"


async def test_aioimaplib_logs_in_with_a_token(simulator: Simulator) -> None:
    token = await _token(simulator, "sophie.petit")
    async with _aioimaplib(simulator) as client:
        await _lines(client.xoauth2, PRACTICE, token)
        await client.protocol.capability()
        assert (await _lines(client.namespace))[0] == b'(("" "/")) NIL NIL'
        await _lines(client.select, "INBOX")
