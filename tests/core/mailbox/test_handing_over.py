"""Whose a mailbox is, and what becomes of what the former owner gave and set."""

from mss_sim.core.access.delegation import GrantRequest, grant, list_grants
from mss_sim.core.access.identities import change_identity
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox import handing_over, messages
from mss_sim.core.mailflow import forwarding, out_of_office
from mss_sim.core.mailflow.forwarding import WantedForwarding
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from mss_sim.core.world.store_types import ListQuery
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused

_SEE = frozenset({Right.SEE})


async def _list(town: Town, who: str, address: str) -> None:
    await messages.list_messages(town.world, await town.actor(who), address, ListQuery(0, 10))


async def test_a_personal_mailbox_goes_to_somebody_else_with_all_that_lies_in_it(town: Town) -> None:
    await town.send("doctor", DOCTOR, HOSPITAL, "Pour Paul")
    await handing_over.hand_over(town.world, await town.actor("hospital"), HOSPITAL, "hugo.bernard")
    with refused(Rule.NOT_FOUND):
        await _list(town, "hospital", HOSPITAL)
    await _list(town, "doctor2", HOSPITAL)
    assert await town.subjects(HOSPITAL) == ["Pour Paul"]
    assert (await town.told(HOSPITAL))[0].detail == {"from": IDNATS["hospital"], "to": IDNATS["doctor2"]}
    assert (await town.told(HOSPITAL))[0].actor_id == (await town.identity("hospital")).id


async def test_the_control_plane_replaces_a_responsible_who_left(town: Town) -> None:
    await change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    owner = await handing_over.hand_over(town.world, None, PRACTICE, IDNATS["doctor2"])
    assert (owner.idnat, (await town.mailbox(PRACTICE)).owner_id) == (IDNATS["doctor2"], owner.id)
    assert (await town.told(PRACTICE))[0].actor_id is None
    await handing_over.hand_over(town.world, await town.actor("doctor2"), PRACTICE, IDNATS["locum"])
    with refused(Rule.NOT_FOUND):
        await _list(town, "doctor2", PRACTICE)
    with refused(Rule.INVALID, "owned by professional"):
        await handing_over.hand_over(town.world, None, PRACTICE, IDNATS["secretary"])


async def test_grants_of_the_former_owner_stay_or_end_by_a_setting(open_town: OpenTown) -> None:
    for ending in (False, True):
        async with open_town(delegation_grants_end_with_owner=ending) as town:
            doctor = await town.identity("doctor")
            mine = await grant(town.world, Requester(doctor.id, Door.REST), GrantRequest(DOCTOR, IDNATS["newcomer"], _SEE))
            others = await grant(town.world, CONTROL, GrantRequest(DOCTOR, IDNATS["locum"], _SEE))
            successor = await handing_over.hand_over(town.world, None, DOCTOR, IDNATS["doctor2"])
            ended = {row.id for row in await list_grants(town.world, successor.id, DOCTOR) if row.revoked_at is not None}
            assert ended == ({mine.id} if ending else set())
            assert others.id not in ended
            told = [line.detail for line in await town.told(DOCTOR) if line.act.value == "grant.revoked"]
            assert told == ([{"grantee": IDNATS["newcomer"]}] if ending else [])


async def test_the_former_owner_reads_on_by_no_forwarding_and_speaks_in_no_answer(town: Town) -> None:
    doctor = await town.actor("doctor")
    await forwarding.put(town.world, doctor, DOCTOR, WantedForwarding(HOSPITAL))
    await out_of_office.put(town.world, doctor, DOCTOR, WantedAnswer("Je suis parti."))
    await handing_over.hand_over(town.world, doctor, DOCTOR, IDNATS["doctor2"])
    await town.send("doctor2", "hugo.bernard@medecin.sim.mssante.fr", DOCTOR)
    assert (await town.lying(HOSPITAL), await town.lying("hugo.bernard@medecin.sim.mssante.fr")) == ([], [])
    acts = await town.acts(DOCTOR)
    assert {"forwarding.removed", "out_of_office.removed"} <= set(acts)


async def test_an_heir_may_own_that_kind_and_does_not_yet(town: Town) -> None:
    ward = await town.mailbox(WARD)
    assert ward.kind.value == "ORG"
    for heir, rule, said in (
        (IDNATS["doctor"], Rule.INVALID, "owned by organisation"),
        ("nobody", Rule.NOT_FOUND, ""),
    ):
        with refused(rule, said):
            await handing_over.hand_over(town.world, None, WARD, heir)
    with refused(Rule.CONFLICT, "already"):
        await handing_over.hand_over(town.world, None, DOCTOR, IDNATS["doctor"])
    with refused(Rule.INVALID, "for good"):
        await handing_over.hand_over(town.world, None, PATIENT, IDNATS["patient2"])
    await change_identity(town.world, IDNATS["doctor2"], {"enabled": False}, None, None)
    with refused(Rule.GRANTEE_NOT_ALLOWED, "disabled"):
        await handing_over.hand_over(town.world, None, DOCTOR, IDNATS["doctor2"])
    with refused(Rule.GRANT_NOT_ALLOWED, "Only the owner"):
        await handing_over.hand_over(town.world, await town.actor("secretary"), PRACTICE, IDNATS["locum"])
