"""The methods of `ssl.SSLObject` that event loops call, on a connection that takes every client certificate; both ends in memory."""

import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.net.lenient_tls import AskingContext, Talk
from tests.authorities import Bearer


@cache
def _server_context(
    least: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, suites: str = ""
) -> AskingContext:
    bearer = Bearer.authority("Serveur")
    ordinary = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ordinary.minimum_version, ordinary.maximum_version = least, most
    if suites:
        ordinary.set_ciphers(suites)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = bearer.files(Path(folder), bearer.certified())
        return AskingContext.like(ordinary, Path(chain), Path(key))


@dataclass
class Ends:
    """A server and a client after their handshake, and the octets between them."""

    to_server: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    from_server: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    to_client: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    from_client: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    shown: tuple[str, str] | None = None
    """Files of the certificates that the client shows, and of their key."""
    host: str | None = None
    """The host that the client asks for."""
    before: "Ends | None" = None
    """Those of a connection whose session the client wants to go on with."""
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    """The highest that the client speaks."""
    of: AskingContext = field(default_factory=_server_context)
    trusting: ssl.SSLContext = field(init=False)
    client: ssl.SSLObject = field(init=False)

    def __post_init__(self) -> None:
        self.trusting = self.before.trusting if self.before is not None else self._trusting()
        self.server: Talk = self.of.wrap_bio(self.to_server, self.from_server)
        session = self.before.client.session if self.before is not None else None
        self.client = self.trusting.wrap_bio(self.to_client, self.from_client, server_hostname=self.host, session=session)
        waiting = [self.client.do_handshake, self.server.do_handshake]
        for _ in range(10):
            waiting = [one for one in waiting if not _ended(one)]
            self.carry()
        assert not waiting

    def _trusting(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, self.version
        if self.shown is not None:
            context.load_cert_chain(*self.shown)
        return context

    def carry(self) -> None:
        self.to_server.write(self.from_client.read())
        self.to_client.write(self.from_server.read())

    def all_read(self, at_once: int = 1_000) -> bytes:
        """What the server reads until it is told to wait, as event loops do."""
        read = b""
        with suppress(ssl.SSLWantReadError):
            while True:
                read += self.server.read(at_once)
        return read


@pytest.fixture
def ends() -> Ends:
    return Ends()


def _ended(handshake: Callable[[], None]) -> bool:
    try:
        handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def test_octets_are_returned_or_stored_where_the_reader_says(ends: Ends) -> None:
    ends.client.write(b"EHLO")
    ends.carry()
    assert ends.server.read(1024) == b"EHLO"
    ends.client.write(b"NOOP")
    ends.carry()
    room = bytearray(b"......")
    assert (ends.server.read(1024, room), bytes(room)) == (4, b"NOOP..")


def test_as_many_octets_are_accepted_as_there_are(ends: Ends) -> None:
    assert [ends.server.write(octets) for octets in (b"", b"250", b"")] == [0, 3, 0]
    ends.carry()
    assert ends.client.read(1024) == b"250"


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=12), st.data())
@settings(deadline=None)
def test_all_that_came_is_read_however_its_records_are_cut_on_the_way(letters: list[bytes], data: st.DataObject) -> None:
    """A reader that stops too early leaves a letter inside, and its client waits for ever."""
    ends, read, waiting = Ends(), b"", b""
    for number, letter in enumerate(letters):
        ends.client.write(letter)
        waiting += ends.from_client.read()
        cut = data.draw(st.integers(0, len(waiting)))
        ends.to_server.write(waiting[:cut])
        waiting = waiting[cut:]
        read += ends.all_read(data.draw(st.integers(1, 50)))
        if not waiting:
            assert read == b"".join(letters[: number + 1])
    ends.to_server.write(waiting)
    assert read + ends.all_read() == b"".join(letters)


def test_a_letter_of_many_records_is_read_whole(ends: Ends) -> None:
    letter = bytes(range(256)) * 400
    sent = 0
    while sent < len(letter):
        sent += ends.client.write(letter[sent:])
    ends.carry()
    assert ends.all_read(256 * 1024) == letter


def test_what_a_short_read_left_is_pending_until_it_is_read(ends: Ends) -> None:
    ends.client.write(b"EHLO")
    ends.carry()
    assert ends.server.read(2) == b"EH"
    assert ends.server.pending()
    assert ends.all_read() == b"LO"
    assert not ends.server.pending()


@pytest.mark.parametrize("octets", [b"QUIT\r\n", b"\x17\x03\x03\xff\xff", b"\x00" * 5], ids=["clear", "a record too long", "no kind"])
def test_what_is_no_record_is_an_error_at_once_and_not_waited_for(ends: Ends, octets: bytes) -> None:
    ends.to_server.write(octets)
    with pytest.raises(ssl.SSLError) as raised:
        ends.server.read(1024)
    assert not isinstance(raised.value, ssl.SSLWantReadError)


@pytest.mark.parametrize("times", [1, 2])
def test_the_chain_begins_with_the_clients_own_certificate_which_stands_in_it_once(tmp_path: Path, times: int) -> None:
    client, above = Bearer.called("CN=client"), Bearer.authority("Ailleurs")
    own, issuer = client.certified(above), above.certified()
    shown = Ends(shown=client.files(tmp_path, *[own] * times, issuer))
    assert shown.server.chain() == [one.public_bytes(Encoding.DER) for one in (own, issuer)]
    assert Ends().server.chain() == []


def test_both_ends_name_one_suite_one_version_and_the_host_that_was_asked_for(ends: Ends) -> None:
    told = ends.client.cipher()
    assert told is not None
    assert (ends.server.cipher(), ends.server.version()) == (told, ends.client.version())
    assert (ends.server.asked_host, Ends(host="mail.sim.mssante.fr").server.asked_host) == (None, "mail.sim.mssante.fr")


def test_before_the_handshake_there_is_no_suite() -> None:
    assert _server_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()).cipher() is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_comes_again_shows_its_whole_chain_again(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """A session that went on would bring back its own certificate alone."""
    client, above = Bearer.called("CN=client"), Bearer.authority("Ailleurs")
    own, issuer = client.certified(above), above.certified()
    first = Ends(shown=client.files(tmp_path, own, issuer), version=version)
    first.client.write(b"EHLO")
    first.carry()
    assert first.server.read() == b"EHLO"
    session = first.client.session
    assert session is not None
    assert (session.has_ticket, bool(session.id) and version is ssl.TLSVersion.TLSv1_2) == (False, False), "none is offered"
    again = Ends(before=first)
    assert again.server.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2"}.get(version, "TLSv1.3")
    assert not again.client.session_reused
    assert again.server.chain() == [one.public_bytes(Encoding.DER) for one in (own, issuer)]


_OLD, _NEW = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("least", "most", "suites", "client", "told"),
    [
        (_OLD, _NEW, "", _NEW, ("TLSv1.3", None)),
        (_OLD, _NEW, "", _OLD, ("TLSv1.2", None)),
        (_OLD, _OLD, "", _NEW, ("TLSv1.2", None)),
        (_NEW, _NEW, "", _OLD, None),
        (_OLD, _OLD, "ECDHE-ECDSA-AES256-GCM-SHA384", _NEW, ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")),
        (_OLD, _OLD, "ECDHE-ECDSA-AES128-GCM-SHA256", _NEW, ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")),
    ],
)
def test_the_versions_and_suites_are_those_of_the_ordinary_context(
    least: ssl.TLSVersion, most: ssl.TLSVersion, suites: str, client: ssl.TLSVersion, told: tuple[str, str | None] | None
) -> None:
    context = _server_context(least, most, suites)
    if told is None:
        with pytest.raises(ssl.SSLError):
            Ends(of=context, version=client)
        return
    ends = Ends(of=context, version=client)
    suite = ends.server.cipher()
    assert suite is not None
    assert (ends.server.version(), suite[0] if suites else None) == told
