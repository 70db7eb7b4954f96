"""Where a mailbox forwards: who sets it, and where to."""

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailflow import forwarding
from mss_sim.core.mailflow.forwarding import WantedForwarding
from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused


async def test_it_is_set_changed_seen_and_removed(town: Town) -> None:
    doctor = await town.actor("doctor")
    assert await forwarding.get(town.world, doctor, PRACTICE) is None
    await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding(HOSPITAL))
    made = await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding(DOCTOR.upper(), keep=False))
    assert (made.target, made.keep) == (DOCTOR, False)
    assert await forwarding.get(town.world, doctor, PRACTICE) == made
    for _ in range(2):
        await forwarding.remove(town.world, doctor, PRACTICE)
    assert await forwarding.get(town.world, doctor, PRACTICE) is None
    assert (await town.acts(PRACTICE))[-3:] == ["forwarding.set", "forwarding.set", "forwarding.removed"]
    assert (await town.told(PRACTICE))[1].detail == {"to": DOCTOR, "keep": False}


async def test_whether_a_copy_is_kept_is_a_setting_unless_it_is_said(open_town: OpenTown) -> None:
    async with open_town(forwarding_keep=False) as town:
        doctor = await town.actor("doctor")
        assert not (await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding(DOCTOR))).keep
        assert (await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding(DOCTOR, keep=True))).keep


async def test_only_a_professional_mailbox_of_the_trust_space_is_forwarded_to(town: Town) -> None:
    doctor = await town.actor("doctor")
    await town.change(HOSPITAL, state="closed")
    with refused(Rule.BAD_ADDRESS, "'nowhere' is not an address: local-part@domain is expected."):
        await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding("nowhere"))
    for target, rule in (
        ("somebody@example.org", Rule.DOMAIN_OUTSIDE),
        ("personne@cabinet.sim.mssante.fr", Rule.UNKNOWN_MAILBOX),
        (HOSPITAL, Rule.MAILBOX_CLOSED),
        (PRACTICE, Rule.INVALID),
        (PATIENT, Rule.INVALID),
    ):
        with refused(rule):
            await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding(target))
    await forwarding.put(town.world, doctor, PRACTICE, WantedForwarding("contact@clinique-pins.sim.mssante.fr"))
    with refused(Rule.INVALID, "neither answers nor forwards"):
        await forwarding.put(town.world, await town.actor("patient"), PATIENT, WantedForwarding(DOCTOR))


async def test_who_manages_and_may_not_read_sends_himself_nothing(town: Town) -> None:
    newcomer = await town.actor("newcomer")
    with refused(Rule.NOT_FOUND):
        await forwarding.put(town.world, newcomer, PRACTICE, WantedForwarding(DOCTOR))
    manage = frozenset({Right.SEE, Right.MANAGE})
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], manage))
    with refused(Rule.RIGHT_MISSING, "read"):
        await forwarding.put(town.world, newcomer, PRACTICE, WantedForwarding(DOCTOR))
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.READ})))
    await forwarding.put(town.world, newcomer, PRACTICE, WantedForwarding(DOCTOR))
    with refused(Rule.RIGHT_MISSING, "manage"):
        await forwarding.remove(town.world, await town.actor("secretary"), PRACTICE)
