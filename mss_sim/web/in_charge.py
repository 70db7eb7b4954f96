"""Letters in charge: who is about a letter, taken, given to a colleague, finished with, opened again; notes at the letter.

What changes stands in a part that is asked again; the forms in which somebody may be writing stand beside it, so that nothing is lost when
a colleague does something meanwhile.
"""

import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox import charge_verbs, messages
from mss_sim.core.mailbox.charge_verbs import ChargeShown, Wish
from mss_sim.core.world.store_types import Identity
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.policy.charge import NOTE_CHARS_MAX
from mss_sim.vocabulary.charge import ChargeChoice, ChargeDeed, ChargeState
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind, Right
from mss_sim.web.filters import list_of
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_MANY = 200
_KINDS_OF_MANY = PROFESSIONAL_KINDS - {MailboxKind.PER}
Shown = dict[str, Any]


async def colleagues(visit: Visit, held: MailboxAccess) -> Sequence[Identity]:
    """Who works in a mailbox beside the persona; nobody where it is theirs alone, and where they may mark nothing."""
    if held.mailbox.kind not in PROFESSIONAL_KINDS or not held.access.may(Right.MARK):
        return ()
    found = await charge_verbs.colleagues(visit.core.world, visit.session.actor, held.mailbox.address)
    return [one for one in found if one.id != visit.session.actor.identity.id]


async def of_list(visit: Visit, held: MailboxAccess) -> Shown:
    """What the list of a mailbox shows of it: whether letters are taken in charge there, which are chosen, whom they may be given to."""
    others = await colleagues(visit, held)
    chosen, left = visit.request.query_params.get("charge", ""), visit.request.query_params.get("theirs", "")
    return {
        "charged": held.mailbox.kind in _KINDS_OF_MANY or bool(others) or bool(chosen),
        "others": others,
        "theirs": int(left) if left.isascii() and left.isdigit() and len(left) < 4 else 0,
    }


def read_choice(text: str) -> ChargeChoice | None:
    """Which letters a list is asked for; Refusal(INVALID) for a word that is none."""
    if not text:
        return None
    try:
        return ChargeChoice(text)
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("There is nothing here called {text!r}.", text=text[:20])) from error


async def of_letter(visit: Visit, held: MailboxAccess, letter: str) -> Shown:
    """What the page of a letter shows of it."""
    found = await charge_verbs.look(visit.core.world, visit.session.actor, held.mailbox.address, read_id(letter))
    others = await colleagues(visit, held)
    charge, mark = found.charge, held.access.may(Right.MARK) and held.mailbox.kind in PROFESSIONAL_KINDS
    own = charge.holder_id == visit.session.actor.identity.id
    return {
        "shown": (held.mailbox.kind in _KINDS_OF_MANY or bool(others) or charge.state is not ChargeState.OPEN or bool(charge.notes)),
        "charge": charge,
        "own": own,
        "notes": _notes(found),
        "mark": mark,
        "may_note": mark and held.access.may(Right.READ),
        "may_change": mark and (own or charge.state is not ChargeState.IN_CHARGE or held.access.may(Right.MANAGE)),
        "others": others,
        "note_chars_max": NOTE_CHARS_MAX,
        "curl": _curl(visit, held.mailbox.address, letter),
    }


def _notes(found: ChargeShown) -> list[Shown]:
    names = {id_: one.name for id_, one in found.people.items()}
    return [{"name": names.get(note.author_id or 0, ""), "at": note.written_at, "text": note.text} for note in found.notes]


def _curl(visit: Visit, address: str, letter: str) -> str:
    url = f"{visit.origin}/api/v1/mailboxes/{quote(address, safe='@')}/messages/{letter}/charge"
    body = json.dumps({"deed": ChargeDeed.TAKE.value}, ensure_ascii=False)
    return f"curl -u LOGIN:PASSWORD -X POST {url} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


async def show_part(visit: Visit) -> Response:
    """The part of a letter's page that changes."""
    address, letter = (str(visit.request.path_params[name]) for name in ("address", "letter"))
    held = await messages.open_mailbox(visit.core.world, visit.session.actor, address)
    return show("letter_charge_now.html", visit.here, box=held, letter={"id": letter}, hands=await of_letter(visit, held, letter))


async def do(visit: Visit) -> Response:
    """Do one thing with a letter, and show it again; or with all that were chosen in a list, and show that."""
    address, wish = visit.address, _wish(visit)
    letters = [one for one in visit.form.getlist("letter") if isinstance(one, str)][:_MANY]
    place = f"{visit.here.base}/mailboxes/{quote(address, safe='@')}"
    if not letters:
        raise Refusal(Rule.INVALID, say("Choose letters first, by the boxes at the left of the list."))
    if visit.field("back") == "letter":
        await charge_verbs.do(visit.core.world, visit.session.actor, address, read_id(letters[0]), wish)
        return back(f"{place}/letters/{letters[0]}")
    theirs = await _do_all(visit, address, [read_id(one) for one in letters], wish)
    return back(list_of(visit, **({"theirs": str(theirs)} if theirs else {})))


async def _do_all(visit: Visit, address: str, ids: Sequence[int], wish: Wish) -> int:
    """Each by itself, as over REST; what is gone is passed over. How many are a colleague's; Refusal where all are."""
    theirs: list[Refusal] = []
    for id_ in ids:
        try:
            await charge_verbs.do(visit.core.world, visit.session.actor, address, id_, wish)
        except Refusal as refusal:
            if refusal.rule is Rule.IN_CHARGE:
                theirs.append(refusal)
            elif refusal.rule is not Rule.NOT_FOUND:
                raise
    if len(theirs) == len(ids):
        raise theirs[0]
    return len(theirs)


def _wish(visit: Visit) -> Wish:
    text = visit.field("deed")
    try:
        return Wish(ChargeDeed(text), visit.field("colleague"), visit.field("note"))
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("There is nothing here called {text!r}.", text=text[:20])) from error


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/charge", show_part),
    ("POST", "/ui/as/{who}/mailboxes/{address}/charge", do),
)
