"""The story of the secretary: one test per sentence of what the simulator promises, over real sockets."""

import io
import zipfile
from datetime import timedelta
from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.testing.builders import xdm_archive
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, base64_of, letter
from tests.conftest import StartSimulator


async def test_a_letter_with_an_xdm_archive_reaches_the_shared_mailbox_byte_for_byte(simulator: Simulator) -> None:
    archive = xdm_archive()
    message = letter(HOSPITAL, PRACTICE, "XDM/1.0/DDM+Compte rendu FONTAINE Claire", Message_ID="<xdm-1@hopital-ormes.sim.mssante.fr>")
    message.add_attachment(archive, maintype="application", subtype="zip", filename="IHE_XDM.ZIP")
    raw = message.as_bytes()
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, raw)).code == 250
    secretary = Person(simulator, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    assert item["has_xdm"] is True
    stored = (await secretary.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
    assert stored.endswith(raw)
    opened = await secretary.open(PRACTICE, item["id"])
    attachment = opened["attachments"][0]
    fetched = await secretary.rest("GET", attachment["url"].removeprefix("/api/v1"))
    assert fetched.content == archive
    assert zipfile.ZipFile(io.BytesIO(fetched.content)).testzip() is None
    assert fetched.headers["content-disposition"].startswith("attachment")


async def test_who_read_it_first_is_known_whatever_the_seen_policy(simulator: Simulator) -> None:
    await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))
    secretary, doctor = Person(simulator, "secretary"), Person(simulator, "doctor")
    item = (await secretary.inbox(PRACTICE))[0]
    assert item["first_read"] is None
    await Person(simulator, "assistant").open(PRACTICE, item["id"])
    await secretary.open(PRACTICE, item["id"])
    opened = await doctor.open(PRACTICE, item["id"])
    assert [reader["by"]["name"] for reader in opened["read_by"]] == ["Nadia LEROY", "Sophie PETIT", "Dr Camille MARTIN"]
    assert opened["seen"] is False


async def test_seen_is_shared_in_the_practice_and_personal_where_the_mailbox_says_so(simulator: Simulator) -> None:
    hospital, secretary, doctor = (Person(simulator, role) for role in ("hospital", "secretary", "doctor"))
    await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))
    await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"seen_policy": "shared"})
    item = (await secretary.inbox(PRACTICE))[0]
    await secretary.rest("PATCH", f"/mailboxes/{PRACTICE}/messages/{item['id']}", json={"add": ["\\Seen"]})
    assert (await doctor.inbox(PRACTICE))[0]["seen"] is True
    await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"seen_policy": "personal"})
    await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Deux"))
    second = (await secretary.inbox(PRACTICE, unread=True))[0]
    await secretary.rest("PATCH", f"/mailboxes/{PRACTICE}/messages/{second['id']}", json={"add": ["\\Seen"]})
    assert await secretary.inbox(PRACTICE, unread=True) == []
    assert [one["subject"] for one in await doctor.inbox(PRACTICE, unread=True)] == ["Deux"]
    folders = {one["name"]: one["unseen"] for one in await doctor.get(f"/mailboxes/{PRACTICE}/folders")}
    assert folders["INBOX"] == 1


async def test_an_answer_joins_the_conversation(simulator: Simulator) -> None:
    await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Question"))
    secretary = Person(simulator, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    attachment = {"filename": "réponse.txt", "content_type": "text/plain", "content_base64": base64_of("é".encode())}
    sent = await secretary.send(PRACTICE, to=[HOSPITAL], in_reply_to=item["id"], attachments=[attachment])
    assert sent.status_code == 201
    hospital = Person(simulator, "hospital")
    conversation = (await hospital.get(f"/mailboxes/{HOSPITAL}/conversations"))["items"][0]
    assert conversation["message_count"] == 2
    answer = (await hospital.inbox(HOSPITAL))[0]
    opened = await hospital.open(HOSPITAL, answer["id"])
    assert opened["in_reply_to"] == [item["message_id"]]
    assert opened["references"] == [item["message_id"]]
    assert opened["attachments"][0]["filename"] == "réponse.txt"


async def test_an_answer_over_rest_joins_the_letter_that_it_names_among_those_with_one_message_id(simulator: Simulator) -> None:
    hospital, secretary = Person(simulator, "hospital"), Person(simulator, "secretary")
    for text in ("Un", "Deux"):
        await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Question", text, Message_ID="<one@test.sim.mssante.fr>"))
    for item in await secretary.inbox(PRACTICE):
        assert (await secretary.send(PRACTICE, to=[HOSPITAL], in_reply_to=item["id"])).status_code == 201
    counts = [one["message_count"] for one in (await hospital.get(f"/mailboxes/{HOSPITAL}/conversations"))["items"]]
    assert counts == [2, 2]


async def _shown(simulator: Simulator) -> list[Any]:
    """All that the practice's mailbox tells of what is in it."""
    doctor = Person(simulator, "doctor")
    return [await doctor.get(f"/mailboxes/{PRACTICE}/{what}") for what in ("messages", "folders", "grants")]


async def _journal(simulator: Simulator) -> list[dict[str, Any]]:
    """The lines of the practice's journal, newest first."""
    lines: list[dict[str, Any]] = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal"))["items"]
    return lines


async def test_a_time_limited_delegate_reads_but_changes_nothing(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))
        assistant = Person(simulator, "assistant")
        item = (await assistant.inbox(PRACTICE))[0]
        path = f"/mailboxes/{PRACTICE}/messages/{item['id']}"
        assert (await assistant.open(PRACTICE, item["id"]))["text"] == "Bonjour.\r\n"
        before, lines = await _shown(simulator), await _journal(simulator)
        await _changes_nothing(assistant, path)
        assert await _shown(simulator) == before
        now = await _journal(simulator)
        assert now[-len(lines) :] == lines
        assert {(line["act"], line["actor"]["name"]) for line in now[: -len(lines)]} == {("right.refused", "Nadia LEROY")}
        assert [line["detail"]["right"] for line in now[: -len(lines)]] == ["manage", "delete", "file", "mark"]
        clock.advance(timedelta(days=90))
        assert (await assistant.rest("GET", path)).status_code == 404


async def _changes_nothing(assistant: Person, path: str) -> None:
    newcomer = Person(assistant.simulator, "newcomer").idnat
    for method, where, body in (
        ("PATCH", path, {"add": ["\\Seen"]}),
        ("POST", f"{path}/move", {"folder": "Archive"}),
        ("DELETE", path, None),
        ("POST", f"/mailboxes/{PRACTICE}/folders", {"name": "Essai"}),
        ("POST", f"/mailboxes/{PRACTICE}/grants", {"grantee": newcomer, "rights": ["see"]}),
        ("PATCH", f"/mailboxes/{PRACTICE}", {"label": "Autre"}),
        ("GET", f"/mailboxes/{PRACTICE}/journal", None),
    ):
        answer = await assistant.rest(method, where, json=body)
        assert (answer.status_code, answer.json()["code"]) in ((403, "right-missing"), (403, "grant-not-allowed")), (method, where)


async def test_a_closed_conversation_with_a_patient_refuses_his_next_answer(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    opening = letter(DOCTOR, PATIENT, "Ordonnance")
    await doctor.smtp(DOCTOR, PATIENT, opening)
    reply = letter(PATIENT, DOCTOR, "Re: Ordonnance", In_Reply_To=str(opening["Message-ID"]))
    assert (await patient.smtp(PATIENT, DOCTOR, reply)).code == 250
    conversation = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations"))["items"][0]
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{conversation['id']}/close")).status_code == 200
    refused = await patient.smtp(PATIENT, DOCTOR, reply)
    assert (refused.code, refused.enhanced) == (550, "5.7.1")
    assert len(await doctor.inbox(DOCTOR)) == 1
