"""Mailboxes themselves: what can be made, for whom, and what whoever manages one may change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mss_sim.clock import SECOND
from mss_sim.core.access import identities, practice_holders
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.mailbox import behaviours, closing, handing_over, mailboxes, retention
from mss_sim.core.mailbox.mailboxes import (
    NewMailbox,
    add_mailbox,
    change_mailbox,
    change_managed_mailbox,
    get_mailbox,
    remove_mailbox,
)
from mss_sim.errors import Rule
from mss_sim.models.tables import message_bodies
from mss_sim.store import folders
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, SeenPolicy
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused

NEW = "neuf@cabinet.sim.mssante.fr"
NEW_PATIENT = "185037511300162@patient.mssante.fr"
ORGANISATION = "1750990012"


def _new(**fields: Any) -> NewMailbox:
    return NewMailbox(**{"address": NEW, "kind": MailboxKind.PER, "owner_idnat": IDNATS["doctor"], **fields})


async def test_a_mailbox_is_born_open_empty_and_with_its_folders(open_town: OpenTown) -> None:
    async with open_town(mailbox_quota_bytes=5_000) as town:
        made = await add_mailbox(town.world, _new(address="Neuf@Cabinet.sim.mssante.fr", label="Neuf"))
        assert (made.address, made.state, made.used_bytes, made.quota_bytes, made.label) == (NEW, MailboxState.ACTIVE, 0, 5_000, "Neuf")
        assert (made.created_at, made.uid_validity_last) == (town.clock.now(), town.clock.now() // SECOND)
        assert await get_mailbox(town.world, NEW) == made
        assert made.address in await town.addresses()
        await town.bring("contact@clinique-pins.sim.mssante.fr", NEW)
        assert len(await town.lying(NEW)) == 1
    async with open_town() as town:
        assert (await add_mailbox(town.world, _new(quota_bytes=0))).quota_bytes == 0


@pytest.mark.parametrize(
    ("kind", "owner", "seen"),
    [
        (MailboxKind.PER, IDNATS["doctor"], SeenPolicy.PERSONAL),
        (MailboxKind.PER, IDNATS["secretary"], SeenPolicy.PERSONAL),
        (MailboxKind.CAB, IDNATS["doctor"], SeenPolicy.SHARED),
        (MailboxKind.ORG, ORGANISATION, SeenPolicy.SHARED),
        (MailboxKind.APP, ORGANISATION, SeenPolicy.PERSONAL),
    ],
)
async def test_reading_is_shared_where_several_read_unless_it_is_said_otherwise(
    town: Town, kind: MailboxKind, owner: str, seen: SeenPolicy
) -> None:
    assert (await add_mailbox(town.world, _new(kind=kind, owner_idnat=owner))).seen_policy is seen
    other = SeenPolicy.SHARED if seen is SeenPolicy.PERSONAL else SeenPolicy.PERSONAL
    made = await add_mailbox(town.world, _new(address="b@cabinet.sim.mssante.fr", kind=kind, owner_idnat=owner, seen_policy=other))
    assert made.seen_policy is other


@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        (MailboxKind.PER, ORGANISATION),
        (MailboxKind.PER, IDNATS["patient"]),
        (MailboxKind.PER, IDNATS["application"]),
        (MailboxKind.CAB, IDNATS["secretary"]),
        (MailboxKind.CAB, ORGANISATION),
        (MailboxKind.ORG, IDNATS["doctor"]),
        (MailboxKind.APP, IDNATS["application"]),
        (MailboxKind.PATIENT, IDNATS["doctor"]),
    ],
)
async def test_each_kind_is_owned_by_who_may_own_it(town: Town, kind: MailboxKind, owner: str) -> None:
    with refused(Rule.INVALID, "is owned by"):
        await add_mailbox(town.world, _new(kind=kind, owner_idnat=owner))


async def test_patients_and_nobody_else_have_their_mailboxes_at_their_domain(town: Town) -> None:
    await identities.add_identity(town.world, NewIdentity("185037511300162", IdentityKind.PATIENT, "NEUF"))
    for address, kind, owner in ((NEW, MailboxKind.PATIENT, "185037511300162"), (NEW_PATIENT, MailboxKind.PER, IDNATS["doctor"])):
        with refused(Rule.INVALID, "and no others, are at patient.mssante.fr"):
            await add_mailbox(town.world, _new(address=address, kind=kind, owner_idnat=owner))
    made = await add_mailbox(town.world, _new(address=NEW_PATIENT, kind=MailboxKind.PATIENT, owner_idnat="185037511300162"))
    assert made.kind is MailboxKind.PATIENT


@pytest.mark.parametrize("local", ["claire", "185037511300163", "1850375113001"])
async def test_a_patients_address_is_the_ins_where_the_setting_asks_for_it(open_town: OpenTown, local: str) -> None:
    patient = NewIdentity("185037511300162", IdentityKind.PATIENT, "NEUF")
    right = "185037511300120@patient.mssante.fr"
    new = _new(address=f"{local}@patient.mssante.fr", kind=MailboxKind.PATIENT, owner_idnat=patient.idnat)
    async with open_town(patient_ins_required=True) as town:
        await identities.add_identity(town.world, patient)
        with refused(Rule.INVALID, "INS"):
            await add_mailbox(town.world, new)
        assert (await add_mailbox(town.world, replace(new, address=right))).address == right
    async with open_town() as town:
        await identities.add_identity(town.world, patient)
        assert (await add_mailbox(town.world, new)).address == new.address


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"address": PRACTICE}, Rule.CONFLICT),
        ({"address": PRACTICE.upper()}, Rule.CONFLICT),
        ({"address": "no address"}, Rule.INVALID),
        ({"address": "a/b@cabinet.sim.mssante.fr"}, Rule.INVALID),
        ({"address": "a@example.org"}, Rule.DOMAIN_OUTSIDE),
        ({"owner_idnat": "nobody"}, Rule.NOT_FOUND),
        ({"label": "a\nb"}, Rule.INVALID),
        ({"description": "a\x00b"}, Rule.INVALID),
        ({"co_holders": (IDNATS["doctor2"],)}, Rule.INVALID),
        ({"kind": MailboxKind.CAB, "co_holders": (IDNATS["secretary"],)}, Rule.INVALID),
        ({"kind": MailboxKind.CAB, "co_holders": ("nobody",)}, Rule.NOT_FOUND),
    ],
)
async def test_what_cannot_be_is_not_made(town: Town, fields: dict[str, Any], rule: Rule) -> None:
    before = await town.addresses()
    with refused(rule):
        await add_mailbox(town.world, _new(**fields))
    assert await town.addresses() == before


async def test_a_practice_begins_with_its_co_holders_each_once_and_the_responsible_is_none(town: Town) -> None:
    people = (IDNATS["doctor"], IDNATS["doctor2"], IDNATS["doctor2"])
    await add_mailbox(town.world, _new(kind=MailboxKind.CAB, co_holders=people))
    found = await practice_holders.list_holders(town.world, (await town.identity("doctor")).id, NEW)
    assert [(one.identity.idnat, one.role.value) for one in found] == [(IDNATS["doctor"], "responsible"), (IDNATS["doctor2"], "co_holder")]


async def test_an_anonymous_card_co_holds_nothing(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["locum"], {"anonymous_card": True}, None, None)
    with refused(Rule.INVALID, "an identified professional"):
        await add_mailbox(town.world, _new(kind=MailboxKind.CAB, co_holders=(IDNATS["locum"],)))


# Changed


async def test_the_control_plane_changes_a_mailbox_and_the_journal_tells_from_what_to_what(town: Town) -> None:
    changed = await change_mailbox(
        town.world, PRACTICE, {"state": MailboxState.SUSPENDED, "label": "Autre"}, actor_id=None, door=Door.CONTROL
    )
    assert (changed.state, changed.label) == (MailboxState.SUSPENDED, "Autre")
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.door, line.actor_id, line.grant_id) == (Act.MAILBOX_CHANGED, Door.CONTROL, None, None)
    assert line.detail == {
        "before": {"state": "active", "label": "Cabinet des Tilleuls"},
        "after": {"state": "suspended", "label": "Autre"},
    }


async def test_whoever_manages_a_mailbox_changes_it_by_his_grant(town: Town) -> None:
    ward = await town.actor("hospital_ward")
    await change_managed_mailbox(town.world, ward, WARD, {"description": "x"})
    line = (await town.told(WARD))[0]
    assert (line.actor_id, line.grant_id is not None) == (ward.identity.id, True)
    await change_managed_mailbox(town.world, await town.actor("doctor2"), PRACTICE, {"description": "y"})
    assert (await town.told(PRACTICE))[0].grant_id is None
    for who, address, rule in (("secretary", PRACTICE, Rule.RIGHT_MISSING), ("hospital", PRACTICE, Rule.NOT_FOUND)):
        with refused(rule):
            await change_managed_mailbox(town.world, await town.actor(who), address, {"description": "z"})
    assert (await get_mailbox(town.world, PRACTICE)).description == "y"


async def test_a_closed_mailbox_is_opened_again_by_who_manages_it(town: Town) -> None:
    doctor = await town.actor("doctor")
    for state in (MailboxState.CLOSED, MailboxState.ACTIVE):
        await change_managed_mailbox(town.world, doctor, PRACTICE, {"state": state})
        assert (await get_mailbox(town.world, PRACTICE)).state is state


async def test_nothing_changed_leaves_no_line_and_null_only_where_it_means_something(town: Town) -> None:
    before = await town.acts(PRACTICE)
    await change_mailbox(town.world, PRACTICE, {}, actor_id=None, door=Door.CONTROL)
    assert await town.acts(PRACTICE) == before
    await change_mailbox(town.world, DOCTOR, {"preferred_rank": None, "message_size_bytes_max": None}, actor_id=None, door=Door.CONTROL)
    assert (await get_mailbox(town.world, DOCTOR)).preferred_rank is None
    for values in ({"label": None}, {"state": None}):
        with refused(Rule.INVALID, "cannot be null"):
            await change_mailbox(town.world, DOCTOR, values, actor_id=None, door=Door.CONTROL)
        with refused(Rule.INVALID, "cannot be null"):
            await change_managed_mailbox(town.world, await town.actor("doctor"), DOCTOR, values)
    with refused(Rule.INVALID, "one line of text"):
        await change_mailbox(town.world, DOCTOR, {"label": "a\nb"}, actor_id=None, door=Door.CONTROL)


async def test_what_is_not_there_is_neither_shown_changed_nor_removed(town: Town) -> None:
    for verb in (
        get_mailbox(town.world, NEW),
        change_mailbox(town.world, NEW, {}, actor_id=None, door=Door.CONTROL),
        remove_mailbox(town.world, NEW),
    ):
        with refused(Rule.NOT_FOUND, f"There is no mailbox {NEW}."):
            await verb


# Removed


async def test_a_mailbox_goes_with_all_that_lies_only_there(town: Town) -> None:
    await town.send("hospital", HOSPITAL, [DOCTOR2, PRACTICE], "Deux")
    await town.bring("contact@clinique-pins.sim.mssante.fr", DOCTOR2, "Seul")

    async def count() -> int:
        found: int = await town.world.store.read(lambda conn: conn.execute(select(func.count()).select_from(message_bodies)).scalar_one())
        return found

    assert await count() == 2
    await remove_mailbox(town.world, DOCTOR2)
    assert await count() == 1
    assert await town.subjects(PRACTICE) == ["Deux"]
    with refused(Rule.UNKNOWN_MAILBOX):
        await town.bring("contact@clinique-pins.sim.mssante.fr", DOCTOR2)
    assert {LABORATORY, PATIENT} <= set(await town.addresses())


async def test_it_is_said_what_is_wrong_with_a_new_mailbox(town: Town) -> None:
    new = NewMailbox("neuf@medecin.sim.mssante.fr", MailboxKind.PER, IDNATS["doctor"])
    wrongs: tuple[tuple[dict[str, Any], str], ...] = (
        ({"label": "a\nb"}, "label is one line of text"),
        ({"description": "a\nb"}, "description is one line of text"),
        ({"owner_idnat": IDNATS["patient"]}, "A mailbox of kind PER is owned by employee or professional, not by patient."),
    )
    for wrong, said in wrongs:
        with refused(Rule.INVALID, said):
            await mailboxes.add_mailbox(town.world, replace(new, **wrong))


async def test_what_is_remembered_of_a_mailbox_is_forgotten_when_it_changes(town: Town) -> None:
    directory, doctor = town.world.directory, await town.actor("doctor")

    async def label() -> str | None:
        found = await directory.mailbox(DOCTOR)
        return found.label if found else None

    await label()
    await mailboxes.change_mailbox(town.world, DOCTOR, {"label": "Un"}, actor_id=None, door=Door.CONTROL)
    assert await label() == "Un"
    await mailboxes.change_managed_mailbox(town.world, doctor, DOCTOR, {"label": "Deux"})
    assert await label() == "Deux"
    await mailboxes.remove_mailbox(town.world, DOCTOR)
    assert await label() is None


async def test_whatever_changes_a_mailbox_has_all_that_remembers_it_look_again(town: Town) -> None:
    world, doctor = town.world, await town.actor("doctor")
    for done in (
        mailboxes.add_mailbox(world, _new()),
        handing_over.hand_over(world, None, NEW, IDNATS["doctor2"]),
        closing.ask(world, None, NEW),
        closing.cancel(world, None, NEW),
        retention.put_days(world, NEW, 30),
        retention.remove_days(world, NEW),
        behaviours.set_behaviour(world, PATIENT, "answers"),
        mailboxes.change_managed_mailbox(world, doctor, DOCTOR, {"label": "Un"}),
        mailboxes.change_mailbox(world, NEW, {"label": "Deux"}, actor_id=None, door=Door.CONTROL),
        mailboxes.remove_mailbox(world, NEW),
    ):
        version = world.store.directory_version
        await done
        assert world.store.directory_version > version, done


async def test_the_validity_of_folders_is_a_whole_number(town: Town) -> None:
    address = "neuf@medecin.sim.mssante.fr"
    town.clock.advance(timedelta(microseconds=1))
    await mailboxes.add_mailbox(town.world, NewMailbox(address, MailboxKind.PER, IDNATS["newcomer"]))
    box = await town.mailbox(address)
    found = await town.world.store.read(folders.of_mailbox, box.id)
    assert [type(folder.uid_validity) for folder in found] == [int] * 6


@pytest.mark.parametrize("address", [DOCTOR, LABORATORY, PATIENT])
async def test_only_org_and_cab_mailboxes_are_opened_to_patients(town: Town, address: str) -> None:
    with refused(Rule.INVALID, f"{address} is none"):
        await change_mailbox(town.world, address, {"patients_may_write": True}, actor_id=None, door=Door.CONTROL)
    assert not (await get_mailbox(town.world, address)).patients_may_write
    await change_mailbox(town.world, address, {"patients_may_write": False}, actor_id=None, door=Door.CONTROL)


@pytest.mark.parametrize(("who", "address"), [("doctor2", PRACTICE), ("hospital_ward", WARD)])
async def test_who_manages_a_mailbox_opens_it_to_patients_and_the_journal_says_so(town: Town, who: str, address: str) -> None:
    with refused(Rule.RIGHT_MISSING if address == PRACTICE else Rule.NOT_FOUND):
        await change_managed_mailbox(town.world, await town.actor("secretary"), address, {"patients_may_write": True})
    for opened in (True, False):
        await change_managed_mailbox(town.world, await town.actor(who), address, {"patients_may_write": opened})
        assert (await get_mailbox(town.world, address)).patients_may_write is opened
        line = (await town.told(address))[0]
        assert (line.act, line.detail) == (
            Act.MAILBOX_CHANGED,
            {"before": {"patients_may_write": not opened}, "after": {"patients_may_write": opened}},
        )
