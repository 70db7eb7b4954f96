"""Worlds kept under names, without any door: what is kept, what is gone back to, what is refused and changes nothing."""

import io
import zipfile
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from mss_sim.core.access import delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.assembly import Core
from mss_sim.core.control import snapshots
from mss_sim.core.control.snapshots import About, Shelf, Snapshot
from mss_sim.core.mailbox import charge_verbs
from mss_sim.core.mailbox.charge_verbs import Wish
from mss_sim.errors import Rule
from mss_sim.vocabulary.charge import ChargeDeed
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, Town, refused


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "kept", 3)


async def test_a_world_goes_back_as_often_as_it_is_asked(town: Town, shelf: Shelf) -> None:
    kept = await snapshots.save(town.world, shelf, "empty", About(seed="cabinet"))
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
        assert await town.subjects(PRACTICE) == [subject]
        await town.core.restore(kept)
        assert await town.subjects(PRACTICE) == []


async def test_what_is_refused_is_not_kept(town: Town, shelf: Shelf) -> None:
    for name in ("a", "b", "c"):
        await snapshots.save(town.world, shelf, name)
    with refused(Rule.CONFLICT, "already"):
        await snapshots.save(town.world, shelf, "a")
    with refused(Rule.LIMIT_REACHED, "the most that may be"):
        await snapshots.save(town.world, shelf, "d")
    for name in ("../d", "now"):
        with refused(Rule.INVALID, "A snapshot is named by"):
            await snapshots.save(town.world, shelf, name)
    with refused(Rule.NOT_FOUND, "There is no snapshot d"):
        await shelf.one("d")
    assert [one.name for one in await shelf.all()] == ["a", "b", "c"]
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["a.mss-sim", "b.mss-sim", "c.mss-sim"]


async def _pieces(octets: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(octets), 100_000):
        yield octets[start : start + 100_000]


async def test_one_from_elsewhere_is_kept_as_it_is_once_all_of_it_was_looked_at(town: Town, shelf: Shelf) -> None:
    octets = (await snapshots.save(town.world, shelf, "a")).file.read_bytes()
    taken = await shelf.take_in("b", _pieces(octets), replace=False)
    assert (taken.name, taken.manifest.name, taken.file.read_bytes()) == ("b", "a", octets)
    with refused(Rule.CONFLICT, "There is a snapshot b already"):
        await shelf.take_in("b", _pieces(octets), replace=False)
    for wrong, why in (
        (b"x", "c is no snapshot of a world: it is no archive."),
        (_with_database(octets, b"x"), "c is no snapshot of a world: its database holds no world."),
    ):
        with refused(Rule.INVALID, why):
            await shelf.take_in("c", _pieces(wrong), replace=False)
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["a.mss-sim", "b.mss-sim"]


def _with_database(octets: bytes, database: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(octets)) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            target.writestr(name, database if name == "mss-sim.db" else source.read(name))
    return packed.getvalue()


async def test_a_file_that_is_none_is_passed_over_in_lists_and_told_by_name(town: Town, shelf: Shelf) -> None:
    kept = await snapshots.save(town.world, shelf, "good")
    (shelf.folder / "bad.mss-sim").write_bytes(b"x")
    assert [one.name for one in await shelf.all()] == ["good"]
    with refused(Rule.INVALID, "bad is no snapshot of a world: it is no archive"):
        await shelf.one("bad")
    octets = bytearray(kept.file.read_bytes())
    octets[octets.index(b"SQLite format 3")] ^= 1
    kept.file.write_bytes(octets)
    await town.send("hospital", HOSPITAL, PRACTICE)
    with refused(Rule.INVALID, "good is no snapshot of a world: its mss-sim.db is damaged"):
        await town.core.restore(kept)
    assert await town.subjects(PRACTICE) == ["Bonjour"], "nothing has changed"


async def test_one_of_other_authorities_is_no_past_of_this_world(town: Town, shelf: Shelf) -> None:
    kept = await snapshots.save(town.world, shelf, "here")
    town.world.igc.ca_file.write_text("another root", encoding="ascii")
    with refused(Rule.CONFLICT, "begin a world with it"):
        await town.core.restore(kept)


async def test_a_core_may_keep_none(town: Town) -> None:
    core: Core = town.core
    assert core.snapshots is None


async def test_what_differs(town: Town, shelf: Shelf) -> None:
    before = await snapshots.save(town.world, shelf, "before")
    await town.send("hospital", HOSPITAL, PRACTICE)
    async with snapshots.as_it_is(town.world, shelf, None) as now:
        found = await snapshots.compare(before, now)
    assert (found["letters"].added_count, found["letters"].removed_count, found["people"].added) == (2, 0, [])
    assert [one.name for one in await shelf.all()] == ["before"]


async def test_letters_of_two_pasts_are_the_same_by_mailbox_message_id_and_subject(town: Town, shelf: Shelf) -> None:
    begun = await snapshots.save(town.world, shelf, "begun")

    async def told(name: str, to: str, subject: str, id_: str) -> Snapshot:
        await town.core.restore(begun)
        await town.bring("a@mta.example", to, subject, Message_ID=id_)
        return await snapshots.save(town.world, shelf, name)

    one = await told("one", PRACTICE, "Un", "<1@mta.example>")
    for to, subject, id_, same in (
        (PRACTICE, "Un", "<1@mta.example>", True),
        (PRACTICE, "Deux", "<1@mta.example>", False),
        (PRACTICE, "Un", "<2@mta.example>", False),
        (DOCTOR2, "Un", "<1@mta.example>", False),
    ):
        other = await told("other", to, subject, id_)
        found = (await snapshots.compare(one, other))["letters"]
        assert (found.added_count, found.removed_count, len(found.changed)) == ((0, 0, 0) if same else (1, 1, 0)), (to, subject, id_)
        await shelf.remove("other")


async def test_grants_of_two_pasts_are_the_same_by_mailbox_and_by_who_was_given_them(town: Town, shelf: Shelf) -> None:
    begun = await snapshots.save(town.world, shelf, "begun")

    async def told(name: str, to: str, who: str, *rights: Right) -> Snapshot:
        await town.core.restore(begun)
        await delegation.grant(town.world, CONTROL, GrantRequest(to, IDNATS[who], frozenset(rights)))
        return await snapshots.save(town.world, shelf, name)

    one = await told("one", DOCTOR, "newcomer", Right.SEE)
    for to, who, right, counts in (
        (DOCTOR, "newcomer", Right.SEE, (0, 0, 0)),
        (DOCTOR, "newcomer", Right.READ, (0, 0, 1)),
        (DOCTOR, "doctor2", Right.SEE, (1, 1, 0)),
        (DOCTOR2, "newcomer", Right.SEE, (1, 1, 0)),
    ):
        other = await told("other", to, who, right)
        found = (await snapshots.compare(one, other))["grants"]
        assert (found.added_count, found.removed_count, len(found.changed)) == counts, (to, who, right)
        await shelf.remove("other")


async def test_it_is_a_difference_who_has_a_letter_in_charge(town: Town, shelf: Shelf) -> None:
    await town.send("doctor2", DOCTOR2, PRACTICE)
    [item], secretary = await town.lying(PRACTICE), await town.actor("secretary")
    saved = []
    for name, wish in (("open", None), ("taken", Wish(ChargeDeed.TAKE)), ("given", Wish(ChargeDeed.ASSIGN, "hugo.bernard"))):
        if wish:
            await charge_verbs.do(town.world, secretary, PRACTICE, item.copy.id, wish)
        saved.append(await snapshots.save(town.world, shelf, name))
    for earlier, later in pairwise(saved):
        assert len((await snapshots.compare(earlier, later))["letters"].changed) == 1
    assert (await snapshots.compare(saved[-1], saved[-1]))["letters"].changed == []


def test_of_two_letters_alike_each_is_matched_with_the_one_that_is_the_same_throughout() -> None:
    """Worlds without ids in common, and one letter that lies twice in a mailbox, read in one place and not in the other."""
    read, unread = ("INBOX", "<a@b.fr>", "Bilan", "\\Seen"), ("INBOX", "<a@b.fr>", "Bilan", "")
    before: snapshots.Contents = {(PRACTICE, "1"): read, (PRACTICE, "2"): unread}
    after: snapshots.Contents = {(PRACTICE, "8"): unread, (PRACTICE, "9"): read}
    assert snapshots._matched("letters", before, after) == (before, before)  # noqa: SLF001 - no two worlds are made for it
    gone: snapshots.Contents = {(PRACTICE, "8"): ("Archive", "<a@b.fr>", "Bilan", "")}
    assert snapshots._matched("letters", before, gone) == (before, {(PRACTICE, "1"): gone[PRACTICE, "8"]})  # noqa: SLF001


def test_a_letter_that_both_have_is_not_taken_for_its_like_that_is_gone() -> None:
    read, unread = ("INBOX", "<a@b.fr>", "Bilan", "\\Seen"), ("INBOX", "<a@b.fr>", "Bilan", "")
    before: snapshots.Contents = {(PRACTICE, "1"): read, (PRACTICE, "2"): read, (PRACTICE, "3"): unread}
    after: snapshots.Contents = {(PRACTICE, "1"): read, (PRACTICE, "8"): read}
    assert snapshots._matched("letters", before, after) == (before, {(PRACTICE, "1"): read, (PRACTICE, "2"): read})  # noqa: SLF001
