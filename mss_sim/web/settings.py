"""What a persona sets of a mailbox: texts and policies, who holds it, what it does by itself, when it closes, whose it is to be."""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from mss_sim.core.access import journal, practice_holders
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox import closing, handing_over, mailboxes, messages, retention
from mss_sim.core.mailflow import forwarding, out_of_office
from mss_sim.core.mailflow.forwarding import WantedForwarding
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mailboxes import OPENED_TO_PATIENTS, HolderRole, MailboxKind, MailboxState, Right
from mss_sim.web.days import day_of, midnight
from mss_sim.web.delegation_words import ROLES
from mss_sim.web.fields import check_meant, line, number
from mss_sim.web.mailbox_fields import SEEN, SENT, STATES, wanted
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_TEXT_CHARS_MAX = 20_000
_DAYS_MAX = 365
_LEADERS = (HolderRole.OWNER, HolderRole.RESPONSIBLE)


async def show_settings(visit: Visit) -> Response:
    """The page; what somebody may not change is told to them, without a form."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    held = await messages.held_mailbox(world, actor, address)
    return show(
        "settings.html",
        visit.here,
        boxes=await messages.held_mailboxes(world, actor),
        box=held,
        place=_place(visit),
        states=STATES,
        seen=SEEN,
        sent=SENT,
        roles=ROLES,
        opened_to_patients=held.mailbox.kind in OPENED_TO_PATIENTS,
        is_patients=held.mailbox.kind is MailboxKind.PATIENT,
        is_practice=held.mailbox.kind is MailboxKind.CAB,
        is_closed=held.mailbox.state is MailboxState.CLOSED,
        leads=held.access.role in _LEADERS,
        manages=held.access.may(Right.MANAGE),
        holders=await practice_holders.list_holders(world, actor.identity.id, address),
        days=await retention.get_days(world, actor, address),
        closing=await closing.get(world, actor, address),
        grace_days=world.settings.closing.grace_days,
        curl=_curl(visit),
        **await _automatic(visit, held),
    )


async def _automatic(visit: Visit, held: MailboxAccess) -> dict[str, Any]:
    """What the mailbox does by itself, for who manages it."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    if not held.access.may(Right.MANAGE):
        return {"answer": None, "answering": False, "begins": None, "ends": None, "forwarded": None, "usual_days": 0}
    answer = await out_of_office.get(world, actor, address)
    return {
        "answer": answer,
        "begins": answer and day_of(answer.from_at),
        "ends": day_of(answer.until_at - 1) if answer and answer.until_at is not None else None,
        "answering": answer is not None and answer.holds_at(world.clock.now()),
        "forwarded": await forwarding.get(world, actor, address),
        "usual_days": world.settings.out_of_office.days,
    }


async def change(visit: Visit) -> Response:
    """Change texts and policies; nothing is written where nothing changes."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    held = await messages.held_mailbox(world, actor, address, Right.MANAGE)
    changes = wanted(visit, held.mailbox)
    if changes:
        await mailboxes.change_managed_mailbox(world, actor, address, changes)
    return back(_place(visit))


async def change_holders(visit: Visit) -> Response:
    """Add a co-holder to a practice's mailbox, take one off, or name who is responsible next."""
    by, who, do = journal.by(visit.session.actor), line(visit, "who"), visit.field("do")
    if do == "add":
        await practice_holders.add_co_holder(visit.core.world, by, visit.address, who)
    elif do == "remove":
        await practice_holders.remove_holder(visit.core.world, by, visit.address, who)
    else:
        await practice_holders.change_responsible(visit.core.world, by, visit.address, who, stay=visit.field("stay") == "yes")
    return await _led_back(visit, "holders")


async def set_answer(visit: Visit) -> Response:
    """Set the out-of-office answer, or end it."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    if visit.field("do") == "end":
        await out_of_office.remove(world, actor, address)
        return back(f"{_place(visit)}#answer")
    text = visit.field("text")
    if len(text) > _TEXT_CHARS_MAX or "\x00" in text:
        raise Refusal(Rule.INVALID, say("The text has at most {most} characters, and no NUL.", most=_TEXT_CHARS_MAX), subject="text")
    begins, ends = midnight(visit.field("from")), midnight(visit.field("until"), 1)
    answer = WantedAnswer(text, line(visit, "subject"), begins, ends, number(visit.field("days"), "days", 1, _DAYS_MAX))
    await out_of_office.put(world, actor, address, answer)
    return back(f"{_place(visit)}#answer")


async def set_forwarding(visit: Visit) -> Response:
    """Have letters forwarded, or no more."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    if visit.field("do") == "end":
        await forwarding.remove(world, actor, address)
    else:
        await forwarding.put(world, actor, address, WantedForwarding(line(visit, "to"), visit.field("keep") == "yes"))
    return back(f"{_place(visit)}#forwarding")


async def set_closing(visit: Visit) -> Response:
    """Ask to close the mailbox, or let it live on."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    if visit.field("do") == "cancel":
        await closing.cancel(world, actor, address)
    else:
        check_meant(visit)
        await closing.ask(world, actor, address)
    return back(f"{_place(visit)}#closing")


async def hand_over(visit: Visit) -> Response:
    """Hand the mailbox over to somebody else, who holds it from then on."""
    check_meant(visit)
    await handing_over.hand_over(visit.core.world, visit.session.actor, visit.address, line(visit, "heir"))
    return await _led_back(visit, "closing")


async def _led_back(visit: Visit, section: str) -> Response:
    """The page again, or the first one of somebody who may not see the mailbox any more."""
    seen: Awaitable[bool] = messages.may(visit.core.world, visit.session.actor, visit.address, Right.SEE)
    return back(f"{_place(visit)}#{section}" if await seen else f"{visit.here.base}/")


def _place(visit: Visit) -> str:
    return f"{visit.here.base}/mailboxes/{quote(visit.address, safe='@')}/settings"


def _curl(visit: Visit) -> str:
    url = f"{visit.origin}/api/v1/mailboxes/{quote(visit.address, safe='@')}"
    patch = f"curl -u LOGIN:PASSWORD -X PATCH {url} --json '{{\"red_listed\": true}}'"
    return f'{patch}\ncurl -u LOGIN:PASSWORD -X PUT {url}/out-of-office --json \'{{"text": "…"}}\''


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/mailboxes/{address}/settings", show_settings),
    ("POST", "/ui/as/{who}/mailboxes/{address}/settings", change),
    ("POST", "/ui/as/{who}/mailboxes/{address}/settings/holders", change_holders),
    ("POST", "/ui/as/{who}/mailboxes/{address}/settings/answer", set_answer),
    ("POST", "/ui/as/{who}/mailboxes/{address}/settings/forwarding", set_forwarding),
    ("POST", "/ui/as/{who}/mailboxes/{address}/settings/closing", set_closing),
    ("POST", "/ui/as/{who}/mailboxes/{address}/settings/owner", hand_over),
)
