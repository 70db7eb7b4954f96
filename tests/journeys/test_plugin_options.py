"""What a suite sets in its ini file is what its worlds are like; what it cannot set ends the run before any test."""

import socket
from pathlib import Path

import httpx
import pytest

from mss_sim.testing.handle import RunningSimulator
from tests.suites import Suite

_TESTS = """
import pytest

PRACTICE = "tilleuls@cabinet.sim.mssante.fr"


def test_the_first_world(mss):
    assert mss.ready["http"].endswith(":{port}")
    assert mss.ready["dns"]["port"]
    assert mss.simulator.settings.language == "fr"


def test_a_world_begins_with_the_snapshot(world, mss):
    assert [one["subject"] for one in world.doctor.inbox(PRACTICE)] == ["Lettre gardée"]
    assert not world.ready["http"].endswith(":{port}")
    assert world.simulator.settings.language == "fr"
    [told] = mss.control("GET", "/worlds")
    assert told["lifetime_seconds"] == 77.5


@pytest.mark.mss_world(seed="none", settings={{"imap_recent": False}}, lifetime_seconds=33)
def test_a_mark_has_it_begin_otherwise(world, mss):
    assert world.ready["personas"] == []
    assert (world.simulator.settings.imap.recent, world.simulator.settings.language) == (False, "fr")
    [told] = mss.control("GET", "/worlds")
    assert told["lifetime_seconds"] == 33


@pytest.mark.mss_world(colour="blue")
def test_a_mark_that_says_nonsense(world):
    raise AssertionError("never reached")


@pytest.mark.mss_world(seed="none", snapshot="begun")
def test_a_mark_that_wants_both(world):
    raise AssertionError("never reached")
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def test_what_is_set_is_heeded(tmp_path: Path, mss: RunningSimulator) -> None:
    with mss.world() as kept:
        kept.hospital.send(["tilleuls@cabinet.sim.mssante.fr"], subject="Lettre gardée")
        kept.wait("settled")
        kept.save("for-others", replace=True)
        (tmp_path / "kept.mss-sim").write_bytes(httpx.get(f"{kept.ready['http']}/control/snapshots/for-others/file", timeout=30).content)
    port = _free_port()
    said = ["mss_snapshot = kept.mss-sim", "mss_lifetime_seconds = 77.5", "mss_settings =", "    language = fr", "mss_ports ="]
    ini = "\n".join([*said, f"    http = {port}", "    dns = 0", ""])
    found = Suite(tmp_path, _TESTS.format(port=port), ini).play()
    assert "3 passed, 2 errors" in found.said, found.said
    assert "mss_world takes seed, snapshot, settings, lifetime_seconds, by name" in found.said
    assert "mss_world: a world begins with a seed, or with a snapshot" in found.said


def test_what_cannot_be_ends_the_run_with_what_to_do(tmp_path: Path) -> None:
    found = Suite(tmp_path, _TESTS.format(port=1), "mss_seed = cabinett\n").play()
    assert found.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: mss_seed: there is no seed cabinett; there are none, annuaire, cabinet, clinique" in found.said


def test_a_file_that_is_no_snapshot_is_told(tmp_path: Path) -> None:
    (tmp_path / "kept.mss-sim").write_bytes(b"no snapshot")
    found = Suite(tmp_path, _TESTS.format(port=1), "mss_snapshot = kept.mss-sim\n").play("-k", "begins_with")
    assert "mss_snapshot: " in found.said
    assert "1 error" in found.said, found.said
