"""Letters in charge over REST: what is told, what is chosen page by page, and what is bad input."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.arriving import wait_for_arrivals
from tests.clients import HOSPITAL, PATIENT, PRACTICE, Person, control
from tests.conftest import StartSimulator

_HOSTILE = "<script>alert(1)</script>\n{{ 7*7 }} %(x)s '; DROP TABLE charges; -- \u202egnp.exe \U0001f4a9"


@pytest.fixture(autouse=True)
def arriving(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at has arrived."""
    wait_for_arrivals(monkeypatch)


@pytest.fixture
async def world(start: StartSimulator, database: str | None) -> AsyncIterator[Simulator]:
    """A simulator on the database of the moment."""
    async with start(database_url=database) as running:
        yield running


async def _letters(world: Simulator, count: int = 1) -> list[dict[str, Any]]:
    """So many letters in the practice's INBOX, the newest first."""
    for number in range(count):
        sent = await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject=f"n° {number}")
        assert sent.status_code == 201, sent.text
    return await Person(world, "secretary").inbox(PRACTICE)


async def _do(world: Simulator, role: str, letter: dict[str, Any], **body: Any) -> httpx.Response:
    return await Person(world, role).rest("POST", f"/mailboxes/{PRACTICE}/messages/{letter['id']}/charge", json=body)


async def test_who_has_it_since_when_and_every_note_is_told_by_all_that_show_the_letter(world: Simulator) -> None:
    [letter] = await _letters(world)
    assert letter["charge"] is None
    path = f"/mailboxes/{PRACTICE}/messages/{letter['id']}"
    assert await Person(world, "doctor").get(f"{path}/charge") == {"state": "open", "who": None, "since": None, "notes": []}
    done = (await _do(world, "secretary", letter, deed="take", note=_HOSTILE)).json()
    sophie = {"idnat": Person(world, "secretary").idnat, "name": "Sophie PETIT"}
    assert (done["state"], done["who"], done["since"]) == ("in_charge", sophie, done["notes"][0]["at"])
    assert [(note["by"], note["text"]) for note in done["notes"]] == [(sophie, _HOSTILE)]
    doctor = Person(world, "doctor")
    assert await doctor.get(f"{path}/charge") == done
    for shown in ((await doctor.inbox(PRACTICE))[0], await doctor.get(path)):
        assert (shown["charge"], shown["keywords"]) == ({**done, "notes": 1}, ["InCharge"])
    thread = await doctor.get(f"/mailboxes/{PRACTICE}/conversations/{letter['conversation_id']}")
    assert thread["messages"][0]["charge"] == {**done, "notes": 1}
    moved = (await doctor.rest("POST", f"{path}/move", json={"folder": "Archive"})).json()
    assert (moved["folder"], moved["charge"]) == ("Archive", {**done, "notes": 1})
    assert [one["name"] for one in await doctor.get(f"/mailboxes/{PRACTICE}/colleagues")] == [
        "Dr Camille MARTIN",
        "Dr Hugo BERNARD",
        "Sophie PETIT",
    ]


async def test_who_comes_second_reads_who_has_it_and_a_patch_of_keywords_is_no_way_round(world: Simulator) -> None:
    [letter] = await _letters(world)
    assert (await _do(world, "doctor", letter, deed="take")).status_code == 200
    refused = await _do(world, "secretary", letter, deed="take")
    body = refused.json()
    assert (refused.status_code, body["code"], body["subject"]) == (409, "in-charge-of-another", Person(world, "doctor").idnat)
    assert body["reference"] == "quirks#in-charge"
    assert body["detail"].startswith("Dr Camille MARTIN has this letter in charge")
    path = f"/mailboxes/{PRACTICE}/messages/{letter['id']}"
    for change in ({"add": ["incharge"]}, {"add": ["Handled"]}, {"remove": ["InCharge"]}):
        answer = await Person(world, "secretary").rest("PATCH", path, json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "in-charge-of-another"), change
    assert (await Person(world, "secretary").rest("PATCH", path, json={"add": ["urgent"]})).json()["keywords"] == ["InCharge", "urgent"]


async def test_a_list_is_chosen_by_it_page_by_page(world: Simulator) -> None:
    letters = await _letters(world, 7)
    for letter in letters[::2]:
        assert (await _do(world, "secretary", letter, deed="take")).status_code == 200
    assert (await _do(world, "secretary", letters[0], deed="done")).status_code == 200
    secretary, path = Person(world, "secretary"), f"/mailboxes/{PRACTICE}/messages"

    async def chosen(**filters: Any) -> list[str]:
        found, cursor = list[str](), None
        while True:
            page = await secretary.get(path, limit=2, **filters, **({"cursor": cursor} if cursor else {}))
            found += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    ids = [letter["id"] for letter in letters]
    for folder in ({}, {"folder": "INBOX"}):
        assert await chosen(charge="mine", **folder) == ids[2::2]
        assert await chosen(charge="in_charge", unread=True, **folder) == ids[2::2]
        assert await chosen(charge="nobody", **folder) == ids[1::2]
        assert await chosen(charge="done", subject="n°", **folder) == ids[:1]
    assert await Person(world, "doctor").inbox(PRACTICE, charge="mine") == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, None),
        ({"deed": "explode"}, 422, None),
        ({"deed": None}, 422, None),
        ({"deed": "take", "who": "x"}, 422, None),
        ({"deed": "note"}, 422, "invalid-request"),
        ({"deed": "note", "note": " \n "}, 422, "invalid-request"),
        ({"deed": "note", "note": "a\x00b"}, 422, None),
        ({"deed": "note", "note": "é" * 1_001}, 422, "limit-reached"),
        ({"deed": "take", "note": "é" * 10_001}, 422, None),
        ({"deed": "take", "note": ["x"]}, 422, None),
        ({"deed": "assign"}, 422, "invalid-request"),
        ({"deed": "assign", "to": "personne"}, 422, "invalid-request"),
        ({"deed": "assign", "to": "\u202e"}, 422, "invalid-request"),
        ({"deed": "assign", "to": "x" * 321}, 422, None),
    ],
    ids=repr,
)
async def test_bad_input_is_a_clear_refusal_and_does_nothing(simulator: Simulator, body: Any, status: int, code: str | None) -> None:
    [letter] = await _letters(simulator)
    answer = await _do(simulator, "secretary", letter, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code or "invalid-request"), answer.text
    assert (await Person(simulator, "secretary").inbox(PRACTICE))[0] == letter


async def test_filters_and_ids_that_are_none_are_refused(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    path = f"/mailboxes/{PRACTICE}/messages"
    for asked, status in ((f"{path}?charge=theirs", 422), (f"{path}/nothing/charge", 404), (f"{path}/0am6c38w5xc01/charge", 404)):
        assert (await secretary.rest("GET", asked)).status_code == status, asked
    patient = Person(simulator, "patient")
    assert (await patient.rest("GET", f"/mailboxes/{PATIENT}/colleagues")).json()["code"] == "invalid-request"


async def test_what_a_snapshot_keeps_stands_again_when_it_is_restored(simulator: Simulator) -> None:
    [letter] = await _letters(simulator)
    assert (await _do(simulator, "secretary", letter, deed="take", note="Je m'en occupe.")).status_code == 200
    taken = await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/messages/{letter['id']}/charge")
    assert (await control(simulator, "POST", "/snapshots", {"name": "pris"})).status_code == 201
    assert (await _do(simulator, "secretary", letter, deed="done", note="Fait.")).status_code == 200
    assert (await control(simulator, "POST", "/snapshots/pris/restore")).status_code == 204
    assert await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/messages/{letter['id']}/charge") == taken
