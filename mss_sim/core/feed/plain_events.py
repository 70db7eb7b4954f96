"""An event as plain data, the same for every client of HTTP."""

from typing import Any

from mss_sim.clock import iso
from mss_sim.core.feed.listening import Heard
from mss_sim.ids import encode
from mss_sim.policy.hearing import Hearing


def plain(one: Heard) -> dict[str, Any]:
    """An event as it goes out; what is not heard is null."""
    event, whole = one.event, one.hearing is Hearing.WHOLE
    about: dict[str, Any] | None = None
    if event.letter_id is not None:
        letter = encode(one.letter_id) if one.letter_id is not None else None
        about = {"id": letter, "subject": event.subject, "message_id": event.message_id}
    who = {"idnat": event.actor.idnat, "name": event.actor.name} if whole and event.actor else None
    return {
        "position": event.position,
        "kind": event.kind,
        "at": iso(event.at),
        "mailbox": event.mailbox,
        "message": about,
        "who": who,
        "door": event.door.value if whole and event.door else None,
        "grant": encode(event.grant_id) if whole and event.grant_id is not None else None,
        "detail": dict(event.detail or {}) if whole else None,
    }
