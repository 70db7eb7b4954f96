"""Carers in tests: made by the control plane, let in by a patient, and all that they can observe of a mailbox."""

import re
from typing import Any

import httpx

from mss_sim.app.simulator import Simulator
from tests.clients import PATIENT, ImapClient, Person, control

ANSWERING = ["see", "read", "send_on_behalf"]
PASSWORD = "carer-2026"


class Carer(Person):
    """Somebody who is no persona of the seed."""

    def __post_init__(self) -> None:
        self._ready = self.simulator.ready()
        self.account = {"login": self.role, "password": PASSWORD, "idnat": self.role.upper(), "name": self.role}


async def make_carer(simulator: Simulator, login: str = "jeanne.fontaine") -> Carer:
    """A carer who may do nothing yet."""
    given, _, family = login.partition(".")
    who = {"idnat": login.upper(), "kind": "carer", "given_name": given.title(), "family_name": family.upper()}
    made = await control(simulator, "POST", "/identities", {**who, "login": login, "password": PASSWORD})
    assert made.status_code == 201, made.text
    return Carer(simulator, login)


async def let_in(patient: Person, carer: Person, mailbox: str = PATIENT, rights: list[str] = ANSWERING, **window: str) -> dict[str, Any]:
    """Have a patient give a carer rights; the grant."""
    given = await patient.rest("POST", f"/mailboxes/{mailbox}/grants", json={"grantee": carer.idnat, "rights": rights, **window})
    assert given.status_code == 201, given.text
    found: dict[str, Any] = given.json()
    return found


async def mask(patient: Person, what: str, mailbox: str = PATIENT) -> dict[str, Any]:
    """Have a patient mask `correspondents/…` or `messages/…`; the mask."""
    made = await patient.rest("PUT", f"/mailboxes/{mailbox}/masks/{what}")
    assert made.status_code == 200, made.text
    found: dict[str, Any] = made.json()
    return found


_ID = re.compile(r"(?<![0-9A-Za-z])[acfjsA-Z]?0[0-9a-z]{12}(?![0-9A-Za-z])")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>\s]+>")
_UID_VALIDITY = re.compile(r'(?<="uid_validity":)\d+|(?<=UIDVALIDITY )\d+')


class Names:
    """Ids by the order in which they are met: two worlds number the same things differently."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def plain(self, text: str) -> str:
        """The text with a name of ours in the place of each id."""
        for pattern in (_ID, _MESSAGE_ID, _UID_VALIDITY):
            text = pattern.sub(lambda found: self._known.setdefault(found[0], f"id {len(self._known)}"), text)
        return text


_REST = (
    "/me",
    "/mailboxes",
    "/grants",
    "/mailboxes/{box}",
    "/mailboxes/{box}/holders",
    "/mailboxes/{box}/folders",
    "/mailboxes/{box}/messages",
    "/mailboxes/{box}/messages?folder=INBOX",
    "/mailboxes/{box}/messages?folder=Sent",
    "/mailboxes/{box}/messages?unread=true",
    "/mailboxes/{box}/messages?from=martin",
    "/mailboxes/{box}/messages?from=durand",
    "/mailboxes/{box}/messages?to=durand",
    "/mailboxes/{box}/messages?subject=secret",
    "/mailboxes/{box}/messages?q=secret",
    "/mailboxes/{box}/messages?limit=1",
    "/mailboxes/{box}/conversations",
    "/mailboxes/{box}/sent",
    "/mailboxes/{box}/grants",
    "/mailboxes/{box}/masks",
    "/mailboxes/{box}/journal",
    "/mailboxes/{box}/certificates",
)
_IMAP = (
    'LIST "" *',
    'LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE DELETED))',
    'LSUB "" *',
    "STATUS INBOX (MESSAGES UNSEEN UIDNEXT UIDVALIDITY HIGHESTMODSEQ RECENT SIZE DELETED)",
    "STATUS Sent (MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ SIZE)",
    "MYRIGHTS INBOX",
    "GETQUOTAROOT INBOX",
    "NAMESPACE",
    "ENABLE QRESYNC",
    "SELECT Sent",
    "UID FETCH 1:* (FLAGS ENVELOPE)",
    "EXAMINE INBOX",
    "SELECT INBOX",
    "SEARCH ALL",
    "UID SEARCH RETURN (MIN MAX COUNT ALL) ALL",
    "UID SEARCH UNSEEN",
    "SEARCH FROM durand",
    "SEARCH SUBJECT secret",
    "SEARCH BODY secret",
    "SEARCH TEXT secret",
    "SEARCH MODSEQ 1",
    "UID SORT (REVERSE DATE) UTF-8 ALL",
    "SORT (SUBJECT FROM SIZE) UTF-8 ALL",
    "UID THREAD REFERENCES UTF-8 ALL",
    "THREAD ORDEREDSUBJECT UTF-8 ALL",
    "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE MODSEQ)",
    "UID FETCH 1:* (EMAILID THREADID)",
    "UID FETCH 1:* BODY.PEEK[]",
    "UID FETCH 1:100 (FLAGS) (CHANGEDSINCE 1 VANISHED)",
    "UID FETCH 2 (FLAGS)",
    "UID STORE 2 +FLAGS (\\Flagged)",
    "UID COPY 2 Archive",
    "UID MOVE 2 Archive",
    "UID EXPUNGE 2",
    "UNSELECT",
    "SELECT INBOX (QRESYNC (1 1))",
)


async def observed_by_rest(carer: Person, names: Names, mailbox: str = PATIENT) -> list[tuple[str, str]]:
    """Every answer of the API to what a carer may ask, and of what these answers lead to."""
    found: list[tuple[str, str]] = []
    ids: dict[str, None] = {}

    async def ask(path: str) -> None:
        answer = await client.get(f"/api/v1{path}")
        for id_ in _ID.findall(answer.text):
            ids.setdefault(id_)
        found.append((names.plain(path), names.plain(f"{answer.status_code} {answer.text}")))

    where = carer.simulator.ready()["http"]
    async with httpx.AsyncClient(base_url=where, auth=(carer.account["login"], PASSWORD), timeout=20) as client:
        for path in _REST:
            await ask(path.format(box=mailbox))
        for id_ in list(ids):
            for path in ("messages/{}", "messages/{}/raw", "messages/{}/timeline", "conversations/{}", "sent/{}"):
                await ask(f"/mailboxes/{mailbox}/{path.format(id_)}")
    return found


async def observed_by_imap(simulator: Simulator, carer: Person, names: Names, mailbox: str = PATIENT) -> list[tuple[str, str]]:
    """A whole dialogue of a carer's mail program, line by line."""
    client = await ImapClient.open(simulator, f"{mailbox}*{carer.account['login']}", PASSWORD)
    found = [(command, names.plain("\n".join(await client.ask(command)))) for command in _IMAP]
    await client.close()
    return found
