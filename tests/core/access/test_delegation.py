"""Grants over mailboxes: who gives, who takes back, who hands over, and what the journal keeps of it."""

from datetime import timedelta
from typing import Any

import pytest

from mss_sim.clock import DAY, HOUR, SECOND
from mss_sim.core.access import delegation, identities
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.store_types import GrantRow
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act, Change
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused

_READ = frozenset({Right.SEE, Right.READ})
_LEAD = frozenset({Right.SEE, Right.READ, Right.MANAGE})


async def _by(town: Town, who: str) -> Requester:
    return Requester((await town.identity(who)).id, Door.REST)


async def _give(town: Town, by: str, to: str, rights: frozenset[Right] = _READ, address: str = PRACTICE, **when: Any) -> GrantRow:
    requester = CONTROL if by == "control" else await _by(town, by)
    return await delegation.grant(town.world, requester, GrantRequest(address, IDNATS.get(to, to), rights, **when))


async def _held(town: Town, who: str, address: str = PRACTICE) -> frozenset[Right]:
    return (await delegation.rights_by_person(town.world, address)).get(IDNATS[who], frozenset())


async def _in_force(town: Town, who: str) -> GrantRow:
    rows = await delegation.grants_of(town.world, (await town.identity(who)).id)
    return next(row for row, address in rows if address == PRACTICE and row.revoked_at is None)


async def test_a_holder_grants_and_the_journal_tells_to_whom_what_and_why(town: Town) -> None:
    row = await _give(town, "doctor2", "newcomer", reason="Remplacement")
    doctor2 = await town.identity("doctor2")
    assert (row.rights, row.granted_by_id, row.granted_at, row.revoked_at) == (_READ, doctor2.id, town.clock.now(), None)
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.door, line.actor_id, line.grant_id) == (Act.GRANTED, Door.REST, doctor2.id, row.id)
    assert line.detail == {"rights": ["read", "see"], "grantee": IDNATS["newcomer"], "reason": "Remplacement"}
    assert await _held(town, "newcomer") == _READ


@pytest.mark.parametrize(
    ("by", "to", "rights", "rule"),
    [
        ("hospital", "newcomer", _READ, Rule.NOT_FOUND),
        ("secretary", "newcomer", _READ, Rule.GRANT_NOT_ALLOWED),
        ("secretary", "secretary", _READ, Rule.GRANT_NOT_ALLOWED),
        ("doctor", "doctor", _READ, Rule.GRANT_NOT_ALLOWED),
        ("doctor", "newcomer", frozenset[Right](), Rule.INVALID),
        ("doctor", "patient", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "nobody", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "590000010000017/CPE0009", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "1750990012", _READ, Rule.GRANTEE_NOT_ALLOWED),
    ],
)
async def test_who_may_not_grant_and_who_may_not_be_granted_to_leaves_no_trace(
    town: Town, by: str, to: str, rights: frozenset[Right], rule: Rule
) -> None:
    before = await town.acts(PRACTICE)
    with refused(rule):
        await _give(town, by, to, rights)
    assert await town.acts(PRACTICE) == before
    assert await _held(town, "newcomer") == frozenset()


async def test_the_control_plane_grants_as_the_owner_would(town: Town) -> None:
    with refused(Rule.GRANT_NOT_ALLOWED, "A carer may not be given manage"):
        await _give(town, "control", "newcomer", frozenset({Right.SEE, Right.MANAGE}), address=PATIENT)
    assert (await _give(town, "control", "newcomer", address=PATIENT)).granted_by_id is None
    with refused(Rule.GRANT_NOT_ALLOWED, "A patient has 1 carers at most"):
        await _give(town, "control", "hospital", address=PATIENT)
    row = await _give(town, "control", "newcomer", address=WARD)
    assert row.granted_by_id is None
    with refused(Rule.NOT_FOUND):
        await _give(town, "control", "newcomer", address="nobody@cabinet.sim.mssante.fr")


async def test_a_window_that_is_over_or_empty_gives_nothing(town: Town) -> None:
    now = town.clock.now()
    for begin, end in ((None, now), (now + HOUR, now + HOUR)):
        with refused(Rule.INVALID, "valid_until"):
            await _give(town, "doctor", "newcomer", valid_from=begin, valid_until=end)
    await _give(town, "doctor", "newcomer", valid_until=now + SECOND)
    assert await _held(town, "newcomer") == _READ


async def test_a_manager_grants_what_he_holds_for_no_longer_than_he_may_manage(town: Town) -> None:
    """Reading is his without end, managing until a day; who managed longer by another grant may grant until then."""
    now = town.clock.now()
    await _give(town, "doctor", "hospital", _READ)
    await _give(town, "doctor", "hospital", frozenset({Right.SEE, Right.MANAGE}), valid_until=now + DAY)
    for until in (None, now + DAY + 1):
        with refused(Rule.GRANT_NOT_ALLOWED, "longer than you hold"):
            await _give(town, "hospital", "newcomer", _READ, valid_until=until)
    with refused(Rule.GRANT_NOT_ALLOWED, "what you do not hold: mark"):
        await _give(town, "hospital", "newcomer", frozenset({Right.SEE, Right.MARK}), valid_until=now + DAY)
    assert (await _give(town, "hospital", "newcomer", _READ, valid_until=now + DAY)).valid_until == now + DAY
    await _give(town, "doctor", "hospital", frozenset({Right.SEE, Right.MANAGE}), valid_until=now + 2 * DAY)
    assert (await _give(town, "hospital", "newcomer", _READ, valid_until=now + 2 * DAY)).valid_until == now + 2 * DAY
    with refused(Rule.GRANT_NOT_ALLOWED, "longer than you hold"):
        await _give(town, "hospital", "newcomer", _READ, valid_until=now + 2 * DAY + 1)


# Taken back


async def test_a_holder_takes_a_grant_back_and_the_journal_names_him(town: Town) -> None:
    row, doctor = await _in_force(town, "secretary"), await _by(town, "doctor")
    ended = await delegation.revoke(town.world, doctor, PRACTICE, row.id)
    assert (ended.revoked_at, ended.revoked_by_id) == (town.clock.now(), doctor.identity_id)
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.actor_id, line.grant_id, line.detail) == (
        Act.REVOKED,
        doctor.identity_id,
        row.id,
        {"grantee": IDNATS["secretary"]},
    )
    assert await _held(town, "secretary") == frozenset()


async def test_a_grant_ends_once(town: Town) -> None:
    row, doctor = await _in_force(town, "secretary"), await _by(town, "doctor")
    first = await delegation.revoke(town.world, doctor, PRACTICE, row.id)
    lines = len(await town.told(PRACTICE))
    town.clock.advance(timedelta(hours=1))
    assert await delegation.revoke(town.world, await _by(town, "doctor2"), PRACTICE, row.id) == first
    assert len(await town.told(PRACTICE)) == lines


async def test_a_grantee_renounces_his_own_without_any_right(town: Town) -> None:
    row = await _give(town, "doctor", "newcomer", frozenset({Right.SEND_AS}))
    newcomer = await _by(town, "newcomer")
    assert (await delegation.revoke(town.world, newcomer, PRACTICE, row.id)).revoked_by_id == newcomer.identity_id
    assert (await town.told(PRACTICE))[0].act is Act.RENOUNCED


async def test_a_grant_is_not_taken_back_through_another_mailbox(town: Town) -> None:
    row = await _in_force(town, "secretary")
    with refused(Rule.NOT_FOUND, "There is no such grant over this mailbox."):
        await delegation.revoke(town.world, await _by(town, "hospital"), HOSPITAL, row.id)
    with refused(Rule.NOT_FOUND):
        await delegation.revoke(town.world, await _by(town, "secretary"), "nobody@cabinet.sim.mssante.fr", row.id)
    assert await _in_force(town, "secretary") == row


@pytest.mark.parametrize(("who", "rule"), [("secretary", Rule.GRANT_NOT_ALLOWED), ("hospital", Rule.NOT_FOUND)])
async def test_who_may_not_manage_does_not_learn_whether_there_is_such_a_grant(town: Town, who: str, rule: Rule) -> None:
    row, requester = await _in_force(town, "assistant"), await _by(town, who)
    for number in (row.id, 1):
        with refused(rule):
            await delegation.revoke(town.world, requester, PRACTICE, number)
    assert (await _in_force(town, "assistant")).revoked_at is None


# Handed over


async def _hand_over(town: Town, by: str, leaver: str, heir: str, address: str | None = PRACTICE, reason: str = "") -> delegation.HandOver:
    return await delegation.hand_over(town.world, await _by(town, by), IDNATS.get(leaver, leaver), IDNATS.get(heir, heir), address, reason)


async def test_a_hand_over_ends_what_one_has_and_gives_the_same_to_the_other(town: Town) -> None:
    old = await _in_force(town, "assistant")
    done = await _hand_over(town, "doctor", "assistant", "newcomer", reason="Départ")
    (ended,), (made,) = done.ended, done.created
    doctor = await town.identity("doctor")
    assert (ended.id, ended.revoked_at, ended.revoked_by_id) == (old.id, town.clock.now(), doctor.id)
    assert (made.rights, made.valid_until, made.reason, made.granted_by_id) == (old.rights, old.valid_until, "Départ", doctor.id)
    assert (await _held(town, "assistant"), await _held(town, "newcomer")) == (frozenset(), old.rights)
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.grant_id, line.actor_id) == (Act.HANDED_OVER, made.id, doctor.id)
    assert line.detail == {"from": IDNATS["assistant"], "to": IDNATS["newcomer"], "replaces": encode(old.id)}


async def test_a_reason_that_is_not_given_stays_the_old_one(town: Town) -> None:
    (made,) = (await _hand_over(town, "doctor", "assistant", "newcomer")).created
    assert made.reason == "Remplacement de trois mois"


async def test_what_ran_out_or_was_taken_back_is_not_handed_over_and_what_begins_later_is(town: Town) -> None:
    now = town.clock.now()
    await _give(town, "doctor", "assistant", frozenset({Right.SEE, Right.MARK}), valid_until=now + HOUR)
    later = await _give(town, "doctor", "assistant", frozenset({Right.SEE, Right.FILE}), valid_from=now + DAY)
    taken = await _give(town, "doctor", "assistant", frozenset({Right.SEE, Right.DELETE}))
    await delegation.revoke(town.world, CONTROL, PRACTICE, taken.id)
    town.clock.advance(timedelta(hours=1))
    done = await _hand_over(town, "doctor", "assistant", "newcomer")
    assert [row.rights for row in done.created] == [_READ, later.rights]
    assert done.created[1].valid_from == now + DAY


async def test_without_an_address_all_that_the_asker_manages_is_handed_over_and_nothing_else(town: Town) -> None:
    await _give(town, "control", "secretary", address=WARD)
    done = await _hand_over(town, "doctor", "secretary", "newcomer", None)
    assert set((await delegation.addresses_of(town.world, done.created)).values()) == {PRACTICE, DOCTOR}
    assert await _held(town, "secretary", WARD) == _READ
    only = await _hand_over(town, "doctor", "newcomer", "secretary", DOCTOR)
    assert set((await delegation.addresses_of(town.world, only.created)).values()) == {DOCTOR}
    assert await _held(town, "newcomer", DOCTOR) == frozenset()
    assert await _held(town, "newcomer") != frozenset()


@pytest.mark.parametrize(
    ("by", "leaver", "heir", "address", "rule"),
    [
        ("doctor", "assistant", "assistant", PRACTICE, Rule.INVALID),
        ("secretary", "secretary", "newcomer", PRACTICE, Rule.GRANT_NOT_ALLOWED),
        ("doctor", "doctor", "newcomer", PRACTICE, Rule.GRANT_NOT_ALLOWED),
        ("doctor", "secretary", "doctor", PRACTICE, Rule.GRANT_NOT_ALLOWED),
        ("secretary", "assistant", "newcomer", PRACTICE, Rule.GRANT_NOT_ALLOWED),
        ("hospital", "assistant", "newcomer", PRACTICE, Rule.NOT_FOUND),
        ("hospital", "assistant", "newcomer", None, Rule.NOT_FOUND),
        ("doctor", "newcomer", "assistant", None, Rule.NOT_FOUND),
        ("doctor", "nobody", "assistant", None, Rule.NOT_FOUND),
        ("doctor", "secretary", "patient", PRACTICE, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "secretary", "patient", None, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "secretary", "nobody", None, Rule.GRANTEE_NOT_ALLOWED),
        ("hospital", "secretary", "nobody", None, Rule.NOT_FOUND),
    ],
)
async def test_a_hand_over_that_may_not_be_changes_nothing(
    town: Town, by: str, leaver: str, heir: str, address: str | None, rule: Rule
) -> None:
    before = await delegation.rights_by_person(town.world, PRACTICE)
    with refused(rule):
        await _hand_over(town, by, leaver, heir, address)
    assert await delegation.rights_by_person(town.world, PRACTICE) == before


async def test_a_hand_over_by_a_name_that_is_too_long_is_told_by_its_beginning(town: Town) -> None:
    with refused(Rule.NOT_FOUND, f"a{'x' * 99} holds no grant that you may hand over."):
        await _hand_over(town, "doctor", f"a{'x' * 200}", "assistant", None)


async def test_a_manager_hands_over_what_he_could_grant_himself_and_no_more(town: Town) -> None:
    await _give(town, "doctor", "hospital", _LEAD)
    with refused(Rule.GRANT_NOT_ALLOWED, "what you do not hold"):
        await _hand_over(town, "hospital", "secretary", "newcomer")
    with refused(Rule.NOT_FOUND):
        await _hand_over(town, "hospital", "secretary", "newcomer", None)
    assert len((await _hand_over(town, "hospital", "assistant", "newcomer")).created) == 1


async def test_a_manager_for_a_time_hands_over_what_ends_before(town: Town) -> None:
    now = town.clock.now()
    await _give(town, "doctor", "hospital", _LEAD, valid_until=now + DAY)
    await _give(town, "doctor", "newcomer", valid_until=now + HOUR)
    (made,) = (await _hand_over(town, "hospital", "newcomer", "assistant")).created
    assert made.valid_until == now + HOUR
    with refused(Rule.GRANT_NOT_ALLOWED, "for longer than you hold"):
        await _hand_over(town, "hospital", "assistant", "newcomer")


async def test_a_patient_whose_only_carer_may_be_one_has_another_follow_them(town: Town) -> None:
    await _give(town, "patient", "newcomer", address=PATIENT)
    (made,) = (await _hand_over(town, "patient", "newcomer", "assistant", PATIENT)).created
    assert made.rights == _READ
    assert (await _held(town, "newcomer", PATIENT), await _held(town, "assistant", PATIENT)) == (frozenset(), _READ)


# Shown


async def test_who_manages_sees_all_grants_any_other_grantee_his_own_and_a_stranger_no_mailbox(town: Town) -> None:
    people = {who: (await town.identity(who)).id for who in ("doctor", "secretary", "assistant", "hospital")}
    shown = {
        who: [row.grantee_id for row in await delegation.list_grants(town.world, people[who], PRACTICE)]
        for who in ("doctor", "secretary", "assistant")
    }
    assert shown == {
        "doctor": [people["secretary"], people["assistant"]],
        "secretary": [people["secretary"]],
        "assistant": [people["assistant"]],
    }
    with refused(Rule.NOT_FOUND):
        await delegation.list_grants(town.world, people["hospital"], PRACTICE)


async def test_the_people_of_a_mailbox_are_its_holders_then_who_has_a_grant_in_force(town: Town) -> None:
    assert list(await delegation.rights_by_person(town.world, PRACTICE)) == [
        IDNATS[who] for who in ("doctor", "doctor2", "secretary", "assistant")
    ]
    town.clock.advance(timedelta(days=90))
    assert list(await delegation.rights_by_person(town.world, PRACTICE)) == [IDNATS[who] for who in ("doctor", "doctor2", "secretary")]
    with refused(Rule.NOT_FOUND):
        await delegation.rights_by_person(town.world, "nobody@cabinet.sim.mssante.fr")


# Rights set as a list


async def _set(town: Town, by: str, who: str, rights: frozenset[Right], change: Change = Change.REPLACE) -> None:
    await delegation.set_rights(town.world, await _by(town, by), PRACTICE, IDNATS.get(who, who), rights, change)


async def test_several_grants_become_one_that_ends_when_the_first_would_have(town: Town) -> None:
    now = town.clock.now()
    await _give(town, "doctor", "assistant", frozenset({Right.SEE, Right.MARK}), valid_until=now + DAY)
    await _set(town, "doctor", "assistant", frozenset({Right.FILE}), Change.ADD)
    assert await _held(town, "assistant") == {Right.SEE, Right.READ, Right.MARK, Right.FILE}
    rows = [row for row, _ in await delegation.grants_of(town.world, (await town.identity("assistant")).id) if row.revoked_at is None]
    assert [row.valid_until for row in rows] == [now + DAY]
    assert (await town.acts(PRACTICE))[-3:] == ["grant.created", "grant.revoked", "grant.revoked"]
    line = next(line for line in await town.told(PRACTICE) if line.act is Act.GRANTED and line.grant_id == rows[0].id)
    assert line.detail == {"rights": ["file", "mark", "read", "see"], "grantee": IDNATS["assistant"]}


async def test_rights_are_taken_and_replaced_and_none_left_ends_the_grant(town: Town) -> None:
    await _set(town, "doctor", "assistant", frozenset({Right.READ}), Change.REMOVE)
    assert await _held(town, "assistant") == {Right.SEE}
    await _set(town, "doctor", "assistant", _LEAD)
    assert await _held(town, "assistant") == _LEAD
    await _set(town, "doctor", "assistant", frozenset())
    assert await _held(town, "assistant") == frozenset()
    assert (await town.acts(PRACTICE))[-1] == "grant.revoked"


async def test_what_is_so_already_leaves_no_trace(town: Town) -> None:
    before = await town.acts(PRACTICE)
    await _set(town, "doctor", "assistant", _READ)
    await _set(town, "doctor", "nadia.leroy", frozenset({Right.SEE}), Change.ADD)
    await _set(town, "doctor", "newcomer", frozenset({Right.SEE}), Change.REMOVE)
    assert await town.acts(PRACTICE) == before


async def test_a_login_means_the_person_too(town: Town) -> None:
    await _set(town, "doctor", "louise.moreau", _READ)
    assert await _held(town, "newcomer") == _READ


@pytest.mark.parametrize(
    ("by", "who", "rights", "rule"),
    [
        ("secretary", "assistant", _LEAD, Rule.GRANT_NOT_ALLOWED),
        ("secretary", "nobody", _READ, Rule.GRANT_NOT_ALLOWED),
        ("hospital", "assistant", _READ, Rule.NOT_FOUND),
        ("doctor", "nobody", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "patient", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor", "doctor2", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("doctor2", "doctor", _READ, Rule.GRANTEE_NOT_ALLOWED),
        ("secretary", "secretary", _LEAD, Rule.GRANT_NOT_ALLOWED),
    ],
)
async def test_rights_that_may_not_be_set_stay(town: Town, by: str, who: str, rights: frozenset[Right], rule: Rule) -> None:
    before = await delegation.rights_by_person(town.world, PRACTICE)
    with refused(rule):
        await _set(town, by, who, rights)
    assert await delegation.rights_by_person(town.world, PRACTICE) == before


async def test_one_takes_all_of_his_own_rights_off_himself_as_if_he_renounced(town: Town) -> None:
    await _set(town, "secretary", "secretary", frozenset())
    assert await _held(town, "secretary") == frozenset()
    assert (await town.acts(PRACTICE))[-1] == "grant.renounced"


async def test_who_was_disabled_may_be_rid_of_his_rights_and_given_none(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["assistant"], {"enabled": False}, None, None)
    with refused(Rule.GRANTEE_NOT_ALLOWED):
        await _set(town, "doctor", "assistant", _LEAD)
    await _set(town, "doctor", "assistant", frozenset())
    assert await _held(town, "assistant") == frozenset()


async def test_every_grant_that_somebody_ever_got_is_told_with_its_mailbox(town: Town) -> None:
    row = await _in_force(town, "secretary")
    await delegation.revoke(town.world, CONTROL, PRACTICE, row.id)
    found = await delegation.grants_of(town.world, (await town.identity("secretary")).id)
    assert {(address, one.revoked_at is None) for one, address in found} == {(PRACTICE, False), (DOCTOR, True)}
    with pytest.raises(Refusal):
        await delegation.list_grants(town.world, (await town.identity("secretary")).id, DOCTOR2)
