"""An archive IHE_XDM opened: its files by their paths, read within limits, and what is wrong with its layout (ref: ihe-iti#3.32).

| what an archive may try                     | what becomes of it                                                    |
|---------------------------------------------|-----------------------------------------------------------------------|
| names with `..`, `\\`, a drive, a slash first | told; the file is not read, and nothing is ever written to a disk      |
| links, devices                              | told, by the mode that the archive gives; not read                     |
| more entries than fifty                     | told before the directory of the archive is read                       |
| growing a thousandfold, or lying about it   | what is unpacked is counted as it comes, and stops at the limit         |
| archives in archives                        | told; the inner one is not opened                                      |
| passwords, methods other than deflate       | told; not read                                                         |

Liberties taken: a name in cp437 or in UTF-8 is read as the archive says; both are outside ISO 9660 alike. What is left of a damaged archive
is not looked for.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from mss_sim.documents import archive_kinds as kinds
from mss_sim.documents.cda import Cda
from mss_sim.documents.findings import Notes
from mss_sim.documents.practice import Practice
from mss_sim.vocabulary.documents import ARCHIVE_FOLDER, INDEX_NAME, METADATA_NAME, README_NAME
from mss_sim.words.sentence import say

_END, _END_BYTES = b"PK\x05\x06", 22
_ZIP64 = b"PK\x06\x07"
_COMMENT_MAX = 65_535
_DIRECTORY_ENTRY_MAX = 2_048
"""Octets of the directory that one entry may take; more is no name of ISO 9660."""
_CHUNK_BYTES = 64 * 1024
_SMALL_BYTES = 1024**2
"""What grows to less than this is no bomb, however well it is compressed."""
_ISO_NAME = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{0,3})?\Z")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError, struct.error, IndexError)


@dataclass(slots=True)
class Archive:
    """The files of an archive by their paths, `/` between folders; `unread` are those that are there and were not read.

    `documents`: what was read of them so far; None where a file is no CDA.
    """

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    documents: dict[str, Cda | None] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """All paths, in order."""
        return sorted({*self.files, *self.unread})

    def at(self, path: str) -> str | None:
        """The path of the file that has this one where case is not told apart."""
        folded = path.casefold()
        return next((one for one in self.paths() if one.casefold() == folded), None)

    def place(self, path: str) -> str:
        """How a file is called in findings: the archive, and the path in it."""
        return f"{self.name}/{path}"


def is_archive(octets: bytes) -> bool:
    """Whether the octets begin as a zip does."""
    return octets.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def open_archive(octets: bytes, name: str, practice: Practice, notes: Notes) -> Archive | None:
    """The archive, with all that is wrong with its layout; None when it cannot be opened."""
    if not _may_be_opened(octets, name, practice, notes):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as packed:
            return _unpacked(packed, name, practice, notes)
    except _UNREADABLE as error:
        notes.add(kinds.NOT_AN_ARCHIVE, name, seen=error)
        return None


def _may_be_opened(octets: bytes, name: str, practice: Practice, notes: Notes) -> bool:
    """Whether the directory at the end is of a size that may be read: the library reads all of it at once."""
    at = len(octets) - _END_BYTES
    if not (octets[at : at + 4] == _END and octets.endswith(b"\x00\x00")):
        at = octets.rfind(_END, max(0, len(octets) - _END_BYTES - _COMMENT_MAX))
    if at < 0 or len(octets) - at < _END_BYTES:
        notes.add(kinds.NOT_AN_ARCHIVE, name, seen=say("no directory at its end"))
        return False
    count, size = struct.unpack_from("<HL", octets, at + 10)
    if count > practice.entries_max or size > practice.entries_max * _DIRECTORY_ENTRY_MAX or octets[at - 20 : at - 16] == _ZIP64:
        notes.add(kinds.TOO_MANY_ENTRIES, name, seen=count, expected=say("at most {most}", most=practice.entries_max))
        return False
    return True


def _unpacked(packed: zipfile.ZipFile, name: str, practice: Practice, notes: Notes) -> Archive:
    archive = Archive(name)
    left, folded = practice.expanded_bytes_max, set[str]()
    entries = packed.infolist()
    if len(entries) > practice.entries_max:
        notes.add(kinds.TOO_MANY_ENTRIES, name, seen=len(entries), expected=say("at most {most}", most=practice.entries_max))
        return archive
    for entry in entries:
        path = entry.filename
        if path.rstrip("/").casefold() in folded:
            notes.add(kinds.NAMES_COLLIDE, archive.place(path))
        folded.add(path.rstrip("/").casefold())
        if not _is_inside(entry, archive, notes) or entry.is_dir():
            continue
        content = _content(packed, entry, archive, practice, notes, left)
        if content is None:
            archive.unread.add(path)
            continue
        left -= len(content)
        if is_archive(content):
            notes.add(kinds.NESTED_ARCHIVE, archive.place(path))
            archive.unread.add(path)
        else:
            archive.files[path] = content
    _check_layout(archive, {entry.filename for entry in entries}, notes)
    return archive


def _is_inside(entry: zipfile.ZipInfo, archive: Archive, notes: Notes) -> bool:
    """Whether an entry is what its name says, in the archive; its name judged."""
    path, place = entry.filename, archive.place(entry.filename)
    raw = entry.orig_filename
    if ".." in re.split(r"[/\\]", raw) or "\\" in raw or "\x00" in raw or path.startswith("/") or re.match(r"[A-Za-z]:", path):
        notes.add(kinds.OUTSIDE, place, seen=raw)
        return False
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        notes.add(kinds.SYMBOLIC_LINK, place)
        return False
    steps = path.rstrip("/").split("/")
    if wrong := [step for step in steps if not _ISO_NAME.match(step)]:
        notes.add(kinds.NAME_NOT_ISO, place, seen=wrong[0], expected=say("such as {name}", name="DOC00001.XML"))
    if len(steps) == 1 and steps[0].casefold() == "autorun.inf":
        notes.add(kinds.AUTORUN, place)
    return True


def _content(
    packed: zipfile.ZipFile, entry: zipfile.ZipInfo, archive: Archive, practice: Practice, notes: Notes, left: int
) -> bytes | None:
    """The octets of an entry, or None with a finding."""
    place = archive.place(entry.filename)
    if entry.flag_bits & 0x1:
        notes.add(kinds.ENCRYPTED_ENTRY, place)
        return None
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        notes.add(kinds.COMPRESSION, place, seen=entry.compress_type, expected="deflate")
        return None
    most = min(left, max(_SMALL_BYTES, practice.ratio_max * entry.compress_size))
    gathered = bytearray()
    try:
        with packed.open(entry) as reading:
            while chunk := reading.read(_CHUNK_BYTES):
                gathered += chunk
                if len(gathered) > most:
                    notes.add(kinds.EXPANDS_TOO_FAR, place, seen=entry.file_size, expected=say("at most {most} bytes", most=most))
                    return None
    except _UNREADABLE as error:
        notes.add(kinds.DAMAGED_ENTRY, place, seen=error)
        return None
    return bytes(gathered)


def _check_layout(archive: Archive, names: set[str], notes: Notes) -> None:
    """What the root holds. A name in other letters is there: its form was told already."""
    at_root = {name.split("/")[0].casefold() for name in names}
    for wanted, kind in ((ARCHIVE_FOLDER, kinds.NO_FOLDER), (INDEX_NAME, kinds.NO_INDEX), (README_NAME, kinds.NO_README)):
        if wanted.casefold() not in at_root:
            notes.add(kind, archive.name, expected=wanted)
    if ARCHIVE_FOLDER.casefold() in at_root and not sets_in(names):
        notes.add(kinds.NO_SET, archive.name, expected=f"{ARCHIVE_FOLDER}/SUBSET01/{METADATA_NAME}")
    for folder in sets_in(names):
        if archive.at(f"{folder}/{METADATA_NAME}") is None:
            notes.add(kinds.NO_METADATA, archive.place(folder), expected=METADATA_NAME)


def sets_in(paths: Iterable[str]) -> list[str]:
    """The folders of submission sets among the paths of an archive: those right below IHE_XDM, in order."""
    found = set()
    for path in paths:
        steps = path.split("/")
        if len(steps) >= 3 and steps[0].casefold() == ARCHIVE_FOLDER.casefold() and steps[1]:
            found.add(f"{steps[0]}/{steps[1]}")
    return sorted(found)
