"""One way to take letters in charge, whatever the door: REST, keywords of IMAP, the forms of the pages."""

import html
import re
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.errors import Rule
from mss_sim.http.problems import PROBLEMS
from mss_sim.imap.grammar.responses import CODES
from mss_sim.vocabulary.charge import ChargeDeed
from tests.clients import ImapClient, Person
from tests.contracts.browsers import ByPages

Item = dict[str, Any]
"""A message as REST lists it."""


class Hand(Protocol):
    """Does something with letters of one mailbox as a persona; tells how it was answered: `ok`, or the rule as this door shows it."""

    name: str

    def shows(self, rule: Rule) -> str:
        """How a refusal by that rule looks at this door."""
        ...

    async def do(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        """Do it."""
        ...

    async def says(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        """Do it, and tell all that is answered."""
        ...


@dataclass
class RestHand:
    """POST …/charge."""

    simulator: Simulator
    name: str = "rest"

    def shows(self, rule: Rule) -> str:
        return str(PROBLEMS[rule][0])

    async def _ask(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> httpx.Response:
        path = f"/mailboxes/{mailbox}/messages/{item['id']}/charge"
        return await Person(self.simulator, role).rest("POST", path, json={"deed": deed.value})

    async def do(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        answer = await self._ask(role, mailbox, item, deed)
        return "ok" if answer.status_code == 200 else str(answer.status_code)

    async def says(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        return (await self._ask(role, mailbox, item, deed)).text


_STORES = {
    ChargeDeed.TAKE: "+FLAGS (InCharge)",
    ChargeDeed.RELEASE: "-FLAGS (InCharge)",
    ChargeDeed.FINISH: "+FLAGS (Handled)",
    ChargeDeed.REOPEN: "-FLAGS (Handled)",
}


@dataclass
class ImapHand:
    """STORE of the keywords, each on a connection of its own."""

    simulator: Simulator
    name: str = "imap"

    def shows(self, rule: Rule) -> str:
        return f"NO [{CODES[rule]}]"

    async def do(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        answer = await self.says(role, mailbox, item, deed)
        return "ok" if answer.startswith("OK") else answer.partition("]")[0] + "]"

    async def says(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        account = Person(self.simulator, role).account
        client = await ImapClient.open(self.simulator, f"{mailbox}*{account['login']}", account["password"])
        await client.ask(f'SELECT "{item["folder"]}"')
        answer = (await client.ask(f"UID STORE {item['uid']} {_STORES[deed]}"))[-1]
        await client.close()
        return answer


@dataclass
class WebHand(ByPages):
    """The forms of the pages, sent as a browser sends them."""

    async def _send(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> httpx.Response:
        return await self.browsers.send(role, f"/mailboxes/{mailbox}/charge", letter=item["id"], back="letter", deed=deed.value)

    async def do(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        answer = await self._send(role, mailbox, item, deed)
        return "ok" if answer.status_code == 303 else str(answer.status_code)

    async def says(self, role: str, mailbox: str, item: Item, deed: ChargeDeed) -> str:
        return html.unescape((await self._send(role, mailbox, item, deed)).text)

    async def page(self, role: str, path: str) -> str:
        """The text of a page of a persona."""
        answer = await self.browsers.open(role, path)
        assert answer.status_code == 200, answer.text
        return html.unescape(re.sub(r"\s+", " ", answer.text))

    async def close(self) -> None:
        """Close the browsers."""
        await self.browsers.close()
