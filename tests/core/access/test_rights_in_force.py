"""What an identity may do with a mailbox at one instant, read from what is stored."""

from datetime import timedelta

import pytest

from mss_sim.clock import DAY, SECOND
from mss_sim.core.access import rights_in_force
from mss_sim.core.access.delegation import GrantRequest, grant, revoke
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import grant_of
from mss_sim.core.world.store_types import GrantRow
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import ALL_RIGHTS
from mss_sim.vocabulary.mailboxes import HolderRole, Right
from tests.clients import DOCTOR, DOCTOR2, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, Town

_SECRETARY = frozenset({Right.SEE, Right.READ, Right.MARK, Right.FILE, Right.SEND_ON_BEHALF, Right.CLOSE})


@pytest.mark.parametrize(
    ("who", "address", "role", "rights"),
    [
        ("newcomer", PRACTICE, None, frozenset[Right]()),
        ("hospital", DOCTOR, None, frozenset[Right]()),
        ("secretary", PRACTICE, None, _SECRETARY),
        ("doctor", PRACTICE, HolderRole.RESPONSIBLE, ALL_RIGHTS),
        ("doctor2", PRACTICE, HolderRole.CO_HOLDER, ALL_RIGHTS),
        ("doctor", DOCTOR, HolderRole.OWNER, ALL_RIGHTS),
    ],
)
async def test_a_holder_may_all_a_grantee_what_was_granted_and_a_stranger_nothing(
    town: Town, who: str, address: str, role: HolderRole | None, rights: frozenset[Right]
) -> None:
    identity = await town.identity(who)
    held = await town.world.store.read(rights_in_force.access_to, address, identity.id, town.clock.now())
    assert held is not None
    assert (held.mailbox.address, held.access.role, held.access.rights) == (address, role, rights)


async def test_a_grant_counts_from_its_first_instant_to_the_one_before_its_last(town: Town) -> None:
    now = town.clock.now()
    window = GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE}), now + SECOND, now + 3 * SECOND)
    await grant(town.world, CONTROL, window)
    newcomer = await town.identity("newcomer")
    found = []
    for _ in range(4):
        held = await town.world.store.read(rights_in_force.access_to, PRACTICE, newcomer.id, town.clock.now())
        assert held is not None
        found.append(held.access.may(Right.SEE))
        town.clock.advance(timedelta(seconds=1))
    assert found == [False, True, True, False]


async def test_a_grant_that_was_revoked_gives_nothing_although_the_clock_is_set_back(town: Town) -> None:
    row = GrantRow(1, 1, 1, frozenset({Right.SEE}), None, None, "", None, 0, revoked_at=town.clock.now() + DAY)
    assert not grant_of(row).holds_at(town.clock.now())


async def test_an_address_of_nobody_has_no_access_and_is_refused_like_one_that_may_not_be_seen(town: Town) -> None:
    newcomer, now = await town.identity("newcomer"), town.clock.now()
    said = []
    assert await town.world.store.read(rights_in_force.access_to, "nobody@cabinet.sim.mssante.fr", newcomer.id, now) is None
    for address in ("nobody@cabinet.sim.mssante.fr", PRACTICE):
        with pytest.raises(Refusal) as caught:
            await town.world.store.read(rights_in_force.require_seen, address, newcomer.id, now)
        assert caught.value.rule is Rule.NOT_FOUND
        said.append(caught.value.detail.replace(address, "X"))
    assert said[0] == said[1]


async def test_who_sees_a_mailbox_finds_it(town: Town) -> None:
    assistant, now = await town.identity("assistant"), town.clock.now()
    assert (await town.world.store.read(rights_in_force.require_seen, PRACTICE, assistant.id, now)).mailbox.address == PRACTICE


async def _held(town: Town, who: str) -> list[str]:
    identity = await town.identity(who)
    return [one.mailbox.address for one in await town.world.store.read(rights_in_force.all_held, identity.id, town.clock.now())]


async def test_all_that_somebody_holds_is_his_own_then_the_shared_then_the_delegated_each_once(town: Town) -> None:
    assert await _held(town, "doctor2") == [DOCTOR2, PRACTICE]
    await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor2"], frozenset({Right.SEE})))
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["doctor2"], frozenset({Right.SEE})))
    assert await _held(town, "doctor2") == [DOCTOR2, PRACTICE, WARD]
    assert await _held(town, "doctor") == [DOCTOR, PRACTICE]
    assert await _held(town, "patient") == [PATIENT]
    assert await _held(town, "newcomer") == []


async def test_what_ran_out_and_what_was_taken_back_is_held_no_more(town: Town) -> None:
    assert await _held(town, "assistant") == [PRACTICE]
    until = town.clock.now() + SECOND
    made = await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["assistant"], frozenset({Right.READ})))
    await grant(town.world, CONTROL, GrantRequest(DOCTOR, IDNATS["assistant"], frozenset({Right.SEE}), valid_until=until))
    assert await _held(town, "assistant") == [DOCTOR, PRACTICE, WARD]
    await revoke(town.world, CONTROL, WARD, made.id)
    town.clock.advance(timedelta(seconds=1))
    assert await _held(town, "assistant") == [PRACTICE]
