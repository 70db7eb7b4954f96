"""What an attacker or an accident tried once: one test per cause."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.mail import mdn
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, Peer, Person, control, letter
from tests.conftest import StartSimulator


async def _change(simulator: Simulator, address: str, **changes: object) -> None:
    await mailboxes.change_mailbox(simulator.world, address, changes, actor_id=None, door=Door.CONTROL)


async def test_one_letter_with_a_full_header_does_not_hold_up_the_queue(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        doctor = Person(simulator, "doctor")
        await _change(simulator, HOSPITAL, state="suspended")
        await _change(simulator, WARD, state="suspended")
        head = b"".join(b"X-%d: y\r\n" % number for number in range(999))
        assert (await doctor.smtp(DOCTOR, HOSPITAL, f"From: {DOCTOR}\r\n".encode() + head + b"\r\nx\r\n")).code == 250
        assert (await doctor.smtp(DOCTOR, WARD, letter(DOCTOR, WARD))).code == 250
        await _change(simulator, HOSPITAL, state="active")
        await _change(simulator, WARD, state="active")
        clock.advance(timedelta(hours=1))
        while await simulator.core.queue.work():
            pass
        assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1
        assert len(await Person(simulator, "hospital_ward").inbox(WARD)) == 1


async def test_a_reference_to_an_open_conversation_does_not_open_a_closed_one(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    closed, still_open = letter(DOCTOR, PATIENT, "A"), letter(DOCTOR, PATIENT, "B")
    await doctor.smtp(DOCTOR, PATIENT, closed)
    await doctor.smtp(DOCTOR, PATIENT, still_open)
    rows = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations"))["items"]
    first = next(row for row in rows if row["subject"] == "A")
    await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{first['id']}/close")
    both = f"{still_open['Message-ID']} {closed['Message-ID']}"
    answer = letter(PATIENT, DOCTOR, In_Reply_To=str(closed["Message-ID"]), References=both)
    assert (await patient.smtp(PATIENT, DOCTOR, answer)).code == 550


async def test_the_reply_to_mailbox_can_close_what_it_is_answered(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    await doctor.send(DOCTOR, to=[PATIENT], reply_to=[PRACTICE])
    assert (await patient.send(PATIENT, to=[PRACTICE])).status_code == 201
    await doctor.send(PRACTICE, to=[PATIENT], subject="[FIN]")
    assert (await patient.send(PATIENT, to=[PRACTICE])).json()["code"] == "conversation-closed"


async def test_a_second_author_does_not_hide_who_really_sent(simulator: Simulator) -> None:
    doctor2 = Person(simulator, "doctor2")
    body = {"grantee": doctor2.idnat, "rights": ["send_on_behalf"]}
    assert (await Person(simulator, "doctor").rest("POST", f"/mailboxes/{DOCTOR}/grants", json=body)).status_code == 201
    message = letter(f"{DOCTOR}, {DOCTOR2}", HOSPITAL)
    assert (await doctor2.smtp(DOCTOR2, HOSPITAL, message)).code == 550
    assert await Person(simulator, "hospital").inbox(HOSPITAL) == []


async def test_a_deferred_letter_lets_its_own_mailbox_be_answered(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
        await _change(simulator, PATIENT, state="suspended")
        assert (await doctor.smtp(DOCTOR, PATIENT, letter(PRACTICE, PATIENT))).code == 250
        await _change(simulator, PATIENT, state="active")
        clock.advance(timedelta(hours=1))
        while await simulator.core.queue.work():
            pass
        assert (await patient.send(PATIENT, to=[PRACTICE])).status_code == 201
        assert (await patient.send(PATIENT, to=[DOCTOR])).status_code == 403


async def test_nobody_reads_for_another(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    original = letter(DOCTOR, [HOSPITAL, PATIENT])
    await doctor.smtp(DOCTOR, [HOSPITAL, PATIENT], original)
    receipt = mdn.Receipt(HOSPITAL, "", ("", DOCTOR), str(original["Message-ID"]), "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    forged = mdn.compose(receipt, reporting_ua="x", message_id="<forged@x.fr>", at=10**15, language=Language.EN).replace(
        HOSPITAL.encode(), PATIENT.encode(), 1
    )
    assert (await patient.smtp(PATIENT, DOCTOR, forged)).code == 250
    sent = (await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"][-1]
    told = {one["address"]: one["state"] for one in sent["recipients"]}
    assert told[HOSPITAL] == "delivered"


async def test_closing_by_a_letter_needs_the_right_to_close(simulator: Simulator) -> None:
    secretary, doctor = Person(simulator, "secretary"), Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[PATIENT])
    refused = await secretary.send(DOCTOR, to=[PATIENT], subject="[FIN]")
    assert (refused.status_code, refused.json()["code"]) == (403, "right-missing")
    header = await secretary.send(DOCTOR, to=[PATIENT], close_conversation=True)
    assert header.status_code == 403
    assert (await secretary.send(PRACTICE, to=[PATIENT], close_conversation=True)).status_code == 201


async def test_fin_closes_when_it_is_accepted_even_if_the_patient_is_full(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    await doctor.send(DOCTOR, to=[PATIENT])
    await _change(simulator, PATIENT, quota_bytes=0)
    assert (await doctor.send(DOCTOR, to=[PATIENT], subject="[FIN]")).status_code == 201
    assert (await patient.send(PATIENT, to=[DOCTOR])).json()["code"] == "conversation-closed"


async def test_a_manager_grants_for_no_longer_than_he_holds(simulator: Simulator) -> None:
    doctor, assistant, newcomer = (Person(simulator, role) for role in ("doctor", "assistant", "newcomer"))
    path = f"/mailboxes/{PRACTICE}/grants"
    window = {"rights": ["see", "read", "manage"], "valid_until": "2030-01-01T00:00:00Z"}
    assert (await doctor.rest("POST", path, json={"grantee": newcomer.idnat, **window})).status_code == 201
    endless = {"grantee": Person(simulator, "hospital").idnat, "rights": ["see"]}
    assert (await newcomer.rest("POST", path, json=endless)).json()["code"] == "grant-not-allowed"
    within = {**endless, "valid_until": "2029-12-31T00:00:00Z"}
    assert (await newcomer.rest("POST", path, json=within)).status_code == 201
    assert (await assistant.rest("POST", path, json=within)).status_code == 403


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_date_that_cannot_be_shown_is_not_kept(simulator: Simulator, moment: str) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    body = {"grantee": newcomer.idnat, "rights": ["see"], "valid_from": moment}
    answer = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=body)
    assert answer.status_code == 422
    assert len(await doctor.get(f"/mailboxes/{PRACTICE}/grants")) == 2


async def test_seeing_is_not_reading(simulator: Simulator) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json={"grantee": newcomer.idnat, "rights": ["see"]})
    await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE, "Résultat", "Secret."))
    item = (await newcomer.inbox(PRACTICE))[0]
    assert (item["subject"], item["preview"]) == ("Résultat", "")
    assert (await newcomer.rest("GET", f"/mailboxes/{PRACTICE}/messages", params={"text": "secret"})).status_code == 403
    conversation = (await newcomer.get(f"/mailboxes/{PRACTICE}/conversations"))["items"][0]
    assert conversation["last_message"]["preview"] == ""


async def test_a_receipt_finds_the_letter_to_its_reader_when_a_message_id_comes_twice(simulator: Simulator) -> None:
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    headers = {"Message_ID": "<twice@medecin.sim.mssante.fr>", "Disposition_Notification_To": DOCTOR}
    await doctor.smtp(DOCTOR, HOSPITAL, letter(DOCTOR, HOSPITAL, **headers))
    await doctor.smtp(DOCTOR, DOCTOR2, letter(DOCTOR, DOCTOR2, **headers))
    item = (await hospital.inbox(HOSPITAL))[0]
    assert (await hospital.rest("POST", f"/mailboxes/{HOSPITAL}/messages/{item['id']}/receipt")).status_code == 201
    states = {
        one["recipients"][0]["address"]: one["recipients"][0]["state"] for one in (await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"]
    }
    assert states == {HOSPITAL: "displayed", DOCTOR2: "delivered"}


@pytest.mark.parametrize("sender", ["ghost@patient.mssante.fr", ""])
async def test_a_patient_does_not_hide_behind_another_return_path(simulator: Simulator, sender: str) -> None:
    reply = await Peer(simulator).send(sender, [HOSPITAL], letter(PATIENT, HOSPITAL))
    assert (reply.code, reply.enhanced) == (550, "5.7.1")


async def test_a_stranger_learns_nothing_from_leaving(simulator: Simulator) -> None:
    newcomer = Person(simulator, "newcomer")
    for mailbox in (HOSPITAL, PATIENT, PRACTICE, "nobody@medecin.sim.mssante.fr"):
        answer = await newcomer.rest("DELETE", f"/mailboxes/{mailbox}/holders/{newcomer.idnat}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_patients_letter_without_references_joins_his_open_conversation(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    await doctor.send(DOCTOR, to=[PATIENT], subject="Ordonnance")
    await patient.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, "Une question"))
    conversation = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations"))["items"][0]
    assert conversation["message_count"] == 2
    await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{conversation['id']}/close")
    assert (await patient.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR))).code == 550


async def test_resets_at_the_same_moment_all_succeed(simulator: Simulator) -> None:
    answers = await asyncio.gather(*(control(simulator, "POST", "/reset") for _ in range(3)))
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert (await control(simulator, "GET", "/state")).json()["mailboxes"] == 8


async def test_a_failed_letter_comes_back_whole_when_it_was_asked_for(simulator: Simulator) -> None:
    hospital = Person(simulator, "hospital")
    big = EmailMessage()
    big["From"], big["To"], big["Message-ID"] = HOSPITAL, PRACTICE, "<big@hopital-ormes.sim.mssante.fr>"
    big.set_content("x" * 70 + "\n" + "y\n" * 800_000)
    raw = big.as_bytes().replace(b"\n", b"\r\n")
    assert (await hospital.smtp(HOSPITAL, "nobody@cabinet.sim.mssante.fr", raw, mail="RET=FULL")).code == 250
    returned = (await hospital.inbox(HOSPITAL))[0]
    assert returned["size_bytes"] > len(raw)


_REFUSED = [
    ("PATCH", f"/mailboxes/{DOCTOR}", {"preferred_rank": 2**70}, (422, "invalid-request")),
    ("PATCH", f"/mailboxes/{DOCTOR}", {"label": "a\nb"}, (422, "invalid-request")),
    ("PATCH", f"/mailboxes/{DOCTOR}", {"label": "a\x00b"}, (422, "invalid-request")),
    ("POST", f"/mailboxes/{DOCTOR}/messages", {"to": [DOCTOR2], "in_reply_to": "7zzzzzzzzzzzz"}, (404, "not-found")),
]


@pytest.mark.parametrize(("method", "path", "body", "refusal"), _REFUSED)
async def test_values_at_the_edge_are_refused_not_a_defect(
    simulator: Simulator, method: str, path: str, body: dict[str, object], refusal: tuple[int, str]
) -> None:
    answer = await Person(simulator, "doctor").rest(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == refusal


async def test_a_folder_is_renamed_below_a_parent_that_is_missing_and_never_onto_another(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    path = f"/mailboxes/{DOCTOR}/folders"
    first = (await doctor.rest("POST", path, json={"name": "Q"})).json()
    await doctor.rest("POST", path, json={"name": "A/Y"})
    assert (await doctor.rest("PATCH", f"{path}/{first['id']}", json={"name": "X/Y"})).status_code == 200
    parent = next(one for one in await doctor.get(path) if one["name"] == "A")
    assert (await doctor.rest("PATCH", f"{path}/{parent['id']}", json={"name": "X"})).status_code == 409


async def test_the_control_plane_takes_doubles_and_nothings(simulator: Simulator) -> None:
    doubled = {"name": "x", "domains": ["Double.sim.mssante.fr", "double.sim.mssante.fr"]}
    assert (await control(simulator, "POST", "/operators", doubled)).status_code == 201
    assert (await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {})).status_code == 200
    doctor, doctor2 = Person(simulator, "doctor").idnat, Person(simulator, "doctor2").idnat
    practice = {"address": "b@cabinet.sim.mssante.fr", "kind": "CAB", "owner_idnat": doctor, "co_holders": [doctor, doctor2, doctor2]}
    assert (await control(simulator, "POST", "/mailboxes", practice)).status_code == 201
    slash = {"address": "a/b@cabinet.sim.mssante.fr", "kind": "CAB", "owner_idnat": doctor}
    assert (await control(simulator, "POST", "/mailboxes", slash)).json()["code"] == "invalid-request"


async def test_every_reference_of_the_openapi_document_resolves(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        schema = (await client.get("/openapi.json")).json()
    components = schema["components"]
    names = {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in components[kind]}

    def references(node: object) -> set[str]:
        if isinstance(node, dict):
            own = {str(node["$ref"])} if "$ref" in node else set()
            return own.union(*(references(value) for value in node.values()))
        return set[str]().union(*(references(value) for value in node)) if isinstance(node, list) else set()

    assert references(schema) - names == set()


async def test_a_report_of_a_person_is_no_more_believed_after_it_waited_in_the_queue(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        await Person(simulator, "hospital").send(HOSPITAL, to=[DOCTOR])
        item = (await Person(simulator, "doctor").inbox(DOCTOR))[0]
        await mailboxes.change_mailbox(simulator.world, HOSPITAL, {"state": "suspended"}, actor_id=None, door=Door.CONTROL)
        forged = mdn.Receipt(DOCTOR, "", ("", HOSPITAL), item["message_id"], "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
        raw = mdn.compose(forged, reporting_ua="x", message_id="<forged@sim.mssante.fr>", at=10**15, language=Language.EN)
        raw = raw.replace(f"From: {DOCTOR}".encode(), f"From: {DOCTOR2}".encode())
        assert (await Person(simulator, "doctor2").smtp(DOCTOR2, HOSPITAL, raw)).code == 250
        await mailboxes.change_mailbox(simulator.world, HOSPITAL, {"state": "active"}, actor_id=None, door=Door.CONTROL)
        clock.advance(timedelta(hours=1))
        while await simulator.core.queue.work():
            pass
        told = (await Person(simulator, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]["recipients"][0]
        assert [event["kind"] for event in told["events"]] == ["submitted", "relayed", "delivered"]


async def test_an_anonymous_card_loses_its_grants_and_holds_no_practice(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    idnat = secretary.idnat
    assert (await control(simulator, "PATCH", f"/identities/{idnat}", {"anonymous_card": True})).status_code == 200
    assert (await secretary.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == 404
    mailbox = {"address": "autre@cabinet.sim.mssante.fr", "kind": "CAB", "owner_idnat": Person(simulator, "doctor").idnat}
    for who in (idnat, Person(simulator, "patient").idnat, "1750990012"):
        assert (await control(simulator, "POST", "/mailboxes", {**mailbox, "co_holders": [who]})).status_code == 422


async def test_a_nul_in_a_name_is_refused_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        url = simulator.ready()["http"]
        async with httpx.AsyncClient(base_url=url, auth=("a\0b", "x")) as client:
            assert (await client.get("/api/v1/me")).status_code == 401
        doctor = Person(simulator, "doctor")
        grant = {"grantee": Person(simulator, "newcomer").idnat, "rights": ["see"], "reason": "a\0b"}
        order = {"from": Person(simulator, "secretary").idnat, "to": grant["grantee"], "reason": "a\0b"}
        for path, body in ((f"/mailboxes/{PRACTICE}/grants", grant), ("/grants/hand-over", order)):
            answer = await doctor.rest("POST", path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
        assert (await control(simulator, "GET", "/identities/%00")).status_code == (404 if database is None else 422)


async def test_marking_deleted_needs_the_right_to_delete_over_rest_too(simulator: Simulator) -> None:
    await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])
    secretary = Person(simulator, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    answer = await secretary.rest("PATCH", f"/mailboxes/{PRACTICE}/messages/{item['id']}", json={"add": ["\\Deleted"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "right-missing")
