"""Operators write into the directory: a PATCH of a person, a role or an organisation, which changes the mailboxes of the world.

| where                                                       | is written                                                      |
|-------------------------------------------------------------|-----------------------------------------------------------------|
| `Type/id`                                                   | that resource                                                   |
| `Practitioner?identifier=`, `Organization?identifier=`      | the only one of that number                                     |
| `PractitionerRole?identifier=`                              | the same by the number of the activity, as the guide has it     |
| `PractitionerRole?practitioner.identifier=&organization.identifier=` | the same as the OpenAPI description has it             |

All of a PATCH is done, in its order, or nothing; it is one unit of work, and one at a time is under way, whatever the database. The
resource that is answered is read in it, behind all that was written, as the restricted profile shows it to that operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mss_sim.core.annuaire.fhir_searches import Annuaire, Shown
from mss_sim.core.annuaire.mailbox_patching import Bearer
from mss_sim.core.annuaire.operator_keys import REFERENCE, require_operator
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.entries import Entry, identity_id_of
from mss_sim.fhir.patch_paths import Unreadable
from mss_sim.fhir.patches import Patch
from mss_sim.fhir.query import Query, read_query
from mss_sim.store import directory, directory_search
from mss_sim.store.directory_restricted import lock_writing
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.words.sentence import Sentence, say

Pairs = Sequence[tuple[str, str]]
_BOTH = frozenset({"practitioner.identifier", "organization.identifier"})


class SeveralMatch(Refusal):
    """The condition of a PATCH is met by several."""


@dataclass(frozen=True, slots=True)
class Written:
    """The resource as it is now, and what is to be reported of how it was asked for."""

    shown: Shown
    notes: tuple[Sentence, ...]


def read_condition(type_: ResourceType, pairs: Pairs) -> Query:
    """Which resource a conditional PATCH is for; Unreadable for a condition that the drafts do not have."""
    names = [name for name, _ in pairs]
    known = names == ["identifier"] or (type_ is ResourceType.PRACTITIONER_ROLE and len(names) == len(_BOTH) and set(names) == _BOTH)
    if not known or not all(value.strip(",") for _, value in pairs):
        detail = say(
            "A PATCH names its resource: Practitioner/id, or ?identifier=system|value; a PractitionerRole also by "
            "practitioner.identifier and organization.identifier together."
        )
        raise Unreadable(Rule.INVALID, detail, reference=REFERENCE)
    try:
        return read_query(type_, [*pairs, ("active", "true")])
    except Refusal as refusal:
        raise Unreadable(Rule.INVALID, refusal.detail, subject=refusal.subject, reference=refusal.reference) from refusal


async def write(world: World, annuaire: Annuaire, operator_id: int, type_: ResourceType, where: str | Query, patch: Patch) -> Written:
    """Do a PATCH for an operator; `where` is an id, or a condition.

    Refusal(NOT_FOUND) for what is not there, SeveralMatch, and the refusals of `Bearer.apply`; nothing is changed then.
    """
    await annuaire.loading.ensure()
    unit = partial(_write, world, annuaire, operator_id=operator_id, type_=type_, where=where, patch=patch)
    return await world.store.write(unit, changes_directory=True)


def _write(
    world: World, annuaire: Annuaire, conn: Connection, operator_id: int, type_: ResourceType, where: str | Query, patch: Patch
) -> Written:
    lock_writing(conn)
    operator = require_operator(conn, operator_id)
    view = annuaire.view_of_all(conn, annuaire.restricted(operator.id))
    entry = _by_id(conn, type_, where, view) if isinstance(where, str) else _by_condition(conn, where, view)
    bearer = Bearer(world, conn, operator, type_, entry)
    for operation in patch.operations:
        bearer.apply(operation)
    directory.refresh(conn, [entry.id], world.ids.next(), world.clock.now())
    shown = annuaire.shown_of_all(conn, type_, entry.id, operator.id)
    return Written(shown, (*_about_condition(type_, where), *patch.notes, *bearer.notes))


def _by_id(conn: Connection, type_: ResourceType, id_: str, view: directory_search.View) -> Entry:
    identity_id = identity_id_of(type_, id_)
    entry = None if identity_id is None else directory_search.one(conn, type_, identity_id, view)
    if entry is None:
        detail = say("Resource {type}/{id} is not known; search for it, since ids may change.", type=type_, id=id_[:100])
        raise Refusal(Rule.NOT_FOUND, detail, subject=id_[:100], reference="quirks#directory-errors")
    if not entry.active:
        detail = say("{type}/{id} is not active any more; nothing is written to it.", type=type_, id=id_)
        raise Refusal(Rule.INVALID, detail, subject=id_, reference=REFERENCE)
    return entry


def _by_condition(conn: Connection, query: Query, view: directory_search.View) -> Entry:
    found = directory_search.find(conn, query, view, 0, 2)
    if not found:
        raise Refusal(Rule.NOT_FOUND, say("No active {type} meets this condition.", type=query.type), reference=REFERENCE)
    if len(found) > 1:
        detail = say("Several {type} resources meet this condition, and a PATCH is for one; name it by its id.", type=query.type)
        raise SeveralMatch(Rule.CONFLICT, detail, reference=REFERENCE)
    return found[0]


def _about_condition(type_: ResourceType, where: str | Query) -> list[Sentence]:
    if isinstance(where, str) or type_ is not ResourceType.PRACTITIONER_ROLE:
        return []
    if any(one.chained for one in where.conditions):
        return [
            say(
                "The role was found by person and structure, as the OpenAPI description has it; the guide takes the number of the activity."
            )
        ]
    return [
        say("The role was found by the number of the activity, as the guide has it; the OpenAPI description takes person and structure.")
    ]
