"""F16: a patient lets a carer in, with limited rights and dates, masks what is not for him, and sees all that the carer does."""

from datetime import timedelta
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock, iso
from mss_sim.vocabulary.journal import Act
from tests.carers import ANSWERING, PASSWORD, let_in, make_carer, mask
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, ImapClient, Person, base64_of, control, letter
from tests.conftest import StartSimulator


async def _journal(patient: Person, mailbox: str = PATIENT) -> list[dict[str, Any]]:
    """The patient's journal, oldest first."""
    return list(reversed((await patient.get(f"/mailboxes/{mailbox}/journal", limit=100))["items"]))


async def _acts_of(patient: Person, carer: Person) -> list[tuple[str, str]]:
    lines = await _journal(patient)
    return [(line["act"], line["door"]) for line in lines if line["actor"] and line["actor"]["idnat"] == carer.idnat]


async def test_a_carer_sees_what_he_may_see_and_no_more(simulator: Simulator) -> None:
    """The story of F16, from the first grant to the last."""
    patient, doctor, hospital = (Person(simulator, role) for role in ("patient", "doctor", "hospital"))
    carer = await make_carer(simulator)
    assert (await carer.rest("GET", f"/mailboxes/{PATIENT}")).status_code == 404
    await let_in(patient, carer)
    await mask(patient, f"correspondents/{HOSPITAL}")
    assert (await doctor.send(DOCTOR, to=[PATIENT], subject="Rendez-vous")).status_code == 201
    assert (await hospital.send(HOSPITAL, to=[PATIENT], subject="Résultats")).status_code == 201
    assert [row["subject"] for row in await patient.inbox(PATIENT)] == ["Résultats", "Rendez-vous"]
    [seen] = await carer.inbox(PATIENT)
    assert seen["subject"] == "Rendez-vous"
    [box] = await carer.get("/mailboxes")
    assert (box["address"], box["role"], box["rights"]) == (PATIENT, None, sorted(ANSWERING))
    inbox = next(row for row in await carer.get(f"/mailboxes/{PATIENT}/folders") if row["name"] == "INBOX")
    assert (inbox["exists"], inbox["unseen"], inbox["uid_next"]) == (1, 1, 2)
    assert (await carer.open(PATIENT, seen["id"]))["text"].startswith("Bonjour.")
    sent = await carer.send(PATIENT, to=[DOCTOR], subject="Re: Rendez-vous", in_reply_to=seen["id"])
    assert sent.status_code == 201, sent.text
    [got] = [row for row in await doctor.inbox(DOCTOR) if row["subject"] == "Re: Rendez-vous"]
    opened = await doctor.open(DOCTOR, got["id"])
    assert opened["from"][0]["address"] == PATIENT
    assert any(name == "Sender" and "Jeanne FONTAINE" in value for name, value in opened["headers"])
    assert [act for act, _ in await _acts_of(patient, carer)] == [Act.VISITED, Act.READ, Act.SUBMITTED]
    read_by = (await patient.open(PATIENT, (await patient.inbox(PATIENT))[1]["id"]))["read_by"]
    assert carer.idnat in [one["by"]["idnat"] for one in read_by]


async def test_a_carer_neither_grants_nor_raises_his_rights_nor_masks(simulator: Simulator) -> None:
    patient, carer, other = Person(simulator, "patient"), await make_carer(simulator), await make_carer(simulator, "jean.second")
    grant = await let_in(patient, carer, rights=["see", "read"])
    made = await mask(patient, f"correspondents/{HOSPITAL}")
    assert (await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT])).status_code == 201
    [seen] = await carer.inbox(PATIENT)
    box = f"/mailboxes/{PATIENT}"
    for grantee, rights in ((carer, ANSWERING), (other, ["see"])):
        answer = await carer.rest("POST", f"{box}/grants", json={"grantee": grantee.idnat, "rights": rights})
        assert (answer.status_code, answer.json()["code"]) == (403, "grant-not-allowed")
    for method, path, json in (
        ("GET", "masks", None),
        ("PUT", f"masks/correspondents/{DOCTOR}", None),
        ("PUT", f"masks/messages/{seen['id']}", None),
        ("PUT", "masks/messages/0am6c38w5xc01", None),
        ("DELETE", f"masks/{made['id']}", None),
        ("DELETE", "masks/0am6c38w5xc01", None),
        ("GET", "journal", None),
        ("PATCH", f"messages/{seen['id']}", {"add": ["\\Seen"]}),
        ("POST", f"messages/{seen['id']}/move", {"folder": "Trash"}),
        ("DELETE", f"messages/{seen['id']}", None),
        ("POST", "folders", {"name": "À moi"}),
        ("PATCH", "", {"label": "À moi"}),
    ):
        answer = await carer.rest(method, f"{box}/{path}".rstrip("/"), json=json)
        assert (answer.status_code, answer.json()["code"]) == (403, "right-missing"), (method, path)
    assert (await carer.send(PATIENT, to=[DOCTOR])).status_code == 403
    order = {"from": carer.idnat, "to": other.idnat, "mailbox": PATIENT}
    assert (await carer.rest("POST", "/grants/hand-over", json=order)).status_code == 403
    client = await ImapClient.open(simulator, f"{PATIENT}*{carer.account['login']}", PASSWORD)
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK [READ-ONLY]")
    for command in (
        f"SETACL INBOX {carer.idnat} lrswipkxtea",
        f"SETACL INBOX {other.idnat} lr",
        "GETACL INBOX",
        "STORE 1 +FLAGS (\\Seen)",
        "MOVE 1 Trash",
        "COPY 1 Archive",
        "CREATE autre",
        "EXPUNGE",
    ):
        assert (await client.ask(command))[-1].startswith("NO"), command
    await client.close()
    assert [row["id"] for row in await patient.get(f"{box}/grants")] == [grant["id"]]
    assert [row["id"] for row in await patient.get(f"{box}/masks")] == [made["id"]]
    assert (Act.RIGHT_REFUSED, "rest") in await _acts_of(patient, carer)


async def test_a_patient_grants_no_more_than_a_carer_may_have_and_to_one(start: StartSimulator) -> None:
    async with start(carers_max=1) as simulator:
        patient, first, second = Person(simulator, "patient"), await make_carer(simulator), await make_carer(simulator, "jean.second")
        path = f"/mailboxes/{PATIENT}/grants"
        for right in ("mark", "file", "delete", "send_as", "close", "manage"):
            answer = await patient.rest("POST", path, json={"grantee": first.idnat, "rights": ["see", right]})
            assert (answer.status_code, answer.json()["reference"]) == (403, "quirks#patient-grants")
        for nobody in (Person(simulator, "patient2").idnat, "NOBODY"):
            answer = await patient.rest("POST", path, json={"grantee": nobody, "rights": ["see"]})
            assert (answer.status_code, answer.json()["code"]) == (422, "grantee-not-allowed")
        grant = await let_in(patient, first)
        answer = await patient.rest("POST", path, json={"grantee": second.idnat, "rights": ["see"]})
        assert (answer.status_code, answer.json()["reference"]) == (403, "quirks#patient-grants")
        await let_in(patient, first, rights=["see"])  # the same person is no other carer
        given = await patient.rest("POST", "/grants/hand-over", json={"from": first.idnat, "to": second.idnat, "mailbox": PATIENT})
        assert given.status_code == 201, given.text
        assert await first.get("/mailboxes") == []
        assert [box["address"] for box in await second.get("/mailboxes")] == [PATIENT]
        assert (await patient.rest("DELETE", f"{path}/{grant['id']}")).status_code == 200


@pytest.mark.parametrize("most", [0, 2])
async def test_how_many_carers_a_patient_has_and_what_they_may_is_set(start: StartSimulator, most: int) -> None:
    async with start(carers_max=most, carers_rights={"see"}, carers_masks_max=1) as simulator:
        patient, path = Person(simulator, "patient"), f"/mailboxes/{PATIENT}/grants"
        people = [await make_carer(simulator, f"aidant.n{number}") for number in range(3)]
        beyond = await patient.rest("POST", path, json={"grantee": people[0].idnat, "rights": ["see", "read"]})
        assert beyond.status_code == 403
        answers = [await patient.rest("POST", path, json={"grantee": one.idnat, "rights": ["see"]}) for one in people]
        assert [one.status_code for one in answers] == [201] * most + [403] * (3 - most)
        await mask(patient, f"correspondents/{HOSPITAL}")
        again = await mask(patient, f"correspondents/{HOSPITAL.upper()}")
        assert again["what"] == HOSPITAL
        full = await patient.rest("PUT", f"/mailboxes/{PATIENT}/masks/correspondents/{DOCTOR}")
        assert (full.status_code, full.json()["code"]) == (422, "limit-reached")


async def test_a_carer_comes_and_goes_by_the_clock(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, delegation_tick_seconds=0.01) as simulator:
        patient, carer, day = Person(simulator, "patient"), await make_carer(simulator), 86_400_000_000
        begin, end = iso(clock.now() + day) or "", iso(clock.now() + 2 * day) or ""
        await let_in(patient, carer, valid_from=begin, valid_until=end)
        assert await carer.get("/mailboxes") == []
        clock.advance(timedelta(days=1))
        assert [box["address"] for box in await carer.get("/mailboxes")] == [PATIENT]
        client = await ImapClient.open(simulator, f"{PATIENT}*{carer.account['login']}", PASSWORD)
        await client.ask("SELECT INBOX")
        await client.idle()
        clock.advance(timedelta(days=1))
        assert (await client.line()).startswith("* BYE")
        assert await carer.get("/mailboxes") == []


async def test_a_revoked_carer_loses_an_open_session_at_once(simulator: Simulator) -> None:
    patient, carer = Person(simulator, "patient"), await make_carer(simulator)
    grant = await let_in(patient, carer)
    client = await ImapClient.open(simulator, f"{PATIENT}*{carer.account['login']}", PASSWORD)
    await client.ask("SELECT INBOX")
    await client.idle()
    assert (await patient.rest("DELETE", f"/mailboxes/{PATIENT}/grants/{grant['id']}")).status_code == 200
    assert (await client.line()).startswith("* BYE There is no mailbox")
    assert (await carer.rest("GET", f"/mailboxes/{PATIENT}/messages")).status_code == 404
    assert (await carer.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR))).code == 553


async def test_a_carer_of_two_patients_sees_each_by_its_own_masks(start: StartSimulator) -> None:
    """A professional, who has a mailbox of his own too."""
    async with start() as simulator:
        carer, doctor = Person(simulator, "newcomer"), Person(simulator, "doctor")
        for role, box in (("patient", PATIENT), ("patient2", PATIENT2)):
            await let_in(Person(simulator, role), carer, box)
        await mask(Person(simulator, "patient"), f"correspondents/{DOCTOR}")
        assert (await doctor.send(DOCTOR, to=[PATIENT, PATIENT2])).status_code == 201
        assert await carer.inbox(PATIENT) == []
        assert len(await carer.inbox(PATIENT2)) == 1
        client = await ImapClient.open(simulator, carer.account["login"], carer.account["password"])
        listed = str(await client.ask('LIST "" * RETURN (STATUS (MESSAGES))'))
        await client.close()
        assert f'"Other Users/{PATIENT}/INBOX" (MESSAGES 0)' in listed
        assert f'"Other Users/{PATIENT2}/INBOX" (MESSAGES 1)' in listed


@pytest.mark.parametrize("receipts", [True, False])
async def test_a_carer_who_opens_confirms_for_the_patient_once(start: StartSimulator, receipts: bool) -> None:
    async with start(carers_receipts=receipts) as simulator:
        patient, carer, doctor = Person(simulator, "patient"), await make_carer(simulator), Person(simulator, "doctor")
        await let_in(patient, carer)
        sent = (await doctor.send(DOCTOR, to=[PATIENT], request_read_receipt=True)).json()
        [seen] = await carer.inbox(PATIENT)

        async def displayed() -> int:
            told = await doctor.get(f"/mailboxes/{DOCTOR}/sent/{sent['submission_id']}")
            return sum(event["kind"] == "displayed" for event in told["recipients"][0]["events"])

        for _ in range(2):
            await carer.open(PATIENT, seen["id"])
        client = await ImapClient.open(simulator, f"{PATIENT}*{carer.account['login']}", PASSWORD)
        await client.ask("SELECT INBOX")
        await client.ask("FETCH 1 BODY[TEXT]")
        await client.close()
        assert await displayed() == (1 if receipts else 0)
        asked = await carer.rest("POST", f"/mailboxes/{PATIENT}/messages/{seen['id']}/receipt")
        assert asked.json()["code"] == ("receipt-already-sent" if receipts else "receipt-not-requested")
        await patient.open(PATIENT, (await patient.inbox(PATIENT))[0]["id"])
        assert await displayed() == 1
        report = await doctor.open(DOCTOR, (await doctor.inbox(DOCTOR))[0]["id"])
        assert report["from"][0] == {"name": "Claire FONTAINE", "address": PATIENT}
        assert "JEANNE" not in str(report).upper()


async def test_what_is_sent_back_and_documents_are_masked_too(start: StartSimulator) -> None:
    """A bounce names whom the patient wrote to; a document that is sent again, by somebody else, is the same one."""
    async with start(relay="direct") as simulator:
        patient, doctor, hospital = (Person(simulator, role) for role in ("patient", "doctor", "hospital"))
        carer = await make_carer(simulator)
        await let_in(patient, carer)
        await mask(patient, f"correspondents/{HOSPITAL}")
        assert (await hospital.send(HOSPITAL, to=[PATIENT])).status_code == 201
        changed = await control(simulator, "PATCH", f"/mailboxes/{HOSPITAL}", {"quota_bytes": 0})
        assert changed.status_code == 200, changed.text
        await patient.smtp(PATIENT, HOSPITAL, letter(PATIENT, HOSPITAL), rcpt="NOTIFY=FAILURE,DELAY")
        clock = await control(simulator, "POST", "/clock/advance", {"by": "P7D"})
        assert clock.status_code == 200, clock.text
        told = [row["subject"] for row in await patient.inbox(PATIENT)]
        assert len(told) >= 2, told
        assert await carer.inbox(PATIENT) == []
        file = {"filename": "bilan.pdf", "content_type": "application/pdf", "content_base64": base64_of(b"%PDF-1.7 positif")}
        assert (await doctor.send(DOCTOR, to=[PATIENT], attachments=[file])).status_code == 201
        [seen] = await carer.inbox(PATIENT)
        first = (await patient.inbox(PATIENT))[0]
        part = (await patient.open(PATIENT, first["id"]))["attachments"][0]["part"]
        made = await mask(patient, f"messages/{first['id']}/attachments/{part}")
        assert (made["kind"], made["what"]) == ("document", "bilan.pdf")
        assert await carer.inbox(PATIENT) == []
        again = {**file, "filename": "autre-nom.pdf"}
        assert (await doctor.send(DOCTOR, to=[PATIENT], attachments=[again], subject="Encore")).status_code == 201
        assert (await doctor.send(DOCTOR, to=[PATIENT], subject="Sans pièce")).status_code == 201
        assert [row["subject"] for row in await carer.inbox(PATIENT)] == ["Sans pièce"]
        assert (await patient.rest("DELETE", f"/mailboxes/{PATIENT}/masks/{made['id']}")).status_code == 204
        back = await carer.inbox(PATIENT)
        assert sorted(row["subject"] for row in back) == ["Bonjour", "Encore", "Sans pièce"]
        assert seen["id"] not in [row["id"] for row in back]


async def test_the_patients_journal_tells_every_access_of_a_carer(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, carers_visit_seconds=60) as simulator:
        patient, carer = Person(simulator, "patient"), Person(simulator, "doctor2")
        grant = await let_in(patient, carer)
        assert (await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT])).status_code == 201
        [seen] = await carer.inbox(PATIENT)
        await carer.get(f"/mailboxes/{PATIENT}/conversations")
        for path in ("", "/raw"):
            assert (await carer.rest("GET", f"/mailboxes/{PATIENT}/messages/{seen['id']}{path}")).status_code == 200
        clock.advance(timedelta(seconds=61))
        await carer.get(f"/mailboxes/{PATIENT}/folders")
        client = await ImapClient.open(simulator, carer.account["login"], carer.account["password"])
        await client.ask(f'SELECT "Other Users/{PATIENT}/INBOX"')
        await client.ask("FETCH 1 BODY.PEEK[HEADER]")
        await client.ask("FETCH 1 BODY.PEEK[]")
        assert (await client.ask("COPY 1 INBOX"))[-1].startswith("OK")
        await client.close()
        told = [line for line in await _journal(patient) if line["actor"] and line["actor"]["idnat"] == carer.idnat]
        assert [(line["act"], line["door"]) for line in told] == [
            (Act.VISITED, "rest"),
            (Act.READ, "rest"),
            (Act.READ, "rest"),
            (Act.VISITED, "rest"),
            (Act.VISITED, "imap"),
            (Act.READ, "imap"),
            (Act.COPIED, "imap"),
        ]
        assert {line["grant_id"] for line in told} == {grant["id"]}
        [known] = await patient.inbox(PATIENT)
        assert told[1]["detail"] == {"message": known["id"]}
        assert told[-1]["detail"]["to"].endswith("sim.mssante.fr")


async def test_a_carer_is_told_why_by_what_he_sees_alone(simulator: Simulator) -> None:
    """A masked letter gave the right and another one closed: for him there was neither."""
    patient, doctor, hospital = (Person(simulator, role) for role in ("patient", "doctor", "hospital"))
    carer = await make_carer(simulator)
    await let_in(patient, carer)
    await mask(patient, f"correspondents/{HOSPITAL}")
    for sender, address in ((doctor, DOCTOR), (hospital, HOSPITAL)):
        assert (await sender.send(address, to=[PATIENT], subject="Suivi")).status_code == 201

    async def told(who: Person, to: str) -> tuple[bool, str, bool]:
        answer = await who.get(f"/mailboxes/{PATIENT}/why-not", to=to)
        return answer["may_write"], answer["code"], answer["letter"] is not None

    assert await told(carer, DOCTOR) == await told(patient, DOCTOR)
    assert (await told(patient, HOSPITAL))[0] is True
    refused = await carer.send(PATIENT, to=[HOSPITAL])
    assert (refused.status_code, refused.json()["code"]) == (403, "not-invited")
    assert await told(carer, HOSPITAL) == (False, "not-invited", False)
    [mine] = (await carer.get(f"/mailboxes/{PATIENT}/conversations"))["items"]
    [why] = await carer.get(f"/mailboxes/{PATIENT}/conversations/{mine['id']}/why")
    assert (why["to"], why["may_write"]) == (DOCTOR, True)
    for row in (await patient.get(f"/mailboxes/{PATIENT}/conversations"))["items"]:
        if row["id"] != mine["id"]:
            assert (await carer.rest("GET", f"/mailboxes/{PATIENT}/conversations/{row['id']}/why")).status_code == 404
