"""Who holds a practice's mailbox: the responsible decides, co-holders may leave, and strangers learn nothing."""

from datetime import timedelta

import pytest

from mss_sim.core.access import identities, practice_holders
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.practice_holders import CONTROL, Holder
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused

NOWHERE = "nobody@cabinet.sim.mssante.fr"
ANONYMOUS = "899700426660"


async def _by(town: Town, who: str) -> Requester:
    return CONTROL if who == "control" else Requester((await town.identity(who)).id, Door.REST)


def _told(found: list[Holder]) -> list[tuple[str, str]]:
    roles = {idnat: role for role, idnat in IDNATS.items()}
    return [(roles[one.identity.idnat], one.role.value) for one in found]


async def _now(town: Town) -> list[tuple[str, str]]:
    return _told(await practice_holders.list_holders(town.world, (await town.identity("doctor2")).id, PRACTICE))


_BEFORE = [("doctor", "responsible"), ("doctor2", "co_holder")]


async def test_whoever_sees_a_mailbox_knows_who_holds_it(town: Town) -> None:
    for who in ("doctor", "doctor2", "assistant"):
        assert _told(await practice_holders.list_holders(town.world, (await town.identity(who)).id, PRACTICE)) == _BEFORE
    for address in (PRACTICE, NOWHERE):
        with refused(Rule.NOT_FOUND, f"There is no mailbox {address} that you may see."):
            await practice_holders.list_holders(town.world, (await town.identity("newcomer")).id, address)
    owner = await practice_holders.list_holders(town.world, (await town.identity("hospital")).id, HOSPITAL)
    assert [one.role for one in owner] == [HolderRole.OWNER]


@pytest.mark.parametrize("who", ["doctor", "control"])
async def test_the_responsible_makes_a_professional_a_co_holder(town: Town, who: str) -> None:
    by = await _by(town, who)
    assert _told(await practice_holders.add_co_holder(town.world, by, PRACTICE, IDNATS["hospital"])) == [
        *_BEFORE,
        ("hospital", "co_holder"),
    ]
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.actor_id, line.detail) == (Act.HOLDER_ADDED, by.identity_id, {"idnat": IDNATS["hospital"]})
    with refused(Rule.CONFLICT, "already holds this mailbox"):
        await practice_holders.add_co_holder(town.world, by, PRACTICE, IDNATS["hospital"])


@pytest.mark.parametrize(
    ("who", "rule"), [("doctor2", Rule.GRANT_NOT_ALLOWED), ("secretary", Rule.GRANT_NOT_ALLOWED), ("hospital", Rule.NOT_FOUND)]
)
async def test_nobody_else_changes_who_holds_it(town: Town, who: str, rule: Rule) -> None:
    by = await _by(town, who)
    attempts = [
        practice_holders.add_co_holder(town.world, by, PRACTICE, IDNATS["hospital"]),
        practice_holders.change_responsible(town.world, by, PRACTICE, IDNATS["hospital"], stay=True),
        practice_holders.remove_holder(town.world, by, PRACTICE, IDNATS["doctor"]),
    ]
    for attempt in attempts:
        with refused(rule):
            await attempt
    assert await _now(town) == _BEFORE


@pytest.mark.parametrize("idnat", [IDNATS["secretary"], IDNATS["patient"], "1750990012", "899700429999", ANONYMOUS, IDNATS["locum"]])
async def test_a_practice_is_held_by_enabled_professionals_that_a_card_names(town: Town, idnat: str) -> None:
    await identities.add_identity(town.world, NewIdentity(ANONYMOUS, IdentityKind.PROFESSIONAL, "ACCUEIL", anonymous_card=True))
    await identities.change_identity(town.world, IDNATS["locum"], {"enabled": False}, None, None)
    by = await _by(town, "doctor")
    with refused(Rule.GRANTEE_NOT_ALLOWED):
        await practice_holders.add_co_holder(town.world, by, PRACTICE, idnat)
    with refused(Rule.GRANTEE_NOT_ALLOWED):
        await practice_holders.change_responsible(town.world, by, PRACTICE, idnat, stay=False)
    assert await _now(town) == _BEFORE


@pytest.mark.parametrize("address", [DOCTOR, PATIENT, WARD])
async def test_only_a_practices_mailbox_has_co_holders(town: Town, address: str) -> None:
    with refused(Rule.INVALID, "only CAB mailboxes have co-holders"):
        await practice_holders.add_co_holder(town.world, CONTROL, address, IDNATS["hospital"])
    with refused(Rule.NOT_FOUND):
        await practice_holders.add_co_holder(town.world, CONTROL, NOWHERE, IDNATS["hospital"])


@pytest.mark.parametrize("who", ["doctor", "doctor2"])
async def test_a_co_holder_goes_by_his_own_will_or_the_responsibles(town: Town, who: str) -> None:
    by = await _by(town, who)
    assert _told(await practice_holders.remove_holder(town.world, by, PRACTICE, IDNATS["doctor2"])) == _BEFORE[:1]
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.actor_id, line.detail) == (Act.HOLDER_REMOVED, by.identity_id, {"idnat": IDNATS["doctor2"]})


async def test_the_responsible_does_not_leave_without_a_successor(town: Town) -> None:
    for who in ("doctor", "control"):
        with refused(Rule.SUCCESSOR_REQUIRED):
            await practice_holders.remove_holder(town.world, await _by(town, who), PRACTICE, IDNATS["doctor"])
    assert await _now(town) == _BEFORE


async def test_who_holds_nothing_is_not_taken_off(town: Town) -> None:
    for idnat in (IDNATS["secretary"], "nobody"):
        with refused(Rule.NOT_FOUND, f"{idnat} does not hold this mailbox."):
            await practice_holders.remove_holder(town.world, await _by(town, "doctor"), PRACTICE, idnat)
    with refused(Rule.NOT_FOUND, "does not hold this mailbox"):
        await practice_holders.remove_holder(town.world, await _by(town, "secretary"), PRACTICE, IDNATS["secretary"])


async def test_a_stranger_who_would_leave_hears_of_every_mailbox_that_there_is_none(town: Town) -> None:
    by, said = await _by(town, "newcomer"), set()
    for address in (PRACTICE, HOSPITAL, PATIENT, NOWHERE):
        with pytest.raises(Refusal) as caught:
            await practice_holders.remove_holder(town.world, by, address, IDNATS["newcomer"])
        said.add((caught.value.rule, caught.value.detail.replace(address, "X")))
    assert said == {(Rule.NOT_FOUND, "There is no mailbox X that you may see.")}


async def test_a_grantee_whose_grant_has_ended_leaves_as_a_stranger_does(town: Town) -> None:
    town.clock.advance(timedelta(days=90))
    with refused(Rule.NOT_FOUND, f"There is no mailbox {PRACTICE} that you may see."):
        await practice_holders.remove_holder(town.world, await _by(town, "assistant"), PRACTICE, IDNATS["assistant"])


async def test_a_successor_takes_over_and_the_former_one_stays_when_that_is_said(town: Town) -> None:
    by, version = await _by(town, "doctor"), town.world.store.directory_version
    found = await practice_holders.change_responsible(town.world, by, PRACTICE, IDNATS["doctor2"], stay=True)
    assert town.world.store.directory_version > version, "what is remembered of mailboxes is read anew"
    assert _told(found) == [("doctor2", "responsible"), ("doctor", "co_holder")]
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.actor_id, line.detail) == (Act.RESPONSIBLE_CHANGED, by.identity_id, {"idnat": IDNATS["doctor2"], "stays": True})
    with refused(Rule.GRANT_NOT_ALLOWED):
        await practice_holders.add_co_holder(town.world, by, PRACTICE, IDNATS["hospital"])


async def test_a_former_responsible_who_does_not_stay_has_nothing_left(town: Town) -> None:
    by = await _by(town, "doctor")
    found = await practice_holders.change_responsible(town.world, by, PRACTICE, IDNATS["hospital"], stay=False)
    assert _told(found) == [("hospital", "responsible"), ("doctor2", "co_holder")]
    with refused(Rule.NOT_FOUND):
        await practice_holders.list_holders(town.world, (await town.identity("doctor")).id, PRACTICE)


async def test_the_responsible_does_not_succeed_himself(town: Town) -> None:
    with refused(Rule.CONFLICT, "is the responsible already"):
        await practice_holders.change_responsible(town.world, await _by(town, "doctor"), PRACTICE, IDNATS["doctor"], stay=True)
    assert await _now(town) == _BEFORE
