"""Indicators of a world: each number counts what it says, in its period, under its domain and kind of mailbox."""

from datetime import date, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.core.control import indicators as verb
from mss_sim.core.control.indicators import PERIODS_MAX, IndicatorQuery, Indicators, indicators
from mss_sim.core.mailbox.mailboxes import remove_mailbox
from mss_sim.core.mailflow.letter import Addressee
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.indicators import Indicator, Span
from mss_sim.vocabulary.mail import XDM_NAME, Notify
from mss_sim.vocabulary.mailboxes import MailboxKind
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, letter
from tests.core.towns import OpenTown, Town, refused

_TODAY = date(2026, 1, 5)
_DAY = IndicatorQuery(_TODAY, _TODAY, Span.DAY)
_POPULATION = ("mailboxes", "mailboxes_opened")
_MEDECIN, _HOSPITAL, _PATIENTS = "medecin.sim.mssante.fr", "hopital-ormes.sim.mssante.fr", "patient.mssante.fr"


async def _numbers(town: Town, query: IndicatorQuery = _DAY) -> dict[tuple[str, str | None, str | None], dict[str, int]]:
    """What is not 0, but for mailboxes, by period, domain and kind."""
    found = await indicators(town.world, query)
    told = {
        (row.period, row.domain, row.kind): {
            name.value: number for name, number in row.numbers.items() if number and name not in _POPULATION
        }
        for row in found.rows
    }
    return {place: numbers for place, numbers in told.items() if numbers}


def _with_file(to: str, name: str) -> bytes:
    message: EmailMessage = letter(HOSPITAL, to)
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename=name)
    return message.as_bytes(policy=SMTP)


async def test_letters_are_counted_where_they_left_and_where_they_came(town: Town) -> None:
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    await town.send("hospital", HOSPITAL, PATIENT, raw=_with_file(PATIENT, "résultats.pdf"))
    await town.send("hospital", HOSPITAL, DOCTOR, raw=_with_file(DOCTOR, XDM_NAME))
    await town.send("secretary", PRACTICE, DOCTOR2)
    found = await _numbers(town)
    hospital = found["2026-01-05", _HOSPITAL, "PER"]
    size = hospital.pop("sent_octets")
    assert size > 500
    assert hospital == {
        "mailboxes_sending": 1,
        "authors": 1,
        "letters_sent": 3,
        "sent_to_patients": 1,
        "sent_with_documents": 2,
        "sent_with_xdm": 1,
    }
    practice = found["2026-01-05", "cabinet.sim.mssante.fr", "CAB"]
    assert practice.pop("sent_octets") > 100
    assert practice == {
        "mailboxes_sending": 1,
        "authors": 1,
        "letters_sent": 1,
        "sent_by_delegates": 1,
        "mailboxes_receiving": 1,
        "letters_received": 1,
    }
    assert found["2026-01-05", _MEDECIN, "PER"] == {"mailboxes_receiving": 2, "letters_received": 3}
    assert found["2026-01-05", _PATIENTS, "PATIENT"] == {"mailboxes_receiving": 1, "letters_received": 1}


async def test_what_a_patient_sends_is_told_apart(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    await town.send("patient", PATIENT, DOCTOR)
    found = await _numbers(town)
    assert found["2026-01-05", _MEDECIN, "PER"]["letters_received"] == 1
    assert found["2026-01-05", _MEDECIN, "PER"]["received_from_patients"] == 1
    assert found["2026-01-05", _PATIENTS, "PATIENT"]["letters_sent"] == 1


async def test_receipts_are_counted_by_what_they_say(town: Town) -> None:
    wanted = (Addressee(PRACTICE, frozenset({Notify.SUCCESS})),)
    await town.send("hospital", HOSPITAL, PRACTICE, addressees=wanted, Disposition_Notification_To=HOSPITAL)
    item = (await town.lying(PRACTICE))[0]
    await town.core.receipts.send(await town.actor("secretary"), PRACTICE, item.copy.id, ReceiptWish())
    found = await _numbers(town)
    hospital = found["2026-01-05", _HOSPITAL, "PER"]
    assert (hospital["told_delivered"], hospital["told_displayed"], hospital["reports_received"]) == (1, 1, 2)
    assert "letters_received" not in hospital
    assert found["2026-01-05", "cabinet.sim.mssante.fr", "CAB"]["receipts_sent"] == 1


async def test_letters_that_were_refused_are_counted_by_rule(town: Town) -> None:
    for who, sender in (("hospital", HOSPITAL), ("hospital", HOSPITAL), ("newcomer", HOSPITAL)):
        with pytest.raises(Refusal):
            await town.send(who, sender, "personne@hopital-ormes.sim.mssante.fr")
    found = await indicators(town.world, _DAY)
    assert {(row.domain, row.kind): dict(row.refused) for row in found.rows if row.refused} == {
        (_HOSPITAL, MailboxKind.PER): {"unknown-mailbox": 2},
        (None, None): {"send-not-allowed": 1},
    }
    assert found.refused == {"unknown-mailbox": 2, "send-not-allowed": 1}
    assert found.totals[Indicator.LETTERS_REFUSED] == 3


@pytest.mark.parametrize(("place", "day"), [("UTC", "2026-01-05"), ("Europe/Paris", "2026-01-06")])
async def test_a_day_is_that_of_the_clocks_on_the_wall(open_town: OpenTown, place: str, day: str) -> None:
    async with open_town(local_time=place) as town:
        town.clock.advance(timedelta(hours=15, minutes=30))  # 23:30 UTC
        await town.send("doctor", DOCTOR, DOCTOR2)
        found = await _numbers(town, IndicatorQuery(by=Span.DAY))
        assert [period for (period, _, _), numbers in found.items() if "letters_sent" in numbers] == [day]


async def test_months_are_those_of_the_calendar_and_a_cut_one_counts_what_lies_within(town: Town) -> None:
    for _ in range(3):
        await town.send("doctor", DOCTOR, DOCTOR2)
        town.clock.advance(timedelta(days=20))  # the 5th and the 25th of January, the 14th of February
    year = await indicators(town.world, IndicatorQuery())
    assert (year.first, year.periods[0], year.periods[-1], len(year.periods)) == (date(2025, 4, 1), "2025-04", "2026-03", 12)
    assert _sent(year) == {"2026-01": 2, "2026-02": 1}
    cut = await indicators(town.world, IndicatorQuery(date(2026, 1, 6), date(2026, 2, 13)))
    assert (cut.periods, _sent(cut)) == (("2026-01", "2026-02"), {"2026-01": 1})


def _sent(found: Indicators) -> dict[str, int]:
    told: dict[str, int] = {}
    for row in found.rows:
        told[row.period] = told.get(row.period, 0) + row.numbers[Indicator.LETTERS_SENT]
    return {period: number for period, number in told.items() if number}


async def test_one_domain_or_kind_alone(town: Town) -> None:
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    assert {place[1] for place in await _numbers(town, IndicatorQuery(_TODAY, _TODAY, domain=_MEDECIN))} == {_MEDECIN}
    assert {place[2] for place in await _numbers(town, IndicatorQuery(_TODAY, _TODAY, kind=MailboxKind.CAB))} == {"CAB"}
    assert (await indicators(town.world, IndicatorQuery(domain="nowhere.mssante.fr"))).rows == ()


async def test_mailboxes_are_those_at_the_end_of_each_period(town: Town) -> None:
    days = IndicatorQuery(_TODAY - timedelta(days=1), _TODAY + timedelta(days=1), Span.DAY, domain=_MEDECIN)
    found = {row.period: row.numbers for row in (await indicators(town.world, days)).rows}
    there = [(period, one[Indicator.MAILBOXES], one[Indicator.MAILBOXES_OPENED]) for period, one in found.items()]
    assert there == [("2026-01-05", 2, 2), ("2026-01-06", 2, 0)]
    assert (await indicators(town.world, days)).totals[Indicator.MAILBOXES] == 2


async def test_mailboxes_that_were_there_before_are_counted_in_each_domain(town: Town) -> None:
    town.clock.advance(timedelta(days=1))
    tomorrow = _TODAY + timedelta(days=1)
    found = (await indicators(town.world, IndicatorQuery(tomorrow, tomorrow, Span.DAY))).rows
    places = [(row.domain, row.kind) for row in found]
    assert places == [
        ("cabinet.sim.mssante.fr", "CAB"),
        (_HOSPITAL, "ORG"),
        (_HOSPITAL, "PER"),
        ("labo-parc.sim.mssante.fr", "APP"),
        (_MEDECIN, "PER"),
        (_PATIENTS, "PATIENT"),
    ]
    assert [row.numbers[Indicator.MAILBOXES] for row in found] == [1, 1, 1, 1, 2, 2]
    assert [row.refused for row in found] == [{}] * len(found)


async def test_what_a_mailbox_did_that_was_removed_stays_under_no_domain(town: Town) -> None:
    await town.send("hospital", HOSPITAL, DOCTOR2)
    await remove_mailbox(town.world, DOCTOR2)
    found = await _numbers(town)
    assert found["2026-01-05", None, None] == {"mailboxes_receiving": 1, "letters_received": 1}


@pytest.mark.parametrize(
    ("query", "rule", "words"),
    [
        ({"first": date(2026, 2, 1), "last": date(2026, 1, 1)}, Rule.INVALID, "no stretch of time"),
        ({"first": date(1969, 12, 31)}, Rule.INVALID, "1970"),
        ({"last": date(9999, 12, 31)}, Rule.INVALID, "2100"),
        ({"first": date(2024, 1, 1), "by": Span.DAY}, Rule.LIMIT_REACHED, "400 periods"),
        ({"first": date(1999, 1, 1)}, Rule.LIMIT_REACHED, "240 periods"),
    ],
)
async def test_a_stretch_that_is_none_or_too_long_is_refused(town: Town, query: dict[str, Any], rule: Rule, words: str) -> None:
    with refused(rule, words):
        await indicators(town.world, IndicatorQuery(**query))


async def test_the_longest_stretches_and_the_first_days_are_counted(town: Town) -> None:
    for query in (
        IndicatorQuery(_TODAY - timedelta(days=PERIODS_MAX[Span.DAY] - 1), _TODAY, Span.DAY),
        IndicatorQuery(date(1970, 1, 1), date(1970, 1, 1), Span.DAY),
        IndicatorQuery(None, date(1970, 1, 2), Span.DAY),
        IndicatorQuery(None, date(1970, 2, 1)),
        IndicatorQuery(date(2100, 12, 31), None),
    ):
        found = await indicators(town.world, query)
        assert found.periods[-1].startswith(found.last.isoformat()[:7])


async def test_too_many_rows_are_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "ROWS_MAX", 10)
    with refused(Rule.LIMIT_REACHED, "over 10 rows"):
        await indicators(town.world, IndicatorQuery(by=Span.DAY))
    assert (await indicators(town.world, IndicatorQuery(by=Span.MONTH, domain=_MEDECIN, first=_TODAY))).rows
