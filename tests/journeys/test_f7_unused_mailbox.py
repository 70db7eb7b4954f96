"""A mailbox that nobody uses for two months leaves the public directory, works on, and comes back on use (field demand F7)."""

from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.annuaire import Annuaire
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, ImapClient, Person, control
from tests.conftest import StartSimulator
from tests.scene import PASSWORD


async def _clock(simulator: Simulator, method: str = "GET", path: str = "", **body: Any) -> dict[str, Any]:
    answer = await control(simulator, method, f"/clock{path}", body or None)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _red_listed(simulator: Simulator, address: str) -> bool:
    return bool((await control(simulator, "GET", f"/mailboxes/{address}")).json()["red_listed"])


async def _published(simulator: Simulator, address: str) -> bool:
    """Whether both ways to search find it: software by FHIR, people by words."""
    by_fhir = await Annuaire(simulator).found(f"Practitioner?mailbox-mss:exact={address}")
    by_words = await Person(simulator, "hospital").get("/directory/suggestions", q="martin")
    found = {bool(by_fhir), address in [one["address"] for one in by_words]}
    assert len(found) == 1, "they tell the same"
    return found.pop()


def _of(moved: dict[str, Any], address: str) -> list[tuple[str, str]]:
    return [(row["kind"], row["at"]) for row in moved["fired"] if row["mailbox"] == address and row["kind"].startswith("mailbox.")]


@pytest.mark.parametrize("way", ["imap", "rest", "smtp"])
async def test_a_mailbox_that_nobody_uses_leaves_the_directory_and_comes_back_on_use(start: StartSimulator, way: str) -> None:
    async with start(clock=ManualClock()) as simulator:
        doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
        await _clock(simulator, "PUT", mode="frozen", at="2026-01-06T08:00:00Z")
        await doctor.inbox(PRACTICE)
        moved = await _clock(simulator, "POST", "/advance", by="P55D")
        assert _of(moved, PRACTICE) == [("mailbox.unused", "2026-02-25T08:00:00Z")]
        assert _of(moved, PATIENT) == []
        assert (await _red_listed(simulator, PRACTICE), await _published(simulator, PRACTICE)) == (False, True)
        moved = await _clock(simulator, "POST", "/advance", by="P30D")
        assert _of(moved, PRACTICE) == [("mailbox.red_listed", "2026-03-07T08:00:00Z")]
        assert (await _red_listed(simulator, PRACTICE), await _published(simulator, PRACTICE)) == (True, False)

        assert (await hospital.send(HOSPITAL, to=[PRACTICE])).status_code == 201, "it works on"
        await simulator.core.queue.work()
        await _clock(simulator)
        assert await _red_listed(simulator, PRACTICE), "a letter that arrives is no use"

        if way == "imap":
            client = await ImapClient.open(simulator, f"{PRACTICE}*camille.martin", PASSWORD)
            await client.close()
        elif way == "rest":
            await doctor.inbox(PRACTICE)
        else:
            assert (await doctor.send(PRACTICE, to=[DOCTOR])).status_code == 201
        await _clock(simulator)
        assert (await _red_listed(simulator, PRACTICE), await _published(simulator, PRACTICE)) == (False, True)

        letters = [(item["subject"], item["received_at"]) for item in await doctor.inbox(PRACTICE)]
        assert letters[1:] == [(f"The mailbox {PRACTICE} is not used", "2026-02-25T08:00:00Z")]
        told = {line["act"]: line["at"] for line in (await doctor.get(f"/mailboxes/{PRACTICE}/journal", limit=100))["items"]}
        assert (told["mailbox.unused"], told["mailbox.red_listed"]) == ("2026-02-25T08:00:00Z", "2026-03-07T08:00:00Z")
        assert told["mailbox.published"] == "2026-04-01T08:00:00Z"
        moved = await _clock(simulator, "POST", "/advance", by="P55D")
        assert _of(moved, PRACTICE) == [("mailbox.unused", "2026-05-21T08:00:00Z")], "fifty days from its last use on"


async def test_without_anybody_who_moves_the_clock_it_happens_by_itself(start: StartSimulator) -> None:
    async with start(red_list_warned_days=1, red_list_days=2) as simulator:
        await _clock(simulator, "PUT", mode="paced", rate=1_000_000)
        while not await _red_listed(simulator, PRACTICE):
            pass
        await _clock(simulator, "PUT", mode="frozen")
        await Person(simulator, "doctor").inbox(PRACTICE)
        while await _red_listed(simulator, PRACTICE):
            pass


async def test_it_is_kept_over_a_restart_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database, clock=ManualClock()) as simulator:
        await _clock(simulator, "PUT", mode="frozen", at="2026-01-06T08:00:00Z")
        await Person(simulator, "doctor").inbox(PRACTICE)
        await _clock(simulator, "POST", "/advance", by="P52D")
    async with start(database_url=database, clock=ManualClock()) as simulator:
        moved = await _clock(simulator, "POST", "/advance", by="P10D")
        assert _of(moved, PRACTICE) == [("mailbox.red_listed", "2026-03-07T08:00:00Z")], "it was warned before"


async def test_a_clock_that_is_set_to_another_date_leaves_no_mailbox_unused_and_time_that_passes_does(simulator: Simulator) -> None:
    """Whoever begins a test in 2040 finds its mailboxes as they are."""
    assert await _unused(simulator, "PUT", "", mode="frozen", at="2040-01-01T00:00:00Z") == set()
    assert await _unused(simulator, "POST", "/advance", by="P49D") == set()
    assert await _unused(simulator, "POST", "/advance", by="P2D") == {"mailbox.unused"}


async def _unused(simulator: Simulator, method: str, path: str, **wanted: object) -> set[str]:
    fired = (await _clock(simulator, method, path, **wanted))["fired"]
    return {row["kind"] for row in fired if row["kind"].startswith("mailbox.")}
