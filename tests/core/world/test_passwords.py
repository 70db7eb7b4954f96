"""Passwords: what is kept of them, and that an unknown login costs what a known one does."""

import asyncio
import time

import pytest

from mss_sim.core.world.passwords import Passwords


@pytest.fixture
def passwords() -> Passwords:
    return Passwords()


async def test_a_password_fits_what_was_kept_of_it_and_no_other_does(passwords: Passwords) -> None:
    kept = passwords.hash("cabinet-2026")
    assert kept.startswith("scrypt$")
    assert "cabinet" not in kept
    for _ in range(2):
        assert await passwords.check("cabinet-2026", kept)
        assert not await passwords.check("cabinet-2027", kept)
    assert not await passwords.check("", kept)


async def test_two_who_have_the_same_password_are_not_seen_to_have(passwords: Passwords) -> None:
    first, second = passwords.hash("x"), passwords.hash("x")
    assert first != second
    assert [await passwords.check("x", one) for one in (first, second)] == [True, True]


async def test_an_unknown_login_is_never_right_not_even_with_the_decoys_password(passwords: Passwords) -> None:
    for password in ("x", "", "no account has this password"):
        for _ in range(2):
            assert not await passwords.check(password, None)


async def test_a_password_that_was_right_once_is_right_at_no_cost_and_only_for_what_was_kept(passwords: Passwords) -> None:
    kept = passwords.hash("x")
    await passwords.check("x", kept)
    began = time.perf_counter()
    assert all([await passwords.check("x", kept) for _ in range(200)])
    assert time.perf_counter() - began < 0.5
    assert not await passwords.check("x", passwords.hash("y"))
    assert not await passwords.check("x", None)


async def test_an_unknown_login_costs_about_what_a_wrong_password_does(passwords: Passwords) -> None:
    kept, seconds = passwords.hash("x"), []
    for stored in (kept, None):
        began = time.perf_counter()
        await asyncio.gather(*(passwords.check(f"wrong{number}", stored) for number in range(20)))
        seconds.append(time.perf_counter() - began)
    assert min(seconds) > 0.02, "twenty are derived, whether there is such a login or not"


async def test_what_is_no_text_of_unicode_is_a_password_too(passwords: Passwords) -> None:
    kept = passwords.hash("\udcff")
    assert await passwords.check("\udcff", kept)
