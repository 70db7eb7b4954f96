"""What a CMS signature encloses: signatures as programs make them, in pieces and without lengths, and octets that are none."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.mail import mdn
from mss_sim.mail.parse import parse
from mss_sim.mail.signed import signed_content

RECEIPT = (
    b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nLu\r\n--b\r\n"
    b"Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; a@b.fr\r\nOriginal-Message-ID: <l@b.fr>\r\n"
    b"Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
)


def signed(octets: bytes, *options: pkcs7.PKCS7Options) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=a")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, at, at + timedelta(days=1))
    signature = pkcs7.PKCS7SignatureBuilder(octets).add_signer(builder.sign(key, hashes.SHA256()), key, hashes.SHA256())
    return signature.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def streamed(*pieces: bytes) -> bytes:
    """The beginning of a signature as a program writes it that does not know the length yet; nothing behind the content."""
    inside = b"".join(bytes((4, len(piece))) + piece for piece in pieces)
    content = bytes.fromhex("308006092a864886f70d010701a0802480") + inside + bytes(6)
    return bytes.fromhex("308006092a864886f70d010702a0803080020101310f300d06096086480165030402010500") + content


def letter(octets: bytes, content_type: str) -> bytes:
    head = f"From: a@b.fr\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.encodebytes(octets).replace(b"\n", b"\r\n")


@pytest.mark.parametrize("size", [0, 1, 127, 128, 70_000])
def test_the_content_of_a_signature_is_found(size: int) -> None:
    assert signed_content(signed(b"x" * size)) == b"x" * size


def test_the_content_may_come_in_pieces_without_a_length() -> None:
    assert signed_content(streamed(b"one ", b"", b"two")) == b"one two"
    assert signed_content(streamed(b"one").replace(b"\x04\x03one", b"\x24\x05\x04\x03one\x24\x80\x04\x01!\0\0")) == b"one!"


def test_a_length_has_at_most_eight_octets() -> None:
    assert signed_content(streamed(b"x").replace(b"\x04\x01x", b"\x04\x88" + bytes(7) + b"\x01x")) == b"x"
    assert signed_content(streamed(b"x").replace(b"\x04\x01x", b"\x04\x89" + bytes(8) + b"\x01x")) is None


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"0",
        b"0\x80",
        RECEIPT,
        signed(b"x", pkcs7.PKCS7Options.DetachedSignature),
        signed(b"x" * 200)[:150],
        streamed(b"x")[:-6],
        streamed(b"x").replace(b"\x04\x01x", b"\x02\x01x"),
        streamed(b"x").replace(b"\x04\x01x", b"\x04\x80x"),
        streamed(b"x").replace(b"\x04\x01x", b"\x04\x80\x04\x01x\0\0"),
        streamed(b"x").replace(bytes.fromhex("010702"), bytes.fromhex("010703")),
    ],
)
def test_octets_that_enclose_nothing_give_none(octets: bytes) -> None:
    assert signed_content(octets) is None


@given(
    st.binary(max_size=80) | st.integers(0, 60).flatmap(lambda at: st.binary(min_size=1, max_size=3).map(lambda x: streamed(b"x")[:at] + x))
)
def test_any_octets_are_read_or_give_none(octets: bytes) -> None:
    assert (signed_content(octets) or b"") in octets


@pytest.mark.parametrize(
    "content_type",
    ["application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "application/x-pkcs7-mime", "Application/PKCS7-MIME (signé)"],
)
@pytest.mark.parametrize("octets", [signed(RECEIPT), streamed(RECEIPT[:100], RECEIPT[100:200], RECEIPT[200:])])
def test_a_receipt_in_a_signature_is_read(octets: bytes, content_type: str) -> None:
    raw = letter(octets, content_type)
    message = parse(raw)
    assert message.is_report
    assert mdn.parse(raw, message.root) == mdn.parse(RECEIPT, parse(RECEIPT).root) is not None
    assert mdn.unreadable(raw, message.root) is None


@pytest.mark.parametrize(
    ("octets", "content_type"),
    [
        (b"nothing", "application/pkcs7-mime"),
        (signed(b"Subject: x\r\n\r\nx"), "application/pkcs7-mime"),
        (signed(b"A: b\r\n" * 1_001 + RECEIPT), "application/pkcs7-mime"),
        (signed(RECEIPT), "application/pkcs7-mime; smime-type=enveloped-data"),
        (signed(RECEIPT), "application/octet-stream"),
    ],
)
def test_another_content_is_no_receipt(octets: bytes, content_type: str) -> None:
    raw = letter(octets, content_type)
    assert not parse(raw).is_report
    assert mdn.parse(raw, parse(raw).root) is None
