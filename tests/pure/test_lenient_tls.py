"""The methods of `ssl.SSLObject` that event loops call, on a connection that takes every client certificate; both ends in memory."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from mss_sim.net.lenient_tls import AskingContext, Talk
from tests.authorities import Bearer

Ends = tuple[Talk, ssl.SSLObject, Callable[[], None]]


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    """A server and a client after their handshake, and what carries the octets between them."""
    bearer = Bearer.authority("Serveur")
    chain, key = bearer.files(tmp_path, bearer.certified())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    from_server, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ordinary = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ordinary.minimum_version, ordinary.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    talk = AskingContext.like(ordinary, Path(chain), Path(key)).wrap_bio(to_server, from_server)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client = trusting.wrap_bio(to_client, from_client)

    def carry() -> None:
        to_server.write(from_client.read())
        to_client.write(from_server.read())

    waiting = [client.do_handshake, talk.do_handshake]
    for _ in range(10):
        waiting = [one for one in waiting if not _ended(one)]
        carry()
    assert not waiting
    return talk, client, carry


def _ended(handshake: Callable[[], None]) -> bool:
    try:
        handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def test_octets_are_returned_or_stored_where_the_reader_says(ends: Ends) -> None:
    talk, client, carry = ends
    client.write(b"EHLO")
    carry()
    assert talk.read(1024) == b"EHLO"
    client.write(b"NOOP")
    carry()
    room = bytearray(b"......")
    assert (talk.read(1024, room), bytes(room)) == (4, b"NOOP..")


def test_as_many_octets_are_accepted_as_there_are(ends: Ends) -> None:
    talk, client, carry = ends
    assert [talk.write(octets) for octets in (b"", b"250", b"")] == [0, 3, 0]
    carry()
    assert client.read(1024) == b"250"
