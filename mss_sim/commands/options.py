"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA = Path("data")
DEFAULT_HTTP = ""
"""Asked by `app.asking` once it is needed."""

DataDir = Annotated[Path, typer.Option("--data", help="Folder of the database, keys and certificates.")]
Http = Annotated[
    str,
    typer.Option("--http", show_default=False, help="URL of a running simulator; default: of its ready file, else http://127.0.0.1:8080."),
]
ControlKey = Annotated[
    str | None,
    typer.Option("--control-key", envvar="MSS_SIM_CONTROL_KEY", help="Key of its control plane; default: of its ready file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]


def variable(name: str) -> str:
    """The environment variable of an option; `config.settings` says the same, and takes long to load."""
    return f"MSS_SIM_{name.upper()}"
