"""What the journal tells of the life of a mailbox, and of what it does by itself."""

from datetime import timedelta

from mss_sim.clock import DAY, iso
from mss_sim.vocabulary.journal import Act
from tests.clients import DOCTOR, DOCTOR2, PRACTICE, control
from tests.scene import Line, Scene

_BOX = f"/mailboxes/{PRACTICE}"


async def answered_while_nobody_is_there(scene: Scene) -> list[Line]:
    await scene.begin()
    path, until = f"{_BOX}/out-of-office", "2089-01-02T07:00:00Z"
    began = (await scene.rest("doctor", "PUT", path, {"text": "Fermé.", "until": until}))["from"]
    sent = (await scene.person("doctor2").send(DOCTOR2, to=[PRACTICE])).json()
    await scene.rest("doctor", "DELETE", path)
    to = {"to": DOCTOR2, "of": sent["message_id"]}
    return [
        scene.line(Act.OUT_OF_OFFICE_SET, "rest", "doctor", {"from": began, "until": until}),
        scene.line(Act.RECEIVED, "rest", None, {"from": DOCTOR2}, email=sent["email_id"]),
        scene.line(Act.AUTO_REPLIED, "system", None, to, email=sent["email_id"]),
        scene.line(Act.OUT_OF_OFFICE_REMOVED, "rest", "doctor", {}),
    ]


async def passed_on_to_a_colleague(scene: Scene) -> list[Line]:
    """Once the target is closed, the letter stays; nothing else is told of it."""
    await scene.begin()
    path, colleague = f"{_BOX}/forwarding", f"/mailboxes/{DOCTOR}"
    told = []
    await scene.rest("doctor", "PUT", path, {"to": DOCTOR})
    told.append(scene.line(Act.FORWARDING_SET, "rest", "doctor", {"to": DOCTOR, "keep": True}))
    closed = f"The mailbox {DOCTOR} is closed; look for another address of this correspondent."
    outcomes = (("active", Act.FORWARDED, {"kept": True}), ("closed", Act.NOT_FORWARDED, {"why": closed}))
    for state, act, detail in outcomes:
        assert (await control(scene.simulator, "PATCH", colleague, {"state": state})).status_code == 200
        sent = (await scene.person("doctor2").send(DOCTOR2, to=[PRACTICE])).json()["email_id"]
        told.append(scene.line(Act.RECEIVED, "rest", None, {"from": DOCTOR2}, email=sent))
        told.append(scene.line(act, "system", None, {"to": DOCTOR, **detail}, email=sent))
    assert (await control(scene.simulator, "PATCH", colleague, {"state": "active"})).status_code == 200
    await scene.rest("doctor", "DELETE", path)
    return [*told, scene.line(Act.FORWARDING_REMOVED, "rest", "doctor", {})]


async def handed_over_and_back(scene: Scene) -> list[Line]:
    doctor, doctor2 = scene.person("doctor").idnat, scene.person("doctor2").idnat
    await scene.begin(reader="doctor2")
    await scene.rest("doctor", "PUT", f"{_BOX}/owner", {"idnat": doctor2})
    assert (await control(scene.simulator, "PUT", f"{_BOX}/owner", {"idnat": doctor})).status_code == 200
    scene.reader = "doctor"
    added = await scene.rest("doctor", "POST", f"{_BOX}/holders", {"idnat": doctor2})
    assert doctor2 in {row["idnat"] for row in added}
    return [
        scene.line(Act.OWNER_CHANGED, "rest", "doctor", {"from": doctor, "to": doctor2}),
        scene.line(Act.OWNER_CHANGED, "control", None, {"from": doctor2, "to": doctor}),
        scene.line(Act.HOLDER_ADDED, "rest", "doctor", {"idnat": doctor2}),
    ]


async def asked_to_close_and_cancelled(scene: Scene) -> list[Line]:
    await scene.begin()
    closes_at = (await scene.rest("doctor", "POST", f"{_BOX}/closing"))["closes_at"]
    await scene.rest("doctor", "DELETE", f"{_BOX}/closing")
    return [scene.line(act, "rest", "doctor", {"closes_at": closes_at}) for act in (Act.CLOSING_ASKED, Act.CLOSING_CANCELLED)]


async def _days_pass(scene: Scene, days: int) -> None:
    """The machine's time goes on, and what is due by now is done."""
    scene.clock.advance(timedelta(days=days))
    assert (await control(scene.simulator, "POST", "/clock/advance", {"by": "PT0S"})).status_code == 200


async def closed_at_its_instant(scene: Scene) -> list[Line]:
    asked_at = (await scene.rest("doctor", "POST", f"{_BOX}/closing"))["asked_at"]
    await scene.begin()
    await _days_pass(scene, 30)
    closed = scene.line(Act.MAILBOX_CLOSED, "system", None, {"asked_at": asked_at})
    assert await scene.told() == [closed]
    assert (await control(scene.simulator, "PATCH", _BOX, {"state": "active"})).status_code == 200
    before, after = {"state": "closed"}, {"state": "active"}
    return [closed, scene.line(Act.MAILBOX_CHANGED, "control", None, {"before": before, "after": after})]


async def kept_for_a_day_alone(scene: Scene) -> list[Line]:
    """What lies there already goes first; then one letter comes, is warned of at the next midnight, and goes at the one after."""
    assert (await control(scene.simulator, "PUT", f"{_BOX}/retention", {"days": 1})).status_code == 200
    await _days_pass(scene, 3)
    await scene.begin()
    item = (await scene.person("doctor2").send(DOCTOR2, to=[PRACTICE])).json()
    told = [scene.line(Act.RECEIVED, "rest", None, {"from": DOCTOR2}, email=item["email_id"])]
    (lying,) = await scene.person("doctor").inbox(PRACTICE)
    await _days_pass(scene, 1)
    midnight = iso(-(-scene.clock.now() // DAY) * DAY)
    told.append(scene.line(Act.LETTERS_EXPIRE, "system", None, {"letters": 1, "at": midnight}))
    await _days_pass(scene, 1)
    detail = {"message": lying["id"], "subject": lying["subject"], "rfc_message_id": lying["message_id"]}
    told.append(scene.line(Act.EXPIRED, "system", None, detail, email=item["email_id"]))
    assert await scene.told() == told
    assert (await control(scene.simulator, "DELETE", f"{_BOX}/retention")).status_code == 200
    before, after = {"retention_days": 1}, {"retention_days": None}
    return [*told, scene.line(Act.MAILBOX_CHANGED, "control", None, {"before": before, "after": after})]


async def diagnosed_by_itself(scene: Scene) -> list[Line]:
    """A letter with documents comes in, and the mailbox keeps what is wrong with them."""
    assert (await control(scene.simulator, "PATCH", _BOX, {"keeps_diagnoses": True})).status_code == 200
    await scene.begin()
    made = (await control(scene.simulator, "POST", "/documents", {"flaw": "hash-wrong"})).json()
    made.pop("finding")
    item = (await scene.person("doctor2").send(DOCTOR2, to=[PRACTICE], **made)).json()
    assert (await control(scene.simulator, "POST", "/wait", {"kind": "settled", "timeout": 10.0})).json()["met"]
    assert (await control(scene.simulator, "PATCH", _BOX, {"keeps_diagnoses": False})).status_code == 200
    before, after = {"keeps_diagnoses": True}, {"keeps_diagnoses": False}
    return [
        scene.line(Act.RECEIVED, "rest", None, {"from": DOCTOR2}, email=item["email_id"]),
        scene.line(Act.DIAGNOSED, "system", None, {"worst": "error", "findings": 2}, email=item["email_id"]),
        scene.line(Act.MAILBOX_CHANGED, "control", None, {"before": before, "after": after}),
    ]


async def unused_until_somebody_comes(scene: Scene) -> list[Line]:
    """It takes whoever was the last to use it; from its next use on its time begins anew."""
    await _days_pass(scene, 1)
    await scene.person("doctor").inbox(PRACTICE)
    since = {"since": iso(scene.clock.now())}
    await scene.begin()
    await _days_pass(scene, 50)
    warned = scene.line(Act.UNUSED, "system", None, since)
    await _days_pass(scene, 10)
    gone = scene.line(Act.RED_LISTED, "system", None, since)
    told = await scene.told()
    warning = (await scene.person("doctor").inbox(PRACTICE))[0]["email_id"]
    received = {**scene.line(Act.RECEIVED, "system", None, {"from": ""}, email=warning), "at": warned["at"]}
    assert told == [received, warned, gone]
    await _days_pass(scene, 0)
    return [received, warned, gone, scene.line(Act.PUBLISHED, "system", None, {})]
