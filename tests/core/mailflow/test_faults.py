"""Letters whose way fails on purpose, without any wire."""

from datetime import timedelta

import pytest

from mss_sim.core.mailflow import faults
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.errors import Failure, Refusal
from mss_sim.faults.actions import Action, Delay, Drop, Duplicate, Reply
from mss_sim.faults.faults import Fault
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.doors import Relay
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import HOSPITAL, PRACTICE, WARD
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import IDNATS, OpenTown, Town


@pytest.mark.parametrize(("code", "status"), [("452", "4.3.0"), ("500", "5.3.0"), ("550", "5.3.0")])
async def test_a_mailbox_of_ones_own_operator_refuses_in_the_words_of_the_rule(town: Town, code: str, status: str) -> None:
    kept = town.world.faults.add(Point.DELIVERY, Reply(code, "", "asked for"), Match(recipient=WARD))
    with pytest.raises(Refusal) as refused:
        await town.send("hospital", HOSPITAL, WARD)
    told = refused.value
    assert isinstance(told, Failure)
    assert (told.code, told.status, told.fault) == (int(code), status, kept.rule.id)
    assert told.detail == f"asked for (fault {kept.rule.id})"
    await town.send("hospital", HOSPITAL, WARD)
    assert len(await town.lying(WARD)) == 1


@pytest.mark.parametrize(("code", "left", "ends"), [("452", 1, "delivered"), ("500", 0, "failed"), ("550", 0, "failed")])
async def test_a_mailbox_of_another_operator_is_tried_again_or_the_letter_is_returned(town: Town, code: str, left: int, ends: str) -> None:
    town.world.faults.add(Point.DELIVERY, Reply(code), Match(recipient=PRACTICE))
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    town.clock.advance(timedelta(minutes=1))
    assert await town.core.queue.work() == left
    assert (await town.kinds(sent))[-1] == ends
    assert len(await town.lying(HOSPITAL)) == 1 - left


@pytest.mark.parametrize("to", ["personne@hopital-ormes.sim.mssante.fr", "contact@ailleurs.example", WARD])
async def test_what_is_refused_anyway_does_not_fail_by_a_rule_and_does_not_use_it_up(town: Town, to: str) -> None:
    await town.change(WARD, state=MailboxState.CLOSED)
    kept = town.world.faults.add(Point.DELIVERY, Reply("452"), Match(sender=HOSPITAL))
    with pytest.raises(Refusal) as refused:
        await town.send("hospital", HOSPITAL, to)
    assert not isinstance(refused.value, Failure)
    assert (kept.seen, kept.fired) == (0, 0)


async def test_only_the_mailbox_that_is_meant_fails_and_only_for_letters_of_that_size(town: Town) -> None:
    town.world.faults.add(Point.DELIVERY, Reply("550"), Match(recipient=WARD, size_min=10**6), count=None)
    town.world.faults.add(Point.DELIVERY, Reply("550"), Match(sender=WARD), count=None)
    await town.send("hospital", HOSPITAL, WARD)
    for match in (Match(sender=HOSPITAL), Match(address=WARD), Match(size_min=1, size_max=10**5)):
        town.world.faults.add(Point.DELIVERY, Reply("550"), match)
        with pytest.raises(Failure):
            await town.send("hospital", HOSPITAL, WARD)


async def test_a_held_letter_arrives_when_its_time_has_come(town: Town) -> None:
    town.world.faults.add(Point.DELIVERY, Delay(300), Match(recipient=WARD))
    await town.send("hospital", HOSPITAL, WARD)
    town.clock.advance(timedelta(seconds=299))
    assert (await town.core.queue.work(), len(await town.lying(WARD))) == (0, 0)
    town.clock.advance(timedelta(seconds=1))
    assert (await town.core.queue.work(), len(await town.lying(WARD))) == (1, 1)


@pytest.mark.parametrize(
    ("action", "carried", "left"),
    [
        (Reply("450"), 0, 1),
        (Reply("550"), 0, 0),
        (Delay(300), 0, 1),
        (Drop(), 0, 1),
        (Duplicate(), 2, 0),
    ],
    ids=repr,
)
async def test_a_try_fails_or_is_made_twice(open_town: OpenTown, action: Action, carried: int, left: int) -> None:
    carrier = Carrier()
    async with open_town(relay=Relay.SMTP, transport=carrier) as town:
        town.world.faults.add(Point.QUEUE, action, Match(recipient=PRACTICE))
        await town.send("hospital", HOSPITAL, PRACTICE)
        await town.core.queue.work()
        assert len(carrier.jobs) == carried
        town.clock.advance(timedelta(seconds=300))
        await town.core.queue.work()
        assert len(carrier.jobs) == carried + left


@pytest.mark.parametrize(
    ("match", "fails"),
    [
        (Match(sender=HOSPITAL), True),
        (Match(recipient=PRACTICE), True),
        (Match(address=PRACTICE), True),
        (Match(size_min=100, size_max=100), True),
        (Match(sender=PRACTICE), False),
        (Match(recipient=HOSPITAL), False),
        (Match(size_min=101), False),
    ],
)
async def test_a_try_is_known_by_both_ends_and_by_its_size(town: Town, match: Match, fails: bool) -> None:
    town.world.faults.add(Point.QUEUE, Drop(), match)
    assert (faults.at_queue(town.world, Envelope(HOSPITAL, (Addressee(PRACTICE),)), 100) is not None) == fails


@pytest.mark.parametrize(
    ("match", "fails"),
    [
        (Match(sender=PRACTICE), True),
        (Match(recipient=HOSPITAL), True),
        (Match(address=HOSPITAL), True),
        (Match(identity=IDNATS["doctor"]), True),
        (Match(sender=HOSPITAL), False),
        (Match(recipient=PRACTICE), False),
        (Match(identity=IDNATS["hospital"]), False),
    ],
)
async def test_a_read_receipt_is_known_by_both_ends_and_by_who_reads(town: Town, match: Match, fails: bool) -> None:
    town.world.faults.add(Point.READ_RECEIPT, Drop(), match)
    assert (faults.at_read_receipt(town.world, PRACTICE, HOSPITAL, IDNATS["doctor"]) is not None) == fails


def test_what_stands_for_the_answer_of_the_other_server() -> None:
    def answer(action: Action) -> tuple[str, str, float | None] | None:
        told = faults.answer_of_try(Fault("rule1", action))
        return (told.status, told.reply, told.wait_seconds) if told else None

    assert answer(Reply("550", "5.1.1", "nobody")) == ("5.1.1", "550 5.1.1 nobody (fault rule1)", None)
    assert answer(Delay(5)) == ("4.3.0", "450 4.3.0 This failure was asked for (fault rule1)", 5)
    assert answer(Drop()) == ("4.4.2", "450 4.4.2 This failure was asked for (fault rule1)", None)
    assert answer(Duplicate()) is None


def test_every_recipient_gets_the_same_answer() -> None:
    told = faults.answer_of_try(Fault("rule1", Drop()))
    assert told is not None
    envelope = Envelope("", (Addressee("a@x.fr"), Addressee("b@x.fr")))
    assert faults.instead(envelope, told).answers == {"a@x.fr": told, "b@x.fr": told}
