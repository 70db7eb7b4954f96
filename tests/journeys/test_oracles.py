"""What a refusal tells of what its reader may not know: nothing. What exists and what does not are refused in the same words."""

from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, ImapClient, Person, control

NOBODY = "nobody@medecin.sim.mssante.fr"
UNKNOWN = "899799999999"
UNKNOWN_INS = "185037511300199"


def _told(answer: Any, *names: str) -> tuple[int, str]:
    """A refusal without the names that the asker gave himself."""
    text = answer.text
    for name in names:
        text = text.replace(name, "-")
    return answer.status_code, text


async def _grants(person: Person, mailbox: str) -> dict[str, dict[str, Any]]:
    return {row["grantee"]["idnat"]: row for row in await person.get(f"/mailboxes/{mailbox}/grants") if row["in_force"]}


@pytest.mark.parametrize("asker", ["hospital", "assistant", "newcomer", "patient"])
async def test_a_hand_over_tells_who_manages_nothing_neither_who_exists_nor_who_holds_what(simulator: Simulator, asker: str) -> None:
    person, secretary, patient2 = Person(simulator, asker), Person(simulator, "secretary"), Person(simulator, "patient2")
    pharmacist = Person(simulator, "pharmacist").idnat
    answers = set()
    for leaver in (UNKNOWN, UNKNOWN_INS, patient2.idnat, secretary.idnat, Person(simulator, "editor").idnat):
        for successor in (pharmacist, "899788888888", PATIENT.partition("@")[0] if asker != "patient" else "125062000000000"):
            answer = await person.rest("POST", "/grants/hand-over", json={"from": leaver, "to": successor})
            answers.add(_told(answer, leaver, successor))
    assert len(answers) == 1, answers
    assert answers.pop()[0] == 404
    assert secretary.idnat in await _grants(Person(simulator, "doctor"), PRACTICE)


@pytest.mark.parametrize(
    ("asker", "mailbox", "status"), [("assistant", PRACTICE, 403), ("hospital", PRACTICE, 404), ("hospital", NOBODY, 404)]
)
async def test_a_hand_over_in_one_mailbox_tells_nothing_of_its_grants(simulator: Simulator, asker: str, mailbox: str, status: int) -> None:
    person, answers = Person(simulator, asker), set()
    for leaver in (UNKNOWN, UNKNOWN_INS, Person(simulator, "secretary").idnat, Person(simulator, "patient2").idnat):
        order = {"from": leaver, "to": Person(simulator, "pharmacist").idnat, "mailbox": mailbox}
        answers.add(_told(await person.rest("POST", "/grants/hand-over", json=order), leaver))
    assert [code for code, _ in answers] == [status], answers


async def test_nobody_hands_over_his_own_grants_nor_takes_those_of_others(simulator: Simulator) -> None:
    doctor, newcomer, secretary = (Person(simulator, role) for role in ("doctor", "newcomer", "secretary"))
    path = f"/mailboxes/{PRACTICE}/grants"
    rights = ["see", "read", "mark", "file", "send_on_behalf", "close", "manage"]
    assert (await doctor.rest("POST", path, json={"grantee": newcomer.idnat, "rights": rights})).status_code == 201
    before = await _grants(doctor, PRACTICE)
    pharmacist = Person(simulator, "pharmacist").idnat
    for order in (
        {"from": newcomer.idnat, "to": pharmacist},
        {"from": newcomer.idnat, "to": pharmacist, "mailbox": PRACTICE},
        {"from": secretary.idnat, "to": newcomer.idnat},
        {"from": secretary.idnat, "to": newcomer.idnat, "mailbox": PRACTICE},
    ):
        refused = await newcomer.rest("POST", "/grants/hand-over", json=order)
        assert (refused.status_code, refused.json()["code"]) == (403, "grant-not-allowed"), order
        assert refused.json()["reference"] == "quirks#who-may-grant"
        assert await _grants(doctor, PRACTICE) == before
    done = await newcomer.rest("POST", "/grants/hand-over", json={"from": secretary.idnat, "to": pharmacist, "mailbox": PRACTICE})
    assert done.status_code == 201, done.text
    assert await _grants(doctor, PRACTICE) == {
        **{idnat: row for idnat, row in before.items() if idnat != secretary.idnat},
        pharmacist: done.json()["created"][0],
    }


async def test_a_grant_to_nobody_and_to_a_patient_are_refused_in_the_same_words(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    await control(simulator, "PATCH", f"/identities/{Person(simulator, 'locum').idnat}", {"enabled": False})
    answers = set()
    for idnat in (UNKNOWN, UNKNOWN_INS, patient.idnat, Person(simulator, "locum").idnat):
        answers.add(_told(await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json={"grantee": idnat, "rights": ["see"]}), idnat))
        order = {"from": Person(simulator, "secretary").idnat, "to": idnat}
        answers.add(_told(await doctor.rest("POST", "/grants/hand-over", json=order), idnat))
    assert len(answers) == 1, answers
    assert Person(simulator, "secretary").idnat in await _grants(doctor, DOCTOR)


async def test_setacl_and_deleteacl_tell_nothing_of_patients(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    client = await ImapClient.open(simulator, doctor.account["login"], doctor.account["password"])
    answers = set()
    for who in (UNKNOWN_INS, "nobody.atall", patient.idnat, patient.account["login"]):
        for command in (f'SETACL INBOX "{who}" lr', f'DELETEACL INBOX "{who}"'):
            answers.add((await client.ask(command))[-1].replace(who, "-"))
    await client.close()
    assert len(answers) == 1, answers
    assert answers.pop().startswith("NO ")


async def test_who_may_not_grant_learns_nothing_of_whom_he_named(simulator: Simulator) -> None:
    assistant, answers = Person(simulator, "assistant"), set()
    for idnat in (
        UNKNOWN,
        UNKNOWN_INS,
        Person(simulator, "patient").idnat,
        Person(simulator, "pharmacist").idnat,
        "590000010000017/CPE0009",
    ):
        answer = await assistant.rest("POST", f"/mailboxes/{PRACTICE}/grants", json={"grantee": idnat, "rights": ["see"]})
        answers.add(_told(answer, idnat))
    assert [code for code, _ in answers] == [403], answers


@pytest.mark.parametrize(("asker", "status"), [("hospital", 404), ("patient", 404), ("assistant", 403)])
async def test_a_grant_of_others_is_refused_as_one_that_is_not_there(simulator: Simulator, asker: str, status: int) -> None:
    doctor, person = Person(simulator, "doctor"), Person(simulator, asker)
    here, elsewhere = await _grants(doctor, PRACTICE), await _grants(doctor, DOCTOR)
    secretary = Person(simulator, "secretary").idnat
    ids = (here[secretary]["id"], elsewhere[secretary]["id"], "0000000000001")
    answers = {_told(await person.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{one}"), one) for one in ids}
    if status == 404:
        answers |= {_told(await person.rest("DELETE", f"/mailboxes/{NOBODY}/grants/{one}"), one, NOBODY) for one in ids}
    assert {code for code, _ in answers} == {status}
    assert len({text.replace(PRACTICE, "-") for _, text in answers}) == 1, answers
    assert await _grants(doctor, PRACTICE) == here


async def test_a_grant_is_not_revoked_under_the_path_of_another_mailbox(simulator: Simulator) -> None:
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    before = await _grants(doctor, PRACTICE)
    for grant in before.values():
        answer = await hospital.rest("DELETE", f"/mailboxes/{HOSPITAL}/grants/{grant['id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        unknown = await hospital.rest("DELETE", f"/mailboxes/{HOSPITAL}/grants/0000000000001")
        assert unknown.text == answer.text
    assert await _grants(doctor, PRACTICE) == before
    secretary = Person(simulator, "secretary")  # nor is one's own renounced there
    answer = await secretary.rest("DELETE", f"/mailboxes/{DOCTOR2}/grants/{before[secretary.idnat]['id']}")
    assert answer.status_code == 404
    assert await _grants(doctor, PRACTICE) == before


@pytest.mark.parametrize("role", ["hospital", "patient"])
async def test_who_leaves_a_mailbox_that_he_does_not_hold_learns_nothing_of_it(simulator: Simulator, role: str) -> None:
    person = Person(simulator, role)
    answers = set()
    for mailbox in (PRACTICE, DOCTOR2, WARD, "125062a00401714@patient.mssante.fr", NOBODY):
        answers.add(_told(await person.rest("DELETE", f"/mailboxes/{mailbox}/holders/{person.idnat}"), mailbox))
    assert [code for code, _ in answers] == [404], answers


async def test_an_anonymous_card_holds_no_practice(simulator: Simulator) -> None:
    doctor, card = Person(simulator, "doctor"), "590000010000017/CPE0009"
    made = {"idnat": "899700429998", "kind": "professional", "family_name": "CARTE", "anonymous_card": True}
    assert (await control(simulator, "POST", "/identities", made)).status_code == 201
    before = await doctor.get(f"/mailboxes/{PRACTICE}/holders")
    for idnat in (card, "899700429998"):
        added = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/holders", json={"idnat": idnat})
        named = await doctor.rest("PUT", f"/mailboxes/{PRACTICE}/responsible", json={"idnat": idnat})
        for answer in (added, named):
            assert (answer.status_code, answer.json()["code"]) == (422, "grantee-not-allowed")
        assert await doctor.get(f"/mailboxes/{PRACTICE}/holders") == before


async def test_the_limit_of_a_mailbox_is_told_to_who_may_send_from_it_alone(simulator: Simulator) -> None:
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"message_size_bytes_max": 1_000})
    whole = b"From: x\r\n\r\n" + b"x" * 1_100_000
    for media_type in ("application/json", "message/rfc822", "text/plain"):
        answers = set()
        for mailbox in (PRACTICE, DOCTOR2, NOBODY):
            sent = await hospital.rest("POST", f"/mailboxes/{mailbox}/messages", content=whole, headers={"Content-Type": media_type})
            answers.add(_told(sent, mailbox))
        assert [code for code, _ in answers] == [403], (media_type, answers)
        assert "send-not-allowed" in answers.pop()[1]
    own = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/messages", content=whole, headers={"Content-Type": "message/rfc822"})
    assert (own.status_code, own.json()["code"]) == (413, "message-too-large")
    assert (await doctor.get(f"/mailboxes/{PRACTICE}/sent"))["items"] == []


async def test_smtp_size_is_told_to_who_may_send_from_the_mailbox_alone(simulator: Simulator) -> None:
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"message_size_bytes_max": 1_000})
    replies = set()
    for mailbox in (PRACTICE, DOCTOR2, NOBODY):
        reply = await Person(simulator, "hospital").smtp(mailbox, HOSPITAL, b"", mail="SIZE=1200")
        replies.add((reply.code, reply.text.replace(mailbox, "-")))
    assert [code for code, _ in replies] == [553], replies
    assert (await Person(simulator, "doctor").smtp(PRACTICE, HOSPITAL, b"", mail="SIZE=1200")).code == 552


async def test_imap_append_tells_nothing_of_a_mailbox_that_may_not_be_seen(simulator: Simulator) -> None:
    await control(simulator, "PATCH", f"/mailboxes/{DOCTOR2}", {"message_size_bytes_max": 1_000})
    person = Person(simulator, "hospital")
    client = await ImapClient.open(simulator, person.account["login"], person.account["password"])
    answers = set()
    for mailbox in (DOCTOR2, NOBODY, "nobody@nowhere.example"):
        said = await client.append(f"Other Users/{mailbox}/INBOX", b"Subject: x\r\n\r\n" + b"x" * 3_000)
        answers.add(said[-1].replace(mailbox, "-"))
    await client.close()
    assert len(answers) == 1, answers
    assert answers.pop().startswith("NO ")
