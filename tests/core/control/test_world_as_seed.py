"""A world told as a seed, and begun again out of what was told: nothing that a seed has words for is lost on the way."""

import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mss_sim.clock import DAY, ManualClock
from mss_sim.core.access import carer_masks, delegation, identities
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.assembly import assemble
from mss_sim.core.control import seed_fields, seed_formats, snapshots, uploaded_seeds, world_as_seed
from mss_sim.core.control.seed_fields import Rows
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.control.snapshots import Shelf
from mss_sim.core.control.start import begin
from mss_sim.core.mailbox import behaviours, charge_verbs, closing
from mss_sim.core.mailbox.charge_verbs import Wish
from mss_sim.core.mailbox.copies import ById, change_flags, move
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.folders import create_folder
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.mailflow import forwarding, out_of_office
from mss_sim.core.mailflow.forwarding import WantedForwarding
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.core.psc import clients, professionals
from mss_sim.core.world.world import World
from mss_sim.errors import Rule
from mss_sim.models.charges import charge_notes, charges
from mss_sim.models.tables import answer_rights, copies, folders, mailboxes, message_bodies, messages, readings, receipts
from mss_sim.models.tables import identities as identities_table
from mss_sim.policy.behaviours import read as read_behaviour
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.charge import ChargeDeed
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, make_world, refused


def _lying(conn: Connection) -> list[tuple[Any, ...]]:
    """Every copy with all that can be read of it: where, flags, dates, octets, and who read it."""
    reader = select(readings.c.seen).where(readings.c.copy_id == copies.c.id).limit(1).scalar_subquery()
    query = (
        select(mailboxes.c.address, folders.c.name, copies.c.flags, copies.c.keywords, copies.c.internal_at, messages.c.received_at)
        .add_columns(
            messages.c.return_path, messages.c.subject, messages.c.summary, message_bodies.c.raw, message_bodies.c.structure, reader
        )
        .select_from(copies)
        .join(mailboxes, mailboxes.c.id == copies.c.mailbox_id)
        .join(folders, folders.c.id == copies.c.folder_id)
        .join(messages, messages.c.id == copies.c.message_id)
        .join(message_bodies, message_bodies.c.message_id == messages.c.id)
    )
    rows = [(address.partition(" of ")[0], *row) for address, *row in conn.execute(query)]  # what carers see is named by an id
    return sorted(rows, key=repr)


def _in_charge(conn: Connection) -> list[tuple[Any, ...]]:
    """Every letter in somebody's hands or with notes: where, whose, since when, and what was noted by whom."""
    query = (
        select(messages.c.subject, charges.c.state, identities_table.c.idnat, charges.c.since_at, charges.c.notes)
        .select_from(charges)
        .join(copies, copies.c.id == charges.c.copy_id)
        .join(messages, messages.c.id == copies.c.message_id)
        .join(identities_table, identities_table.c.id == charges.c.holder_id, isouter=True)
    )
    noted = select(charge_notes.c.text, charge_notes.c.written_at, identities_table.c.idnat)
    noted = noted.join(identities_table, identities_table.c.id == charge_notes.c.author_id)
    rows = [(*row[:3], row[3] if row[2] else None, row[4]) for row in conn.execute(query)]  # since when it is nobody's is not told
    return [*sorted(rows, key=repr), *sorted(map(tuple, conn.execute(noted)), key=repr)]


def _closures(conn: Connection) -> list[tuple[Any, ...]]:
    query = select(messages.c.subject, answer_rights.c.given_at, answer_rights.c.withdrawn_at, answer_rights.c.cause)
    rights = map(tuple, conn.execute(query.join(messages, messages.c.id == answer_rights.c.message_id).order_by(messages.c.subject)))
    sent = conn.execute(select(mailboxes.c.address, receipts.c.sent_at).join(mailboxes, mailboxes.c.id == receipts.c.mailbox_id))
    return [*rights, *map(tuple, sent)]


@asynccontextmanager
async def _begun(folder: Path, files: SeedFiles) -> AsyncIterator[World]:
    """Another world, which begins with a seed."""
    made, store = make_world(folder, ManualClock())
    world = replace(made, seeds_dir=folder / "seeds")
    assemble(world)  # what carers see follows what is planted
    try:
        await uploaded_seeds.keep(world, "told", files, replace=False)
        await begin(world, "told")
        yield world
    finally:
        await store.close()


async def _differences(one: World, other: World, folder: Path) -> dict[str, Any]:
    shelf = Shelf(folder / "shelf", 5)
    saved = [await snapshots.save(world, shelf, name) for name, world in (("one", one), ("other", other))]
    return {
        subject: found
        for subject, found in (await snapshots.compare(*saved)).items()
        if found.added_count + found.removed_count + len(found.changed)
    }


async def _story(town: Town) -> None:
    """A week in the practice: letters, answers, flags, receipts, closures, grants that ended, folders, absences."""
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR], "Échographie « cœur »", Disposition_Notification_To=HOSPITAL)
    await town.send("doctor", PRACTICE, PATIENT, "Vos résultats")
    [result] = await town.lying(PATIENT)
    answered = result.message.rfc_message_id or ""
    await town.send("patient", PATIENT, PRACTICE, "Re: Vos résultats", In_Reply_To=answered)
    await town.send("doctor", PRACTICE, PATIENT, "[FIN] Vos résultats", In_Reply_To=answered)
    town.clock.advance(timedelta(days=1, microseconds=123_457))
    world, (secretary, doctor, patient) = town.world, [await town.actor(who) for who in ("secretary", "doctor", "patient")]
    newest, *_, oldest = await town.lying(PRACTICE)
    await change_flags(world, secretary, ById(PRACTICE, oldest.copy.id), FlagChange(frozenset({"\\Flagged", "\\Seen", "$Label1"})))
    [own] = await town.lying(DOCTOR)
    await change_flags(world, doctor, ById(DOCTOR, own.copy.id), FlagChange(frozenset({"\\Seen"})))
    await create_folder(world, doctor, PRACTICE, "Classés/2026 à revoir")
    await move(world, doctor, ById(PRACTICE, newest.copy.id), FolderRef(PRACTICE, "Classés/2026 à revoir"))
    for deed, note in ((ChargeDeed.NOTE, "Rappeler « le » patient\nà 14 h"), (ChargeDeed.NOTE, "fait"), (ChargeDeed.FINISH, "")):
        await charge_verbs.do(world, secretary, PRACTICE, oldest.copy.id, Wish(deed, note=note))
    await charge_verbs.do(world, doctor, PRACTICE, newest.copy.id, Wish(ChargeDeed.TAKE))
    await charge_verbs.do(world, doctor, DOCTOR, own.copy.id, Wish(ChargeDeed.NOTE, note="pour moi"))
    await town.core.receipts.send(doctor, PRACTICE, oldest.copy.id, ReceiptWish(confirmed=True))
    [(given, _)] = await delegation.grants_of(world, (await town.identity("assistant")).id)
    await delegation.revoke(world, CONTROL, PRACTICE, given.id)
    carer = GrantRequest(PATIENT, IDNATS["secretary"], frozenset({Right.SEE, Right.READ}), reason="Aidante")
    await delegation.grant(world, CONTROL, carer)
    await carer_masks.mask_letter(world, patient, PATIENT, (await town.lying(PATIENT))[0].copy.id)
    await identities.change_identity(world, IDNATS["newcomer"], {"enabled": False}, "louise.moreau", "another-one")
    await out_of_office.put(
        world, doctor, PRACTICE, WantedAnswer("De retour lundi.\nBien à vous", until_at=town.clock.now() + 3 * DAY, days=2)
    )
    await forwarding.put(world, doctor, DOCTOR, WantedForwarding(HOSPITAL))
    await closing.ask(world, None, PATIENT)
    await town.change(DOCTOR, red_listed=True, preferred_rank=3, quota_bytes=5_000_000)
    await behaviours.set_behaviour(world, PATIENT, read_behaviour([{"subject": "x", "steps": [{"act": "open", "after": "PT5M"}]}]))
    await professionals.set_profile(world, IDNATS["locum"], {"Secteur_Activite": None, "SubjectRole": ["10^SM26"]})


@pytest.fixture
async def lived_in(town: Town) -> Town:
    """A town in which something has happened."""
    await _story(town)
    return town


async def test_a_world_begins_again_as_it_was_told(lived_in: Town, tmp_path: Path) -> None:
    one = lived_in.world
    files = await world_as_seed.of_world(one)
    async with _begun(tmp_path / "other", files) as other:
        assert await _differences(one, other, tmp_path) == {}
        before, after = [await world.store.read(_lying) for world in (one, other)]
        assert after == before
        assert len(before) == 12
        assert await other.store.read(_in_charge) == (held := await one.store.read(_in_charge))
        assert len(held) == 6
        assert await other.store.read(_closures) == await one.store.read(_closures)
        again = await world_as_seed.of_world(other)
        assert again.text.partition("[[")[2] == files.text.partition("[[")[2]
        assert again.letters == files.letters


async def test_its_head_says_when_it_was_and_what_is_left_out(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT)
    await clients.register(town.world, "second", None, {})
    head, _, _ = (await world_as_seed.of_world(town.world)).text.partition("\n\n")
    assert head.splitlines()[:-1] == [
        "# A world of mss-sim as a seed, at 2026-01-05T08:00:00+00:00 of its time.",
        "# Begin one with it: mss-sim run --seed FOLDER, or PUT /control/seeds/NAME/file and POST /control/worlds.",
    ]
    said, _, left = head.splitlines()[-1].partition("; and rows of ")
    assert said == "# Not told, for a seed has no words for it: ids, UIDs, keys, faults, transcripts"
    rows = dict(one.split(": ") for one in left.removesuffix(".").split(", "))
    assert list(rows) == ["submissions", "timeline", "journal", "certificates", "psc_clients"], "no table that is empty"
    assert (rows["submissions"], rows["psc_clients"]) == ("1", "1"), "every world has the first client"


async def test_of_settings_it_tells_those_of_a_world_that_toml_can_say(town: Town, tmp_path: Path) -> None:
    kept = await snapshots.save(town.world, Shelf(tmp_path / "shelf", 5), "kept")
    settings = {"language": "fr", "documents_product": None, "http_port": 1}
    told = await world_as_seed.of_snapshot(town.world, replace(kept, manifest=replace(kept.manifest, settings=settings)))
    assert told.told["settings"] == {"language": "fr"}


async def test_a_snapshot_that_cannot_be_read_is_named(town: Town, tmp_path: Path) -> None:
    kept = await snapshots.save(town.world, Shelf(tmp_path / "shelf", 5), "kept")
    kept.file.write_bytes(b"x")
    with refused(Rule.INVALID, "kept is no snapshot of a world: it is no archive."):
        await world_as_seed.of_snapshot(town.world, kept)


async def test_letters_have_room_in_all(lived_in: Town) -> None:
    world = lived_in.world

    async def told(most: int) -> SeedFiles:
        seeds = world.settings.seeds.model_copy(update={"size_bytes_max": most})
        return await world_as_seed.of_world(replace(world, settings=world.settings.model_copy(update={"seeds": seeds})))

    size = sum(map(len, (await world_as_seed.of_world(world)).letters.values()))
    assert len((await told(size)).letters) == 5
    with refused(Rule.LIMIT_REACHED, f"The letters have over {size - 1} bytes: save a snapshot, or raise MSS_SIM_SEEDS_SIZE_BYTES_MAX."):
        await told(size - 1)


WHOLE = Path(__file__).with_name("whole")
"""A seed that says all that one may say, each time otherwise than what is taken where it says nothing."""


async def test_a_seed_that_says_everything_is_told_again_word_for_word(tmp_path: Path) -> None:
    files = seed_formats.read(WHOLE, 1_000_000)
    async with _begun(tmp_path / "whole", files) as world:
        kept = await snapshots.save(world, Shelf(tmp_path / "shelf", 5), "whole")
        for again in (await world_as_seed.of_world(world), await world_as_seed.of_snapshot(world, kept)):
            assert again.text.partition("\n\n")[2].splitlines() == files.text.splitlines()
            assert again.letters == files.letters


def test_that_seed_says_everything() -> None:
    """But for what is told otherwise: until when a grant is valid, and a certificate of an authority elsewhere, which is made."""
    told = tomllib.loads((WHOLE / "seed.toml").read_text(encoding="utf-8"))
    unsaid = {name for name, table in seed_fields.TABLES.items() if name != "settings" for name in _unsaid(f"{name}.", table, told[name])}
    assert unsaid == {"grants.valid_days", "operators.mx_ca"}


def _unsaid(above: str, table: Rows, told: Any) -> Iterator[str]:
    rows = told if table.many else [told]
    for name, check in table.fields.items():
        values = [row[name] for row in rows if name in row]
        if not values:
            yield above + name
        elif isinstance(check, Rows):
            yield from _unsaid(f"{above}{name}.", check, [one for value in values for one in value] if check.many else values[0])
