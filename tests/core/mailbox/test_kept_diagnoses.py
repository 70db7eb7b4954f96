"""Diagnoses that are kept with letters: where a mailbox says so, after the acceptance, once for everybody, and as long as the letter."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mss_sim.clock import DAY
from mss_sim.config.settings import Settings
from mss_sim.core.mailbox import mailboxes, messages, retention
from mss_sim.core.mailbox.diagnosis import Diagnoses
from mss_sim.core.mailbox.kept_diagnoses import KeptDiagnoses, ToldDiagnosis
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.store import diagnoses
from mss_sim.store import messages as rows
from mss_sim.vocabulary.language import Language
from tests.clients import DOCTOR, PRACTICE
from tests.core.towns import Town
from tests.parcels import codes, letter


async def _come(town: Town, flaw: str | None = "hash-wrong") -> int:
    """A letter with documents comes into the practice; its id as a message."""
    return (await town.bring("camille@elsewhere.mssante.fr", PRACTICE, raw=letter(steps=FLAWS[flaw].steps) if flaw else None)).message_id


async def _asked(town: Town, who: str = "secretary", mailbox: str = PRACTICE) -> ToldDiagnosis:
    [item, *_] = await town.lying(mailbox)
    return await town.core.kept_diagnoses.of_opened(await messages.open_message(town.world, await town.actor(who), mailbox, item.copy.id))


async def _kept(town: Town, message_id: int) -> bool:
    return await town.world.store.read(diagnoses.of_message, message_id) is not None


async def _rested(town: Town) -> bool | None:
    """Wait until nothing is being diagnosed any more; whoever waits is woken by its end."""

    async def look() -> bool | None:
        return None if town.core.kept_diagnoses.busy else True

    return await town.core.waits.until(look, 20)


async def test_a_letter_is_accepted_first_and_diagnosed_afterwards(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    came = await _come(town)
    assert (await _kept(town, came), town.core.kept_diagnoses.busy) == (False, True)
    await town.core.kept_diagnoses.work()
    assert (await _kept(town, came), town.core.kept_diagnoses.busy) == (True, False)
    [line, *_] = await town.told(PRACTICE)
    assert (line.act.value, line.message_id, line.detail) == ("message.diagnosed", came, {"worst": "error", "findings": 2})


async def test_whoever_waits_for_its_end_is_told(town: Town) -> None:
    rested: list[bool] = []
    kept = KeptDiagnoses(town.world, Diagnoses(town.world), lambda: rested.append(kept.busy))
    kept.note(await _come(town))
    await town.change(PRACTICE, keeps_diagnoses=True)
    assert (kept.busy, rested) == (True, [])
    await kept.work()
    assert rested == [False]


async def test_it_is_done_beside_what_else_happens(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    running = asyncio.create_task(town.core.kept_diagnoses.run())
    for flaw in ("hash-wrong", "two-patients"):  # of which the second comes when all was at rest
        came = await _come(town, flaw)
        assert await _rested(town)
        assert await _kept(town, came)
    running.cancel()
    assert not town.core.kept_diagnoses.busy


async def test_everybody_reads_the_same_one_whatever_was_set_since(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    at, came = town.clock.now(), await _come(town)
    await town.core.kept_diagnoses.work()
    town.clock.advance(timedelta(hours=1))
    world = replace(town.world, settings=Settings(documents_findings_max=1))  # what is found anew is another
    town.core = replace(town.core, kept_diagnoses=KeptDiagnoses(world, Diagnoses(world), lambda: None))
    for who in ("secretary", "doctor"):
        told = await _asked(town, who)
        assert (told.kept_at, codes(told.diagnosis)) == (at, ["xdm.hash-mismatch", "ins.test-root"])
    assert (await town.core.kept_diagnoses.of_letter(came, b"")).kept_at == at
    await town.change(PRACTICE, keeps_diagnoses=False)
    told = await _asked(town)
    assert (told.kept_at, codes(told.diagnosis)) == (None, ["ins.test-root"])


async def test_what_was_not_come_to_is_kept_when_somebody_asks_and_told_once(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    came = await _come(town)
    town.core.kept_diagnoses.forget()  # the process ends between the acceptance and the diagnosis
    assert (await town.core.kept_diagnoses.of_letter(came, letter())).kept_at is None
    assert not await _kept(town, came), "whoever drives the simulator changes nothing"
    both = await asyncio.gather(_asked(town), _asked(town, "doctor"))
    assert [told.kept_at for told in both] == [town.clock.now()] * 2
    town.core.kept_diagnoses.note(came)
    again = await _come(town)
    await town.core.kept_diagnoses.work()
    told = [line.message_id for line in await town.told(PRACTICE) if line.act.value == "message.diagnosed"]
    assert told == [again, came]


async def test_what_is_not_committed_yet_is_not_looked_for(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    came = await _come(town)
    town.core.kept_diagnoses.forget()
    await town.core.kept_diagnoses.work()
    town.core.kept_diagnoses.note(came)
    await town.core.kept_diagnoses.work()
    assert (await _kept(town, came), town.core.kept_diagnoses.busy) == (False, False)
    await town.change(PRACTICE, description="Une autre transaction")
    assert town.core.kept_diagnoses.busy
    await town.core.kept_diagnoses.work()
    assert await _kept(town, came)


async def test_what_another_process_announces_too_early_is_looked_for_once_more(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    kept, later = town.core.kept_diagnoses, town.world.ids.next()
    kept.note(later)
    for waits in (True, True, False):  # after the second time it is taken for gone
        await town.change(PRACTICE, description=f"{waits}")
        assert kept.busy is waits
        await kept.work()


async def test_all_of_many_letters_at_once_are_diagnosed(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    running = asyncio.create_task(town.core.kept_diagnoses.run())
    came = await asyncio.gather(*(_come(town) for _ in range(12)))
    assert await _rested(town)
    running.cancel()
    assert [await _kept(town, one) for one in came] == [True] * 12


@pytest.mark.parametrize(("keeps", "flaw"), [(False, "hash-wrong"), (True, None)], ids=["a mailbox that keeps none", "no document"])
async def test_nothing_is_kept(town: Town, *, keeps: bool, flaw: str | None) -> None:
    await town.change(PRACTICE, keeps_diagnoses=keeps)
    came = await _come(town, flaw)
    assert not town.core.kept_diagnoses.busy
    assert (await _asked(town)).kept_at is None
    assert not await _kept(town, came)


async def test_another_mailbox_of_the_same_letter_is_told_nothing_of_it(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    await town.bring("camille@elsewhere.mssante.fr", [PRACTICE, DOCTOR], raw=letter())
    await town.core.kept_diagnoses.work()
    assert (await _asked(town)).kept_at is not None
    assert (await _asked(town, "doctor", DOCTOR)).kept_at is None
    assert "message.diagnosed" not in await town.acts(DOCTOR)


@pytest.mark.parametrize("way", ["deleted", "expired", "mailbox removed", "while it was looked at"])
async def test_it_goes_with_its_letter(town: Town, way: str) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    came = await _come(town)
    if way != "while it was looked at":
        await town.core.kept_diagnoses.work()
        assert await _kept(town, came)
    [item, *_] = await town.lying(PRACTICE)
    if way == "expired":
        await retention.put_days(town.world, PRACTICE, 1)
        await town.core.agenda.advance(by=3 * DAY)
    elif way == "mailbox removed":
        await mailboxes.remove_mailbox(town.world, PRACTICE)
    else:
        await messages.delete(town.world, await town.actor("doctor"), PRACTICE, item.copy.id)
    await town.core.kept_diagnoses.work()
    assert not await _kept(town, came)
    assert await town.world.store.read(rows.raw, came) == b""


async def test_one_that_fails_keeps_no_other_from_being_made(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    first, second = await _come(town), await _come(town)
    raw = rows.raw

    def read(conn: object, message_id: int) -> bytes:
        if message_id == first:
            raise OSError("the disk is gone")
        return raw(conn, message_id)  # type: ignore[arg-type]

    monkeypatch.setattr("mss_sim.core.mailbox.kept_diagnoses.messages.raw", read)
    await town.core.kept_diagnoses.work()
    assert (await _kept(town, first), await _kept(town, second)) == (False, True)


async def test_what_is_kept_is_told_in_either_language(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    await _come(town, "no-readme")
    kept = (await _asked(town)).diagnosis
    assert kept.findings[0].kind.detail.in_language(Language.FR) == "L’archive n’a pas de README.TXT à sa racine."
