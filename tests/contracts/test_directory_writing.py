"""The directory is written in one order on both databases: all or nothing, one wins, and what was answered is there."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from tests.annuaire import (
    CARDIOLOGIST_IDNAT,
    DOCTOR_IDNAT,
    HOSPITAL_IDNAT,
    box_path,
    boxes,
    contact_point,
    operation,
    operator,
    patch,
    patched,
)
from tests.clients import DOCTOR, WARD, control
from tests.conftest import StartSimulator, fresh_database

LIBERAL, ORMES = "Messagerie libérale", "Hôpital des Ormes"
PERSON, PLACE = f"Practitioner?identifier={DOCTOR_IDNAT}", f"Organization?identifier={HOSPITAL_IDNAT}"
NEW = "dr.martin@cabinet.sim.mssante.fr"


def _insert(address: str = NEW, rank: int | None = None) -> dict[str, Any]:
    return operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(address, "PER", rank))


def _rank(rank: int) -> dict[str, Any]:
    return operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=rank)


async def test_of_many_who_insert_one_address_one_wins(world: Simulator) -> None:
    liberal = await operator(world, LIBERAL)
    answers = await asyncio.gather(*(patch(liberal, PERSON, _rank(number), _insert(rank=number)) for number in range(1, 9)))
    assert Counter(one.status_code for one in answers) == {200: 1, 409: 7}
    won = next(one.json() for one in answers if one.status_code == 200)
    shown = boxes((await liberal.found(f"Practitioner?identifier={DOCTOR_IDNAT}"))[0])
    assert shown == boxes(won)
    assert (shown[DOCTOR]["rank"], shown[NEW]["rank"]) == (shown[NEW]["rank"], shown[NEW]["rank"])


async def test_what_is_inserted_twice_in_one_patch_changes_nothing(world: Simulator) -> None:
    liberal = await operator(world, LIBERAL)
    answer = await patch(liberal, PERSON, _rank(5), _insert(), _insert())
    assert (answer.status_code, f"There is already a mailbox {NEW}." in answer.text) == (409, True)
    assert (await control(world, "GET", f"/mailboxes/{NEW}")).status_code == 404
    assert (await control(world, "GET", f"/mailboxes/{DOCTOR}")).json()["preferred_rank"] == 1


async def test_operations_are_done_in_their_order(world: Simulator) -> None:
    liberal = await operator(world, LIBERAL)
    path = box_path("Practitioner", NEW)
    person = await patched(
        liberal, PERSON, _insert(rank=1), operation("delete", path), _insert(rank=2), operation("replace", f"{path}.rank", valueInteger=3)
    )
    assert boxes(person)[NEW]["rank"] == 3
    assert (
        await patch(liberal, PERSON, operation("delete", path), operation("replace", f"{path}.rank", valueInteger=4))
    ).status_code == 422
    assert boxes((await liberal.found(f"Practitioner?identifier={DOCTOR_IDNAT}"))[0])[NEW]["rank"] == 3


async def test_the_restricted_profile_finds_what_is_on_the_red_list(world: Simulator) -> None:
    ormes = await operator(world, ORMES)
    await patched(ormes, PLACE, operation("replace", box_path("Organization", WARD, "listeRouge"), valueBoolean=True))
    for modifier, text, found in (
        ("", WARD[:5], 1),
        (":contains", "CARDIOLOGIE@", 1),
        (":exact", WARD, 1),
        (":contains", "%", 0),
        (":exact", "x", 0),
    ):
        assert len(await ormes.found(f"Organization?mailbox-mss{modifier}={text}")) == found, (modifier, text)


async def test_a_condition_that_several_meet(world: Simulator) -> None:
    liberal = await operator(world, LIBERAL)
    answer = await patch(liberal, f"Practitioner?identifier={DOCTOR_IDNAT},{CARDIOLOGIST_IDNAT}", _rank(2))
    assert answer.status_code == 412


async def test_what_was_answered_is_there_after_a_restart(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as first:
        liberal = await operator(first, LIBERAL)
        wanted = boxes(await patched(liberal, PERSON, _rank(4), _insert(rank=2)))
        await patched(await operator(first, ORMES), PLACE, operation("delete", box_path("Organization", WARD)))
    async with start(database_url=database) as again:
        liberal = await operator(again, LIBERAL)
        assert boxes((await liberal.found(f"Practitioner?identifier={DOCTOR_IDNAT}"))[0]) == wanted
        assert (await control(again, "GET", f"/mailboxes/{WARD}")).json()["state"] == "closed"


@pytest.mark.parametrize("same", [True, False])
async def test_two_processes_write_in_one_order(postgresql: str, tmp_path: Path, same: bool) -> None:
    """One database, each with ports of its own; `same`: the same address, or each its own."""
    for url in fresh_database(postgresql):
        async with AsyncExitStack() as stack:
            settings = Settings(data_dir=tmp_path, database_url=url, submission_port=0, mx_port=0, imap_port=0, http_port=0)
            both = [await stack.enter_async_context(Simulator(settings)) for _ in range(2)]
            askers = [await operator(one, LIBERAL) for one in both]
            wanted = [
                (asker, _insert(NEW if same else f"a{side}.{number}@cabinet.sim.mssante.fr"))
                for number in range(6)
                for side, asker in enumerate(askers)
            ]
            answers: list[httpx.Response] = await asyncio.gather(*(patch(asker, PERSON, one) for asker, one in wanted))
            assert Counter(one.status_code for one in answers) == ({200: 1, 409: 11} if same else {200: 12})
            shown = [boxes((await asker.found(f"Practitioner?identifier={DOCTOR_IDNAT}"))[0]) for asker in askers]
            assert (len(shown[0]), shown[0] == shown[1]) == (3 if same else 14, True)
