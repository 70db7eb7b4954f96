"""Delegations of a mailbox: who may do what, since when and until when, given, taken back and renounced; and what was done by them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from mss_sim.core.access import delegation, grant_end_preview, identity_names, journal, practice_holders
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.rights_in_force import grant_of
from mss_sim.core.control import named_seeds, personas
from mss_sim.core.mailbox import messages
from mss_sim.core.world.store_types import GrantRow, Identity
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.web.days import ONE_DAY, day_of, midnight
from mss_sim.web.delegation_words import RIGHTS, ROLES
from mss_sim.web.journal_words import OF_DELEGATION, Told, idnats_in, in_words
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import Sentence, say

_LINES = 100
_REASON_CHARS_MAX = 1_000
API = "/api/v1"
_HANDED = {"from": "sophie.petit", "to": "louise.moreau"}


class Preset(NamedTuple):
    """Rights that are given together: from how many days from today on, and for how many; None: from now on, without an end."""

    name: str
    title: Sentence
    rights: frozenset[Right]
    begins: int | None = None
    days: int | None = None


_READING = frozenset({Right.SEE, Right.READ})
_WORKING = _READING | {Right.MARK, Right.FILE, Right.SEND_ON_BEHALF}
PRESETS = (
    Preset("secretary", say("Secretary"), _WORKING),
    Preset("locum", say("Locum, for a week"), _WORKING | {Right.CLOSE}, begins=1, days=7),
    Preset("reader", say("Reader, for a month"), _READING, days=30),
)
"""What is given most often (ref: quirks#delegation-presets)."""


async def show_all(visit: Visit) -> Response:
    """The mailboxes that a persona holds or manages, the grants that they were given, and the form that hands grants over."""
    url = f"{visit.origin}{API}/grants/hand-over"
    return show(
        "delegations.html",
        visit.here,
        **await _given(visit),
        handed=visit.request.query_params.get("handed", "")[:6],
        known=await _known(visit),
        curl=f"curl -u LOGIN:PASSWORD {url} --json '{json.dumps(_HANDED)}'",
    )


async def show_given(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("delegations_part.html", visit.here, **await _given(visit))


async def _given(visit: Visit) -> dict[str, Any]:
    world, actor = visit.core.world, visit.session.actor
    held = await messages.held_mailboxes(world, actor)
    given = [(row, address) for row, address in await delegation.grants_of(world, actor.identity.id) if goes_on(visit, row)]
    people = await people_of(visit, [row for row, _ in given])
    return {
        "boxes": held,
        "managed": [one for one in held if one.access.may(Right.MANAGE)],
        "received": [{**shown_grant(visit, row, people), "address": address} for row, address in reversed(given)],
    }


async def show_mailbox(visit: Visit) -> Response:
    """The delegations of one mailbox, and the form that gives another."""
    preset = next((one for one in PRESETS if one.name == visit.request.query_params.get("preset")), PRESETS[0])
    today = day_of(visit.core.world.clock.now())
    begins = today + preset.begins * ONE_DAY if preset.begins is not None else None
    return show(
        "mailbox_delegations.html",
        visit.here,
        **await _state(visit),
        presets=PRESETS,
        preset=preset,
        begins=begins,
        ends=(begins or today) + (preset.days - 1) * ONE_DAY if preset.days else None,
        known=await _known(visit),
        curl=_curl(visit, "POST", "", {"grantee": "louise.moreau", "rights": sorted(preset.rights)}),
    )


async def _known(visit: Visit) -> list[personas.Persona]:
    """The people of the seed whom forms propose: all but who looks."""
    name = visit.pages.hosted.seed
    known = await personas.of_seed(visit.core.world, name) if name in named_seeds.names(visit.core.world) else []
    return [one for one in known if one.idnat != visit.session.actor.identity.idnat]


async def show_part(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("mailbox_delegations_part.html", visit.here, **await _state(visit))


async def _state(visit: Visit) -> dict[str, Any]:
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    held = await messages.held_mailboxes(world, actor)
    box = await messages.held_mailbox(world, actor, address)
    rows = await delegation.list_grants(world, actor.identity.id, address)
    people, manages = await people_of(visit, rows), box.access.may(Right.MANAGE)
    going_on = [shown_grant(visit, row, people) for row in reversed(rows) if goes_on(visit, row)]
    lines, older = await _history(visit, address) if manages else ([], None)
    return {
        "boxes": held,
        "box": box,
        "manages": manages,
        "rights": RIGHTS,
        "roles": ROLES,
        "holders": await practice_holders.list_holders(world, actor.identity.id, address) if manages else [],
        "grants": sorted(going_on, key=lambda one: not one["in_force"]),
        "lines": lines,
        "older": older,
    }


async def people_of(visit: Visit, rows: list[GrantRow]) -> Mapping[int, Identity]:
    """Those whom grants name, by their ids."""
    ids = {id_ for row in rows for id_ in (row.grantee_id, row.granted_by_id)}
    return await identity_names.identities_by_id(visit.core.world, ids)


def goes_on(visit: Visit, row: GrantRow) -> bool:
    """Whether a grant gives rights now, or will."""
    return row.revoked_at is None and (row.valid_until is None or visit.core.world.clock.now() < row.valid_until)


def shown_grant(visit: Visit, row: GrantRow, people: Mapping[int, Identity]) -> dict[str, Any]:
    """What pages show of a grant."""
    giver = people.get(row.granted_by_id) if row.granted_by_id is not None else None
    return {
        "id": encode(row.id),
        "grantee": people[row.grantee_id],
        "rights": row.rights,
        "words": [RIGHTS[right] for right in Right if right in row.rights],
        "from": row.valid_from,
        "until": row.valid_until,
        "reason": row.reason,
        "giver": giver.name if giver else say("The control plane"),
        "given_at": row.granted_at,
        "in_force": grant_of(row).holds_at(visit.core.world.clock.now()),
        "own": row.grantee_id == visit.session.actor.identity.id,
    }


async def _history(visit: Visit, address: str) -> tuple[list[Told], str | None]:
    """What the journal tells of delegations and of what was done by them, the newest first; the cursor of what is older."""
    before = Page(_LINES, visit.request.query_params.get("cursor")).before(PagedList.JOURNAL)
    rows = await journal.of_mailbox(visit.core.world, visit.session.actor, address, before=before, limit=_LINES + 1)
    shown = [row for row in rows[:_LINES] if row.line.act in OF_DELEGATION or row.line.grant_id is not None]
    people = await identity_names.identities_by_id(visit.core.world, {row.line.actor_id for row in shown})
    named = await identity_names.names_by_idnat(visit.core.world, idnats_in(shown))
    older = cursor(PagedList.JOURNAL, rows[_LINES - 1].line.id) if len(rows) > _LINES else None
    return [in_words(row, people, named) for row in shown], older


async def give(visit: Visit) -> Response:
    """Give somebody rights."""
    address = visit.address
    await delegation.grant(visit.core.world, journal.by(visit.session.actor), grant_request(visit, address))
    return back(_page(visit, address))


def grant_request(visit: Visit, address: str) -> GrantRequest:
    """The grant that a form asks for: `grantee`, a field for each right, days `from` and `until`, `reason`."""
    return GrantRequest(
        address=address,
        grantee=visit.field("grantee"),
        rights=frozenset(right for right in Right if visit.field(right.value) == "yes"),
        valid_from=midnight(visit.field("from")),
        valid_until=midnight(visit.field("until"), 1),
        reason=_reason(visit.field("reason")),
    )


async def hand_over(visit: Visit) -> Response:
    """Give all grants of one person to another in one step, over one mailbox or all that the persona manages."""
    address = visit.field("mailbox") or None
    by, leaving, heir = journal.by(visit.session.actor), visit.field("from"), visit.field("to")
    done = await delegation.hand_over(visit.core.world, by, leaving, heir, address, _reason(visit.field("reason")))
    return back(f"{visit.here.base}/delegations?handed={len(done.created)}")


def _reason(text: str) -> str:
    if len(text) > _REASON_CHARS_MAX or "\x00" in text:
        raise Refusal(Rule.INVALID, say("The reason is a text of at most {most} characters.", most=_REASON_CHARS_MAX), subject="reason")
    return text


async def show_end(visit: Visit) -> Response:
    """What would happen if a grant ended now, and the button that ends it."""
    world, actor = visit.core.world, visit.session.actor
    address, id_ = (str(visit.request.path_params[name]) for name in ("address", "grant"))
    end = await grant_end_preview.foresee(world, journal.by(actor), address, read_id(id_))
    people = await people_of(visit, [end.grant])
    return show(
        "grant_end.html",
        visit.here,
        boxes=await messages.held_mailboxes(world, actor),
        address=address,
        grant=shown_grant(visit, end.grant, people),
        end=end,
        lost=[RIGHTS[right] for right in Right if right in end.lost],
        kept=[RIGHTS[right] for right in Right if right in end.kept],
        pages_open=visit.pages.sessions.opened_by(end.grantee.id),
        curl=_curl(visit, "DELETE", f"/{id_}"),
    )


async def end(visit: Visit) -> Response:
    """Take a grant back, or renounce one's own."""
    address, id_ = (str(visit.request.path_params[name]) for name in ("address", "grant"))
    row = await delegation.revoke(visit.core.world, journal.by(visit.session.actor), address, read_id(id_))
    own = row.grantee_id == visit.session.actor.identity.id
    return back(f"{visit.here.base}/delegations" if own else _page(visit, address))


def _page(visit: Visit, address: str) -> str:
    return f"{visit.here.base}/mailboxes/{quote(address, safe='@')}/delegations"


def _curl(visit: Visit, method: str, path: str, body: Mapping[str, object] | None = None) -> str:
    """The same over REST, as a command."""
    address = visit.address
    url = f"{visit.origin}{API}/mailboxes/{quote(address, safe='@')}/grants{path}"
    command = f"curl -u LOGIN:PASSWORD -X {method} {url}"
    return command if body is None else f"{command} \\\n  -H 'Content-Type: application/json' \\\n  -d '{json.dumps(body)}'"


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/delegations", show_all),
    ("GET", "/ui/as/{who}/delegations/part", show_given),
    ("POST", "/ui/as/{who}/delegations/hand-over", hand_over),
    ("GET", "/ui/as/{who}/mailboxes/{address}/delegations", show_mailbox),
    ("GET", "/ui/as/{who}/mailboxes/{address}/delegations/part", show_part),
    ("POST", "/ui/as/{who}/mailboxes/{address}/delegations", give),
    ("GET", "/ui/as/{who}/mailboxes/{address}/delegations/{grant}", show_end),
    ("POST", "/ui/as/{who}/mailboxes/{address}/delegations/{grant}/end", end),
)
