"""A fictional network added to a world: its operators, its people with their mailboxes, letters among them.

People who are there already stay as they are, so that the same numbers a second time finish what was cut short, and add nothing else.
"""

from dataclasses import dataclass
from typing import Any

from mss_sim.core.control import fictional_patients
from mss_sim.core.control.batches import Storing, in_batches
from mss_sim.core.control.bulk_work import Progress
from mss_sim.core.control.fictional_trust_space import Counts, Network, patient_row
from mss_sim.core.control.many import NewRow, RowRefused
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.bulk import Stage
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN
from mss_sim.words.sentence import say

_PATIENTS_OPERATOR = "Mon espace santé"


@dataclass(slots=True)
class Generated:
    """What was added, and how many people were there already."""

    operators: int = 0
    identities: int = 0
    mailboxes: int = 0
    letters: int = 0
    present: int = 0


async def generate(world: World, counts: Counts, progress: Progress) -> Generated:
    """Add the operators and the people of a network; Refusal where somebody else has a name that one of them needs."""
    network, made = Network(counts), Generated()
    progress.begin(Stage.OPERATORS, counts.operators)
    async with progress.piece():
        made.operators = await _add_operators(world, network)
    progress.begin(Stage.PEOPLE, network.mailboxes)
    storing = Storing(world, keep=True)
    async for rows in in_batches(network.rows(), world.settings.bulk.rows_at_once):
        async with progress.piece():
            try:
                added = await storing.store(rows)
            except RowRefused as refused:
                raise refused.refusal from refused
        made.identities += added.identities
        made.mailboxes += added.mailboxes
        made.present += added.present
        progress.done += sum(len(row.mailboxes) for row in rows)
    return made


async def _add_operators(world: World, network: Network) -> int:
    """Add those operators that are missing; how many were."""
    known = {one.name: one for one in await operators.list_all(world)}
    served = {domain for one in known.values() for domain in one.domains}
    wanted = []
    for one in network.operators() if network.counts.practitioners or network.counts.organisations else ():
        if one.name not in known:
            wanted.append(NewOperator(one.name, one.domains))
        elif not served.issuperset(one.domains):
            detail = say(
                "The operator {name} is here with other domains: give the numbers that it was made with, or another seed.", name=one.name
            )
            raise Refusal(Rule.CONFLICT, detail, subject=one.name, reference="quirks#fictional-network")
    if network.counts.patients and PATIENT_DOMAIN not in served:
        wanted.append(NewOperator(_PATIENTS_OPERATOR, (PATIENT_DOMAIN,)))
    if wanted:
        await operators.add_many(world, wanted)
    return len(wanted)


def samples(counts: Counts) -> list[dict[str, Any]]:
    """How the first of each sort log in, and the mailboxes that they have."""
    network = Network(counts)
    rows = [network.practitioner(0)] if counts.practitioners else []
    rows += [patient_row(one) for one in fictional_patients.stream(min(counts.patients, 1), counts.seed)]
    return [_sample(row) for row in rows]


def _sample(row: NewRow) -> dict[str, Any]:
    person = row.person
    if person is None:
        raise ValueError("a sample is of somebody")
    return {
        "idnat": person.idnat,
        "kind": person.kind.value,
        "login": person.login,
        "password": person.password,
        "mailboxes": [{"address": box.address, "kind": box.kind.value} for box in row.mailboxes],
    }
