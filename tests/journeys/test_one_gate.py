"""One gate before every mailbox: whatever the verb, whatever the door, the same people stay outside and nothing changes."""

from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.access import delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.imap.verbs.table import VERBS
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, ImapClient, Person, control, letter

NOWHERE = "personne@cabinet.sim.mssante.fr"
BEHIND_THE_GATE = {
    "SELECT": 'SELECT "{folder}"',
    "EXAMINE": 'EXAMINE "{folder}"',
    "STATUS": 'STATUS "{folder}" (MESSAGES)',
    "CREATE": 'CREATE "{folder}/New"',
    "DELETE": 'DELETE "{folder}"',
    "RENAME": 'RENAME "{folder}" "{folder}/Renamed"',
    "SUBSCRIBE": 'SUBSCRIBE "{folder}"',
    "UNSUBSCRIBE": 'UNSUBSCRIBE "{folder}"',
    "APPEND": 'APPEND "{folder}" {{19+}}\r\nSubject: x\r\n\r\nBody.',
    "MYRIGHTS": 'MYRIGHTS "{folder}"',
    "GETACL": 'GETACL "{folder}"',
    "SETACL": 'SETACL "{folder}" sophie.petit lr',
    "DELETEACL": 'DELETEACL "{folder}" sophie.petit',
    "LISTRIGHTS": 'LISTRIGHTS "{folder}" sophie.petit',
    "GETQUOTA": 'GETQUOTA "{address}"',
    "GETQUOTAROOT": 'GETQUOTAROOT "{folder}"',
    "COPY": 'COPY 1 "{folder}"',
    "UID COPY": 'UID COPY 1:* "{folder}"',
    "MOVE": 'MOVE 1 "{folder}"',
    "UID MOVE": 'UID MOVE 1:* "{folder}"',
}
"""A command for every verb that names a mailbox, asked while the client's own INBOX is open and holds a letter."""
LISTING = {"LIST", "LSUB"}
IN_WHAT_IS_OPEN = {"CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "FETCH", "STORE", "SEARCH", "SORT", "THREAD"}
NO_MAILBOX = {"CAPABILITY", "NOOP", "LOGOUT", "ID", "STARTTLS", "LOGIN", "AUTHENTICATE", "ENABLE", "COMPRESS", "IDLE", "NAMESPACE"}
WITHOUT_SEE = sorted(set(Right) - {Right.SEE})


def test_every_verb_is_known_to_this_file() -> None:
    of_open = {*IN_WHAT_IS_OPEN, *(f"UID {verb}" for verb in ("EXPUNGE", "FETCH", "STORE", "SEARCH", "SORT", "THREAD"))}
    assert set(VERBS) == {*BEHIND_THE_GATE, *LISTING, *of_open, *NO_MAILBOX}


async def give(simulator: Simulator, role: str, address: str, rights: list[str], by: str) -> None:
    """Take what somebody has over a mailbox, and give these rights."""
    holder, idnat = Person(simulator, by), Person(simulator, role).idnat
    for grant in await holder.get(f"/mailboxes/{address}/grants"):
        if grant["grantee"]["idnat"] == idnat and grant["in_force"]:
            assert (await holder.rest("DELETE", f"/mailboxes/{address}/grants/{grant['id']}")).status_code == 200
    made = await holder.rest("POST", f"/mailboxes/{address}/grants", json={"grantee": idnat, "rights": rights})
    assert made.status_code == 201


async def change(simulator: Simulator, address: str, **fields: Any) -> None:
    """Change a mailbox from the control plane."""
    assert (await control(simulator, "PATCH", f"/mailboxes/{address}", json=fields)).status_code == 200


async def answers(client: ImapClient, folder: str, address: str) -> dict[str, str]:
    """What each verb answers about one folder; every one refuses."""
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK")
    found = {}
    for verb, command in reversed(BEHIND_THE_GATE.items()):  # SELECT at the end: refused, it leaves no folder open
        *untagged, last = await client.ask(command.format(folder=folder, address=address))
        assert untagged == [], (verb, untagged)
        assert last.startswith("NO "), (verb, last)
        found[verb] = last
    return found


async def with_a_letter(simulator: Simulator, role: str, address: str) -> ImapClient:
    """Somebody whose own INBOX is open and holds one letter."""
    person = Person(simulator, role)
    assert (await person.smtp(address, address, letter(address, address))).code == 250
    return await ImapClient.open(simulator, person.account["login"], person.account["password"])


async def state_of(simulator: Simulator, role: str, address: str) -> object:
    """What a holder sees of a mailbox: folders, letters with flags, grants in force, room taken."""
    holder = Person(simulator, role)
    mailbox = await holder.get(f"/mailboxes/{address}")
    folders = await holder.get(f"/mailboxes/{address}/folders")
    letters = (await holder.get(f"/mailboxes/{address}/messages"))["items"]
    grants = await holder.get(f"/mailboxes/{address}/grants")
    return mailbox["used_bytes"], folders, letters, [(grant["id"], grant["rights"], grant["in_force"]) for grant in grants]


async def test_a_stranger_is_told_the_same_of_what_exists_and_what_does_not(simulator: Simulator) -> None:
    before = await state_of(simulator, "hospital", HOSPITAL)
    client = await with_a_letter(simulator, "doctor", DOCTOR)
    there = await answers(client, f"Shared/{HOSPITAL}/INBOX", HOSPITAL)
    nowhere = await answers(client, f"Shared/{NOWHERE}/INBOX", NOWHERE)
    assert {verb: text.replace(HOSPITAL, NOWHERE) for verb, text in there.items()} == nowhere
    assert all(f"There is no mailbox {HOSPITAL} that you may see" in text for text in there.values())
    assert await state_of(simulator, "hospital", HOSPITAL) == before
    await client.close()


async def test_without_the_right_to_see_no_verb_does_anything(simulator: Simulator) -> None:
    await give(simulator, "newcomer", PRACTICE, list(WITHOUT_SEE), "doctor")
    before = await state_of(simulator, "doctor", PRACTICE)
    person = Person(simulator, "newcomer")
    client = await ImapClient.open(simulator, person.account["login"], person.account["password"])
    nowhere = await answers_without_a_folder(client, f"Shared/{NOWHERE}/INBOX", NOWHERE)
    hidden = await answers_without_a_folder(client, f"Shared/{PRACTICE}/INBOX", PRACTICE)
    assert {verb: text.replace(PRACTICE, NOWHERE) for verb, text in hidden.items()} == nowhere
    assert PRACTICE not in str(await client.ask('LIST "" *')) + str(await client.ask('LSUB "" *'))
    assert await state_of(simulator, "doctor", PRACTICE) == before
    await client.close()


async def answers_without_a_folder(client: ImapClient, folder: str, address: str) -> dict[str, str]:
    """The same for somebody who has no folder to open."""
    commands = {verb: command for verb, command in BEHIND_THE_GATE.items() if not verb.endswith(("COPY", "MOVE"))}
    found = {verb: (await client.ask(command.format(folder=folder, address=address)))[-1] for verb, command in commands.items()}
    assert all(text.startswith("NO ") for text in found.values()), found
    return found


async def test_a_closed_mailbox_is_closed_to_every_verb(simulator: Simulator) -> None:
    before = await state_of(simulator, "doctor", PRACTICE)
    client = await with_a_letter(simulator, "doctor", DOCTOR)
    await change(simulator, PRACTICE, state="closed")
    told = await answers(client, f"Shared/{PRACTICE}/INBOX", PRACTICE)
    assert all(f"The mailbox {PRACTICE} is closed" in text for text in told.values()), told
    assert PRACTICE not in str(await client.ask('LIST "" *')) + str(await client.ask('LSUB "" *'))
    await change(simulator, PRACTICE, state="active")
    assert await state_of(simulator, "doctor", PRACTICE) == before
    await client.close()


async def test_a_password_opens_no_mailbox_of_an_application(simulator: Simulator) -> None:
    by, doctor = Requester(None, Door.CONTROL), Person(simulator, "doctor")
    await delegation.grant(simulator.world, by, GrantRequest(LABORATORY, doctor.idnat, frozenset(Right)))
    client = await with_a_letter(simulator, "doctor", DOCTOR)
    told = await answers(client, f"Shared/{LABORATORY}/INBOX", LABORATORY)
    assert all("opens by its client certificate" in text for text in told.values()), told
    assert LABORATORY not in str(await client.ask('LIST "" *')) + str(await client.ask('LSUB "" *'))
    await client.close()


async def test_who_logged_in_to_one_mailbox_asks_nothing_of_another(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, f"{PRACTICE}*camille.martin", "cabinet-2026")
    for address in (DOCTOR, HOSPITAL, NOWHERE):
        assert (await client.ask(f'GETQUOTA "{address}"'))[-1].startswith(f"NO [NOPERM] You logged in to act for {PRACTICE}")
    assert DOCTOR not in str(await client.ask('LIST "" *'))
    await client.close()


@pytest.mark.parametrize("own", ["closed", "active"])
async def test_a_person_whose_own_mailbox_is_closed_still_logs_in_to_the_others(simulator: Simulator, own: str) -> None:
    await change(simulator, DOCTOR, state=own)
    doctor = Person(simulator, "doctor")
    client = await ImapClient.open(simulator, "camille.martin", "cabinet-2026")
    assert (await client.ask(f'SELECT "Shared/{PRACTICE}/INBOX"'))[-1].startswith("OK")
    own_inbox = (await client.ask("SELECT INBOX"))[-1]
    assert own_inbox.startswith("OK" if own == "active" else "NO [NONEXISTENT] You own no mailbox")
    assert (await doctor.smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL))).code == 250
    assert (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == 200
    await client.close()


# The same over REST

HELD_ALONE = [
    ("mark", "PATCH", "/messages/{letter}", {"add": ["\\Flagged"]}),
    ("read", "GET", "/messages/{letter}", None),
    ("read", "GET", "/messages/{letter}/raw", None),
    ("delete", "DELETE", "/messages/{letter}", None),
    ("file", "POST", "/messages/{letter}/move", {"folder": "Trash"}),
    ("delete", "POST", "/messages/{letter}/move", {"folder": "Trash"}),
    ("file", "POST", "/folders", {"name": "New"}),
    ("close", "POST", "/conversations/{conversation}/close", None),
    ("close", "POST", "/conversations/{conversation}/reopen", None),
    ("manage", "GET", "/journal", None),
    ("manage", "PATCH", "", {"label": "Ours now"}),
    ("manage", "POST", "/grants", {"grantee": "{hospital}", "rights": ["manage"]}),
    ("read", "POST", "/messages/{letter}/receipt", {}),
]


@pytest.mark.parametrize(("right", "method", "path", "body"), HELD_ALONE)
async def test_a_right_alone_does_nothing_in_a_mailbox_that_may_not_be_seen(
    simulator: Simulator, right: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    await doctor.send(PRACTICE, to=[PATIENT], subject="Une lettre")
    [item] = (await doctor.get(f"/mailboxes/{PRACTICE}/messages", subject="Une lettre"))["items"]
    await give(simulator, "newcomer", PRACTICE, [right], "doctor")
    before = await state_of(simulator, "doctor", PRACTICE)
    hospital = Person(simulator, "hospital").idnat
    sent = {name: hospital if value == "{hospital}" else value for name, value in body.items()} if body is not None else None
    named = path.format(letter=item["id"], conversation=item["conversation_id"])
    hidden = await newcomer.rest(method, f"/mailboxes/{PRACTICE}{named}", json=sent)
    nowhere = await newcomer.rest(method, f"/mailboxes/{NOWHERE}{named}", json=sent)
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.json()["detail"].replace(PRACTICE, NOWHERE) == nowhere.json()["detail"]
    assert await state_of(simulator, "doctor", PRACTICE) == before
    assert (await doctor.get(f"/mailboxes/{PRACTICE}/conversations/{item['conversation_id']}"))["closed"] is False


async def test_a_grant_is_renounced_without_the_right_to_see(simulator: Simulator) -> None:
    await give(simulator, "newcomer", PRACTICE, ["send_as"], "doctor")
    newcomer = Person(simulator, "newcomer")
    [grant] = [one for one in await newcomer.get("/grants") if one["mailbox"] == PRACTICE and one["in_force"]]
    ended = await newcomer.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")
    assert (ended.status_code, ended.json()["in_force"]) == (200, False)


@pytest.mark.parametrize("right", ["send_as", "send_on_behalf"])
async def test_a_letter_is_sent_without_the_right_to_see(simulator: Simulator, right: str) -> None:
    await give(simulator, "newcomer", PRACTICE, [right], "doctor")
    newcomer = Person(simulator, "newcomer")
    assert (await newcomer.send(PRACTICE, to=[HOSPITAL])).status_code == 201
    assert (await newcomer.smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL))).code == 250
    refused = await newcomer.send(PRACTICE, to=[PATIENT], subject="[FIN]")
    assert (refused.status_code, refused.json()["code"]) == (403, "right-missing")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/messages", None),
        ("GET", "/messages/{letter}", None),
        ("PATCH", "/messages/{letter}", {"add": ["\\Flagged"]}),
        ("DELETE", "/messages/{letter}", None),
        ("GET", "/folders", None),
        ("POST", "/folders", {"name": "New"}),
        ("GET", "/conversations", None),
        ("GET", "/sent", None),
        ("POST", "/messages", {"to": [HOSPITAL], "subject": "x", "text": "x"}),
    ],
)
async def test_a_closed_mailbox_reads_the_same_over_rest(simulator: Simulator, method: str, path: str, body: dict[str, Any] | None) -> None:
    doctor = Person(simulator, "doctor")
    await doctor.send(PRACTICE, to=[HOSPITAL], subject="Une lettre")
    [item] = (await doctor.get(f"/mailboxes/{PRACTICE}/messages", subject="Une lettre"))["items"]
    before = await state_of(simulator, "doctor", PRACTICE)
    await change(simulator, PRACTICE, state="closed")
    answer = await doctor.rest(method, f"/mailboxes/{PRACTICE}{path.format(letter=item['id'])}", json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["reference"]) == (422, "mailbox-closed", "quirks#closed-mailbox")
    assert f"The mailbox {PRACTICE} is closed" in answer.json()["detail"]
    await change(simulator, PRACTICE, state="active")
    assert await state_of(simulator, "doctor", PRACTICE) == before


async def test_no_answer_shows_the_text_to_who_may_not_read(simulator: Simulator) -> None:
    """The beginning of the text is what the right to read is about: no second way shows it."""
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    await doctor.send(PRACTICE, to=[PATIENT], subject="Une lettre", text="Le secret du dossier.")
    [item] = (await doctor.get(f"/mailboxes/{PRACTICE}/messages", subject="Une lettre"))["items"]
    assert "secret" in item["preview"]
    await give(simulator, "newcomer", PRACTICE, sorted(set(Right) - {Right.READ}), "doctor")
    base, one = f"/mailboxes/{PRACTICE}", f"/mailboxes/{PRACTICE}/messages/{item['id']}"
    for method, path, body in (
        ("GET", f"{base}/messages", None),
        ("PATCH", one, {"add": ["\\Flagged"]}),
        ("POST", f"{one}/move", {"folder": "Archive"}),
        ("GET", f"{base}/conversations", None),
        ("GET", f"{base}/conversations/{item['conversation_id']}", None),
        ("POST", f"{base}/conversations/{item['conversation_id']}/close", None),
        ("GET", f"{base}/sent", None),
        ("GET", f"{base}/journal", None),
        ("GET", f"{one}/timeline", None),
    ):
        answer = await newcomer.rest(method, path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        assert "secret" not in answer.text, path
