"""A seed as files: `seed.toml`, and one `.eml` file for each letter that it names. A folder, a zip of that folder, or the one file.

What comes from outside is read whole, within a bound, and refused by name where it cannot be; nothing of it is written before it is right.
A folder that went through hands may have line ends of another system, a mark of byte order, and litter of file managers: those are known.
"""

import io
import re
import stat
import struct
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import Sentence, quoted, say

TOML = "seed.toml"
LETTER = ".eml"
ARCHIVE = ".zip"
_FILES_MAX = 100_000
_NAME_CHARS_MAX = 200
_LITTER = re.compile(r"(^|/)(\.(?!\.?(/|$))[^/]*|__MACOSX|Thumbs\.db|desktop\.ini|README(\.\w+)?)(/|$)")
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, ArithmeticError, RuntimeError)
_BOM = b"\xef\xbb\xbf"
_PLACE = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class SeedFiles:
    """A seed as it lies in files: the text of `seed.toml`, what it says, and the octets of letters by the names of their files."""

    text: str
    told: dict[str, Any]
    letters: Mapping[str, bytes]


def wrong(file: str, why: Sentence) -> Refusal:
    """The refusal of a seed for one of its files; `why` says what to do."""
    name = file[:_NAME_CHARS_MAX]
    return Refusal(Rule.INVALID, say("This is no seed: {file}: {why}.", file=name, why=why), subject=name, reference="quirks#seeds")


def read(place: Path, most: int) -> SeedFiles:
    """The seed of a folder, a zip archive, or a TOML file with letters beside it, of `most` bytes in all; Refusal(INVALID). Blocking."""
    if place.is_dir():
        return _of_found(_of_folder(place, most))
    if place.suffix.lower() == ".toml":
        return _of_toml(place, most)
    with place.open("rb") as file:
        return of_archive(file, place.name, most)


def of_archive(file: io.BufferedIOBase | Any, name: str, most: int) -> SeedFiles:
    """The seed of an open zip archive that is called so. Refusal(INVALID). Blocking."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _of_found(_of_entries(archive, most))
    except _DAMAGED as error:
        raise wrong(name, say("it is no archive, or a damaged one: make a zip of the folder that holds seed.toml")) from error


def told_in(archive: Path, most: int) -> dict[str, Any]:
    """What the `seed.toml` of an archive says, without its letters being read. Refusal(INVALID). Blocking."""
    try:
        with zipfile.ZipFile(archive) as opened:
            if TOML in opened.namelist():
                entry = opened.getinfo(TOML)
                _check_room(TOML, most - entry.file_size, most)
                return parsed(opened.read(entry))[1]
    except _DAMAGED as error:
        raise wrong(archive.name, say("it is no archive, or a damaged one: make a zip of the folder that holds seed.toml")) from error
    return read(archive, most).told


def write_archive(files: SeedFiles, to: Path) -> None:
    """A zip archive of a seed, for its owner alone. Blocking."""
    to.touch(mode=0o600)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(TOML, files.text)
        for name, octets in files.letters.items():
            archive.writestr(name, octets)


def write_folder(files: SeedFiles, folder: Path) -> None:
    """A folder of a seed; OSError when it holds something already, or cannot be written. Blocking."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"the folder {folder} holds something already; name one that is empty, or does not exist yet")
    for name, octets in files.letters.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    (folder / TOML).write_bytes(files.text.encode())


def _of_found(found: Iterator[tuple[str, bytes]]) -> SeedFiles:
    """Out of files by name: the one that is `seed.toml` in the innermost folder common to all, and letters."""
    files = dict(found)
    top = next((name.removesuffix(TOML) for name in sorted(files, key=len) if PurePosixPath(name).name == TOML), None)
    if top is None:
        raise wrong(TOML, say("it is missing; a seed is a folder, or a zip of one, that holds seed.toml"))
    strange = next((name for name in files if not name.startswith(top)), None)
    if strange is not None:
        raise wrong(strange, say("it lies beside the folder of seed.toml; put it inside, or leave it out"))
    inside = {name.removeprefix(top): octets for name, octets in files.items()}
    for name in inside:
        if name != TOML and not name.lower().endswith(LETTER):
            raise wrong(name, say("it is no part of a seed, which is seed.toml and letters whose names end in .eml; take it out"))
    text, told = parsed(inside.pop(TOML))
    return SeedFiles(text, told, {name: _letter(name, octets) for name, octets in inside.items()})


def _of_folder(folder: Path, most: int) -> Iterator[tuple[str, bytes]]:
    room = most
    for count, path in enumerate(sorted(folder.rglob("*"))):
        name = path.relative_to(folder).as_posix()
        if _LITTER.search(name):
            continue
        if path.is_symlink():
            raise wrong(name, say("it is a link; put the file itself there"))
        if path.is_dir():
            continue
        _check_name(name)
        _check_count(name, count)
        room -= path.stat().st_size
        _check_room(name, room, most)
        yield name, path.read_bytes()


def _of_entries(archive: zipfile.ZipFile, most: int) -> Iterator[tuple[str, bytes]]:
    room, seen = most, set[str]()
    for count, entry in enumerate(archive.infolist()):
        name = entry.filename
        if entry.is_dir() or _LITTER.search(name):
            continue
        _check_name(name)
        _check_count(name, count)
        if name.casefold() in seen:
            raise wrong(name, say("it is there twice, or differs by capitals alone; keep one"))
        seen.add(name.casefold())
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise wrong(name, say("it is a link; put the file itself there"))
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise wrong(name, say("it is compressed in an unusual way; make an ordinary zip"))
        if entry.flag_bits & 1:
            raise wrong(name, say("it is encrypted; make the archive without a password"))
        room -= entry.file_size  # of which no more is unpacked, whatever the archive holds
        _check_room(name, room, most)
        yield name, archive.read(entry)


def _of_toml(file: Path, most: int) -> SeedFiles:
    """Of one file: the letters that it names, and no others that may lie there."""
    room = most - file.stat().st_size
    _check_room(file.name, room, most)
    text, told = parsed(file.read_bytes(), file.name)
    rows = told.get("letters", [])
    named = [row.get("file") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    letters = dict[str, bytes]()
    for name in (one for one in named if isinstance(one, str)):
        _check_name(name)
        path = file.parent / name
        if path.is_symlink() or not path.resolve().is_relative_to(file.parent.resolve()):
            raise wrong(name, say("it is a link; put the file itself there"))
        if path.is_file():
            room -= path.stat().st_size
            _check_room(name, room, most)
            letters[name] = _letter(name, path.read_bytes())
    return SeedFiles(text, told, letters)


def _check_name(name: str) -> None:
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or _DRIVE.match(name) or not {"", ".", ".."}.isdisjoint(parts) or not name.isprintable():
        raise wrong(name, say("its name leads out of the folder; name it by what lies below, as letters/1.eml"))
    if len(name) > _NAME_CHARS_MAX:
        raise wrong(name, say("its name has over {most} characters; shorten it", most=_NAME_CHARS_MAX))


def _check_count(name: str, count: int) -> None:
    if count >= _FILES_MAX:
        raise wrong(name, say("there are over {most} files; a world of so many letters is kept as a snapshot", most=_FILES_MAX))


def _check_room(name: str, room: int, most: int) -> None:
    if room < 0:
        raise wrong(name, say("with it there are over {most} bytes; leave letters out, or raise MSS_SIM_SEEDS_SIZE_BYTES_MAX", most=most))


def parsed(octets: bytes, name: str = TOML) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file, and what it says; Refusal(INVALID) with the line of what cannot be read."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise wrong(name, say("it is UTF-16; save it as UTF-8"))
    try:
        text = octets.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise wrong(name, say("line {line} is not UTF-8; save the file as UTF-8", line=line)) from error
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise wrong(name, _misread(str(error), text)) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets without end
        raise wrong(name, say("a value in it is too long or too deep to be read; shorten it")) from error


def _misread(error: str, text: str) -> Sentence:
    found = _PLACE.fullmatch(error)
    what = quoted(found["what"] if found else error)
    line = found["line"] if found and found["line"] else str(text.count("\n") + 1)
    return say("line {line} is not TOML ({what}); correct it", line=line, what=what)


def _letter(name: str, octets: bytes) -> bytes:
    """A letter with the line ends of mail, where a file manager or git has given it those of another system."""
    whole = octets.removeprefix(_BOM)
    if not whole.strip():
        raise wrong(name, say("it is empty; put the letter there, or take it out"))
    if b"\r" not in whole or b"\n" not in whole:
        return whole.replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return whole
