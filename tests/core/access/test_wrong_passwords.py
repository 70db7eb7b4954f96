"""Wrong passwords over HTTP: what counts, for whom, and when it is forgotten."""

import asyncio

import pytest

from mss_sim.config.settings import Settings
from mss_sim.core.access.wrong_passwords import WrongPasswords
from mss_sim.errors import Refusal, RetryLater, Rule
from mss_sim.words.sentence import quoted

PAUSE = 0.9


@pytest.fixture
def wrong() -> WrongPasswords:
    return WrongPasswords(Settings(wrong_passwords_max=2, wrong_passwords_pause_seconds=PAUSE))


async def _judge(rule: Rule | None) -> None:
    await asyncio.sleep(0.001)  # as long as a password takes: others come meanwhile
    if rule is not None:
        raise Refusal(rule, quoted("no"))


async def _try(wrong: WrongPasswords, client: str = "a", login: str = "camille", *, rule: Rule | None = Rule.AUTHENTICATION_FAILED) -> str:
    """One try; what became of it."""
    try:
        async with wrong.turn(client, login):
            await _judge(rule)
    except RetryLater as later:
        return f"in {later.seconds} s"
    except Refusal as refusal:
        return refusal.rule.value
    return "in"


async def test_after_the_most_that_are_taken_even_the_right_one_waits(wrong: WrongPasswords) -> None:
    assert [await _try(wrong) for _ in range(2)] == ["authentication-failed"] * 2
    assert await _try(wrong, rule=None) == "in 1 s"
    await asyncio.sleep(PAUSE)
    assert await _try(wrong, rule=None) == "in"


async def test_who_has_to_wait_is_told_how_often_and_how_long_and_by_which_choice_of_ours(wrong: WrongPasswords) -> None:
    for _ in range(2):
        await _try(wrong)
    with pytest.raises(RetryLater) as caught:
        async with wrong.turn("a", "camille"):
            pass
    assert (caught.value.rule, caught.value.seconds, caught.value.reference) == (Rule.TOO_MANY_PASSWORDS, 1, "quirks#http-wrong-passwords")
    assert caught.value.detail == "Wrong passwords for this login from your address: 2. Try again in 1 s, with the right one."


async def test_a_right_password_clears_the_count(wrong: WrongPasswords) -> None:
    said = [await _try(wrong, rule=rule) for rule in (Rule.AUTHENTICATION_FAILED, None, Rule.AUTHENTICATION_FAILED, None)]
    assert said == ["authentication-failed", "in", "authentication-failed", "in"]


async def test_another_client_and_another_login_are_not_slowed(wrong: WrongPasswords) -> None:
    for _ in range(2):
        await _try(wrong)
    assert await _try(wrong, client="b", rule=None) == "in"
    assert await _try(wrong, login="hugo", rule=None) == "in"
    assert await _try(wrong, rule=None) == "in 1 s"


@pytest.mark.parametrize("again", ["tilleuls@cabinet.sim.mssante.fr*camille", "CAMILLE", "x*Camille"])
async def test_the_mailbox_that_somebody_acts_for_and_the_case_make_no_other_login(wrong: WrongPasswords, again: str) -> None:
    for _ in range(2):
        await _try(wrong)
    assert await _try(wrong, login=again, rule=None) == "in 1 s"


async def test_a_refusal_that_is_not_about_the_password_does_not_count(wrong: WrongPasswords) -> None:
    assert [await _try(wrong, rule=Rule.NOT_FOUND) for _ in range(5)] == ["not-found"] * 5
    assert await _try(wrong, rule=None) == "in"


async def test_tries_at_once_are_judged_one_after_the_other(wrong: WrongPasswords) -> None:
    said = await asyncio.gather(*(_try(wrong) for _ in range(5)))
    assert said == ["authentication-failed"] * 2 + ["in 1 s"] * 3


async def test_wrong_ones_that_lie_far_apart_are_not_added_up(wrong: WrongPasswords) -> None:
    assert await _try(wrong) == "authentication-failed"
    await asyncio.sleep(PAUSE * 1.1)
    assert await _try(wrong) == "authentication-failed"
    assert await _try(wrong, rule=None) == "in"


async def test_each_wrong_one_makes_its_sender_wait_longer_and_never_more_than_a_second() -> None:
    slow = WrongPasswords(Settings(wrong_passwords_max=100, wrong_passwords_pause_seconds=30))
    loop, waits = asyncio.get_running_loop(), []
    for _ in range(3):
        began = loop.time()
        await _try(slow)
        waits.append(loop.time() - began)
    assert waits == sorted(waits)
    assert [wait >= 0.03 * 2**number for number, wait in enumerate(waits, 1)] == [True] * 3
    for _ in range(3):
        began = loop.time()
        await _try(slow)
    assert loop.time() - began < 1.3
