"""What is answered to who sends by REST: links that lead somewhere, the same answer to a retry, blind copies that stay blind."""

from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PRACTICE, Person, letter
from tests.conftest import StartSimulator

_WHOLE = {"Content-Type": "message/rfc822"}


async def _follow(person: Person, answer: dict[str, Any]) -> tuple[str | None, str | None]:
    """The mailboxes that the two links lead to, each followed; None where there is no link."""
    for link in (answer["url"], answer["timeline_url"]):
        if link is not None:
            assert (await person.rest("GET", link.removeprefix("/api/v1"))).status_code == 200, link
    copy_in, timeline_in = (link and link.split("/")[4] for link in (answer["url"], answer["timeline_url"]))
    return copy_in, timeline_in


async def _allow(simulator: Simulator, rights: list[str], sent_policy: str) -> Person:
    """The hospital's doctor, who may do that with the practice's mailbox."""
    doctor, delegate = Person(simulator, "doctor"), Person(simulator, "hospital")
    given = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json={"grantee": delegate.idnat, "rights": rights})
    assert given.status_code == 201, given.text
    assert (await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"sent_policy": sent_policy})).status_code == 200
    return delegate


async def test_a_whole_message_leaves_from_the_mailbox_in_its_from(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    raw = letter(PRACTICE, HOSPITAL).as_bytes()
    headers = {**_WHOLE, "Idempotency-Key": "k"}
    answers = [await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages", content=raw, headers=headers) for _ in range(2)]
    first, again = (answer.json() for answer in answers)
    assert first["mailbox"] == PRACTICE
    assert await _follow(doctor, first) == (PRACTICE, PRACTICE)
    assert again == {**first, "replayed": True}
    item = (await Person(simulator, "hospital").inbox(HOSPITAL))[0]
    assert (await Person(simulator, "hospital").open(HOSPITAL, item["id"]))["return_path"] == DOCTOR


@pytest.mark.parametrize(
    ("rights", "sent_policy", "copy_in", "timeline_in"),
    [
        (["see", "read", "send_on_behalf"], "owner", PRACTICE, PRACTICE),
        (["see", "read", "send_on_behalf"], "sender", HOSPITAL, PRACTICE),
        (["see", "read", "send_on_behalf"], "both", PRACTICE, PRACTICE),
        (["see", "read", "send_on_behalf"], "none", None, PRACTICE),
        (["see", "send_on_behalf"], "owner", None, PRACTICE),
        (["send_as"], "owner", None, None),
        (["send_as"], "sender", HOSPITAL, None),
    ],
)
async def test_the_links_of_an_answer_lead_where_the_sender_may_look(
    simulator: Simulator, rights: list[str], sent_policy: str, copy_in: str | None, timeline_in: str | None
) -> None:
    delegate = await _allow(simulator, rights, sent_policy)
    body = {"to": [PRACTICE, DOCTOR], "subject": "Avis", "text": "x"}
    headers = {"Idempotency-Key": "k"}
    answers = [await delegate.rest("POST", f"/mailboxes/{PRACTICE}/messages", json=body, headers=headers) for _ in range(2)]
    first, again = (answer.json() for answer in answers)
    assert (first["mailbox"], first["replayed"]) == (PRACTICE, False), first
    assert (first["id"] is None) is (sent_policy == "none")
    assert await _follow(delegate, first) == (copy_in, timeline_in)
    assert again == {**first, "replayed": True}


async def test_who_logs_in_for_one_mailbox_gets_no_link_into_another(simulator: Simulator) -> None:
    delegate = await _allow(simulator, ["see", "read", "send_on_behalf"], "sender")
    auth = (f"{PRACTICE}*{delegate.account['login']}", delegate.account["password"])
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=auth) as client:
        answer = (await client.post(f"/api/v1/mailboxes/{PRACTICE}/messages", json={"to": [DOCTOR], "text": "x"})).json()
        assert answer["url"] is None
        assert (await client.get(answer["timeline_url"])).status_code == 200


async def test_a_retry_tells_again_why_a_recipient_failed_whatever_happened_since(start: StartSimulator) -> None:
    async with start(relay="direct") as simulator:
        hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
        body = {"to": [PRACTICE, "nobody@cabinet.sim.mssante.fr"], "text": "x", "request_read_receipt": True}
        headers = {"Idempotency-Key": "k"}
        first = (await hospital.rest("POST", f"/mailboxes/{HOSPITAL}/messages", json=body, headers=headers)).json()
        assert [(one["state"], one["code"]) for one in first["recipients"]] == [("delivered", None), ("failed", "unknown-mailbox")]
        item = (await doctor.inbox(PRACTICE))[0]
        assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")).status_code == 201
        assert (await hospital.rest("DELETE", first["url"].removeprefix("/api/v1"))).status_code == 204
        again = (await hospital.rest("POST", f"/mailboxes/{HOSPITAL}/messages", json=body, headers=headers)).json()
        assert again == {**first, "replayed": True}


@pytest.mark.parametrize(
    ("query", "to", "blind_gets_it"),
    [("", PRACTICE, True), ("", "", True), (f"?to={PRACTICE}", PRACTICE, False)],
    ids=["to-and-bcc", "bcc-alone", "envelope-given"],
)
async def test_whom_bcc_names_gets_a_whole_message_and_nobody_sees_it(
    simulator: Simulator, query: str, to: str, *, blind_gets_it: bool
) -> None:
    doctor, secretary, laboratory = Person(simulator, "doctor"), Person(simulator, "secretary"), Person(simulator, "application")
    head = f"bcc: Labo <{LABORATORY}>,\r\n {HOSPITAL}\r\nFrom: {DOCTOR}\r\n" + (f"To: {to}\r\n" if to else "")
    raw = f"{head}Subject: x\r\n\r\nx\r\n".encode()
    answer = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages{query}", content=raw, headers=_WHOLE)
    assert answer.status_code == 201, answer.text
    names = {one["address"] for one in answer.json()["recipients"]}
    assert names == ({to} if to else set()) | ({LABORATORY, HOSPITAL} if blind_gets_it else set())
    copies = [(doctor, answer.json()["url"].removeprefix("/api/v1"))]
    for person, mailbox, due in ((secretary, PRACTICE, bool(to)), (laboratory, LABORATORY, blind_gets_it)):
        found = await person.inbox(mailbox)
        assert len(found) == due
        copies += [(person, f"/mailboxes/{mailbox}/messages/{item['id']}") for item in found]
    for person, path in copies:
        header = (await person.rest("GET", f"{path}/raw")).content.partition(b"\r\n\r\n")[0]
        assert b"bcc" not in header.lower()
        assert HOSPITAL.encode() not in header
