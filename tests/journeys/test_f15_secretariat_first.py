"""F15: a patient writes first to a secretariat that was opened to patients, and to nobody else; and to the pharmacy that they went to."""

from datetime import date
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PATIENT2, PRACTICE, WARD, Person, base64_of, control, letter
from tests.conftest import StartSimulator

_PHARMACY_IDNAT = "1750990038"
_PHARMACY = "officine@cabinet.sim.mssante.fr"


async def _asks(simulator: Simulator, to: str, role: str = "patient", box: str = PATIENT, **fields: Any) -> str:
    """What a patient hears who writes first, at every door the same; the explanation agrees, for who may ask."""
    patient = Person(simulator, role)
    told = await patient.get(f"/mailboxes/{box}/why-not", to=to)
    reply = await patient.smtp(box, to, letter(box, to, "Question"))
    answer = await patient.send(box, to=[to], **fields)
    outside = (await control(simulator, "GET", f"/why-not?from={box}&to={to}")).json()
    assert outside == told
    if answer.status_code == 201:
        assert (reply.code, told["may_write"]) == (250, True)
        return str(told["code"])
    refused = answer.json()
    assert (answer.status_code, refused["code"], told["may_write"]) == (403, told["code"], False)
    assert (refused["recipients"][0]["detail"], refused["reference"]) == (told["detail"], told["reference"])
    assert (reply.code, f"({refused['code']}, {refused['reference']})" in reply.text) == (550, True), reply.text
    return str(refused["code"])


async def _opened(person: Person, box: str, *, opened: bool = True) -> Any:
    return await person.rest("PATCH", f"/mailboxes/{box}", json={"patients_may_write": opened})


async def test_a_patient_asks_the_secretariat_first_and_the_secretary_answers_and_closes(simulator: Simulator) -> None:
    doctor, secretary, patient = Person(simulator, "doctor"), Person(simulator, "secretary"), Person(simulator, "patient")
    assert await _asks(simulator, PRACTICE) == "not-invited", "off, as the national rule has it"
    assert (await _opened(secretary, PRACTICE)).json()["code"] == "right-missing", "only who manages it opens it"
    assert (await _opened(doctor, PRACTICE)).json()["patients_may_write"] is True
    prescription = {"filename": "ordonnance.pdf", "content_type": "application/pdf", "content_base64": base64_of(b"%PDF-1.4")}
    assert await _asks(simulator, PRACTICE, subject="Ordonnance pour une IRM", attachments=[prescription]) == "open-to-patients"
    item = (await secretary.inbox(PRACTICE))[0]
    assert (item["subject"], item["has_attachments"]) == ("Ordonnance pour une IRM", True)
    path = f"/mailboxes/{PRACTICE}/conversations/{item['conversation_id']}"
    (why,) = await secretary.get(f"{path}/why")
    assert (why["from"], why["code"], why["letter"]) == (PATIENT, "open-to-patients", None)
    assert (await secretary.send(PRACTICE, to=[PATIENT], in_reply_to=item["id"], text="Mardi à 9 h.")).status_code == 201
    answer = (await patient.inbox(PATIENT))[0]
    assert (await patient.send(PATIENT, to=[PRACTICE], in_reply_to=answer["id"])).status_code == 201
    (why,) = await secretary.get(f"{path}/why")
    assert (why["code"], why["letter"]["message_id"]) == ("conversation-open", answer["message_id"])
    assert (await secretary.rest("POST", f"{path}/close")).json()["closed"] is True
    refused = await patient.send(PATIENT, to=[PRACTICE], in_reply_to=answer["id"])
    assert refused.json()["code"] == "conversation-closed"
    assert await _asks(simulator, PRACTICE) == "open-to-patients", "another question begins another conversation"
    assert (await _opened(doctor, PRACTICE, opened=False)).status_code == 200
    assert await _asks(simulator, PRACTICE) == "conversation-closed"
    assert await _asks(simulator, PRACTICE, "patient2", PATIENT2) == "not-invited"


async def test_a_question_that_nobody_answered_can_be_closed_and_reopened(simulator: Simulator) -> None:
    ward, patient = Person(simulator, "hospital_ward"), Person(simulator, "patient")
    assert (await _opened(ward, WARD)).status_code == 200
    sent = await patient.send(PATIENT, to=[WARD], subject="Rendez-vous")
    item = (await ward.inbox(WARD))[0]
    path = f"/mailboxes/{WARD}/conversations/{item['conversation_id']}"
    assert (await ward.get(path))["closed"] is None
    closed = (await ward.rest("POST", f"{path}/close")).json()
    assert [(side["patient"], side["answers_to"], side["may_answer"], side["cause"]) for side in closed["patients"]] == [
        (PATIENT, WARD, False, "explicit")
    ]
    more = {"to": [WARD], "in_reply_to": sent.json()["id"]}
    assert (await patient.send(PATIENT, **more)).json()["code"] == "conversation-closed"
    assert (await _opened(ward, WARD, opened=False)).status_code == 200
    assert (await ward.rest("POST", f"{path}/reopen")).json()["closed"] is False
    assert (await patient.send(PATIENT, **more)).status_code == 201, "reopening gives the right, opened to patients or not"


@pytest.mark.parametrize(("role", "box"), [("doctor", DOCTOR), ("hospital", HOSPITAL), ("patient", PATIENT)])
async def test_a_mailbox_of_one_person_is_not_opened(simulator: Simulator, role: str, box: str) -> None:
    refused = (await _opened(Person(simulator, role), box)).json()
    assert (refused["code"], refused["reference"]) == ("invalid-request", "quirks#patients-write-first")
    assert (await Person(simulator, role).get(f"/mailboxes/{box}"))["patients_may_write"] is False


async def _pharmacy(simulator: Simulator) -> None:
    new = {"idnat": _PHARMACY_IDNAT, "kind": "organisation", "family_name": "Pharmacie des Tilleuls", "sector": "SA33"}
    assert (await control(simulator, "POST", "/identities", new)).json()["sector"] == "SA33"
    box = {"address": _PHARMACY, "kind": "ORG", "owner_idnat": _PHARMACY_IDNAT}
    assert (await control(simulator, "POST", "/mailboxes", box)).status_code == 201
    grant = {"grantee": "ines.roux", "rights": ["see", "read", "send_as", "close"]}
    assert (await control(simulator, "POST", f"/mailboxes/{_PHARMACY}/grants", grant)).status_code == 201


async def _dispensed(simulator: Simulator, patient: str = PATIENT, organisation: str = _PHARMACY_IDNAT, **day: str) -> Any:
    return await control(simulator, "POST", "/dispensations", {"patient": patient, "organisation": organisation, **day})


async def _advance(simulator: Simulator, by: str) -> None:
    assert (await control(simulator, "POST", "/clock/advance", {"by": by})).status_code == 200


async def test_a_patient_sends_a_prescription_to_the_pharmacy_of_last_year_on_day_365_and_not_on_day_366(start: StartSimulator) -> None:
    """A year passes, in which the pharmacy does not leave the directory."""
    async with start(red_list_kinds=[]) as simulator:
        await _pharmacy(simulator)
        assert (await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2041-03-01T10:00:00Z"})).status_code == 200
        assert await _asks(simulator, _PHARMACY) == "pharmacy-never-visited"
        dispensed = await _dispensed(simulator)
        assert dispensed.json() == {"patient": PATIENT.partition("@")[0], "organisation": _PHARMACY_IDNAT, "date": "2041-03-01"}
        photo = {"filename": "IMG_1234.JPG", "content_type": "image/jpeg", "content_base64": base64_of(b"\xff\xd8\xff\xe0")}
        assert await _asks(simulator, _PHARMACY, subject="Ordonnance", attachments=[photo]) == "pharmacy-visited"
        assert await _asks(simulator, _PHARMACY, text="Avez-vous ce médicament ?") == "pharmacy-visited", "a plain question too"
        assert await _asks(simulator, _PHARMACY, "patient2", PATIENT2) == "pharmacy-never-visited"
        await _advance(simulator, "P365D")
        assert await _asks(simulator, _PHARMACY) == "pharmacy-visited"
        await _advance(simulator, "P1D")
        assert await _asks(simulator, _PHARMACY) == "pharmacy-visit-too-old"
        told = await Person(simulator, "pharmacist").get(f"/mailboxes/{_PHARMACY}/why-not", **{"from": PATIENT})
        assert (told["dispensed_on"], told["may_write"]) == ("2041-03-01", False)
        assert "366 days ago" in told["detail"]
        await _dispensed(simulator)
        assert await _asks(simulator, _PHARMACY) == "pharmacy-visited"
        assert (await control(simulator, "GET", "/dispensations")).json() == [
            {"patient": PATIENT.partition("@")[0], "organisation": _PHARMACY_IDNAT, "date": date(2042, 3, 2).isoformat()}
        ]


async def test_the_pharmacist_answers_and_ends_the_exchange_and_the_next_question_begins_another(simulator: Simulator) -> None:
    await _pharmacy(simulator)
    await _dispensed(simulator)
    pharmacist, patient = Person(simulator, "pharmacist"), Person(simulator, "patient")
    assert await _asks(simulator, _PHARMACY) == "pharmacy-visited"
    asked = (await pharmacist.inbox(_PHARMACY))[0]
    fields = {"to": [PATIENT], "in_reply_to": asked["id"], "close_conversation": True, "text": "C'est prêt."}
    assert (await pharmacist.send(_PHARMACY, **fields)).status_code == 201
    answer = (await patient.inbox(PATIENT))[0]
    refused = await patient.send(PATIENT, to=[_PHARMACY], in_reply_to=answer["id"])
    assert refused.json()["code"] == "conversation-closed"
    assert await _asks(simulator, _PHARMACY) == "pharmacy-visited"
    assert (await pharmacist.inbox(_PHARMACY))[0]["conversation_id"] != asked["conversation_id"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"red_listed": True}, "no-published-org-mailbox"),
        ({"state": "suspended"}, "no-published-org-mailbox"),
        ({"state": "closed"}, "no-published-org-mailbox"),
    ],
)
async def test_a_pharmacys_mailbox_that_is_not_published_is_not_written_to(
    simulator: Simulator, changes: dict[str, Any], code: str
) -> None:
    await _pharmacy(simulator)
    await _dispensed(simulator)
    assert (await control(simulator, "PATCH", f"/mailboxes/{_PHARMACY}", changes)).status_code == 200
    assert await _asks(simulator, _PHARMACY) == code


async def test_an_organisation_that_is_no_pharmacy_is_not_one_for_having_dispensed(simulator: Simulator) -> None:
    await _dispensed(simulator, organisation="1690990023")
    assert await _asks(simulator, LABORATORY) == "not-a-pharmacy"
    assert (await control(simulator, "PATCH", "/identities/1690990023", {"sector": "SA38"})).json()["sector"] == "SA38"
    assert await _asks(simulator, LABORATORY) == "no-published-org-mailbox", "its mailbox is of kind APP"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"patient": "nobody", "organisation": "1690990023"}, 404, "not-found"),
        ({"patient": PATIENT, "organisation": "899700420013"}, 422, "invalid-request"),
        ({"patient": PATIENT, "organisation": "1690990023", "date": "2090-01-01"}, 422, "invalid-request"),
        ({"patient": PATIENT, "organisation": "1690990023", "date": 20_000}, 422, "invalid-request"),
        ({"patient": PATIENT, "organisation": "1690990023", "date": "hier"}, 422, "invalid-request"),
        ({"patient": PATIENT}, 422, "invalid-request"),
    ],
)
async def test_what_cannot_have_been_dispensed_is_refused(simulator: Simulator, body: dict[str, Any], status: int, code: str) -> None:
    refused = await control(simulator, "POST", "/dispensations", body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await control(simulator, "GET", "/dispensations")).json() == []


@pytest.mark.parametrize("query", ["from=x&to=y", f"from={PATIENT}", f"from={PATIENT}&to={'a' * 400}", f"from={PATIENT}&to=a@b&more=1", ""])
async def test_a_question_about_what_is_no_address_is_refused(simulator: Simulator, query: str) -> None:
    refused = await control(simulator, "GET", f"/why-not?{query}")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")
    own = await Person(simulator, "doctor").rest("GET", f"/mailboxes/{DOCTOR}/why-not?from={PATIENT2}&to={PRACTICE}")
    assert (own.status_code, own.json()["code"]) == (422, "invalid-request"), "both are somebody else's"
