"""Letters that go after so many days: whose, when, after which warning."""

from datetime import timedelta

from mss_sim.clock import DAY, Micros, iso
from mss_sim.core.mailbox import retention
from mss_sim.core.mailbox.messages import move
from mss_sim.core.mailbox.retention import Retention
from mss_sim.core.world.agenda import Fired
from mss_sim.errors import Rule
from mss_sim.ids import IdSource, instant_of, last_id_at
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

_MIDNIGHT = 16 * 3_600  # seconds from the beginning of a town's time, at eight


async def _nights(town: Town, waiting: Retention, days: int) -> list[Fired]:
    """Midnight after midnight."""
    fired = []
    for _ in range(days):
        town.clock.advance(timedelta(days=1))
        fired += await waiting.work()
    return fired


def _told(fired: list[Fired], began: Micros) -> list[tuple[int, str, str | None]]:
    return [((one.at - began) // DAY, one.kind.value, one.mailbox) for one in fired]


async def test_by_default_letters_stay(town: Town) -> None:
    waiting = Retention(town.world)
    await town.bring(HOSPITAL, PRACTICE)
    assert await waiting.next_at() is None
    town.clock.advance(timedelta(days=5_000))
    assert await waiting.work() == []
    assert await retention.get_days(town.world, await town.actor("doctor"), DOCTOR) is None


async def test_a_letter_goes_at_the_midnight_after_its_days_and_the_journal_says_so_before(open_town: OpenTown) -> None:
    async with open_town(retention_days=30) as town:
        waiting = Retention(town.world)
        assert await waiting.next_at() is None
        before = (await town.mailbox(PRACTICE)).used_bytes
        await town.bring(HOSPITAL, PRACTICE, "Un")
        await town.bring(HOSPITAL, PRACTICE, "Deux")
        (_, first) = await town.lying(PRACTICE)
        await move(town.world, await town.actor("doctor"), PRACTICE, first.copy.id, "Archive")
        town.clock.advance(timedelta(seconds=_MIDNIGHT))
        began = town.clock.now()
        assert await waiting.next_at() == began + 23 * DAY
        fired = await _nights(town, waiting, 29)
        assert _told(fired, began) == [(23, "mailbox.letters_expire", PRACTICE)]
        assert {one.who for one in fired} == {IDNATS["doctor"]}
        (line,) = [one.detail for one in await town.told(PRACTICE) if one.act.value == "mailbox.letters_expire"]
        assert line == {"letters": 2, "at": "2026-02-05T00:00:00Z"}
        assert len(await town.lying(PRACTICE, None)) == 2
        fired = await _nights(town, waiting, 2)
        assert _told(fired, began) == [(30, "message.expired", PRACTICE)] * 2
        assert (await town.lying(PRACTICE, None), (await town.mailbox(PRACTICE)).used_bytes) == ([], before)
        gone = [one.detail for one in await town.told(PRACTICE) if one.act.value == "message.expired"]
        assert {one["subject"] for one in gone if one} == {"Un", "Deux"}
        assert await waiting.next_at() is None


async def test_midnight_is_that_of_the_place(open_town: OpenTown) -> None:
    async with open_town(retention_days=100, local_time="Europe/Paris") as town:
        await town.bring(HOSPITAL, PRACTICE)
        fired = [
            one for one in await town.core.agenda.advance(by=120 * DAY) if one.kind.value in ("mailbox.letters_expire", "message.expired")
        ]
        assert [(iso(one.at), one.kind.value) for one in fired] == [
            ("2026-04-08T22:00:00Z", "mailbox.letters_expire"),
            ("2026-04-15T22:00:00Z", "message.expired"),
        ]
        (line,) = [one.detail for one in await town.told(PRACTICE) if one.act.value == "mailbox.letters_expire"]
        assert line == {"letters": 1, "at": "2026-04-15T22:00:00Z"}


async def test_a_mailbox_has_days_of_its_own_or_keeps_letters_for_good(open_town: OpenTown) -> None:
    async with open_town(retention_days=10, retention_warned_days=0) as town:
        waiting = Retention(town.world)
        await retention.put_days(town.world, PRACTICE, 20)
        await retention.put_days(town.world, DOCTOR, None)
        await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR, DOCTOR2])
        town.clock.advance(timedelta(seconds=_MIDNIGHT))
        began = town.clock.now()
        fired = await _nights(town, waiting, 25)
        assert _told(fired, began) == [
            (10, "message.expired", DOCTOR2),
            (10, "message.expired", HOSPITAL),
            (20, "message.expired", PRACTICE),
        ]
        assert len(await town.lying(DOCTOR)) == 1
        await retention.remove_days(town.world, DOCTOR)
        assert _told(await _nights(town, waiting, 1), began) == [(26, "message.expired", DOCTOR)]
        acts = [(line.act.value, line.detail) for line in await town.told(DOCTOR) if line.act.value == "mailbox.changed"]
        assert acts[-1] == ("mailbox.changed", {"before": {"retention_days": 10}, "after": {"retention_days": None}})


async def test_patients_keep_theirs_unless_they_have_a_number_of_their_own(open_town: OpenTown) -> None:
    async with open_town(retention_days=5) as town:
        await town.send("doctor", PRACTICE, PATIENT)
        waiting = Retention(town.world)
        await _nights(town, waiting, 10)
        assert len(await town.lying(PATIENT)) == 1
        assert await retention.get_days(town.world, None, PATIENT) is None
        await retention.put_days(town.world, PATIENT, 5)
        assert await retention.get_days(town.world, await town.actor("patient"), PATIENT) == 5
        await _nights(town, waiting, 1)
        assert await town.lying(PATIENT) == []
        with refused(Rule.NOT_FOUND):
            await retention.get_days(town.world, await town.actor("doctor"), PATIENT)


async def test_more_than_one_transaction_takes_go_and_are_told_once(open_town: OpenTown) -> None:
    async with open_town(retention_days=1, retention_warned_days=1) as town:
        waiting = Retention(town.world)
        await waiting.next_at()
        letters = [await town.written("doctor2", DOCTOR2, [PRACTICE], str(n)) for n in range(600)]
        await town.deliver(*letters)
        fired = await _nights(town, waiting, 3)
        gone = [one.id for one in fired if one.kind.value == "message.expired" and one.mailbox == PRACTICE]
        assert (len(gone), len(set(gone))) == (600, 600)
        assert await waiting.work() == []
        assert await town.lying(PRACTICE, None) == []


def test_ids_of_an_instant_are_parted_from_those_after_it() -> None:
    class _At:
        def __init__(self, at: Micros) -> None:
            self.at = at

        def now(self) -> Micros:
            return self.at

    at = 1_767_600_000_123_000
    assert IdSource(_At(at)).next() <= last_id_at(at) < IdSource(_At(at + 1_000)).next()
    assert instant_of(last_id_at(at)) == at
    assert last_id_at(0) == 0
