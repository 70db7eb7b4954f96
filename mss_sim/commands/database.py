"""`mss-sim db`: the database of a data folder, or at a URL."""

from typing import Annotated

import typer

from mss_sim.commands.options import DEFAULT_DATA, DataDir


def upgrade(
    data: DataDir = DEFAULT_DATA, url: Annotated[str | None, typer.Option(help="PostgreSQL URL, instead of --data.")] = None
) -> None:
    """Bring the database to the newest schema; the simulator does it too when it starts."""
    from mss_sim.app.data_folder import upgrade_database  # noqa: PLC0415 - --help answers at once

    typer.echo(f"schema {upgrade_database(data, url)}")
