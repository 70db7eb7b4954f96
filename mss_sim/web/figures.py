"""Figures: letters by day or month and kind of mailbox, receipts, refusals, the share of patients, what each client cost.

What is counted is `core/control/indicators`; what doors refused and what clients cost is known since the process began. The same numbers
(ref: sentinelle#f21, sentinelle#f24) are given by `/control/indicators` and `/control/evidence/clients`. Each chart has its table.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from mss_sim.core.access import identity_names
from mss_sim.core.control.indicators import IndicatorQuery, IndicatorRow, Indicators, indicators
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.clients import ClientCosts, by_client
from mss_sim.evidence.sessions import SessionQuery
from mss_sim.http import indicators as views
from mss_sim.http import sessions
from mss_sim.vocabulary.indicators import Indicator, Span
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.web import charts
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import Sentence, say

_FILTERS = ("from", "to", "group", "domain", "kind")
_DAYS_MAX = 62
"""Days that are told one by one unless asked otherwise."""
_CLIENTS_MAX, _CLIENTS_DRAWN = 100, 8
_PLACES_MAX = 200
_NAME_CHARS = 17
_KINDS: dict[str, Sentence] = {
    MailboxKind.PER.value: say("PER, of one person"),
    MailboxKind.ORG.value: say("ORG, of an organisation"),
    MailboxKind.CAB.value: say("CAB, of a practice"),
    MailboxKind.APP.value: say("APP, of a program"),
    MailboxKind.PATIENT.value: say("patients"),
    "GONE": say("removed since, or nobody's"),
}
"""Each kind with its pattern, as a chart stacks them."""
_SPANS = {Span.DAY: say("by day"), Span.MONTH: say("by month")}
_NAMES = {
    Indicator.MAILBOXES: say("Mailboxes"),
    Indicator.LETTERS_SENT: say("Letters sent"),
    Indicator.SENT_BY_DELEGATES: say("by delegates"),
    Indicator.SENT_TO_PATIENTS: say("to patients"),
    Indicator.SENT_WITH_DOCUMENTS: say("with documents"),
    Indicator.SENT_WITH_XDM: say("with IHE_XDM"),
    Indicator.LETTERS_RECEIVED: say("Letters received"),
    Indicator.RECEIVED_FROM_PATIENTS: say("from patients"),
    Indicator.REPORTS_RECEIVED: say("Reports received"),
    Indicator.LETTERS_REFUSED: say("Letters refused"),
}
"""What the table of domains shows; the file has all."""
_RECEIPTS = {
    Indicator.TOLD_DELIVERED: say("delivered"),
    Indicator.TOLD_DISPLAYED: say("opened"),
    Indicator.TOLD_PROCESSED: say("processed by a program"),
    Indicator.TOLD_RELAYED: say("handed on"),
    Indicator.TOLD_DELAYED: say("delayed"),
    Indicator.TOLD_FAILED: say("not delivered"),
}


async def show_figures(visit: Visit) -> Response:
    """The page."""
    filters = _filters(visit)
    found = await indicators(visit.core.world, _query(filters))
    clients, refusals = _clients(visit, found), views.refusals(visit.core.world.tally)
    language = visit.here.language
    number = partial(_number, language=language)
    label = partial(_label, by=found.by, language=language)
    return show(
        "figures.html",
        visit.here,
        filters=filters,
        found=found,
        first=_day(found.first, language),
        last=_day(found.last, language),
        number=number,
        kinds=_KINDS,
        spans=_SPANS,
        names=_NAMES,
        domains=sorted({row.domain for row in found.rows if row.domain})[:_PLACES_MAX],
        sent=_by_kind(found, Indicator.LETTERS_SENT, label),
        received=_by_kind(found, Indicator.LETTERS_RECEIVED, label),
        receipts=_listed([(name.in_language(language), found.totals[what]) for what, name in _RECEIPTS.items()]),
        patients=_patients(found, language),
        refused=_listed(list(found.refused.items())),
        refusals=_refusals(refusals),
        clients=await _drawn_clients(visit, clients),
        places=_places(found),
        asked=_asked(filters),
        asked_for=lambda domain: _asked({**filters, "domain": domain}),
        curl=f"curl {visit.origin}/control",
        rest=_asked({**filters, "from": found.first.isoformat(), "to": found.last.isoformat(), "group": found.by.value}),
    )


def _filters(visit: Visit) -> dict[str, str]:
    asked = visit.request.query_params
    return {name: asked.get(name, "").strip() for name in _FILTERS}


def _asked(filters: dict[str, str]) -> str:
    return urlencode({name: value for name, value in filters.items() if value})


def _query(filters: dict[str, str]) -> IndicatorQuery:
    """What the address of the page asks for; a word that is none of ours asks for nothing."""
    first, last = _date(filters["from"]), _date(filters["to"])
    group, kind = filters["group"], filters["kind"]
    long = first is not None and last is not None and (last - first).days >= _DAYS_MAX
    return IndicatorQuery(
        first,
        last,
        Span(group) if group in set(Span) else Span.MONTH if long else Span.DAY,
        filters["domain"].lower() or None,
        MailboxKind(kind) if kind in set(MailboxKind) else None,
    )


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("{text} is no date; write one as 2026-01-05.", text=text[:40])) from error


def _number(value: float, language: Language) -> str:
    """A number with its thousands apart, and a comma or a point before what is less than one."""
    text = f"{value:,}".removesuffix(".0")
    return text.translate({ord(","): "\N{NARROW NO-BREAK SPACE}", ord("."): ","}) if language is Language.FR else text


def _day(day: date, language: Language) -> str:
    return day.strftime("%d/%m/%Y") if language is Language.FR else day.isoformat()


def _label(period: str, by: Span, language: Language) -> str:
    """A period as it stands below its column: `05/01` or `01/2026` in French, `01-05` or `2026-01` elsewhere."""
    if language is not Language.FR:
        return period[5:] if by is Span.DAY else period
    return "/".join(reversed((period[5:] if by is Span.DAY else period).split("-")))


def _kind(row: IndicatorRow) -> str:
    return row.kind.value if row.kind else "GONE"


def _by_kind(found: Indicators, what: Indicator, label: "partial[str]") -> dict[str, Any]:
    """A number by period and kind of mailbox: the drawing, the kinds that it tells apart, and the table."""
    counted: Counter[tuple[str, str]] = Counter()
    for row in found.rows:
        counted[row.period, _kind(row)] += row.numbers[what]
    kinds = [kind for kind in _KINDS if any(counted[period, kind] for period in found.periods)]
    series = [[counted[period, kind] for period in found.periods] for kind in kinds]
    totals = [sum(column) for column in zip(*series, strict=True)] or [0] * len(found.periods)
    best = max(range(len(totals)), key=totals.__getitem__)
    return {
        "drawn": charts.columns(series),
        "kinds": kinds,
        "labels": [label(period) for period in found.periods],
        "rows": [(found.periods[at], [one[at] for one in series], total) for at, total in enumerate(totals) if total],
        "total": sum(totals),
        "sums": [sum(one) for one in series],
        "most": totals[best],
        "best": label(found.periods[best]),
    }


def _listed(found: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Names with their numbers: the drawing, and what it draws."""
    return {"drawn": charts.rows([value for _, value in found]), "rows": found, "total": sum(value for _, value in found)}


def _patients(found: Indicators, language: Language) -> dict[str, Any]:
    """What part of the letters of professionals goes to patients, and comes from them, in hundredths."""
    total: Counter[Indicator] = Counter()
    for row in found.rows:
        if row.kind is not MailboxKind.PATIENT:
            total.update(row.numbers)
    told = [
        (say("sent, to patients"), total[Indicator.SENT_TO_PATIENTS], total[Indicator.LETTERS_SENT]),
        (say("received, from patients"), total[Indicator.RECEIVED_FROM_PATIENTS], total[Indicator.LETTERS_RECEIVED]),
    ]
    table = [(name.in_language(language), part, whole, round(100 * part / whole, 1) if whole else 0.0) for name, part, whole in told]
    return {
        "drawn": charts.rows([share for *_, share in table], most=100),
        "rows": [(name, share) for name, *_, share in table],
        "table": table,
        "total": sum(whole for _, _, whole, _ in table),
    }


def _refusals(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What doors refused, by rule, and by door in the table."""
    by_rule: Counter[str] = Counter()
    for one in found:
        by_rule[one["rule"]] += one["times"]
    return {**_listed(by_rule.most_common(_CLIENTS_DRAWN)), "table": found, "more": max(len(by_rule) - _CLIENTS_DRAWN, 0)}


def _clients(visit: Visit, found: Indicators) -> list[ClientCosts]:
    """What the clients of a stretch cost, in the sessions that are kept."""
    kept = visit.pages.hosted.sessions.newest_first(SessionQuery(since=found.start))
    return by_client(one for one in kept if one.opened_at < found.end)


async def _drawn_clients(visit: Visit, found: Sequence[ClientCosts]) -> dict[str, Any]:
    """What clients cost: of the first, the commands, and the part of them that only asks for news; of all, the table."""
    told = [sessions.client(one) for one in found[:_CLIENTS_MAX]]
    first = told[:_CLIENTS_DRAWN]
    nameless = say("no name").in_language(visit.here.language)
    people = await identity_names.names_by_idnat(visit.core.world, {one["who"] for one in told if one["who"]})
    commands, polls = ([one["costs"][name] for one in first] for name in ("commands", "polls"))
    names = [_named(one, nameless, people) for one in first]
    drawn = charts.rows(commands, polls)
    return {"drawn": drawn, "rows": list(zip(names, commands, strict=True)), "table": told, "people": people, "total": len(found)}


def _named(one: dict[str, Any], nameless: str, people: Mapping[str, str]) -> str:
    """Client, door and person in one line, which a phone has room for."""
    name, door, who = one["client"] or nameless, one["door"].upper(), one["who"]
    if not who:
        return f"{_short(name, 2 * _NAME_CHARS)} · {door}"
    return f"{_short(name, _NAME_CHARS)} · {door} · {_short(people.get(who, who), _NAME_CHARS)}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _places(found: Indicators) -> dict[str, Any]:
    """The table by domain and kind; mailboxes are those at the end."""
    total: dict[tuple[str | None, MailboxKind | None], Counter[Indicator]] = {}
    for row in found.rows:
        sums = total.setdefault((row.domain, row.kind), Counter())
        for what in _NAMES:
            if what is not Indicator.MAILBOXES or row.period == found.periods[-1]:
                sums[what] += row.numbers[what]
    rows = sorted(total.items(), key=lambda one: (-one[1][Indicator.LETTERS_SENT], one[0][0] or "~", one[0][1] or ""))
    return {"rows": rows[:_PLACES_MAX], "more": max(len(rows) - _PLACES_MAX, 0)}


async def send_indicators(visit: Visit) -> Response:
    """All indicators of the stretch as a table for spreadsheets."""
    found = await indicators(visit.core.world, _query(_filters(visit)))
    return views.file(await asyncio.to_thread(views.table, found), "indicators-of-mss-sim.csv")


async def send_clients(visit: Visit) -> Response:
    """What each client of the stretch cost, as such a table."""
    found = await indicators(visit.core.world, _query({**_filters(visit), "domain": "", "kind": ""}))
    return views.file(views.client_table(_clients(visit, found)), "clients-of-mss-sim.csv")


async def send_refusals(visit: Visit) -> Response:
    """What doors refused, as such a table."""
    return views.file(views.refusal_table(visit.core.world.tally), "refusals-of-mss-sim.csv")


ROUTES: Routes = (
    ("GET", "/ui/figures", show_figures),
    ("GET", "/ui/figures/indicators.csv", send_indicators),
    ("GET", "/ui/figures/clients.csv", send_clients),
    ("GET", "/ui/figures/refusals.csv", send_refusals),
)
