"""The promise of the watch list: through whatever door a letter left, a report came or a receipt was sent, it tells what timelines tell."""

import asyncio
from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.mail import mdn
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import HOSPITAL, PATIENT, PRACTICE, Person, control
from tests.contracts.doors import Door, ImapDoor, imap

_NOBODY = "personne@hopital-ormes.sim.mssante.fr"
_ASKING = {"Disposition-Notification-To": PRACTICE}


async def _listed(world: Simulator, **filters: Any) -> list[tuple[str, str]]:
    found = (await Person(world, "secretary").get(f"/mailboxes/{PRACTICE}/watch-list", after_days=0, **filters))["items"]
    return sorted((one["address"], one["reason"]) for one in found)


async def _open(door: Door, world: Simulator) -> None:
    """The patient opens what came, through this door."""
    if isinstance(door, ImapDoor):
        await asyncio.to_thread(_fetch, Person(world, "patient"))
    else:
        (item,) = await door.folder("patient", PATIENT)
        await door.raw("patient", PATIENT, item["email_id"])


def _fetch(person: Person) -> None:
    with imap(person, PATIENT) as client:
        client.select("INBOX")
        assert client.fetch("1", "(BODY[])")[0] == "OK"


async def test_whoever_did_not_get_or_open_a_letter_is_listed_and_an_opening_ends_it(door: Door, world: Simulator) -> None:
    assert (await door.send("doctor", PRACTICE, [PATIENT, HOSPITAL, _NOBODY], headers=_ASKING)).accepted
    await world.core.queue.work()
    assert await _listed(world) == [(PATIENT, "not_opened"), (HOSPITAL, "not_opened"), (_NOBODY, "not_delivered")]
    await _open(door, world)  # the receipt leaves by itself
    assert await _listed(world) == [(HOSPITAL, "not_opened"), (_NOBODY, "not_delivered")]
    (read,) = await Person(world, "hospital").inbox(HOSPITAL)
    receipt = mdn.Receipt(HOSPITAL, "", ("", PRACTICE), read["message_id"], "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    raw = mdn.compose(receipt, reporting_ua="lps", message_id="<lu@lps.test>", at=world.world.clock.now(), language=Language.FR)
    assert (await Person(world, "hospital").smtp("", PRACTICE, raw)).code == 250  # its program makes the receipt itself
    await world.core.queue.work()
    assert await _listed(world) == [(_NOBODY, "not_delivered")]
    assert await _listed(world, done=True) == []


async def test_a_letter_that_asks_for_nothing_is_listed_while_it_is_delayed(door: Door, world: Simulator) -> None:
    assert (await control(world, "PUT", "/clock", {"mode": "frozen"})).status_code == 200
    assert (await control(world, "PATCH", f"/mailboxes/{HOSPITAL}", {"state": "suspended"})).status_code == 200
    assert (await door.send("doctor", PRACTICE, [HOSPITAL])).accepted
    await world.core.queue.work()
    assert await _listed(world) == []
    assert (await control(world, "POST", "/clock/advance", {"by": "PT5H"})).status_code == 200
    assert await _listed(world) == [(HOSPITAL, "delayed")]
    assert (await control(world, "PATCH", f"/mailboxes/{HOSPITAL}", {"state": "active"})).status_code == 200
    assert (await control(world, "POST", "/clock/advance", {"by": "PT2H"})).status_code == 200
    assert await _listed(world) == []


async def test_the_daily_letter_comes_once_a_day_and_lies_where_every_door_finds_it(door: Door, world: Simulator) -> None:
    assert (await control(world, "PUT", "/clock", {"mode": "frozen"})).status_code == 200
    await door.send("doctor", PRACTICE, [_NOBODY])
    await world.core.queue.work()
    switched = await Person(world, "doctor").rest("PUT", f"/mailboxes/{PRACTICE}/watch-list/digest", {"enabled": True})
    assert switched.status_code == 200
    moved = await control(world, "POST", "/clock/advance", {"by": "P3D"})
    fired = [row["at"] for row in moved.json()["fired"] if row["kind"] == "watch_list.digest"]
    assert len({at[:10] for at in fired}) == len(fired) == 3
    found = [item for item in await door.folder("secretary", PRACTICE) if item["subject"].startswith("Watch list")]
    assert len(found) == 3
    assert f"{_NOBODY}: not delivered" in await door.raw("secretary", PRACTICE, found[0]["email_id"])


async def test_a_note_about_paper_is_one_for_all_and_survives_what_happens_next(door: Door, world: Simulator) -> None:
    await door.send("doctor", PRACTICE, [PATIENT], headers=_ASKING)
    secretary, path = Person(world, "secretary"), f"/mailboxes/{PRACTICE}/watch-list"
    await world.core.queue.work()
    (entry,) = (await secretary.get(path, after_days=0))["items"]
    first = await secretary.rest("POST", f"{path}/{entry['id']}/paper", {"note": "parti"})
    again = await Person(world, "doctor").rest("POST", f"{path}/{entry['id']}/paper")
    assert first.json() == again.json()
    assert await _listed(world) == []
    assert await _listed(world, done=True) == [(PATIENT, "not_opened")]
    await _open(door, world)
    assert await _listed(world, done=True) == []
