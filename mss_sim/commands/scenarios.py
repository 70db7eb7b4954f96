"""`mss-sim play`, `mss-sim record`: scenarios played in a running simulator or a world of their own; what was done, written down."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from mss_sim import log
from mss_sim.app.asking import ask, ask_octets
from mss_sim.commands import running
from mss_sim.commands.options import DEFAULT_HTTP, AsJson, ControlKey, Http
from mss_sim.commands.telling import fail, show_json, show_table, table
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.scenarios import PlayState, StepState

_PATH = "/control/scenarios"
_PORTS = ("submission_port", "mx_port", "imap_port", "http_port")
_MARKS = {StepState.PASSED: "ok", StepState.FAILED: "FAILED"}


def play(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of a story that ships; none: which there are.")] = "",
    *,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter before each step.")] = False,
    memory: Annotated[bool, typer.Option("--memory", help="Play in a new world that vanishes afterwards.")] = False,
    language: Annotated[Language, typer.Option(help="Language in which the steps are told.")] = Language.EN,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
    as_json: AsJson = False,
) -> None:
    """Play a scenario step by step, and tell what came of each; status 1 when a step fails."""
    if not scenario:
        _list_stories(language)
        return
    asked = _asked(scenario)
    if memory:
        log.configure("error")
        played = asyncio.run(_in_memory(asked, step=step, language=language, quiet=as_json))
    else:
        played = _played(http, control_key, asked, step=step, language=language, quiet=as_json)
    if as_json:
        show_json(played)
    if played["state"] != PlayState.PASSED:
        raise typer.Exit(1)


def record(
    file: Annotated[Path, typer.Argument(help="Where the scenario is written; must not be there yet.")],
    *,
    after: Annotated[str | None, typer.Option(help="Cursor of a wait: what was done since, without waiting for Enter.")] = None,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Write down what is done in a running simulator, by whatever program, until Enter is pressed: a scenario that can be played again."""
    if file.exists():
        raise fail(f"{file} is there already; name another file")
    if after is None:
        after = str(ask(http, control_key, "/control/wait", {"kind": "settled", "timeout": 0})["cursor"])
        _wait_for_enter("recording; press Enter when it is done")
    octets = ask_octets(http, control_key, f"{_PATH}/recording?after={after}")
    file.write_bytes(octets)
    typer.echo(f"wrote {file}")


def _list_stories(language: Language) -> None:
    from mss_sim.scenarios import shelf  # noqa: PLC0415 - --help answers at once
    from mss_sim.scenarios.reading import read_scenario  # noqa: PLC0415

    shown = table("story", "level", "steps", "title", title="Stories that ship")
    for name in shelf.names():
        octets = shelf.octets(name)
        one = read_scenario(octets, size_bytes_max=len(octets), steps_max=len(octets))
        shown.add_row(name, one.level or "", str(len(one.steps)), getattr(one.title, language))
    show_table(shown)


def _asked(scenario: str) -> dict[str, Any]:
    """The request that a file or the name of a story stands for."""
    from mss_sim.scenarios import shelf  # noqa: PLC0415 - --help answers at once

    if scenario in shelf.names():
        return {"story": scenario}
    path = Path(scenario)
    if not path.is_file():
        raise fail(f"there is no file {scenario}, and no story of that name; the stories are {', '.join(shelf.names())}")
    try:
        return {"file": path.read_text(encoding="utf-8-sig")}
    except UnicodeDecodeError as error:
        raise fail(f"{scenario} is not in UTF-8") from error


def _played(http: str, key: str | None, asked: dict[str, Any], *, step: bool, language: Language, quiet: bool) -> dict[str, Any]:
    """The play at its end; each step is told once it is played."""
    found: dict[str, Any] = ask(http, key, _PATH, asked, seconds=None)
    path = f"{_PATH}/{found['id']}"
    if not quiet:
        typer.echo(found["title"][language])
    try:
        while found["state"] == PlayState.READY:
            one = found["steps"][found["steps_played"]]
            if step:
                _wait_for_enter(f"{one['number']:>3}  {one['tells'][language]}")
            found = ask(http, key, f"{path}/next", method="POST", seconds=None)
            if not quiet:
                one = found["steps"][one["number"] - 1]
                typer.echo(f"{one['number']:>3}  {_MARKS[one['state']]:<6}  {one['type']:<11}  {one['tells'][language]}")
    finally:
        ask_octets(http, key, path, method="DELETE")
    if not quiet:
        typer.echo(found["failure"] or f"passed, {found['steps_count']} steps")
    return found


async def _in_memory(asked: dict[str, Any], *, step: bool, language: Language, quiet: bool) -> dict[str, Any]:
    """The same in a world that begins with the seed of the scenario, and ends with it."""
    from mss_sim.scenarios import shelf  # noqa: PLC0415 - --help answers at once
    from mss_sim.scenarios.reading import read_scenario  # noqa: PLC0415
    from mss_sim.worlds import Worlds  # noqa: PLC0415

    settings = running.made(dict.fromkeys(_PORTS, 0), memory=True)
    octets = shelf.octets(asked["story"]) if "story" in asked else asked["file"].encode()
    most = settings.scenarios
    seed = read_scenario(octets, size_bytes_max=most.file_size_bytes_max, steps_max=most.steps_max).seed
    async with Worlds(settings, seed=running.seed_called(seed, settings)) as worlds:
        http, key = str(worlds.first.ready()["http"]), settings.control_key
        return await asyncio.to_thread(_played, http, key, asked, step=step, language=language, quiet=quiet)


def _wait_for_enter(text: str) -> None:
    typer.echo(f"{text} …", nl=False, err=True)
    try:
        input()
    except EOFError as error:
        raise typer.Abort from error
