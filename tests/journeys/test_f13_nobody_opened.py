"""Nobody opened it for a week, and the secretariat is told: the watch list, its table, the daily letter, and the paper circuit (F13)."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.language import Language
from tests.clients import HOSPITAL, PATIENT, PATIENT2, PRACTICE, Person, control
from tests.conftest import StartSimulator

_LIST = f"/mailboxes/{PRACTICE}/watch-list"
_NOBODY = "personne@hopital-ormes.sim.mssante.fr"


async def _clock(simulator: Simulator, method: str, path: str = "", **body: Any) -> dict[str, Any]:
    answer = await control(simulator, method, f"/clock{path}", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _send(simulator: Simulator, to: str, subject: str, **fields: Any) -> dict[str, Any]:
    answer = await Person(simulator, "doctor").send(PRACTICE, to=[to], subject=subject, request_read_receipt=True, **fields)
    assert answer.status_code == 201, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


async def _listed(simulator: Simulator, role: str = "secretary", **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await Person(simulator, role).get(_LIST, **filters))["items"]
    return found


async def _open(simulator: Simulator, role: str, mailbox: str) -> None:
    item = (await Person(simulator, role).inbox(mailbox))[0]
    await Person(simulator, role).open(mailbox, item["id"])


async def test_a_patient_opens_nothing_for_a_week_and_the_secretariat_goes_another_way(simulator: Simulator) -> None:
    await _clock(simulator, "PUT", mode="frozen", at="2040-03-05T10:00:00Z")
    doctor, secretary = Person(simulator, "doctor"), Person(simulator, "secretary")
    on = await doctor.rest("PUT", f"{_LIST}/digest", {"enabled": True})
    assert (on.status_code, on.json()["next_at"]) == (200, "2040-03-06T07:00:00Z")
    sent = await _send(simulator, PATIENT, "Résultats de la prise de sang")
    await _send(simulator, PATIENT2, "Rendez-vous")
    await _open(simulator, "patient2", PATIENT2)  # the receipt leaves by itself
    assert await _listed(simulator) == []
    assert [one["address"] for one in await _listed(simulator, after_days=0)] == [PATIENT]

    moved = await _clock(simulator, "POST", "/advance", by="P7D")
    assert moved["fired"] == [], "six mornings passed, and there was nothing to tell"
    (entry,) = await _listed(simulator)
    assert (entry["address"], entry["reason"], entry["days"]) == (PATIENT, "not_opened", 7)
    assert entry["detail"] == "Not opened so far; days waited: 7."
    assert (entry["submission_id"], entry["message_id"]) == (sent["submission_id"], sent["message_id"])
    assert (entry["since"], entry["actor"]["idnat"], entry["paper"]) == ("2040-03-05T10:00:00Z", doctor.idnat, None)
    timeline = await secretary.get(entry["timeline_url"].removeprefix("/api/v1"))
    assert [event["kind"] for event in timeline["recipients"][0]["events"]][-1] == "delivered"

    moved = await _clock(simulator, "POST", "/advance", by="P1D")
    told = [(row["kind"], row["at"], row["mailbox"]) for row in moved["fired"]]
    assert told == [("watch_list.digest", "2040-03-13T07:00:00Z", PRACTICE)]
    digest = (await secretary.inbox(PRACTICE))[0]
    assert digest["received_at"] == "2040-03-13T07:00:00Z"
    whole = await secretary.open(PRACTICE, digest["id"])
    headers = dict(whole["headers"])
    assert (whole["return_path"], headers["Auto-Submitted"], headers["To"]) == ("", "auto-generated", PRACTICE)
    assert f"{PATIENT}: not opened" in whole["text"]
    assert "Résultats de la prise de sang" in whole["text"]

    table = await secretary.rest("GET", _LIST, headers={"Accept": "text/csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert table.text == (await secretary.rest("GET", f"{_LIST}.csv")).text
    (row,) = csv.DictReader(io.StringIO(table.content.decode("utf-8"), newline=""), strict=True)
    assert (row["recipient"], row["reason"], row["subject"]) == (PATIENT, "not_opened", "Résultats de la prise de sang")

    done = await secretary.rest("POST", f"{_LIST}/{row['id']}/paper", {"note": "Courrier parti le 13 mars"})
    assert done.status_code == 200, done.text
    paper = done.json()["paper"]
    assert (paper["by"]["idnat"], paper["at"], paper["note"]) == (secretary.idnat, "2040-03-13T10:00:00Z", "Courrier parti le 13 mars")
    assert await _listed(simulator) == []
    assert [one["id"] for one in await _listed(simulator, "doctor", done=True)] == [row["id"]]
    line = (await doctor.get(f"/mailboxes/{PRACTICE}/journal"))["items"][0]
    assert (line["act"], line["actor"]["idnat"], line["email_id"]) == ("watch_list.paper_done", secretary.idnat, sent["email_id"])
    assert (await _clock(simulator, "POST", "/advance", by="P3D"))["fired"] == []


async def test_the_note_is_made_once_and_taken_back_and_an_opening_ends_it_all(simulator: Simulator) -> None:
    await _clock(simulator, "PUT", mode="frozen")
    await _send(simulator, PATIENT, "Ordonnance")
    await _clock(simulator, "POST", "/advance", by="P8D")
    ((entry,), path) = (await _listed(simulator), _LIST)
    path = f"{_LIST}/{entry['id']}/paper"
    doctor, secretary = Person(simulator, "doctor"), Person(simulator, "secretary")
    first = (await secretary.rest("POST", path)).json()
    again = (await doctor.rest("POST", path, {"note": "moi aussi"})).json()
    assert again == first
    assert (await doctor.rest("DELETE", path)).json()["paper"] is None
    assert (await doctor.rest("DELETE", path)).status_code == 200
    assert [one["id"] for one in await _listed(simulator)] == [entry["id"]]
    acts = [line["act"] for line in (await doctor.get(f"/mailboxes/{PRACTICE}/journal"))["items"]]
    assert acts[:2] == ["watch_list.paper_undone", "watch_list.paper_done"]
    assert acts.count("watch_list.paper_done") == 1
    assert (await doctor.rest("POST", path)).status_code == 200
    await _open(simulator, "patient", PATIENT)
    assert await _listed(simulator) == await _listed(simulator, done=True) == []
    for method in ("POST", "DELETE"):
        gone = await doctor.rest(method, path)
        assert (gone.status_code, gone.json()["code"]) == (404, "not-found")


async def test_a_letter_that_failed_and_one_that_waits_are_there_at_once_and_told_by_their_reasons(simulator: Simulator) -> None:
    await _clock(simulator, "PUT", mode="frozen")
    assert (await control(simulator, "PATCH", f"/mailboxes/{HOSPITAL}", {"state": "suspended"})).status_code == 200
    for to in (_NOBODY, HOSPITAL):
        assert (await Person(simulator, "doctor").send(PRACTICE, to=[to])).status_code == 201  # no receipt is asked for
    await simulator.core.queue.work()
    (failed,) = await _listed(simulator)
    assert (failed["address"], failed["reason"]) == (_NOBODY, "not_delivered")
    assert "5.1.1" in failed["detail"]
    await _clock(simulator, "POST", "/advance", by="PT5H")
    assert [(one["address"], one["reason"]) for one in await _listed(simulator)] == [(HOSPITAL, "delayed"), (_NOBODY, "not_delivered")]
    assert [one["address"] for one in await _listed(simulator, reason="delayed")] == [HOSPITAL]
    await _clock(simulator, "POST", "/advance", by="P6D")
    assert [one["reason"] for one in await _listed(simulator)] == ["not_delivered", "not_delivered"]


async def test_pages_follow_one_another_and_the_table_has_all(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    for number in range(5):
        await _send(simulator, PATIENT, f"n° {number}")
    found, cursor = list[str](), None
    while True:
        page = await secretary.get(_LIST, after_days=0, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [one["subject"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [f"n° {number}" for number in (4, 3, 2, 1, 0)]
    table = await secretary.rest("GET", f"{_LIST}.csv?after_days=0")
    assert [row["subject"] for row in csv.DictReader(io.StringIO(table.text, newline=""))] == found
    assert (await secretary.rest("GET", f"{_LIST}?cursor=s{'0' * 13}")).status_code == 422


async def test_a_table_goes_on_where_a_page_would_end(simulator: Simulator) -> None:
    people = [[f"personne{letter}-{one}@hopital-ormes.sim.mssante.fr" for one in range(70)] for letter in range(3)]
    for some in people:
        assert (await Person(simulator, "doctor").send(PRACTICE, to=some)).status_code == 201
    table = await Person(simulator, "secretary").rest("GET", f"{_LIST}.csv")
    found = [row["recipient"] for row in csv.DictReader(io.StringIO(table.text, newline=""))]
    assert sorted(found) == sorted(one for some in people for one in some)


@pytest.mark.parametrize("subject", ['=HYPERLINK("http://x")', "+1", "-1", "@a", '" ,=1+1', "\t=1", "\uff1d1", 'a,b"c'])
async def test_no_spreadsheet_takes_a_letter_for_a_formula(simulator: Simulator, subject: str) -> None:
    await _send(simulator, PATIENT, subject)
    table = await Person(simulator, "doctor").rest("GET", f"{_LIST}.csv?after_days=0")
    lines = table.content.split(b"\r\n")
    assert len(lines) == 3
    assert lines[-1] == b""
    (row,) = csv.DictReader(io.StringIO(table.content.decode(), newline=""), strict=True)
    assert row["subject"].lstrip()[:1] not in ("=", "+", "-", "@", "\uff1d")
    assert row["recipient"] == PATIENT


async def test_each_of_the_practice_sees_one_list_and_a_stranger_none(simulator: Simulator) -> None:
    await _send(simulator, PATIENT, "Bonjour")
    (entry,) = await _listed(simulator, "doctor", after_days=0)
    for role in ("doctor2", "secretary", "assistant"):
        assert await _listed(simulator, role, after_days=0) == [entry]
    stranger, unknown = Person(simulator, "newcomer"), "/mailboxes/personne@cabinet.sim.mssante.fr/watch-list"
    for method, path in (
        ("GET", ""),
        ("GET", ".csv"),
        ("POST", f"/{entry['id']}/paper"),
        ("DELETE", f"/{entry['id']}/paper"),
        ("GET", "/digest"),
    ):
        refused = await stranger.rest(method, f"{_LIST}{path}")
        other = await stranger.rest(method, f"{unknown}{path}")
        assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
        assert refused.text.replace(PRACTICE, "personne@cabinet.sim.mssante.fr") == other.text
    assistant = await Person(simulator, "assistant").rest("POST", f"{_LIST}/{entry['id']}/paper")
    assert (assistant.status_code, assistant.json()["code"]) == (403, "right-missing")
    off = await Person(simulator, "secretary").rest("PUT", f"{_LIST}/digest", {"enabled": True})
    assert (off.status_code, off.json()["code"]) == (403, "right-missing")
    foreign = await Person(simulator, "hospital").rest("POST", f"/mailboxes/{HOSPITAL}/watch-list/{entry['id']}/paper")
    assert foreign.status_code == 404, "of another mailbox"


async def test_a_month_brings_one_letter_a_day_in_the_language_of_the_world(start: StartSimulator) -> None:
    async with start(language=Language.FR, watch_list_after_days=2, watch_list_digest_hour=5) as simulator:
        await _clock(simulator, "PUT", mode="frozen", at="2040-04-01T10:00:00Z")
        doctor = Person(simulator, "doctor")
        assert (await doctor.get(f"{_LIST}/digest")) == {"enabled": False, "hour": 5, "next_at": None, "sent_at": None}
        await doctor.rest("PUT", f"{_LIST}/digest", {"enabled": True})
        await _send(simulator, PATIENT, "Bonjour")
        moved = await _clock(simulator, "POST", "/advance", by="P1M")
        days = [datetime.fromisoformat(row["at"]) for row in moved["fired"] if row["kind"] == "watch_list.digest"]
        assert [(day.day, day.hour, day.minute) for day in days] == [*((day, 5, 0) for day in range(4, 31)), (1, 5, 0)]
        letters = await doctor.inbox(PRACTICE, limit=100)
        assert [one["received_at"] for one in reversed(letters)] == [row["at"] for row in moved["fired"]]
        assert letters[0]["subject"] == "Liste de suivi : messages non remis ou non ouverts"
        assert f"{PATIENT} : non ouvert" in (await doctor.open(PRACTICE, letters[0]["id"]))["text"]
        off = await doctor.rest("PUT", f"{_LIST}/digest", {"enabled": False})
        assert (off.json()["enabled"], off.json()["sent_at"]) == (False, moved["fired"][-1]["at"])
        assert (await _clock(simulator, "POST", "/advance", by="P2D"))["fired"] == []
