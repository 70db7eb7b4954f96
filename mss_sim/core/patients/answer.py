"""What a patient writes: an answer or a forwarded letter, with the photo or the PDF that comes with it.

As Mon espace santé sends it (ref: client-requirements#4.2): `Prénom Nom <INS@patient.mssante.fr>`, a plain text, In-Reply-To and
References kept, none of the national headers.
"""

import struct
from collections.abc import Sequence

from mss_sim.clock import Micros
from mss_sim.core.world.world import World
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.mail.headers import readable
from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParsedMessage
from mss_sim.policy.behaviours import Step
from mss_sim.vocabulary.behaviours import AnswerFile, AnswerTo
from mss_sim.words.sentence import say

_SUBJECT_CHARS_MAX = 500
_REFERENCES_MAX = 20
_PHOTO_BYTES = 2_000_000
_BIG_BYTES = 17_000_000
_SEGMENT_BYTES = 65_533


def recipients_of(parsed: ParsedMessage, own: str, to: AnswerTo) -> list[tuple[str, str]]:
    """(name, address) of whom an answer goes to: Reply-To in the sender's place (ref: cnam#9), all others too when it goes to all."""
    people = list(parsed.reply_to or parsed.from_)
    if to is AnswerTo.ALL:
        people += [*parsed.to, *parsed.cc]
    return list({address: (readable(name), address) for name, address in reversed(people) if address and address != own}.values())[::-1]


def answer(world: World, author: tuple[str, str], to: Sequence[tuple[str, str]], parsed: ParsedMessage, step: Step) -> bytes:
    """An answer to a letter as a message."""
    text = step.text or world.translated(say("Thank you for your letter."))
    files = {AnswerFile.PHOTO: _photo, AnswerFile.PDF: _pdf, AnswerFile.BIG: _big}
    return _written(
        world,
        Draft(
            from_=author,
            to=to,
            subject=_prefixed("Re:", parsed.subject),
            text=text,
            files=[files[step.file]()] if step.file else [],
            in_reply_to=parsed.message_id,
            references=[*parsed.references[-_REFERENCES_MAX:], parsed.message_id] if parsed.message_id else [],
        ),
    )


def forwarded(world: World, author: tuple[str, str], to: str, parsed: ParsedMessage, raw: bytes) -> bytes:
    """A letter forwarded: its text below its author and subject, its files attached again. `raw` is what was parsed."""
    names = ", ".join(f"{name} <{address}>" if name else address for name, address in parsed.from_)
    text = f"-----\n{readable(names)}\n{readable(parsed.subject)}\n\n{parsed.text}"
    files = [File(part.filename or "", part.content_type, content(raw, part.start, part.end, part.encoding)) for part in parsed.attachments]
    return _written(world, Draft(author, [("", to)], _prefixed("Fwd:", parsed.subject), text.replace("\x00", ""), files=files))


def _written(world: World, draft: Draft) -> bytes:
    at: Micros = world.clock.now()
    return compose(draft, message_id=world.ids.message_id(domain_of(draft.from_[1])), at=at)


def _prefixed(mark: str, subject: str) -> str:
    text = readable(subject)[:_SUBJECT_CHARS_MAX]
    return text if text.casefold().startswith(mark.casefold()) else f"{mark} {text}"


def _photo() -> File:
    """A photo as a phone takes it: a JPEG of two megabytes that lies on its side (EXIF orientation 6). It shows one grey point."""
    tiff = b"MM\x00*\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    exif = _segment(0xE1, b"Exif\x00\x00" + tiff)
    quantisation, frame = _segment(0xDB, b"\x00" + b"\x01" * 64), _segment(0xC0, b"\x08\x00\x01\x00\x01\x01\x01\x11\x00")
    codes = [_segment(0xC4, bytes([table]) + b"\x01" + bytes(15) + b"\x00") for table in (0x00, 0x10)]
    padding = _segment(0xFE, b" " * _SEGMENT_BYTES) * (_PHOTO_BYTES // _SEGMENT_BYTES)
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x3f"
    return File("IMG_1234.JPG", "image/jpeg", b"\xff\xd8" + exif + padding + quantisation + frame + b"".join(codes) + scan + b"\xff\xd9")


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _big() -> File:
    """A file that a letter of 25 megabytes just carries once it is in base64."""
    return File("examens.bin", "application/octet-stream", bytes(_BIG_BYTES))


def _pdf() -> File:
    """A PDF of one empty page of A4, as a scanner's without its picture."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    table, size = b"".join(b"%010d 00000 n \n" % place for place in places), len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n" % (size, table)
    end += b"<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return File("ordonnance.pdf", "application/pdf", body + end)
