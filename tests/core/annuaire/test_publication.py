"""What the directory shows of people and mailboxes, loaded at the first question and followed from then on."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mss_sim.core.access.identities import NewIdentity, add_identity, change_identity, remove_identity
from mss_sim.core.mailbox import handing_over
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox, change_mailbox, remove_mailbox
from mss_sim.errors import Rule
from mss_sim.fhir.entries import Entry
from mss_sim.models.directory import FOREVER, directory_entries
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused

PERSON, PLACE = ResourceType.PRACTITIONER, ResourceType.ORGANIZATION


async def search(town: Town, type_: ResourceType, **terms: str) -> list[Entry]:
    """The entries of a first page."""
    annuaire = town.core.annuaire()
    page = await annuaire.search(annuaire.read(type_, list(terms.items())))
    return [one.entry for one in page.shown]


async def doctor(town: Town) -> Entry:
    """The doctor of the practice."""
    (found,) = await search(town, PERSON, identifier=IDNATS["doctor"])
    return found


def boxes(entry: Entry) -> list[str]:
    """The addresses of an entry."""
    return [box.address for box in entry.mailboxes]


async def versions(town: Town) -> int:
    """How many versions there are of all entries."""

    def query(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).select_from(directory_entries)).scalar_one())

    return await town.world.store.read(query)


async def change(town: Town, address: str, **values: Any) -> None:
    """Change a mailbox as the control plane does."""
    await change_mailbox(town.world, address, values, actor_id=None, door=Door.CONTROL)


async def test_nothing_is_kept_until_somebody_asks(town: Town) -> None:
    await change(town, DOCTOR, description="Avant")
    assert await versions(town) == 0
    assert boxes(await doctor(town)) == [DOCTOR, PRACTICE]
    known = await versions(town)
    assert known == 12  # people with a card that names somebody, and two organisations
    await doctor(town)
    assert await versions(town) == known


async def test_patients_programs_and_nameless_cards_are_never_there(town: Town) -> None:
    found = [*await search(town, PERSON), *await search(town, PLACE)]
    kinds = {entry.kind for entry in found}
    assert kinds == {"professional", "employee", "organisation"}
    assert not any(entry.idnat.endswith("CPE0009") for entry in found)
    await add_identity(town.world, NewIdentity("carer-1", IdentityKind.CARER, "Proche"))
    assert len(await search(town, PERSON)) == len([one for one in found if one.is_person])


async def test_a_load_in_many_transactions_shows_the_same(open_town: OpenTown) -> None:
    async with open_town(directory_load_rows_at_once=2) as town:
        assert len(await search(town, PERSON)) + len(await search(town, PLACE)) == 12


async def test_what_a_commit_changes_is_shown_by_the_next_search(town: Town) -> None:
    await doctor(town)
    await change(town, PRACTICE, red_listed=True)
    assert boxes(await doctor(town)) == [DOCTOR]
    await change(town, PRACTICE, red_listed=False, label="Autre nom", preferred_rank=1)
    await change(town, DOCTOR, preferred_rank=2)
    assert [(box.address, box.label) for box in (await doctor(town)).mailboxes] == [(PRACTICE, "Autre nom"), (DOCTOR, "Dr_Camille_MARTIN")]
    await change(town, DOCTOR, state="suspended")
    assert DOCTOR in boxes(await doctor(town))
    await change(town, DOCTOR, state="closed")
    assert boxes(await doctor(town)) == [PRACTICE]
    await remove_mailbox(town.world, PRACTICE)
    assert boxes(await doctor(town)) == []
    new = NewMailbox("dr.martin@cabinet.sim.mssante.fr", MailboxKind.PER, IDNATS["doctor"])
    await add_mailbox(town.world, new)
    assert boxes(await doctor(town)) == [new.address]


async def test_a_mailbox_that_is_handed_over_goes_with_its_owner(town: Town) -> None:
    await doctor(town)
    await handing_over.hand_over(town.world, None, PRACTICE, IDNATS["doctor2"])
    (other,) = await search(town, PERSON, identifier=IDNATS["doctor2"])
    assert (boxes(await doctor(town)), PRACTICE in boxes(other)) == ([DOCTOR], True)


async def test_what_is_not_shown_makes_no_version(town: Town) -> None:
    await doctor(town)
    known = await versions(town)
    await change(town, DOCTOR, quota_bytes=10, seen_policy="shared")
    await change_identity(town.world, IDNATS["doctor"], {}, "camille", "another-2026")
    await change(town, "285037511300167@patient.mssante.fr", label="Autre")
    assert await versions(town) == known
    await change(town, DOCTOR, label="Autre")
    assert await versions(town) == known + 1


async def test_what_was_refused_is_not_shown(town: Town) -> None:
    await doctor(town)
    known = await versions(town)

    def unit(conn: Connection) -> None:
        from mss_sim.store import identities

        row = identities.by_idnat(conn, IDNATS["doctor"])
        assert row is not None
        identities.remove(conn, row.id)
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await town.world.store.write(unit)
    await change(town, WARD, label="Autre")
    assert ((await doctor(town)).active, await versions(town)) == (True, known + 1)


async def test_who_is_disabled_or_deleted_is_a_skeleton_until_its_days_are_over(town: Town) -> None:
    before = await doctor(town)
    town.clock.advance(timedelta(days=3))
    await change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    gone = await doctor(town)
    assert (gone.active, gone.family, gone.mailboxes, gone.idnat) == (False, "", (), IDNATS["doctor"])
    assert gone.changed_at - before.changed_at == 3 * 86_400_000_000
    await remove_mailbox(town.world, WARD)
    await remove_identity(town.world, "1750990012")
    (place,) = await search(town, PLACE, active="false")
    assert (place.family, place.active) == ("Hôpital des Ormes", False)
    town.clock.advance(timedelta(days=30))
    assert len(await search(town, PLACE, active="false")) == 1
    town.clock.advance(timedelta(microseconds=1))
    assert await search(town, PLACE, active="false") == []


async def test_a_skeleton_stays_as_long_as_a_setting_says(open_town: OpenTown) -> None:
    async with open_town(directory_gone_days=2) as town:
        await change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
        town.clock.advance(timedelta(days=2))
        assert (await doctor(town)).active is False
        town.clock.advance(timedelta(hours=1))
        assert await search(town, PERSON, identifier=IDNATS["doctor"]) == []


async def test_one_that_comes_back_under_its_number_is_another(town: Town) -> None:
    await doctor(town)
    await remove_mailbox(town.world, WARD)
    await remove_identity(town.world, "1750990012")
    await add_identity(town.world, NewIdentity("1750990012", IdentityKind.ORGANISATION, "Hôpital neuf"))
    found = await search(town, PLACE, identifier="1750990012")
    assert [(one.family, one.active) for one in found] == [("Hôpital des Ormes", False), ("Hôpital neuf", True)]


async def test_a_delay_lets_a_change_be_seen_later(open_town: OpenTown) -> None:
    async with open_town(directory_publication_delay_seconds=3_600) as town:
        assert await search(town, PERSON) == []  # the people of the seed came a moment ago
        town.clock.advance(timedelta(hours=2))
        assert boxes(await doctor(town)) == [DOCTOR, PRACTICE]
        await change(town, DOCTOR, red_listed=True)
        town.clock.advance(timedelta(minutes=59))
        assert boxes(await doctor(town)) == [DOCTOR, PRACTICE]
        assert len(await search(town, PERSON, **{"mailbox-mss": DOCTOR})) == 1
        town.clock.advance(timedelta(minutes=2))
        assert boxes(await doctor(town)) == [PRACTICE]


def _current(rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row.until_id == FOREVER]


async def test_an_entry_has_one_version_that_counts_now(town: Town) -> None:
    await doctor(town)
    for number in range(3):
        await change(town, DOCTOR, label=f"Nom {number}")

    def query(conn: Connection) -> list[Any]:
        return list(conn.execute(select(directory_entries).where(directory_entries.c.idnat == IDNATS["doctor"])))

    rows = await town.world.store.read(query)
    assert (len(rows), len(_current(rows))) == (4, 1)
    assert sorted(row.until_id for row in rows)[:-1] == sorted(row.from_id for row in rows)[1:]


async def test_a_reset_begins_anew(town: Town) -> None:
    await doctor(town)
    await town.core.reset("none")
    assert await search(town, PERSON) == []
    await town.core.reset("cabinet")
    assert boxes(await doctor(town)) == [DOCTOR, PRACTICE]


async def test_only_mailboxes_of_persons_are_published_where_they_work(town: Town) -> None:
    with refused(Rule.INVALID, "PER or CAB"):
        await change(town, WARD, with_structure=True)
    with refused(Rule.INVALID, "PER or CAB"):
        new = NewMailbox("a@hopital-ormes.sim.mssante.fr", MailboxKind.APP, "1750990012", with_structure=True)
        await add_mailbox(town.world, new)
    await change(town, DOCTOR, with_structure=True)
    assert boxes(await doctor(town)) == [DOCTOR, PRACTICE]
    found = await search(town, ResourceType.PRACTITIONER_ROLE, **{"mailbox-mss": DOCTOR})
    assert [one.idnat for one in found] == [IDNATS["doctor"]]
    assert await search(town, PERSON, **{"mailbox-mss": DOCTOR}) == []
    assert HOSPITAL in boxes((await search(town, ResourceType.PRACTITIONER_ROLE, **{"mailbox-mss": HOSPITAL}))[0])
