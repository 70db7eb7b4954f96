"""F14, MES out of order: letters to patients wait, their senders hear of it after four hours, and when it is back all arrive, once."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, Person, control, letter
from tests.conftest import StartSimulator
from tests.faulty import fired, preset

_SENDERS = {"hospital": HOSPITAL, "doctor": DOCTOR}
_EACH = 4


async def advance(simulator: Simulator, **span: float) -> list[dict[str, Any]]:
    """Move the frozen clock; what happened meanwhile."""
    answer = await control(simulator, "POST", "/clock/advance", {"by": f"PT{int(timedelta(**span).total_seconds())}S"})
    assert answer.status_code == 200, answer.text
    fired: list[dict[str, Any]] = answer.json()["fired"]
    return fired


async def sent_by(simulator: Simulator, role: str) -> dict[str, dict[str, Any]]:
    """What a mailbox sent to a patient: by subject, the only recipient's events and what waits."""
    rows = (await Person(simulator, role).get(f"/mailboxes/{_SENDERS[role]}/sent", limit=50))["items"]
    return {row["subject"]: row["recipients"][0] for row in rows}


async def letters_of(simulator: Simulator, address: str, role: str) -> Counter[str]:
    return Counter(one["subject"] for one in await Person(simulator, role).inbox(address))


@pytest.mark.parametrize("relay", ["smtp", "direct"])
async def test_mes_is_down_for_six_hours_and_nothing_is_lost_nor_doubled(start: StartSimulator, database: str | None, relay: str) -> None:
    async with start(database_url=database, relay=relay) as simulator:
        frozen = {"mode": "frozen", "at": "2040-03-02T08:00:00Z"}
        assert (await control(simulator, "PUT", "/clock", frozen)).status_code == 200
        rules = await preset(simulator, "mes-down")
        expected: Counter[str] = Counter()
        for role, sender in _SENDERS.items():
            for number in range(_EACH):
                subject = f"{role} {number}"
                if number % 2:
                    answer = await Person(simulator, role).send(sender, to=[PATIENT], subject=subject, request_read_receipt=True)
                    assert answer.status_code == 201, answer.text
                else:
                    taken = await Person(simulator, role).smtp(
                        sender, PATIENT, letter(sender, PATIENT, subject, Disposition_Notification_To=sender)
                    )
                    assert taken.code == 250, taken.text
                expected[subject] += 1

        # Down: nothing arrives, everything waits and says why, in words that name the rule.
        assert await advance(simulator, minutes=1)
        assert await letters_of(simulator, PATIENT, "patient") == Counter()
        waiting = (await control(simulator, "GET", "/queue?limit=100")).json()
        assert Counter(one["subject"] for one in waiting) == expected
        said = "421 4.3.2" if relay == "smtp" else "451 4.3.2"  # over the wire already the recipient is refused
        assert all(said in one["reply"] and any(rule in one["reply"] for rule in rules) for one in waiting), waiting
        assert await fired(simulator, *rules) > 0

        # After three hours nobody was told; after four each sender was, once for each letter.
        await advance(simulator, hours=3)
        assert sum((await letters_of(simulator, HOSPITAL, "hospital")).values()) == 0
        await advance(simulator, hours=2)
        for role, address in _SENDERS.items():
            assert len(await Person(simulator, role).inbox(address)) == _EACH
            kinds = [[event["kind"] for event in one["events"]] for one in (await sent_by(simulator, role)).values()]
            assert all(one.count("delayed") == 1 and "failed" not in one for one in kinds), kinds
        await advance(simulator, minutes=59)
        assert await letters_of(simulator, PATIENT, "patient") == Counter()

        # Back: within the longest wait between two tries all are there, and the timeline says so.
        for rule in rules:
            assert (await control(simulator, "DELETE", f"/faults/{rule}")).status_code == 204
        await advance(simulator, hours=1)
        assert await letters_of(simulator, PATIENT, "patient") == expected
        assert (await control(simulator, "GET", "/queue")).json() == []
        for role in _SENDERS:
            for one in (await sent_by(simulator, role)).values():
                assert one["events"][-1]["kind"] == "delivered", one
                assert [event["kind"] for event in one["events"]].count("delivered") == 1

        # The patient reads them all; each sender gets the receipt that he asked for.
        patient = Person(simulator, "patient")
        for one in await patient.inbox(PATIENT):
            await patient.open(PATIENT, one["id"])
        await advance(simulator, minutes=1)
        for role in _SENDERS:
            assert all(one["events"][-1]["kind"] == "displayed" for one in (await sent_by(simulator, role)).values())

        # A day later nothing came twice, and nobody was told anything else.
        await advance(simulator, days=1)
        assert await letters_of(simulator, PATIENT, "patient") == expected
        for role, address in _SENDERS.items():
            assert len(await Person(simulator, role).inbox(address)) == 2 * _EACH


async def test_while_mes_is_down_professionals_write_to_each_other(simulator: Simulator) -> None:
    await preset(simulator, "mes-down")
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    assert (await doctor.send(DOCTOR, to=[PATIENT, HOSPITAL, PATIENT2], subject="All three")).status_code == 201
    await simulator.core.queue.work()
    assert [one["subject"] for one in await hospital.inbox(HOSPITAL)] == ["All three"]
    kinds = {one["address"]: one["events"][-1]["kind"] for one in (await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"][0]["recipients"]}
    assert kinds == {PATIENT: "submitted", PATIENT2: "submitted", HOSPITAL: "delivered"}


async def test_the_portal_is_down_letters_arrive_and_receipts_come_in_a_burst(simulator: Simulator) -> None:
    """The patients' server takes everything, and no patient gets to his messaging; when it is back, all that was due is done."""
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2040-03-02T08:00:00Z"})
    for address in (PATIENT, PATIENT2):
        await control(simulator, "PUT", f"/mailboxes/{address}/behaviour", {"name": "opens-at-once"})
    (rule,) = await preset(simulator, "mes-accepts-portal-down")
    hospital = Person(simulator, "hospital")
    for number in range(_EACH):
        answer = await hospital.send(HOSPITAL, to=[PATIENT, PATIENT2], subject=f"n° {number}", request_read_receipt=True)
        assert answer.status_code == 201
    happened = await advance(simulator, hours=6)
    assert [one for one in happened if one["kind"] != "delivery.tried"] == []
    assert len(await Person(simulator, "patient").inbox(PATIENT)) == _EACH
    assert await letters_of(simulator, HOSPITAL, "hospital") == Counter()
    assert await fired(simulator, rule) > 2 * _EACH
    assert (await control(simulator, "DELETE", f"/faults/{rule}")).status_code == 204
    happened = await advance(simulator, minutes=10)
    assert [one["kind"] for one in happened].count("letter.opened") == 2 * _EACH
    assert await letters_of(simulator, HOSPITAL, "hospital") == Counter({f"Read: n° {number}": 2 for number in range(_EACH)})


@pytest.mark.parametrize("form", ["report", "plain"])
async def test_wrong_bounces_name_neither_the_letter_nor_the_patient(start: StartSimulator, form: str) -> None:
    async with start(mes_refusal="bounce", mes_bounce_form=form) as simulator:
        await control(simulator, "PUT", "/clock", {"mode": "frozen"})
        (rule,) = await preset(simulator, "mes-wrong-bounces")
        doctor, nobody = Person(simulator, "doctor"), "255062a00401251@patient.mssante.fr"
        sent = (await doctor.send(DOCTOR, to=[nobody], subject="Bonjour")).json()
        await advance(simulator, seconds=2)
        (item,) = await doctor.inbox(DOCTOR)
        raw = (await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages/{item['id']}/raw")).text
        head, _, body = raw.partition("\r\n\r\n")
        assert f"X-Fault: {rule}" in head
        assert "In-Reply-To" not in head
        assert "Final-Recipient" not in body
        events = (await doctor.get(f"/mailboxes/{DOCTOR}/messages/{sent['id']}/timeline"))["recipients"][0]["events"]
        assert [event["kind"] for event in events] == ["submitted", "relayed"], "no program can tell what came back"
        assert await fired(simulator, rule) == 1
