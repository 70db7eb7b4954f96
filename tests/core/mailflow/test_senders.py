"""Who may send from which mailbox, in what quality, and for how long that is believed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.clock import HOUR
from mss_sim.core.access import delegation, identities
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailflow.senders import shown_author, shown_sender
from mss_sim.errors import Refusal, Rule
from mss_sim.store import grants
from mss_sim.vocabulary.doors import Door, LogInBy
from mss_sim.vocabulary.mailboxes import MailboxState, Right, SendMode
from tests.clients import DOCTOR, DOCTOR2, LABORATORY, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused

NOWHERE = "nobody@cabinet.sim.mssante.fr"


@pytest.mark.parametrize(
    ("who", "address", "wished", "mode", "own"),
    [
        ("doctor", PRACTICE, None, SendMode.OWNER, DOCTOR),
        ("doctor2", PRACTICE, SendMode.OWNER, SendMode.OWNER, DOCTOR2),
        ("doctor", PRACTICE, SendMode.AS, SendMode.AS, DOCTOR),
        ("secretary", PRACTICE, None, SendMode.ON_BEHALF, None),
        ("hospital_ward", WARD, None, SendMode.AS, None),
        ("hospital_ward", WARD, SendMode.ON_BEHALF, SendMode.ON_BEHALF, None),
    ],
)
async def test_in_what_quality_somebody_sends(
    town: Town, who: str, address: str, wished: SendMode | None, mode: SendMode, own: str | None
) -> None:
    found = await town.core.submission.senders.sender_at(await town.actor(who), address, wished)
    assert (found.mailbox.address, found.sending.mode, found.own_mailbox) == (address, mode, own)
    assert (found.sending.grant is None) == (who in ("doctor", "doctor2")), "a holder sends by no grant"


@pytest.mark.parametrize("wished", [None, SendMode.AS, SendMode.ON_BEHALF])
async def test_a_letter_leaves_in_the_quality_that_was_asked_for(town: Town, wished: SendMode | None) -> None:
    """Asked at MAIL, and asked again on locked rows when it is stored."""
    sent = await town.send("hospital_ward", WARD, DOCTOR, options={"wished": wished})
    assert sent.mode is (wished or SendMode.AS)


async def test_which_send_right_speaks_first_is_a_setting(open_town: OpenTown) -> None:
    async with open_town(delegation_send_precedence="send_on_behalf") as town:
        assert (await town.core.submission.senders.sender_at(await town.actor("hospital_ward"), WARD)).sending.mode is SendMode.ON_BEHALF


@pytest.mark.parametrize(
    ("who", "address", "wished"),
    [
        ("assistant", PRACTICE, None),
        ("newcomer", PRACTICE, None),
        ("doctor", NOWHERE, None),
        ("secretary", PRACTICE, SendMode.AS),
        ("secretary", PRACTICE, SendMode.OWNER),
    ],
)
async def test_who_has_not_the_right_does_not_send(town: Town, who: str, address: str, wished: SendMode | None) -> None:
    with refused(Rule.SEND_NOT_ALLOWED, f"You may not send from {address}"):
        await town.core.submission.senders.sender_at(await town.actor(who), address, wished)


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("doctor", [(DOCTOR, SendMode.OWNER), (PRACTICE, SendMode.OWNER)]),
        ("secretary", [(DOCTOR, SendMode.ON_BEHALF), (PRACTICE, SendMode.ON_BEHALF)]),
        ("hospital_ward", [(WARD, SendMode.ON_BEHALF), (WARD, SendMode.AS)]),
        ("newcomer", []),
    ],
)
async def test_every_way_in_which_somebody_may_send_is_a_choice(town: Town, who: str, found: list[tuple[str, SendMode]]) -> None:
    choices = await town.core.submission.senders.choices(await town.actor(who))
    assert [(one.mailbox.address, one.sending.mode) for one in choices] == found


async def test_a_mailbox_that_one_may_send_from_and_not_see_is_a_choice_and_one_that_does_not_send_is_none(town: Town) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(DOCTOR, IDNATS["newcomer"], frozenset({Right.SEND_AS})))
    newcomer, senders = await town.actor("newcomer"), town.core.submission.senders
    assert [one.mailbox.address for one in await senders.choices(newcomer)] == [DOCTOR]
    await town.change(DOCTOR, state=MailboxState.SUSPENDED)
    assert await senders.choices(newcomer) == []


async def test_from_and_sender_are_shown_as_they_are_then_written(town: Town) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEND_ON_BEHALF, Right.SEND_AS})))
    doctor = await town.actor("doctor")
    for mode, sender in ((SendMode.ON_BEHALF, (doctor.identity.name, DOCTOR)), (SendMode.AS, None)):
        one = await town.core.submission.senders.sender_at(doctor, WARD, mode)
        assert (shown_author(one.mailbox, doctor)[1], shown_sender(doctor, one)) == (WARD, sender)


async def test_who_chose_a_mailbox_at_log_in_sends_from_no_other(town: Town) -> None:
    doctor = await town.actor("doctor", Door.SMTP, mailbox=PRACTICE)
    assert (await town.core.submission.senders.sender_at(doctor, PRACTICE)).mailbox.address == PRACTICE
    with refused(Rule.SEND_NOT_ALLOWED, f"act for {PRACTICE}"):
        await town.core.submission.senders.sender_at(doctor, DOCTOR)


async def test_who_was_disabled_since_he_logged_in_sends_nothing(town: Town) -> None:
    doctor = await town.actor("doctor", Door.SMTP)
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    with refused(Rule.SEND_NOT_ALLOWED, "was disabled"):
        await town.core.submission.senders.sender_at(doctor, DOCTOR)
    with refused(Rule.SEND_NOT_ALLOWED, "was disabled"):
        await town.send(doctor, DOCTOR, PRACTICE)


@pytest.mark.parametrize(("state", "rule"), [(MailboxState.CLOSED, Rule.MAILBOX_CLOSED), (MailboxState.SUSPENDED, Rule.MAILBOX_SUSPENDED)])
async def test_nothing_leaves_a_mailbox_that_is_not_open(town: Town, state: MailboxState, rule: Rule) -> None:
    await town.change(PRACTICE, state=state)
    with refused(rule, "does not send"):
        await town.core.submission.senders.sender_at(await town.actor("doctor"), PRACTICE)
    with refused(Rule.SEND_NOT_ALLOWED):
        await town.core.submission.senders.sender_at(await town.actor("newcomer"), PRACTICE)


async def test_an_own_mailbox_that_is_closed_is_not_named_as_the_delegates(town: Town) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEND_ON_BEHALF})))
    assert (await town.core.submission.senders.sender_at(await town.actor("doctor"), WARD)).own_mailbox == DOCTOR
    await town.change(DOCTOR, state=MailboxState.CLOSED)
    assert (await town.core.submission.senders.sender_at(await town.actor("doctor"), WARD)).own_mailbox is None


async def test_a_way_of_logging_in_that_does_not_open_a_mailbox_sends_nothing_from_it(town: Town) -> None:
    robot = await town.actor("application", Door.SMTP, way=LogInBy.PASSWORD)
    for _ in range(2):  # what is kept of the one way says nothing of the other
        with pytest.raises(Refusal, match="client certificate") as told:
            await town.core.submission.senders.sender_at(robot, LABORATORY)
        carried = told.value.rule, told.value.subject, told.value.reference
        assert carried == (Rule.SEND_NOT_ALLOWED, LABORATORY, "client-requirements#2.5")
        certified = replace(robot, way=LogInBy.CERTIFICATE)
        assert (await town.core.submission.senders.sender_at(certified, LABORATORY)).sending.mode is SendMode.AS


def _reads(town: Town, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """From now on, what is asked of the store."""
    asked: list[object] = []
    read = town.world.store.read

    async def counted(query: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(query)
        return await read(query, *args, **kwargs)

    monkeypatch.setattr(town.world.store, "read", counted)
    return asked


async def test_a_session_that_goes_on_sending_does_not_ask_the_store_each_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    secretary, senders = await town.actor("secretary", Door.SMTP), town.core.submission.senders
    first = await senders.sender_at(secretary, PRACTICE)
    asked = _reads(town, monkeypatch)
    assert await senders.sender_at(secretary, PRACTICE) is first
    assert asked == []
    with refused(Rule.SEND_NOT_ALLOWED):
        await senders.sender_at(secretary, PRACTICE, SendMode.AS)
    with refused(Rule.SEND_NOT_ALLOWED):
        await senders.sender_at(secretary, PRACTICE, SendMode.AS)
    assert len(asked) == 2, "what is refused is asked again"


async def test_what_a_certificate_opens_is_asked_each_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    robot = await town.actor("secretary", Door.SMTP, serial="1")
    asked = _reads(town, monkeypatch)
    for _ in range(2):
        with refused(Rule.SEND_NOT_ALLOWED, "certificate"):
            await town.core.submission.senders.sender_at(robot, PRACTICE)
    assert len(asked) == 2


async def _revoke(town: Town) -> None:
    practice, secretary = await town.mailbox(PRACTICE), await town.identity("secretary")
    row = (await town.world.store.read(grants.between, practice.id, secretary.id))[0]
    await delegation.revoke(town.world, CONTROL, PRACTICE, row.id)


async def _disable(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["secretary"], {"enabled": False}, None, None)


async def _close(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.CLOSED)


@pytest.mark.parametrize("change", [_revoke, _disable, _close])
async def test_what_was_allowed_ends_with_the_change_that_ends_it(town: Town, change: Callable[[Town], Awaitable[None]]) -> None:
    secretary, senders = await town.actor("secretary", Door.SMTP, way=LogInBy.PASSWORD), town.core.submission.senders
    await senders.sender_at(secretary, PRACTICE)
    await change(town)
    with pytest.raises(Refusal):
        await senders.sender_at(secretary, PRACTICE)


async def test_what_was_allowed_ends_with_the_grant_that_runs_out_and_changes_with_the_one_that_begins(town: Town) -> None:
    senders, newcomer, start = town.core.submission.senders, await town.actor("newcomer", Door.SMTP), town.clock.now()
    for right, begins, ends in ((Right.SEND_ON_BEHALF, None, start + 3 * HOUR), (Right.SEND_AS, start + HOUR, start + 2 * HOUR)):
        request = GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({right}), valid_from=begins, valid_until=ends)
        await delegation.grant(town.world, CONTROL, request)
    seen = []
    for _ in range(3):
        seen.append((await senders.sender_at(newcomer, PRACTICE)).sending.mode)
        town.clock.advance(timedelta(hours=1))
    assert seen == [SendMode.ON_BEHALF, SendMode.AS, SendMode.ON_BEHALF]
    with refused(Rule.SEND_NOT_ALLOWED):
        await senders.sender_at(newcomer, PRACTICE)


async def test_a_letter_of_somebody_disabled_while_it_was_on_its_way_to_the_store_is_refused(town: Town) -> None:
    written = await town.written("secretary", PRACTICE, [DOCTOR])
    await _disable(town)
    with refused(Rule.SEND_NOT_ALLOWED, "disabled"):
        raise (await town.deliver(written))[0]  # type: ignore[misc]
