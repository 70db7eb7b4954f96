"""Journals, people and mailboxes as lists over REST and the control plane: filtered, page after page, and as tables for spreadsheets."""

import csv
import io
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control

_FORMULA = "=cmd|' /C calc'!A0"


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def _worked(simulator: Simulator) -> None:
    """The secretary reads a letter of the practice by her grant; the doctor writes to a patient from a mailbox of his own."""
    await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], subject=_FORMULA)
    secretary = Person(simulator, "secretary")
    [found] = await secretary.inbox(PRACTICE)
    await secretary.open(PRACTICE, found["id"])
    await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], subject="Vos résultats")


async def test_the_journal_of_all_that_one_manages_is_filtered_and_paged(simulator: Simulator) -> None:
    await _worked(simulator)
    doctor = Person(simulator, "doctor")
    [line] = (await doctor.get("/journal", act="message.*", delegated="true"))["items"]
    assert (line["act"], line["mailbox"], line["actor"]["name"]) == ("message.read", PRACTICE, "Sophie PETIT")
    same = (await doctor.get("/journal", grant_id=line["grant_id"]))["items"]
    assert [one["act"] for one in same] == ["message.read", "grant.created"]
    assert (await doctor.get(f"/mailboxes/{PRACTICE}/journal", who="sophie.petit"))["items"] == [line]
    assert (await doctor.get("/journal", who="sophie.petit", door="imap"))["items"] == []
    assert (await doctor.get("/journal", until="2000-01-01T00:00:00Z"))["items"] == []
    assert {one["mailbox"] for one in (await doctor.get("/journal", act="message.submitted"))["items"]} == {DOCTOR}
    whole = (await doctor.get("/journal", limit=200))["items"]
    asked: dict[str, str] = {}
    pages: list[dict[str, Any]] = []
    while True:
        page = await doctor.get("/journal", limit=2, **asked)
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        asked = {"cursor": page["next_cursor"]}
    assert pages == whole
    assert (await Person(simulator, "secretary").get("/journal"))["items"] == []


async def test_journals_are_tables_too_without_formulas(simulator: Simulator) -> None:
    await _worked(simulator)
    doctor = Person(simulator, "doctor")
    mine = await doctor.rest("GET", "/journal.csv", params={"act": "message.read"})
    assert mine.headers["content-type"].startswith("text/csv")
    [row] = _rows(mine.text)
    assert (row["mailbox"], row["actor"], row["grant_to"], row["door"]) == (PRACTICE, "Sophie PETIT", "Sophie PETIT", "rest")
    assert row["subject"] == f"'{_FORMULA}"
    preferred = await doctor.rest("GET", f"/mailboxes/{PRACTICE}/journal", headers={"Accept": "text/csv"}, params={"act": "message.read"})
    assert _rows(preferred.text) == [row]
    world = await control(simulator, "GET", f"/journal.csv?act=message.read&mailbox={PRACTICE}")
    assert _rows(world.text) == [row]
    assert (await Person(simulator, "secretary").rest("GET", f"/mailboxes/{PRACTICE}/journal.csv")).status_code == 403


async def test_the_journal_of_the_world_is_for_the_control_plane(simulator: Simulator) -> None:
    await _worked(simulator)
    lines = (await control(simulator, "GET", "/journal?limit=200")).json()["items"]
    assert {DOCTOR, PRACTICE, HOSPITAL, PATIENT} <= {one["mailbox"] for one in lines}
    [read] = (await control(simulator, "GET", "/journal?act=message.read&who=sophie.petit")).json()["items"]
    assert read["mailbox"] == PRACTICE
    assert (await control(simulator, "GET", "/journal?mailbox=personne@cabinet.sim.mssante.fr")).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("act=message.eaten", 422),
        ("act=mess*", 422),
        ("door=window", 422),
        ("grant_id=nothing", 404),
        ("since=tomorrow", 422),
        ("until=9999-12-31T23:59:59-14:00", 200),
        ("cursor=w0am6c38w5xc01", 422),
        ("mailbox=nowhere", 422),
        ("who=%00", 200),
    ],
)
async def test_what_is_no_filter_of_the_journal_is_refused(simulator: Simulator, query: str, status: int) -> None:
    answer = await control(simulator, "GET", f"/journal?{query}")
    assert answer.status_code == status, answer.text


async def test_people_are_found_and_shown(simulator: Simulator) -> None:
    found = (await control(simulator, "GET", "/people?text=petit%20sophie")).json()["items"]
    assert [(one["name"], one["login"]) for one in found] == [("Sophie PETIT", "sophie.petit")]
    first = (await control(simulator, "GET", "/people?limit=2")).json()
    rest = (await control(simulator, "GET", f"/people?limit=200&cursor={first['next_cursor']}")).json()
    assert [one["idnat"] for one in first["items"] + rest["items"]] == [
        one["idnat"] for one in (await control(simulator, "GET", "/identities")).json()
    ]
    shown = (await control(simulator, "GET", f"/people/{found[0]['idnat']}")).json()
    assert {one["mailbox"] for one in shown["grants"]} == {PRACTICE, DOCTOR}
    doctor = (await control(simulator, "GET", f"/people/{Person(simulator, 'doctor').idnat}")).json()
    assert [(one["address"], one["role"]) for one in doctor["mailboxes"]] == [(DOCTOR, "owner"), (PRACTICE, "responsible")]
    assert (await control(simulator, "GET", "/people/nobody")).status_code == 404
    assert (await control(simulator, "GET", f"/people?text={'x' * 5_000}")).status_code == 422


async def test_a_page_has_fifty_rows_unless_as_many_as_two_hundred_are_asked_for(simulator: Simulator) -> None:
    for _ in range(4):
        assert (await control(simulator, "POST", "/people/like", {"role": "doctor", "count": 50})).status_code == 201
    for query, rows in (("", 50), ("?limit=1", 1), ("?limit=199", 199), ("?limit=200", 200)):
        page = (await control(simulator, "GET", f"/people{query}")).json()
        assert (len(page["items"]), page["next_cursor"] is None) == (rows, False), query
    for limit in ("0", "201", "-1", "x", ""):
        assert (await control(simulator, "GET", f"/people?limit={limit}")).status_code == 422, limit


async def test_mailboxes_are_found_and_tell_whose_they_are(simulator: Simulator) -> None:
    [found] = (await control(simulator, "GET", "/mailboxes?text=tilleuls&kind=CAB&state=active")).json()
    assert (found["address"], found["owner"]["name"]) == (PRACTICE, "Dr Camille MARTIN")
    assert (await control(simulator, "GET", f"/mailboxes/{PRACTICE}")).json() == found
    holders = (await control(simulator, "GET", f"/mailboxes/{PRACTICE}/holders")).json()
    assert [(one["name"], one["role"]) for one in holders] == [("Dr Camille MARTIN", "responsible"), ("Dr Hugo BERNARD", "co_holder")]
    assert (await control(simulator, "GET", "/mailboxes?kind=XYZ")).status_code == 422
