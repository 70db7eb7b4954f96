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


async def in_charge_by_rest(scene: Scene) -> list[Line]:
    """Taken, given to the doctor with a note, finished with, opened again, put down; what is so already leaves no line."""
    item = await scene.letter()
    await scene.begin()
    path = f"/mailboxes/{PRACTICE}/messages/{item['id']}/charge"
    secretary, doctor = scene.person("secretary").idnat, scene.person("doctor").idnat
    for role, body in (
        ("secretary", {"deed": "take"}),
        ("secretary", {"deed": "take"}),
        ("secretary", {"deed": "assign", "to": "camille.martin", "note": "Pour vous."}),
        ("doctor", {"deed": "done"}),
        ("secretary", {"deed": "reopen"}),
        ("secretary", {"deed": "take"}),
        ("secretary", {"deed": "release"}),
    ):
        await scene.rest(role, "POST", path, body)
    grant, email, message = await scene.grant("secretary"), item["email_id"], {"message": item["id"]}
    return [
        scene.line(Act.TAKEN, "rest", "secretary", message, grant=grant, email=email),
        scene.line(Act.ASSIGNED, "rest", "secretary", {**message, "to": doctor, "from": secretary}, grant=grant, email=email),
        scene.line(Act.NOTED, "rest", "secretary", message, grant=grant, email=email),
        scene.line(Act.HANDLED, "rest", "doctor", message, email=email),
        scene.line(Act.TAKEN_UP, "rest", "secretary", {**message, "from": doctor}, grant=grant, email=email),
        scene.line(Act.TAKEN, "rest", "secretary", message, grant=grant, email=email),
        scene.line(Act.RELEASED, "rest", "secretary", {**message, "from": secretary}, grant=grant, email=email),
    ]


async def in_charge_by_imap(scene: Scene) -> list[Line]:
    """The same by keywords, and by no other line beside them."""
    item = await scene.letter()
    await scene.begin()
    await scene.imap(
        "STORE * +FLAGS (InCharge)", "STORE * -FLAGS (incharge)", "STORE * +FLAGS.SILENT (handled)", "STORE * -FLAGS (Handled)"
    )
    grant, email, message = await scene.grant("secretary"), item["email_id"], {"message": item["id"]}
    left = {**message, "from": scene.person("secretary").idnat}
    return [
        scene.line(Act.TAKEN, "imap", "secretary", message, grant=grant, email=email),
        scene.line(Act.RELEASED, "imap", "secretary", left, grant=grant, email=email),
        scene.line(Act.HANDLED, "imap", "secretary", message, grant=grant, email=email),
        scene.line(Act.TAKEN_UP, "imap", "secretary", left, grant=grant, email=email),
    ]
