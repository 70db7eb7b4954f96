"""A mailbox goes to somebody else under open connections; who left is replaced by the control plane."""

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Person, control
from tests.scene import PASSWORD


async def test_whose_it_was_is_out_at_once_and_whose_it_is_reads_on(simulator: Simulator) -> None:
    hospital, doctor2 = Person(simulator, "hospital"), Person(simulator, "doctor2")
    assert (await Person(simulator, "doctor").send(DOCTOR, to=[HOSPITAL], subject="Pour Paul")).status_code == 201
    client = await ImapClient.open(simulator, "paul.durand", "hopital-2026")
    await client.ask("SELECT INBOX")
    await client.idle()
    answer = await hospital.rest("PUT", f"/mailboxes/{HOSPITAL}/owner", json={"idnat": "hugo.bernard"})
    assert (answer.status_code, answer.json()["idnat"]) == (200, doctor2.idnat), answer.text
    assert (await client.line()).startswith("* BYE")
    assert (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages")).status_code == 404
    assert (await hospital.send(HOSPITAL, to=[DOCTOR])).json()["code"] == "send-not-allowed"
    assert [item["subject"] for item in await doctor2.inbox(HOSPITAL)] == ["Pour Paul"]
    assert (await doctor2.send(HOSPITAL, to=[DOCTOR])).status_code == 201
    line = next(one for one in (await doctor2.get(f"/mailboxes/{HOSPITAL}/journal"))["items"] if one["act"] == "holder.owner_changed")
    assert (line["actor"]["idnat"], line["detail"]) == (hospital.idnat, {"from": hospital.idnat, "to": doctor2.idnat})


async def test_a_responsible_who_left_is_replaced_by_the_control_plane(simulator: Simulator) -> None:
    doctor, doctor2 = Person(simulator, "doctor"), Person(simulator, "doctor2")
    assert (await control(simulator, "PATCH", f"/identities/{doctor.idnat}", {"enabled": False})).status_code == 200
    refused = await doctor2.rest("PUT", f"/mailboxes/{PRACTICE}/owner", json={"idnat": doctor2.idnat})
    assert (refused.status_code, refused.json()["code"]) == (403, "grant-not-allowed")
    answer = await control(simulator, "PUT", f"/mailboxes/{PRACTICE}/owner", {"idnat": doctor2.idnat})
    assert answer.status_code == 200, answer.text
    holders = await doctor2.get(f"/mailboxes/{PRACTICE}/holders")
    assert [(row["idnat"], row["role"]) for row in holders] == [(doctor2.idnat, "responsible")]
    client = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", PASSWORD)
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK"), "the secretary's grant stays"
    await client.close()
