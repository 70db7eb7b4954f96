"""Seeds as folders: what `seed --write` writes, and what `seed FOLDER` brings in."""

import io
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import typer

from mss_sim.app.asking import ask_octets


def write(http: str, key: str | None, folder: Path, snapshot: str | None) -> None:
    """Write the world of a running simulator, or one of its snapshots, into a folder that is empty or not there; say what was written."""
    from mss_sim.core.control import seed_formats  # noqa: PLC0415 - --help answers at once

    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"the folder {folder} holds something already; name one that is empty, or does not exist yet")
    path = "/control/seeds/now/file" if snapshot is None else f"/control/snapshots/{quote(snapshot, safe='')}/file?form=seed"
    files = seed_formats.of_archive(io.BytesIO(ask_octets(http, key, path)), "seed.zip", sys.maxsize)
    seed_formats.write_folder(files, folder)
    typer.echo(f"wrote {folder / seed_formats.TOML}; letters: {len(files.letters)}")
    typer.echo("\n".join(line.removeprefix("# ") for line in files.text.splitlines()[:4] if line.startswith("#")))


def brought(http: str, key: str | None, name: str) -> str:
    """The name of a seed that is named so; where it is a folder, an archive or a TOML file, it is brought into the simulator first."""
    from mss_sim.core.control import named_seeds, seed_formats, uploaded_seeds  # noqa: PLC0415 - --help answers at once

    place = Path(name)
    if name in named_seeds.shipped() or not place.exists():
        return name
    called = uploaded_seeds.named_by(place)
    files = seed_formats.read(place, sys.maxsize)
    with tempfile.TemporaryDirectory() as folder:
        seed_formats.write_archive(files, Path(folder) / "seed.zip")
        with (Path(folder) / "seed.zip").open("rb") as octets:
            ask_octets(http, key, f"/control/seeds/{called}/file?replace=true", octets, "PUT")
    return called
