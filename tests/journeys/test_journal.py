"""The journal tells who did what: for each act, through each door that can do it, the very lines that it leaves, and no others."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mss_sim.clock import ManualClock
from mss_sim.mail import mdn
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, ImapClient, Peer, control, letter
from tests.conftest import starter
from tests.journeys import attempts, letter_acts, mailbox_acts
from tests.scene import PASSWORD, Line, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

_BOX = f"/mailboxes/{PRACTICE}"
_NOBODY = "personne@hopital-ormes.sim.mssante.fr"


Story = Callable[[Scene], Awaitable[list[Line]]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    clock = ManualClock()
    async with starter(tmp_path_factory.mktemp("journal") / "data")(clock=clock) as simulator:
        yield Scene(simulator, clock)


# Letters


# Reading and keeping order


async def _read_by_rest(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.person("secretary").open(PRACTICE, item["id"])
    await scene.person("secretary").open(PRACTICE, item["id"])
    grant = await scene.grant("secretary")
    return [scene.line(Act.READ, "rest", "secretary", {"message": item["id"]}, grant=grant, email=item["email_id"])]


async def _read_by_imap(scene: Scene) -> list[Line]:
    """Who may not mark leaves the letter unseen; the next reader marks it, and both have read it. Who only examines reads nothing."""
    item = await scene.letter()
    await scene.begin()
    for login in ("nadia.leroy", "camille.martin"):
        await scene.imap("EXAMINE INBOX", "FETCH * BODY[]", login=login)
    for login in ("nadia.leroy", "sophie.petit"):
        await scene.imap("FETCH * BODY.PEEK[]", "FETCH * BODY[]", "FETCH * BODY[]", login=login)
    return [
        scene.line(Act.READ, "imap", "assistant", {"message": item["id"]}, grant=await scene.grant("assistant"), email=item["email_id"]),
        *(await _seen(scene, "imap", item))[:2],
    ]


async def _seen_where_it_is_each_readers_own(scene: Scene) -> list[Line]:
    assert (await scene.person("hospital").send(HOSPITAL, to=[DOCTOR])).status_code == 201
    item = (await scene.person("doctor").inbox(DOCTOR))[0]
    path = f"/mailboxes/{DOCTOR}/messages/{item['id']}"
    await scene.begin(DOCTOR)
    for change in ({"add": ["\\Seen"]}, {"remove": ["\\Seen"]}):
        await scene.rest("doctor", "PATCH", path, change)
    named = {"email": item["email_id"]}
    return [
        scene.line(Act.READ, "rest", "doctor", {"message": item["id"]}, **named),
        scene.line(Act.FLAGGED, "rest", "doctor", {"message": item["id"], "add": ["\\Seen"], "remove": []}, **named),
        scene.line(Act.FLAGGED, "rest", "doctor", {"message": item["id"], "add": [], "remove": ["\\Seen"]}, **named),
    ]


async def _seen_by_rest(scene: Scene) -> list[Line]:
    """Who marks a letter seen is one who read it; that is told once."""
    item = await scene.letter()
    await scene.begin()
    for change in ({"add": ["\\Seen"]}, {"remove": ["\\Seen"]}, {"add": ["\\Seen"]}):
        await scene.rest("secretary", "PATCH", f"{_BOX}/messages/{item['id']}", change)
    return await _seen(scene, "rest", item)


async def _seen_by_imap(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.imap("STORE * +FLAGS (\\Seen)", "STORE * -FLAGS (\\Seen)", "STORE * +FLAGS (\\Seen)")
    return await _seen(scene, "imap", item)


async def _seen(scene: Scene, door: str, item: dict[str, Any]) -> list[Line]:
    named = {"grant": await scene.grant("secretary"), "email": item["email_id"]}
    on = {"message": item["id"], "add": ["\\Seen"], "remove": []}
    off = {"message": item["id"], "add": [], "remove": ["\\Seen"]}
    read = scene.line(Act.READ, door, "secretary", {"message": item["id"]}, **named)
    return [read, *(scene.line(Act.FLAGGED, door, "secretary", detail, **named) for detail in (on, off, on))]


async def _flagged_by_rest(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.rest("secretary", "PATCH", f"{_BOX}/messages/{item['id']}", {"add": ["\\Flagged", "urgent"], "remove": ["\\Answered"]})
    detail = {"message": item["id"], "add": ["\\Flagged", "urgent"], "remove": ["\\Answered"]}
    return [scene.line(Act.FLAGGED, "rest", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


async def _flagged_by_imap(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.imap("STORE * +FLAGS (\\Flagged urgent)", "STORE * +FLAGS (urgent)")
    detail = {"message": item["id"], "add": ["\\Flagged", "urgent"], "remove": []}
    return [scene.line(Act.FLAGGED, "imap", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


async def _moved_by_rest(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.rest("secretary", "POST", f"{_BOX}/messages/{item['id']}/move", {"folder": "Archive"})
    detail = {"message": item["id"], "from": "INBOX", "to": "Archive"}
    return [scene.line(Act.MOVED, "rest", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


async def _moved_by_imap(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.imap("MOVE * Archive")
    detail = {"message": item["id"], "from": "INBOX", "to": "Archive"}
    return [scene.line(Act.MOVED, "imap", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


async def _to_another_mailbox(scene: Scene, verb: str, mailbox: str) -> dict[str, Any]:
    """The doctor takes a letter of the practice into his own mailbox; the letter."""
    item = await scene.letter()
    await scene.begin(mailbox)
    client = await ImapClient.open(scene.simulator, "camille.martin", PASSWORD)
    assert (await client.ask(f'SELECT "Shared/{PRACTICE}/INBOX"'))[-1].startswith("OK")
    assert (await client.ask(f"{verb} * INBOX"))[-1].startswith("OK")
    await client.close()
    return item


async def _moved_out_of_a_mailbox(scene: Scene) -> list[Line]:
    item = await _to_another_mailbox(scene, "MOVE", PRACTICE)
    detail = {"message": item["id"], "from": "INBOX", "to": "INBOX"}
    return [scene.line(Act.MOVED, "imap", "doctor", detail, email=item["email_id"])]


async def _moved_into_a_mailbox(scene: Scene) -> list[Line]:
    item = await _to_another_mailbox(scene, "MOVE", DOCTOR)
    detail = {"message": item["id"], "from": "INBOX", "to": "INBOX"}
    return [scene.line(Act.MOVED, "imap", "doctor", detail, email=item["email_id"])]


async def _copied_into_a_mailbox(scene: Scene) -> list[Line]:
    item = await _to_another_mailbox(scene, "COPY", DOCTOR)
    return [scene.line(Act.COPIED, "imap", "doctor", {"message": item["id"], "to": "INBOX"}, email=item["email_id"])]


async def _copied_within_a_mailbox(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.begin()
    await scene.imap("COPY * Archive")
    detail = {"message": item["id"], "to": "Archive"}
    return [scene.line(Act.COPIED, "imap", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


async def _appended(scene: Scene) -> list[Line]:
    await scene.begin()
    client = await ImapClient.open(scene.simulator, f"{PRACTICE}*sophie.petit", PASSWORD)
    assert (await client.append("Drafts", letter(PRACTICE, HOSPITAL).as_bytes()))[-1].startswith("OK")
    await client.close()
    item = (await scene.person("doctor").get(f"{_BOX}/messages", folder="Drafts"))["items"][0]
    detail = {"message": item["id"], "to": "Drafts"}
    return [scene.line(Act.APPENDED, "imap", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


def _gone(item: dict[str, Any]) -> dict[str, Any]:
    return {"message": item["id"], "subject": item["subject"], "rfc_message_id": item["message_id"]}


async def _deleted_by_rest(scene: Scene) -> list[Line]:
    item = await scene.letter(subject="À jeter")
    await scene.begin()
    await scene.rest("doctor2", "DELETE", f"{_BOX}/messages/{item['id']}")
    return [scene.line(Act.DELETED, "rest", "doctor2", _gone(item), email=item["email_id"])]


async def _deleted_by_imap(scene: Scene) -> list[Line]:
    doctor, newcomer = scene.person("doctor"), scene.person("newcomer")
    rights = {"grantee": newcomer.idnat, "rights": ["see", "delete"]}
    grant = (await doctor.rest("POST", f"{_BOX}/grants", json=rights)).json()["id"]
    item = await scene.letter()
    await scene.begin()
    await scene.imap("STORE * +FLAGS (\\Deleted)", "EXPUNGE", login="louise.moreau")
    marked = {"message": item["id"], "add": ["\\Deleted"], "remove": []}
    expected = [
        scene.line(Act.FLAGGED, "imap", "newcomer", marked, grant=grant, email=item["email_id"]),
        scene.line(Act.DELETED, "imap", "newcomer", _gone(item), grant=grant, email=item["email_id"]),
    ]
    assert await scene.told() == expected
    await scene.begin()
    assert (await doctor.rest("DELETE", f"{_BOX}/grants/{grant}")).status_code == 200
    return [scene.line(Act.REVOKED, "rest", "doctor", {"grantee": newcomer.idnat}, grant=grant)]


async def _deleted_by_close(scene: Scene) -> list[Line]:
    item = await scene.letter()
    await scene.imap("STORE * +FLAGS (\\Deleted)", login="camille.martin")
    await scene.begin()
    await scene.imap("CLOSE", login="hugo.bernard")
    return [scene.line(Act.DELETED, "imap", "doctor2", _gone(item), email=item["email_id"])]


# Receipts


async def _receipt_sent(scene: Scene) -> list[Line]:
    item = await scene.letter(request_read_receipt=True)
    await scene.begin()
    await scene.rest("secretary", "POST", f"{_BOX}/messages/{item['id']}/receipt")
    detail = {"to": HOSPITAL, "disposition": "displayed", "of": item["message_id"]}
    return [scene.line(Act.RECEIPT_SENT, "rest", "secretary", detail, grant=await scene.grant("secretary"), email=item["email_id"])]


async def _receipt_of_a_patient(scene: Scene) -> list[Line]:
    assert (await scene.person("doctor").send(PRACTICE, to=[PATIENT], request_read_receipt=True)).status_code == 201
    item = (await scene.person("patient").inbox(PATIENT))[0]
    await scene.begin(PATIENT, "patient")
    await scene.person("patient").open(PATIENT, item["id"])
    detail = {"to": PRACTICE, "disposition": "displayed", "of": item["message_id"]}
    return [
        scene.line(Act.READ, "rest", "patient", {"message": item["id"]}, email=item["email_id"]),
        scene.line(Act.RECEIPT_SENT, "rest", "patient", detail, email=item["email_id"]),
    ]


async def _receipt_matched(scene: Scene) -> list[Line]:
    sent = (await scene.person("doctor").send(DOCTOR, to=[PRACTICE], request_read_receipt=True)).json()
    item = (await scene.person("secretary").inbox(PRACTICE))[0]
    await scene.begin(DOCTOR)
    report = (await scene.rest("secretary", "POST", f"{_BOX}/messages/{item['id']}/receipt"))["email_id"]
    matched = {"recipient": PRACTICE, "kind": "displayed", "of": sent["submission_id"]}
    return [
        scene.line(Act.RECEIVED, "system", None, {"from": ""}, email=report),
        scene.line(Act.RECEIPT_MATCHED, "system", None, matched, email=report),
    ]


def _by_client(message_id: str, to: str) -> bytes:
    receipt = mdn.Receipt(PRACTICE, "", ("", to), message_id, "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    return mdn.compose(receipt, reporting_ua="client", message_id="<j2@cabinet.sim.mssante.fr>", at=10**15, language=Language.EN)


async def _receipt_matched_from_a_client(scene: Scene) -> list[Line]:
    sent = (await scene.person("doctor").send(DOCTOR, to=[PRACTICE], request_read_receipt=True)).json()
    item = (await scene.person("secretary").inbox(PRACTICE))[0]
    await scene.begin(DOCTOR)
    reply = await scene.person("secretary").smtp(PRACTICE, DOCTOR, _by_client(item["message_id"], DOCTOR))
    report = reply.text.rpartition(" ")[2]
    matched = {"recipient": PRACTICE, "kind": "displayed", "of": sent["submission_id"]}
    return [
        scene.line(Act.RECEIVED, "smtp", None, {"from": PRACTICE}, email=report),
        scene.line(Act.RECEIPT_MATCHED, "smtp", None, matched, email=report),
    ]


async def _receipt_matched_from_a_peer(scene: Scene) -> list[Line]:
    sent = (await scene.person("hospital").send(HOSPITAL, to=[PRACTICE], request_read_receipt=True)).json()
    await scene.begin(HOSPITAL, "hospital")
    report = (await Peer(scene.simulator).send("", [HOSPITAL], _by_client(sent["message_id"], HOSPITAL))).text.rpartition(" ")[2]
    matched = {"recipient": PRACTICE, "kind": "displayed", "of": sent["submission_id"]}
    return [
        scene.line(Act.RECEIVED, "mx", None, {"from": ""}, email=report),
        scene.line(Act.RECEIPT_MATCHED, "mx", None, matched, email=report),
    ]


# Delegation and holders


async def _granted_and_revoked_by_rest(scene: Scene) -> list[Line]:
    newcomer = scene.person("newcomer").idnat
    await scene.begin()
    grant = (await scene.rest("doctor", "POST", f"{_BOX}/grants", {"grantee": newcomer, "rights": ["see", "read"], "reason": "Renfort"}))[
        "id"
    ]
    for _ in range(2):
        await scene.rest("doctor2", "DELETE", f"{_BOX}/grants/{grant}")
    return [
        scene.line(Act.GRANTED, "rest", "doctor", {"rights": ["read", "see"], "grantee": newcomer, "reason": "Renfort"}, grant=grant),
        scene.line(Act.REVOKED, "rest", "doctor2", {"grantee": newcomer}, grant=grant),
    ]


async def _granted_and_revoked_by_control(scene: Scene) -> list[Line]:
    newcomer = scene.person("newcomer").idnat
    await scene.begin()
    made = await control(scene.simulator, "POST", f"{_BOX}/grants", {"grantee": newcomer, "rights": ["see"]})
    grant = made.json()["id"]
    assert (await control(scene.simulator, "DELETE", f"{_BOX}/grants/{grant}")).status_code == 200
    return [
        scene.line(Act.GRANTED, "control", None, {"rights": ["see"], "grantee": newcomer, "reason": ""}, grant=grant),
        scene.line(Act.REVOKED, "control", None, {"grantee": newcomer}, grant=grant),
    ]


async def _granted_and_revoked_by_imap(scene: Scene) -> list[Line]:
    newcomer = scene.person("newcomer").idnat
    await scene.begin()
    await scene.imap("SETACL INBOX louise.moreau lr", login="camille.martin")
    first = await scene.grant("newcomer")
    await scene.imap("SETACL INBOX louise.moreau +s", login="hugo.bernard")
    second = await scene.grant("newcomer")
    await scene.imap("DELETEACL INBOX louise.moreau", login="camille.martin")
    return [
        scene.line(Act.GRANTED, "imap", "doctor", {"rights": ["read", "see"], "grantee": newcomer}, grant=first),
        scene.line(Act.GRANTED, "imap", "doctor2", {"rights": ["mark", "read", "see"], "grantee": newcomer}, grant=second),
        scene.line(Act.REVOKED, "imap", "doctor2", {"grantee": newcomer}, grant=first),
        scene.line(Act.REVOKED, "imap", "doctor", {"grantee": newcomer}, grant=second),
    ]


async def _revoked_with_a_card_that_names_nobody(scene: Scene) -> list[Line]:
    newcomer = scene.person("newcomer").idnat
    grant = (await scene.rest("doctor", "POST", f"{_BOX}/grants", {"grantee": newcomer, "rights": ["see"]}))["id"]
    await scene.begin()
    for anonymous in (True, False):
        assert (await control(scene.simulator, "PATCH", f"/identities/{newcomer}", {"anonymous_card": anonymous})).status_code == 200
    return [scene.line(Act.REVOKED, "control", None, {"grantee": newcomer}, grant=grant)]


async def _renounced_by_rest(scene: Scene) -> list[Line]:
    newcomer = scene.person("newcomer").idnat
    grant = (await scene.rest("doctor", "POST", f"{_BOX}/grants", {"grantee": newcomer, "rights": ["see"]}))["id"]
    await scene.begin()
    await scene.rest("newcomer", "DELETE", f"{_BOX}/grants/{grant}")
    return [scene.line(Act.RENOUNCED, "rest", "newcomer", {"grantee": newcomer}, grant=grant)]


async def _renounced_by_imap(scene: Scene) -> list[Line]:
    newcomer = scene.person("newcomer").idnat
    grant = (await scene.rest("doctor", "POST", f"{_BOX}/grants", {"grantee": newcomer, "rights": ["see"]}))["id"]
    await scene.begin()
    client = await ImapClient.open(scene.simulator, f"{PRACTICE}*louise.moreau", PASSWORD)
    client.writer.write(b"z DELETEACL INBOX louise.moreau\r\n")
    assert (await client.line()).startswith("* BYE")
    await client.close()
    return [scene.line(Act.RENOUNCED, "imap", "newcomer", {"grantee": newcomer}, grant=grant)]


async def _handed_over(scene: Scene) -> list[Line]:
    newcomer, locum = scene.person("newcomer").idnat, scene.person("locum").idnat
    old = (await scene.rest("doctor", "POST", f"{_BOX}/grants", {"grantee": newcomer, "rights": ["see"]}))["id"]
    await scene.begin()
    done = await scene.rest("doctor", "POST", "/grants/hand-over", {"from": newcomer, "to": locum, "mailbox": PRACTICE})
    detail = {"from": newcomer, "to": locum, "replaces": old}
    return [scene.line(Act.HANDED_OVER, "rest", "doctor", detail, grant=done["created"][0]["id"])]


async def _holders_come_and_go(scene: Scene) -> list[Line]:
    locum = scene.person("locum").idnat
    await scene.begin()
    await scene.rest("doctor", "POST", f"{_BOX}/holders", {"idnat": locum})
    await scene.rest("locum", "DELETE", f"{_BOX}/holders/{locum}")
    return [
        scene.line(Act.HOLDER_ADDED, "rest", "doctor", {"idnat": locum}),
        scene.line(Act.HOLDER_REMOVED, "rest", "locum", {"idnat": locum}),
    ]


async def _responsible_changed(scene: Scene) -> list[Line]:
    doctor, doctor2 = scene.person("doctor").idnat, scene.person("doctor2").idnat
    await scene.begin()
    await scene.rest("doctor", "PUT", f"{_BOX}/responsible", {"idnat": doctor2})
    await scene.rest("doctor2", "PUT", f"{_BOX}/responsible", {"idnat": doctor})
    return [
        scene.line(Act.RESPONSIBLE_CHANGED, "rest", "doctor", {"idnat": doctor2, "stays": True}),
        scene.line(Act.RESPONSIBLE_CHANGED, "rest", "doctor2", {"idnat": doctor, "stays": True}),
    ]


# Conversations, mailboxes, folders, the watch list


async def _closed_and_reopened(scene: Scene) -> list[Line]:
    sent = (await scene.person("secretary").send(PRACTICE, to=[PATIENT, HOSPITAL])).json()
    conversation = (await scene.person("doctor").get(f"{_BOX}/messages/{sent['id']}"))["conversation_id"]
    await scene.begin()
    for verb in ("close", "reopen"):
        await scene.rest("secretary", "POST", f"{_BOX}/conversations/{conversation}/{verb}")
    detail = {"conversation": conversation, "patients": [PATIENT], "rights": 1}
    grant = await scene.grant("secretary")
    return [scene.line(act, "rest", "secretary", detail, grant=grant) for act in (Act.CLOSED, Act.REOPENED)]


async def _not_closed(scene: Scene) -> list[Line]:
    await scene.begin()
    sent = (await scene.person("secretary").send(PRACTICE, to=[PATIENT, HOSPITAL], subject="[Fin]")).json()
    grant = await scene.grant("secretary")
    detail = {"to": [PATIENT, HOSPITAL], "mode": "send_on_behalf", "rfc_message_id": sent["message_id"]}
    why = "The subject is '[Fin]': only the five characters [FIN] close, with no blank and no other word."
    return [
        scene.line(Act.SUBMITTED, "rest", "secretary", detail, grant=grant, email=sent["email_id"]),
        scene.line(Act.NOT_CLOSED, "rest", "secretary", {"why": why, "patients": [PATIENT]}, grant=grant, email=sent["email_id"]),
    ]


async def _not_qualified(scene: Scene) -> list[Line]:
    """Patient without a qualified identity: the letter leaves, and its sender is told."""
    somebody = "190017510299945"
    patient = f"{somebody}@patient.mssante.fr"
    for path, new in (
        ("/identities", {"idnat": somebody, "kind": "patient", "family_name": "NOUVEAU"}),
        ("/mailboxes", {"address": patient, "kind": "PATIENT", "owner_idnat": somebody}),
    ):
        assert (await control(scene.simulator, "POST", path, new)).status_code == 201
    await scene.begin()
    sent = (await scene.person("doctor").send(PRACTICE, to=[PATIENT, patient])).json()
    detail = {"to": [PATIENT, patient], "mode": "owner", "rfc_message_id": sent["message_id"]}
    why = f"No qualified identity backs the address {patient}. No identity with this number is known here."
    assert sent["warnings"] == [{"address": patient, "detail": why}]
    odd = {"recipients": [{"address": patient, "why": why}]}
    return [
        scene.line(Act.SUBMITTED, "rest", "doctor", detail, email=sent["email_id"]),
        scene.line(Act.NOT_QUALIFIED, "rest", "doctor", odd, email=sent["email_id"]),
    ]


async def _mailbox_changed(scene: Scene) -> list[Line]:
    await scene.begin()
    await scene.rest("doctor2", "PATCH", _BOX, {"label": "Cabinet", "red_listed": True})
    assert (await control(scene.simulator, "PATCH", _BOX, {"label": "Cabinet des Tilleuls", "red_listed": False})).status_code == 200
    before, after = {"label": "Cabinet des Tilleuls", "red_listed": False}, {"label": "Cabinet", "red_listed": True}
    return [
        scene.line(Act.MAILBOX_CHANGED, "rest", "doctor2", {"before": before, "after": after}),
        scene.line(Act.MAILBOX_CHANGED, "control", None, {"before": after, "after": before}),
    ]


async def _on_paper_and_not(scene: Scene) -> list[Line]:
    """What changes nothing leaves no line."""
    sent = (await scene.person("doctor").send(PRACTICE, to=[_NOBODY])).json()
    entry = (await scene.person("doctor").get(f"{_BOX}/watch-list"))["items"][0]
    await scene.begin()
    for method in ("POST", "POST", "DELETE", "DELETE"):
        await scene.rest("secretary", method, f"{_BOX}/watch-list/{entry['id']}/paper", {"note": "parti"} if method == "POST" else None)
    detail, named = {"recipient": _NOBODY, "reason": "not_delivered", "of": sent["submission_id"]}, {"email": sent["email_id"]}
    grant = await scene.grant("secretary")
    return [
        scene.line(Act.PAPER_DONE, "rest", "secretary", {**detail, "note": "parti"}, grant=grant, **named),
        scene.line(Act.PAPER_UNDONE, "rest", "secretary", detail, grant=grant, **named),
    ]


async def _folders_by_rest(scene: Scene) -> list[Line]:
    await scene.begin()
    folder = (await scene.rest("secretary", "POST", f"{_BOX}/folders", {"name": "2026/Janvier"}))["id"]
    await scene.rest("secretary", "PATCH", f"{_BOX}/folders/{folder}", {"name": "2026/01"})
    await scene.rest("doctor", "DELETE", f"{_BOX}/folders/{folder}")
    return await _folders(scene, "rest", "2026")


async def _folders_by_imap(scene: Scene) -> list[Line]:
    await scene.begin()
    await scene.imap("CREATE 2027/Janvier", "RENAME 2027/Janvier 2027/01")
    await scene.imap("DELETE 2027/01", login="camille.martin")
    return await _folders(scene, "imap", "2027")


async def _folders(scene: Scene, door: str, above: str) -> list[Line]:
    grant = await scene.grant("secretary")
    return [
        scene.line(Act.FOLDER_CREATED, door, "secretary", {"name": f"{above}/Janvier"}, grant=grant),
        scene.line(Act.FOLDER_RENAMED, door, "secretary", {"from": f"{above}/Janvier", "to": f"{above}/01"}, grant=grant),
        scene.line(Act.FOLDER_DELETED, door, "doctor", {"name": f"{above}/01"}),
    ]


_STORIES: list[tuple[set[Act], Story]] = [
    ({Act.SUBMITTED}, letter_acts.submitted_by_rest),
    ({Act.SUBMITTED}, letter_acts.submitted_by_smtp),
    ({Act.RECEIVED}, letter_acts.received_by_rest),
    ({Act.RECEIVED}, letter_acts.received_by_mx),
    ({Act.SUBMITTED, Act.RECEIVED, Act.RECEIPT_MATCHED}, letter_acts.received_and_matched_from_the_system),
    ({Act.REFUSED}, attempts.refused_by_rest),
    ({Act.REFUSED}, attempts.refused_by_smtp),
    ({Act.READ}, _read_by_rest),
    ({Act.READ, Act.FLAGGED}, _read_by_imap),
    ({Act.READ, Act.FLAGGED}, _seen_where_it_is_each_readers_own),
    ({Act.READ, Act.FLAGGED}, _seen_by_rest),
    ({Act.READ, Act.FLAGGED}, _seen_by_imap),
    ({Act.FLAGGED}, _flagged_by_rest),
    ({Act.FLAGGED}, _flagged_by_imap),
    ({Act.TAKEN, Act.ASSIGNED, Act.NOTED, Act.HANDLED, Act.TAKEN_UP, Act.RELEASED}, letter_acts.in_charge_by_rest),
    ({Act.TAKEN, Act.RELEASED, Act.HANDLED, Act.TAKEN_UP}, letter_acts.in_charge_by_imap),
    ({Act.MOVED}, _moved_by_rest),
    ({Act.MOVED}, _moved_by_imap),
    ({Act.MOVED}, _moved_out_of_a_mailbox),
    ({Act.MOVED}, _moved_into_a_mailbox),
    ({Act.COPIED}, _copied_into_a_mailbox),
    ({Act.COPIED}, _copied_within_a_mailbox),
    ({Act.APPENDED}, _appended),
    ({Act.DELETED}, _deleted_by_rest),
    ({Act.REVOKED}, _deleted_by_imap),
    ({Act.DELETED}, _deleted_by_close),
    ({Act.RECEIPT_SENT}, _receipt_sent),
    ({Act.PAPER_DONE, Act.PAPER_UNDONE}, _on_paper_and_not),
    ({Act.READ, Act.RECEIPT_SENT}, _receipt_of_a_patient),
    ({Act.RECEIVED, Act.RECEIPT_MATCHED}, _receipt_matched),
    ({Act.RECEIVED, Act.RECEIPT_MATCHED}, _receipt_matched_from_a_client),
    ({Act.RECEIVED, Act.RECEIPT_MATCHED}, _receipt_matched_from_a_peer),
    ({Act.GRANTED, Act.REVOKED}, _granted_and_revoked_by_rest),
    ({Act.GRANTED, Act.REVOKED}, _granted_and_revoked_by_control),
    ({Act.GRANTED, Act.REVOKED}, _granted_and_revoked_by_imap),
    ({Act.REVOKED}, _revoked_with_a_card_that_names_nobody),
    ({Act.RENOUNCED}, _renounced_by_rest),
    ({Act.RENOUNCED}, _renounced_by_imap),
    ({Act.HANDED_OVER}, _handed_over),
    ({Act.HOLDER_ADDED, Act.HOLDER_REMOVED}, _holders_come_and_go),
    ({Act.RESPONSIBLE_CHANGED}, _responsible_changed),
    ({Act.CLOSED, Act.REOPENED}, _closed_and_reopened),
    ({Act.SUBMITTED, Act.NOT_CLOSED}, _not_closed),
    ({Act.SUBMITTED, Act.NOT_QUALIFIED}, _not_qualified),
    ({Act.MAILBOX_CHANGED}, _mailbox_changed),
    ({Act.OWNER_CHANGED, Act.HOLDER_ADDED}, mailbox_acts.handed_over_and_back),
    (
        {Act.FORWARDING_SET, Act.RECEIVED, Act.FORWARDED, Act.NOT_FORWARDED, Act.FORWARDING_REMOVED},
        mailbox_acts.passed_on_to_a_colleague,
    ),
    ({Act.CLOSING_ASKED, Act.CLOSING_CANCELLED}, mailbox_acts.asked_to_close_and_cancelled),
    ({Act.OUT_OF_OFFICE_SET, Act.RECEIVED, Act.AUTO_REPLIED, Act.OUT_OF_OFFICE_REMOVED}, mailbox_acts.answered_while_nobody_is_there),
    ({Act.FOLDER_CREATED, Act.FOLDER_RENAMED, Act.FOLDER_DELETED}, _folders_by_rest),
    ({Act.FOLDER_CREATED, Act.FOLDER_RENAMED, Act.FOLDER_DELETED}, _folders_by_imap),
    ({Act.RIGHT_REFUSED}, attempts.refused_for_want_of_a_right_by_rest),
    ({Act.RIGHT_REFUSED}, attempts.refused_for_want_of_a_right_by_imap),
    ({Act.MAILBOX_CLOSED, Act.MAILBOX_CHANGED}, mailbox_acts.closed_at_its_instant),
    ({Act.RECEIVED, Act.LETTERS_EXPIRE, Act.EXPIRED, Act.MAILBOX_CHANGED}, mailbox_acts.kept_for_a_day_alone),
    ({Act.RECEIVED, Act.DIAGNOSED, Act.MAILBOX_CHANGED}, mailbox_acts.diagnosed_by_itself),
    ({Act.RECEIVED, Act.UNUSED, Act.RED_LISTED, Act.PUBLISHED}, mailbox_acts.unused_until_somebody_comes),
    ({Act.VISITED, Act.MASKED, Act.UNMASKED}, attempts.visited_and_masked),
]


@cache
def _rows() -> list[tuple[str, str]]:
    """The acts that docs/guide/journal.md names, and what it says that each tells."""
    page = (Path(__file__).parents[2] / "docs" / "guide" / "journal.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([a-z_.]+)` \|[^|]*\|(.*)\|$", page, re.MULTILINE)


def _documented() -> dict[str, set[str]]:
    return {act: set(re.findall(r"`(\w+)`", detail)) for act, detail in _rows()}


async def test_the_guide_names_every_act_once_and_no_other() -> None:
    assert sorted(act for act, _ in _rows()) == sorted(act.value for act in Act)


@pytest.mark.parametrize(("acts", "story"), _STORIES, ids=[story.__name__.strip("_") for _, story in _STORIES])
async def test_the_journal_tells(scene: Scene, acts: set[Act], story: Story) -> None:
    expected = await story(scene)
    told = await scene.told()
    assert told == expected
    assert {line["act"] for line in told} == acts
    documented = _documented()
    assert {line["act"]: set(line["detail"]) - documented[line["act"]] for line in told} == {act: set() for act in acts}


async def test_every_act_is_told_of_here() -> None:
    assert set().union(*(acts for acts, _ in _STORIES)) == set(Act)


async def test_a_line_names_the_letter_that_it_is_about_also_when_it_is_gone(scene: Scene) -> None:
    item = await scene.letter(subject="Résultat")
    await scene.begin()
    await scene.rest("doctor", "PATCH", f"{_BOX}/messages/{item['id']}", {"add": ["urgent"]})
    for deleted in (False, True):
        if deleted:
            await scene.rest("doctor", "DELETE", f"{_BOX}/messages/{item['id']}")
        lines = (await scene.person("doctor").get(f"{_BOX}/journal", limit=1 + deleted))["items"]
        assert {(line["subject"], line["message_id"]) for line in lines} == {("Résultat", item["message_id"])}
    grants = (await scene.person("doctor").get(f"{_BOX}/journal", limit=100))["items"]
    assert {line["subject"] for line in grants if line["act"] == "grant.created"} == {None}
