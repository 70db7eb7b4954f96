"""The keys that sign tokens: made once, shared by the processes of a world, and kept until what they signed is over."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mss_sim.clock import ManualClock
from mss_sim.core.world import signing_keys
from mss_sim.core.world.signing_keys import KeyRing


@pytest.fixture
def ring(planted: Path, tmp_path: Path, clock: ManualClock) -> Callable[[], KeyRing]:
    """Another process's keys over one folder, where a key is already: the seed world's."""
    file = tmp_path / "keys" / "tokens.pem"
    file.parent.mkdir()
    file.write_bytes((planted / "keys" / "tokens.pem").read_bytes())
    return lambda: KeyRing(file, clock)


def test_the_first_key_is_made_when_it_is_first_needed_for_its_owner_alone(tmp_path: Path, clock: ManualClock) -> None:
    file = tmp_path / "data" / "keys" / "tokens.pem"
    keys = KeyRing(file, clock)
    assert not file.exists()
    kid = keys.signing().kid
    assert (keys.signing().kid, file.stat().st_mode & 0o777) == (kid, 0o600)
    assert KeyRing(file, clock).signing().kid == kid
    assert [path.name for path in file.parent.iterdir()] == ["tokens.pem"]


def test_a_key_verifies_by_its_id_and_no_other_does(ring: Callable[[], KeyRing]) -> None:
    keys = ring()
    kid = str(keys.signing().kid)
    assert keys.verifying(kid) is keys.signing()
    assert keys.verifying("other") is None
    (shown,) = keys.jwks()["keys"]
    assert (shown["kid"], shown["use"], shown["alg"], "d" in shown) == (kid, "sig", "RS256", False)


def test_a_retired_key_goes_on_verifying_for_that_long_and_is_then_removed(
    ring: Callable[[], KeyRing], clock: ManualClock, tmp_path: Path
) -> None:
    keys = ring()
    old = str(keys.signing().kid)
    new = keys.rotate(60)
    assert (keys.signing().kid, new != old) == (new, True)
    retired = tmp_path / "keys" / "retired"
    assert [b"PRIVATE" in path.read_bytes() for path in retired.iterdir()] == [False]
    clock.advance(timedelta(seconds=59))
    assert (keys.verifying(old) is not None, [key["kid"] for key in keys.jwks()["keys"]]) == (True, [new, old])
    clock.advance(timedelta(seconds=1))
    assert (keys.verifying(old), [key["kid"] for key in keys.jwks()["keys"]]) == (None, [new])
    ring().signing()
    assert list(retired.iterdir()) == []


def test_a_retired_key_that_is_over_hides_none_that_is_not(ring: Callable[[], KeyRing], clock: ManualClock) -> None:
    keys = ring()
    keys.rotate(60)
    middle, newest = str(keys.signing().kid), keys.rotate(600)
    clock.advance(timedelta(seconds=60))
    assert [key["kid"] for key in ring().jwks()["keys"]] == [newest, middle]


def test_another_process_looks_again_for_a_key_that_it_does_not_know_once_a_second(ring: Callable[[], KeyRing], clock: ManualClock) -> None:
    here, there = ring(), ring()
    old = str(there.signing().kid)
    new = here.rotate(600)
    clock.advance(timedelta(seconds=1))
    assert there.verifying(new) is None
    clock.advance(timedelta(microseconds=1))
    assert there.verifying(new) is not None
    assert (there.verifying(old) is not None, there.signing().kid) == (True, new)
    looks = there.looks
    assert [there.verifying("nobody") for _ in range(5)] == [None] * 5
    assert there.looks == looks
    assert looks == 2, "at its first use, and when a key was not known"


def test_a_secret_is_made_once_for_each_name_and_read_by_its_owner_alone(ring: Callable[[], KeyRing], tmp_path: Path) -> None:
    keys = ring()
    secret = keys.secret("client")
    assert (len(secret) >= 40, keys.secret("client"), ring().secret("client")) == (True, secret, secret)
    assert keys.secret("other") != secret
    assert (tmp_path / "keys" / "client.secret").stat().st_mode & 0o777 == 0o600


def test_when_another_process_was_faster_its_secret_is_the_one(ring: Callable[[], KeyRing], tmp_path: Path) -> None:
    keys, file = ring(), tmp_path / "keys" / "client.secret"
    file.write_text("theirs")
    keys._place(file, b"ours")  # noqa: SLF001 - the moment between the look and the writing
    assert keys.secret("client") == "theirs"
    assert sorted(path.name for path in file.parent.iterdir()) == ["client.secret", "tokens.pem"]


def test_a_world_that_goes_back_has_the_keys_and_secrets_of_then(tmp_path: Path, ring: Callable[[], KeyRing]) -> None:
    keys = ring()
    kid, secret = keys.signing().kid, keys.secret("client")
    shutil.copytree(tmp_path / "keys", tmp_path / "kept")
    keys.rotate(3600)
    keys.secret("later")
    (tmp_path / "keys" / "client.secret").write_text("another", encoding="ascii")
    keys.put_back(tmp_path / "kept")
    assert [key["kid"] for key in keys.jwks()["keys"]] == [kid]
    assert (keys.secret("client"), keys.secret("later")) == (secret, ring().secret("later")), "what was drawn since stays"
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["client.secret", "later.secret", "retired", "tokens.pem"]
    keys.rotate(3600)
    (tmp_path / "kept" / "tokens.pem").unlink()
    keys.put_back(tmp_path / "kept")
    assert keys.signing().kid not in (kid, None), "there was none: a new one is made"


def test_a_world_that_goes_back_has_the_keys_that_were_retired_then_and_forgets_them_when_it_begins_anew(
    tmp_path: Path, ring: Callable[[], KeyRing], clock: ManualClock
) -> None:
    keys = ring()
    old, new = str(keys.signing().kid), keys.rotate(3600)
    shutil.copytree(tmp_path / "keys", tmp_path / "kept")
    keys.forget()
    assert (keys.verifying(old), [key["kid"] for key in keys.jwks()["keys"]]) == (None, [new])
    elsewhere = KeyRing(tmp_path / "new" / "keys" / "tokens.pem", clock)
    for back in (keys, elsewhere):
        back.put_back(tmp_path / "kept")
        assert [key["kid"] for key in back.jwks()["keys"]] == [new, old]


@pytest.mark.parametrize("name", ["tokens.pem", "retired/1-a.pem", "retired/x-a.pem", "client.secret"])
def test_keys_that_cannot_be_read_are_told_before_they_are_put_anywhere(tmp_path: Path, planted: Path, name: str) -> None:
    folder = tmp_path / "kept"
    (folder / "retired").mkdir(parents=True)
    right = (planted / "keys" / "tokens.pem").read_bytes()
    for readable in ("tokens.pem", "retired/1-b.pem"):
        (folder / readable).write_bytes(right)
    signing_keys.check(folder)
    (folder / name).write_bytes(right if name.startswith("retired/x") else b"\xff no key")
    with pytest.raises(ValueError, match="its keys cannot be read"):
        signing_keys.check(folder)
