"""Letters taken and delivered, for the journal: what is done, and the lines that it leaves."""

from mss_sim.vocabulary.journal import Act
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE, Peer, letter
from tests.scene import Line, Scene

NOBODY = "personne@hopital-ormes.sim.mssante.fr"


async def submitted_by_rest(scene: Scene) -> list[Line]:
    await scene.begin()
    sent = (await scene.person("secretary").send(PRACTICE, to=[HOSPITAL, DOCTOR])).json()
    detail = {"to": [HOSPITAL, DOCTOR], "mode": "send_on_behalf", "rfc_message_id": sent["message_id"]}
    return [scene.line(Act.SUBMITTED, "rest", "secretary", detail, grant=await scene.grant("secretary"), email=sent["email_id"])]


async def submitted_by_smtp(scene: Scene) -> list[Line]:
    await scene.begin()
    reply = await scene.person("doctor").smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL, Message_ID="<j1@cabinet.sim.mssante.fr>"))
    detail = {"to": [HOSPITAL], "mode": "owner", "rfc_message_id": "<j1@cabinet.sim.mssante.fr>"}
    return [scene.line(Act.SUBMITTED, "smtp", "doctor", detail, email=reply.text.rpartition(" ")[2])]


async def received_by_rest(scene: Scene) -> list[Line]:
    await scene.begin()
    sent = (await scene.person("doctor2").send(DOCTOR2, to=[PRACTICE])).json()  # of the same operator
    return [scene.line(Act.RECEIVED, "rest", None, {"from": DOCTOR2}, email=sent["email_id"])]


async def received_by_mx(scene: Scene) -> list[Line]:
    await scene.begin()
    reply = await Peer(scene.simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))
    return [scene.line(Act.RECEIVED, "mx", None, {"from": HOSPITAL}, email=reply.text.rpartition(" ")[2])]


async def received_and_matched_from_the_system(scene: Scene) -> list[Line]:
    """A letter to nobody comes back: the notification is received, and stands on the timeline of the letter."""
    await scene.begin()
    sent = (await scene.person("doctor").send(PRACTICE, to=[NOBODY])).json()
    returned = (await scene.person("doctor").inbox(PRACTICE))[0]["email_id"]
    detail = {"to": [NOBODY], "mode": "owner", "rfc_message_id": sent["message_id"]}
    matched = {"recipient": NOBODY, "kind": "failed", "of": sent["submission_id"]}
    return [
        scene.line(Act.SUBMITTED, "rest", "doctor", detail, email=sent["email_id"]),
        scene.line(Act.RECEIVED, "system", None, {"from": ""}, email=returned),
        scene.line(Act.RECEIPT_MATCHED, "system", None, matched, email=returned),
    ]
