"""Every letter of the world: which are listed, where their copies lie, what became of them."""

from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.core.access import delegation, journal
from mss_sim.core.control import every_letter
from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow.letter import Addressee
from mss_sim.errors import Rule
from mss_sim.store.letters import LetterQuery
from mss_sim.vocabulary.mail import Notify
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, letter
from tests.core.towns import Town, refused

EVERYTHING = LetterQuery(limit=100)


async def _subjects(town: Town, mailbox: str | None = None, **asked: Any) -> list[str]:
    found = await every_letter.list_letters(town.world, LetterQuery(limit=100, **asked), mailbox)
    return [one.message.subject for one in found]


async def _send_three(town: Town) -> None:
    await town.bring(HOSPITAL, [DOCTOR, PRACTICE], "Hémoglobine", Message_ID="<un@hopital>", X_MSS_NIL="DEV0001")
    town.clock.advance(timedelta(hours=1))
    file = letter(LABORATORY, DOCTOR2, "Résultats")
    file.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="r.pdf")
    await town.bring(LABORATORY, DOCTOR2, raw=file.as_bytes(policy=SMTP))
    town.clock.advance(timedelta(hours=1))
    await town.send("doctor", PRACTICE, PATIENT, "Pour Claire")


async def test_all_are_listed_the_newest_first_in_whatever_mailbox(town: Town) -> None:
    await _send_three(town)
    found = await every_letter.list_letters(town.world, EVERYTHING)
    assert [(one.message.subject, one.copies) for one in found] == [("Pour Claire", 2), ("Résultats", 1), ("Hémoglobine", 2)]
    newest = found[0].message.id
    assert await _subjects(town, before=newest) == ["Résultats", "Hémoglobine"]
    assert [one.message.subject for one in await every_letter.list_letters(town.world, LetterQuery(limit=1))] == ["Pour Claire"]


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        ({"from_": "labo-parc"}, ["Résultats"]),
        ({"to": "tilleuls"}, ["Hémoglobine"]),
        ({"to": "285037511300167"}, ["Pour Claire"]),
        ({"subject": "hemoglo"}, ["Hémoglobine"]),
        ({"text": "bonjour"}, ["Pour Claire", "Résultats", "Hémoglobine"]),
        ({"text": "nulle part"}, []),
        ({"message_id": "<un@hopital>"}, ["Hémoglobine"]),
        ({"message_id": "un@hopital"}, []),
        ({"header": ("x-mss-nil", "dev0001")}, ["Hémoglobine"]),
        ({"header": ("X-MSS-NIL", "")}, ["Hémoglobine"]),
        ({"header": ("X-MSS-NIL", "dev0002")}, []),
        ({"has_document": True}, ["Résultats"]),
        ({"has_document": False, "from_": "tilleuls"}, ["Pour Claire"]),
    ],
    ids=str,
)
async def test_a_filter_selects(town: Town, asked: dict[str, Any], subjects: list[str]) -> None:
    await _send_three(town)
    assert await _subjects(town, **asked) == subjects


async def test_of_a_span_of_time_and_of_a_mailbox(town: Town) -> None:
    await _send_three(town)
    oldest = (await every_letter.list_letters(town.world, EVERYTHING))[-1].message.received_at
    assert await _subjects(town, since=oldest + 1) == ["Pour Claire", "Résultats"]
    assert await _subjects(town, until=oldest + 1) == ["Hémoglobine"]
    assert await _subjects(town, DOCTOR) == ["Hémoglobine"]
    assert await _subjects(town, PRACTICE) == ["Pour Claire", "Hémoglobine"]
    with refused(Rule.NOT_FOUND, "personne@"):
        await _subjects(town, "personne@medecin.sim.mssante.fr")


async def test_a_header_is_looked_for_in_more_letters_than_are_read_at_once_and_in_long_headers(town: Town) -> None:
    await town.bring(HOSPITAL, DOCTOR, "Loin", X_Long=" ".join(["mot"] * 3_000), X_Fin="oui")
    for number in range(120):
        await town.bring(HOSPITAL, DOCTOR2, f"Autre {number}")
    assert await _subjects(town, header=("X-Fin", "oui")) == ["Loin"]
    assert len(await every_letter.list_letters(town.world, LetterQuery(limit=110, header=("Subject", "autre")))) == 110


async def test_a_text_that_is_too_long_is_not_looked_for(town: Town) -> None:
    with refused(Rule.LIMIT_REACHED):
        await _subjects(town, header=("X", "a" * 1_001))


async def test_a_message_id_that_no_letter_can_have_is_not_looked_for(town: Town) -> None:
    with refused(Rule.INVALID, "A text holds a NUL character; leave it out."):
        await _subjects(town, message_id="<a\x00@b>")


async def test_one_tells_where_each_copy_lies_and_what_became_of_it(town: Town) -> None:
    people = (Addressee(PRACTICE, frozenset({Notify.SUCCESS})), Addressee("personne@medecin.sim.mssante.fr"))
    sent = await town.send("doctor", DOCTOR, [PRACTICE], "Bonjour", addressees=people[:1])
    opened = await every_letter.open_letter(town.world, sent.message_id)
    assert [(one.address, one.folder, one.uid) for one in opened.places] == [(PRACTICE, "INBOX", 1), (DOCTOR, "Sent", 1)]
    [told] = opened.sent
    assert told.submission.id == sent.submission_id
    [(person, events, waiting)] = told.recipients
    assert (person.address, [one.kind.value for one in events], waiting) == (PRACTICE, ["submitted", "delivered"], None)
    [copy] = await town.lying(PRACTICE)
    assert opened.places[0].id == copy.copy.id
    assert await every_letter.read_raw(town.world, sent.message_id) == await town.raw(copy)


async def test_letters_with_one_message_id_are_called_alike(town: Town) -> None:
    first = await town.bring(HOSPITAL, DOCTOR, "Un", Message_ID="<deux-fois@hopital>")
    second = await town.bring(HOSPITAL, DOCTOR2, "Deux", Message_ID="<deux-fois@hopital>")
    other = await town.bring(HOSPITAL, DOCTOR2, "Trois")
    assert (await every_letter.open_letter(town.world, first.message_id)).called_alike == (second.message_id,)
    assert (await every_letter.open_letter(town.world, other.message_id)).called_alike == ()
    assert (await every_letter.open_letter(town.world, other.message_id)).sent == ()


async def test_what_carers_see_is_no_place_of_its_own(town: Town) -> None:
    sent = await town.send("doctor", PRACTICE, PATIENT)
    patient, carer = journal.by(await town.actor("patient")), await town.identity("doctor2")
    asked = delegation.GrantRequest(PATIENT, carer.idnat, frozenset({Right.SEE, Right.READ}), reason="Aidant")
    await delegation.grant(town.world, patient, asked)
    assert {one.address for one in (await every_letter.open_letter(town.world, sent.message_id)).places} == {PATIENT, PRACTICE}
    assert [one.copies for one in await every_letter.list_letters(town.world, EVERYTHING)] == [2]


async def test_a_letter_is_gone_with_its_last_copy(town: Town) -> None:
    brought = await town.bring(HOSPITAL, DOCTOR)
    [item] = await town.lying(DOCTOR)
    await messages.delete(town.world, await town.actor("doctor"), DOCTOR, item.copy.id)
    assert await every_letter.list_letters(town.world, EVERYTHING) == []
    for verb in (every_letter.open_letter, every_letter.read_raw):
        with refused(Rule.NOT_FOUND, "/control/messages"):
            await verb(town.world, brought.message_id)
