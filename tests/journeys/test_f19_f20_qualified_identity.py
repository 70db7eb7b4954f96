"""A patient's address comes from a qualified identity (F19), a letter may go to professionals and the patient, a minor included (F20)."""

from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.arriving import wait_for_arrivals
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator

JEAN = "190017510299945"
ADDRESS = f"{JEAN}@patient.mssante.fr"
_TRAITS = {"birth_name": "NOUVEAU", "given_names": "Jean", "birth_date": "1990-01-05", "sex": "M", "birth_place": "75102"}
_CHILD, _MOTHER = "219057511304093", "285037511300167"


@pytest.fixture(autouse=True)
def arriving(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at has arrived."""
    wait_for_arrivals(monkeypatch)


async def _made(simulator: Simulator, path: str, new: dict[str, Any]) -> dict[str, Any]:
    answer = await control(simulator, "POST", path, new)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _patient(simulator: Simulator, idnat: str = JEAN, **fields: Any) -> dict[str, Any]:
    """Somebody new, who logs in by his number, with a mailbox."""
    made = await _made(
        simulator,
        "/identities",
        {"idnat": idnat, "kind": "patient", "family_name": "NOUVEAU", "login": f"p-{idnat}", "password": "patient-2026", **fields},
    )
    address = f"{idnat}@patient.mssante.fr"
    await _made(simulator, "/mailboxes", {"address": address, "kind": "PATIENT", "owner_idnat": idnat})
    return made


async def _qualify(simulator: Simulator, *ins: dict[str, Any], idnat: str = JEAN) -> dict[str, Any]:
    answer = await control(simulator, "PATCH", f"/identities/{idnat}", {"ins": list(ins)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _acts(simulator: Simulator) -> list[dict[str, Any]]:
    lines = (await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/journal", limit=50))["items"]
    return [line["detail"] for line in lines if line["act"] == "message.not_qualified"]


async def test_a_letter_to_a_qualified_patient_leaves_without_a_word_and_one_to_nobody_with_a_warning(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    await _patient(simulator)
    why = f"No qualified identity backs the address {ADDRESS}. No identity with this number is known here."

    assert (await doctor.send(DOCTOR, to=[PATIENT])).json()["warnings"] == []
    assert (await doctor.send(DOCTOR, to=[ADDRESS])).json()["warnings"] == [{"address": ADDRESS, "detail": why}]
    assert (await doctor.smtp(DOCTOR, ADDRESS, letter(DOCTOR, ADDRESS))).code == 250
    assert await _acts(simulator) == [{"recipients": [{"address": ADDRESS, "why": why}]}] * 2

    shown = await _qualify(simulator, {"state": "provisional"})
    assert (shown["ins"][0]["state"], shown["ins"][0]["birth_name"], shown["warnings"]) == ("provisional", "", [])
    (warning,) = (await doctor.send(DOCTOR, to=[ADDRESS])).json()["warnings"]
    assert warning["detail"].endswith("The identity is provisional.")

    shown = await _qualify(simulator, _TRAITS)
    assert shown["ins"] == [{"ins": JEAN, "oid": "1.2.250.1.213.1.4.8", "state": "qualified", **_TRAITS, "representatives": []}]
    assert (await doctor.send(DOCTOR, to=[ADDRESS])).json()["warnings"] == []
    assert len(await _acts(simulator)) == 3


async def test_a_retry_is_answered_with_the_warnings_of_the_first_answer(simulator: Simulator) -> None:
    doctor, wanted = Person(simulator, "doctor"), {"to": [ADDRESS], "subject": "x", "text": "x"}
    await _patient(simulator)
    first, again = [
        (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages", json=wanted, headers={"Idempotency-Key": "k"})).json() for _ in range(2)
    ]
    assert again["replayed"] is True
    assert again["warnings"] == first["warnings"] != []


async def test_where_the_setting_says_so_the_letter_is_refused(start: StartSimulator) -> None:
    async with start(patient_unqualified="refused") as simulator:
        doctor = Person(simulator, "doctor")
        await _patient(simulator)
        reply = await doctor.smtp(DOCTOR, ADDRESS, letter(DOCTOR, ADDRESS))
        assert (reply.code, reply.enhanced) == (550, "5.7.1")
        assert "(quirks#qualified-identity)" in reply.text

        refused = await doctor.send(DOCTOR, to=[PATIENT, ADDRESS])
        assert (refused.status_code, refused.json()["code"]) == (422, "patient-not-qualified")
        assert [one["address"] for one in refused.json()["recipients"]] == [ADDRESS]
        assert await Person(simulator, "patient").inbox(PATIENT) == [], "nothing was sent"

        await _qualify(simulator, _TRAITS)
        assert (await doctor.send(DOCTOR, to=[PATIENT, ADDRESS])).status_code == 201


async def test_the_setting_accepts_whatever_it_is_written_to(start: StartSimulator) -> None:
    async with start(patient_unqualified="accepted") as simulator:
        await _patient(simulator)
        assert (await Person(simulator, "doctor").send(DOCTOR, to=[ADDRESS])).json()["warnings"] == []
        assert await _acts(simulator) == []


async def test_a_wrong_key_is_a_warning_with_the_right_one(simulator: Simulator) -> None:
    """Samples of the ANS break their own keys."""
    sample = {**_TRAITS, "birth_date": "1946-03-01", "sex": "F", "birth_place": "74330"}
    made = await _patient(simulator, "246037433000291", ins=[sample])
    assert made["warnings"] == ["The key of this INS should be 53."]
    (warning,) = (await Person(simulator, "doctor").send(DOCTOR, to=["246037433000291@patient.mssante.fr"])).json()["warnings"]
    assert warning["detail"] == "The key of this INS should be 53."


async def test_where_keys_are_strict_it_is_an_address_of_nobody(start: StartSimulator) -> None:
    async with start(patient_ins_key="strict") as simulator:
        refused = await control(simulator, "POST", "/identities", {"idnat": "246037433000291", "kind": "patient", "family_name": "X"})
        assert (refused.status_code, refused.json()["detail"]) == (422, "The key of this INS should be 53.")
        wrong = "246037433000291@patient.mssante.fr"
        reply = await Person(simulator, "doctor").smtp(DOCTOR, wrong, letter(DOCTOR, wrong))
        assert (reply.code, reply.enhanced) == (501, "5.1.3")


@pytest.mark.parametrize(
    ("idnat", "said"),
    [
        ("19001751029994", "An INS has 15 characters, 13 and a key of two digits; this one has 14."),
        ("19001751O299945", "Character 9 of this INS is 'O': a digit stands there."),
        ("255062C00401251", "Character 7 of this INS is 'C': a digit, A or B stands there."),
    ],
)
async def test_a_number_that_is_none_is_told_which_character_is_wrong(simulator: Simulator, idnat: str, said: str) -> None:
    new = {"idnat": idnat, "kind": "patient", "family_name": "NOUVEAU"}
    answer = await control(simulator, "POST", "/identities", {**new, "ins": [_TRAITS]})
    assert (answer.status_code, answer.json()["detail"], answer.json()["reference"]) == (422, said, "ans-ins")
    assert (await _made(simulator, "/identities", new))["warnings"] == [said]


@pytest.mark.parametrize(
    "traits",
    [
        {"birth_date": "05/01/1990"},
        {"birth_date": 631497600},
        {"sex": "H"},
        {"birth_place": "751021"},
        {"birth_place": "Paris"},
        {"oid": "1.2.3"},
        {"state": "dead"},
        {"birth_name": "A\nB"},
        {"representatives": [{"idnat": "x", "kind": "aunt"}]},
        {"birth_date": None},
        {"ins": JEAN},
    ],
    ids=str,
)
async def test_traits_that_cannot_be_are_refused(simulator: Simulator, traits: dict[str, Any]) -> None:
    new = {"idnat": JEAN, "kind": "patient", "family_name": "NOUVEAU", "ins": [{**_TRAITS, **traits}]}
    assert (await control(simulator, "POST", "/identities", new)).status_code == 422


async def test_a_sex_that_was_corrected_later_is_told_and_not_refused(simulator: Simulator) -> None:
    made = await _patient(simulator, ins=[{**_TRAITS, "sex": "F"}])
    assert made["warnings"] == ["The number tells the sex M, the record F."]
    assert (await Person(simulator, "doctor").send(DOCTOR, to=[ADDRESS])).json()["warnings"] == []


async def test_one_number_in_two_roots_is_one_mailbox(simulator: Simulator) -> None:
    nia = {**_TRAITS, "oid": "1.2.250.1.213.1.4.9"}
    await _patient(simulator, ins=[_TRAITS, {**nia, "state": "provisional"}])
    listed = (await control(simulator, "GET", "/identities")).json()
    (found,) = [one for one in listed if one["idnat"] == JEAN]
    assert [(one["oid"][-2:], one["state"]) for one in found["ins"]] == [(".8", "qualified"), (".9", "provisional")]
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[ADDRESS])).json()["warnings"] == []
    await _qualify(simulator, _TRAITS, {**nia, "state": "mes-closed"})
    assert await _outcome(simulator, await doctor.send(DOCTOR, to=[ADDRESS])) == "failed"


async def test_who_closed_mon_espace_sante_gets_no_letter_until_it_is_open_again(simulator: Simulator) -> None:
    traits = {"birth_name": "FONTAINE", "given_names": "Claire", "birth_date": "1985-03-12", "sex": "F", "birth_place": "75113"}
    doctor = Person(simulator, "doctor")
    await _qualify(simulator, {**traits, "state": "mes-closed"}, idnat=_MOTHER)
    sent = await doctor.send(DOCTOR, to=[PATIENT])
    assert sent.json()["warnings"] == [], "the identity is qualified all the same"
    assert await _outcome(simulator, sent) == "failed"
    await _qualify(simulator, traits, idnat=_MOTHER)
    assert await _outcome(simulator, await doctor.send(DOCTOR, to=[PATIENT])) == "delivered"


async def test_who_opposed_is_told_of_and_has_the_letter(start: StartSimulator) -> None:
    async with start(patient_unqualified="refused") as simulator:
        await _patient(simulator, ins=[{**_TRAITS, "state": "opposed"}])
        (warning,) = (await Person(simulator, "doctor").send(DOCTOR, to=[ADDRESS])).json()["warnings"]
        assert warning["detail"] == f"The patient {ADDRESS} objects to letters by MSSanté."


async def test_who_opposed_at_creation_has_no_mailbox(simulator: Simulator) -> None:
    new = {"idnat": JEAN, "kind": "patient", "family_name": "NOUVEAU", "ins": [{**_TRAITS, "state": "without-mes"}]}
    await _made(simulator, "/identities", new)
    answer = await control(simulator, "POST", "/mailboxes", {"address": ADDRESS, "kind": "PATIENT", "owner_idnat": JEAN})
    assert (answer.status_code, answer.json()["reference"]) == (409, "quirks#mes-states")
    assert await _outcome(simulator, await Person(simulator, "doctor").send(DOCTOR, to=[ADDRESS])) == "failed"


async def _outcome(simulator: Simulator, sent: httpx.Response) -> str:
    """What became of a letter to one patient."""
    timeline = await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/sent/{sent.json()['submission_id']}")
    return str(timeline["recipients"][0]["state"])


async def test_a_number_of_corsica_is_one_mailbox_in_either_case(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient2")
    forms = (PATIENT2, PATIENT2.replace("a", "A", 1), PATIENT2.upper())
    for form in forms:
        assert (await doctor.smtp(DOCTOR, form, letter(DOCTOR, form, f"SMTP {form}"))).code == 250
        sent = (await doctor.send(DOCTOR, to=[form], subject=f"REST {form}")).json()
        assert (sent["warnings"], [one["address"] for one in sent["recipients"]]) == ([], [PATIENT2])
        assert (await Peer(simulator).send(HOSPITAL, [form], letter(HOSPITAL, form, f"MX {form}"))).code == 250
    for form in forms:
        assert sorted(one["subject"] for one in await patient.inbox(form)) == sorted(
            f"{door} {one}" for door in ("SMTP", "REST", "MX") for one in forms
        )
        client = await ImapClient.open(simulator, form, "patient-2026")
        assert "* 9 EXISTS" in await client.ask("SELECT INBOX")
        await client.close()


async def test_a_minor_is_written_to_at_an_address_of_the_childs_own_beside_professionals(simulator: Simulator) -> None:
    """F20: one letter to the attending doctor, the prescriber and the child; the parents are on record, and get none."""
    child = {"birth_name": "FONTAINE", "given_names": "Zoé", "birth_date": "2019-05-14", "sex": "F", "birth_place": "75113"}
    parents = [{"idnat": _MOTHER, "kind": "parent"}, {"idnat": JEAN, "kind": "guardian"}]
    made = await _patient(simulator, _CHILD, given_name="Zoé", ins=[{**child, "representatives": parents}])
    assert (made["ins"][0]["representatives"], made["warnings"]) == (parents, [])

    address = f"{_CHILD}@patient.mssante.fr"
    sent = await Person(simulator, "doctor").send(DOCTOR, to=[address, HOSPITAL, PRACTICE], subject="Compte rendu")
    assert {one["address"]: one["code"] for one in sent.json()["recipients"]} == {address: None, HOSPITAL: None, PRACTICE: None}
    assert sent.json()["warnings"] == []

    client = await ImapClient.open(simulator, f"p-{_CHILD}", "patient-2026")
    assert "* 1 EXISTS" in await client.ask("SELECT INBOX")
    await client.close()
    for reader, box in (("hospital", HOSPITAL), ("secretary", PRACTICE)):
        assert [one["subject"] for one in await Person(simulator, reader).inbox(box)] == ["Compte rendu"]
    assert await Person(simulator, "patient").inbox(PATIENT) == [], "the mother has no letter of the child's"
