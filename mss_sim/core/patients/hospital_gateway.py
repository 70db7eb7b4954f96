"""A hospital's gateway: takes the documents of a letter into the hospital's system, or says why not (ref: ig-mss#mdn).

It answers with a receipt of integration where the letter asks for a receipt, and with an ordinary letter where none may leave: what a
person forwarded from a webmail asks for none. What it knows of patients are those of the world.
"""

import asyncio
from typing import TYPE_CHECKING

from mss_sim.core.mailbox.diagnosis import practice
from mss_sim.core.world.world import World
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.mail.headers import readable
from mss_sim.mail.mdn import integration_subject
from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParsedMessage
from mss_sim.policy.integration import INS_LENGTH, IntegrationError, Traits, decide_integration, error_text
from mss_sim.store import patients
from mss_sim.store.patients import PatientIdentity
from mss_sim.vocabulary.patients import PatientState
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from mss_sim.documents.cda import Cda


async def integrate(world: World, raw: bytes) -> str | None:
    """The error of the first document that cannot be taken in, as `CODE^LABEL`; None when all are."""
    told = await asyncio.to_thread(_told, world, raw)
    if not told:
        return error_text(IntegrationError.OTHER)
    for one in told:
        error = decide_integration(one, await _known(world, one) if one else ())
        if error is not None:
            return error_text(error)
    return None


async def _known(world: World, told: Traits) -> list[Traits]:
    """The patients of the world who may be meant: by the number, or by the day of birth."""
    born = f"{told.born[:4]}-{told.born[4:6]}-{told.born[6:8]}"
    found = await world.store.read(patients.alike, told.number[:INS_LENGTH].upper(), born)
    return [_traits(one) for one in found if one.state is not PatientState.PROVISIONAL]


def _told(world: World, raw: bytes) -> list[Traits | None]:
    from mss_sim.documents.patients import cdas_of  # noqa: PLC0415 - few worlds have a gateway

    return [_of_cda(cda) for cda in cdas_of(raw, practice(world.settings), world.parse_limits)]


def _of_cda(cda: "Cda") -> Traits | None:
    strict = list(cda.traits.values())
    return Traits(cda.ins.extension, *strict[:4]) if cda.ins else None


def _traits(known: PatientIdentity) -> Traits:
    born = known.birth_date.strftime("%Y%m%d") if known.birth_date else ""
    return Traits(known.ins, known.birth_name, known.given_names.split(" ")[0], born, str(known.sex or ""))


def answer(world: World, author: tuple[str, str], to: tuple[str, str], parsed: ParsedMessage, raw: bytes, error: str | None) -> bytes:
    """The letter in the place of a receipt: what was tried, the letter itself, and its files (ref: ig-mss#mdn)."""
    code, _, label = (error or "").partition("^")
    done = say("The documents of your letter were taken into our system.")
    text = (
        say("The documents of your letter could not be taken into our system: {label} ({code}).", label=label, code=code) if error else done
    )
    files = [File(part.filename or "", part.content_type, content(raw, part.start, part.end, part.encoding)) for part in parsed.attachments]
    draft = Draft(
        from_=author,
        to=[to],
        subject=integration_subject(readable(parsed.subject), error),
        text=world.translated(text),
        files=[File("message_original.eml", "message/rfc822", raw), *files],
        in_reply_to=parsed.message_id,
        references=[parsed.message_id] if parsed.message_id else [],
    )
    return compose(draft, message_id=world.ids.message_id(domain_of(author[1])), at=world.clock.now())
