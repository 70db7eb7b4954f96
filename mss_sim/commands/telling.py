"""What a command prints: tables and JSON on standard output, what is wrong on standard error, in one line."""

import json
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import typer

from mss_sim.errors import Refusal

if TYPE_CHECKING:
    from rich.table import Table


def fail(text: str, status: int = 2) -> typer.Exit:
    """Say what is wrong; the exception to raise."""
    typer.echo(f"mss-sim: {' '.join(text.split())}", err=True)
    return typer.Exit(status)


def mendable(error: Exception) -> tuple[str, int] | None:
    """The line and the exit status of an error that a user can mend; None for a defect of the program."""
    if hasattr(error, "format_message"):  # typer's usage errors have no public common class
        return f"{_usage(error)} Try --help.", 2
    if isinstance(error, OSError):
        return (f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)), 1
    if isinstance(error, Refusal):
        return error.detail, 1
    return (str(error), 2) if isinstance(error, ValueError) else None


def _usage(error: Any) -> str:
    """What was typed wrong, as a sentence; of an option that does not exist the nearest that does."""
    if getattr(error, "possibilities", None):
        (near,) = get_close_matches(error.option_name, error.possibilities, 1, 0)
        return f"No such option: {error.option_name}. Did you mean {near}?"
    text = " ".join(error.format_message().split()) or "a command is missing"
    return text.rstrip(".") if text.rstrip(".").endswith("?") else f"{text.rstrip('.')}."


def show_json(value: Any) -> None:
    """JSON for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def table(*columns: str, title: str) -> "Table":
    """An empty table."""
    from rich.table import Table  # noqa: PLC0415 - few commands print one

    return Table(*columns, title=title)


def show_table(made: "Table") -> None:
    """As wide as the terminal, and wide enough where there is none."""
    from rich.console import Console  # noqa: PLC0415 - few commands print one

    Console(width=None if sys.stdout.isatty() else 200).print(made)
