"""Documents of strangers: nothing that they try costs more than its length, or more memory than is allowed.

Times are processor time, with room for a machine that is busy: what is quadratic, or grows a thousandfold, misses them by far.
"""

import io
import struct
import sys
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.findings import Diagnosis
from mss_sim.documents.making import zip_flaws
from mss_sim.documents.making.parcel import FOLDER, make_files, make_parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from tests.parcels import PRACTICE, codes, paper, posted

_SECONDS_MAX = 4.0
_MEBIBYTE = 1024**2
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def _cda(inside: str, head: str = _HEAD) -> bytes:
    return f'{head}<ClinicalDocument xmlns="urn:hl7-org:v3">{inside}</ClinicalDocument>'.encode()


def _metadata(inside: str) -> bytes:
    root = '<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
    return f"{root}<RegistryObjectList>{inside}</RegistryObjectList></SubmitObjectsRequest>".encode()


def _archive(metadata: bytes) -> bytes:
    one = paper()
    return _zip({**make_files([one], [write_pdf(one)]), f"{FOLDER}/METADATA.XML": metadata}, zipfile.ZIP_STORED)


def _pdf(*objects: bytes, root: bytes = b"<< /Type /Catalog /Pages 2 0 R >>") -> bytes:
    """A PDF of these objects, from number 2 on, its table of references right."""
    made, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate([root, *objects], 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(made + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, table))


def _stream(octets: bytes, more: bytes = b"/Filter /FlateDecode") -> bytes:
    packed = zlib.compress(octets, 9)
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(packed), more, packed)


def _page(contents: bytes, more: bytes = b"") -> list[bytes]:
    return [b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R %b >>" % more, contents]


_FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter /FlateDecode /Resources << /XObject << /A 4 0 R /B 5 0 R >> >>"
_GROWTH = "".join(f'<!ENTITY a{number} "{chr(38)}a{number - 1};{chr(38)}a{number - 1};">' for number in range(1, 40))
_ENTITIES = f'{_HEAD}<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{_GROWTH}]>'
_EXTERNAL = f'{_HEAD}<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
_HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "entities that grow": (lambda: _cda("&a39;", _ENTITIES), "xml.doctype"),
    "an entity that is a file": (lambda: _cda("<title>&e;</title>", _EXTERNAL), "xml.doctype"),
    "a document type behind a comment": (
        lambda: _cda("<title>&e;</title>", _EXTERNAL.replace("<!DOCTYPE", "<!-- <a> --><!DOCTYPE")),
        "xml.doctype",
    ),
    "a document type in UTF-16": (lambda: _cda("&e;", _EXTERNAL).decode().encode("utf-16"), "xml.encoding"),
    "a document type in UTF-7": (lambda: _cda("+AOk-", _HEAD.replace("UTF-8", "UTF-7")), "xml.encoding"),
    "elements in elements": (lambda: _cda("<a>" * 200_000), "xml.not-well-formed"),
    "a million attributes": (lambda: _cda("<a " + " ".join(f'a{n}="b"' for n in range(100_000)) + "/>"), "cda.element-missing"),
    "a million nulls": (lambda: _cda('<author nullFlavor="X"><a nullFlavor="X"/></author>' * 100_000), "cda.null-forbidden"),
    "a million telecoms": (lambda: _cda("<author>" + '<telecom value="x"/>' * 200_000 + "</author>"), "cda.telecom"),
    "names that repeat": (
        lambda: _cda(
            "<recordTarget><patientRole><patient><name>" + "<given>A</given>" * 200_000 + "</name></patient></patientRole></recordTarget>"
        ),
        "cda.gender",
    ),
    "a body of a lot of base64": (
        lambda: _cda(
            '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">'
            + "A" * 8_000_000
            + "!</text></nonXMLBody></component>"
        ),
        "cda.body-not-base64",
    ),
    "eleven mebibytes": (lambda: _cda("x" * 11 * _MEBIBYTE), "xml.too-large"),
    "many entries for one file": (
        lambda: _archive(
            _metadata(
                '<ExtrinsicObject id="a"><Slot name="URI"><ValueList><Value>DOC00001.XML</Value></ValueList></Slot></ExtrinsicObject>'
                * 20_000
            )
        ),
        "metadata.submission-sets",
    ),
    "entries and associations": (
        lambda: _archive(
            _metadata('<ExtrinsicObject id="a"/><Association associationType="x" sourceObject="a" targetObject="a"/>' * 20_000)
        ),
        "metadata.submission-sets",
    ),
    "a hundred megabytes of nothing": (lambda: _zip({"A.BIN": bytes(100_000_000)}), "xdm.expands-too-far"),
    "many that grow": (
        lambda: _zip({f"A{n}.BIN": bytes(1_000_000) for n in range(45)} | {f"B{n}.BIN": bytes(40_000_000) for n in range(4)}),
        "xdm.expands-too-far",
    ),
    "a directory of half a million entries": (lambda: _many_entries(500_000), "xdm.too-many-entries"),
    "a directory that lies": (lambda: _lying_directory(500_000), "xdm.too-many-entries"),
    "archives in archives": (lambda: _zip({f"A{n}.ZIP": zip_flaws.EMPTY for n in range(40)}), "xdm.nested-archive"),
    "a zip of nothing but signatures": (lambda: b"PK\x03\x04" * 2_000_000, "xdm.not-a-zip"),
    "a name in cp437": (lambda: _in_cp437("É.TXT"), "xdm.name-not-iso9660"),
    "a name in UTF-8": (lambda: _zip({"ÉT.TXT": b"x", "e\u0301.txt": b"y"}), "xdm.name-not-iso9660"),
    "a PDF of ten thousand pages": (lambda: _pdf(*_pages(10_000)), "pdf.no-claim"),
    "pages that hold themselves": (lambda: _pdf(b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"), "pdf.damaged"),
    "pages in pages": (lambda: _pdf(*(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 3) for n in range(5_000))), "pdf.damaged"),
    "forms that draw each other": (
        lambda: _pdf(*_page(_stream(b"/A Do /B Do " * 1_000, _FORM)), _stream(b"/A Do /B Do " * 1_000, _FORM)),
        "pdf.no-claim",
    ),
    "a page that grows": (lambda: _pdf(*_page(_stream(bytes(80 * _MEBIBYTE)))), "pdf.damaged"),
    "metadata that grow": (
        lambda: _pdf(*_page(_stream(b"")), _stream(bytes(80 * _MEBIBYTE)), root=b"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>"),
        "pdf.damaged",
    ),
    "metadata packed three times": (
        lambda: _pdf(
            *_page(_stream(b"")),
            _stream(b"x", b"/Filter [/FlateDecode /FlateDecode /FlateDecode]"),
            root=b"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>",
        ),
        "pdf.damaged",
    ),
    "arrays in arrays": (lambda: _pdf(b"[" * 50_000), "pdf.damaged"),
    "more objects than are looked at": (
        lambda: _pdf(*_page(_stream(b"")), *([b"<< /A << /B [ << >> << >> ] >> >>"] * 60_000)),
        "pdf.no-claim",
    ),
    "dictionaries in dictionaries": (lambda: _pdf(*_page(_stream(b"")), b"<< /A [" + b"<< /B [1] >> " * 100_000 + b"] >>"), "pdf.no-claim"),
    "letters without an end": (
        lambda: _pdf(
            *_page(_stream(b"BT /F 9 Tf (a) Tj ET"), b"/Resources << /Font << /F 5 0 R >> >>"),
            b"<< /Type /Font /Subtype /Type0 /ToUnicode 6 0 R >>",
            _stream(b"beginbfchar " * 200_000 + b"beginbfrange <0000> <FFFFFFFF> <0041> endbfrange" * 100),
        ),
        "pdf.no-claim",
    ),
    "a head and nothing else": (lambda: b"%PDF-1.4\n" + b"1 0 obj " * 500_000, "pdf.damaged"),
}


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, octets in files.items():
            archive.writestr(name, octets)
    return made.getvalue()


def _in_cp437(name: str) -> bytes:
    """A file of that name as programs of old write it: in octets of cp437, and no word of it; what Python writes says that it is UTF-8."""
    octets = name.encode("cp437")
    return _zip({"_" * len(octets): b"x"}).replace(b"_" * len(octets), octets)


def _many_entries(count: int) -> bytes:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"A"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entry) * count, 0, 0)
    return b"PK\x03\x04" + entry * count + end


def _lying_directory(count: int) -> bytes:
    """It says that it has one entry, and has as many octets as it has."""
    made = bytearray(_many_entries(count))
    struct.pack_into("<2H", made, len(made) - 14, 1, 1)
    return bytes(made)


def _pages(count: int) -> list[bytes]:
    kids = b" ".join(b"%d 0 R" % (n + 3) for n in range(count))
    return [
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, count),
        *([b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>"] * count),
    ]


def _timed(octets: bytes) -> tuple[Diagnosis, float]:
    begun = time.thread_time()
    diagnosis = diagnose_file(octets, "A", PRACTICE)
    return diagnosis, time.thread_time() - begun


@pytest.mark.parametrize("name", _HOSTILE)
def test_a_hostile_document_is_told_in_a_few_seconds(name: str) -> None:
    make, expected = _HOSTILE[name]
    diagnosis, seconds = _timed(make())
    assert expected in codes(diagnosis)
    assert seconds < _SECONDS_MAX
    assert len(diagnosis.findings) <= PRACTICE.findings_max


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        (_in_cp437("É.TXT"), "É.TXT"),
        (_in_cp437("é.TXT").replace("é".encode("cp437"), b"\xe9"), "Θ.TXT"),  # Latin-1 that does not say so
        (_zip({"É.TXT": b"x"}), "É.TXT"),
    ],
)
def test_a_name_is_read_in_cp437_unless_the_archive_says_utf_8(octets: bytes, read: str) -> None:
    diagnosis = diagnose_file(octets, "A.ZIP", PRACTICE)
    (named,) = [one for one in diagnosis.findings if one.kind.code == "xdm.name-not-iso9660"]
    assert (named.document, named.seen) == (f"A.ZIP/{read}", read)
    assert "xdm.damaged" not in codes(diagnosis), "its content is read by that name"


_GREEDY = (
    "a hundred megabytes of nothing",
    "many that grow",
    "a directory of half a million entries",
    "entities that grow",
    "archives in archives",
)


@pytest.mark.parametrize("name", _GREEDY)
def test_what_it_grows_to_is_not_held(name: str) -> None:
    octets = _HOSTILE[name][0]()
    diagnose_file(octets, "A", PRACTICE)
    tracemalloc.start()
    diagnose_file(octets, "A", replace(PRACTICE, expanded_bytes_max=8 * _MEBIBYTE))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * _MEBIBYTE


def test_what_a_pdf_grows_to_is_not_held() -> None:
    """The library's memory is not Python's: the peak of the process is looked at, in a process of its own."""
    program = (
        "import resource, sys; from mss_sim.documents.diagnosing import diagnose_file; from tests.parcels import PRACTICE;"
        "from tests.pure.test_linear_documents import _HOSTILE; octets = _HOSTILE['a page that grows'][0]();"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; diagnose_file(octets, 'A', PRACTICE);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    assert sys.platform != "linux" or int(_output(program)) < 150_000


def _output(program: str) -> str:
    import subprocess

    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


_FACTOR, _RATIO_MAX = 8, 20
_GROWING: dict[str, Callable[[int], bytes]] = {
    "elements": lambda n: _cda("<author><a/></author>" * n),
    "names": lambda n: _cda(
        "<recordTarget><patientRole><patient><name>" + "<given>A</given>" * n + "</name></patient></patientRole></recordTarget>"
    ),
    "templates": lambda n: _cda('<templateId root="x"/>' * n),
    "sections": lambda n: _cda(
        "<component><structuredBody>" + "<section><title>x</title><text>y</text></section>" * n + "</structuredBody></component>"
    ),
    "slots": lambda n: _archive(
        _metadata('<ExtrinsicObject id="a">' + '<Slot name="a"><ValueList><Value>x</Value></ValueList></Slot>' * n + "</ExtrinsicObject>")
    ),
    "associations": lambda n: _archive(
        _metadata('<ExtrinsicObject id="a"/>' * 50 + '<Association associationType="x" sourceObject="a" targetObject="b"/>' * n)
    ),
    "objects": lambda n: _pdf(*_page(_stream(b"")), *([b"<< /A << >> >>"] * n)),
    "operators": lambda n: _pdf(*_page(_stream(b"BT (a) Tj ET " * n))),
    "subjects": lambda n: posted(replace(make_parcel([paper()]), subject="XDM/1.0/DDM+" + "re: [a] " * n)),
    "names of files": lambda n: posted(replace(make_parcel([paper()]), headers={"X-MSS-CODECDA": "11490-0," * n})),
}


@pytest.mark.parametrize("name", _GROWING)
def test_eight_times_as_much_takes_about_eight_times_as_long(name: str) -> None:
    make = _GROWING[name]
    small, large = make(500), make(500 * _FACTOR)
    once = max(0.005, min(_timed(small)[1] for _ in range(3)))
    assert min(_timed(large)[1] for _ in range(3)) < _RATIO_MAX * once
