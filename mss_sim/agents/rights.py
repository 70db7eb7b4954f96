"""Tools about people and what they may do: who there is, grants, conversations with patients."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import Field

from mss_sim.agents import shapes
from mss_sim.agents.letters import OfMailbox, Who, place
from mss_sim.testing.attached import AttachedWorld
from mss_sim.vocabulary.mailboxes import Right

Address = Annotated[str, Field(description="Address of the mailbox.")]
ConversationId = Annotated[str, Field(description="`conversation_id` of a letter, as inbox tells it.")]


class Rights:
    """What people may do, and what is changed about it; each method is a tool."""

    def __init__(self, world: AttachedWorld) -> None:
        self._world = world

    async def people(self) -> list[shapes.Played]:
        """Who can act in this world, each with mailboxes and the rights over them at its beginning. Begin here."""
        return [shapes.Played.model_validate(one) for one in self._world.people]

    async def mailboxes(self, *, who: Who) -> list[shapes.Mailbox]:
        """The mailboxes that somebody may use at this moment, each with what they may do with it."""
        found = await self._world.person(who).rest("GET", "/mailboxes")
        return [shapes.Mailbox.model_validate(one) for one in found]

    async def add_people(
        self,
        *,
        like: Annotated[str, Field(description="Role of whom they are like: doctor, secretary, patient …")],
        count: Annotated[int, Field(ge=1, le=20)] = 1,
    ) -> list[shapes.Played]:
        """Make new fictional people like somebody of the seed, with mailboxes and log-ins of their own. Name them by login afterwards."""
        made = {one.login for one in await self._world.like(like, count)}
        return [shapes.Played.model_validate(one) for one in self._world.people if one["login"] in made]

    async def grants(self, *, who: Who, mailbox: OfMailbox = None) -> list[shapes.Grant]:
        """Every grant over a mailbox, ended ones too, as somebody who manages it; one's own for any other grantee."""
        person = self._world.person(who)
        return [shapes.Grant.model_validate(one) for one in await person.rest("GET", place(person, mailbox, "/grants"))]

    async def grant(
        self,
        *,
        who: Annotated[str, Field(description="Who gives the rights: role, login, idNat or address. It must hold them, and manage.")],
        to: Annotated[str, Field(description="Who gets them: role, login, idNat, or address of a mailbox that is theirs alone.")],
        rights: Annotated[list[Right], Field(min_length=1)],
        mailbox: OfMailbox = None,
        valid_from: Annotated[datetime | None, Field(description="On the world's clock, with its offset from UTC.")] = None,
        valid_until: Annotated[datetime | None, Field(description="On the world's clock, with its offset from UTC.")] = None,
        reason: str = "",
    ) -> shapes.Grant:
        """Give somebody rights over a mailbox, from the very next request on; see, read, send_on_behalf … are independent of each other."""
        person = self._world.person(who)
        window = {"valid_from": valid_from, "valid_until": valid_until}
        body = {
            "grantee": self._world.idnat(to),
            "rights": [one.value for one in rights],
            "reason": reason,
            **{name: one.isoformat() for name, one in window.items() if one is not None},
        }
        return shapes.Grant.model_validate(await person.rest("POST", place(person, mailbox, "/grants"), body))

    async def revoke(
        self, *, who: Who, grant: Annotated[str, Field(description="`id` of the grant.")], mailbox: OfMailbox = None
    ) -> shapes.Grant:
        """Take a grant back, or renounce one's own: it gives nothing from the very next request on."""
        person = self._world.person(who)
        path = place(person, mailbox, f"/grants/{quote(grant, safe='')}")
        return shapes.Grant.model_validate(await person.rest("DELETE", path))

    async def close_conversation(self, *, who: Who, conversation: ConversationId, mailbox: OfMailbox = None) -> shapes.Conversation:
        """Close a conversation: its patients can no longer answer what this mailbox wrote in it."""
        return await self._turned(who, conversation, mailbox, "close")

    async def reopen_conversation(self, *, who: Who, conversation: ConversationId, mailbox: OfMailbox = None) -> shapes.Conversation:
        """Let the patients of a conversation answer again, however it had been closed."""
        return await self._turned(who, conversation, mailbox, "reopen")

    async def may_write(
        self,
        *,
        sender: Annotated[str, Field(description="Address of who would write.")],
        to: Annotated[str, Field(description="Address of the mailbox that they would write to.")],
    ) -> shapes.Writing:
        """Whether a new letter from one address to another would be taken now, by which rule, and why not."""
        found = await self._world.control("GET", f"/why-not?{urlencode({'from': sender, 'to': to})}")
        return shapes.Writing.model_validate(found)

    async def _turned(self, who: str, conversation: str, mailbox: str | None, act: str) -> shapes.Conversation:
        person = self._world.person(who)
        path = place(person, mailbox, f"/conversations/{quote(conversation, safe='')}/{act}")
        return shapes.Conversation.model_validate(await person.rest("POST", path))
