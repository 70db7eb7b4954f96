"""`mss-sim cert`: certificates of a running simulator."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from mss_sim.app.asking import ask, ask_octets
from mss_sim.commands.options import DEFAULT_HTTP, ControlKey, Http
from mss_sim.commands.telling import fail

_FORMS = ("pem", "key", "der", "p12", "p7b")


def issue(
    mailbox: Annotated[str | None, typer.Option(help="Address of an APP mailbox.")] = None,
    operator: Annotated[str | None, typer.Option(help="Name of an operator.")] = None,
    host: Annotated[str | None, typer.Option(help="Name of a host.")] = None,
    days: Annotated[int | None, typer.Option(help="Life in days.")] = None,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Issue a certificate, and print its serial; `export` gives its files."""
    wanted = {"mailbox": mailbox, "operator": operator, "host": host, "days": days}
    body = {name: value for name, value in wanted.items() if value is not None}
    typer.echo(ask(http, control_key, "/control/certificates", body)["serial"])


def revoke(
    serial: Annotated[str, typer.Argument(help="Serial in hexadecimal.")],
    reason: Annotated[str, typer.Option(help="Reason of RFC 5280, such as keyCompromise.")] = "unspecified",
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Take a certificate back: CRL and OCSP say so at once."""
    row = ask(http, control_key, f"/control/certificates/{quote(serial, safe='')}/revoke", {"reason": reason})
    typer.echo(f"revoked {row['serial']} at {row['revoked_at']}")


def list_all(http: Http = DEFAULT_HTTP, control_key: ControlKey = None) -> None:
    """Show the certificates, one a line."""
    for row in ask(http, control_key, "/control/certificates"):
        bound = row["mailbox"] or row["operator"] or row["host"] or "-"
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else f"until {row['not_after']}"
        typer.echo(f"{row['serial']}  {row['profile']}  {bound}  {state}  {row['subject']}")


def export(
    serial: Annotated[str, typer.Argument(help="Serial in hexadecimal.")],
    to: Annotated[Path, typer.Argument(help="File to write; its suffix says what: .pem, .key, .der, .p12 or .p7b.")],
    password: Annotated[str, typer.Option(help="Password of a .p12.")] = "mss-sim",  # noqa: S107 - told in the documentation
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Write a certificate, its key or both to a file."""
    form = to.suffix.removeprefix(".")
    if form not in _FORMS:
        raise fail(f"{to.name} must end in .pem, .key, .der, .p12 or .p7b")
    query = f"?password={quote(password, safe='')}" if form == "p12" else ""
    octets = ask_octets(http, control_key, f"/control/certificates/{quote(serial, safe='')}/{form}{query}")
    to.touch(mode=0o600)
    if form in ("key", "p12"):
        to.chmod(0o600)  # it may have been there before
    to.write_bytes(octets)
    typer.echo(f"wrote {to}")
