"""What a delivery leaves besides copies: the submission, its timeline, the journal."""

from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest
from sqlalchemy import select

from mss_sim.clock import SECOND
from mss_sim.core.access import identities, rights_in_force
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope, FromPeer, prepare
from mss_sim.core.world.store_types import JournalEntry
from mss_sim.errors import Rule
from mss_sim.mail.parse import parse
from mss_sim.models.tables import queue
from mss_sim.store import submissions
from mss_sim.store.queue import Waiting
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import Notify
from mss_sim.vocabulary.mailboxes import MailboxState, SendMode
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD, letter
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import IDNATS, OpenTown, Town, refused

CLINIC = "contact@clinique-pins.sim.mssante.fr"


async def _waiting(town: Town) -> list[Waiting]:
    return await town.world.store.read(
        lambda conn: [Waiting(*row) for row in conn.execute(select(*queue.c).order_by(queue.c.recipient_id))]
    )


# The submission and its timelines


async def test_a_submission_tells_who_sent_by_what_grant_and_what_was_asked_for(town: Town) -> None:
    addressee = Addressee(HOSPITAL, frozenset({Notify.SUCCESS}), "rfc822;x")
    sent = await town.send("secretary", PRACTICE, "", addressees=(addressee,))
    row = await town.world.store.read(submissions.by_id, sent.submission_id or 0)
    assert row is not None
    secretary, box = await town.identity("secretary"), await town.mailbox(PRACTICE)
    assert (row.mailbox_id, row.actor_id, row.mode, row.return_path) == (box.id, secretary.id, SendMode.ON_BEHALF, PRACTICE)
    (grant,) = (await town.world.store.read(rights_in_force.access_to, PRACTICE, secretary.id, town.clock.now())).access.grants  # type: ignore[union-attr]
    assert (row.grant_id, row.operator_id, row.submitted_at) == (grant.id, box.operator_id, town.clock.now())
    (person,) = await town.world.store.read(submissions.people_of, [row.id])
    assert (person.address, person.notify, person.original) == (HOSPITAL, frozenset({Notify.SUCCESS}), "rfc822;x")


async def test_a_timeline_says_how_far_each_recipient_was_reached(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    sent = await town.send("hospital", HOSPITAL, [WARD, DOCTOR, PRACTICE, "nobody@cabinet.sim.mssante.fr"])
    told = {address: [(event.kind.value, event.detail) for event in events] for address, events in (await town.events(sent)).items()}
    assert told[WARD] == [("submitted", ""), ("delivered", "")]
    assert told[DOCTOR] == [("submitted", ""), ("relayed", ""), ("delivered", "")]
    suspended = f"450 4.2.1 The mailbox {PRACTICE} is suspended; try again later."
    assert told[PRACTICE] == [("submitted", ""), ("relayed", suspended)]
    assert [kind for kind, _ in told["nobody@cabinet.sim.mssante.fr"]] == ["submitted", "failed"]
    (waiting,) = await _waiting(town)
    assert (waiting.attempts, waiting.next_at, waiting.last_reply) == (1, town.clock.now() + 60 * SECOND, suspended)
    assert not waiting.delayed_told


async def test_who_is_carried_to_waits_for_nothing_but_the_queue(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier()) as town:
        sent = await town.send("hospital", HOSPITAL, [PRACTICE, WARD])
        assert (await town.kinds(sent, PRACTICE), await town.kinds(sent, WARD)) == (["submitted"], ["submitted", "delivered"])
        (waiting,) = await _waiting(town)
        assert (waiting.attempts, waiting.next_at, waiting.last_reply) == (0, town.clock.now(), "")


async def test_what_a_peer_brought_and_a_notice_that_arrived_are_no_submissions(town: Town) -> None:
    await town.bring(CLINIC, PRACTICE)
    await town.send("hospital", HOSPITAL, "nobody@cabinet.sim.mssante.fr")
    for address, count in ((PRACTICE, 0), (HOSPITAL, 1)):
        box = await town.mailbox(address)
        found = await town.world.store.read(lambda conn, id_=box.id: submissions.of_mailbox(conn, id_, before=None, limit=9))  # type: ignore[misc]
        assert len(found) == count
    assert await _waiting(town) == []


async def test_what_a_peer_brought_hides_no_submission_that_is_delivered_beside_it(town: Town) -> None:
    raw = letter(CLINIC, PRACTICE).as_bytes(policy=SMTP)
    envelope = Envelope(CLINIC, (Addressee(PRACTICE),))
    brought = prepare(town.world, raw, parse(raw), envelope, FromPeer(), fields=(), door=Door.MX, at=town.clock.now())
    _, sent = await town.deliver(brought, await town.written("hospital", HOSPITAL, [WARD]))
    assert isinstance(sent, Accepted)
    assert await town.kinds(sent) == ["submitted", "delivered"]


async def test_what_closes_closes_what_came_before_it_in_its_group_and_nothing_that_comes_after(town: Town) -> None:
    """All three are still on their way when the second one closes."""
    await town.change(PATIENT, state=MailboxState.SUSPENDED)
    before, closing, after = [await town.written("doctor", DOCTOR, [PATIENT], subject) for subject in ("Un", "[FIN]", "Deux")]
    await town.deliver(before, closing, after)
    await town.change(PATIENT, state=MailboxState.ACTIVE)
    town.clock.advance(timedelta(minutes=1))
    assert await town.core.queue.work() == 3
    for shut in (before, closing):
        with refused(Rule.CONVERSATION_CLOSED):
            await town.send("patient", PATIENT, DOCTOR, In_Reply_To=shut.row.rfc_message_id)
    await town.send("patient", PATIENT, DOCTOR, In_Reply_To=after.row.rfc_message_id)


# The journal


def _told(line: JournalEntry) -> tuple[Act, Door, int | None, int | None]:
    return line.act, line.door, line.actor_id, line.message_id


async def test_the_journals_of_both_ends_tell_of_a_letter(town: Town) -> None:
    sent: Accepted = await town.send(await town.actor("secretary", Door.SMTP), PRACTICE, [HOSPITAL, WARD])
    secretary = await town.identity("secretary")
    line = (await town.told(PRACTICE))[0]
    assert _told(line) == (Act.SUBMITTED, Door.SMTP, secretary.id, sent.message_id)
    assert line.detail == {"to": [HOSPITAL, WARD], "mode": "send_on_behalf", "rfc_message_id": sent.rfc_message_id}
    row = await town.world.store.read(submissions.by_id, sent.submission_id or 0)
    assert row is not None
    assert line.grant_id == row.grant_id is not None
    for address in (HOSPITAL, WARD):
        line = (await town.told(address))[0]
        assert _told(line) == (Act.RECEIVED, Door.SMTP, None, sent.message_id)
        assert (line.detail, line.at) == ({"from": PRACTICE}, town.clock.now())


async def test_the_journals_tell_when_a_letter_was_accepted_though_it_waited_for_the_writer(town: Town) -> None:
    one = await town.written("hospital", HOSPITAL, [WARD])
    town.clock.advance(timedelta(seconds=1))
    await town.deliver(one)
    assert [(await town.told(address))[0].at for address in (HOSPITAL, WARD)] == [one.at] * 2


async def test_the_sender_is_told_of_an_address_that_no_identity_backs(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["patient"], {"ins": ()}, None, None)
    sent = await town.send("doctor", DOCTOR, [PATIENT, WARD])
    why = f"No qualified identity backs the address {PATIENT}. No identity with this number is known here."
    assert sent.warnings == ((PATIENT, why),)
    (line,) = [line for line in await town.told(DOCTOR) if line.act is Act.NOT_QUALIFIED]
    assert (line.message_id, line.detail) == (sent.message_id, {"recipients": [{"address": PATIENT, "why": why}]})


async def test_who_did_not_get_a_letter_hears_nothing_of_it(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.CLOSED)
    before = await town.acts(PRACTICE)
    await town.send("hospital", HOSPITAL, [PRACTICE, WARD])
    assert await town.acts(PRACTICE) == before


@pytest.mark.parametrize(("subject", "headers"), [("[Fin]", {}), ("[FIN] ", {}), ("Bonjour", {"X_MSS_MES": "fin"})])
async def test_the_sender_is_told_that_a_letter_does_not_close_what_it_seems_to(town: Town, subject: str, headers: dict[str, Any]) -> None:
    sent = await town.send("doctor", DOCTOR, [PATIENT, WARD], subject, **headers)
    line, before = (await town.told(DOCTOR))[:2]
    assert {line.act, before.act} == {Act.SUBMITTED, Act.NOT_CLOSED}
    near = line if line.act is Act.NOT_CLOSED else before
    assert (near.message_id, near.actor_id) == (sent.message_id, (await town.identity("doctor")).id)
    assert near.detail is not None
    assert near.detail["patients"] == [PATIENT]
    assert (await town.send("patient", PATIENT, DOCTOR, f"Re: {subject}")).message_id, "the patient may still answer"


@pytest.mark.parametrize(("subject", "to"), [("[FIN]", PATIENT), ("[Fin]", WARD), ("Bonjour", PATIENT)])
async def test_nobody_is_told_of_a_letter_that_closes_or_does_not_try(town: Town, subject: str, to: str) -> None:
    await town.send("doctor", DOCTOR, to, subject)
    assert Act.NOT_CLOSED not in await town.acts(DOCTOR)
