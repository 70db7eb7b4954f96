"""What the journal tells of the life of a mailbox, and of what it does by itself."""

from mss_sim.vocabulary.journal import Act
from tests.clients import PRACTICE
from tests.scene import Line, Scene

_BOX = f"/mailboxes/{PRACTICE}"


async def answered_while_nobody_is_there(scene: Scene) -> list[Line]:
    await scene.begin()
    path, until = f"{_BOX}/out-of-office", "2089-01-02T07:00:00Z"
    began = (await scene.rest("doctor", "PUT", path, {"text": "Fermé.", "until": until}))["from"]
    sent = (await scene.person("doctor2").send("hugo.bernard@medecin.sim.mssante.fr", to=[PRACTICE])).json()
    await scene.rest("doctor", "DELETE", path)
    to = {"to": "hugo.bernard@medecin.sim.mssante.fr", "of": sent["message_id"]}
    return [
        scene.line(Act.OUT_OF_OFFICE_SET, "rest", "doctor", {"from": began, "until": until}),
        scene.line(Act.RECEIVED, "rest", None, {"from": "hugo.bernard@medecin.sim.mssante.fr"}, email=sent["email_id"]),
        scene.line(Act.AUTO_REPLIED, "system", None, to, email=sent["email_id"]),
        scene.line(Act.OUT_OF_OFFICE_REMOVED, "rest", "doctor", {}),
    ]
