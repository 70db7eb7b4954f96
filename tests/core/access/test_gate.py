"""The one gate before a mailbox: each row of its table, and which row speaks first."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from mss_sim.core.access import gate, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.trust import certificates
from mss_sim.core.trust.certificates import NewCertificate
from mss_sim.errors import Refusal, Rule
from mss_sim.store import identities
from mss_sim.vocabulary.doors import Door, LogInBy
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from mss_sim.vocabulary.trust import RevocationReason
from tests.clients import DOCTOR, LABORATORY, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

_NOWHERE = "nobody@cabinet.sim.mssante.fr"


async def _require(town: Town, actor: Actor, address: str, right: Right = Right.SEE) -> str:
    held = await town.world.store.read(lambda conn: gate.require(town.world, conn, actor, address, right))
    return held.mailbox.address


async def _about(town: Town, actor: Actor, address: str, right: Right = Right.SEE) -> str:
    held = await town.world.store.read(lambda conn: gate.about(town.world, conn, actor, address, right))
    return held.mailbox.address


async def test_who_has_the_right_passes(town: Town) -> None:
    secretary = await town.actor("secretary")
    assert await _require(town, secretary, PRACTICE, Right.MARK) == PRACTICE
    assert await _about(town, secretary, PRACTICE, Right.MARK) == PRACTICE


async def test_whoever_was_disabled_since_he_logged_in_does_nothing_any_more(town: Town) -> None:
    doctor = await town.actor("doctor")
    disabled = replace(doctor.identity, enabled=False)
    await town.world.store.write(lambda conn: identities.change(conn, disabled))
    for ask in (_require, _about):
        with refused(Rule.AUTHENTICATION_FAILED, "was disabled"):
            await ask(town, doctor, DOCTOR)
    with refused(Rule.AUTHENTICATION_FAILED, "was disabled"):
        await gate.require_known(town.world, doctor)
    await gate.require_known(town.world, await town.actor("doctor2"))


async def test_a_certificate_that_was_taken_back_opens_nothing_on_a_connection_that_it_opened(town: Town) -> None:
    made = await certificates.issue(town.world, NewCertificate(mailbox=LABORATORY))
    owner = await town.identity("1690990023")
    robot = Actor(owner, Door.IMAP, LABORATORY, way=LogInBy.CERTIFICATE, serial=made.serial)
    assert await _require(town, robot, LABORATORY) == LABORATORY
    await certificates.revoke(town.world, made.serial, RevocationReason.KEY_COMPROMISE)
    with refused(Rule.AUTHENTICATION_FAILED, "was taken back"):
        await _require(town, robot, LABORATORY)


async def test_who_chose_a_mailbox_at_log_in_reaches_no_other_whether_it_exists_or_not(town: Town) -> None:
    doctor = await town.actor("doctor", mailbox=PRACTICE)
    assert await _require(town, doctor, PRACTICE) == PRACTICE
    said = []
    for address in (DOCTOR, _NOWHERE):
        for ask in (_require, _about):
            with pytest.raises(Refusal) as caught:
                await ask(town, doctor, address)
            assert caught.value.rule is Rule.RIGHT_MISSING
            said.append(caught.value.detail.replace(address, "X"))
    assert len(set(said)) == 1
    assert PRACTICE in said[0]


async def test_who_chose_a_mailbox_does_nothing_over_all_of_his(town: Town) -> None:
    gate.check_reach(await town.actor("doctor"), None)
    with refused(Rule.RIGHT_MISSING, "your other mailboxes"):
        gate.check_reach(await town.actor("doctor", mailbox=PRACTICE), None)


async def test_what_may_not_be_seen_is_not_there(town: Town) -> None:
    newcomer = await town.actor("newcomer")
    for address in (PRACTICE, _NOWHERE):
        with refused(Rule.NOT_FOUND, f"There is no mailbox {address} that you may see."):
            await _require(town, newcomer, address)


async def test_who_sees_a_mailbox_hears_which_right_is_missing(town: Town) -> None:
    for ask in (_require, _about):
        with refused(Rule.RIGHT_MISSING, "The right mark"):
            await ask(town, await town.actor("assistant"), PRACTICE, Right.MARK)


async def test_in_a_closed_mailbox_nothing_is_done_but_it_is_not_lost_sight_of(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.CLOSED)
    doctor = await town.actor("doctor")
    with refused(Rule.MAILBOX_CLOSED):
        await _require(town, doctor, PRACTICE)
    assert await _about(town, doctor, PRACTICE, Right.MANAGE) == PRACTICE
    with refused(Rule.NOT_FOUND):
        await _require(town, await town.actor("newcomer"), PRACTICE)


async def test_a_suspended_mailbox_is_still_read(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    assert await _require(town, await town.actor("doctor"), PRACTICE, Right.READ) == PRACTICE


async def test_a_way_of_logging_in_that_does_not_open_a_mailbox_is_told_as_a_missing_right(open_town: OpenTown) -> None:
    async with open_town() as town:
        robot = await town.actor("application", Door.IMAP, way=LogInBy.PASSWORD)
        with refused(Rule.RIGHT_MISSING, "opens by its client certificate"):
            await _require(town, robot, LABORATORY)
        assert await _about(town, robot, LABORATORY) == LABORATORY
        assert await _require(town, await town.actor("application"), LABORATORY) == LABORATORY
    async with open_town(login_app_passwords=True) as lenient:
        robot = await lenient.actor("application", Door.IMAP, way=LogInBy.PASSWORD)
        assert await _require(lenient, robot, LABORATORY) == LABORATORY


async def test_lists_show_the_mailboxes_that_the_gate_would_open(town: Town) -> None:
    async def shown(actor: Actor) -> list[str]:
        def query(conn: Connection) -> list[str]:
            held = rights_in_force.all_held(conn, actor.identity.id, town.clock.now())
            return [one.mailbox.address for one in held if gate.opens(town.world, conn, actor, one)]

        return await town.world.store.read(query)

    assert await shown(await town.actor("doctor")) == [DOCTOR, PRACTICE]
    assert await shown(await town.actor("doctor", mailbox=PRACTICE)) == [PRACTICE]
    assert await shown(await town.actor("application", Door.IMAP, way=LogInBy.PASSWORD)) == []
    await town.change(DOCTOR, state=MailboxState.CLOSED)
    assert await shown(await town.actor("doctor")) == [PRACTICE]


async def test_a_list_leaves_out_what_one_may_write_for_and_not_see(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEND_AS})))
    newcomer = await town.actor("newcomer")

    def query(conn: Connection) -> list[bool]:
        return [
            gate.opens(town.world, conn, newcomer, one) for one in rights_in_force.all_held(conn, newcomer.identity.id, town.clock.now())
        ]

    assert await town.world.store.read(query) == [False]
