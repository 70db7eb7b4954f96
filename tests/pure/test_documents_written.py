"""What the generator writes, octet for octet, as documents.txt has it: two documents, of each level one, and their letter.

The second replaces another. Of a PDF the streams are unpacked, and its font and its profile are digests; digests of files and the size of
what holds a PDF, which its packing decides, are left out.
"""

import io
import re
import zipfile
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from mss_sim.documents.making.parcel import make_parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.vocabulary.documents import CdaLevel
from tests.parcels import paper

_FIRST = replace(paper(CdaLevel.N1), text=["Tout est <fictif>.", "mot " * 40])
_SECOND = replace(paper(CdaLevel.N3, "11502-2"), text=["Na & K", "é" * 90], version=2, replaces="2.25.4711")
_STREAM = re.compile(rb"/Length \d+ /Filter /FlateDecode ([^\n]*)\nstream\n(.*?)\nendstream", re.DOTALL)


def _unpacked(stream: re.Match[bytes]) -> bytes:
    octets = zlib.decompress(stream[2])
    shown = octets if octets.startswith(b"BT ") else f"{len(octets)} octets, {sha256(octets).hexdigest()}".encode()
    return b"%b\n%b" % (stream[1], shown)


def _pdf(octets: bytes) -> str:
    """The objects of a PDF, and what stands behind their table without the places and the digest that the packing decides."""
    objects, _, behind = octets.partition(b"\nxref\n")
    trailer = re.sub(rb"<[0-9a-f]{32}>|\d+(?=\n%%EOF)", b"...", behind[behind.index(b"trailer") :])
    return (_STREAM.sub(_unpacked, objects) + b"\n" + trailer).decode("utf-8", "replace")


def _written() -> str:
    parcel = make_parcel([_FIRST, _SECOND])
    told = [parcel.subject, *(f"{name}: {value}" for name, value in parcel.headers.items())]
    told += [f"{one.content_type} {one.name}" for one in parcel.attachments]
    with zipfile.ZipFile(io.BytesIO(parcel.attachments[0].octets)) as archive:
        for one in archive.infolist():
            text = re.sub(r"[A-Za-z0-9+/=\n]{1000,}", "\n(a PDF)\n", archive.read(one).decode().replace("\r\n", "\n"))
            text = re.sub(r"(?<=<rim:Value>)(?:[0-9a-f]{40}|2\d{4})(?=<)", "(as it is packed)", text)
            told.append(f"== {one.filename} {one.date_time} {one.compress_type}\n{text}")
    return "\n".join([*told, *(f"== PDF\n{_pdf(write_pdf(one))}" for one in (_FIRST, _SECOND))])


def test_all_that_is_made_for_a_letter() -> None:
    assert _written().rstrip().splitlines() == Path(__file__).with_name("documents.txt").read_text(encoding="utf-8").splitlines()


def test_the_places_of_objects_are_those_of_their_table() -> None:
    octets = write_pdf(_FIRST)
    table = int(octets.rstrip().splitlines()[-2])
    assert octets[table:].startswith(b"xref\n0 12\n0000000000 65535 f \n")
    places = [int(row.split()[0]) for row in octets[table:].splitlines()[3:14]]
    assert [octets[place:].partition(b" obj\n")[0] for place in places] == [b"%d 0" % number for number in range(1, 12)]
