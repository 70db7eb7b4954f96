"""TLS that requests a client certificate and accepts any, so that a mail server can refuse a wrong one with a reply that says why.

Python's `ssl` either ends the handshake on a certificate of another authority, or requests none. OpenSSL itself lets a callback decide;
pyOpenSSL exposes that callback. Here it is put behind the interface of `ssl.SSLContext.wrap_bio`, which is all that an event loop uses.
"""

import ssl
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from OpenSSL import SSL, crypto

from mss_sim.pki.authority import signed_by

_CHUNK = 64 * 1024
_HEADER_OCTETS = 5
_KINDS = range(20, 25)
_EXPANSION_MAX = 2_048
_RECORD_MAX = 16 * 1024  # a read gives no more than one record holds (ref: rfc8446#5.1)


class AskingContext(ssl.SSLContext):
    """A server context that requests a client certificate without judging it: TLS proves that the client holds its key, no more.

    Sessions are not resumed: a ticket restores the client's own certificate without those above it, which must be judged again.
    """

    _asking: SSL.Context
    _authorities: list[x509.Certificate]

    @classmethod
    def like(cls, other: ssl.SSLContext, chain_file: Path, key_file: Path) -> Self:
        """A context with the versions and suites of another, and a server certificate."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        asking = SSL.Context(SSL.TLS_SERVER_METHOD)
        asking.set_min_proto_version(int(other.minimum_version))
        asking.set_max_proto_version(int(other.maximum_version))
        asking.set_options(SSL.OP_NO_TICKET)
        asking.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        suites = [suite["name"] for suite in other.get_ciphers() if not suite["name"].startswith("TLS_")]
        asking.set_cipher_list(":".join(suites).encode())
        asking.use_certificate_chain_file(str(chain_file))
        asking.use_privatekey_file(str(key_file))
        asking.set_verify(SSL.VERIFY_PEER, _take)
        made._asking, made._authorities = asking, x509.load_pem_x509_certificates(chain_file.read_bytes())[1:]
        return made

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *_: Any, **__: Any) -> "Talk":  # type: ignore[override]
        """One connection, as an event loop drives it."""
        return Talk(self._asking, self._authorities, incoming, outgoing)


def _take(*_what: object) -> bool:
    """Accept every certificate; it is judged afterwards."""
    return True


class _Records:
    """How many records OpenSSL was given and has not read, so that it need not be asked for another where there is none.

    There may be fewer than are counted, where one held nothing for us: then OpenSSL is asked once in vain.
    """

    def __init__(self) -> None:
        self.unread = 0
        self._missing = 0  # octets of the record that has begun
        self._counted = True

    def received(self, octets: bytes) -> None:
        """Octets were given to OpenSSL (ref: rfc8446#5.1); what does not look like records is left to it."""
        at, end = self._missing, len(octets)
        self.unread += 0 < at <= end
        while at < end and self._counted:
            length = int.from_bytes(octets[at + 3 : at + _HEADER_OCTETS])
            self._counted = at + _HEADER_OCTETS <= end and octets[at] in _KINDS and length <= _RECORD_MAX + _EXPANSION_MAX
            at += _HEADER_OCTETS + length
            self.unread += at <= end
        self._missing = at - end
        if not self._counted:
            self.unread = 1

    def read(self) -> None:
        """One was read."""
        if self._counted and self.unread:
            self.unread -= 1

    def all_read(self) -> None:
        """OpenSSL wants more."""
        self.unread = 0


class Talk:
    """One TLS connection over two memory buffers, with the methods of `ssl.SSLObject` that event loops call."""

    def __init__(self, context: SSL.Context, authorities: list[x509.Certificate], incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self._authorities = authorities
        self._incoming = incoming
        self._outgoing = outgoing
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self._records = _Records()

    def do_handshake(self) -> None:
        """Continue the handshake."""
        self._turn(self._connection.do_handshake)

    def read(self, length: int = _CHUNK, buffer: Any = None) -> Any:
        """Bytes that the client sent; with `buffer`, they are stored there and the count is returned."""
        begun = bool(self._connection.pending())
        if not begun and not self._records.unread and not self._incoming.pending:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more is needed")  # OpenSSL says the same, and takes longer
        octets = self._turn(self._connection.recv, min(length, _RECORD_MAX), says=False)
        if not begun:
            self._records.read()
        if buffer is None:
            return octets
        buffer[: len(octets)] = octets
        return len(octets)

    def write(self, octets: Any) -> int:
        """Send bytes; how many were accepted."""
        return int(self._turn(self._connection.send, bytes(octets[:_CHUNK]))) if len(octets) else 0

    def pending(self) -> int:
        """How many bytes can be read at once; 1 when unknown until the next read."""
        return int(self._connection.pending()) or int(self._records.unread > 0)

    def unwrap(self) -> None:
        """Send the close notification of this side."""
        self._turn(self._connection.shutdown)

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The client's certificate in DER, None when it sent none; no details, as nothing was verified."""
        certificate = self._connection.get_peer_certificate() if binary_form else None
        if certificate is None:
            return None if binary_form else {}
        return _der(certificate)

    def chain(self) -> list[bytes]:
        """The client's certificate in DER, then the others that it sent, unverified."""
        own = self.getpeercert(binary_form=True)
        sent = map(_der, self._connection.get_peer_cert_chain() or [])
        return [own, *(octets for octets in sent if octets != own)] if own else []

    def vouched(self, certificate: x509.Certificate) -> bool:
        """Whether an authority in the server's own chain signed it, checked by key and not by name alone."""
        return any(signed_by(certificate, one) for one in self._authorities)

    def version(self) -> str:
        """The version of TLS."""
        return self._connection.get_protocol_version_name()

    @property
    def asked_host(self) -> str | None:
        """The host that the client requested (SNI)."""
        name = self._connection.get_servername()
        return name.decode("ascii", "replace") if name else None

    def cipher(self) -> tuple[str, str, int] | None:
        """(suite, version, bits of the key)."""
        name = self._connection.get_cipher_name()
        return (name, self._connection.get_cipher_version() or "", self._connection.get_cipher_bits() or 0) if name else None

    def compression(self) -> None:
        """None is used."""

    def selected_alpn_protocol(self) -> None:
        """None is chosen."""

    def _turn(self, act: Any, *arguments: Any, says: bool = True) -> Any:
        """Feed the received bytes, act, collect the bytes to send; OpenSSL's want-read and want-write become those of `ssl`.

        Bytes received with the end of the handshake are inside OpenSSL, invisible to an event loop that reads only `incoming`: `pending`
        reports them until a read finds nothing more. An act that `says` nothing leaves bytes to send only where it fails.
        """
        while self._incoming.pending:
            octets = self._incoming.read(_CHUNK)
            self._records.received(octets)
            self._connection.bio_write(octets)
        done = False
        try:
            given = act(*arguments)
            done = True
        except SSL.WantReadError as error:
            self._records.all_read()
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more is needed") from error
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _reason(error)) from error
        finally:
            if says or not done:
                self._take_out()
        return given

    def _take_out(self) -> None:
        while True:
            try:
                octets = self._connection.bio_read(_CHUNK)
            except SSL.WantReadError:
                return
            self._outgoing.write(octets)
            if len(octets) < _CHUNK:  # to ask for more would take longer than to write
                return


def _der(certificate: crypto.X509) -> bytes:
    """The raw bytes: a certificate that OpenSSL accepted may be unreadable for other parsers."""
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


def _reason(error: SSL.Error) -> str:
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(entry[-1]) for entry in entries) or "the connection is broken"
