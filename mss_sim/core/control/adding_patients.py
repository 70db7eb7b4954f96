"""Fictional patients, added to a world with their mailboxes. Those that are there already stay as they are."""

import asyncio

from mss_sim.core.control import fictional_patients
from mss_sim.core.control.batches import Storing
from mss_sim.core.control.fictional_patients import FictionalPatient
from mss_sim.core.control.fictional_trust_space import patient_row
from mss_sim.core.control.many import RowRefused
from mss_sim.core.world.world import World

PATIENTS_MAX = 10_000


async def add_patients(world: World, count: int, seed: int) -> list[FictionalPatient]:
    """Add so many patients of a seed; all of them, those who were there included."""
    people = await asyncio.to_thread(fictional_patients.patients, count, seed)
    storing, size = Storing(world, keep=True), world.settings.bulk.rows_at_once
    for start in range(0, count, size):
        try:
            await storing.store([patient_row(one) for one in people[start : start + size]])
        except RowRefused as refused:
            raise refused.refusal from refused
    return people
