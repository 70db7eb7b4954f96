"""Delivery: the last decision, on locked rows, for a whole group at once; what was accepted and cannot be delivered comes back."""

from datetime import timedelta
from typing import Any

import pytest

from mss_sim.core.access import carer_masks, delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import behaviours, mailboxes
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Accepted, Addressee, Letter
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.store import conversations
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxState, Right, SendMode, SentPolicy
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import IDNATS, OpenTown, Town, refused

NOWHERE = "nobody@cabinet.sim.mssante.fr"
CLINIC = "contact@clinique-pins.sim.mssante.fr"


async def _used(town: Town, *addresses: str) -> list[int]:
    return [(await town.mailbox(address)).used_bytes for address in addresses]


# Asked once more, on locked rows


async def test_a_grant_that_ended_since_mail_sends_nothing(town: Town) -> None:
    one = await town.written("secretary", PRACTICE, [DOCTOR2])
    rows = await delegation.grants_of(town.world, (await town.identity("secretary")).id)
    await delegation.revoke(town.world, CONTROL, PRACTICE, next(row.id for row, address in rows if address == PRACTICE))
    (answer,) = await town.deliver(one)
    assert isinstance(answer, Refusal)
    assert (answer.rule, answer.subject) == (Rule.SEND_NOT_ALLOWED, PRACTICE)
    assert await town.lying(DOCTOR2) == []


@pytest.mark.parametrize(("state", "rule"), [("closed", Rule.MAILBOX_CLOSED), ("suspended", Rule.MAILBOX_SUSPENDED)])
async def test_a_mailbox_that_was_closed_since_mail_sends_nothing(town: Town, state: str, rule: Rule) -> None:
    one = await town.written("doctor", PRACTICE, [DOCTOR2])
    await town.change(PRACTICE, state=MailboxState(state))
    (answer,) = await town.deliver(one)
    assert isinstance(answer, Refusal)
    assert answer.rule is rule


async def test_a_mailbox_that_is_gone_since_mail_sends_nothing(town: Town) -> None:
    one = await town.written("doctor2", DOCTOR2, [PRACTICE])
    await mailboxes.remove_mailbox(town.world, DOCTOR2)
    (answer,) = await town.deliver(one)
    assert isinstance(answer, Refusal)
    assert (answer.rule, "is gone" in answer.detail) == (Rule.SEND_NOT_ALLOWED, True)


async def test_a_recipient_that_was_closed_since_rcpt_is_refused_and_the_others_get_it(town: Town) -> None:
    one = await town.written("doctor", DOCTOR, [PRACTICE, DOCTOR2])
    await town.change(PRACTICE, state=MailboxState.CLOSED)
    (answer,) = await town.deliver(one)
    assert isinstance(answer, Accepted)
    assert {told.address: told.kind.value for told in answer.outcomes} == {DOCTOR2: "delivered", PRACTICE: "failed"}
    assert await town.subjects(DOCTOR) == ["Undelivered message"]


@pytest.mark.parametrize(
    ("who", "subject", "headers", "to", "passes"),
    [
        ("newcomer", "[FIN]", {}, PATIENT, False),
        ("newcomer", "x", {"X_MSS_MES": "FIN"}, PATIENT, False),
        ("newcomer", "[FIN]", {}, DOCTOR2, True),
        ("newcomer", "[fin]", {}, PATIENT, True),
        ("newcomer", "x", {"X_MSS_MES": "fin"}, PATIENT, True),
        ("secretary", "[FIN]", {}, PATIENT, True),
    ],
)
async def test_a_letter_that_closes_towards_a_patient_needs_the_right_to_close(
    town: Town, who: str, subject: str, headers: dict[str, Any], to: str, passes: bool
) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.SEND_AS})))
    if passes:
        await town.send(who, PRACTICE, to, subject, **headers)
        assert await town.subjects(to) == [subject]
        return
    with refused(Rule.RIGHT_MISSING, "The right close"):
        await town.send(who, PRACTICE, to, subject, **headers)
    assert await town.lying(to) == []


# What becomes of each recipient


@pytest.mark.parametrize(
    ("sender", "values", "kind", "waits"),
    [
        (HOSPITAL, {"state": MailboxState.SUSPENDED}, "relayed", True),
        (HOSPITAL, {"quota_bytes": 1}, "relayed", True),
        (HOSPITAL, {"state": MailboxState.CLOSED}, "failed", False),
        (HOSPITAL, {"message_size_bytes_max": 100}, "failed", False),
    ],
)
async def test_a_mailbox_of_another_operator_lets_mail_wait_or_sends_it_back(
    town: Town, sender: str, values: dict[str, object], kind: str, waits: bool
) -> None:
    await town.change(PRACTICE, **values)
    sent = await town.send("hospital", sender, PRACTICE)
    assert (await town.kinds(sent))[-1] == kind
    assert await town.subjects(HOSPITAL) == ([] if waits else ["Undelivered message"])
    assert (await town.core.queue.work(), await town.lying(PRACTICE)) == (0, [])
    town.clock.advance(timedelta(minutes=1))
    assert await town.core.queue.work() == waits


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"state": MailboxState.SUSPENDED}, Rule.MAILBOX_SUSPENDED),
        ({"quota_bytes": 1}, Rule.MAILBOX_FULL),
        ({"state": MailboxState.CLOSED}, Rule.MAILBOX_CLOSED),
        ({"message_size_bytes_max": 100}, Rule.TOO_LARGE),
    ],
)
async def test_a_mailbox_of_the_same_operator_refuses_at_once_and_so_does_any_to_a_peer(
    town: Town, values: dict[str, object], rule: Rule
) -> None:
    await town.change(PRACTICE, **values)
    with refused(rule):
        await town.send("doctor", DOCTOR, PRACTICE)
    with refused(rule):
        await town.bring(CLINIC, PRACTICE)
    assert await town.lying(DOCTOR) == await town.lying(DOCTOR, "Sent") == []


async def test_where_a_setting_asks_first_nobody_unknown_is_accepted_but_who_is_full_still_waits(open_town: OpenTown) -> None:
    async with open_town(peers_unknown_bounces=False) as town:
        with refused(Rule.UNKNOWN_MAILBOX):
            await town.send("hospital", HOSPITAL, NOWHERE)
        await town.change(PRACTICE, state=MailboxState.CLOSED)
        with refused(Rule.MAILBOX_CLOSED):
            await town.send("hospital", HOSPITAL, PRACTICE)
        assert await town.lying(HOSPITAL) == []


async def test_what_is_another_servers_is_queued_and_wakes_the_queue_once_it_is_committed(open_town: OpenTown) -> None:
    for relay, to, queued in (("smtp", PRACTICE, True), ("direct", PRACTICE, False), ("direct", CLINIC, True), ("smtp", WARD, False)):
        carrier = Carrier()
        async with open_town(relay=relay, transport=carrier) as town:
            sent = await town.send("hospital", HOSPITAL, to)
            assert sent.outcomes[0].kind.value == ("submitted" if queued else "delivered")
            assert await town.core.queue.work() == queued
            assert [job.envelope.recipients[0].address for job in carrier.jobs] == ([to] if queued else [])


async def test_the_queue_is_woken_for_the_first_letter_of_a_transaction_though_the_last_one_stays_here(open_town: OpenTown) -> None:
    async with open_town(relay="direct", transport=Carrier()) as town:
        away = await town.written("hospital", HOSPITAL, [CLINIC, PATIENT])
        answer = await town.written("patient", PATIENT, [HOSPITAL])
        woken: list[bool] = []
        delivery = Delivery(town.world, lambda: woken.append(True))
        told = await town.world.store.write(lambda conn: delivery.deliver(conn, [away, answer]))
        assert not any(isinstance(one, Exception) for one in told)
        assert woken == [], "it is on disk first"
        delivery.wake_queue_if_needed()
        delivery.wake_queue_if_needed()
        assert woken == [True]


async def test_who_does_what_patients_have_planned_is_woken_by_a_letter_that_sets_something_off(town: Town) -> None:
    town.world.steps_planned.clear()
    await town.send("doctor", DOCTOR, PATIENT)
    assert not town.world.steps_planned.is_set()
    await behaviours.set_behaviour(town.world, PATIENT, "answers")
    await town.send("doctor", DOCTOR, PATIENT)
    assert town.world.steps_planned.is_set()


async def test_over_the_wire_an_unknown_mailbox_is_left_to_its_server_unless_a_setting_asks_first(open_town: OpenTown) -> None:
    for bounces in (True, False):
        async with open_town(relay="smtp", peers_unknown_bounces=bounces, transport=Carrier()) as town:
            if bounces:
                assert (await town.send("hospital", HOSPITAL, NOWHERE)).outcomes[0].kind.value == "submitted"
            else:
                with refused(Rule.UNKNOWN_MAILBOX):
                    await town.send("hospital", HOSPITAL, NOWHERE)
                assert (await town.send("hospital", HOSPITAL, CLINIC)).outcomes[0].kind.value == "submitted"


async def test_what_a_peer_brings_is_never_carried_on(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier) as town:
        with refused(Rule.UNKNOWN_MAILBOX):
            await town.bring(HOSPITAL, CLINIC)
        await town.bring(HOSPITAL, PRACTICE)
        await town.core.queue.work()
        assert carrier.jobs == []


async def test_a_letter_for_which_nobody_is_left_is_refused_whole(town: Town) -> None:
    with refused(Rule.UNKNOWN_MAILBOX):
        await town.send("doctor", DOCTOR, [NOWHERE, "rien@medecin.sim.mssante.fr"])
    assert await town.lying(DOCTOR, "Sent") == await town.lying(DOCTOR) == []


# What a patient may write


async def test_a_patient_writes_to_who_wrote_to_him_in_the_conversation_that_is_open(town: Town) -> None:
    first, second = [await town.send("doctor", DOCTOR, PATIENT, subject) for subject in ("Un", "Deux")]
    await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR, In_Reply_To=first.rfc_message_id or "")
    await town.send("patient", PATIENT, DOCTOR, In_Reply_To=second.rfc_message_id or "")
    for address in (HOSPITAL, NOWHERE, "125062a00401714@patient.mssante.fr"):
        with refused(Rule.NOT_INVITED):
            await town.send("patient", PATIENT, address)
    assert len(await town.lying(DOCTOR)) == 1


async def test_a_patient_who_names_an_open_conversation_beside_a_closed_one_answers_the_nearest(town: Town) -> None:
    shut, open_ = [await town.send("doctor", DOCTOR, PATIENT, subject) for subject in ("Un", "Deux")]
    await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=shut.rfc_message_id)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR, In_Reply_To=shut.rfc_message_id, References=open_.rfc_message_id)
    await town.send("patient", PATIENT, DOCTOR, In_Reply_To=open_.rfc_message_id, References=shut.rfc_message_id)
    assert len(await town.lying(DOCTOR)) == 1


async def test_by_a_setting_the_one_letter_that_is_answered_is_what_is_open_or_closed(open_town: OpenTown) -> None:
    async with open_town(patient_fin_header_scope="message") as town:
        first = await town.send("doctor", DOCTOR, PATIENT)
        last = await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
        await town.send("patient", PATIENT, DOCTOR, In_Reply_To=first.rfc_message_id or "")
        with refused(Rule.CONVERSATION_CLOSED):
            await town.send("patient", PATIENT, DOCTOR, In_Reply_To=last.rfc_message_id or "")


async def test_a_patient_who_is_invited_by_one_recipient_does_not_reach_another(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    sent = await town.send("patient", PATIENT, [DOCTOR, HOSPITAL])
    assert {told.address: told.refusal.rule if told.refusal else None for told in sent.outcomes} == {
        DOCTOR: None,
        HOSPITAL: Rule.NOT_INVITED,
    }
    assert await town.lying(HOSPITAL) == []


async def test_what_a_carer_writes_joins_the_newest_conversation_that_is_not_masked_from_them(town: Town) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["newcomer"], frozenset({Right.SEE, Right.SEND_ON_BEHALF})))
    seen, _ = [await town.send("doctor", DOCTOR, PATIENT, subject) for subject in ("Un", "Secret")]
    await carer_masks.mask_letter(town.world, await town.actor("patient"), PATIENT, (await town.lying(PATIENT))[0].copy.id)
    await town.send("newcomer", PATIENT, DOCTOR, "Merci")
    (came,) = await town.lying(DOCTOR)
    assert (came.message.subject, came.message.thread_id) == ("Merci", seen.message_id)


# Copies, counters, Sent


@pytest.mark.parametrize(
    ("who", "policy", "places"),
    [
        ("doctor", SentPolicy.SENDER, [PRACTICE]),
        ("doctor", SentPolicy.NONE, [PRACTICE]),
        ("hospital", SentPolicy.OWNER, [PRACTICE]),
        ("hospital", SentPolicy.SENDER, [HOSPITAL]),
        ("hospital", SentPolicy.BOTH, [PRACTICE, HOSPITAL]),
        ("hospital", SentPolicy.NONE, []),
        ("secretary", SentPolicy.SENDER, [PRACTICE]),
        ("secretary", SentPolicy.BOTH, [PRACTICE]),
    ],
)
async def test_the_copy_of_what_a_delegate_sends_lies_where_the_mailbox_says(
    town: Town, who: str, policy: SentPolicy, places: list[str]
) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["hospital"], frozenset({Right.SEND_AS})))
    await town.change(PRACTICE, sent_policy=policy)
    sent = await town.send(who, PRACTICE, DOCTOR2)
    found = {address: await town.lying(address, "Sent") for address in (PRACTICE, HOSPITAL, DOCTOR)}
    assert [address for address, items in found.items() if items] == places
    assert all(item.seen for items in found.values() for item in items)
    assert (sent.sent_in, sent.sent_copy_id) == ((places[0], found[places[0]][0].copy.id) if places else (None, None))


@pytest.mark.parametrize(("setting", "door", "kept"), [(True, Door.SMTP, 1), (False, Door.SMTP, 0), (False, Door.REST, 1)])
async def test_whether_what_was_sent_by_smtp_is_filed_is_a_setting(open_town: OpenTown, setting: bool, door: Door, kept: int) -> None:
    async with open_town(sent_copy_on_submission=setting) as town:
        await town.send(await town.actor("doctor", door), DOCTOR, PRACTICE)
        assert len(await town.lying(DOCTOR, "Sent")) == kept


async def test_room_is_counted_for_every_copy_and_given_back_for_a_letter_that_is_refused(town: Town) -> None:
    """The second letter of the group sees what the first has taken, and what it has not."""
    one = await town.written("doctor", DOCTOR, [PRACTICE, NOWHERE], strict=True)
    two = await town.written("doctor", DOCTOR, [PRACTICE])
    refusal, answer = await town.deliver(one, two)
    assert isinstance(refusal, RecipientsRefused)
    assert isinstance(answer, Accepted)
    assert await _used(town, PRACTICE, DOCTOR) == [two.row.size_bytes] * 2


async def test_the_last_room_of_a_mailbox_is_given_once(town: Town) -> None:
    letters = [await town.written("doctor", DOCTOR, [PRACTICE], subject) for subject in ("Un", "De")]
    await town.change(PRACTICE, quota_bytes=letters[0].row.size_bytes + letters[1].row.size_bytes - 1)
    first, second = await town.deliver(*letters)
    assert isinstance(first, Accepted)
    assert isinstance(second, Refusal)
    assert second.rule is Rule.MAILBOX_FULL
    assert await town.subjects(PRACTICE) == ["Un"]


async def test_the_trace_on_top_takes_room_and_is_held_against_no_limit(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PRACTICE)
    (item,) = await town.lying(PRACTICE)
    traced = item.message.size_bytes
    own = len((await town.raw(item)).partition(b"\r\nFrom:")[2]) + len("From:")
    await town.change(DOCTOR2, message_size_bytes_max=own)
    assert own < traced
    raw = (await town.raw(item))[-own:]
    await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
    assert (await town.lying(DOCTOR2))[0].message.size_bytes == (await town.mailbox(DOCTOR2)).used_bytes > own
    await town.change(DOCTOR2, message_size_bytes_max=own - 1)
    with refused(Rule.TOO_LARGE):
        await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
    assert sent.outcomes[0].refusal is None


async def test_a_message_to_several_mailboxes_is_stored_once_and_numbered_in_each(town: Town) -> None:
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR], subject)
    rows = [await town.lying(address) for address in (PRACTICE, DOCTOR)]
    assert [[item.copy.uid for item in found] for found in rows] == [[2, 1], [2, 1]]
    assert [item.message.id for item in rows[0]] == [item.message.id for item in rows[1]]
    assert not any(item.seen for found in rows for item in found)


# Over the wire, and back into the same store


@pytest.mark.parametrize("relay", ["smtp", "direct"])
async def test_a_letter_that_comes_back_in_by_the_wire_is_the_one_that_left(open_town: OpenTown, relay: str) -> None:
    """Where mail does not go over the wire, what a peer brings never left here, whatever it is called."""
    async with open_town(relay=relay, transport=Carrier()) as town:
        left = await town.send("doctor", DOCTOR, PATIENT, Message_ID="<left@test>")
        await town.bring(DOCTOR, PATIENT, Message_ID="<left@test>")
        found = [item.message.thread_id == left.message_id for item in await town.lying(PATIENT)]
        assert found == ([True] if relay == "smtp" else [False, True])
        ids = [(await town.mailbox(one)).id for one in (PATIENT, DOCTOR)]
        rights = await town.world.store.read(lambda conn: conversations.rights_between(conn, ids[0], ids[1]))
        assert (left.message_id in {right.message_id for right in rights}, len(rights)) == (True, len(found))


async def test_in_what_quality_a_letter_left_is_answered(town: Town) -> None:
    assert (await town.send("secretary", PRACTICE, DOCTOR2)).mode is SendMode.ON_BEHALF
    assert (await town.send("doctor", PRACTICE, DOCTOR2)).mode is SendMode.OWNER
    assert (await town.send("application", LABORATORY, "", addressees=(Addressee(DOCTOR2),))).mode is SendMode.AS


# Answers in a group


async def test_letters_of_a_group_are_decided_in_their_order_whoever_wrote_them(town: Town) -> None:
    def closed(one: object) -> bool:
        return isinstance(one, RecipientsRefused) and one.refusals[0].rule is Rule.CONVERSATION_CLOSED

    async def opens(subject: str = "Bonjour") -> Letter:
        return await town.written("doctor", DOCTOR, [PATIENT], subject)

    async def answers() -> Letter:
        return await town.written("patient", PATIENT, [DOCTOR], strict=True)

    group = [await opens(), await answers(), await opens("[FIN]"), await answers(), await answers(), await opens(), await answers()]
    told = await town.deliver(*group)
    assert [closed(one) for one in told] == [False, False, False, True, True, False, False]
    assert not any(isinstance(one, Exception) and not closed(one) for one in told)
    assert [line.message_id for line in reversed(await town.told(PATIENT)) if line.act is Act.SUBMITTED] == [group[1].id, group[6].id]
    assert len(await town.lying(DOCTOR)) == 2


async def test_a_patients_letter_is_decided_once_and_arrives_though_the_conversation_was_closed_meanwhile(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    await town.change(DOCTOR, state=MailboxState.SUSPENDED)
    await town.send("patient", PATIENT, DOCTOR, "Merci")
    await town.change(DOCTOR, state=MailboxState.ACTIVE)
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    town.clock.advance(timedelta(minutes=1))
    assert await town.core.queue.work() == 1
    assert await town.subjects(DOCTOR) == ["Merci"]
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR, "Encore")
