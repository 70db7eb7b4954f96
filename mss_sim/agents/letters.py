"""Tools about letters: sent, waited for, listed, read, acknowledged."""

import base64
import dataclasses
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from mss_sim.agents import shapes
from mss_sim.testing.asynchronous import AsyncPerson
from mss_sim.testing.attached import AttachedWorld
from mss_sim.testing.builders import xdm_archive
from mss_sim.testing.documents import LetterFields, NewAttachment
from mss_sim.testing.results import WaitedInVain
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import XDM_NAME, TimelineKind

WAIT_SECONDS_MAX = 300
Who = Annotated[str, Field(description="Who acts: a role such as doctor or secretary, a login, an idNat, or their own address.")]
OfMailbox = Annotated[str | None, Field(description="Address of the mailbox; left out, their own one.")]
LetterId = Annotated[str, Field(description="`id` of a letter, as inbox tells it.")]


class NewFile(BaseModel):
    """A file to attach: its name, and either text or octets in base64."""

    model_config = ConfigDict(extra="forbid")

    filename: str
    content_type: str = "text/plain"
    text: str | None = None
    content_base64: str | None = None

    def attachment(self) -> NewAttachment:
        """What REST takes; ValueError when it has no content, or two."""
        if (self.text is None) == (self.content_base64 is None):
            raise ValueError(f"give the file {self.filename!r} one of the two: text, or content_base64")
        content = self.content_base64 or base64.b64encode((self.text or "").encode()).decode()
        return {"filename": self.filename, "content_type": self.content_type, "content_base64": content}


def place(person: AsyncPerson, mailbox: str | None, path: str) -> str:
    """A path of REST below a mailbox, their own where none is named."""
    return f"/mailboxes/{quote(mailbox or person.address, safe='@')}{path}"


class Letters:
    """What people do with letters; each method is a tool."""

    def __init__(self, world: AttachedWorld) -> None:
        self._world = world

    async def send_letter(
        self,
        *,
        who: Who,
        to: Annotated[list[str], Field(description="Addresses of the recipients.")],
        subject: str = "",
        text: str = "",
        mailbox: Annotated[str | None, Field(description="Mailbox to send from: their own, or one whose grant lets them send.")] = None,
        cc: list[str] | None = None,
        attachments: list[NewFile] | None = None,
        attach_xdm: Annotated[bool, Field(description="Attach a small IHE_XDM.ZIP of the fictional patient Claire FONTAINE.")] = False,
        in_reply_to: Annotated[str | None, Field(description="`id` of a letter in the mailbox, or a Message-ID.")] = None,
        request_read_receipt: bool = False,
        request_delivery_receipt: bool = False,
        close_conversation: Annotated[bool, Field(description="The patients who get it may not answer it (X-MSS-MES: FIN).")] = False,
    ) -> shapes.Sent:
        """Send a letter as somebody. All recipients are checked first: when one is refused, nothing is sent, and the error says why."""
        person = self._world.person(who)
        files = [one.attachment() for one in attachments or ()]
        if attach_xdm:
            octets = base64.b64encode(xdm_archive()).decode()
            files.append({"filename": XDM_NAME, "content_type": "application/zip", "content_base64": octets})
        fields: LetterFields = {
            "subject": subject,
            "text": text,
            "cc": cc or [],
            "attachments": files,
            "request_read_receipt": request_read_receipt,
            "request_delivery_receipt": request_delivery_receipt,
            "close_conversation": close_conversation,
        }
        if in_reply_to is not None:
            fields["in_reply_to"] = in_reply_to
        return shapes.Sent.model_validate(await person.send(to, mailbox=mailbox, **fields))

    async def inbox(
        self,
        *,
        who: Who,
        mailbox: OfMailbox = None,
        subject: Annotated[str | None, Field(description="A part of the subject; case and accents do not matter.")] = None,
    ) -> list[shapes.Listed]:
        """List the letters in the INBOX of a mailbox, the newest first, as somebody who may see it."""
        found = await self._world.person(who).inbox(mailbox, subject=subject)
        return [shapes.Listed.model_validate(one) for one in found]

    async def read_letter(self, *, who: Who, letter: LetterId, mailbox: OfMailbox = None) -> shapes.Letter:
        """Open a letter as somebody: its text, and the names of its files. That they read it is recorded, as for any reader."""
        return shapes.Letter.model_validate(await self._world.person(who).read(letter, mailbox))

    async def send_read_receipt(self, *, who: Who, letter: LetterId, mailbox: OfMailbox = None) -> str:
        """Send the read receipt that a letter asks for, once per letter and mailbox; the answer is whom it went to."""
        person = self._world.person(who)
        sent = await person.rest("POST", place(person, mailbox, f"/messages/{quote(letter, safe='')}/receipt"), {})
        return str(sent["to"])

    async def what_became_of(
        self,
        *,
        who: Who,
        submission: Annotated[str, Field(description="`submission_id`, as send_letter tells it.")],
        mailbox: OfMailbox = None,
    ) -> shapes.Timeline:
        """What became of a letter that a mailbox sent: delivered, displayed, delayed, failed, for each recipient."""
        person = self._world.person(who)
        found = await person.rest("GET", place(person, mailbox, f"/sent/{quote(submission, safe='')}"))
        return shapes.Timeline.model_validate(found)

    async def wait(
        self,
        *,
        kind: Annotated[
            Literal["message", "act", "timeline", "settled"],
            Field(
                description="message: a letter anywhere, by mailbox, sender, to, subject, text, message_id. act: a line of a journal, by "
                "mailbox, acts, by. timeline: what happened to a recipient, by events, recipient, message_id. settled: that nothing is "
                "under way and nothing is due, by no marks."
            ),
        ] = "message",
        seconds: Annotated[float, Field(ge=0, le=WAIT_SECONDS_MAX, description="How long at most, of real time.")] = 10,
        count: Annotated[int, Field(ge=1, le=1_000, description="How many there have to be.")] = 1,
        none: Annotated[bool, Field(description="That none may come until the time is over.")] = False,
        after: Annotated[str | None, Field(description="`cursor` of an answer before: only what came later counts.")] = None,
        mailbox: Annotated[str | None, Field(description="Address of the mailbox in which a copy lies, or whose journal it is.")] = None,
        sender: Annotated[str | None, Field(description="Part of the sender's name or address.")] = None,
        to: Annotated[str | None, Field(description="Part of a recipient's name or address.")] = None,
        subject: Annotated[str | None, Field(description="Part of the subject.")] = None,
        text: Annotated[str | None, Field(description="Part of the subject, the people or the text.")] = None,
        message_id: str | None = None,
        acts: Annotated[list[Act] | None, Field(description="Kinds of journal lines.")] = None,
        by: Annotated[str | None, Field(description="Who acted: role, idNat, login or address.")] = None,
        events: Annotated[list[TimelineKind] | None, Field(description="Kinds of events of a sent letter.")] = None,
        recipient: Annotated[str | None, Field(description="Address of the recipient.")] = None,
    ) -> shapes.Waited:
        """Wait until something is there, instead of looking again and again. What was there before counts, but for `after`.

        It is no error when the time passes: `met` is false then, and `told` and `near` say what came instead and how it missed.
        """
        asked = {"timeout": seconds} if kind == "settled" else {"timeout": seconds, "count": count, "none": none}
        marks: dict[str, Any] = {"after": after, "mailbox": mailbox, "from_": sender, "to": to, "subject": subject, "text": text}
        marks |= {"message_id": message_id, "acts": acts, "who": by and self._world.idnat(by), "events": events, "recipient": recipient}
        given = {name: value for name, value in marks.items() if value is not None}
        try:
            found = await self._world.waited(kind, asked | given)
        except WaitedInVain as error:
            came = [dataclasses.asdict(cast("Any", one)) for one in error.found]
            near = [dataclasses.asdict(one) for one in error.near]
            return shapes.Waited(met=False, found=came, near=near, told=str(error), cursor=None)
        told = "\n".join(map(str, found.found)) or "as it was wished"
        return shapes.Waited(met=True, found=[dataclasses.asdict(one) for one in found.found], near=[], told=told, cursor=found.cursor)
