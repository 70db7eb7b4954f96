"""Many people: `mss-sim import`, and what `seed --generate` has made."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mss_sim.app.asking import NotTaken, ask, ask_octets
from mss_sim.commands.options import DEFAULT_HTTP, AsJson, ControlKey, Http
from mss_sim.commands.progress import tell, watched
from mss_sim.commands.telling import show_json

_NUMBERS = ("practitioners", "organisations", "patients", "letters", "operators")
_PRESETS = ("national",)


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="One JSON object a line, or CSV under a line of names.")],
    *,
    partial: Annotated[bool, typer.Option("--partial", help="Import the rows that are right, though others are not.")] = False,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
    as_json: AsJson = False,
) -> None:
    """Read people and mailboxes out of a file into a running simulator: all of them, or none where a row is wrong."""
    path = f"/control/import?partial={'true' if partial else 'false'}"
    try:
        done = watched(http, control_key, lambda: json.loads(_sent(http, control_key, path, file)))
    except NotTaken as error:
        for line in error.rows:
            tell(line)
        raise
    if as_json:
        show_json(done)
        return
    added = f"added {done['identities']} identities, {done['mailboxes']} mailboxes"
    typer.echo(f"{done['rows']} rows: {added}; {done['refused']} refused")
    for one in done["errors"]:
        typer.echo(f"{one['where']}: {one['what']}")


def _sent(http: str, key: str | None, path: str, file: Path) -> bytes:
    with file.open("rb") as octets:
        return ask_octets(http, key, path, octets, seconds=None)


def generate(http: str, key: str | None, text: str, seed: int, *, as_json: bool) -> None:
    """Have a network made; show what was made, and how some of its people log in."""
    body = wanted(text, seed)
    made = watched(http, key, lambda: ask(http, key, "/control/generate", body, seconds=None))
    if as_json:
        show_json(made)
        return
    names = ("operators", "identities", "mailboxes", "letters")
    typer.echo(f"added {', '.join(f'{made[name]} {name}' for name in names)}; {made['present']} people were there already")
    for one in made["samples"]:
        typer.echo(f"{one['kind']}  {one['login']}  {one['password']}  {' '.join(box['address'] for box in one['mailboxes'])}")


def wanted(text: str, seed: int) -> dict[str, Any]:
    """The request that `practitioners=20,patients=5` or the name of a preset stands for; ValueError for what is neither."""
    if text in _PRESETS:
        return {"preset": text, "seed": seed}
    found: dict[str, Any] = {"seed": seed}
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        preset = name in _PRESETS and not equals
        if not preset and (name not in _NUMBERS or not number.isascii() or not number.isdecimal()):
            raise ValueError(
                f"--generate takes {', '.join(f'{one}=N' for one in _NUMBERS)} or {' or '.join(_PRESETS)}, not {part.strip()!r}"
            )
        if name in found or (preset and "preset" in found):
            raise ValueError(f"--generate names {name} twice")
        found |= {"preset": name} if preset else {name: int(number)}
    return found
