"""F6: a professional says in one place which address is preferred; search and suggestions show it first, and letters go there."""

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, control


async def _order(simulator: Simulator) -> tuple[list[tuple[str, bool]], list[str]]:
    """The addresses of the doctor as a colleague finds them, each with whether it is preferred; and as they are suggested."""
    hospital = Person(simulator, "hospital")
    (found,) = (await hospital.get("/directory", q="camille martin"))["items"]
    suggested = [one["address"] for one in await hospital.get("/directory/suggestions", q="camille mart")]
    return [(one["address"], one["preferred"]) for one in found["mailboxes"]], suggested


async def test_the_preferred_address_comes_first_wherever_somebody_looks(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    assert await _order(simulator) == ([(DOCTOR, True), (PRACTICE, False)], [DOCTOR, PRACTICE])
    for address, rank in ((DOCTOR, 2), (PRACTICE, 1)):
        assert (await doctor.rest("PATCH", f"/mailboxes/{address}", json={"preferred_rank": rank})).status_code == 200
    assert await _order(simulator) == ([(PRACTICE, True), (DOCTOR, False)], [PRACTICE, DOCTOR])
    first = (await Person(simulator, "hospital").get("/directory/suggestions", q="martin", limit=1))[0]["address"]
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[first])).status_code == 201
    assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 20})).json()["met"]
    assert len(await doctor.inbox(PRACTICE)) == 1


async def test_a_preferred_address_that_is_hidden_leaves_its_place_to_the_next(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    assert (await doctor.rest("PATCH", f"/mailboxes/{DOCTOR}", json={"red_listed": True})).status_code == 200
    assert await _order(simulator) == ([(PRACTICE, False)], [PRACTICE])
    assert (await doctor.rest("PATCH", f"/mailboxes/{DOCTOR}", json={"red_listed": False})).status_code == 200
    assert (await _order(simulator))[1] == [DOCTOR, PRACTICE]
