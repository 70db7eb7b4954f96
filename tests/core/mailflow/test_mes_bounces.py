"""Letters that were accepted come back, and tell which ones they were."""

import re
from datetime import timedelta
from email.policy import SMTP

import pytest

from mss_sim.clock import SECOND
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailflow import mes_bounces
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.trust import operators
from mss_sim.errors import Rule
from mss_sim.faults.actions import Malformed
from mss_sim.faults.rules import Match
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.vocabulary.behaviours import BounceForm, StepAct
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.faults import Point
from tests.clients import DOCTOR, HOSPITAL, PATIENT, letter
from tests.core.towns import OpenTown, Town, refused

NOBODY = "255062a00401251@patient.mssante.fr"
_GIVEN_EACH_TIME = re.compile(r"(?<=Message-ID: <)\w+\.\w+(?=@mail)|(?<=report-|turned-)\w{32}\b")
_HEADER = f"""\
Received: from mta.example
	by mail.sim.mssante.fr with ESMTPS
	for <{NOBODY}>;
	Mon, 05 Jan 2026 08:00:00 +0000
From: {HOSPITAL}
Subject: Bonjour
To: {NOBODY}
Date: Mon, 05 Jan 2026 09:00:00 +0100
Message-ID: <a@b.fr>
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 7bit
MIME-Version: 1.0
"""
_TOP = f"""\
To: {HOSPITAL}
Subject: =?utf-8?q?Message_non_distribu=C3=A9?=
Auto-Submitted: auto-replied
In-Reply-To: <a@b.fr>
References: <a@b.fr>
MIME-Version: 1.0
"""
_TOLD = "Votre message du Mon, 05 Jan 2026 08:00:00 +0000 n'a pas pu être remis : aucun usager ne correspond à l'adresse 2550…251."
REPORT = f"""\
Return-Path: <>
X-MSS-Sim-Cause: unknown-mailbox
Message-ID: <ID@mail.sim.mssante.fr>
Date: Mon, 05 Jan 2026 08:00:01 +0000
From: Messagerie <mailer-daemon@patient.mssante.fr>
{_TOP}\
Content-Type: multipart/report; report-type="delivery-status";
 boundary="report-ID"
Content-Transfer-Encoding: 8bit

--report-ID
Content-Type: text/plain; charset=utf-8
Content-Language: fr
Content-Transfer-Encoding: 8bit

{_TOLD}

  {NOBODY} (550 5.1.1 {_TOLD})

--report-ID
Content-Type: message/delivery-status
Content-Transfer-Encoding: 7bit

Original-Envelope-Id: A1
Reporting-MTA: dns; mail.sim.mssante.fr
Arrival-Date: Mon, 05 Jan 2026 08:00:00 +0000

Original-Recipient: rfc822;Nobody@patient.mssante.fr
Final-Recipient: rfc822; {NOBODY}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.sim.mssante.fr
Diagnostic-Code: smtp; 550 5.1.1 {_TOLD.replace("ê", "e").replace("à", "a").replace("…", "...")}

--report-ID
"""
PLAIN = f"""\
Return-Path: <>
X-MSS-Sim-Cause: unknown-mailbox
Message-ID: <ID@mail.sim.mssante.fr>
Date: Mon, 05 Jan 2026 08:00:01 +0000
From: mailer-daemon@patient.mssante.fr
{_TOP}\
Content-Type: multipart/mixed;
 boundary="returned-ID"
Content-Transfer-Encoding: 8bit

--returned-ID
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{_TOLD}

--returned-ID
"""


async def _returned_whole(town: Town, *, full: bool) -> str:
    """What comes back of a letter for nobody, of whom its sender gave all that RFC 3461 knows; in place of what is new each time, ID."""
    raw = letter(HOSPITAL, NOBODY, Message_ID="<a@b.fr>").as_bytes(policy=SMTP)
    envelope = Envelope(HOSPITAL, (Addressee(NOBODY, original="rfc822;Nobody@patient.mssante.fr"),), "A1", full)
    await town.core.reception.receive(envelope, raw, protocol="ESMTPS", peer="mta.example", certificate=None)
    town.clock.advance(timedelta(seconds=1))
    await town.core.patients.work()
    (item,) = await town.lying(HOSPITAL)
    return _GIVEN_EACH_TIME.sub("ID", (await town.raw(item)).decode().replace("\r\n", "\n"))


@pytest.mark.parametrize(("full", "kind", "text"), [(True, "message/rfc822", "\nBonjour.\n"), (False, "text/rfc822-headers", "")])
async def test_a_report_tells_all_that_the_sender_gave_and_returns_what_he_asked_for(
    open_town: OpenTown, full: bool, kind: str, text: str
) -> None:
    async with open_town(mes_refusal="bounce", mes_bounce_form="report") as town:
        last = f"Content-Type: {kind}\nContent-Transfer-Encoding: 7bit\n\n{_HEADER}{text}\n--report-ID--\n"
        assert await _returned_whole(town, full=full) == REPORT + last


@pytest.mark.parametrize(
    ("form", "kind", "text"), [("plain", "message/rfc822", "\nBonjour.\n"), ("plain-headers", "text/rfc822-headers", "")]
)
async def test_a_letter_in_plain_words_has_the_header_of_an_answer(open_town: OpenTown, form: str, kind: str, text: str) -> None:
    async with open_town(mes_refusal="bounce", mes_bounce_form=form) as town:
        last = f"Content-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\n{_HEADER}{text}\n--returned-ID--\n"
        assert await _returned_whole(town, full=True) == PLAIN + last


@pytest.mark.parametrize("form", list(BounceForm))
async def test_a_returned_letter_tells_which_one_it_was_in_each_form(open_town: OpenTown, form: BounceForm) -> None:
    async with open_town(mes_bounce_form=form.value) as town:
        await behaviours.set_behaviour(town.world, PATIENT, "bounces-later")
        await town.send("doctor", DOCTOR, PATIENT, Message_ID="<a@b.fr>")
        town.clock.advance(timedelta(minutes=2))
        assert [one.kind for one in await town.core.patients.work()] == [FiredKind.RETURNED]
        (item,) = await town.lying(DOCTOR)
        assert b"In-Reply-To: <a@b.fr>" in await town.raw(item)
        assert item.message.received_at == town.clock.now() >= SECOND


async def test_a_letter_without_a_return_path_and_one_without_its_bytes_do_not_come_back(open_town: OpenTown) -> None:
    async with open_town(mes_refusal="bounce") as town:
        await town.bring("", NOBODY, author="mailer-daemon@hopital-ormes.sim.mssante.fr")
        assert await town.core.patients.next_at() is None
        await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.DELETE), Step(StepAct.BOUNCE))),))
        await town.send("doctor", DOCTOR, PATIENT)
        assert [one.kind for one in await town.core.patients.work()] == [FiredKind.DELETED, FiredKind.RETURNED]
        assert await town.subjects(DOCTOR) == ["Message non distribué"], "its own copy in Sent has the bytes"


async def test_a_letter_with_a_null_return_path_that_a_behaviour_returns_comes_back_to_nobody(town: Town) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, "bounces-later")
    await town.bring("", PATIENT, author="mailer-daemon@hopital-ormes.sim.mssante.fr")
    town.clock.advance(timedelta(minutes=1))
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.VOID]


async def test_one_that_is_too_large_comes_back_in_english_with_the_limit_of_the_operator(open_town: OpenTown) -> None:
    async with open_town(mes_bounce_form="report") as town:
        await operators.change(town.world, "Mon espace santé", message_size_bytes_max=12_345_678)
        await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.BOUNCE, rule=Rule.TOO_LARGE.value),)),))
        sent = await town.send("doctor", DOCTOR, PATIENT)
        await town.core.patients.work()
        (item,) = await town.lying(DOCTOR)
        raw = await town.raw(item)
        assert b"Content-Language: en\r\n" in raw
        assert b" exceeds size limit 12345678 of the server." in raw
        gone = {"recipient": "personne@fermee.sim.mssante.fr", "rule": Rule.TOO_LARGE.value}
        letter_ = await town.world.store.write(lambda conn: mes_bounces.returned(town.world, conn, sent.message_id, gone))
        assert letter_ is not None
        assert b" exceeds size limit 0 of the server." in letter_.raw, "there is no such operator any more"


async def test_a_fault_makes_a_returned_letter_useless_for_the_recipient_that_it_names(town: Town) -> None:
    town.world.faults.add(Point.BOUNCE, Malformed(), Match(recipient=PATIENT))
    await behaviours.set_behaviour(town.world, PATIENT, "bounces-later")
    for _ in range(2):
        await town.send("doctor", DOCTOR, PATIENT)
    town.clock.advance(timedelta(minutes=1))
    await town.core.patients.work()
    newest, oldest = await town.lying(DOCTOR)
    assert [b"X-Fault: " in await town.raw(one) for one in (oldest, newest)] == [True, False]


async def test_by_the_setting_a_letter_for_nobody_waits_a_second_and_another_operator_still_refuses(open_town: OpenTown) -> None:
    async with open_town(mes_refusal="bounce") as town:
        await town.bring(HOSPITAL, NOBODY)
        assert await town.core.patients.next_at() == town.clock.now() + SECOND
        with refused(Rule.UNKNOWN_MAILBOX):
            await town.core.reception.check_recipient("personne@medecin.sim.mssante.fr", 0)
