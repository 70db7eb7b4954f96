"""People: `mss-sim seed`, `personas`, `patients`, `token`."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from mss_sim.app.asking import ask
from mss_sim.commands import many_people, written_seeds
from mss_sim.commands.options import DEFAULT_HTTP, AsJson, ControlKey, Http
from mss_sim.commands.telling import fail, show_json, show_table, table

_ALL_RIGHTS = 9
_Seed = Annotated[str, typer.Argument(help="Name of the seed.")]


def seed(
    name: Annotated[str | None, typer.Argument(help="Name of the seed, or the folder of one of your own; default cabinet.")] = None,
    *,
    write: Annotated[Path | None, typer.Option(help="Write the world as a seed into this folder instead: seed.toml, and letters.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="With --write: a snapshot instead of the world as it is.")] = None,
    generate: Annotated[
        str | None,
        typer.Option(help="Fictional people instead: practitioners=N,organisations=N,patients=N,letters=N,operators=N, or national."),
    ] = None,
    number: Annotated[int, typer.Option(min=0, max=29, help="With --generate: the same number gives the same people.")] = 0,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
    as_json: AsJson = False,
) -> None:
    """Plant a seed into a running simulator and show its personas, write its world as one, or have fictional people made there."""
    if snapshot is not None and write is None:
        raise fail("--snapshot goes with --write")
    if write is not None:
        if name is not None or generate is not None:
            raise fail("--write writes the world that is there: name no seed, and no --generate")
        written_seeds.write(http, control_key, write, snapshot)
        return
    if generate is not None:
        if name is not None:
            raise fail("name a seed world, or --generate people")
        many_people.generate(http, control_key, generate, number, as_json=as_json)
        return
    name = written_seeds.brought(http, control_key, name) if name is not None else "cabinet"
    _show(ask(http, control_key, "/control/seed", {"name": name}), name, as_json=as_json)


def personas(name: _Seed = "cabinet", *, http: Http = DEFAULT_HTTP, control_key: ControlKey = None, as_json: AsJson = False) -> None:
    """Show who of a seed can log in to a running simulator, and what they may do now."""
    _show(ask(http, control_key, f"/control/personas?name={quote(name, safe='')}"), name, as_json=as_json)


def patients(
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same number gives the same people.")] = 0,
) -> None:
    """Print fictional patients as JSON, without a simulator; POST /control/patients adds the same ones to a running one."""
    from mss_sim.core.control import fictional_patients  # noqa: PLC0415 - --help answers at once

    show_json([one.as_json() for one in fictional_patients.patients(count, seed)])


def token(
    who: Annotated[str, typer.Argument(help="Role, login or idNat of the persona.")],
    lifetime: Annotated[int | None, typer.Option(min=1, help="Seconds.")] = None,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Mint an access token for a persona of a running simulator, and print it."""
    body = {"who": who, **({"lifetime_seconds": lifetime} if lifetime else {})}
    typer.echo(ask(http, control_key, "/control/tokens", body)["access_token"])


def _show(personas: list[dict[str, Any]], name: str, *, as_json: bool) -> None:
    if as_json:
        show_json(personas)
        return
    shown = table("role", "login", "idNat", "password", "mailbox", "kind", "rights", title=f"Seed {name}")
    for row in personas:
        boxes = row["mailboxes"] or [{"address": "-", "kind": "", "rights": []}]
        for number, box in enumerate(boxes):
            who = (row["role"], row["login"], row["idnat"], row["password"]) if number == 0 else ("", "", "", "")
            rights = "all" if len(box["rights"]) == _ALL_RIGHTS else " ".join(box["rights"])
            shown.add_row(*who, box["address"], box["kind"], rights)
    show_table(shown)
