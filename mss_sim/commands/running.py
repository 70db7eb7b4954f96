"""`mss-sim run`: one simulator until Ctrl-C."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mss_sim import log
from mss_sim.commands.options import DEFAULT_DATA, variable
from mss_sim.commands.telling import fail
from mss_sim.vocabulary.language import Language

if TYPE_CHECKING:
    from mss_sim.config.settings import Settings

SETTINGS = {
    "data": "data_dir",
    "host": "host",
    "submission_port": "submission_port",
    "mx_port": "mx_port",
    "imap_port": "imap_port",
    "http_port": "http_port",
    "dns_port": "dns_port",
    "ldap_port": "ldap_port",
    "https_port": "https_port",
    "traps": "traps_open",
    "language": "language",
}
"""Options of `run` that are settings of a world, by the name of the option; the others are in `config.variables.OF_RUN`."""


def run(
    *,
    seed: Annotated[
        str, typer.Option(envvar=variable("seed"), help="Seed world to plant first, by name, or a folder with a seed.toml; 'none': empty.")
    ] = "cabinet",
    data: Annotated[Path | None, typer.Option(help="Folder of the database, keys and certificates; default ./data.")] = None,
    memory: Annotated[bool, typer.Option("--memory", envvar=variable("memory"), help="Keep nothing: all vanishes at exit.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    submission_port: Annotated[int | None, typer.Option(help="SMTP submission; default 1587, 0 = any.")] = None,
    mx_port: Annotated[int | None, typer.Option(help="SMTP between operators; default 1025, 0 = any.")] = None,
    imap_port: Annotated[int | None, typer.Option(help="IMAP; default 1143, 0 = any.")] = None,
    http_port: Annotated[int | None, typer.Option(help="REST, control plane, docs; default 8080, 0 = any.")] = None,
    dns_port: Annotated[int | None, typer.Option(help="DNS of the simulated domains, UDP and TCP; default off, 0 = any.")] = None,
    ldap_port: Annotated[int | None, typer.Option(help="LDAP, certificates and revocation lists; default off, 0 = any.")] = None,
    https_port: Annotated[int | None, typer.Option(help="The same in TLS; off by default, 0 = any.")] = None,
    traps: Annotated[bool, typer.Option("--traps", help="Open the trap listeners; their ports are in the ready file.")] = False,
    language: Annotated[Language | None, typer.Option(help="Language of refusals, notifications and the journal; default en.")] = None,
    ready_file: Annotated[Path | None, typer.Option(envvar=variable("ready_file"), help="A ready file besides DATA/ready.json.")] = None,
    log_level: Annotated[str, typer.Option(envvar=variable("log_level"), help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the simulator until Ctrl-C. What no option says, MSS_SIM_<NAME> of the environment may: see `mss-sim settings`."""
    if memory and data:
        raise fail("--data and --memory exclude each other")
    gc.disable()  # what a start makes is there to stay: looking through it again and again took a fifth of the start
    log.configure(log_level)
    ports = {"submission_port": submission_port, "mx_port": mx_port, "imap_port": imap_port, "http_port": http_port}
    ports |= {"https_port": https_port, "dns_port": dns_port, "ldap_port": ldap_port}
    options = {"data": data, "host": host, "language": language, **ports, "traps": traps}
    place = _place(seed)
    settings = made(options, memory=memory, asked=_settings_of(place) if place else {})
    _run_loop(_run(settings, place or seed_called(seed, settings), ready_file, greet=log_level.lower() in ("debug", "info")))


def made(options: Mapping[str, Any], *, memory: bool, asked: Mapping[str, Any] | None = None) -> "Settings":
    """The settings out of options of `run` and the environment; `asked` where neither says anything.

    What is wrong is told by the name that the user gave it, without its value.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - --help answers at once
    from pydantic_settings import SettingsError  # noqa: PLC0415

    from mss_sim.config.settings import Settings  # noqa: PLC0415
    from mss_sim.config.variables import misspelt, outdated  # noqa: PLC0415

    unknown = misspelt(os.environ, SETTINGS)
    wrong = [f"Unknown setting {name}. {f'Did you mean {near}?' if near else 'See mss-sim settings.'}" for name, near in unknown]
    if wrong:
        raise fail(" ".join(wrong))
    for old, new in outdated(os.environ):
        typer.echo(f"{old} is called {new} now; it was understood.", err=True)
    beneath = {name: value for name, value in (asked or {}).items() if variable(name) not in os.environ}
    given = {**beneath, **_given(options, memory=memory)}
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = [("_".join(map(str, fault["loc"][:2])), fault["msg"]) for fault in error.errors(include_url=False, include_input=False)]
        named = [(f"--{name.replace('_', '-')}" if name in given else variable(name), what) for name, what in faults]
        raise fail("; ".join(f"{name}: {what[:1].lower()}{what[1:]}" for name, what in named)) from error
    except SettingsError as error:
        raise fail(str(error)) from error


def _given(options: Mapping[str, Any], *, memory: bool) -> dict[str, Any]:
    """What options say, by the names of settings; a flag that is not there says nothing, for the environment may."""
    given = {SETTINGS[name]: value for name, value in options.items() if value is not None and value is not False}
    if memory:
        given["data_dir"] = None
    elif variable("data_dir") not in os.environ:
        given.setdefault("data_dir", DEFAULT_DATA)
    return given


def _place(seed: str) -> Path | None:
    """Where a seed of one's own lies that is named by its folder, archive or TOML file; None for the name of one."""
    from mss_sim.core.control import named_seeds as seeds  # noqa: PLC0415 - --help answers at once

    place = Path(seed)
    return None if seed == seeds.NONE or seed in seeds.shipped() or not place.exists() else place


def _settings_of(place: Path) -> Mapping[str, Any]:
    """The settings that such a seed asks for; Refusal where it is none."""
    from mss_sim.core.control import seed_fields, seed_formats  # noqa: PLC0415 - --help answers at once

    files = seed_formats.read(place, sys.maxsize)
    seed_fields.check(files.text, files.told)
    found: Mapping[str, Any] = files.told.get("settings", {})
    return found


def seed_called(seed: str, settings: "Settings") -> str | None:
    """The seed of that name: one that ships, or is kept in the data folder; None for an empty world. Exits when there is none."""
    from mss_sim.core.control import named_seeds as seeds  # noqa: PLC0415 - --help answers at once

    if seed == seeds.NONE or seed in seeds.shipped():
        return None if seed == seeds.NONE else seed
    if settings.data_dir is not None and (Path(settings.data_dir) / "seeds" / f"{seed}.zip").is_file():
        return seed
    known = ", ".join(seeds.shipped())
    raise fail(f"there is no seed {seed}; the seeds are {known}, or name the folder of one of your own, which holds seed.toml")


_SWITCH_SECONDS = 0.00005
"""After how much waiting a thread demands the interpreter from another. A busy loop lets it go for an instant in each of its rounds, which
are shorter than the usual 5 ms: too short to take it, long enough to begin the wait anew, so that a commit could wait for a second.
"""


def _run_loop(work: Any) -> None:
    """Run a coroutine on the fast event loop where there is one; threads that commit and read have their turn beside it."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        import uvloop  # noqa: PLC0415 - Windows has none
    except ImportError:
        asyncio.run(work)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)


async def _run(settings: "Settings", seed: str | Path | None, ready_file: Path | None, *, greet: bool) -> None:
    from mss_sim.app import greeting  # noqa: PLC0415 - --help answers at once
    from mss_sim.vocabulary.doors import Profile  # noqa: PLC0415
    from mss_sim.worlds import Worlds  # noqa: PLC0415

    over = asyncio.Event()
    end_on_signals(over.set)
    async with Worlds(settings, seed=seed, ready_file=ready_file) as worlds:
        ready = worlds.first.ready()
        greeting.log_ready(ready)
        if greet:
            passwords, drawn = settings.profile is not Profile.STRICT, settings.control_key is None
            typer.echo("\n".join(greeting.lines(ready, passwords=passwords, drawn=drawn)))
        greeting.warn_of_library()
        _spare_the_collector()
        await over.wait()


def end_on_signals(end: Callable[[], object]) -> None:
    """Call `end` on the loop at Ctrl-C, and when the process is told to end."""
    loop = asyncio.get_running_loop()
    for number in {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGBREAK", signal.SIGTERM)}:
        try:
            loop.add_signal_handler(number, end)
        except RuntimeError:  # the loops of Windows implement none; they wake up for a handler of the process
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))


def _spare_the_collector() -> None:
    """What was imported lives as long as the process: the collector, off until now, need not look at it with every thousand messages."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()
