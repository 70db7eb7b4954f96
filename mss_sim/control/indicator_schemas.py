"""The shapes of indicators, as OpenAPI shows them."""

from datetime import date
from typing import Any

from pydantic import Field

from mss_sim.http.shapes import Out
from mss_sim.vocabulary.clock import LocalTime
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.indicators import LABEL, Indicator, Span
from mss_sim.vocabulary.mailboxes import MailboxKind

_NUMBERS: dict[str, Any] = {"examples": [{"letters_sent": 12, "sent_to_patients": 1}]}
_RULES: dict[str, Any] = {"examples": [{"unknown-mailbox": 1}]}


class MeaningOut(Out):
    """What an indicator says."""

    name: Indicator
    says: str = Field(examples=["Letters that were accepted from a mailbox, each once."])
    unit: str = Field(examples=["letters"])
    source: str = Field(examples=["quirks#indicators"])
    """A key of docs/references/index.toml, with its place; `quirks#indicators` says that it is ours."""
    summed: bool = Field(examples=[True])
    """Whether those of several periods, domains or kinds may be added up."""


class IndicatorTotalsOut(Out):
    """Sums over all rows, of what may be added up; of mailboxes those at the end."""

    numbers: dict[Indicator, int] = Field(json_schema_extra=_NUMBERS)
    refused_by_rule: dict[str, int] = Field(json_schema_extra=_RULES)
    """Refused letters by rule."""


class IndicatorRowOut(IndicatorTotalsOut):
    """The mailboxes of one domain and kind in one period; `domain` and `kind` are null for those that are there no longer."""

    period: str = Field(examples=["2026-01"])
    domain: str | None = Field(examples=["medecin.sim.mssante.fr"])
    kind: MailboxKind | None = Field(examples=["PER"])


class IndicatorsOut(Out):
    """Indicators of a stretch of time."""

    label: str = Field(examples=[LABEL])
    first: date = Field(examples=["2026-01-01"])
    last: date = Field(examples=["2026-01-31"])
    """It counts too."""
    by: Span
    local_time: LocalTime
    indicators: list[MeaningOut]
    periods: list[str] = Field(examples=[["2026-01"]])
    rows: list[IndicatorRowOut]
    totals: IndicatorTotalsOut


class RefusedOut(Out):
    """How often a rule refused something at a door."""

    door: Door
    rule: str = Field(examples=["unknown-mailbox"])
    """A rule of ours, or the code of an error of Pro Santé Connect."""
    times: int = Field(examples=[3])
