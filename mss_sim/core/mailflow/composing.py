"""A letter given in its parts, by REST or on a page: checked, written as a message, and made a request to submit it.

A draft is written the same way, with Bcc, which stays in it until it is sent; a draft may lack recipients.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.senders import shown_author
from mss_sim.core.mailflow.submission import SubmissionRequest
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import ID_MAX
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.mail.fields import CompositionError
from mss_sim.mail.headers import message_ids, printable
from mss_sim.mail.reports import typed_address
from mss_sim.mail.summary import read_summary
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.pages import ListQuery
from mss_sim.vocabulary.mail import HEADER_MES, HEADER_MES_FIN, Notify
from mss_sim.vocabulary.mailboxes import SendMode
from mss_sim.words.sentence import quoted, say, sentence_of

_FIELD_CHARS_MAX = 2_000
_NAME_CHARS_MAX = 200
_FIELDS_MAX = 100
_ALWAYS = frozenset({Notify.SUCCESS, Notify.FAILURE, Notify.DELAY})


class Answered(NamedTuple):
    """What a letter answers: the id of the message where it is known, its Message-ID, and the field References of the answer."""

    message_id: int | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


_NOTHING = Answered()


@dataclass(frozen=True, slots=True)
class Composition:
    """A letter in its parts. People are (display name, canonical address) pairs; `mailbox` is in From.

    `closes`: the patients who get it may not answer it. `mode`: the wished quality; None for the one that the rights give.
    """

    mailbox: Mailbox
    to: Sequence[tuple[str, str]] = ()
    cc: Sequence[tuple[str, str]] = ()
    bcc: Sequence[tuple[str, str]] = ()
    reply_to: Sequence[tuple[str, str]] = ()
    subject: str = ""
    text: str = ""
    html: str | None = None
    files: Sequence[File] = ()
    answers: Answered = _NOTHING
    read_receipt: bool = False
    delivery_receipt: bool = False
    closes: bool = False
    mode: SendMode | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def check_count(world: World, count: int) -> None:
    """Refuse more recipients than a letter may have."""
    limit = world.settings.message.recipients_max
    if count > limit:
        raise Refusal(
            Rule.TOO_MANY_RECIPIENTS,
            say("At most {limit} recipients; send the others another letter.", limit=limit),
            reference="rfc5321#4.5.3.1.8",
        )


async def answered(world: World, actor: Actor, address: str, copy_id: int) -> Answered:
    """What an answer to a message of a mailbox says of it (ref: ref2#ECO.2.2.2); Refusal(NOT_FOUND) when the mailbox has none."""
    page = ListQuery(mailbox_id=0, limit=1, before=min(copy_id + 1, ID_MAX))
    listed = await messages.list_messages(world, actor, address, page)
    if copy_id not in listed.items:
        raise Refusal(Rule.NOT_FOUND, say("in_reply_to names no message of this mailbox."))
    message = listed.items[copy_id].message
    if message.rfc_message_id is None:
        return Answered()
    before = read_summary(message.summary).references
    return Answered(message.id, message.rfc_message_id, (*(one for one in before if one != message.rfc_message_id), message.rfc_message_id))


def answered_by_name(text: str) -> Answered:
    """The same for a Message-ID alone."""
    ids = message_ids(text)
    if " ".join(ids) != " ".join(text.split()):
        raise Refusal(Rule.INVALID, say("in_reply_to is not a Message-ID: <left@right> is expected."), reference="rfc5322#3.6.4")
    return Answered(None, text, (text,))


async def request(world: World, actor: Actor, letter: Composition, *, peer: str) -> SubmissionRequest:
    """The request to submit a letter, all or nothing; `peer` is named in its trace."""
    people = dict.fromkeys(address for _, address in (*letter.to, *letter.cc, *letter.bcc))
    check_count(world, len(people))
    raw = await written(world, actor, letter)
    notify = _ALWAYS if letter.delivery_receipt else frozenset[Notify]()
    named = [Addressee(one, notify, typed_address(one).replace("; ", ";") if notify else None) for one in people]
    return replace(all_or_nothing(letter.mailbox.address, raw, named, letter.mode, peer=peer), answers=letter.answers.message_id)


def all_or_nothing(sender: str, raw: bytes, named: Sequence[Addressee], mode: SendMode | None, *, peer: str) -> SubmissionRequest:
    """The request to submit a message, which goes to all recipients or to none; Refusal(NO_RECIPIENT) without any."""
    if not named:
        raise Refusal(Rule.NO_RECIPIENT, say("The letter has no recipient; fill to, cc or bcc."))
    return SubmissionRequest(Envelope(sender, tuple(named)), raw, "HTTP", peer, mode, strict=True)


async def written(world: World, actor: Actor, letter: Composition, *, draft: bool = False) -> bytes:
    """The letter as a message; `draft`: with Bcc. Refusal(INVALID) when it cannot be written."""
    check_count(world, len(letter.reply_to))
    _check_lengths(letter)
    sender = shown_author(letter.mailbox, actor)
    parts = Draft(
        from_=sender,
        to=letter.to,
        cc=letter.cc,
        bcc=letter.bcc if draft else (),
        reply_to=letter.reply_to,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        files=letter.files,
        in_reply_to=letter.answers.in_reply_to,
        references=letter.answers.references,
        receipt_to=sender if letter.read_receipt else None,
        headers={**letter.headers, **({HEADER_MES: HEADER_MES_FIN} if letter.closes else {})},
    )
    message_id = world.ids.message_id(domain_of(letter.mailbox.address))
    try:
        return await asyncio.to_thread(compose, parts, message_id=message_id, at=world.clock.now())
    except CompositionError as error:
        raise Refusal(Rule.INVALID, say("The letter cannot be written: {error}.", error=sentence_of(error))) from error


def _check_lengths(letter: Composition) -> None:
    """What goes into a header has a length: the standard library takes quadratic time to fold it."""
    texts = [
        (quoted("subject"), letter.subject, _FIELD_CHARS_MAX),
        (quoted("in_reply_to"), letter.answers.in_reply_to or "", _FIELD_CHARS_MAX),
    ]
    texts += [(quoted(printable(f"headers.{name}")[:100]), value, _FIELD_CHARS_MAX) for name, value in letter.headers.items()]
    texts += [
        (say("the name of {address}", address=printable(address)[:80]), name, _NAME_CHARS_MAX)
        for name, address in (*letter.to, *letter.cc, *letter.bcc, *letter.reply_to)
    ]
    texts += [(quoted("filename"), one.name, _FIELD_CHARS_MAX) for one in letter.files]
    long = next(((what, most) for what, text, most in texts if len(text) > most), None)
    if long is not None:
        detail = say("{long} is over {most} characters; shorten it.", long=long[0], most=long[1])
        raise Refusal(Rule.INVALID, detail, reference="quirks#letter-fields")
    if len(letter.headers) > _FIELDS_MAX:
        raise Refusal(Rule.INVALID, say("At most {most} headers of your own.", most=_FIELDS_MAX), reference="quirks#letter-fields")
