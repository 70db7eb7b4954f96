"""People, organisations and their accounts: made, changed and removed past every right, within what can be."""

from typing import Any

import pytest

from mss_sim.core.access import authentication, identities
from mss_sim.core.access.delegation import GrantRequest, grant, grants_of
from mss_sim.core.access.identities import NewIdentity, refuse_controls, refuse_nulls
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import mailboxes
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import IdentityKind, Right
from tests.clients import DOCTOR, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused

NEW = "899700428881"


def _new(**fields: Any) -> NewIdentity:
    return NewIdentity(**{"idnat": NEW, "kind": IdentityKind.PROFESSIONAL, "family_name": "NOUVELLE", **fields})


async def _logs_in(town: Town, login: str, password: str) -> bool:
    account = await authentication.with_password(town.world, login, password, door=Door.REST)
    return account.identity.idnat == NEW


async def test_somebody_new_is_there_with_an_account_when_a_login_was_given(town: Town) -> None:
    made = await identities.add_identity(town.world, _new(given_name="Anne", title="Dr", login="anne", password="secret-2026"))
    assert (made.name, made.enabled, made.created_at) == ("Dr Anne NOUVELLE", True, town.clock.now())
    assert await _logs_in(town, "anne", "secret-2026")
    assert (await identities.identity_named(town.world, "anne")).id == made.id
    assert (await identities.identity_named(town.world, NEW)).id == made.id
    assert made.id in {one.id for one in await identities.list_identities(town.world)}


async def test_a_number_names_one_identity(town: Town) -> None:
    with refused(Rule.CONFLICT, "There is already an identity"):
        await identities.add_identity(town.world, _new(idnat=IDNATS["doctor"]))


@pytest.mark.parametrize(("login", "password"), [("anne", None), (None, "secret"), ("", "secret"), ("anne", ""), ("a*b", "secret")])
async def test_an_account_has_a_login_without_star_and_a_password(town: Town, login: str | None, password: str | None) -> None:
    with refused(Rule.INVALID, "An account needs a login"):
        await identities.add_identity(town.world, _new(login=login, password=password))
    with refused(Rule.NOT_FOUND):
        await identities.identity_named(town.world, NEW)


async def test_a_login_that_is_taken_makes_nobody(town: Town) -> None:
    with refused(Rule.CONFLICT, "The login camille.martin is taken."):
        await identities.add_identity(town.world, _new(login="camille.martin", password="secret"))
    with refused(Rule.NOT_FOUND, f"There is no identity {NEW}."):
        await identities.identity_named(town.world, NEW)


async def test_somebody_may_keep_his_own_login_and_get_a_new_password(town: Town) -> None:
    await identities.add_identity(town.world, _new(login="anne", password="old"))
    await identities.change_identity(town.world, NEW, {}, "anne", "new")
    assert await _logs_in(town, "anne", "new")
    with refused(Rule.AUTHENTICATION_FAILED):
        await _logs_in(town, "anne", "old")
    with refused(Rule.CONFLICT, "is taken"):
        await identities.change_identity(town.world, NEW, {}, "camille.martin", "new")


async def test_fields_are_changed_and_nothing_becomes_null(town: Town) -> None:
    changed = await identities.change_identity(town.world, IDNATS["doctor"], {"family_name": "MARTIN-DUVAL", "title": "Pr"}, None, None)
    assert changed.name == "Pr Camille MARTIN-DUVAL"
    assert (await town.identity("doctor")).name == "Pr Camille MARTIN-DUVAL"
    with refused(Rule.INVALID, "enabled, title cannot be null"):
        await identities.change_identity(town.world, IDNATS["doctor"], {"title": None, "enabled": None}, None, None)
    with refused(Rule.NOT_FOUND):
        await identities.change_identity(town.world, NEW, {"title": "Dr"}, None, None)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x00b", "a\x7fb", "a\u0085b"])
async def test_names_are_one_line_of_text(town: Town, text: str) -> None:
    with refused(Rule.INVALID, "family_name is one line of text"):
        await identities.add_identity(town.world, _new(family_name=text))
    with refused(Rule.INVALID, "title is one line of text"):
        await identities.change_identity(town.world, IDNATS["doctor"], {"title": text}, None, None)
    with refused(Rule.INVALID, "login is one line of text"):
        await identities.change_identity(town.world, IDNATS["doctor"], {}, text, "x")


def test_a_password_may_hold_anything_and_what_may_be_null_may() -> None:
    refuse_controls({"password": "a\nb", "count": 3})
    refuse_nulls({"rank": None}, frozenset({"rank"}))
    with refused(Rule.INVALID):
        refuse_nulls({"rank": None}, frozenset())


async def test_a_card_that_becomes_anonymous_loses_its_grants_and_the_journal_says_so(town: Town) -> None:
    secretary = await town.identity("secretary")
    await identities.change_identity(town.world, IDNATS["secretary"], {"anonymous_card": True}, None, None)
    rows = [row for row, _ in await grants_of(town.world, secretary.id)]
    assert {row.revoked_at for row in rows} == {town.clock.now()}
    assert len(rows) == 2
    for address in (PRACTICE, DOCTOR):
        line = (await town.told(address))[0]
        assert (line.act, line.door, line.actor_id, line.detail) == (Act.REVOKED, Door.CONTROL, None, {"grantee": IDNATS["secretary"]})
        assert line.grant_id in {row.id for row in rows}
    before = len(await town.told(PRACTICE))
    await identities.change_identity(town.world, IDNATS["secretary"], {"anonymous_card": True, "title": "Mme"}, None, None)
    assert len(await town.told(PRACTICE)) == before


async def test_who_stays_who_he_is_keeps_his_grants(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["secretary"], {"title": "Mme"}, None, None)
    rows = await grants_of(town.world, (await town.identity("secretary")).id)
    assert [row.revoked_at for row, _ in rows] == [None, None]


async def test_who_owns_a_mailbox_is_kept_and_who_owns_none_goes_with_what_he_was_granted(town: Town) -> None:
    with refused(Rule.CONFLICT, PRACTICE):
        await identities.remove_identity(town.world, IDNATS["doctor"])
    await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["newcomer"], frozenset({Right.SEE})))
    newcomer = await town.identity("newcomer")
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    assert await grants_of(town.world, newcomer.id) == []
    with refused(Rule.NOT_FOUND):
        await identities.remove_identity(town.world, IDNATS["newcomer"])
    await mailboxes.remove_mailbox(town.world, "hugo.bernard@medecin.sim.mssante.fr")
    await identities.remove_identity(town.world, IDNATS["doctor2"])


async def test_whatever_changes_identities_has_all_that_remembers_them_look_again(town: Town) -> None:
    world = town.world
    for done in (
        identities.add_identity(world, _new()),
        identities.change_identity(world, NEW, {"family_name": "AUTRE"}, None, None),
        identities.remove_identity(world, NEW),
    ):
        version = world.store.directory_version
        await done
        assert world.store.directory_version > version
