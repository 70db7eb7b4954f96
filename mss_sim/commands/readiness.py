"""`mss-sim health`: whether a running simulator is ready, for containers and scripts that have no curl."""

import typer

from mss_sim.app.asking import ask_octets
from mss_sim.commands.options import DEFAULT_HTTP, Http

_PATH = "/readyz"
_SECONDS = 30  # the first question has the HTTP doors loaded; a caller that waits less, as engines do, ends the command


def health(http: Http = DEFAULT_HTTP) -> None:
    """Ask a running simulator whether it is ready; status 1 where it is not."""
    ask_octets(http, None, _PATH, seconds=_SECONDS)
    typer.echo("ready")
