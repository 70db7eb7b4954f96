"""Pictures in the documentation: few, small, shown, and told in words; the guide for trainers names what stands on the pages."""

import re
import tomllib
from pathlib import Path

import pytest

from mss_sim.vocabulary.language import Language
from mss_sim.words.catalogue import translations

_ROOT = Path(__file__).resolve().parents[2]
_PICTURES = sorted((_ROOT / "docs").rglob("*.png"))
_GUIDE = (_ROOT / "docs" / "guide" / "show-delegation.md").read_text(encoding="utf-8")
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_STORIES = "\n".join(path.read_text(encoding="utf-8") for path in (_ROOT / "mss_sim" / "scenarios" / "stories").glob("*.yaml"))
_BYTES_MAX = 60_000


@pytest.mark.parametrize("picture", _PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_small_shown_and_told_in_words(picture: Path) -> None:
    assert picture.stat().st_size <= _BYTES_MAX
    assert picture.read_bytes().startswith(b"\x89PNG")
    for page, place in ((_GUIDE, "pictures/"), (_README, "docs/guide/pictures/")):
        (told,) = re.findall(rf"!\[([^\]]+)\]\({place}{picture.name}\)", page) or [""]
        assert len(told.split()) >= 4, f"{picture.name} is not shown, or not told in words"


def test_there_are_six() -> None:
    assert len(_PICTURES) == 6


def test_what_the_guide_for_trainers_names_is_on_the_pages() -> None:
    known = set(translations(Language.FR).values())
    named = re.findall(r"« (.+?) »", _GUIDE.replace("\n", " "))
    assert len(named) > 10
    assert [one for one in named if one not in known and f"fr: {one}\n" not in _STORIES] == []


def test_the_wheel_brings_no_pictures() -> None:
    built = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert built["packages"] == ["mss_sim"]
    assert list((_ROOT / "mss_sim").rglob("*.png")) == []
