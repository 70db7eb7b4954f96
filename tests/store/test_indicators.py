"""What is counted of the journal, the same on both databases: periods to the microsecond, hostile texts, mailboxes that are gone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, insert

from mss_sim.clock import DAY, ManualClock
from mss_sim.ids import IdSource
from mss_sim.models.tables import identities, journal, mailboxes, messages, operators
from mss_sim.store import indicators
from mss_sim.store.engine import sqlite_url
from mss_sim.store.indicators import Place, Stretch
from mss_sim.store.store import Store
from mss_sim.vocabulary.indicators import Indicator
from mss_sim.vocabulary.mailboxes import MailboxKind

_STRETCH = Stretch((1_000, 2_000, 3_000), 4_000)
_BOX, _OTHER, _GONE = 11, 12, 99
_DOCTOR, _DELEGATE = 101, 102
_NUMBERS = count(1_000)
_PER = MailboxKind.PER


@pytest.fixture
async def store(tmp_path: Path, database: str | None) -> AsyncIterator[Store]:
    opened = Store(database or sqlite_url(tmp_path / "indicators.db"))
    opened.open()
    await opened.write(_people)
    yield opened
    await opened.close()


def _people(conn: Connection) -> None:
    conn.execute(insert(operators).values(id=1, name="operator"))
    person = {"kind": "professional", "family_name": "X", "enabled": True, "created_at": 0}
    conn.execute(insert(identities), [{**person, "id": id_, "idnat": f"8{id_}"} for id_ in (_DOCTOR, _DELEGATE)])
    box = {"operator_id": 1, "owner_id": _DOCTOR, "state": "active", "quota_bytes": 1, "used_bytes": 0, "seen_policy": "shared"}
    box |= {"sent_policy": "owner", "uid_validity_last": 1}
    conn.execute(
        insert(mailboxes),
        [
            {**box, "id": _BOX, "address": "a@medecin.example", "kind": "PER", "created_at": 999},
            {**box, "id": _OTHER, "address": "b@cabinet.example", "kind": "CAB", "created_at": 2_000},
            {**box, "id": 13, "address": "c@cabinet.example", "kind": "CAB", "created_at": 4_000},
        ],
    )
    conn.execute(insert(mailboxes).values(**box, id=14, address="view", kind="PATIENT", created_at=1_500, carer_view_of=_BOX))


async def _tell(store: Store, act: str, at: int, detail: dict[str, Any], mailbox_id: int | None = _BOX, **more: Any) -> None:
    line = {"id": next(_NUMBERS), "act": act, "at": at, "door": "smtp", "detail": orjson.dumps(detail).decode(), "mailbox_id": mailbox_id}
    await store.write(lambda conn: conn.execute(insert(journal).values(**{**line, **more})))


async def _letter(store: Store, *, files: bool = False, summary: dict[str, Any] | None = None, size: int = 100) -> int:
    id_ = next(_NUMBERS)
    row = {"id": id_, "thread_id": id_, "size_bytes": size, "received_at": 0, "subject": "", "has_attachments": files}
    row |= {"summary": orjson.dumps(summary or {"xdm": False}).decode(), "from_search": "", "to_search": "", "subject_search": ""}
    await store.write(lambda conn: conn.execute(insert(messages).values(**row)))
    return id_


async def _submit(store: Store, at: int, to: list[str], *, message_id: int | None = None, rfc: str = "<1@x>", **more: Any) -> None:
    detail = {"to": to, "mode": "owner", "rfc_message_id": rfc}
    await _tell(store, "message.submitted", at, detail, message_id=message_id or await _letter(store), **{"actor_id": _DOCTOR, **more})


async def _sent(store: Store, stretch: Stretch = _STRETCH) -> dict[Place, dict[Indicator, int]]:
    found: dict[Place, dict[Indicator, int]] = {}
    for one in await store.read(indicators.sent, stretch):
        found.setdefault(one.place, {})[one.what] = one.number
    return found


async def test_a_period_begins_with_its_first_microsecond_and_ends_before_the_next(store: Store) -> None:
    for at in (999, 1_000, 1_999, 2_000, 3_999, 4_000):
        await _submit(store, at, ["b@cabinet.example"])
    found = await _sent(store)
    assert {place.period: one[Indicator.LETTERS_SENT] for place, one in found.items()} == {0: 2, 1: 1, 2: 1}
    assert {(place.domain, place.kind) for place in found} == {("medecin.example", _PER)}


async def test_each_letter_is_worth_what_its_lines_say(store: Store) -> None:
    archive = await _letter(store, files=True, summary={"xdm": True}, size=700)
    await _submit(store, 1_000, ["1@patient.mssante.fr", "b@cabinet.example"], message_id=archive)
    await _submit(store, 1_000, ["b@cabinet.example"], actor_id=_DELEGATE, grant_id=5, message_id=await _letter(store, files=True))
    assert await _sent(store) == {
        Place(0, "medecin.example", _PER): {
            Indicator.LETTERS_SENT: 2,
            Indicator.SENT_TO_PATIENTS: 1,
            Indicator.SENT_BY_DELEGATES: 1,
            Indicator.SENT_WITH_DOCUMENTS: 2,
            Indicator.SENT_WITH_XDM: 1,
            Indicator.SENT_OCTETS: 800,
            Indicator.MAILBOXES_SENDING: 1,
            Indicator.AUTHORS: 2,
        }
    }


async def test_what_people_write_is_not_taken_for_what_we_wrote(store: Store) -> None:
    spoken = {"preview": 'il dit "xdm":true et "mode":"owner"', "xdm": False}
    said = await _letter(store, files=True, summary=spoken)
    await _submit(store, 1_000, ["b@cabinet.example"], message_id=said, rfc='<"1@patient.mssante.fr"@x>')
    await _submit(store, 1_000, ["patient.mssante.fr@medecin.example", "b@not-patient.mssante.fr.example"])
    (found,) = (await _sent(store)).values()
    assert (found[Indicator.SENT_WITH_XDM], found[Indicator.SENT_TO_PATIENTS]) == (0, 0)
    await _tell(store, "message.received", 1_000, {"from": 'x"@patient.mssante.fr.example'})
    counted = {one.what: one.number for one in await store.read(indicators.received, _STRETCH)}
    assert counted == {Indicator.LETTERS_RECEIVED: 1, Indicator.MAILBOXES_RECEIVING: 1}


async def test_what_comes_is_a_letter_or_a_report(store: Store) -> None:
    for sender in ("b@cabinet.example", "1@patient.mssante.fr", ""):
        await _tell(store, "message.received", 2_000, {"from": sender})
    for kind in ("delivered", "relayed", "delayed", "failed", "displayed", "processed", "submitted"):
        await _tell(store, "receipt.matched", 2_000, {"recipient": "delivered@cabinet.example", "kind": kind, "of": "x"})
    await _tell(store, "receipt.sent", 2_000, {"to": "b@cabinet.example", "disposition": "displayed", "of": None}, _OTHER)
    await _tell(store, "message.read", 2_000, {})
    found = await store.read(indicators.received, _STRETCH)
    assert {one.what: one.number for one in found if one.place == Place(1, "medecin.example", _PER)} == {
        Indicator.LETTERS_RECEIVED: 2,
        Indicator.RECEIVED_FROM_PATIENTS: 1,
        Indicator.REPORTS_RECEIVED: 1,
        Indicator.MAILBOXES_RECEIVING: 1,
        **dict.fromkeys([one for one in Indicator if one.startswith("told_")], 1),
    }
    assert [one for one in found if one.place.kind is MailboxKind.CAB] == [
        (Place(1, "cabinet.example", MailboxKind.CAB), Indicator.RECEIPTS_SENT, 1)
    ]


async def test_refusals_are_told_by_rule_whatever_follows_in_the_line(store: Store) -> None:
    for rule, detail in (("unknown-mailbox", "a"), ("unknown-mailbox", 'b","rule":"other'), ("no-recipient", "é" * 200)):
        await _tell(store, "message.refused", 1_000, {"rule": rule, "detail": detail, "from": "x"})
    await _tell(store, "message.refused", 1_000, {"rule": "send-not-allowed", "detail": "", "from": "x"}, None)
    found: dict[tuple[str | None, str], int] = {}
    for one in await store.read(indicators.refused, _STRETCH):
        key = (one.place.domain, one.rule)
        found[key] = found.get(key, 0) + one.number
    assert found == {("medecin.example", "unknown-mailbox"): 2, ("medecin.example", "no-recipient"): 1, (None, "send-not-allowed"): 1}


async def test_a_mailbox_that_is_gone_keeps_its_numbers_without_a_domain(store: Store) -> None:
    await _tell(store, "message.received", 1_000, {"from": "b@cabinet.example"}, _GONE)
    found = await store.read(indicators.received, _STRETCH)
    assert {one.place for one in found} == {Place(0, None, None)}


async def test_lines_of_long_before_are_passed_over_and_none_of_the_stretch_is(store: Store) -> None:
    world = ManualClock()
    ids = IdSource(world)
    at = world.now()
    for moved in (timedelta(days=1), timedelta(0)):
        await _tell(store, "message.received", world.now(), {"from": "b@cabinet.example"}, id=ids.next())
        world.advance(moved)
    found = await store.read(indicators.received, Stretch((at + DAY,), at + 2 * DAY))
    assert [one.number for one in found if one.what is Indicator.LETTERS_RECEIVED] == [1]


async def test_one_domain_one_kind(store: Store) -> None:
    await _submit(store, 1_000, ["b@cabinet.example"])
    await _submit(store, 1_000, ["a@medecin.example"], mailbox_id=_OTHER)
    for more, domain in (({"domain": "medecin.example"}, "medecin.example"), ({"kind": MailboxKind.CAB}, "cabinet.example")):
        found = await _sent(store, Stretch((1_000,), 4_000, **more))
        assert [place.domain for place in found] == [domain]


async def test_mailboxes_are_told_by_when_they_were_opened(store: Store) -> None:
    found = await store.read(indicators.population, _STRETCH)
    assert {one.place: one.number for one in found} == {
        Place(-1, "medecin.example", _PER): 1,
        Place(1, "cabinet.example", MailboxKind.CAB): 1,
    }
