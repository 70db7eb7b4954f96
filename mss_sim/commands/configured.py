"""`mss-sim settings`: every setting with its value, and where the value comes from."""

import os
from typing import TYPE_CHECKING, Any

import typer

from mss_sim.commands import running
from mss_sim.commands.options import DEFAULT_DATA, AsJson
from mss_sim.commands.telling import fail, show_json

if TYPE_CHECKING:
    from mss_sim.config.variables import Listed


def settings(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show every setting: name, variable, value, where the value comes from, default, and what it is.

    Options of `run` may follow, and are taken as `run` takes them: mss-sim settings --http-port 0
    """
    from mss_sim.config.variables import listed  # noqa: PLC0415 - --help answers at once

    options, typed = _options_of_run(context)
    if options["memory"] and options["data"]:
        raise fail("--data and --memory exclude each other")
    in_force = running.made({name: options[name] for name in running.SETTINGS}, memory=options["memory"])
    defaults = {"data_dir": None if options["memory"] else DEFAULT_DATA}
    of_run = {name: value for name, value in options.items() if name not in running.SETTINGS}
    rows = list(listed(in_force, os.environ, of_run=of_run, defaults=defaults, typed=typed))
    if as_json:
        show_json([row._asdict() for row in rows])
        return
    for row in rows:
        typer.echo("\n".join(_lines(row)))


def _lines(row: "Listed") -> list[str]:
    from mss_sim.config.variables import text_of  # noqa: PLC0415 - --help answers at once

    given = f"{row.source} {row.given_by}" if row.given_by not in (None, row.variable) else row.source
    values = [f"    default {text_of(row.default)}", f"    in force {text_of(row.value)} ({given})"]
    return [row.name, f"    {row.variable}", *values, *([f"    unit {row.unit}"] if row.unit else []), f"    {row.description}"]


def _options_of_run(context: typer.Context) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of the options of `run` among the arguments, and the flags that were typed, by the name of the setting."""
    group: Any = context.parent.command if context.parent else None
    command = group.get_command(context.parent, "run")
    asked = command.make_context("run", list(context.args), parent=context.parent)
    flags = {one.name: one.opts[0] for one in command.params}
    typed = [name for name in asked.params if asked.get_parameter_source(name).name == "COMMANDLINE"]
    return asked.params, {running.SETTINGS.get(name, name): flags[name] for name in typed}
