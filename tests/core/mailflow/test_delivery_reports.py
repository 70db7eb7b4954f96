"""Notifications that delivery owes: to whom, about what, and when none is due."""

from email.policy import SMTP

import pytest

from mss_sim.clock import DAY
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope, Submitted, prepare
from mss_sim.faults.actions import Malformed
from mss_sim.faults.rules import Match
from mss_sim.ids import encode
from mss_sim.mail import dsn
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import DsnAction, Notify
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, letter
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import OpenTown, Town

NOWHERE = "nobody@cabinet.sim.mssante.fr"
CLINIC = "contact@clinique-pins.sim.mssante.fr"


async def _report(town: Town, address: str) -> tuple[bytes, dsn.ParsedDsn]:
    (item,) = await town.lying(address)
    raw = await town.raw(item)
    found = dsn.parse(raw, parse(raw).root)
    assert found is not None
    return raw, found


@pytest.mark.parametrize(
    ("to", "notify", "action", "status"),
    [
        (PRACTICE, set(), None, ""),
        (PRACTICE, {Notify.FAILURE}, None, ""),
        (PRACTICE, {Notify.SUCCESS}, DsnAction.DELIVERED, "2.1.5"),
        (NOWHERE, set(), DsnAction.FAILED, "5.1.1"),
        (NOWHERE, {Notify.FAILURE}, DsnAction.FAILED, "5.1.1"),
        (NOWHERE, {Notify.SUCCESS}, None, ""),
        (NOWHERE, {Notify.NEVER}, None, ""),
    ],
)
async def test_a_sender_hears_what_he_asked_for_and_of_failures_unless_he_did_not_want_to(
    town: Town, to: str, notify: set[Notify], action: DsnAction | None, status: str
) -> None:
    await town.send("hospital", HOSPITAL, "", addressees=(Addressee(to, frozenset(notify), "rfc822;origin"),))
    if action is None:
        assert await town.lying(HOSPITAL) == []
        return
    raw, told = await _report(town, HOSPITAL)
    assert [(one.address, one.action, one.status, one.original) for one in told.recipients] == [(to, action, status, "rfc822;origin")]
    assert raw.startswith(b"Return-Path: <>\r\n")


async def test_one_notification_tells_of_all_who_fared_alike(town: Town) -> None:
    success = frozenset({Notify.SUCCESS, Notify.FAILURE})
    people = tuple(Addressee(one, success) for one in (PRACTICE, NOWHERE, DOCTOR, "rien@medecin.sim.mssante.fr"))
    await town.send("hospital", HOSPITAL, "", addressees=people)
    found = []
    for item in await town.lying(HOSPITAL):
        raw = await town.raw(item)
        told = dsn.parse(raw, parse(raw).root)
        assert told is not None
        found.append(({one.action.value for one in told.recipients}, {one.address for one in told.recipients}))
    assert sorted(found, key=str) == [({"delivered"}, {PRACTICE, DOCTOR}), ({"failed"}, {NOWHERE, "rien@medecin.sim.mssante.fr"})]


async def test_a_recipient_who_waits_is_told_of_later(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert await town.lying(HOSPITAL) == []


async def test_a_letter_without_return_path_is_told_of_to_nobody(town: Town) -> None:
    before = {address: len(await town.lying(address)) for address in (HOSPITAL, PRACTICE)}
    await town.bring("", PRACTICE, author=CLINIC)
    assert {address: len(await town.lying(address)) for address in (HOSPITAL, PRACTICE)} == {**before, PRACTICE: 1}


async def test_a_notification_is_the_operators_that_speaks_and_joins_what_it_is_about(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, NOWHERE)
    raw, told = await _report(town, HOSPITAL)
    assert b"<mailer-daemon@hopital-ormes.sim.mssante.fr>" in raw
    assert told.message_id == sent.rfc_message_id
    event = (await town.events(sent))[NOWHERE][-1]
    (item,) = await town.lying(HOSPITAL)
    assert (event.kind.value, event.report_id) == ("failed", item.message.id)
    assert (item.message.rfc_message_id or "").endswith(f"@{town.world.settings.hostname}>")
    line = (await town.told(HOSPITAL))[0]
    assert (line.act, line.door, line.actor_id, line.message_id) == (Act.RECEIPT_MATCHED, Door.SYSTEM, None, item.message.id)
    assert line.detail is not None
    assert line.detail == {"recipient": NOWHERE, "kind": "failed", "of": encode(sent.submission_id or 0)}


async def test_a_letter_without_a_message_id_is_told_of_on_its_own_timeline(town: Town) -> None:
    raw = b"\r\n".join(line for line in letter(HOSPITAL, NOWHERE).as_bytes(policy=SMTP).split(b"\r\n") if b"Message-ID" not in line)
    box, author = await town.mailbox(HOSPITAL), await town.identity("hospital")
    envelope, origin = Envelope(HOSPITAL, (Addressee(NOWHERE),)), Submitted(HOSPITAL, box.operator_id, author.id)
    (sent,) = await town.deliver(prepare(town.world, raw, parse(raw), envelope, origin, fields=(), door=Door.REST, at=town.clock.now()))
    assert isinstance(sent, Accepted)
    (item,) = await town.lying(HOSPITAL)
    assert [event.report_id for event in (await town.events(sent))[NOWHERE]] == [None, item.message.id]


async def test_what_a_peer_brought_is_told_of_by_the_operator_of_the_mailbox_that_got_it(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(transport=carrier) as town:
        raw = letter(CLINIC, PRACTICE).as_bytes(policy=SMTP)
        envelope = Envelope(CLINIC, (Addressee(PRACTICE, frozenset({Notify.SUCCESS})),))
        await town.core.reception.receive(envelope, raw, protocol="ESMTPS", peer="mta.example", certificate=None)
        await town.core.queue.work()
        (job,) = carrier.jobs
        assert (job.sender.id, job.envelope.recipients[0].address) == ((await town.mailbox(PRACTICE)).operator_id, CLINIC)
        assert b"<mailer-daemon@cabinet.sim.mssante.fr>" in job.raw


@pytest.mark.parametrize(
    ("match", "deformed"),
    [
        (Match(sender=HOSPITAL), True),
        (Match(recipient=NOWHERE), True),
        (Match(address=NOWHERE), True),
        (Match(sender=NOWHERE), False),
        (Match(recipient=HOSPITAL), False),
    ],
)
async def test_a_fault_makes_useless_what_tells_of_the_recipient_that_it_names(town: Town, match: Match, deformed: bool) -> None:
    town.world.faults.add(Point.BOUNCE, Malformed(), match)
    await town.send("hospital", HOSPITAL, NOWHERE)
    (item,) = await town.lying(HOSPITAL)
    assert (b"X-Fault: " in await town.raw(item)) == deformed


async def test_a_notice_waits_for_a_sender_who_takes_no_mail_for_now_and_is_lost_on_no_account(town: Town) -> None:
    agenda = town.core.agenda
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, PRACTICE)
    await agenda.advance(by=4 * DAY)
    before = len(await town.lying(HOSPITAL))
    await town.change(HOSPITAL, state=MailboxState.SUSPENDED)
    await agenda.advance(by=2 * DAY)
    assert len(await town.lying(HOSPITAL)) == before
    await town.change(HOSPITAL, state=MailboxState.ACTIVE)
    await agenda.advance(by=DAY)
    told = [await town.raw(item) for item in await town.lying(HOSPITAL)]
    assert (len(told), [b"Action: failed" in raw for raw in told].count(True)) == (before + 1, 1)


async def test_the_trace_is_left_off_notices_too_where_a_setting_says_so(open_town: OpenTown) -> None:
    async with open_town(message_trace_headers=False) as town:
        await town.send("hospital", HOSPITAL, NOWHERE)
        raw, _ = await _report(town, HOSPITAL)
        assert b"Return-Path" not in raw
