"""One way to keep order in a mailbox, whatever the door: flags, readings, moves, deletions, folders."""

from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.errors import Rule
from mss_sim.http.problems import PROBLEMS
from mss_sim.imap.grammar.responses import CODES
from tests.clients import ImapClient, Person
from tests.contracts.browsers import ByPages

Item = dict[str, Any]
"""A message as REST lists it: `id`, `uid`, `folder`."""


class Keeper(Protocol):
    """Keeps order as a persona; every act tells how it was answered: `ok`, or the rule as this door shows it."""

    name: str

    def shows(self, rule: Rule) -> str:
        """How a refusal by that rule looks at this door."""
        ...

    async def flag(self, role: str, mailbox: str, item: Item, *, add: str = "", remove: str = "") -> str:
        """Set and clear one flag or keyword."""
        ...

    async def read(self, role: str, mailbox: str, item: Item) -> str:
        """Open a message; over IMAP this marks it seen where the reader may."""
        ...

    async def move(self, role: str, mailbox: str, item: Item, folder: str) -> str:
        """Move within the mailbox."""
        ...

    async def delete(self, role: str, mailbox: str, item: Item) -> str:
        """Delete for good."""
        ...

    async def make(self, role: str, mailbox: str, folder: str) -> str:
        """Make a folder."""
        ...

    async def rename(self, role: str, mailbox: str, folder: str, name: str) -> str:
        """Give a folder another name."""
        ...

    async def drop(self, role: str, mailbox: str, folder: str) -> str:
        """Delete a folder with the messages in it."""
        ...


@dataclass
class RestKeeper:
    """PATCH, move, DELETE."""

    simulator: Simulator
    name: str = "rest"

    def shows(self, rule: Rule) -> str:
        return f"{PROBLEMS[rule][0]} {rule}"

    async def _ask(self, role: str, method: str, path: str, json: Any = None) -> str:
        answer: httpx.Response = await Person(self.simulator, role).rest(method, path, json=json)
        return "ok" if answer.is_success else f"{answer.status_code} {answer.json()['code']}"

    async def flag(self, role: str, mailbox: str, item: Item, *, add: str = "", remove: str = "") -> str:
        body = {"add": [add] if add else [], "remove": [remove] if remove else []}
        return await self._ask(role, "PATCH", f"/mailboxes/{mailbox}/messages/{item['id']}", body)

    async def read(self, role: str, mailbox: str, item: Item) -> str:
        return await self._ask(role, "GET", f"/mailboxes/{mailbox}/messages/{item['id']}/raw")

    async def move(self, role: str, mailbox: str, item: Item, folder: str) -> str:
        return await self._ask(role, "POST", f"/mailboxes/{mailbox}/messages/{item['id']}/move", {"folder": folder})

    async def delete(self, role: str, mailbox: str, item: Item) -> str:
        return await self._ask(role, "DELETE", f"/mailboxes/{mailbox}/messages/{item['id']}")

    async def make(self, role: str, mailbox: str, folder: str) -> str:
        return await self._ask(role, "POST", f"/mailboxes/{mailbox}/folders", {"name": folder})

    async def rename(self, role: str, mailbox: str, folder: str, name: str) -> str:
        return await self._ask(role, "PATCH", f"/mailboxes/{mailbox}/folders/{await self._folder(mailbox, folder)}", {"name": name})

    async def drop(self, role: str, mailbox: str, folder: str) -> str:
        return await self._ask(role, "DELETE", f"/mailboxes/{mailbox}/folders/{await self._folder(mailbox, folder)}?messages=true")

    async def _folder(self, mailbox: str, name: str) -> str:
        boxes = await Person(self.simulator, "doctor").get(f"/mailboxes/{mailbox}/folders")
        return str(next(box["id"] for box in boxes if box["name"] == name))


@dataclass
class ImapKeeper:
    """STORE, FETCH, MOVE, EXPUNGE by UID, each on a connection of its own."""

    simulator: Simulator
    name: str = "imap"

    def shows(self, rule: Rule) -> str:
        return f"NO [{CODES[rule]}]"

    async def _ask(self, role: str, mailbox: str, *commands: str, select: str | None = None) -> str:
        account = Person(self.simulator, role).account
        client = await ImapClient.open(self.simulator)
        said = "ok"
        for command in (
            f'LOGIN "{mailbox}*{account["login"]}" {account["password"]}',
            *([f'SELECT "{select}"'] if select else []),
            *commands,
        ):
            answer = (await client.ask(command))[-1]
            if not answer.startswith("OK"):
                said = answer.partition("]")[0] + "]"
                break
        await client.close()
        return said

    async def flag(self, role: str, mailbox: str, item: Item, *, add: str = "", remove: str = "") -> str:
        change = f"+FLAGS ({add})" if add else f"-FLAGS ({remove})"
        return await self._ask(role, mailbox, f"UID STORE {item['uid']} {change}", select=item["folder"])

    async def read(self, role: str, mailbox: str, item: Item) -> str:
        return await self._ask(role, mailbox, f"UID FETCH {item['uid']} BODY[]", select=item["folder"])

    async def move(self, role: str, mailbox: str, item: Item, folder: str) -> str:
        return await self._ask(role, mailbox, f'UID MOVE {item["uid"]} "{folder}"', select=item["folder"])

    async def delete(self, role: str, mailbox: str, item: Item) -> str:
        commands = (f"UID STORE {item['uid']} +FLAGS.SILENT (\\Deleted)", f"UID EXPUNGE {item['uid']}")
        return await self._ask(role, mailbox, *commands, select=item["folder"])

    async def make(self, role: str, mailbox: str, folder: str) -> str:
        return await self._ask(role, mailbox, f'CREATE "{folder}"')

    async def rename(self, role: str, mailbox: str, folder: str, name: str) -> str:
        return await self._ask(role, mailbox, f'RENAME "{folder}" "{name}"')

    async def drop(self, role: str, mailbox: str, folder: str) -> str:
        return await self._ask(role, mailbox, f'DELETE "{folder}"')

    async def copy(self, role: str, mailbox: str, item: Item, folder: str) -> str:
        """Copy within the mailbox, which no other door does."""
        return await self._ask(role, mailbox, f'UID COPY {item["uid"]} "{folder}"', select=item["folder"])

    async def append(self, role: str, mailbox: str, folder: str, raw: bytes) -> str:
        """File a message, which no other door does."""
        account = Person(self.simulator, role).account
        client = await ImapClient.open(self.simulator, f"{mailbox}*{account['login']}", account["password"])
        answer = (await client.ask(f'APPEND "{folder}" {{{len(raw)}+}}\r\n{raw.decode()}'))[-1]
        await client.close()
        return "ok" if answer.startswith("OK") else answer.partition("]")[0] + "]"


_PAGE_MARKS = {("\\Seen", ""): "read", ("", "\\Seen"): "unread", ("\\Flagged", ""): "flag", ("", "\\Flagged"): "unflag"}


@dataclass
class WebKeeper(ByPages):
    """The forms of the list and of its folders; pages mark letters as read and flagged alone."""

    async def _letters(self, role: str, mailbox: str, item: Item, **fields: str) -> str:
        answer = await self.browsers.send(role, f"/mailboxes/{mailbox}/letters", letter=item["id"], **fields)
        return "ok" if answer.status_code == 303 else str(answer.status_code)

    async def _folders(self, role: str, mailbox: str, folder: str, **fields: str) -> str:
        boxes = await Person(self.simulator, "doctor").get(f"/mailboxes/{mailbox}/folders")
        id_ = next((str(box["id"]) for box in boxes if box["name"] == folder), "")
        answer = await self.browsers.send(role, f"/mailboxes/{mailbox}/folders", id=id_, **fields)
        return "ok" if answer.status_code == 303 else str(answer.status_code)

    async def flag(self, role: str, mailbox: str, item: Item, *, add: str = "", remove: str = "") -> str:
        return await self._letters(role, mailbox, item, do=_PAGE_MARKS[add, remove])

    async def read(self, role: str, mailbox: str, item: Item) -> str:
        answer = await self.browsers.open(role, f"/mailboxes/{mailbox}/letters/{item['id']}")
        return "ok" if answer.status_code == 200 else str(answer.status_code)

    async def move(self, role: str, mailbox: str, item: Item, folder: str) -> str:
        return await self._letters(role, mailbox, item, do="move", into=folder)

    async def delete(self, role: str, mailbox: str, item: Item) -> str:
        return await self._letters(role, mailbox, item, do="delete")

    async def make(self, role: str, mailbox: str, folder: str) -> str:
        return await self._folders(role, mailbox, "", do="create", name=folder)

    async def rename(self, role: str, mailbox: str, folder: str, name: str) -> str:
        return await self._folders(role, mailbox, folder, do="rename", name=name)

    async def drop(self, role: str, mailbox: str, folder: str) -> str:
        return await self._folders(role, mailbox, folder, do="delete", messages="yes")
