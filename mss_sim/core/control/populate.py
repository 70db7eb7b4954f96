"""Fictional patients, added to a world with their mailboxes. Those that are there already stay as they are."""

import asyncio
from functools import partial

from mss_sim.core.access.identities import NewIdentity, create_identity
from mss_sim.core.access.patients import NewPatientIdentity
from mss_sim.core.control import fictional
from mss_sim.core.control.fictional import FictionalPatient
from mss_sim.core.mailbox.mailboxes import NewMailbox, create_mailbox
from mss_sim.core.world.world import World
from mss_sim.store import identities
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind

PATIENTS_MAX = 10_000
_AT_ONCE = 50
"""Patients in one transaction, so that letters of others get their turn."""


async def add_patients(world: World, count: int, seed: int) -> list[FictionalPatient]:
    """Add so many patients of a seed; all of them, those who were there included."""
    people = await asyncio.to_thread(fictional.patients, count, seed)
    password_hash = world.passwords.hash(fictional.PASSWORD)
    for start in range(0, count, _AT_ONCE):
        unit = partial(_add, world, people=people[start : start + _AT_ONCE], password_hash=password_hash)
        await world.store.write(unit, changes_directory=True)
    return people


def _add(world: World, conn: Connection, *, people: list[FictionalPatient], password_hash: str) -> None:
    for one in people:
        if identities.by_idnat(conn, one.ins):
            continue
        ins = tuple(map(NewPatientIdentity.read, one.identities()))
        new = NewIdentity(one.ins, IdentityKind.PATIENT, one.birth_name, one.given_name, login=one.login, ins=ins)
        create_identity(world, conn, new, password_hash)
        label = f"{one.given_name} {one.birth_name}"
        create_mailbox(world, conn, one.address, NewMailbox(one.address, MailboxKind.PATIENT, one.ins, label))
