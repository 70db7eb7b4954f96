"""One world whose journal is read after each act."""

from dataclasses import dataclass, field
from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock, iso
from mss_sim.vocabulary.journal import Act
from tests.clients import HOSPITAL, PRACTICE, ImapClient, Person

PASSWORD = "cabinet-2026"
Line = dict[str, Any]
_OF_THE_LETTER = ("subject", "message_id")  # looked up when a line is read; a story of their own


@dataclass
class Scene:
    """One world for all acts: a mailbox whose new lines are read, and its people."""

    simulator: Simulator
    clock: ManualClock
    mailbox: str = PRACTICE
    reader: str = "doctor"
    seen: set[str] = field(default_factory=set)

    def person(self, role: str) -> Person:
        """A persona."""
        return Person(self.simulator, role)

    async def begin(self, mailbox: str = PRACTICE, reader: str = "doctor") -> None:
        """From here on, lines of this mailbox count."""
        self.mailbox, self.reader, self.seen = mailbox, reader, set()
        self.seen = {line["id"] for line in await self._lines()}

    async def _lines(self) -> list[Line]:
        found: list[Line] = (await self.person(self.reader).get(f"/mailboxes/{self.mailbox}/journal", limit=100))["items"]
        return found

    async def told(self) -> list[Line]:
        """The new lines, oldest first."""
        new = [line for line in reversed(await self._lines()) if line["id"] not in self.seen]
        return [{name: value for name, value in {**line, "id": None}.items() if name not in _OF_THE_LETTER} for line in new]

    def line(
        self, act: Act, door: str, role: str | None, detail: dict[str, Any], *, grant: str | None = None, email: str | None = None
    ) -> Line:
        """A line as it is expected, of this very instant."""
        person = self.person(role) if role else None
        actor = {"idnat": person.idnat, "name": person.account["name"]} if person else None
        told = {"act": act.value, "door": door, "actor": actor, "grant_id": grant, "email_id": email, "detail": detail}
        told["mailbox"] = self.mailbox
        return {"id": None, "at": iso(self.clock.now()), **told}

    async def grant(self, role: str, mailbox: str = PRACTICE) -> str:
        """The id of the grant in force of a persona."""
        rows = await self.person("doctor").get(f"/mailboxes/{mailbox}/grants")
        return str(next(row["id"] for row in rows if row["grantee"]["idnat"] == self.person(role).idnat and row["in_force"]))

    async def letter(self, **fields: Any) -> dict[str, Any]:
        """A new letter of the hospital in the practice's INBOX."""
        assert (await self.person("hospital").send(HOSPITAL, to=[PRACTICE], **fields)).status_code == 201
        return (await self.person("doctor").inbox(PRACTICE))[0]

    async def imap(self, *commands: str, login: str = "sophie.petit") -> None:
        """Commands of a mail program that has the practice's INBOX open; each must succeed."""
        client = await ImapClient.open(self.simulator, f"{PRACTICE}*{login}", PASSWORD)
        for command in ("SELECT INBOX", *commands):
            answer = await client.ask(command)
            assert answer[-1].startswith("OK"), answer
        await client.close()

    async def rest(self, role: str, method: str, path: str, json: Any = None) -> Any:
        """A request that must succeed; its JSON."""
        answer = await self.person(role).rest(method, path, json=json)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None
