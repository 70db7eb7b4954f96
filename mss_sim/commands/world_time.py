"""`mss-sim clock`: the time of a running simulator's world."""

from typing import Annotated

import typer

from mss_sim.app import moving
from mss_sim.commands.options import DEFAULT_HTTP, ControlKey, Http
from mss_sim.commands.telling import fail
from mss_sim.vocabulary.clock import ClockMode


def clock(
    *,
    advance: Annotated[str | None, typer.Option(help="Move it forward: a duration such as P7D, P1M, PT90S, or an instant.")] = None,
    mode: Annotated[ClockMode | None, typer.Option(help="How it runs from now on; paced with --rate.")] = None,
    rate: Annotated[float | None, typer.Option(help="Seconds of the world in one of the machine.")] = None,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Show the time of a running simulator's world, or move it: what was due meanwhile is done, and told one a line."""
    if (rate is not None) and mode is not ClockMode.PACED:
        raise fail("--rate belongs to --mode paced")
    for line in moving.lines(http, control_key, advance=advance, mode=mode, rate=rate):
        typer.echo(line)
