"""Whom the actors are: somebody by any of their names, by a role, or a new person like that role."""

import pytest

from mss_sim.core.scenarios.cast import Cast, cast_of
from mss_sim.errors import Rule
from mss_sim.scenarios.model import Box, Role, Scenario, Telling
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxKind
from tests.clients import DOCTOR, LABORATORY, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, refused


def _scenario(*, mailboxes: dict[str, Box] | None = None, **actors: Role) -> Scenario:
    return Scenario(Telling("x", "x"), (), actors=actors, mailboxes=mailboxes or {})


@pytest.mark.parametrize("role", [Role(called="camille.martin"), Role(called=DOCTOR), Role(called=IDNATS["doctor"]), Role(role="doctor")])
async def test_an_actor_has_any_name_of_the_person(town: Town, role: Role) -> None:
    cast = await cast_of(town.world, _scenario(a=role))
    assert (cast.people["a"].idnat, cast.address("a")) == (IDNATS["doctor"], DOCTOR)
    actor = await cast.actor(town.world, "a")
    assert (actor.door, actor.identity.idnat) == (Door.REST, IDNATS["doctor"])


async def test_who_is_like_somebody_is_new_in_every_play(town: Town) -> None:
    first, second = [await cast_of(town.world, _scenario(a=Role(like="patient"))) for _ in range(2)]
    addresses = {first.address("a"), second.address("a"), PATIENT}
    assert len(addresses) == 3
    assert (await first.actor(town.world, "a")).door is Door.MES


async def test_mailboxes_have_names_or_addresses(town: Town) -> None:
    boxes = {"practice": Box(of="a", kind=MailboxKind.CAB), "lab": Box(address=LABORATORY)}
    cast = await cast_of(town.world, _scenario(a=Role(role="doctor"), mailboxes=boxes))
    assert [cast.address(name) for name in ("practice", "lab", "a", "x@y.fr")] == [PRACTICE, LABORATORY, DOCTOR, "x@y.fr"]


async def test_who_has_no_mailbox_needs_one_named(town: Town) -> None:
    cast = await cast_of(town.world, _scenario(a=Role(role="newcomer")))
    with refused(Rule.NOT_FOUND, "a has no mailbox of their own"):
        cast.address("a")
    assert Cast(boxes={"a": PRACTICE}).address("a") == PRACTICE


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (Role(called="nobody"), "Nobody here is nobody, who plays a"),
        (Role(role="emperor"), "Nobody here is emperor, who plays a"),
        (Role(like="emperor"), "Nobody here has the role emperor"),
    ],
)
async def test_somebody_who_is_not_here_is_told(town: Town, role: Role, said: str) -> None:
    with refused(Rule.NOT_FOUND, said):
        await cast_of(town.world, _scenario(a=role))


async def test_a_kind_of_mailbox_that_an_actor_has_not_is_told(town: Town) -> None:
    with refused(Rule.NOT_FOUND, "a has no mailbox of kind APP, which lab is to be"):
        await cast_of(town.world, _scenario(a=Role(role="doctor"), mailboxes={"lab": Box(of="a", kind=MailboxKind.APP)}))
