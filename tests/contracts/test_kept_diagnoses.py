"""What is wrong with documents is kept with a letter: one diagnosis for all who read it, on both databases, until the letter goes."""

from sqlalchemy import text

from mss_sim.app.simulator import Simulator
from mss_sim.documents.making.flaws import FLAWS
from tests.clients import DOCTOR, PRACTICE, Person, control
from tests.parcels import letter


async def test_it_is_made_once_told_to_all_and_goes_with_the_letter(world: Simulator) -> None:
    assert (await control(world, "PATCH", f"/mailboxes/{PRACTICE}", {"keeps_diagnoses": True})).status_code == 200
    raw = letter(steps=FLAWS["size-off-by-one"].steps)
    assert (await Person(world, "doctor").smtp(DOCTOR, PRACTICE, raw)).code == 250
    assert (await control(world, "POST", "/wait", {"kind": "settled", "timeout": 10.0})).json()["met"]
    asked = []
    for role in ("secretary", "doctor"):
        [item] = await Person(world, role).inbox(PRACTICE)
        answer = await Person(world, role).rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/diagnosis")
        asked.append(answer.json())
    assert asked[0] == asked[1]
    assert asked[0]["kept_at"] is not None
    assert asked[0]["findings"][0]["code"] == "xdm.size-mismatch"
    told = (await control(world, "GET", "/journal?act=message.diagnosed")).json()["items"]
    assert [(one["mailbox"], one["at"], one["detail"]) for one in told] == [
        (PRACTICE, asked[0]["kept_at"], {"worst": "error", "findings": len(asked[0]["findings"])})
    ]
    assert (await Person(world, "doctor").rest("DELETE", f"/mailboxes/{PRACTICE}/messages/{item['id']}")).status_code == 204
    for copy in (await Person(world, "doctor").get(f"/mailboxes/{DOCTOR}/messages"))["items"]:  # the sender's own
        assert (await Person(world, "doctor").rest("DELETE", f"/mailboxes/{DOCTOR}/messages/{copy['id']}")).status_code == 204
    assert await world.world.store.read(lambda conn: conn.execute(text("SELECT count(*) FROM diagnoses")).scalar_one()) == 0
