"""Out-of-office answers that begin and end, as the agenda tells them."""

from mss_sim.clock import DAY, HOUR
from mss_sim.core.mailflow import out_of_office
from mss_sim.core.mailflow.absence_turns import Absences
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from tests.clients import DOCTOR, PRACTICE
from tests.core.towns import IDNATS, Town


async def test_a_clock_that_is_advanced_tells_when_an_answer_begins_and_ends(town: Town) -> None:
    doctor, now = await town.actor("doctor"), town.clock.now()
    wanted = WantedAnswer("Fermé.", from_at=now + DAY, until_at=now + 3 * DAY)
    for address in (PRACTICE, DOCTOR):
        await out_of_office.put(town.world, doctor, address, wanted)
    fired = [one for one in await town.core.agenda.advance(by=7 * DAY) if one.kind.value.startswith("out_of_office.")]
    boxes = sorted([((await town.mailbox(address)).id, address) for address in (PRACTICE, DOCTOR)])
    assert [(one.at - now, one.kind.value, (one.id, one.mailbox), one.who) for one in fired] == [
        (instant, kind, box, IDNATS["doctor"])
        for instant, kind in ((DAY, "out_of_office.began"), (3 * DAY, "out_of_office.ended"))
        for box in boxes
    ]


async def test_an_answer_that_is_given_at_once_and_for_good_turns_never(town: Town) -> None:
    absences = Absences(town.world)
    assert await absences.next_at() is None
    await out_of_office.put(town.world, await town.actor("doctor"), PRACTICE, WantedAnswer("Fermé."))
    assert (await absences.next_at(), await absences.work()) == (None, [])


async def test_one_that_is_taken_away_before_its_time_is_not_told(town: Town) -> None:
    absences, doctor = Absences(town.world), await town.actor("doctor")
    await out_of_office.put(town.world, doctor, PRACTICE, WantedAnswer("Fermé.", until_at=town.clock.now() + HOUR))
    assert await absences.next_at() == town.clock.now() + HOUR
    await out_of_office.remove(town.world, doctor, PRACTICE)
    assert await absences.next_at() is None
