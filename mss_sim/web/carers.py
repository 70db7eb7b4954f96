"""Whom a patient lets look into their mailbox, and with what rights; what is masked from them; and what they did there."""

from typing import Any

from starlette.responses import Response

from mss_sim.core.access import carer_masks, delegation, identity_names, journal
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary.mailboxes import MaskKind, Right
from mss_sim.web.delegations import goes_on, grant_request, people_of, shown_grant
from mss_sim.web.journal_words import idnats_in, in_words
from mss_sim.web.patients import around, place_of
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import Sentence, joined, say, sentence_of

_LINES = 50
WORDS: dict[Right, Sentence] = {
    Right.SEE: say("see the list of letters"),
    Right.READ: say("read letters and documents"),
    Right.SEND_ON_BEHALF: say("answer in my name"),
}
"""What a patient may give a carer, in the words of patients."""
KINDS: dict[MaskKind, Sentence] = {
    MaskKind.LETTER: say("letter"),
    MaskKind.CORRESPONDENT: say("all letters with"),
    MaskKind.DOCUMENT: say("document"),
}


async def show_carers(visit: Visit) -> Response:
    """Who may look, since when and until when; and the form that lets another in."""
    known = await around(visit, "carers")
    world, actor = visit.core.world, visit.session.actor
    rows = await delegation.list_grants(world, actor.identity.id, visit.address)
    people = await people_of(visit, rows)
    grants = [{**shown_grant(visit, row, people), "words": _words(row.rights), "over": not goes_on(visit, row)} for row in reversed(rows)]
    rules = world.settings.carers
    words = {right: word for right, word in WORDS.items() if right in rules.rights}
    return show(
        "patient_carers.html",
        visit.here,
        **known,
        grants=[one for one in grants if not one["over"]],
        ended=[one for one in grants if one["over"]],
        rights=words,
        most=rules.max,
    )


def _words(rights: frozenset[Right]) -> list[Sentence]:
    return [word for right, word in WORDS.items() if right in rights]


async def let_in(visit: Visit) -> Response:
    """Give a carer rights."""
    await delegation.grant(visit.core.world, journal.by(visit.session.actor), grant_request(visit, visit.address))
    return back(f"{place_of(visit)}/carers")


async def end(visit: Visit) -> Response:
    """Take a carer's rights back, or renounce one's own."""
    id_ = read_id(str(visit.request.path_params["grant"]))
    row = await delegation.revoke(visit.core.world, journal.by(visit.session.actor), visit.address, id_)
    return back(f"{visit.here.base}/" if row.grantee_id == visit.session.actor.identity.id else f"{place_of(visit)}/carers")


async def show_masks(visit: Visit) -> Response:
    """What carers do not see, and the form that masks a correspondent."""
    known = await around(visit, "masks")
    rows = await carer_masks.list_masks(visit.core.world, visit.session.actor, visit.address)
    shown = [{"id": encode(one.id), "kind": KINDS[one.kind], "label": one.label, "at": one.masked_at} for one in reversed(rows)]
    return show("patient_masks.html", visit.here, **known, masks=shown)


async def mask(visit: Visit) -> Response:
    """Mask a letter, a document or a correspondent."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    letter, part, correspondent = (visit.field(name) for name in ("letter", "part", "correspondent"))
    if letter and part:
        await carer_masks.mask_document(world, actor, address, read_id(letter), part)
    elif letter:
        await carer_masks.mask_letter(world, actor, address, read_id(letter))
    else:
        await carer_masks.mask_correspondent(world, actor, address, _address(correspondent))
    return back(f"{place_of(visit)}/masks")


def _address(text: str) -> str:
    try:
        return canonical(text)
    except AddressError as error:
        raise Refusal(Rule.BAD_ADDRESS, joined((sentence_of(error), ".")), subject=text[:320], reference="rfc5321#4.1.2") from error


async def unmask(visit: Visit) -> Response:
    """Take a mask off."""
    id_ = read_id(str(visit.request.path_params["mask"]))
    await carer_masks.unmask(visit.core.world, visit.session.actor, visit.address, id_)
    return back(f"{place_of(visit)}/masks")


async def show_accesses(visit: Visit) -> Response:
    """What other people did in the mailbox, the newest first."""
    return show("patient_accesses.html", visit.here, **await around(visit, "accesses"), **await _accesses(visit))


async def show_accesses_part(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("patient_accesses_part.html", visit.here, **await _accesses(visit))


async def _accesses(visit: Visit) -> dict[str, Any]:
    world = visit.core.world
    before = Page(_LINES, visit.request.query_params.get("cursor")).before(PagedList.JOURNAL)
    found = await journal.of_mailbox(world, visit.session.actor, visit.address, before=before, limit=_LINES + 1, others=True)
    rows = found[:_LINES]
    people = await identity_names.identities_by_id(world, {row.line.actor_id for row in rows})
    named = await identity_names.names_by_idnat(world, idnats_in(rows))
    return {
        "lines": [in_words(row, people, named) for row in rows],
        "older": cursor(PagedList.JOURNAL, rows[-1].line.id) if len(found) > _LINES else None,
    }


_OF_A_PATIENT = "/ui/as/{who}/patients/{address}"
ROUTES: Routes = (
    ("GET", f"{_OF_A_PATIENT}/carers", show_carers),
    ("POST", f"{_OF_A_PATIENT}/carers", let_in),
    ("POST", f"{_OF_A_PATIENT}/carers/{{grant}}/end", end),
    ("GET", f"{_OF_A_PATIENT}/masks", show_masks),
    ("POST", f"{_OF_A_PATIENT}/masks", mask),
    ("POST", f"{_OF_A_PATIENT}/masks/{{mask}}/end", unmask),
    ("GET", f"{_OF_A_PATIENT}/accesses", show_accesses),
    ("GET", f"{_OF_A_PATIENT}/accesses/part", show_accesses_part),
)
