"""What the persons of a play do: each act by the verb that every door uses, with the rights of who acts and its line in the journal."""

import asyncio
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mss_sim.core.access import delegation, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.control import documents_on_demand
from mss_sim.core.conversations import conversations, explanations
from mss_sim.core.feed.wait_conditions import newcomers
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.core.mailflow.submission import SubmissionRequest
from mss_sim.core.scenarios.stage import Facts, KnownGrant, KnownLetter, Stage, instant
from mss_sim.core.world.store_types import ListedMessage, ListQuery
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.mail.fields import CompositionError
from mss_sim.mail.headers import readable
from mss_sim.mail.reports import typed_address
from mss_sim.mail.summary import Person, read_summary, shown_text
from mss_sim.scenarios import deeds
from mss_sim.scenarios.enclosures import Enclosed
from mss_sim.vocabulary.mail import HEADER_MES, HEADER_MES_FIN, Notify
from mss_sim.words.sentence import say, sentence_of

if TYPE_CHECKING:
    from mss_sim.documents.making.parcel import Parcel

_LOOKED_AT_MAX = 200
_ALWAYS = frozenset({Notify.SUCCESS, Notify.FAILURE, Notify.DELAY})


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts in a step, under which name, and what the step is called."""

    actor: Actor
    name: str
    called: str | None


async def send(stage: Stage, acting: Acting, deed: deeds.Send) -> Facts:
    """Send a letter; what is refused for one recipient is not sent at all."""
    world, address = stage.world, stage.cast.address(deed.from_ or acting.name)
    sender = (await stage.services.submission.senders.sender_at(acting.actor, address)).mailbox
    author = readable(sender.label or acting.actor.identity.name), address
    answered = await _copy(stage, acting.actor, address, deed.answers) if deed.answers else None
    references = list(read_summary(answered.message.summary).references) if answered else []
    answers_to = answered.message.rfc_message_id if answered else None
    to = [stage.cast.address(one) for one in deed.to]
    parcel = await _parcel(stage, acting, deed)
    made = [File(one.name, one.content_type, one.octets) for one in parcel.attachments] if parcel else []
    draft = Draft(
        from_=author,
        to=[("", one) for one in to],
        subject=deed.subject or (parcel.subject if parcel else ""),
        text=deed.text,
        files=[*(_file(one) for one in deed.files), *made],
        in_reply_to=answers_to,
        references=[*(one for one in references if one != answers_to), answers_to] if answers_to else [],
        receipt_to=author if deed.receipt else None,
        headers={**(parcel.headers if parcel else {}), **({HEADER_MES: HEADER_MES_FIN} if deed.closes else {})},
    )
    message_id = world.ids.message_id(domain_of(address))
    try:
        raw = await asyncio.to_thread(compose, draft, message_id=message_id, at=world.clock.now())
    except CompositionError as error:
        raise Refusal(Rule.INVALID, say("The letter cannot be written: {error}.", error=sentence_of(error))) from error
    notify = _ALWAYS if deed.delivery_receipt else frozenset[Notify]()
    people = tuple(Addressee(one, notify, typed_address(one).replace("; ", ";") if notify else None) for one in dict.fromkeys(to))
    request = SubmissionRequest(
        Envelope(address, people), raw, "HTTP", "a scenario", deed.mode, strict=True, answers=answered.message.id if answered else None
    )
    accepted = await stage.services.submission.submit(acting.actor, request)
    if acting.called:
        stage.letters[acting.called] = KnownLetter(accepted.rfc_message_id or message_id, accepted.message_id)
    return {"mode": accepted.mode.value} if accepted.mode else {}


async def _parcel(stage: Stage, acting: Acting, deed: deeds.Send) -> "Parcel | None":
    """The documents that a letter is to carry, signed by who acts where they may sign any, else by the doctor of the samples."""
    if deed.documents is None:
        return None
    who, wanted = acting.actor.identity, deed.documents
    author = who.idnat if documents_on_demand.may_sign(who) else None
    patient = stage.cast.people[wanted.patient].idnat if wanted.patient else None
    parcel, _ = await documents_on_demand.make(
        stage.world, documents_on_demand.Wanted(wanted.types, wanted.level, patient, author, flaw=wanted.flaw)
    )
    return parcel


def _file(one: Enclosed) -> File:
    return File(one.name, one.type or mimetypes.guess_type(one.name)[0] or "application/octet-stream", one.octets)


async def open_(stage: Stage, acting: Acting, deed: deeds.Open) -> Facts:
    """Read a letter, with all that follows from it."""
    address, found = await _letter(stage, acting, deed)
    opened = await stage.services.reading.open_message(acting.actor, address, found.copy.id)
    summary = read_summary(opened.item.message.summary)
    return {
        "subject": opened.item.message.subject,
        "text": shown_text(opened.raw, summary.leaves, "text/plain") or "",
        "from": _people(summary.from_),
        "sender": _people(summary.sender),
    }


async def list_(stage: Stage, acting: Acting, deed: deeds.List) -> Facts:
    """How many letters came since the play began, and how many of them are unread; at most two hundred are counted."""
    address = stage.cast.address(deed.mailbox or acting.name)
    page = await messages.list_messages(stage.world, acting.actor, address, ListQuery(0, _LOOKED_AT_MAX), deed.folder or "INBOX")
    since = {one.letter.message_id for one in (await stage.world.store.read(newcomers, stage.since)).letters}
    came = [item for item in page.items.values() if item.message.id in since]
    return {"count": len(came), "unread": sum(not item.seen for item in came)}


async def mark(stage: Stage, acting: Acting, deed: deeds.Mark) -> Facts:
    """Set and clear flags of a letter."""
    address, found = await _letter(stage, acting, deed)
    change = FlagChange(frozenset(deed.add), frozenset(deed.remove))
    await stage.services.reading.change_flags_of(acting.actor, address, found.copy.id, change)
    return {}


async def move(stage: Stage, acting: Acting, deed: deeds.Move) -> Facts:
    """Put a letter into another folder."""
    address, found = await _letter(stage, acting, deed)
    await messages.move(stage.world, acting.actor, address, found.copy.id, deed.folder)
    return {}


async def delete(stage: Stage, acting: Acting, deed: deeds.Delete) -> Facts:
    """Delete a letter for good."""
    address, found = await _letter(stage, acting, deed)
    await messages.delete(stage.world, acting.actor, address, found.copy.id)
    return {}


async def receipt(stage: Stage, acting: Acting, deed: deeds.Receipt) -> Facts:
    """Send the read receipt that a letter asks for."""
    address, found = await _letter(stage, acting, deed)
    await stage.services.receipts.send(acting.actor, address, found.copy.id, ReceiptWish())
    return {}


async def grant(stage: Stage, acting: Acting, deed: deeds.Grant) -> Facts:
    """Delegate a mailbox."""
    world, address = stage.world, stage.cast.address(deed.mailbox or acting.name)
    wanted = GrantRequest(
        address=address,
        grantee=stage.cast.people[deed.to].idnat,
        rights=frozenset(deed.rights),
        valid_from=instant(world, deed.from_) if deed.from_ else None,
        valid_until=instant(world, deed.until) if deed.until else None,
        reason=deed.reason,
    )
    row = await delegation.grant(world, journal.by(acting.actor), wanted)
    if acting.called:
        stage.grants[acting.called] = KnownGrant(address, row.id)
    return {}


async def revoke(stage: Stage, acting: Acting, deed: deeds.Revoke) -> Facts:
    """Take a grant back, or renounce one's own."""
    known = stage.grants[deed.grant]
    await delegation.revoke(stage.world, journal.by(acting.actor), known.address, known.id)
    return {}


async def close(stage: Stage, acting: Acting, deed: deeds.Close) -> Facts:
    """Close the conversation of a letter towards its patients."""
    address, found = await _letter(stage, acting, deed)
    await conversations.close(stage.world, acting.actor, address, found.message.thread_id)
    return {}


async def reopen(stage: Stage, acting: Acting, deed: deeds.Reopen) -> Facts:
    """Give the patients of a letter's conversation back the right to answer."""
    address, found = await _letter(stage, acting, deed)
    await conversations.reopen(stage.world, acting.actor, address, found.message.thread_id)
    return {}


async def may_write(stage: Stage, deed: deeds.MayWrite) -> Facts:
    """Whether a new letter would be taken, and by which rule."""
    sender, recipient = stage.cast.address(deed.from_), stage.cast.address(deed.to)
    verdict = (await explanations.why_not_any(stage.world, sender, recipient)).verdict
    return {"allowed": verdict.allowed, "rule": verdict.code.value}


async def _letter(stage: Stage, acting: Acting, deed: deeds.OfLetter) -> tuple[str, ListedMessage]:
    address = stage.cast.address(deed.mailbox or acting.name)
    return address, await _copy(stage, acting.actor, address, deed.letter)


async def _copy(stage: Stage, actor: Actor, address: str, name: str) -> ListedMessage:
    """The newest copy of a letter in a mailbox, as the actor finds it there; Refusal(NOT_FOUND) while it does not lie there."""
    known = stage.letters[name]
    page = await messages.list_messages(stage.world, actor, address, ListQuery(0, _LOOKED_AT_MAX))
    for look, _ in page.looks:
        item = page.items[look.copy.id]
        if item.message.id == known.id or (known.message_id and item.message.rfc_message_id == known.message_id):
            return item
    detail = say("The letter {name} does not lie in {address}: have a step wait for it there.", name=name, address=address)
    raise Refusal(Rule.NOT_FOUND, detail, subject=name, reference="quirks#scenarios")


def _people(people: list[Person]) -> str:
    return ", ".join(f"{one['name']} <{one['address']}>" for one in people)
