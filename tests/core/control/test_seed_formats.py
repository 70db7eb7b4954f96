"""A seed as files: read from a folder, an archive and a single file, refused by name, and written as it was read."""

import io
import zipfile
from pathlib import Path

import pytest

from mss_sim.core.control.seed_formats import SeedFiles, of_archive, read, told_in, write_archive, write_folder
from mss_sim.errors import Rule
from tests.core.towns import refused

_MOST = 10_000
_TEXT = '[[letters]]\nfile = "letters/a.eml"\n[[letters]]\nfile = "letters/b.eml"\n'
_LETTER = b"Subject: a\r\n\r\nBonjour.\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "lesson"
    (made / "letters").mkdir(parents=True)
    (made / "seed.toml").write_text(_TEXT, encoding="utf-8")
    for name in ("a.eml", "b.eml"):
        (made / "letters" / name).write_bytes(_LETTER)
    return made


def _zip(*entries: tuple[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, octets in entries:
            archive.writestr(name, octets)
    return packed


def test_a_folder_an_archive_and_a_file_say_the_same(folder: Path, tmp_path: Path) -> None:
    found = read(folder, _MOST)
    assert (found.text, dict(found.letters)) == (_TEXT, dict.fromkeys(("letters/a.eml", "letters/b.eml"), _LETTER))
    write_archive(found, tmp_path / "lesson.zip")
    write_folder(found, tmp_path / "other")
    for place in (folder / "seed.toml", tmp_path / "lesson.zip", tmp_path / "other"):
        assert read(place, _MOST) == found
    assert (tmp_path / "lesson.zip").stat().st_mode & 0o777 == 0o600
    letters = [(f"x/lesson/{name}", octets) for name, octets in found.letters.items()]
    assert of_archive(_zip(("x/lesson/seed.toml", _TEXT.encode()), *letters), "x", _MOST) == found


def test_nothing_is_written_over(folder: Path) -> None:
    with pytest.raises(FileExistsError, match="holds something already"):
        write_folder(SeedFiles("", {}, {}), folder)


def test_line_ends_and_marks_of_other_systems_are_no_matter(folder: Path) -> None:
    for octets in (_LETTER.replace(b"\r\n", b"\n"), _LETTER.replace(b"\r\n", b"\r"), b"\xef\xbb\xbf" + _LETTER):
        (folder / "letters" / "a.eml").write_bytes(octets)
        assert read(folder, _MOST).letters["letters/a.eml"] == _LETTER
    mixed = b"Subject: a\r\n\r\nun\ndeux\r\n"
    (folder / "letters" / "a.eml").write_bytes(mixed)
    assert read(folder, _MOST).letters["letters/a.eml"] == mixed, "what is mixed is the letter's own fault, and is told as such"


def test_litter_is_passed_over_and_nothing_else(folder: Path) -> None:
    for name in (".DS_Store", ".git/config", "Thumbs.db", "README.md", "letters/.hidden.eml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert list(read(folder, _MOST).letters) == ["letters/a.eml", "letters/b.eml"]
    (folder / "notes.txt").write_bytes(b"x")
    with refused(Rule.INVALID, "notes.txt: it is no part of a seed"):
        read(folder, _MOST)


def test_of_two_seeds_the_one_below_is_no_part_of_the_one_above(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "seed.toml").write_text(_TEXT, encoding="utf-8")
    with refused(Rule.INVALID, "a/seed.toml: it is no part of a seed"):
        read(folder, _MOST)
    (folder / "seed.toml").unlink()
    with refused(Rule.INVALID, "letters/a.eml: it lies beside the folder of seed.toml"):
        read(folder, _MOST)


def test_a_link_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.eml").write_bytes(_LETTER)
    (folder / "letters" / "a.eml").unlink()
    (folder / "letters" / "a.eml").symlink_to(tmp_path / "secret.eml")
    for place in (folder, folder / "seed.toml"):
        with refused(Rule.INVALID, "letters/a.eml: it is a link"):
            read(place, _MOST)
    (folder / "seed.toml").write_text('[[letters]]\nfile = "../secret.eml"\n')
    with refused(Rule.INVALID, "../secret.eml: its name leads out"):
        read(folder / "seed.toml", _MOST)


@pytest.mark.parametrize("rows", ['letters = ["a.eml"]', "letters = [1]", 'letters = "a.eml"', "letters = [{ file = 1 }]", "[letters]"])
def test_of_one_file_letters_that_are_no_tables_name_nothing(tmp_path: Path, rows: str) -> None:
    """What is wrong with them is told by their line where fields are checked (seed_fields.py)."""
    (tmp_path / "lesson.toml").write_text(rows, encoding="utf-8")
    (tmp_path / "a.eml").write_bytes(_LETTER)
    found = read(tmp_path / "lesson.toml", _MOST)
    assert (found.text, dict(found.letters)) == (rows, {})


@pytest.mark.parametrize("name", ["../a.eml", "/a.eml", "a/../../b.eml", "a\\b.eml", "C:a.eml", "a//b.eml", "./a.eml", "a\x7f.eml"])
def test_a_name_is_below_the_folder(name: str) -> None:
    with refused(Rule.INVALID, "its name leads out of the folder"):
        of_archive(_zip(("seed.toml", b""), (name, _LETTER)), "x.zip", _MOST)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (("a" * 197 + ".eml", _LETTER), f"{'a' * 197}.em: its name has over 200 characters; shorten it."),
        (("letters/A.EML", _LETTER), "letters/A.EML: it is there twice, or differs by capitals alone; keep one."),
        (("b.eml", b"\xef\xbb\xbf \r\n"), "b.eml: it is empty; put the letter there, or take it out."),
    ],
)
def test_what_cannot_lie_there_is_told_by_its_name(entry: tuple[str, bytes], why: str) -> None:
    with refused(Rule.INVALID, why):
        of_archive(_zip(("seed.toml", b""), ("letters/a.eml", _LETTER), entry), "x.zip", _MOST)


def test_all_of_it_has_room(folder: Path, tmp_path: Path) -> None:
    """In whichever form it lies there."""
    size = len(_TEXT) + 2 * len(_LETTER)
    write_archive(read(folder, _MOST), tmp_path / "lesson.zip")
    for place in (folder, folder / "seed.toml", tmp_path / "lesson.zip"):
        assert len(read(place, size).letters) == 2
        for most in (size - 1, len(_TEXT) + len(_LETTER), len(_TEXT) - 1):
            with refused(Rule.INVALID, f"with it there are over {most} bytes; leave letters out, or raise MSS_SIM_SEEDS_SIZE_BYTES_MAX."):
                read(place, most)


def test_an_archive_that_says_less_than_it_holds_is_a_damaged_one() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("seed.toml", b"a" * 100_000)
    octets = packed.getvalue().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with refused(Rule.INVALID, "x.zip: it is no archive, or a damaged one"):
        of_archive(io.BytesIO(octets), "x.zip", _MOST)


def test_an_unusual_archive_says_so() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("seed.toml", b"")
    with refused(Rule.INVALID, "seed.toml: it is compressed in an unusual way"):
        of_archive(packed, "x.zip", _MOST)


def test_what_an_archive_says_is_told_without_its_letters(folder: Path, tmp_path: Path) -> None:
    write_archive(read(folder, _MOST), tmp_path / "a.zip")
    assert told_in(tmp_path / "a.zip", len(_TEXT)) == read(folder, _MOST).told
    with refused(Rule.INVALID, f"seed.toml: with it there are over {len(_TEXT) - 1} bytes"):
        told_in(tmp_path / "a.zip", len(_TEXT) - 1)
    (tmp_path / "b.zip").write_bytes(_zip(("x/seed.toml", b"a = 1")).getvalue())
    assert told_in(tmp_path / "b.zip", _MOST) == {"a": 1}
    (tmp_path / "b.zip").write_bytes(b"x")
    with refused(Rule.INVALID, "b.zip: it is no archive"):
        told_in(tmp_path / "b.zip", _MOST)


def test_an_encrypted_archive_says_so() -> None:
    octets = bytearray(_zip(("seed.toml", b"")).getvalue())
    octets[octets.index(b"PK\x01\x02") + 8] |= 1
    with refused(Rule.INVALID, "seed.toml: it is encrypted"):
        of_archive(io.BytesIO(bytes(octets)), "x.zip", _MOST)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"a = 1\nb = \n", "line 2 is not TOML (Invalid value)"),
        (b"a = 1\na = 2\n", "line 2 is not TOML (Cannot overwrite a value)"),
        (b'a = """\n\n', "line 3 is not TOML"),
        ("a = 'é'".encode("utf-16"), "it is UTF-16"),
        (b"a = 1\r\nb = '\xe9'\r\n", "line 2 is not UTF-8"),
        (b"a = " + b"[" * 9_000, "a value in it is too long or too deep"),
    ],
)
def test_what_is_no_toml_is_told_by_its_line(octets: bytes, why: str) -> None:
    with refused(Rule.INVALID, f"seed.toml: {why}"):
        of_archive(_zip(("seed.toml", octets)), "x.zip", _MOST)
