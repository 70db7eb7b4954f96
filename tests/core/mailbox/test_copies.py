"""Verbs on many copies at once: the numbers stay true, the rights hold, what happened is found again."""

from collections.abc import AsyncIterator

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.access import authentication
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, copies, selected_folder
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import ById, InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderChanges, FolderPoll, FolderRef, FolderState, Wish
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.mail.criteria import Key
from mss_sim.store import messages
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag, Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, Person
from tests.conftest import StartSimulator
from tests.core.towns import IDNATS, Town

_EVERY = [(1, 10**9)]
_INBOX = FolderRef(PRACTICE, "INBOX")
_ARCHIVE = FolderRef(PRACTICE, "Archive")


@pytest.fixture
async def world(start: StartSimulator, database: str | None) -> AsyncIterator[Simulator]:
    async with start(database_url=database) as running:
        yield running


async def _actor(world: Simulator, role: str) -> Actor:
    account = Person(world, role).account
    return await authentication.with_password(world.world, account["login"], account["password"], door=Door.IMAP)


def _letter(subject: str, text: str = "Bonjour", header: str = "") -> NewCopy:
    raw = f"From: Camille <{DOCTOR}>\r\nTo: {PRACTICE}\r\nSubject: {subject}\r\n{header}\r\n{text}\r\n"
    return NewCopy(raw.encode())


async def _fill(world: Simulator, actor: Actor, *letters: NewCopy) -> list[int]:
    return [(await appending.append(world.world, actor, _INBOX, letter)).uids[0] for letter in letters]


async def test_what_is_appended_is_there_byte_for_byte_with_growing_uids(world: Simulator) -> None:
    doctor = await _actor(world, "doctor")
    letter = NewCopy(_letter("Un").raw, frozenset(("\\Seen", "$Forwarded")), 10**15)
    uids = await _fill(world, doctor, letter, _letter("Deux"))
    opened, known, _ = await selected_folder.open_folder(world.world, doctor, _INBOX)
    assert list(known) == uids == sorted(uids)
    assert (opened.folder.exists_count, opened.folder.unseen_count, opened.folder.uid_next) == (2, 1, uids[-1] + 1)
    found, left = await selected_folder.contents(world.world, doctor, _INBOX, _EVERY, Wish(raw=True))
    assert left == []
    (first, (envelope, structure, raw)), (second, _) = found
    assert raw == letter.raw
    assert b'"Un"' in envelope
    assert structure.startswith(b'("text" "plain"')
    assert (first.flags, first.keywords, first.internal_at, first.seen) == (Flag.SEEN, "$Forwarded", 10**15, True)
    assert (second.seen, second.size_bytes) == (False, len(_letter("Deux").raw))
    assert (await Person(world, "secretary").inbox(PRACTICE))[0]["subject"] == "Deux"


async def _look(world: Simulator, actor: Actor, known: FolderState) -> FolderChanges:
    return await world.core.folder_watch.poll(FolderPoll(actor, _INBOX, known))


async def test_a_look_tells_what_came_what_changed_and_what_went(world: Simulator) -> None:
    doctor = await _actor(world, "doctor")
    uids = await _fill(world, doctor, _letter("Un"), _letter("Deux"))
    folder = (await selected_folder.open_folder(world.world, doctor, _INBOX))[0].folder
    known = FolderState(2, folder.uid_next, folder.modseq)
    quiet = await _look(world, doctor, known)
    assert (quiet.uids, quiet.changed) == (None, ())
    new = (await _fill(world, doctor, _letter("Trois")))[0]
    arrival = await _look(world, doctor, known)
    assert (arrival.uids, [row.uid for row in arrival.changed]) == (None, [new])
    change = FlagChange(frozenset(("\\Flagged", "\\Deleted")))
    await copies.change_flags(world.world, doctor, InFolder(_INBOX, [(uids[0], uids[0])]), change)
    both = await _look(world, doctor, known)
    assert [row.uid for row in both.changed] == [uids[0], new]
    assert await copies.delete(world.world, doctor, InFolder(_INBOX, _EVERY), marked=True) == [uids[0]]
    gone = await _look(world, doctor, known)
    assert list(gone.uids or ()) == [uids[1], new]


async def test_flags_are_added_taken_replaced_and_left_alone_when_somebody_was_faster(world: Simulator) -> None:
    doctor = await _actor(world, "doctor")
    uid = (await _fill(world, doctor, _letter("Un")))[0]
    here = [(uid, uid)]
    rows, late, *_ = await copies.change_flags(world.world, doctor, InFolder(_INBOX, here), FlagChange(frozenset(("\\Flagged", "urgent"))))
    assert (rows[0].flags, rows[0].keywords, late) == (Flag.FLAGGED, "urgent", [])
    before = rows[0].modseq
    rows, *_ = await copies.change_flags(world.world, doctor, InFolder(_INBOX, here), FlagChange(frozenset(("\\Seen",)), replace=True))
    assert (rows[0].flags, rows[0].keywords, rows[0].seen) == (Flag.SEEN, "", True)
    stale = FlagChange(remove=frozenset(("\\Seen",)), unchanged_since=before)
    assert (await copies.change_flags(world.world, doctor, InFolder(_INBOX, here), stale))[:2] == ([], [uid])
    same, *_ = await copies.change_flags(world.world, doctor, InFolder(_INBOX, here), FlagChange(frozenset(("\\Seen",))))
    assert same[0].modseq == rows[0].modseq
    assert (await selected_folder.open_folder(world.world, doctor, _INBOX))[0].folder.unseen_count == 0


async def test_where_reading_is_personal_seen_is_each_readers_own(world: Simulator) -> None:
    doctor, secretary = await _actor(world, "doctor"), await _actor(world, "secretary")
    place = FolderRef(DOCTOR, "INBOX")
    await appending.append(world.world, doctor, place, _letter("Un"))
    rows, *_ = await copies.change_flags(world.world, doctor, InFolder(place, _EVERY), FlagChange(frozenset(("\\Seen",))))
    assert rows[0].seen
    assert not (await selected_folder.states(world.world, secretary, place, _EVERY))[0].seen
    again, *_ = await copies.change_flags(world.world, doctor, ById(DOCTOR, rows[0].copy_id), FlagChange(frozenset(("\\Seen",))))
    assert (again[0].seen, again[0].modseq) == (True, rows[0].modseq)


async def test_copies_and_moves_tell_where_the_messages_came_to_lie(world: Simulator) -> None:
    doctor = await _actor(world, "doctor")
    uids = await _fill(world, doctor, _letter("Un"), _letter("Deux"))
    before = (await selected_folder.states(world.world, doctor, _INBOX, [(uids[1], uids[1])]))[0]
    copied = await copies.copy(world.world, doctor, InFolder(_INBOX, [(uids[0], uids[0])]), _ARCHIVE)
    moved = await copies.move(world.world, doctor, InFolder(_INBOX, [(uids[1], uids[1])]), _ARCHIVE)
    assert (copied.here, moved.here) == ((uids[0],), (uids[1],))
    there = await selected_folder.states(world.world, doctor, _ARCHIVE, _EVERY)
    assert [row.uid for row in there] == [*copied.there, *moved.there]
    assert there[1].copy_id == before.copy_id
    assert list((await selected_folder.open_folder(world.world, doctor, _INBOX)).uids) == [uids[0]]
    other = await copies.move(world.world, doctor, InFolder(_ARCHIVE, _EVERY), FolderRef(DOCTOR, "Archive"))
    assert len(other.there) == 2
    assert list((await selected_folder.open_folder(world.world, doctor, _ARCHIVE)).uids) == []
    lost = [
        subject
        for subject in ("Un", "Deux")
        if subject not in str(await selected_folder.contents(world.world, doctor, FolderRef(DOCTOR, "Archive"), _EVERY, Wish(raw=True)))
    ]
    assert lost == []


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (Key("ALL"), [0, 1, 2]),
        (Key("SUBJECT", "RÉSULTAT"), [0]),
        (Key("FROM", "camille"), [0, 1, 2]),
        (Key("TEXT", "hemoglobine"), [1]),
        (Key("BODY", "hémoglobine"), [1]),
        (Key("BODY", "resultat"), []),
        (Key("HEADER", ("X-Tri", "beta")), [2]),
        (Key("HEADER", ("X-Tri", "")), [2]),
        (Key("NOT", keys=(Key("SUBJECT", "resultat"),)), [1, 2]),
        (Key("OR", keys=(Key("SUBJECT", "resultat"), Key("BODY", "hémoglobine"))), [0, 1]),
        (Key("AND", keys=(Key("FROM", "camille"), Key("HEADER", ("X-Tri", "beta")))), [2]),
        (Key("FLAG", Flag.SEEN), []),
        (Key("KEYWORD", "urgent"), []),
        (Key("LARGER", 10_000), []),
        (Key("SINCE", 0), [0, 1, 2]),
        (Key("SENTBEFORE", 10**18), []),
    ],
)
async def test_a_search_finds_what_it_names(town: Town, key: Key, found: list[int]) -> None:
    doctor = await town.actor("doctor", Door.IMAP)
    letters = (_letter("Résultat"), _letter("Bilan", "Hémoglobine 13"), _letter("Courrier", header="X-Tri: Beta\r\n"))
    uids = [(await appending.append(town.world, doctor, _INBOX, one)).uids[0] for one in letters]
    assert (await selected_folder.search(town.world, doctor, _INBOX, uids, key))[0] == [uids[at] for at in found]


async def test_each_verb_asks_for_its_right(world: Simulator) -> None:
    doctor, assistant, newcomer = [await _actor(world, role) for role in ("doctor", "assistant", "newcomer")]
    await _fill(world, doctor, _letter("Un"))
    core = world.world
    assert len((await selected_folder.contents(core, assistant, _INBOX, _EVERY, Wish(raw=True))).found) == 1
    attempts = [
        copies.change_flags(core, assistant, InFolder(_INBOX, _EVERY), FlagChange(frozenset(("\\Flagged",)))),
        copies.delete(core, assistant, InFolder(_INBOX, _EVERY), marked=True),
        copies.copy(core, assistant, InFolder(_INBOX, _EVERY), _ARCHIVE),
        copies.move(core, assistant, InFolder(_INBOX, _EVERY), _ARCHIVE),
        appending.append(core, assistant, _INBOX, _letter("Non")),
    ]
    for attempt in attempts:
        with pytest.raises(Refusal) as refusal:
            await attempt
        assert refusal.value.rule is Rule.RIGHT_MISSING
    with pytest.raises(Refusal) as hidden:
        await selected_folder.open_folder(core, newcomer, _INBOX)
    assert hidden.value.rule is Rule.NOT_FOUND


async def test_whoever_watches_the_store_is_told_which_folder_changed_after_the_commit(world: Simulator) -> None:
    doctor = await _actor(world, "doctor")
    told: list[set[int]] = []
    end = world.world.store.watch(told.append)
    await _fill(world, doctor, _letter("Un"))
    opened, *_ = await selected_folder.open_folder(world.world, doctor, _INBOX)
    assert {opened.folder.id} in told
    end()
    await _fill(world, doctor, _letter("Deux"))
    assert len(told) == 1


async def test_a_patient_learns_of_each_reading_of_a_carer_by_the_copy_that_he_knows(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["newcomer"], frozenset({Right.SEE, Right.READ})))
    await town.send("doctor", DOCTOR, PATIENT)
    [own] = await town.lying(PATIENT)
    carer = await town.actor("newcomer", Door.IMAP)
    for _ in range(2):
        await copies.note_reading(town.world, carer, InFolder(FolderRef(PATIENT, "INBOX"), _EVERY))
    lines = [(line.actor_id, line.detail) for line in await town.told(PATIENT) if line.act is Act.READ]
    assert lines == [(carer.identity.id, {"message": encode(own.copy.id)})] * 2
    noted = await town.world.store.read(messages.readings_of, [own.copy.id])
    assert [one.identity_id for one in noted[own.copy.id]] == [carer.identity.id]


async def test_what_a_carer_takes_away_stands_in_the_patients_journal_with_where_it_went(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["doctor2"], frozenset({Right.SEE, Right.READ})))
    await town.send("doctor", DOCTOR, PATIENT)
    [own] = await town.lying(PATIENT)
    carer = await town.actor("doctor2", Door.IMAP)
    await copies.copy(town.world, carer, InFolder(FolderRef(PATIENT, "INBOX"), _EVERY), FolderRef(DOCTOR2, "Archive"))
    (line,) = [line for line in await town.told(PATIENT) if line.act is Act.COPIED]
    assert (line.actor_id, line.detail) == (carer.identity.id, {"message": encode(own.copy.id), "to": DOCTOR2})


async def test_a_copy_is_seen_in_a_shared_mailbox_where_its_reader_has_seen_it_and_keeps_its_other_flags(town: Town) -> None:
    doctor, own = await town.actor("doctor", Door.IMAP), FolderRef(DOCTOR, "INBOX")
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, DOCTOR, subject)
    await copies.change_flags(town.world, doctor, InFolder(own, _EVERY), FlagChange(frozenset({"\\Flagged"})))
    await copies.change_flags(town.world, doctor, InFolder(own, [(2, 2)]), FlagChange(frozenset({"\\Seen"})))
    await copies.copy(town.world, doctor, InFolder(own, _EVERY), _ARCHIVE)
    rows = await selected_folder.states(town.world, doctor, _ARCHIVE, _EVERY)
    assert [row.flags for row in rows] == [Flag.FLAGGED, Flag.FLAGGED | Flag.SEEN]
