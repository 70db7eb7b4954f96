"""What a patient writes: to whom, with which subject, and files that other programs can open."""

import io
import struct

import pytest
from PIL import Image
from pypdf import PdfReader

from mss_sim.core.patients.answer import answer, forwarded, recipients_of
from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParsedMessage, parse
from mss_sim.policy.behaviours import Step
from mss_sim.vocabulary.behaviours import AnswerFile, AnswerTo, StepAct
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, letter
from tests.core.towns import Town

_CLAIRE = ("Claire FONTAINE", PATIENT)


def _read(**headers: str) -> ParsedMessage:
    return parse(letter(DOCTOR, [PATIENT, HOSPITAL], "Suivi", **headers).as_bytes())


@pytest.mark.parametrize(
    ("headers", "to", "people"),
    [
        ({}, AnswerTo.SENDER, [DOCTOR]),
        ({"Reply_To": f"Cabinet <{PRACTICE}>"}, AnswerTo.SENDER, [PRACTICE]),
        ({}, AnswerTo.ALL, [DOCTOR, HOSPITAL]),
        ({"Reply_To": PRACTICE, "Cc": f"{DOCTOR}, {PATIENT}"}, AnswerTo.ALL, [PRACTICE, HOSPITAL, DOCTOR]),
        ({"Cc": HOSPITAL}, AnswerTo.ALL, [DOCTOR, HOSPITAL]),
    ],
)
def test_whom_an_answer_goes_to(headers: dict[str, str], to: AnswerTo, people: list[str]) -> None:
    assert [address for _, address in recipients_of(_read(**headers), PATIENT, to)] == people


def _written(town: Town, parsed: ParsedMessage, **step: object) -> ParsedMessage:
    return parse(answer(town.world, _CLAIRE, [("", DOCTOR)], parsed, Step(StepAct.ANSWER, **step)))  # type: ignore[arg-type]


async def test_an_answer_keeps_the_thread_and_says_re_once(town: Town) -> None:
    first = _written(town, _read(Message_ID="<a@b.fr>", References="<0@b.fr>"), text="Merci.")
    assert (first.subject, first.in_reply_to, first.references) == ("Re: Suivi", ("<a@b.fr>",), ("<0@b.fr>", "<a@b.fr>"))
    assert (first.text.strip(), first.from_, first.headers.all("X-MSS-MES")) == ("Merci.", (_CLAIRE,), ())
    assert _written(town, first).subject == "Re: Suivi"


async def test_a_photo_is_a_jpeg_that_lies_on_its_side(town: Town) -> None:
    parsed = _written(town, _read(), file=AnswerFile.PHOTO)
    (part,) = parsed.attachments
    raw = answer(town.world, _CLAIRE, [("", DOCTOR)], _read(), Step(StepAct.ANSWER, file=AnswerFile.PHOTO))
    whole = parse(raw)
    octets = content(raw, whole.attachments[0].start, whole.attachments[0].end, whole.attachments[0].encoding)
    assert (part.content_type, part.filename) == ("image/jpeg", "IMG_1234.JPG")
    assert 1_900_000 < len(octets) < 2_200_000
    markers, at = [], 2
    while octets[at + 1] != 0xDA:
        markers.append(octets[at + 1])
        at += 2 + struct.unpack_from(">H", octets, at + 2)[0]
    assert (octets[:2], octets[-2:], markers[0], set(markers[1:])) == (b"\xff\xd8", b"\xff\xd9", 0xE1, {0xFE, 0xDB, 0xC0, 0xC4})
    assert octets[6:12] == b"Exif\x00\x00"
    assert struct.unpack_from(">HHIH", octets, 22) == (0x0112, 3, 1, 6), "orientation 6"
    picture = Image.open(io.BytesIO(octets))
    picture.load()
    assert (picture.size, picture.getexif()[0x0112]) == ((1, 1), 6)


async def test_a_pdf_leads_to_each_of_its_objects(town: Town) -> None:
    raw = answer(town.world, _CLAIRE, [("", DOCTOR)], _read(), Step(StepAct.ANSWER, file=AnswerFile.PDF))
    (part,) = parse(raw).attachments
    octets = content(raw, part.start, part.end, part.encoding)
    table = int(octets.split(b"startxref\n")[1].split()[0])
    assert octets[table : table + 5] == b"xref\n"
    for number, line in enumerate(octets[table:].split(b"\n")[3:6], 1):
        assert octets[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)
    (page,) = PdfReader(io.BytesIO(octets), strict=True).pages
    assert (octets[:9], page.mediabox.width, page.mediabox.height) == (b"%PDF-1.4\n", 595, 842)


async def test_a_big_file_has_seventeen_megabytes(town: Town) -> None:
    (part,) = _written(town, _read(), file=AnswerFile.BIG).attachments
    assert (part.filename, part.content_type) == ("examens.bin", "application/octet-stream")
    assert part.end - part.start > 17_000_000


async def test_what_is_forwarded_has_its_text_and_its_files(town: Town) -> None:
    message = letter(DOCTOR, PATIENT, "Compte rendu", text="Tout va bien.")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="cr.pdf")
    raw = message.as_bytes()
    made = forwarded(town.world, _CLAIRE, HOSPITAL, parse(raw), raw)
    parsed = parse(made)
    (part,) = parsed.attachments
    file = content(made, part.start, part.end, part.encoding)
    assert (parsed.subject, part.filename, file) == ("Fwd: Compte rendu", "cr.pdf", b"%PDF-1.4")
    assert DOCTOR in parsed.text
    assert "Tout va bien." in parsed.text


@pytest.mark.parametrize(("author", "shown"), [(f"Camille Martin <{DOCTOR}>", f"Camille Martin <{DOCTOR}>"), (DOCTOR, DOCTOR)])
async def test_what_is_forwarded_names_its_author_as_he_named_himself(town: Town, author: str, shown: str) -> None:
    message = letter(DOCTOR, PATIENT, "Suivi")
    message.replace_header("From", author)
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf")
    raw = message.as_bytes()
    parsed = parse(forwarded(town.world, _CLAIRE, HOSPITAL, parse(raw), raw))
    assert parsed.text.split("\n")[1].strip() == shown
    assert (parsed.to, [part.filename for part in parsed.attachments]) == ((("", HOSPITAL),), [None])
