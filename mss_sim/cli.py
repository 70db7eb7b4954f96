"""The command line: the commands and their names. What each does is in `commands`."""

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from mss_sim.commands import (
    agents,
    certificates,
    configured,
    database,
    documents,
    letters,
    many_people,
    people,
    readiness,
    reports,
    running,
    scenarios,
    world_time,
)
from mss_sim.commands.telling import fail, mendable

app = typer.Typer(name="mss-sim", help="A simulator of the MSSanté trust space.", no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(running.run)
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(configured.settings)
app.command()(readiness.health)
app.command()(people.seed)
app.command("import")(many_people.import_file)
app.command()(people.personas)
app.command()(people.patients)
app.command()(people.token)
app.command()(world_time.clock)
app.command()(reports.report)
app.command()(letters.send)
app.command()(documents.diagnose)
app.command()(documents.document)
app.command()(scenarios.play)
app.command()(scenarios.record)
app.command()(agents.mcp)

cert = typer.Typer(help="Certificates of a running simulator.", no_args_is_help=True)
cert.command()(certificates.issue)
cert.command()(certificates.revoke)
cert.command("list")(certificates.list_all)
cert.command()(certificates.export)
app.add_typer(cert, name="cert")

db = typer.Typer(help="The database.", no_args_is_help=True)
db.command()(database.upgrade)
app.add_typer(db, name="db")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"mss-sim {installed_version('mss-sim')}")


@app.callback(invoke_without_command=True)
def program(*, version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")] = False) -> None:
    """A simulator of the MSSanté trust space."""
    if version:
        typer.echo(f"mss-sim {installed_version('mss-sim')}")
        raise typer.Exit


def main() -> None:
    """Entry point: an error that a user can mend is one line; status 2 for what was typed wrong, 1 for what was tried and failed."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        told = mendable(error)
        if told is None:
            raise
        sys.exit(fail(*told).exit_code)
    sys.exit(code if isinstance(code, int) else 0)
