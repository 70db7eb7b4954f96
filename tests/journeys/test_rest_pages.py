"""A page that was shown before shows every change since, and to each person what that person may know."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, PRACTICE, Person, control

Change = Callable[[Person, str], Awaitable[Any]]
_PATH = f"/mailboxes/{PRACTICE}"


def _patched(**flags: list[str]) -> Change:
    return lambda doctor, number: doctor.rest("PATCH", f"{_PATH}/messages/{number}", json=flags)


def _moved(folder: str) -> Change:
    return lambda doctor, number: doctor.rest("POST", f"{_PATH}/messages/{number}/move", json={"folder": folder})


async def _renamed(doctor: Person, _number: str) -> None:
    archive = next(one for one in await doctor.get(f"{_PATH}/folders") if one["name"] == "Dossier")
    assert (await doctor.rest("PATCH", f"{_PATH}/folders/{archive['id']}", json={"name": "Affaire"})).status_code == 200


async def _reader_renamed(doctor: Person, _number: str) -> None:
    answer = await control(doctor.simulator, "PATCH", f"/identities/{doctor.idnat}", json={"family_name": "DURAND"})
    assert answer.status_code == 200, answer.text


_CHANGES: list[Change] = [
    _patched(add=["\\Flagged", "urgent"]),
    _patched(remove=["urgent"]),
    _patched(add=["\\Seen"]),
    _moved("Archive"),
    _moved("INBOX"),
    _moved("Dossier"),
    _renamed,
    _reader_renamed,
    lambda doctor, _number: doctor.send(DOCTOR, to=[PRACTICE], subject="Encore", text="x"),
    lambda doctor, number: doctor.rest("DELETE", f"{_PATH}/messages/{number}"),
]


@pytest.mark.parametrize("limit", [2, 50])
async def test_a_page_shows_each_message_as_it_is_now(simulator: Simulator, limit: int) -> None:
    doctor = Person(simulator, "doctor")
    for subject in ("Un", "Deux", "Trois"):
        assert (await doctor.send(DOCTOR, to=[PRACTICE], subject=subject, text="bonjour")).status_code == 201
    assert (await doctor.rest("POST", f"{_PATH}/folders", json={"name": "Dossier"})).status_code == 201
    number = (await doctor.get(f"{_PATH}/messages"))["items"][0]["id"]
    for change in [_patched(), *_CHANGES]:
        before = [await doctor.get(f"{_PATH}/messages", limit=limit) for _ in range(2)]
        assert before[0] == before[1]
        answer = await change(doctor, number)
        assert answer is None or answer.status_code < 300, answer.text
        page = await doctor.get(f"{_PATH}/messages", limit=limit)
        opened = [await doctor.open(PRACTICE, item["id"]) for item in page["items"]]
        page = await doctor.get(f"{_PATH}/messages", limit=limit)  # the first time, opening was a change
        assert page["items"] == [{name: one[name] for name in item} for one, item in zip(opened, page["items"], strict=True)]
        assert (page["next_cursor"] is not None) is (limit == 2)
        assert page != before[0]


async def test_the_pages_of_one_folder_and_of_all_are_told_apart(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    for subject in ("Un", "Deux"):
        await doctor.send(DOCTOR, to=[PRACTICE], subject=subject, text="bonjour")
    for _ in range(2):
        for folder in ({}, {"folder": "INBOX"}):
            first = await doctor.get(f"{_PATH}/messages", limit=1, **folder)
            second = await doctor.get(f"{_PATH}/messages", limit=1, cursor=first["next_cursor"], **folder)
            assert [item["subject"] for item in (*first["items"], *second["items"])] == ["Deux", "Un"]


async def test_who_read_first_is_shown_as_soon_as_it_is_so(simulator: Simulator) -> None:
    doctor, secretary = Person(simulator, "doctor"), Person(simulator, "secretary")
    await doctor.send(DOCTOR, to=[PRACTICE], subject="Un", text="bonjour")
    shown = [(await doctor.inbox(PRACTICE))[0] for _ in range(2)]
    assert [item["first_read"] for item in shown] == [None, None]
    await secretary.open(PRACTICE, shown[0]["id"])
    assert (await doctor.inbox(PRACTICE))[0]["first_read"]["by"]["idnat"] == secretary.idnat


async def test_the_beginning_of_a_text_that_one_may_read_is_not_shown_to_another(simulator: Simulator) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    await doctor.send(DOCTOR, to=[PRACTICE], subject="Un", text="bonjour")
    grant = {"grantee": newcomer.idnat, "rights": ["see"]}
    assert (await control(simulator, "POST", f"/mailboxes/{PRACTICE}/grants", json=grant)).status_code == 201
    for _ in range(2):
        previews = [(await person.inbox(PRACTICE))[0]["preview"] for person in (doctor, newcomer, doctor)]
        assert previews == ["bonjour", "", "bonjour"]


async def test_a_page_is_refused_as_soon_as_the_right_to_see_it_is_revoked(simulator: Simulator) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    await doctor.send(DOCTOR, to=[PRACTICE], subject="Un", text="bonjour")
    grant = {"grantee": newcomer.idnat, "rights": ["see", "read"]}
    given = (await control(simulator, "POST", f"/mailboxes/{PRACTICE}/grants", json=grant)).json()
    for _ in range(2):
        assert len(await newcomer.inbox(PRACTICE)) == 1
        assert [one["address"] for one in (await newcomer.get("/me"))["mailboxes"]][-1] == PRACTICE
    assert (await control(simulator, "DELETE", f"/mailboxes/{PRACTICE}/grants/{given['id']}")).status_code == 200
    assert (await newcomer.rest("GET", f"{_PATH}/messages")).status_code == 404
    assert PRACTICE not in [one["address"] for one in (await newcomer.get("/me"))["mailboxes"]]
    await control(simulator, "PATCH", f"/identities/{newcomer.idnat}", json={"enabled": False})
    assert (await newcomer.rest("GET", "/me")).status_code == 401


async def test_what_a_mailbox_holds_is_told_as_it_is_now(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")

    async def used() -> int:
        return int(next(one for one in (await doctor.get("/me"))["mailboxes"] if one["address"] == PRACTICE)["used_bytes"])

    before = [await used() for _ in range(2)]
    await doctor.send(DOCTOR, to=[PRACTICE], subject="Un", text="bonjour")
    assert before[0] == before[1] < await used()
