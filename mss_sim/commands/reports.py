"""`mss-sim report`: indicators of a running simulator's world, for people, or as a table for spreadsheets or JSON for programs."""

from typing import Annotated
from urllib.parse import urlencode

import typer

from mss_sim.app.asking import ask, ask_octets
from mss_sim.commands.options import DEFAULT_HTTP, AsJson, ControlKey, Http
from mss_sim.commands.telling import fail, show_json, show_table, table
from mss_sim.vocabulary.indicators import Indicator, Span
from mss_sim.vocabulary.mailboxes import MailboxKind

_PATH = "/control/indicators"
_SHOWN = {
    Indicator.MAILBOXES: "mailboxes",
    Indicator.LETTERS_SENT: "sent",
    Indicator.SENT_BY_DELEGATES: "by delegates",
    Indicator.SENT_TO_PATIENTS: "to patients",
    Indicator.SENT_WITH_DOCUMENTS: "documents",
    Indicator.LETTERS_RECEIVED: "received",
    Indicator.RECEIVED_FROM_PATIENTS: "from patients",
    Indicator.REPORTS_RECEIVED: "reports",
    Indicator.LETTERS_REFUSED: "refused",
}
"""What fits into a terminal; --csv and --json have all."""


def report(
    *,
    from_: Annotated[str | None, typer.Option("--from", help="First day, as 2026-01-05; none: 12 months, or 30 days.")] = None,
    to: Annotated[str | None, typer.Option(help="Last day, which counts too; none: today, by the world's clock.")] = None,
    group: Annotated[Span, typer.Option(help="How long each period is.")] = Span.MONTH,
    domain: Annotated[str | None, typer.Option(help="Mailboxes of this domain alone.")] = None,
    kind: Annotated[MailboxKind | None, typer.Option(help="Mailboxes of this kind alone.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all indicators as a table for spreadsheets.")] = False,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
    as_json: AsJson = False,
) -> None:
    """Count letters, documents, receipts and refusals by month or day, domain and kind of mailbox: ours, no national format."""
    if as_csv and as_json:
        raise fail("give --csv or --json")
    given = {"from": from_, "to": to, "group": group, "domain": domain, "kind": kind}
    asked = urlencode({name: value for name, value in given.items() if value is not None})
    if as_csv:
        typer.echo(ask_octets(http, control_key, f"{_PATH}.csv?{asked}"), nl=False)
        return
    found = ask(http, control_key, f"{_PATH}?{asked}")
    if as_json:
        show_json(found)
        return
    shown = table("period", "domain", "kind", *_SHOWN.values(), title=f"{found['first']} to {found['last']}: {found['label']}")
    for row in found["rows"]:
        numbers = (str(row["numbers"][name]) for name in _SHOWN)
        shown.add_row(row["period"], row["domain"] or "(removed)", row["kind"] or "", *numbers)
    show_table(shown)
