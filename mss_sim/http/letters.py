"""Letters of the world as JSON: listed, opened with where their copies lie and what became of them, and their trees of parts."""

from typing import Any
from urllib.parse import quote

from mss_sim.clock import iso
from mss_sim.core.access.identity_names import identities_by_id
from mss_sim.core.control.every_letter import ListedLetter, OpenedLetter
from mss_sim.core.world.store_types import Event, PlacedCopy
from mss_sim.core.world.world import World
from mss_sim.http import timelines
from mss_sim.ids import encode
from mss_sim.mail.summary import read_summary
from mss_sim.mail.tree import Branch
from mss_sim.vocabulary.mailboxes import FLAG_NAMES

PREFIX = "/control/messages"
"""Below which the control plane has them."""


def letter(row: ListedLetter) -> dict[str, Any]:
    """A letter without its text."""
    message = row.message
    stored = read_summary(message.summary)
    return {
        "id": encode(message.id),
        "message_id": message.rfc_message_id,
        "conversation_id": encode(message.thread_id),
        "return_path": message.return_path,
        "from": stored.from_,
        "to": stored.to,
        "cc": stored.cc,
        "subject": message.subject,
        "date": iso(message.sent_at),
        "received_at": iso(message.received_at),
        "size_bytes": message.size_bytes,
        "has_document": message.has_attachments,
        "has_xdm": stored.has_xdm,
        "receipt_requested": bool(stored.receipt_to),
        "copies": row.copies,
    }


def copy(one: PlacedCopy) -> dict[str, Any]:
    """Where one copy lies."""
    id_ = encode(one.id)
    return {
        "mailbox": one.address,
        "folder": one.folder,
        "folder_id": encode(one.folder_id),
        "uid": one.uid,
        "id": id_,
        "url": f"/api/v1/mailboxes/{quote(one.address, safe='@')}/messages/{id_}",
        "flags": [name for name, flag in FLAG_NAMES.items() if one.flags & flag],
        "keywords": one.keywords.split(),
        "received_at": iso(one.internal_at),
    }


async def opened(world: World, found: OpenedLetter) -> dict[str, Any]:
    """A letter with its copies, what became of it recipient by recipient, and what is called as it is."""
    people = await identities_by_id(world, (one.submission.actor_id for one in found.sent))
    return {
        **letter(ListedLetter(found.message, len(found.places))),
        "lies_in": [copy(one) for one in found.places],
        "sent": [timelines.timeline(one, people, _report_url) for one in found.sent],
        "called_alike": [encode(one) for one in found.called_alike],
    }


def _report_url(event: Event) -> str:
    return f"{PREFIX}/{encode(event.report_id or 0)}/raw"


def part(branch: Branch) -> dict[str, Any]:
    """One part of a message, with what it holds."""
    number, *values, children = branch
    return {"part": number, **dict(zip(Branch._fields[1:-1], values, strict=True)), "parts": [part(one) for one in children]}
