"""Letters of a seed: where they come to lie, in which conversation, and what of them is refused."""

from typing import Any

import pytest

from mss_sim.clock import iso
from mss_sim.core.control import seed_formats, seed_letters
from mss_sim.core.control.planting import Planting
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.mailbox import charge_verbs
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import Flag
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import Town, refused


def _letter(number: int, answers: int | None = None) -> bytes:
    answered = f"In-Reply-To: <{answers}@x>\r\n" if answers else ""
    return f"From: {HOSPITAL}\r\nTo: {PRACTICE}\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n{answered}\r\nBonjour.\r\n".encode()


def _files(rows: str, **letters: bytes) -> SeedFiles:
    octets = {f"{name}.eml": one for name, one in letters.items()}
    text, told = seed_formats.parsed(rows.encode())
    return SeedFiles(text, told, octets)


async def _plant(town: Town, files: SeedFiles) -> None:
    letters = await seed_letters.read(town.world, files)
    unit = lambda conn: Planting(town.world, conn, files, {}, again=False, own=True).plant(letters)  # noqa: E731 - a unit of work
    await town.world.store.write(unit)


def _row(name: str, *, copies: str = f'{{ mailbox = "{PRACTICE}" }}', more: str = "") -> str:
    return f'[[letters]]\nfile = "{name}.eml"\n{more}\ncopies = [{copies}]\n'


async def test_a_letter_lies_where_it_is_said_to_lie(town: Town) -> None:
    copies = f'{{ mailbox = "{PRACTICE}", folder = "Archive", flags = ["\\\\Seen", "\\\\Flagged"], keywords = ["$Label1"] }}, '
    copies += f'{{ mailbox = "{DOCTOR}", internal_date = 2026-03-02T08:00:00Z }}'
    await _plant(town, _files(_row("a", copies=copies, more='return_path = "x@y.fr"'), a=_letter(1)))
    [archived], [arrived] = await town.lying(PRACTICE, "Archive"), await town.lying(DOCTOR)
    assert (archived.copy.flags, archived.copy.keywords, archived.message.id) == (Flag.SEEN | Flag.FLAGGED, "$Label1", arrived.message.id)
    assert (iso(arrived.copy.internal_at), arrived.message.return_path) == ("2026-03-02T08:00:00Z", "x@y.fr")
    assert iso(arrived.message.received_at) == "2026-03-02T08:00:00Z", "the first date that is told of it"
    assert (await town.mailbox(DOCTOR)).used_bytes == len(_letter(1))
    assert await town.raw(arrived) == _letter(1)


async def test_answers_join_what_they_answer_unless_another_conversation_is_named(town: Town) -> None:
    rows = _row("a") + _row("b") + _row("c", more='conversation = "c.eml"') + _row("d", more='conversation = "c.eml"')
    await _plant(town, _files(rows, a=_letter(1), b=_letter(2, answers=1), c=_letter(3, answers=1), d=_letter(4)))
    threads = {item.message.subject: item.message.thread_id for item in await town.lying(PRACTICE)}
    assert threads["1"] == threads["2"] != threads["3"] == threads["4"]


async def test_who_read_it_and_sent_a_receipt(town: Town) -> None:
    reading = f'{{ mailbox = "{DOCTOR}", read_by = [{{ who = "899700420013", at = 2026-03-02T09:00:00Z, seen = true }}] }}'
    more = f'receipts = [{{ mailbox = "{DOCTOR}", sent_at = 2026-03-02T09:00:00Z }}]'
    asking = _letter(1).replace(b"Subject", f"Return-Path: <{HOSPITAL}>\r\nDisposition-Notification-To: {HOSPITAL}\r\nSubject".encode())
    await _plant(town, _files(_row("a", copies=reading, more=f'{more}\nreturn_path = "{HOSPITAL}"'), a=asking))
    doctor = await town.actor("doctor")
    [item] = await town.lying(DOCTOR)
    with refused(Rule.RECEIPT_ALREADY_SENT):
        await town.core.receipts.send(doctor, DOCTOR, item.copy.id, ReceiptWish())


async def test_who_has_it_in_charge_and_what_colleagues_noted(town: Town) -> None:
    noted = 'notes = [{ at = 2026-03-02T10:00:00Z, text = "À rappeler" }, '
    noted += '{ who = "899700420013", at = 2026-03-02T11:00:00Z, text = "Fait" }]'
    charge = 'charge = { state = "in_charge", who = "899700420013", since = 2026-03-02T09:00:00Z }'
    taken = f'{{ mailbox = "{PRACTICE}", {charge}, {noted} }}'
    await _plant(town, _files(_row("a", copies=taken), a=_letter(1)))
    [item] = await town.lying(PRACTICE)
    shown = await charge_verbs.look(town.world, await town.actor("secretary"), PRACTICE, item.copy.id)
    assert (shown.charge.name, iso(shown.charge.since_at), item.copy.keywords) == ("Dr Camille MARTIN", "2026-03-02T09:00:00Z", "InCharge")
    assert [(note.text, note.author_id is None) for note in shown.notes] == [("À rappeler", True), ("Fait", False)]


async def test_a_keyword_alone_puts_a_letter_into_nobodys_hands(town: Town) -> None:
    await _plant(town, _files(_row("a", copies=f'{{ mailbox = "{PRACTICE}", keywords = ["Handled", "urgent"] }}'), a=_letter(1)))
    [item] = await town.lying(PRACTICE)
    assert (item.copy.keywords, item.charge) == ("urgent", None)


@pytest.mark.parametrize(
    ("copy", "why"),
    [
        (f'{{ mailbox = "{PATIENT}", charge = {{ state = "done" }} }}', "mailboxes of professionals"),
        (f'{{ mailbox = "{PRACTICE}", charge = {{ state = "done", who = "x" }} }}', "There is no identity x."),
        (f'{{ mailbox = "{PRACTICE}", notes = [{{ at = 2026-03-02T10:00:00Z, text = " " }}] }}', "A note has a text"),
        (f'{{ mailbox = "{PRACTICE}", notes = [{{ at = 2026-03-02T10:00:00Z, text = "{"x" * 1001}" }}] }}', "at most 1000"),
    ],
)
async def test_what_cannot_be_in_charge_is_told_by_its_line(town: Town, copy: str, why: str) -> None:
    with refused(Rule.INVALID, why):
        await _plant(town, _files(_row("a", copies=copy), a=_letter(1)))
    assert await town.lying(PRACTICE) == []


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (lambda: _files(_row("a")), "a.eml: the letter is missing"),
        (lambda: _files(_row("a"), a=_letter(1), b=_letter(2)), "b.eml: no [[letters]]"),
        (lambda: _files(_row("a") + _row("a"), a=_letter(1)), "line 5, letters: a.eml is a letter already"),
        (lambda: _files(_row("a", copies=""), a=_letter(1)), "a.eml lies nowhere"),
        (lambda: _files(_row("a"), a=b"From: x\r\n\r\n\x00"), "seed: a.eml: the message holds a NUL octet; encode binary parts in base64."),
        (lambda: _files(_row("a", copies='{ mailbox = "x" }'), a=_letter(1)), "line 1, letters: "),
        (lambda: _files(_row("a", copies='{ mailbox = "x@y.fr" }'), a=_letter(1)), "There is no mailbox x@y.fr."),
        (lambda: _files(_row("a", copies=f'{{ mailbox = "{DOCTOR}", folder = "X" }}'), a=_letter(1)), "has no folder X"),
        (lambda: _files(_row("a", copies=f'{{ mailbox = "{DOCTOR}", flags = ["\\\\X"] }}'), a=_letter(1)), "is not a system flag"),
        (lambda: _files(_row("a", more='conversation = "b.eml"'), a=_letter(1)), "b.eml is no letter before this one"),
    ],
)
async def test_a_letter_that_nobody_may_hold_is_refused_and_none_is_there(town: Town, files: Any, why: str) -> None:
    with refused(Rule.INVALID, why):
        await _plant(town, files())
    assert await town.lying(PRACTICE, None) == []
