"""A snapshot as one file: what is in it, and what is none."""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mss_sim.core.control.snapshot_file import Manifest, NoSnapshot, read_manifest, unpack, unpack_database, write

_ABOUT = Manifest(
    "a", "", "2026-01-05T08:00:00Z", "2040-01-01T00:00:00Z", "0.1.0", "0013", "cabinet", "00", {"imap_recent": False}, {"mailboxes": 8}
)

_KEPT: dict[str, Any] = {"faults": [], "evidence": [{"said": "é"}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("certificates/ca.pem", "certificates/authorities/ACR-EL.key", "keys/tokens.pem", "keys/retired/1-x.pem", "ready.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (tmp_path / "copy").write_bytes(b"database")
    write(tmp_path / "a.mss-sim", _ABOUT, _KEPT, tmp_path / "copy", folder)
    return tmp_path / "a.mss-sim"


def test_it_says_what_it_is(file: Path) -> None:
    assert read_manifest(file) == _ABOUT
    told = {"format": "mss-sim snapshot", "version": 1, **asdict(_ABOUT)}
    with zipfile.ZipFile(file) as archive:
        assert archive.read("manifest.json").decode() == json.dumps(told, indent=2), "people read it too"
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_holds_what_a_world_needs_and_nothing_else(file: Path, tmp_path: Path) -> None:
    assert unpack(file, tmp_path / "out") == (_ABOUT, _KEPT)
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {"certificates/ca.pem", "certificates/authorities/ACR-EL.key", "keys/tokens.pem", "keys/retired/1-x.pem", "mss-sim.db"}
    assert (tmp_path / "out/keys/tokens.pem").read_text() == "keys/tokens.pem"
    assert (tmp_path / "out/keys/tokens.pem").stat().st_mode & 0o777 == 0o600
    assert unpack_database(file, tmp_path / "db") == (_ABOUT, _KEPT)
    assert (tmp_path / "db").read_bytes() == b"database"


def _with(file: Path, name: str, content: bytes | None, *, method: int = zipfile.ZIP_STORED, twice: bool = False) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(packed, "w") as target:
        for one in source.namelist():
            if one != name or twice:
                target.writestr(one, source.read(one))
        if content is not None:
            target.writestr(name, content, method)
    changed = file.with_name("changed")
    changed.write_bytes(packed.getvalue())
    return changed


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil", "no part of a world"),
        ("/evil", "no part of a world"),
        ("keys/../../evil", "no part of a world"),
        ("keys/.ssh", "no part of a world"),
        ("keys/", "no part of a world"),
        ("keys\\evil", "no part of a world"),
        ("certificates/authorities/x/y", "no part of a world"),
        ("alembic/versions/evil.py", "no part of a world"),
    ],
)
def test_a_name_that_is_no_part_of_a_world_is_refused_before_anything_is_written(file: Path, tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(NoSnapshot, match=why):
        unpack(_with(file, name, b"x"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_twice_there_is_refused(file: Path) -> None:
    with pytest.raises(NoSnapshot, match="it holds no manifest"):
        read_manifest(_with(file, "memory.json", b"{}", twice=True))


def test_what_is_compressed_is_refused(file: Path) -> None:
    with pytest.raises(NoSnapshot, match="compressed or encrypted"):
        read_manifest(_with(file, "keys/big", bytes(1_000_000), method=zipfile.ZIP_DEFLATED))


def test_what_is_encrypted_is_refused(file: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[octets.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(octets)
    with pytest.raises(NoSnapshot, match="compressed or encrypted"):
        read_manifest(file)


@pytest.mark.parametrize("name", ["manifest.json", "memory.json", "mss-sim.db"])
def test_what_lacks_a_part_is_refused(file: Path, name: str) -> None:
    with pytest.raises(NoSnapshot, match="it holds no manifest"):
        read_manifest(_with(file, name, None))


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff\xfe{}", "cannot be read"),
        (b"[]", "is no object"),
        (b"[" * 300_000, "cannot be read"),
        (b" " * 1_000_001, "too large"),
        (b"{}", "of another program"),
        ({"format": "other"}, "of another program"),
        ({"version": 0}, "of another program"),
        ({"version": "1"}, "of another program"),
        ({"root": None}, "lacks something"),
        ({"schema": 13}, "lacks something"),
        ({"settings": []}, "lacks something"),
        ({"counts": 8}, "lacks something"),
    ],
)
def test_a_manifest_that_says_nothing_is_refused(file: Path, manifest: bytes | dict[str, Any], why: str) -> None:
    if isinstance(manifest, dict):
        manifest = json.dumps({"format": "mss-sim snapshot", "version": 1, **asdict(_ABOUT), **manifest}).encode()
    with pytest.raises(NoSnapshot, match=why):
        read_manifest(_with(file, "manifest.json", manifest))


@pytest.mark.parametrize("octets", [b"", b"PK\x05\x06", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "x").write_bytes(octets)
    with pytest.raises(NoSnapshot, match="it is no archive"):
        read_manifest(tmp_path / "x")


def test_one_that_was_damaged_on_its_way_is_refused(file: Path, tmp_path: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[octets.index(b"database")] ^= 1
    (tmp_path / "damaged").write_bytes(octets)
    with pytest.raises(NoSnapshot, match="is damaged"):
        unpack(tmp_path / "damaged", tmp_path / "out")
    with pytest.raises(NoSnapshot, match="is damaged"):
        unpack_database(tmp_path / "damaged", tmp_path / "db")
