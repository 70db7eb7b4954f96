"""Whose documents a letter carries: the CDA in its archives and beside them, in the order of its files."""

from dataclasses import replace
from pathlib import Path

import pytest

from mss_sim.documents.cda import HL7, Number
from mss_sim.documents.cda_rules import read_cda
from mss_sim.documents.findings import Notes
from mss_sim.documents.making.cda_writing import write_cda
from mss_sim.documents.making.paper import Paper
from mss_sim.documents.making.parcel import Attachment, Parcel, make_parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.documents.patients import cdas_of
from mss_sim.documents.schematron import Rules
from mss_sim.mail.parse import MalformedMessage, ParseLimits
from tests.parcels import PRACTICE, paper, posted


def _of(number: str) -> Paper:
    return replace(paper(), patient=replace(paper().patient, number=number))


_FIRST, _SECOND, _BESIDE, _LAST = (_of(number) for number in ("279035121518989", "146026322000196", "170032B03302118", "285037511300167"))
_LETTER = Parcel(
    "Bilan",
    {},
    (
        make_parcel([_FIRST, _SECOND]).attachments[0],
        Attachment("bilan.Xml", "text/xml", write_cda(_BESIDE, b"")),
        Attachment("bilan.txt", "text/plain", write_cda(_BESIDE, b"")),
        Attachment("broken.xml", "text/xml", b"<ClinicalDocument"),
        Attachment("other.xml", "text/xml", b"<a/>"),
        Attachment("", "application/hl7-v3.xml", write_cda(_BESIDE, b"")),
        Attachment("second.zip", "application/zip", make_parcel([_LAST]).attachments[0].octets),
        Attachment("second.pdf", "application/pdf", write_pdf(_LAST)),
    ),
)


def test_the_documents_of_a_letter_are_those_in_archives_and_beside_them_in_the_order_of_its_files() -> None:
    assert [(cda.document, cda.id, cda.ins) for cda in cdas_of(posted(_LETTER), PRACTICE, ParseLimits())] == [
        (document, Number(one.id), Number(one.patient.root, one.patient.number))
        for document, one in (
            ("IHE_XDM.ZIP/IHE_XDM/SUBSET01/DOC00001.XML", _FIRST),
            ("IHE_XDM.ZIP/IHE_XDM/SUBSET01/DOC00002.XML", _SECOND),
            ("bilan.Xml", _BESIDE),
            ("application/hl7-v3.xml", _BESIDE),
            ("second.zip/IHE_XDM/SUBSET01/DOC00001.XML", _LAST),
        )
    ]


def test_a_document_that_is_written_as_it_is_ends_with_its_part() -> None:
    part = b"--b\r\nContent-Type: text/xml; name=a.xml\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%b\r\n"
    both = b"".join(part % write_cda(one, b"").replace(b"\n", b"\r\n") for one in (_FIRST, _SECOND))
    found = cdas_of(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + both + b"--b--\r\n", PRACTICE, ParseLimits())
    assert [cda.id.root for cda in found] == [_FIRST.id, _SECOND.id]


def test_a_letter_is_read_within_the_limits_that_are_given() -> None:
    with pytest.raises(MalformedMessage):
        cdas_of(posted(_LETTER), PRACTICE, ParseLimits(parts=3))


def test_rules_of_others_get_the_document_alone_where_it_lies_in_its_stylesheet(tmp_path: Path) -> None:
    notes = Notes(0)
    inside = f'<ClinicalDocument xmlns="{HL7}"><title>Bilan</title></ClinicalDocument>'
    named = ' xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
    for octets in (inside, f"<xsl:stylesheet{named}>before{inside}behind</xsl:stylesheet>"):
        assert read_cda(octets.encode(), "A.XML", replace(PRACTICE, schematron=Rules(tmp_path)), notes) is not None
    assert [(name, text.replace(named, "")) for name, text in notes.cdas] == [("A.XML", inside)] * 2
