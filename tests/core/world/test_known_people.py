"""Who people are is asked once, and anew as soon as anything about anybody changed."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from mss_sim.core.access import authentication, identities, practice_holders, rights_in_force
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import mailboxes, messages
from mss_sim.core.world.known_people import KnownPeople
from mss_sim.errors import Rule
from mss_sim.store import identities as kept
from mss_sim.store.engine import Connection
from mss_sim.store.store import Store
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused

LOGIN, PASSWORD = "camille.martin", "cabinet-2026"
Change = Callable[[Town], Awaitable[object]]


def _changed(changes: dict[str, Any] | None = None, login: str | None = None, password: str | None = None) -> Change:
    return lambda town: identities.change_identity(town.world, IDNATS["doctor"], changes or {}, login, password)


async def _log_in(town: Town, login: str = LOGIN, password: str = PASSWORD) -> authentication.Actor:
    return await authentication.with_password(town.world, login, password, door=Door.REST)


async def test_what_was_found_is_asked_once_and_what_was_not_each_time(town: Town) -> None:
    asked: list[str] = []

    def query(conn: Connection, idnat: str) -> object:
        asked.append(idnat)
        return kept.by_idnat(conn, idnat)

    people = KnownPeople(town.world.store)
    for idnat in (IDNATS["doctor"], "nobody", IDNATS["doctor"], "nobody"):
        await people.read(query, idnat)
    once = 1 if town.world.store.exclusive else 2
    assert [asked.count(idnat) for idnat in (IDNATS["doctor"], "nobody")] == [once, 2]
    await _changed({"title": "Pr"})(town)
    await people.read(query, IDNATS["doctor"])
    assert asked.count(IDNATS["doctor"]) == once + 1


class _Shared:
    """A store that other processes write to as well: as much of one as is asked for what is known of people."""

    exclusive = False
    rights_version = 0

    async def read_briefly(self, query: Callable[[Any, str], object], key: str) -> object:
        return query(None, key)


async def test_where_others_write_too_nothing_is_kept() -> None:
    def query(_conn: Connection, _key: str) -> object:
        return object()

    people = KnownPeople(cast("Store", _Shared()))
    found = [await people.read(query, "somebody") for _ in range(2)]
    assert found[0] is not found[1]


async def test_a_delivery_makes_nobody_forgotten(town: Town) -> None:
    before = await town.world.people.read(kept.by_idnat, IDNATS["doctor"])
    await town.send("hospital", HOSPITAL, PRACTICE)
    after = await town.world.people.read(kept.by_idnat, IDNATS["doctor"])
    assert (after is before) is town.world.store.exclusive


async def test_only_so_many_are_kept(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mss_sim.core.world.known_people._KEPT_MAX", 2)
    people = KnownPeople(town.world.store)
    first = await people.read(kept.by_idnat, IDNATS["doctor"])
    for role in ("secretary", "hospital"):
        await people.read(kept.by_idnat, IDNATS[role])
    assert await people.read(kept.by_idnat, IDNATS["doctor"]) is not first


@pytest.mark.parametrize(
    "change",
    [_changed({"enabled": False}), _changed(login=LOGIN, password="autre-2026"), _changed(login="camille", password=PASSWORD)],
    ids=["disabled", "another password", "another login"],
)
async def test_a_log_in_that_was_right_is_wrong_as_soon_as_its_change_is_answered(town: Town, change: Change) -> None:
    await _log_in(town)
    await change(town)
    with refused(Rule.AUTHENTICATION_FAILED):
        await _log_in(town)


async def test_a_token_of_somebody_who_was_disabled_or_deleted_opens_nothing(town: Town) -> None:
    for role, change in (("doctor", _changed({"enabled": False})), ("newcomer", _deleted)):
        token = authentication.mint_token(town.world, IDNATS[role])
        await authentication.with_token(town.world, token, door=Door.REST)
        await change(town)
        with refused(Rule.AUTHENTICATION_FAILED):
            await authentication.with_token(town.world, token, door=Door.REST)


async def _deleted(town: Town) -> None:
    await identities.remove_identity(town.world, IDNATS["newcomer"])


async def test_somebody_is_shown_under_the_name_that_he_has_now(town: Town) -> None:
    await _log_in(town)
    await _changed({"family_name": "DURAND"})(town)
    assert (await _log_in(town)).identity.name == "Dr Camille DURAND"


async def test_what_somebody_holds_follows_each_change_of_holders_grants_and_mailboxes(town: Town) -> None:
    doctor = await town.actor("doctor")

    async def held() -> list[str]:
        return [one.mailbox.address for one in await messages.held_mailboxes(town.world, doctor)]

    assert await held() == [DOCTOR, PRACTICE]
    await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEE})))
    assert await held() == [DOCTOR, PRACTICE, WARD]
    found = await town.world.store.read(rights_in_force.all_held, doctor.identity.id, town.clock.now())
    assert [one.mailbox.address for one in found] == [DOCTOR, PRACTICE, WARD]
    for rank, address in enumerate((PRACTICE, DOCTOR), 1):
        await mailboxes.change_mailbox(town.world, address, {"preferred_rank": rank}, actor_id=None, door=Door.CONTROL)
    assert await held() == [PRACTICE, DOCTOR, WARD]
    await practice_holders.change_responsible(town.world, CONTROL, PRACTICE, IDNATS["doctor2"], stay=False)
    assert await held() == [DOCTOR, WARD]
