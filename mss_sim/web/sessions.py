"""Sessions of clients at every door: the list, one with what was said line by line, why something was refused, and the file to report."""

from itertools import islice
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import PlainTextResponse, Response

from mss_sim.clock import to_datetime
from mss_sim.core.access import identity_names
from mss_sim.core.control import every_letter
from mss_sim.core.world.store_types import LetterQuery
from mss_sim.errors import Rule
from mss_sim.evidence.refusals import Refused
from mss_sim.evidence.sessions import SessionQuery
from mss_sim.evidence.transcripts import Transcript
from mss_sim.http import anomaly, sessions
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import decode, encode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd, SessionVerdict
from mss_sim.web.showing import PARIS, show
from mss_sim.web.sources import source_of
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import say

_ROWS = 50
_LETTERS_MAX = 20
_LETTER = (b"MAIL FROM", b"mail from")
_DOORS = (Door.SMTP, Door.MX, Door.IMAP, Door.REST, Door.PSC, Door.MAILPIT, Door.DIRECTORY, Door.PUBLIC, Door.LDAP)
_VERDICTS = {
    SessionVerdict.CLEAN: say("clean"),
    SessionVerdict.MISTAKEN: say("mistaken"),
    SessionVerdict.REFUSED: say("refused"),
    SessionVerdict.FAILED: say("failed"),
}
_ENDS = {
    SessionEnd.CLIENT: say("the client said good-bye"),
    SessionEnd.SERVER: say("the server ended it"),
    SessionEnd.LOST: say("closed without a word"),
    SessionEnd.HANDSHAKE: say("TLS did not come about"),
    SessionEnd.SILENCE: say("no request came any more"),
}
_SIDES = {"C": say("client"), "S": say("server"), "-": say("what happened")}
_COSTS = {
    "connections": say("connections"),
    "commands": say("commands"),
    "letters_sent": say("letters sent"),
    "letters_read": say("letters read"),
    "commands_per_letter": say("commands a letter"),
    "octets_in": say("octets in"),
    "octets_out": say("octets out"),
    "polls": say("polls"),
    "retries": say("retries"),
    "duplicates": say("duplicates"),
}
_FILTERS = ("door", "who", "client", "verdict", "rule", "letter")


async def show_sessions(visit: Visit) -> Response:
    """The sessions that are kept, the newest first, by the filters in the address."""
    rules = sorted(Rule, key=str)
    return show("sessions.html", visit.here, doors=_DOORS, rules=rules, verdicts=_VERDICTS, **await _listed(visit))


async def show_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("sessions_rows.html", visit.here, verdicts=_VERDICTS, **await _listed(visit))


async def _listed(visit: Visit) -> dict[str, Any]:
    asked = visit.request.query_params
    filters = {name: asked.get(name, "").strip() for name in _FILTERS}
    position = await visit.position()
    before = Page(_ROWS, asked.get("cursor")).before(PagedList.SESSIONS)
    found = list(islice(visit.pages.hosted.sessions.newest_first(query_of(asked), before), _ROWS + 1))
    rows = [row_of(one) for one in found[:_ROWS]]
    return {
        "position": position,
        "filters": filters,
        "rows": rows,
        "names": await _names(visit, {one["who"] for one in rows if one["who"]}),
        "next": cursor(PagedList.SESSIONS, decode(rows[-1]["id"])) if len(found) > _ROWS else None,
    }


def query_of(asked: QueryParams) -> SessionQuery:
    """What the address of a list asks for; a word that is none of ours asks for nothing."""
    given = {name: asked.get(name, "").strip() or None for name in _FILTERS}
    door, verdict = given["door"], given["verdict"]
    return SessionQuery(
        door=Door(door) if door in {one.value for one in Door} else None,
        verdict=SessionVerdict(verdict) if verdict in {one.value for one in SessionVerdict} else None,
        who=given["who"],
        client=given["client"],
        rule=given["rule"],
        letter=given["letter"],
    )


def row_of(one: Transcript) -> dict[str, Any]:
    """A session as the list has it; instants stay instants."""
    return {**sessions.session(one), "opened": one.opened_at, "last": one.last_at, "first_said": _first_said(one)}


def _first_said(one: Transcript) -> str:
    """Of a session that refused something, what was refused first; else who sent a letter, or what the client said first."""
    if one.refused:
        return sessions.safe_octets(one.refused[0].command)
    said = [line.octets for line in one.lines() if line.side == "C"]
    return sessions.safe_octets(next((line for line in said if line.startswith(_LETTER)), said[0] if said else b""))


async def _names(visit: Visit, idnats: set[str]) -> dict[str, str]:
    return await identity_names.names_by_idnat(visit.core.world, idnats)


async def show_session(visit: Visit) -> Response:
    """One session: why something was refused, what was said, TLS, costs, the letters that it brought."""
    return show("session.html", visit.here, **await _told(visit))


async def show_lines(visit: Visit) -> Response:
    """The part of it that changes while it goes on."""
    return show("session_told.html", visit.here, **await _told(visit))


async def _told(visit: Visit) -> dict[str, Any]:
    position = await visit.position()
    one = _found(visit)
    language = visit.here.language
    row = {**sessions.whole(one, language), "opened": one.opened_at, "last": one.last_at, "closed": one.closed_at}
    names = await _names(visit, {row["who"]} if row["who"] else set())
    return {
        "position": position,
        "session": row,
        "who": names.get(row["who"] or ""),
        "refusals": [_refusal(refused, told) for refused, told in zip(one.refused, row["refused"], strict=True)],
        "letters": await _letters(visit, one),
        "lines": _lines(one),
        "verdicts": _VERDICTS,
        "ended": _ENDS.get(one.ended) if one.closed_at is not None and one.ended else None,
        "costs": [(label, row["costs"][name]) for name, label in _COSTS.items()],
        "curl": f"curl {visit.origin}/control/evidence/{one.id}",
    }


def _refusal(refused: Refused, told: dict[str, Any]) -> dict[str, Any]:
    reference = told["reference"]
    return {**told, "instant": refused.at, "source": source_of(reference) if reference else None}


def _lines(one: Transcript) -> list[dict[str, Any]]:
    """What was said; the clock stands where it was another second before."""
    lines, before = [], ""
    for line in one.lines():
        second = to_datetime(line.at).astimezone(PARIS).strftime("%H:%M:%S")
        text = sessions.safe_octets(line.octets)
        lines.append({"side": line.side, "speaker": _SIDES.get(line.side), "second": second if second != before else "", "text": text})
        before = second
    return lines


async def _letters(visit: Visit, one: Transcript) -> list[dict[str, Any]]:
    """The letters that the session brought, those that were kept with their ids."""
    made = []
    for message_id in list(dict.fromkeys(one.brought))[-_LETTERS_MAX:]:
        rows = await every_letter.list_letters(visit.core.world, LetterQuery(_LETTERS_MAX, message_id=message_id))
        kept = [{"id": encode(row.message.id), "subject": row.message.subject} for row in rows]
        made.append({"message_id": sessions.safe(message_id), "kept": kept})
    return made


async def send_file(visit: Visit) -> Response:
    """What was said, as a file of text."""
    one = _found(visit)
    return PlainTextResponse(sessions.text(one), headers=_file_headers(one, "txt"))


async def send_report(visit: Visit) -> Response:
    """A session with all that belongs to it, as one file to report an anomaly with."""
    one, hosted = _found(visit), visit.pages.hosted
    anonymous = visit.request.query_params.get("anonymous") == "yes"
    archive = await anomaly.report(hosted.core.world, one, hosted.seed, anonymous=anonymous)
    return Response(archive, media_type="application/zip", headers=_file_headers(one, "zip"))


def _file_headers(one: Transcript, extension: str) -> dict[str, str]:
    return {
        "Content-Disposition": sessions.file_name(one, extension),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _found(visit: Visit) -> Transcript:
    found = visit.pages.hosted.sessions.find(str(visit.request.path_params["session"]))
    if found is None:
        raise sessions.unknown()
    return found


ROUTES: Routes = (
    ("GET", "/ui/sessions", show_sessions),
    ("GET", "/ui/sessions/rows", show_rows),
    ("GET", "/ui/sessions/{session}", show_session),
    ("GET", "/ui/sessions/{session}/told", show_lines),
    ("GET", "/ui/sessions/{session}/file", send_file),
    ("GET", "/ui/sessions/{session}/report", send_report),
)
