"""The journal on pages: who did what with which mailbox, by which grant, by which door; of what a persona manages, or of the world."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from mss_sim.core.access import identity_names, journal
from mss_sim.core.access.journal import Lines
from mss_sim.core.mailbox import messages
from mss_sim.core.world.store_types import JournalRow, LineQuery
from mss_sim.http.dependencies import read_id
from mss_sim.http.journal import JournalFilter, acts_named, table
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.http.writing import read_address
from mss_sim.ids import encode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.web.days import midnight
from mss_sim.web.fields import word_or_none
from mss_sim.web.journal_words import doer, idnats_in, in_words
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import say

_ROWS = 50
_FAMILIES = {
    "letters": (say("letters"), "message.*"),
    "receipts": (say("receipts and watch list"), "receipt.*,watch_list.*"),
    "delegations": (say("delegations and holders"), "grant.*,holder.*"),
    "conversations": (say("conversations with patients"), "conversation.*"),
    "mailboxes": (say("mailboxes and their automatic mail"), "mailbox.*,out_of_office.*,forwarding.*"),
    "folders": (say("folders"), "folder.*"),
    "carers": (say("carers"), "mask.*,mailbox.visited"),
    "refusals": (say("refusals"), "right.refused,message.refused"),
}
"""What one looks for, and how REST names the acts of it."""
_FILTERS = ("mailbox", "kind", "who", "door", "by", "grant", "since", "until")
_BY_GRANT = {"grant": True, "own": False}


async def show_journal(visit: Visit) -> Response:
    """The journal, the newest line first, by the filters in the address."""
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor) if visit.here.session else []
    return show(
        "journal.html",
        visit.here,
        boxes=held,
        managed=[one.mailbox for one in held if one.access.may(Right.MANAGE)],
        families={name: title for name, (title, _) in _FAMILIES.items()},
        doors=list(Door),
        **await _listed(visit),
    )


async def show_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("journal_rows.html", visit.here, **await _listed(visit))


async def send_table(visit: Visit) -> Response:
    """All lines that the filters leave, as a table."""
    filters = _filters(visit)
    return await table(visit.core.world, _actor(visit), _address(filters), JournalFilter(_query(filters), filters["who"] or None))


async def _listed(visit: Visit) -> dict[str, Any]:
    filters, position = _filters(visit), await visit.position()
    page = Page(_ROWS, visit.request.query_params.get("cursor"))
    wanted = JournalFilter(_query(filters), filters["who"] or None)
    found = await journal.read(visit.core.world, _actor(visit), wanted.on(page), _address(filters), wanted.who)
    shown, more = found.rows[:_ROWS], len(found.rows) > _ROWS
    named = await identity_names.names_by_idnat(visit.core.world, idnats_in(shown))
    kept = {name: value for name, value in filters.items() if value}
    return {
        "position": position,
        "place": f"{visit.here.base}/journal",
        "filters": filters,
        "asked": urlencode(kept),
        "lines": [_line(row, found, named) for row in shown],
        "next": urlencode({**kept, "cursor": cursor(PagedList.JOURNAL, shown[-1].line.id)}) if more else None,
        "curl": _curl(visit),
    }


def _actor(visit: Visit) -> Any:
    """The persona whose page it is; None for an administrator."""
    return visit.session.actor if visit.here.session else None


def _filters(visit: Visit) -> dict[str, str]:
    return {name: visit.request.query_params.get(name, "").strip() for name in _FILTERS}


def _address(filters: dict[str, str]) -> str | None:
    return read_address(filters["mailbox"]) if filters["mailbox"] else None


def _query(filters: dict[str, str]) -> LineQuery:
    """The lines that filters ask for; Refusal(INVALID) for what is no filter."""
    _, acts = _FAMILIES.get(filters["kind"], ("", ""))
    return LineQuery(
        _ROWS,
        acts=acts_named(acts),
        door=word_or_none(filters["door"], "door", Door),
        delegated=_BY_GRANT.get(filters["by"]),
        grant_id=read_id(filters["grant"]) if filters["grant"] else None,
        since=midnight(filters["since"]),
        until=midnight(filters["until"], 1),
    )


def _line(row: JournalRow, found: Lines, named: dict[str, str]) -> dict[str, Any]:
    line, grant = row.line, found.grants.get(row.line.grant_id or 0)
    giver = found.people.get(grant.granted_by_id or 0) if grant else None
    actor = found.people.get(line.actor_id or 0)
    words = in_words(row, found.people, named)
    return {
        "at": line.at,
        "text": words.text,
        "mark": words.mark,
        "act": line.act,
        "door": line.door,
        "who": doer(row, found.people),
        "idnat": actor.idnat if actor else "",
        "mailbox": found.addresses.get(line.mailbox_id or 0, ""),
        "grant": encode(line.grant_id) if grant and words.by_grant and line.grant_id else "",
        "giver": giver.name if giver else say("The control plane"),
        "reason": grant.reason if grant else "",
        "letter": encode(line.message_id) if line.message_id else "",
    }


def _curl(visit: Visit) -> str:
    base = visit.origin
    return f"curl -u LOGIN:PASSWORD {base}/api/v1/journal" if visit.here.session else f"curl {base}/control/journal"


ROUTES: Routes = (
    ("GET", "/ui/journal", show_journal),
    ("GET", "/ui/journal/rows", show_rows),
    ("GET", "/ui/journal.csv", send_table),
    ("GET", "/ui/as/{who}/journal", show_journal),
    ("GET", "/ui/as/{who}/journal/rows", show_rows),
    ("GET", "/ui/as/{who}/journal.csv", send_table),
)
