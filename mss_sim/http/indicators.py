"""Indicators, refusals and what clients cost: as JSON, and as tables for spreadsheets."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from mss_sim.core.control.indicators import Indicators
from mss_sim.core.world.tally import Tally
from mss_sim.evidence.clients import ClientCosts
from mss_sim.http import sessions, spreadsheet
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.indicators import INDICATORS, LABEL, Indicator

COLUMNS = ("period", "domain", "kind", *INDICATORS, "refused_by_rule", "label")
CLIENT_COLUMNS = (
    *("door", "client", "who", "first_at", "last_at", "sessions", "refusals", "mistakes", "connections", "commands", "letters_sent"),
    *("letters_read", "commands_per_letter", "octets_in", "octets_out", "polls", "retries", "duplicates", "rules"),
)
REFUSAL_COLUMNS = ("door", "rule", "times")


def as_json(found: Indicators) -> dict[str, Any]:
    """Indicators with what each means, and where it comes from."""
    return {
        "label": LABEL,
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "by": found.by,
        "local_time": found.place,
        "indicators": [
            {"name": name, "says": one.says, "unit": one.unit, "source": one.source, "summed": one.summed}
            for name, one in INDICATORS.items()
        ],
        "periods": found.periods,
        "rows": [
            {"period": row.period, "domain": row.domain, "kind": row.kind, "numbers": _plain(row.numbers), "refused_by_rule": row.refused}
            for row in found.rows
        ],
        "totals": {"numbers": _plain(found.totals), "refused_by_rule": found.refused},
    }


def _plain(numbers: Mapping[Indicator, int]) -> dict[str, int]:
    return {name.value: number for name, number in numbers.items()}


def table(found: Indicators) -> bytes:
    """The rows, with the label in each: a table is cut and passed on without its head."""
    lines = [spreadsheet.line(COLUMNS)]
    for row in found.rows:
        numbers = (row.numbers[name] for name in INDICATORS)
        lines.append(spreadsheet.line((row.period, row.domain, row.kind, *numbers, _rules(row.refused), LABEL)))
    return b"".join(lines)


def _rules(refused: Mapping[str, int]) -> str:
    return " ".join(f"{rule}={times}" for rule, times in sorted(refused.items()))


def refusals(tally: Tally) -> list[dict[str, Any]]:
    """What every door refused since the process began, by rule or by the code of Pro Santé Connect, the most frequent first."""
    found = [{"door": door.value, "rule": rule.value, "times": times} for (door, rule), times in tally.refusals_here.items()]
    found += [{"door": Door.PSC.value, "rule": code, "times": times} for code, times in tally.oauth_errors.items()]
    return sorted(found, key=lambda one: (-one["times"], one["rule"], one["door"]))


def refusal_table(tally: Tally) -> bytes:
    """The same as a table."""
    return b"".join(spreadsheet.line(values) for values in (REFUSAL_COLUMNS, *(one.values() for one in refusals(tally))))


def client_table(clients: Iterable[ClientCosts]) -> bytes:
    """What each client cost, as a table."""
    lines = [spreadsheet.line(CLIENT_COLUMNS)]
    for told in map(sessions.client, clients):
        flat = {**told, **told["costs"], "rules": _rules(told["rules"])}
        lines.append(spreadsheet.line(None if flat[name] is None else str(flat[name]) for name in CLIENT_COLUMNS))
    return b"".join(lines)


def file(octets: bytes, name: str) -> Response:
    """A table as a file of that name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(octets, media_type=spreadsheet.MEDIA_TYPE, headers=headers)
