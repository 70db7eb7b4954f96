"""Behaviours of mailboxes: what they are, and the steps that they plan when a letter comes or an exchange is closed.

Steps are written in the transaction of the event (`plan`), so that a process which dies forgets none; `core/patients` does them. A
mailbox without a behaviour of its own has that of the world, if it is a patient's, and none otherwise.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from mss_sim.clock import after
from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy import behaviours
from mss_sim.policy.behaviours import PRESETS, Behaviour, Event, Reaction
from mss_sim.store import mailboxes, planned_steps
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox, Mailbox
from mss_sim.store.planned_steps import PlannedStep
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.words.sentence import say

_REMEMBERED_MAX = 256


def of_mailbox(world: World, mailbox: Mailbox | DeliveryMailbox) -> Behaviour:
    """What the holder of a mailbox does unasked."""
    if mailbox.behaviour is not None:
        return _read(mailbox.behaviour)
    return PRESETS[world.settings.patient.behaviour] if mailbox.kind is MailboxKind.PATIENT else ()


@lru_cache(maxsize=_REMEMBERED_MAX)
def _read(stored: str) -> Behaviour:
    return PRESETS[stored] if stored in PRESETS else behaviours.read(orjson.loads(stored))


@lru_cache(maxsize=_REMEMBERED_MAX)
def _steps(reaction: Reaction) -> Sequence[dict[str, Any]]:
    """The steps of a reaction as they are kept."""
    steps: Sequence[dict[str, Any]] = behaviours.data_of([reaction])[0]["steps"]
    return steps


def plan(world: World, conn: Connection, mailbox: Mailbox | DeliveryMailbox, message_id: int, event: Event) -> bool:
    """Plan what the holder does about a letter, in the transaction that brings it; whether there is anything to do."""
    reaction = behaviours.reaction_to(of_mailbox(world, mailbox), event)
    if reaction is None or not reaction.steps:
        return False
    steps, at = [], world.clock.now()
    for row, step in zip(_steps(reaction), reaction.steps, strict=True):
        at = after(at, step.after)
        steps.append(PlannedStep(world.ids.next(), mailbox.id, message_id, at, step.act, row))
    planned_steps.add(conn, steps)
    return True


def stored(behaviour: Behaviour) -> str:
    """A behaviour as the column of a mailbox holds it."""
    return orjson.dumps(behaviours.data_of(behaviour)).decode()


async def set_behaviour(world: World, address: str, wanted: str | Behaviour | None) -> Mailbox:
    """Give a mailbox a behaviour, by name or as reactions, or None; what the old one planned is forgotten. Refusal when it is wrong."""
    if isinstance(wanted, str) and wanted not in PRESETS:
        detail = say("There is no behaviour {name}; there are {names}.", name=wanted, names=", ".join(PRESETS))
        raise Refusal(Rule.INVALID, detail, subject=wanted, reference="quirks#behaviours")
    if isinstance(wanted, tuple):
        behaviours.check(wanted)
        wanted = stored(wanted)

    def unit(conn: Connection) -> Mailbox:
        mailbox = _mailbox(conn, address)
        mailboxes.change(conn, mailbox.id, {"behaviour": wanted})
        planned_steps.forget(conn, mailbox.id)
        changed = Entry(Act.MAILBOX_CHANGED, mailbox.id, {"before": {"behaviour": mailbox.behaviour}, "after": {"behaviour": wanted}})
        journal.write(world, conn, Requester(None, Door.CONTROL), [changed])
        return _mailbox(conn, address)

    return await world.store.write(unit, changes_directory=True)


async def pending(world: World, address: str) -> list[PlannedStep]:
    """What the holder of a mailbox will do, the next first."""
    return await world.store.read(lambda conn: planned_steps.of_mailbox(conn, _mailbox(conn, address).id))


def _mailbox(conn: Connection, address: str) -> Mailbox:
    mailbox = mailboxes.by_address(conn, address)
    if mailbox is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {address}.", address=address), subject=address)
    return mailbox
