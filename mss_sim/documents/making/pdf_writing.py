"""A PDF that claims PDF/A-1b and keeps what it claims, as far as we know: version 1.4, its font inside, one gray, XMP (ref: pdf-a).

Written by hand: it is small, the same octets each time, and shows its readers what such a file is made of.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from mss_sim.documents.making import font
from mss_sim.documents.making.paper import Paper

_PRODUCER = "mss-sim"
_SIZE, _LEADING, _TITLE_SIZE = 10, 15, 15
_LEFT, _TOP, _BOTTOM, _WIDTH = 60, 770, 60, 475
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>1</pdfaid:part>\
<pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">\
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><pdf:Producer>{producer}</pdf:Producer></rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreateDate>{made}</xmp:CreateDate></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def write_pdf(paper: Paper) -> bytes:
    """The document as people read it."""
    patient, author = paper.patient, paper.author
    head = [
        f"Patient : {patient.birth_name} {patient.first_given} {patient.birthday}".strip(),
        f"INS : {patient.number or 'aucun'}",
        f"Auteur : {author.given} {author.family}, {author.organisation}",
        paper.at.strftime("Le %d/%m/%Y à %H:%M"),
        "",
    ]
    return _file(paper.title, paper.at, [*head, *paper.text])


def _file(title: str, at: datetime, lines: Sequence[str]) -> bytes:
    pages = list(_pages(title, lines))
    letters = font.sans()
    numbers = [10 + 2 * place for place in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    stamp = at.strftime("D:%Y%m%d%H%M%S") + f"{at.strftime('%z')[:3]}'{at.strftime('%z')[3:]}'"
    xmp = _XMP.format(title=escape(title), producer=_PRODUCER, made=at.isoformat(timespec="seconds")).encode()
    widths = " ".join(map(str, letters.widths))
    box = " ".join(map(str, letters.box))
    metrics = f"/FontBBox [{box}] /Ascent {letters.ascent} /Descent {letters.descent} /CapHeight {letters.ascent}"
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R /Metadata 7 0 R /OutputIntents [8 0 R] >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: (
            f"<< /Type /Font /Subtype /TrueType /BaseFont /{font.NAME} /FirstChar {font.FIRST} /LastChar {font.LAST} "
            f"/Widths [{widths}] /Encoding /WinAnsiEncoding /FontDescriptor 4 0 R >>"
        ).encode(),
        4: f"<< /Type /FontDescriptor /FontName /{font.NAME} /Flags 32 /ItalicAngle 0 /StemV 80 {metrics} /FontFile2 5 0 R >>".encode(),
        5: _stream(letters.octets, f"/Length1 {len(letters.octets)}"),
        6: f"<< /Title {_text(title)} /Producer ({_PRODUCER}) /CreationDate ({stamp}) >>".encode(),
        7: _stream(xmp, "/Type /Metadata /Subtype /XML", packed=False),
        8: b"<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (Gray 2.2) /Info (Gray 2.2) /DestOutputProfile 9 0 R >>",
        9: _stream(_gray(), "/N 1"),
    }
    for number, content in zip(numbers, pages, strict=True):
        resources = "<< /Font << /F1 3 0 R >> >>"
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {resources} /Contents {number + 1} 0 R >>"
        objects |= {number: page.encode(), number + 1: _stream(content, "")}
    return _written(objects)


def _written(objects: dict[int, bytes]) -> bytes:
    made = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number in sorted(objects):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + objects[number] + b"\nendobj\n"
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    id_ = hashlib.sha256(made).hexdigest()[:32].encode()
    made += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R /ID [<%b> <%b>] >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(places) + 1,
        id_,
        id_,
        table,
    )
    return bytes(made)


def _stream(octets: bytes, more: str, *, packed: bool = True) -> bytes:
    """A stream; metadata lie in the open, so that programs find them without reading PDF."""
    content = zlib.compress(octets, 9) if packed else octets
    filtered = " /Filter /FlateDecode" if packed else ""
    return f"<< /Length {len(content)}{filtered} {more} >>\nstream\n".encode() + content + b"\nendstream"


def _text(text: str) -> str:
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"


def _pages(title: str, lines: Sequence[str]) -> Iterator[bytes]:
    """What is drawn on each page, the title on the first."""
    drawn: list[str] = []
    height = _TOP
    for line in _wrapped([title], _TITLE_SIZE):
        drawn.append(f"BT 0 g /F1 {_TITLE_SIZE} Tf {_LEFT} {height} Td {_shown(line)} Tj ET")
        height -= 2 * _LEADING
    for line in _wrapped(lines, _SIZE):
        if height < _BOTTOM:
            yield "\n".join(drawn).encode("latin-1")
            drawn, height = [], _TOP
        drawn.append(f"BT 0 g /F1 {_SIZE} Tf {_LEFT} {height} Td {_shown(line)} Tj ET")
        height -= _LEADING
    yield "\n".join(drawn).encode("latin-1")


def _shown(line: bytes) -> str:
    return f"<{line.hex().upper()}>"


def _wrapped(lines: Sequence[str], size: int) -> Iterator[bytes]:
    """The lines in letters of that size, none longer than the page is wide."""
    letters, room = font.sans(), _WIDTH * 1_000 // size
    for line in lines:
        begun = b""
        for word in font.encoded(line).split(b" "):
            longer = begun + b" " + word if begun else word
            if begun and letters.width(longer) > room:
                yield begun
                longer = word
            begun = longer
        yield begun


def _gray() -> bytes:
    """A colour profile (ICC 2.1) of one gray, for screens: what the page is meant to look like."""
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">L", 9) + b"Gray 2.2\0" + bytes(78),
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3l", 0xF6D6, 0x10000, 0xD32D),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">LH", 1, round(2.2 * 256)),
    }
    table, data = struct.pack(">L", len(tags)), b""
    at = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sLL", name, at + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">L4sL4s4s4s", at + len(data), b"\0\0\0\0", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3l", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + table + data
