"""The letters of the world for who inspects them: each once, read by marks of his own, removed with all copies."""

from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.core.control import mail_catcher
from mss_sim.core.control.mail_catcher import TERMS_MAX, Inspection
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.appending import NewCopy, append
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Rule
from mss_sim.mail.terms import Term, TermKind
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, letter
from tests.core.towns import OpenTown, Town, refused


async def _find(town: Town, *terms: Term, start: int = 0, limit: int = 100, **more: Any) -> Inspection:
    return await mail_catcher.find(town.world, terms, start=start, limit=limit, **more)


async def _subjects(town: Town, *terms: Term) -> list[str]:
    return [one.message.subject for one in (await _find(town, *terms)).letters]


async def test_a_letter_is_there_once_however_many_copies_lie(town: Town) -> None:
    await town.send("doctor", DOCTOR, [PRACTICE, DOCTOR2, PATIENT], "Un")
    await town.send("doctor", DOCTOR, [PRACTICE], "Deux")
    found = await _find(town, start=1, limit=1)
    assert [one.message.subject for one in found.letters] == ["Un"]
    assert (found.matching, found.matching_unread, found.totals.letters, found.totals.unread) == (2, 2, 2, 2)
    assert (await _find(town, Term(TermKind.SUBJECT, "un"))).totals.letters == 2
    assert (await mail_catcher.totals(town.world)).size_bytes == sum(one.message.size_bytes for one in (await _find(town)).letters)


async def test_one_that_was_carried_on_or_filed_again_is_there_as_its_author_sent_it(open_town: OpenTown) -> None:
    async with open_town(sent_append_once=False) as town:
        raw = letter(DOCTOR, HOSPITAL, "Un", Message_ID="<un@medecin>").as_bytes(policy=SMTP)
        sent = await town.send("doctor", DOCTOR, HOSPITAL, raw=raw)
        await town.bring(DOCTOR, HOSPITAL, raw=b"Received: from a by b; Mon, 05 Jan 2026 09:00:00 +0100\r\n" + raw)
        doctor = await town.actor("doctor", Door.IMAP)
        await append(town.world, doctor, FolderRef(DOCTOR, "Sent"), NewCopy(raw))
        assert len(await town.lying(HOSPITAL)) == 2
        [one] = (await _find(town)).letters
        assert one.message.id == sent.message_id
        await mail_catcher.remove(town.world, None)
        assert [await town.lying(address, None) for address in (DOCTOR, HOSPITAL)] == [[], []]
        await town.bring(DOCTOR, HOSPITAL, raw=raw)
        assert await _subjects(town) == [], "it was on its way"


async def test_one_of_which_nothing_is_kept_where_it_left_is_there_as_it_arrived(town: Town) -> None:
    raw = letter(DOCTOR, HOSPITAL, "Un", Message_ID="<un@medecin>").as_bytes(policy=SMTP)
    await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
    arrived = await town.bring(DOCTOR, HOSPITAL, raw=raw)
    for who, address in (("doctor", DOCTOR), ("doctor2", DOCTOR2)):
        for item in await town.lying(address, None):
            await messages.delete(town.world, await town.actor(who), address, item.copy.id)
    assert [one.message.id for one in (await _find(town)).letters] == [arrived.message_id]


async def test_two_that_were_sent_are_two_whatever_they_are_called(town: Town) -> None:
    for _ in range(2):
        await town.send("doctor", DOCTOR, DOCTOR2, "Deux fois", Message_ID="<deux-fois@medecin>")
        await town.bring(HOSPITAL, DOCTOR2, "D'ailleurs", Message_ID="<ailleurs@hopital>")
    first = (await _find(town)).letters[-1].message.id
    assert len(await _subjects(town)) == 4
    await mail_catcher.remove(town.world, [first])
    assert await _subjects(town) == ["D'ailleurs", "Deux fois", "D'ailleurs"]


@pytest.mark.parametrize(
    ("terms", "subjects"),
    [
        ([], ["Trois", "Deux", "Un"]),
        ([Term(TermKind.FROM, "labo")], ["Deux"]),
        ([Term(TermKind.FROM, "labo", excluded=True)], ["Trois", "Un"]),
        ([Term(TermKind.TO, "tilleuls")], ["Un"]),
        ([Term(TermKind.CC, "hugo")], ["Un"]),
        ([Term(TermKind.TO, "hugo")], ["Trois", "Deux"]),
        ([Term(TermKind.TO, "hugo", excluded=True)], ["Un"]),
        ([Term(TermKind.BCC, "camille")], ["Trois"]),
        ([Term(TermKind.ANYBODY, "camille")], ["Trois", "Un"]),
        ([Term(TermKind.SUBJECT, "tro")], ["Trois"]),
        ([Term(TermKind.MESSAGE_ID, "un@medecin")], ["Un"]),
        ([Term(TermKind.MESSAGE_ID, "un@medecin", excluded=True)], ["Trois", "Deux"]),
        ([Term(TermKind.TEXT, "bonjour"), Term(TermKind.TEXT, "trois", excluded=True)], ["Deux", "Un"]),
        ([Term(TermKind.ATTACHMENT)], ["Deux"]),
        ([Term(TermKind.ATTACHMENT, excluded=True)], ["Trois", "Un"]),
        ([Term(TermKind.INLINE)], []),
        ([Term(TermKind.TAGGED)], []),
        ([Term(TermKind.TAGGED, "x", excluded=True)], ["Trois", "Deux", "Un"]),
        ([Term(TermKind.LARGER, 5_000)], []),
        ([Term(TermKind.SMALLER, 5_000), Term(TermKind.SUBJECT, "un")], ["Un"]),
    ],
    ids=str,
)
async def test_all_terms_hold_of_what_is_found(town: Town, terms: list[Term], subjects: list[str]) -> None:
    await town.send("doctor", DOCTOR, [PRACTICE, DOCTOR2], "Un", raw=_to_and_cc())
    file = letter(LABORATORY, DOCTOR2, "Deux")
    file.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="r.pdf")
    await town.bring(LABORATORY, DOCTOR2, raw=file.as_bytes(policy=SMTP))
    hidden = letter(HOSPITAL, DOCTOR2, "Trois").as_bytes(policy=SMTP)
    await town.send("hospital", HOSPITAL, [DOCTOR2, DOCTOR], raw=hidden)
    assert await _subjects(town, *terms) == subjects


def _to_and_cc() -> bytes:
    return letter(DOCTOR, PRACTICE, "Un", Cc=DOCTOR2, Message_ID="<Un@medecin>").as_bytes(policy=SMTP)


async def test_by_the_time_at_which_they_came(town: Town) -> None:
    for subject in ("Un", "Deux", "Trois"):
        await town.bring(HOSPITAL, DOCTOR, subject)
        town.clock.advance(timedelta(hours=1))
    at = (await _find(town)).letters[1].message.received_at
    assert await _subjects(town, Term(TermKind.SINCE, at)) == ["Trois", "Deux"]
    assert await _subjects(town, Term(TermKind.UNTIL, at)) == ["Deux", "Un"]
    assert [one.message.subject for one in (await _find(town, before=at)).letters] == ["Un"]


async def test_a_letter_is_read_without_anybody_seeing_it(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PATIENT, "Un")
    await town.bring(HOSPITAL, DOCTOR, "Deux")
    acts = await town.acts(PATIENT)
    opened, raw = await mail_catcher.open_letter(town.world, sent.message_id)
    assert (opened.message.subject, opened.login, opened.read) == ("Un", "camille.martin", False)
    assert raw == await town.raw((await town.lying(PATIENT))[0])
    assert await _subjects(town, Term(TermKind.READ)) == ["Un"]
    found = await _find(town, Term(TermKind.READ, excluded=True))
    assert (found.matching_unread, found.totals.unread, found.letters[0].read) == (1, 1, False)
    assert await town.acts(PATIENT) == acts
    assert not (await town.lying(PATIENT))[0].seen
    assert (await mail_catcher.open_letter(town.world, sent.message_id))[0].read
    assert (await mail_catcher.totals(town.world)).unread == 1


async def test_letters_are_marked_by_id_by_a_search_or_all(town: Town) -> None:
    numbers = [(await town.bring(HOSPITAL, DOCTOR, subject)).message_id for subject in ("Un", "Deux", "Trois")]
    read = Term(TermKind.READ)
    await mail_catcher.mark(town.world, [*numbers[:2], numbers[0], 4711], read=True)
    assert await _subjects(town, read) == ["Deux", "Un"]
    await mail_catcher.mark(town.world, None, [Term(TermKind.SUBJECT, "un")], read=False)
    assert await _subjects(town, read) == ["Deux"]
    await mail_catcher.mark(town.world, None, read=True)
    assert await _subjects(town, read) == ["Trois", "Deux", "Un"]
    await mail_catcher.mark(town.world, [], read=False)
    assert len(await _subjects(town, read)) == 3
    await mail_catcher.mark(town.world, None, read=False)
    assert await _subjects(town, read) == []


async def test_what_is_removed_goes_from_every_mailbox_and_does_not_come_back(town: Town) -> None:
    await town.change(HOSPITAL, quota_bytes=1)
    sent = await town.send("doctor", DOCTOR, [PRACTICE, HOSPITAL], "Un")
    await town.send("doctor", DOCTOR, PRACTICE, "Deux")
    await mail_catcher.mark(town.world, [sent.message_id], read=True)
    await mail_catcher.remove(town.world, [sent.message_id, 4711])
    assert await town.subjects(PRACTICE) == ["Deux"]
    assert await _subjects(town) == ["Deux"]
    [line] = [one for one in await town.told(PRACTICE) if one.act is Act.DELETED]
    assert (line.door, line.actor_id) == (Door.CONTROL, None)
    with refused(Rule.NOT_FOUND, "removed"):
        await mail_catcher.open_letter(town.world, sent.message_id)
    await town.change(HOSPITAL, quota_bytes=1_000_000)
    town.clock.advance(timedelta(hours=1))
    while await town.core.queue.work():
        pass
    assert await town.subjects(HOSPITAL) == ["Un"], "what was on its way arrives"
    assert await _subjects(town) == ["Deux"]
    await mail_catcher.mark(town.world, None, read=False)
    assert await _subjects(town) == ["Deux"]


async def test_of_what_carers_see_nothing_is_left_over(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT)
    await mail_catcher.remove(town.world, None, [Term(TermKind.SUBJECT, "bonjour")])
    assert await _subjects(town) == []
    assert (await town.mailbox(PATIENT)).used_bytes == 0


async def test_the_latest_is_the_newest_that_matches(town: Town) -> None:
    with refused(Rule.NOT_FOUND):
        await mail_catcher.latest(town.world, [])
    first = await town.bring(HOSPITAL, DOCTOR, "Un")
    second = await town.bring(HOSPITAL, DOCTOR, "Deux")
    assert await mail_catcher.latest(town.world, []) == second.message_id
    assert await mail_catcher.latest(town.world, [Term(TermKind.SUBJECT, "un")]) == first.message_id
    assert (await mail_catcher.look(town.world, first.message_id))[0].read is False


async def test_a_search_has_bounds(town: Town) -> None:
    with refused(Rule.LIMIT_REACHED, str(TERMS_MAX)):
        await _find(town, *[Term(TermKind.TEXT, "a")] * (TERMS_MAX + 1))
    with refused(Rule.LIMIT_REACHED):
        await _find(town, Term(TermKind.TEXT, "a" * 2_000))
    assert await _subjects(town, *[Term(TermKind.TEXT, "a")] * TERMS_MAX) == []
