"""Mailboxes as an administrator sees them: found, made, changed, closed, handed over, kept for so long, deleted."""

from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from mss_sim.core.access import delegation, practice_holders
from mss_sim.core.access.rights_in_force import grant_of
from mss_sim.core.control import people_and_mailboxes
from mss_sim.core.mailbox import closing, handing_over, mailboxes, retention
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.policy.identifiers import address_warnings
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import OPENED_TO_PATIENTS, MailboxKind, MailboxState, Right
from mss_sim.web.delegation_words import RIGHTS, ROLES
from mss_sim.web.fields import check_meant, line, number, word, word_or_none
from mss_sim.web.mailbox_fields import SEEN, SENT, STATES, wanted, wanted_limits
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_ROWS = 50
_DAYS_MAX = 36_500
_ADDRESS_CHARS_MAX = 320
_FILTERS = ("text", "kind", "state")
KINDS = {
    MailboxKind.PER: say("a person's"),
    MailboxKind.ORG: say("an organisation's"),
    MailboxKind.APP: say("an application's"),
    MailboxKind.CAB: say("a practice's"),
    MailboxKind.PATIENT: say("a patient's"),
}


async def show_all(visit: Visit) -> Response:
    """The mailboxes of the world in the order of their creation, by the filters in the address."""
    asked = visit.request.query_params
    filters = {name: asked.get(name, "").strip() for name in _FILTERS}
    kind, state = word_or_none(filters["kind"], "kind", MailboxKind), word_or_none(filters["state"], "state", MailboxState)
    after = Page(_ROWS, asked.get("cursor")).before(PagedList.MAILBOXES)
    found = await people_and_mailboxes.find_mailboxes(
        visit.core.world, filters["text"], kind=kind, state=state, after=after, limit=_ROWS + 1
    )
    shown, more = found[:_ROWS], len(found) > _ROWS
    kept = {name: value for name, value in filters.items() if value}
    return show(
        "mailboxes.html",
        visit.here,
        kinds=KINDS,
        states=STATES,
        filters=filters,
        asked=urlencode(kept),
        rows=shown,
        next=urlencode({**kept, "cursor": cursor(PagedList.MAILBOXES, shown[-1].mailbox.id)}) if more else None,
        curl=_curl(visit),
    )


async def show_one(visit: Visit) -> Response:
    """One mailbox with its holders, its grants and all that may be changed of it."""
    world = visit.core.world
    found = await people_and_mailboxes.show_mailbox(world, visit.address)
    now, box = world.clock.now(), found.mailbox
    return show(
        "mailbox_admin.html",
        visit.here,
        found=found,
        mailbox=box,
        place=_place(visit),
        kinds=KINDS,
        states=STATES,
        seen=SEEN,
        sent=SENT,
        roles=ROLES,
        opened_to_patients=box.kind in OPENED_TO_PATIENTS,
        warnings=address_warnings(box.address, box.kind),
        days=await retention.get_days(world, None, box.address),
        grace_days=world.settings.closing.grace_days,
        grants=[
            {
                "id": encode(row.id),
                "grantee": found.people.get(row.grantee_id),
                "words": [RIGHTS[right] for right in Right if right in row.rights],
                "until": row.valid_until,
                "reason": row.reason,
            }
            for row in found.grants
            if grant_of(row).holds_at(now)
        ],
        curl=_curl(visit, f"/{quote(box.address, safe='@')}"),
    )


async def add(visit: Visit) -> Response:
    """Create a mailbox."""
    new = NewMailbox(
        address=line(visit, "address", _ADDRESS_CHARS_MAX),
        kind=word(visit.field("kind"), "kind", MailboxKind),
        owner_idnat=line(visit, "owner"),
        label=line(visit, "label"),
    )
    made = await mailboxes.add_mailbox(visit.core.world, new)
    return back(f"/ui/mailboxes/{quote(made.address, safe='@')}")


async def change(visit: Visit) -> Response:
    """Change texts, policies, state and limits; nothing is written where nothing changes."""
    world, address = visit.core.world, visit.address
    box = await mailboxes.get_mailbox(world, address)
    changes: dict[str, Any] = {**wanted(visit, box), **wanted_limits(visit, box)}
    if changes:
        await mailboxes.change_mailbox(world, address, changes, actor_id=None, door=Door.CONTROL)
    return back(_place(visit))


async def set_retention(visit: Visit) -> Response:
    """Say for how many days the mailbox keeps letters: so many, for good, or as all others."""
    do, address = visit.field("do"), visit.address
    if do == "usual":
        await retention.remove_days(visit.core.world, address)
    else:
        days = number(visit.field("days"), "days", 1, _DAYS_MAX)
        if days is None and do != "good":
            raise Refusal(Rule.INVALID, say("Say for how many days, or choose for good."), subject="days")
        await retention.put_days(visit.core.world, address, None if do == "good" else days)
    return back(f"{_place(visit)}#retention")


async def set_closing(visit: Visit) -> Response:
    """Ask to close the mailbox as its owner would, or let it live on."""
    if visit.field("do") == "cancel":
        await closing.cancel(visit.core.world, None, visit.address)
    else:
        check_meant(visit)
        await closing.ask(visit.core.world, None, visit.address)
    return back(f"{_place(visit)}#closing")


async def hand_over(visit: Visit) -> Response:
    """Give the mailbox to another owner or responsible."""
    await handing_over.hand_over(visit.core.world, None, visit.address, line(visit, "heir"))
    return back(f"{_place(visit)}#holders")


async def revoke(visit: Visit) -> Response:
    """Take a grant back, as the owner would."""
    await delegation.revoke(visit.core.world, practice_holders.CONTROL, visit.address, read_id(visit.field("grant")))
    return back(f"{_place(visit)}#grants")


async def remove(visit: Visit) -> Response:
    """Delete the mailbox with all that is in it."""
    check_meant(visit)
    await mailboxes.remove_mailbox(visit.core.world, visit.address)
    return back("/ui/mailboxes")


def _place(visit: Visit) -> str:
    return f"/ui/mailboxes/{quote(visit.address, safe='@')}"


def _curl(visit: Visit, path: str = "") -> str:
    return f"curl {visit.origin}/control/mailboxes{path}"


ROUTES: Routes = (
    ("GET", "/ui/mailboxes", show_all),
    ("POST", "/ui/mailboxes", add),
    ("GET", "/ui/mailboxes/{address}", show_one),
    ("POST", "/ui/mailboxes/{address}", change),
    ("POST", "/ui/mailboxes/{address}/retention", set_retention),
    ("POST", "/ui/mailboxes/{address}/closing", set_closing),
    ("POST", "/ui/mailboxes/{address}/owner", hand_over),
    ("POST", "/ui/mailboxes/{address}/revoke", revoke),
    ("POST", "/ui/mailboxes/{address}/delete", remove),
)
