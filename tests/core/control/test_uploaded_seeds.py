"""Seeds that were brought in: kept under names that are no paths, so many, and found by who is in the world."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mss_sim.core.control import named_seeds, personas, seed_formats, uploaded_seeds
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.world.world import World
from mss_sim.errors import Rule
from tests.core.towns import OpenTown, Town, refused

_TEXT = """
[[operators]]
name = "Petit"
domains = ["petit.sim.mssante.fr"]
[[identities]]
role = "doctor"
idnat = "899700420096"
kind = "professional"
family_name = "SEULE"
login = "seule"
password = "p"
"""


def _files(text: str = _TEXT) -> SeedFiles:
    return SeedFiles(*seed_formats.parsed(text.encode()), {})


@pytest.fixture
async def world(open_town: OpenTown, tmp_path: Path) -> AsyncIterator[World]:
    async with open_town(seeds_max=2) as town:
        yield replace(town.world, seeds_dir=tmp_path / "seeds")


async def test_what_is_kept_is_found_again(world: World) -> None:
    made = await uploaded_seeds.keep(world, "small", _files(), replace=False)
    assert (made.name, made.counts["identities"], made.size_bytes > 0) == ("small", 1, True)
    assert named_seeds.names(world) == ["annuaire", "cabinet", "clinique", "documents", "patients", "small"]
    assert uploaded_seeds.find(world, "small") == _files()
    assert await uploaded_seeds.every(world) == [made]
    assert await named_seeds.plant(world, "small")
    assert not await named_seeds.plant(world, "small")
    assert [one.login for one in await personas.of_seed(world, "small")] == ["seule"]
    assert await personas.idnat_of(world, "doctor") == "899700420096", "a seed of one's own tells more of a world than what ships"
    await uploaded_seeds.remove(world, "small")
    with refused(Rule.INVALID, "the seeds are annuaire, cabinet, clinique, documents, patients"):
        named_seeds.find(world, "small")


async def test_it_is_made_where_it_is_kept_and_for_its_owner_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made elsewhere may be on another disk, from which nothing is put in a place all at once."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    await uploaded_seeds.keep(world, "small", _files(), replace=False)
    assert world.seeds_dir is not None
    assert world.seeds_dir.stat().st_mode & 0o777 == 0o700
    assert [(one.name, one.stat().st_mode & 0o777) for one in world.seeds_dir.iterdir()] == [("small.zip", 0o600)]


async def test_an_archive_from_elsewhere_is_kept_as_what_it_says(world: World, tmp_path: Path) -> None:
    seed_formats.write_archive(_files(), tmp_path / "a")
    octets = (tmp_path / "a").read_bytes()
    assert (await uploaded_seeds.take_in(world, "small", _pieces(octets), replace=False)).counts["identities"] == 1
    assert uploaded_seeds.find(world, "small") == _files()
    with refused(Rule.CONFLICT, "There is a seed small already"):
        await uploaded_seeds.take_in(world, "small", _pieces(octets), replace=False)
    with refused(Rule.INVALID, "other.zip: it is no archive, or a damaged one"):
        await uploaded_seeds.take_in(world, "other", _pieces(octets[:-1]), replace=False)
    assert uploaded_seeds.names(world) == ["small"]


async def _pieces(octets: bytes) -> AsyncIterator[bytes]:
    yield octets[:100]
    yield octets[100:]


async def test_what_is_refused_is_not_kept(world: World) -> None:
    for name in ("none", "now", "", "..", "a/b", ".a"):
        with refused(Rule.INVALID, "A seed is named by"):
            await uploaded_seeds.keep(world, name, _files(), replace=True)
    with refused(Rule.CONFLICT, "cabinet is a seed that ships"):
        await uploaded_seeds.keep(world, "cabinet", _files(), replace=True)
    with refused(Rule.INVALID, "people is not known there"):
        await uploaded_seeds.keep(world, "a", _files("[[people]]\n"), replace=False)
    for name in ("a", "b"):
        await uploaded_seeds.keep(world, name, _files(), replace=False)
    with refused(Rule.CONFLICT, "There is a seed a already"):
        await uploaded_seeds.keep(world, "a", _files(), replace=False)
    with refused(Rule.LIMIT_REACHED, "There are 2 seeds"):
        await uploaded_seeds.keep(world, "c", _files(), replace=False)
    assert uploaded_seeds.names(world) == ["a", "b"]
    with refused(Rule.NOT_FOUND, "There is no seed c of your own"):
        await uploaded_seeds.remove(world, "c")
    with refused(Rule.NOT_FOUND, "There is no seed c of your own"):
        uploaded_seeds.archive(world, "c")


async def test_a_file_that_is_none_is_passed_over_in_lists_and_told_by_name(world: World) -> None:
    await uploaded_seeds.keep(world, "good", _files(), replace=False)
    assert world.seeds_dir is not None
    (world.seeds_dir / "bad.zip").write_bytes(b"x")
    assert [one.name for one in await uploaded_seeds.every(world)] == ["good"]
    with refused(Rule.INVALID, "bad.zip: it is no archive"):
        await named_seeds.plant(world, "bad")
    assert await personas.idnat_of(world, "doctor") is not None


async def test_a_world_may_keep_none(town: Town) -> None:
    assert uploaded_seeds.names(town.world) == []
    with refused(Rule.NOT_FOUND, "This world keeps no seeds of its own"):
        await uploaded_seeds.keep(town.world, "a", _files(), replace=False)


async def test_a_seed_has_the_name_of_its_folder(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "Leçon n° 1"
    seed_formats.write_folder(_files(), folder)
    seed_formats.write_archive(_files(), tmp_path / "lesson.2.zip")
    assert await uploaded_seeds.keep_file(world, folder) == "Le-on-n-1"
    assert uploaded_seeds.named_by(folder / "seed.toml") == "Le-on-n-1"
    assert uploaded_seeds.named_by(tmp_path / "lesson.2.zip") == "lesson.2"
    assert uploaded_seeds.named_by(tmp_path / "other.toml") == "other"
