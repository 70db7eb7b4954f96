"""What the end of a grant would take and leave, told to whoever may end it, before they do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mss_sim.clock import DAY, HOUR
from mss_sim.core.access import delegation, grant_end_preview
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.store_types import GrantRow
from mss_sim.errors import Rule
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, PRACTICE
from tests.core.towns import IDNATS, Town, refused

_READ = frozenset({Right.SEE, Right.READ})


async def _by(town: Town, who: str) -> Requester:
    return Requester((await town.identity(who)).id, Door.REST)


async def _give(town: Town, rights: frozenset[Right] = _READ, to: str = "newcomer", valid_from: int | None = None) -> GrantRow:
    wanted = GrantRequest(PRACTICE, IDNATS[to], rights, valid_from=valid_from)
    return await delegation.grant(town.world, await _by(town, "doctor"), wanted)


async def test_what_no_other_grant_gives_is_lost(town: Town) -> None:
    row = await _give(town, _READ | {Right.FILE})
    await _give(town)
    end = await grant_end_preview.foresee(town.world, await _by(town, "doctor2"), PRACTICE, row.id)
    assert (end.grant.id, end.grantee.idnat, end.lost, end.kept) == (row.id, IDNATS["newcomer"], frozenset({Right.FILE}), _READ)
    assert (await delegation.rights_by_person(town.world, PRACTICE))[IDNATS["newcomer"]] == _READ | {Right.FILE}


async def test_a_grant_that_has_not_begun_takes_nothing_away(town: Town) -> None:
    row = await _give(town, valid_from=town.clock.now() + DAY)
    end = await grant_end_preview.foresee(town.world, CONTROL, PRACTICE, row.id)
    assert (end.lost, end.kept) == (frozenset(), frozenset())


async def test_drafts_of_the_mailbox_are_counted(town: Town) -> None:
    row = await _give(town)
    assert (await grant_end_preview.foresee(town.world, CONTROL, PRACTICE, row.id)).drafts == len(await town.subjects(PRACTICE, "Drafts"))


async def test_open_connections_of_mail_programs_are_told(town: Town) -> None:
    row = await _give(town)
    said = Transcripts(town.clock, town.world.ids, sessions_max=10, lines_max=10)
    world = replace(town.world, transcripts=said)
    begun, opened = town.clock.now(), []
    for door in (Door.IMAP, Door.SMTP, Door.REST, Door.IMAP, Door.IMAP):
        opened.append(said.open(door, "127.0.0.1"))
        town.clock.advance(timedelta(hours=1))
    for one in opened[:4]:
        one.facts["identity"] = IDNATS["newcomer"]
    opened[4].facts["identity"] = IDNATS["secretary"]
    opened[0].facts["client"] = "Thunderbird"
    opened[3].close()
    end = await grant_end_preview.foresee(world, CONTROL, PRACTICE, row.id)
    told = [(one.door, one.client, one.since - begun) for one in end.connections]
    assert told == [(Door.SMTP, "", HOUR), (Door.IMAP, "Thunderbird", 0)]


@pytest.mark.parametrize(
    ("who", "rule"), [("newcomer", None), ("doctor2", None), ("secretary", Rule.GRANT_NOT_ALLOWED), ("hospital", Rule.NOT_FOUND)]
)
async def test_who_may_end_it_may_ask(town: Town, who: str, rule: Rule | None) -> None:
    row = await _give(town)
    if rule is None:
        assert (await grant_end_preview.foresee(town.world, await _by(town, who), PRACTICE, row.id)).lost == _READ
        return
    with refused(rule):
        await grant_end_preview.foresee(town.world, await _by(town, who), PRACTICE, row.id)


async def test_a_grant_that_is_not_over_this_mailbox_or_was_ended_has_no_end(town: Town) -> None:
    row, doctor = await _give(town), await _by(town, "doctor")
    with refused(Rule.NOT_FOUND):
        await grant_end_preview.foresee(town.world, doctor, DOCTOR, row.id)
    with refused(Rule.NOT_FOUND):
        await grant_end_preview.foresee(town.world, doctor, "nobody@cabinet.sim.mssante.fr", row.id)
    await delegation.revoke(town.world, doctor, PRACTICE, row.id)
    with refused(Rule.NOT_FOUND):
        await grant_end_preview.foresee(town.world, doctor, PRACTICE, row.id)
