"""A snapshot as one file: a zip archive, nothing of it compressed, that holds a world and says what it is.

    manifest.json       what it is: `Manifest`
    mss-sim.db          the SQLite database
    memory.json         what is kept beside it: faults, the form of the white list, how AIA, CRL and OCSP answer
    evidence.json       what was said on connections, where that was asked for
    certificates/…      the authorities with their keys, and what listeners show
    keys/…              what tokens are signed with, secrets of clients

A file that comes from outside holds these names and no other, or it is refused before anything of it is written.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

SUFFIX = ".mss-sim"
DATABASE = "mss-sim.db"
_FORMAT = "mss-sim snapshot"
_VERSION = 1
_MANIFEST, _MEMORY, _EVIDENCE = "manifest.json", "memory.json", "evidence.json"
_TOLD = (_MANIFEST, _MEMORY, _EVIDENCE)
KEYS = "keys"
_PARTS = ("certificates", KEYS)
_KEPT = re.compile(r"(certificates/((authorities|clients)/)?|keys/(retired/)?)[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}")
_TEXT_BYTES_MAX = 1_000_000
_EVIDENCE_BYTES_MAX = 256_000_000
_IN_MEMORY = "evidence"


class NoSnapshot(ValueError):
    """A file is no snapshot, or one that this program cannot read; the text says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot is. `made_at` is the machine's instant and `world_at` that of the world, both ISO 8601.

    `root` is the SHA-256 of the certificate that clients of the world trust; `settings` are those that were not the defaults.
    """

    name: str
    note: str
    made_at: str
    world_at: str
    program: str
    schema: str
    seed: str | None
    root: str
    settings: dict[str, Any]
    counts: dict[str, int]


def write(file: Path, manifest: Manifest, memory: Mapping[str, Any], database: Path, folder: Path) -> None:
    """Pack a world whose data folder is `folder` and whose database was copied to `database`. Blocking.

    Of what is kept in memory, `evidence` is a part of its own, where it is there.
    """
    beside = {name: value for name, value in memory.items() if name != _IN_MEMORY}
    told = {"format": _FORMAT, "version": _VERSION, **asdict(manifest)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_MANIFEST, json.dumps(told, ensure_ascii=False, indent=2))
        archive.writestr(_MEMORY, json.dumps(beside, ensure_ascii=False))
        if _IN_MEMORY in memory:
            archive.writestr(_EVIDENCE, json.dumps({_IN_MEMORY: memory[_IN_MEMORY]}, ensure_ascii=False))
        for path in sorted(one for part in _PARTS for one in (folder / part).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and _KEPT.fullmatch(name):
                archive.write(path, name)
        archive.write(database, DATABASE)
    file.chmod(0o600)


def read_manifest(file: Path) -> Manifest:
    """What a snapshot is; `NoSnapshot` when it is none. Blocking."""
    with _opened(file) as archive:
        return _manifest(archive)


def unpack(file: Path, folder: Path) -> tuple[Manifest, dict[str, Any]]:
    """Write the world of a snapshot into a folder; what it is, and its memory. `NoSnapshot` when it is none. Blocking."""
    with _opened(file) as archive:
        manifest, memory = _manifest(archive), _memory(archive)
        for name in archive.namelist():
            if name in _TOLD:
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            _extract(archive, name, path)
    return manifest, memory


def unpack_database(file: Path, to: Path) -> tuple[Manifest, dict[str, Any]]:
    """Write the database of a snapshot alone; what it is, and its memory. `NoSnapshot` when it is none. Blocking."""
    with _opened(file) as archive:
        manifest, memory = _manifest(archive), _memory(archive)
        _extract(archive, DATABASE, to)
    return manifest, memory


def _extract(archive: zipfile.ZipFile, name: str, to: Path) -> None:
    try:
        with archive.open(name) as source, to.open("wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
    except (zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise NoSnapshot(f"its {name} is damaged") from error


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
        raise NoSnapshot("it is no archive") from error
    try:
        _check(archive)
    except NoSnapshot:
        archive.close()
        raise
    return archive


def _check(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    if len(names) != len(set(names)) or not {_MANIFEST, _MEMORY, DATABASE} <= set(names):
        raise NoSnapshot(f"it holds no {_MANIFEST}, {_MEMORY} and {DATABASE}")
    for one in archive.infolist():
        if one.filename not in (*_TOLD, DATABASE) and not _KEPT.fullmatch(one.filename):
            raise NoSnapshot(f"it holds {one.filename[:80]!r}, which is no part of a world")
        if one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 or one.file_size != one.compress_size:
            raise NoSnapshot("something in it is compressed or encrypted, which a snapshot never is")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    told = _json(archive, _MANIFEST)
    if told.get("format") != _FORMAT or told.get("version") != _VERSION:
        raise NoSnapshot("it is of another program, or of another version of this one")
    shapes = {"name": str, "note": str, "made_at": str, "world_at": str, "program": str, "schema": str, "root": str}
    found: dict[str, Any] = {name: told.get(name) for name in Manifest.__slots__}
    right = all(isinstance(found[name], shape) for name, shape in shapes.items())
    seeded = found["seed"] is None or isinstance(found["seed"], str)
    if not right or not seeded or not isinstance(found["settings"], dict) or not isinstance(found["counts"], dict):
        raise NoSnapshot(f"its {_MANIFEST} lacks something")
    return Manifest(**found)


def _memory(archive: zipfile.ZipFile) -> dict[str, Any]:
    evidence = _json(archive, _EVIDENCE, _EVIDENCE_BYTES_MAX) if _EVIDENCE in archive.namelist() else {}
    return {**_json(archive, _MEMORY), **evidence}


def _json(archive: zipfile.ZipFile, name: str, most: int = _TEXT_BYTES_MAX) -> dict[str, Any]:
    try:
        if archive.getinfo(name).file_size > most:
            raise NoSnapshot(f"its {name} is too large")
        told = json.loads(archive.read(name))
    except (ValueError, RuntimeError, zipfile.BadZipFile, EOFError) as error:  # too deep is a RuntimeError too
        if isinstance(error, NoSnapshot):
            raise
        raise NoSnapshot(f"its {name} cannot be read") from error
    if not isinstance(told, dict):
        raise NoSnapshot(f"its {name} is no object")
    try:
        orjson.dumps(told)
    except TypeError as error:  # half a character, a number beyond 64 bits: it could not be serialised
        raise NoSnapshot(f"its {name} holds what is no text or no number") from error
    return told
