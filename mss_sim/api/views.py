"""Rows as the plain dictionaries that go out: no validation on the way out, `schemas` documents the same shapes."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from mss_sim.clock import iso
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.conversations.conversations import Conversation
from mss_sim.core.mailbox.charge_verbs import ChargeShown
from mss_sim.core.mailbox.messages import FirstReader, first_reader
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.sent_letters import Sent
from mss_sim.core.world.store_types import Charge, Event, Folder, ListedMessage, Reading
from mss_sim.core.world.world import World
from mss_sim.http import timelines
from mss_sim.http.shapes import People, mailbox, person
from mss_sim.ids import encode
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.charge import ChargeState
from mss_sim.vocabulary.mailboxes import FLAG_NAMES, Flag, Right

PREFIX = "/api/v1"


def url(address: str, *steps: str) -> str:
    """The path of something in a mailbox."""
    return "/".join([f"{PREFIX}/mailboxes", quote(address, safe="@"), *(quote(step, safe="") for step in steps)])


@cache
def _right_words(rights: frozenset[Right]) -> tuple[Right, ...]:
    """Rights in order; few combinations occur."""
    return tuple(sorted(rights))


def held(one: MailboxAccess) -> dict[str, Any]:
    """A mailbox with what the asker may do with it."""
    return {**mailbox(one.mailbox), "role": one.access.role, "rights": _right_words(one.access.rights)}


def folder(row: Folder, unseen: int | None = None) -> dict[str, Any]:
    """A folder with its counters."""
    return {
        "id": encode(row.id),
        "name": row.name,
        "special_use": row.special_use,
        "exists": row.exists_count,
        "unseen": row.unseen_count if unseen is None else unseen,
        "uid_validity": row.uid_validity,
        "uid_next": row.uid_next,
        "highest_modseq": row.modseq,
    }


@cache
def _flag_words(flags: int) -> tuple[str, ...]:
    """The names of stored flags but `\\Seen`, which follows the mailbox's policy; there are few combinations."""
    return tuple(name for name, flag in FLAG_NAMES.items() if flags & flag and flag is not Flag.SEEN)


def of_item(
    item: ListedMessage, folders: Mapping[int, Folder], readings: Sequence[Reading], people: People, *, readable: bool
) -> dict[str, Any]:
    """One copy as answers show it."""
    place = folders.get(item.copy.folder_id)
    return summary(item, place.name if place else "", first_reader(readings, people), readable=readable)


def summary(item: ListedMessage, folder: str, first: FirstReader | None, *, readable: bool) -> dict[str, Any]:
    """A copy as lists and answers show it, without the beginning of the text unless it is `readable` to who asks."""
    copy, message = item.copy, item.message
    stored = read_summary(message.summary)
    flags = _flag_words(int(copy.flags))
    return {
        "id": encode(copy.id),
        "email_id": encode(message.id),
        "conversation_id": encode(message.thread_id),
        "folder": folder,
        "folder_id": encode(copy.folder_id),
        "uid": copy.uid,
        "modseq": copy.modseq,
        "message_id": message.rfc_message_id,
        "from": stored.from_,
        "to": stored.to,
        "cc": stored.cc,
        "subject": message.subject,
        "preview": stored.preview if readable else "",
        "date": iso(message.sent_at),
        "received_at": iso(copy.internal_at),
        "size_bytes": message.size_bytes,
        "seen": item.seen,
        "flags": ("\\Seen", *flags) if item.seen else flags,
        "keywords": copy.keywords.split(),
        "has_attachments": message.has_attachments,
        "has_xdm": stored.has_xdm,
        "receipt_requested": bool(stored.receipt_to),
        "charge": charge(item.charge) if item.charge else None,
        "first_read": {"by": {"idnat": first.idnat, "name": first.name} if first.idnat else None, "at": iso(first.at)} if first else None,
    }


def charge(one: Charge) -> dict[str, Any]:
    """In whose hands a copy is."""
    who = {"idnat": one.idnat, "name": one.name} if one.idnat else None
    return {"state": one.state, "who": who, "since": None if one.state is ChargeState.OPEN else iso(one.since_at), "notes": one.notes}


def charge_with_notes(shown: ChargeShown) -> dict[str, Any]:
    """The same with the notes themselves."""
    notes = [{"by": person(shown.people, note.author_id), "at": iso(note.written_at), "text": note.text} for note in shown.notes]
    return {**charge(shown.charge), "notes": notes}


def reader(reading: Reading, people: People) -> dict[str, Any]:
    """One person who read a copy."""
    return {"by": person(people, reading.identity_id), "at": iso(reading.first_at)}


def accepted(world: World, result: Accepted, timeline_in: str | None, copy_in: str | None) -> dict[str, Any]:
    """A letter that was just sent, with links into the mailboxes that the sender may look into; None: there is no link."""
    submission_id = encode(result.submission_id) if result.submission_id is not None else ""
    copy_id = encode(result.sent_copy_id) if result.sent_copy_id is not None else None
    return {
        "submission_id": submission_id,
        "email_id": encode(result.message_id),
        "message_id": result.rfc_message_id,
        "mailbox": result.left_from,
        "id": copy_id,
        "url": url(copy_in, "messages", copy_id) if copy_in and copy_id else None,
        "mode": result.mode,
        "recipients": [
            {
                "address": outcome.address,
                "state": outcome.kind,
                "code": outcome.refusal.rule if outcome.refusal else None,
                "detail": world.translated(outcome.refusal.detail) if outcome.refusal else None,
            }
            for outcome in result.outcomes
        ],
        "warnings": [{"address": address, "detail": world.translated(why)} for address, why in result.warnings],
        "timeline_url": url(timeline_in, "sent", submission_id) if timeline_in else None,
        "replayed": result.replayed,
    }


def timeline(sent: Sent, address: str, people: People) -> dict[str, Any]:
    """A letter that a mailbox sent, with what happened to each recipient."""
    submission_id = encode(sent.submission.id)

    def report_url(event: Event) -> str:
        return url(address, "sent", submission_id, "reports", encode(event.id))

    return timelines.timeline(sent, people, report_url)


def conversation(found: Conversation, folders: Mapping[int, Folder], *, whole: bool) -> dict[str, Any]:
    """A conversation; with its messages when `whole`."""
    sides = [
        {
            "patient": side.patient,
            "answers_to": side.answers_to,
            "may_answer": side.right.withdrawn_at is None,
            "closed_at": iso(side.right.withdrawn_at),
            "cause": side.right.cause,
        }
        for side in found.patients
    ]
    closed = not any(side["may_answer"] for side in sides) if sides else None
    shown = {
        "id": encode(found.thread.id),
        "subject": found.newest.message.subject,
        "message_count": found.thread.count,
        "last_message": of_item(found.newest, folders, (), {}, readable=found.readable),
        "patients": sides,
        "closed": closed,
    }
    items = [of_item(item, folders, (), {}, readable=found.readable) for item in found.items] if whole else []
    return {**shown, "messages": items} if whole else shown
