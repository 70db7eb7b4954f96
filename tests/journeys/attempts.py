"""What people try in vain, and the lines that it leaves in the journal (stories of test_journal.py)."""

from datetime import timedelta

from mss_sim.clock import SECOND, iso
from mss_sim.vocabulary.journal import Act
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, ImapClient
from tests.scene import PASSWORD, Line, Scene

_BOX = f"/mailboxes/{PRACTICE}"


async def refused_by_rest(scene: Scene) -> list[Line]:
    await scene.begin()
    nobody = "personne@cabinet.sim.mssante.fr"
    assert (await scene.person("secretary").send(PRACTICE, to=[HOSPITAL, nobody])).status_code == 422
    detail = {"rule": "unknown-mailbox", "detail": f"Nothing was sent: refused for {nobody}.", "from": PRACTICE}
    return [scene.line(Act.REFUSED, "rest", "secretary", detail)]


async def refused_by_smtp(scene: Scene) -> list[Line]:
    await scene.begin()
    reply = await scene.person("secretary").smtp(PRACTICE, HOSPITAL, b"From: " + HOSPITAL.encode() + b"\r\nSubject: x\r\n\r\nx\r\n")
    assert reply.code == 550
    said = f"You may not send from {HOSPITAL}: you neither hold this mailbox nor have a grant with send_on_behalf or send_as."
    return [scene.line(Act.REFUSED, "smtp", "secretary", {"rule": "send-not-allowed", "detail": said, "from": PRACTICE})]


async def refused_for_want_of_a_right_by_rest(scene: Scene) -> list[Line]:
    """Each right once a minute for each of them; who sees nothing of the mailbox leaves no line in it."""
    scene.clock.advance(timedelta(minutes=2))
    item = await scene.letter()
    await scene.begin()
    path = f"{_BOX}/messages/{item['id']}"
    for role, method, where in (("assistant", "DELETE", path), ("assistant", "DELETE", path), ("hospital", "DELETE", path)):
        assert (await scene.person(role).rest(method, where)).status_code == (404 if role == "hospital" else 403)
    assert (await scene.person("assistant").rest("GET", f"{_BOX}/journal")).status_code == 403
    scene.clock.advance(timedelta(minutes=1))
    assert (await scene.person("assistant").rest("DELETE", path)).status_code == 403
    later = scene.line(Act.RIGHT_REFUSED, "rest", "assistant", {"right": "delete"})
    sooner = iso(scene.clock.now() - 60 * SECOND)
    return [{**later, "at": sooner}, {**later, "at": sooner, "detail": {"right": "manage"}}, later]


async def refused_for_want_of_a_right_by_imap(scene: Scene) -> list[Line]:
    """By what the target of a copy asks for, and by what a command on rights does."""
    scene.clock.advance(timedelta(minutes=2))
    await scene.letter()
    await scene.begin()
    client = await ImapClient.open(scene.simulator, f"{PRACTICE}*nadia.leroy", PASSWORD)
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK")
    for command in ("COPY * Archive", "GETACL INBOX"):
        assert (await client.ask(command))[-1].startswith("NO"), command
    await client.close()
    return [scene.line(Act.RIGHT_REFUSED, "imap", "assistant", {"right": right}) for right in ("file", "manage")]


async def visited_and_masked(scene: Scene) -> list[Line]:
    """What a carer and a patient do with what is the patient's."""
    box = f"/mailboxes/{PATIENT}"
    assert (await scene.person("doctor").send(DOCTOR, to=[PATIENT])).status_code == 201
    newcomer = scene.person("newcomer").idnat
    grant = (await scene.rest("patient", "POST", f"{box}/grants", {"grantee": newcomer, "rights": ["see", "read"]}))["id"]
    await scene.begin(PATIENT, "patient")
    for path in ("messages", "folders"):
        await scene.rest("newcomer", "GET", f"{box}/{path}")
    made = await scene.rest("patient", "PUT", f"{box}/masks/correspondents/{HOSPITAL}")
    await scene.rest("patient", "DELETE", f"{box}/masks/{made['id']}")
    told = {"kind": "correspondent", "what": HOSPITAL}
    return [
        scene.line(Act.VISITED, "rest", "newcomer", {}, grant=grant),
        scene.line(Act.MASKED, "rest", "patient", told),
        scene.line(Act.UNMASKED, "rest", "patient", told),
    ]
